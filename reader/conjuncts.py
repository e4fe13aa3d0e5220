"""The parts of an enumeration, each an exact slice of the text.

What stands between separators is a part:

    "defence, energy, finance, trade and agriculture"   defence | energy | finance | trade | agriculture
    "tourism,"                                          tourism
    "medicine, and other areas"                         medicine
    "Cuba and the United States"                        Cuba | the United States
    "Trinidad and Tobago and Saint Lucia"               Trinidad and Tobago | Saint Lucia
    "the Food and Agriculture Organization"             as it is: one name
    "Sergei Lavrov, Russia's foreign minister"          as it is: no "and", so that the comma may explain a name
    "Ana Ruiz, the mayor, and her driver"               as it is: the parts are not of one shape

An enumeration goes on beside one of its parts as long as the parts are of the same shape, that is, capitalised or not:

    "It covers three ports: [Odesa], Chornomorsk and Pivdennyi, which ..."     Chornomorsk | Pivdennyi
    "Here came Ana Ruiz of Peru, [Bo Lund] of Chad and Cy Orr of Fiji."        Ana Ruiz | Cy Orr
"""

import re

Interval = tuple[int, int]

LONGEST_PART = 6
LONGEST_PLAIN_PART = 3
FEWEST = 3
_SEPARATOR = re.compile(r"\s*[,;]\s+(?:(?:and|or|as well as)\s+)?|\s+(?:and|or|as well as)\s+")
_ENDS = re.compile(r"^(?:[\s,;:–—]+|(?:and|or|as well as)\s)+|(?:[\s,;:–—]+|\s(?:and|or|as well as))+$")
_REST = re.compile(r"(?:many |several |some |the )?others?\b|etc\b|so on\b|more\b")
# countries with an "and" of their own (ISO 3166-1)
_COUNTRIES = re.compile(
    r"(?:Antigua (?=and Barbuda)|Bosnia (?=and Herzegovina)|(?:St\.?|Saint) Kitts (?=and Nevis)|S[aã]o Tom[eé] "
    r"(?=and Pr[ií]ncipe)|(?:St\.?|Saint) Vincent (?=and the Grenadines)|Trinidad (?=and Tobago))and "
)
# what a name that has an "and" inside ends with
_BODIES = re.compile(
    r"\b(?:Act|Administration|Agency|Agreement|Association|Authority|Bank|Board|Bureau|Center|Centre|Church|College"
    r"|Commission|Committee|Company|Corporation|Council|Department|Foundation|Fund|Group|Institute|Ministry|Museum"
    r"|Office|Organi[sz]ation|Party|Railroad|Railway|School|Service|Society|Treaty|Union|University)$"
)
_OF = re.compile(r"\b(?:of|for)\b")
_ARTICLE = re.compile(r"(?:the|an?)\s+", re.IGNORECASE)
_LEADS_IN = re.compile(r"\b(?:in|on|of|for|from|to|at|by|with|as|including|between|among|are|were|is|was)\s+|[:(—–]\s*")
_NAME = re.compile(
    r"(?:[Tt]he )?[A-Z][\w'’.-]*(?: (?:(?:al|bin|da|de|del|della|den|der|di|do|dos|el|for|ibn|la|le|of|the|van|von"
    r"|and(?! the)) ){0,2}[A-Z][\w'’-]*)*"
)
_CLAUSE_END = re.compile(r"[.!?:—–()\[\]\"“”]")


def conjuncts(text: str, start: int, end: int) -> list[Interval]:
    """What `text[start:end]` enumerates, in order; itself, without the punctuation at its ends, where it does not."""
    start, end = _trimmed(text, start, end)
    words = text[start:end]
    parts = _between(words)
    if len(parts) < 2 or not _one_enumeration(parts, words):
        return [(start, end)] if start < end else []
    return [(start + left, start + right) for left, right in parts if not _REST.match(words[left:right])]


def others_beside(text: str, sentence: Interval, part: Interval) -> list[Interval]:
    """The other conjuncts of the enumeration in `sentence` that `part` belongs to, in order.

    It has at least `FEWEST` conjuncts and one "and" or "or". Where `part` is followed by "of", the others are taken up
    to theirs. Nothing where `part` is in no enumeration.
    """
    low, high = sentence
    words = text[low:high]
    start, end = part[0] - low, part[1] - low
    parts = _between(words)
    here = next((n for n, (left, right) in enumerate(parts) if left <= start and end <= right), None)
    if here is None or start == end:
        return []
    run = _run(words, parts, here, (start, end))
    places = sorted(run)
    last = places[-1]
    # "energy, trade, and other fields": the "and" comes after the last conjunct
    joined = [*places, last + 1] if last + 1 < len(parts) and _REST.match(words[parts[last + 1][0] :]) else places
    joints = [words[parts[n][1] : parts[n + 1][0]].strip(" ,;\n") for n in joined[:-1]]
    if len(run) < FEWEST or sum(joint != "" for joint in joints) != 1:
        return []
    others = [run[place] for place in places if place != here]
    if words.startswith(" of ", end):
        others = [(left, left + len(words[left:right].split(" of ")[0])) for left, right in others]
    return [(low + left, low + right) for left, right in others]


def _run(words: str, parts: list[Interval], here: int, part: Interval) -> dict[int, Interval]:
    """The conjuncts around `part`, which is in `parts[here]`, by the places of theirs."""
    capitalised = is_capitalised(words[slice(*part)])
    run = {here: part}
    at = here
    # further left only from a conjunct that begins where its part does: it is not the first
    while at > 0 and words[parts[at][0] : run[at][0]] in {"", "the "}:
        at -= 1
        found = _conjunct(words, parts[at], capitalised) if at > 0 else None
        if found is None or _clause_end(words, parts[at]) < parts[at][1]:
            found = _first_conjunct(words, parts[at], capitalised)
        if found is None:
            break
        run[at] = found
    for at in range(here + 1, len(parts)):
        found = _conjunct(words, parts[at], capitalised)
        if found is None:
            break
        run[at] = found
    return run


def is_capitalised(part: str) -> bool:
    """Whether the first word, an article aside, has a capital: "the United Nations" and "Bo" do, "trade" does not."""
    return _ARTICLE.sub("", part, count=1)[:1].isupper()


def _between(words: str) -> list[Interval]:
    """What stands between the separators."""
    whole = {match.end() for match in _COUNTRIES.finditer(words)}
    joints = [match.span() for match in _SEPARATOR.finditer(words) if match.end() not in whole]
    return list(zip([0, *(right for _, right in joints)], [*(left for left, _ in joints), len(words)], strict=True))


def _one_enumeration(parts: list[Interval], words: str) -> bool:
    """Whether parts are conjuncts: the last is joined by a word, and all are short and capitalised, or all not."""
    said = [words[left:right] for left, right in parts]
    joint = words[parts[-2][1] : parts[-1][0]]
    if joint.strip() in {",", ";"} or any(not part or len(part.split()) > LONGEST_PART for part in said):
        return False
    capitalised = {is_capitalised(part) for part in said if not _REST.match(part)}
    if len(capitalised) != 1:
        return False
    return len(parts) > 2 or capitalised == {False} or not _one_name(*said)


def _one_name(left: str, right: str) -> bool:
    """Whether "left and right" is rather one name: "Ministry of Trade and Industry", "Food and Agriculture Office"."""
    if _ARTICLE.match(right):
        return False
    of = _OF.search(left) is not None and _OF.search(right) is None
    return of or (_BODIES.search(right) is not None and _BODIES.search(left) is None)


def _conjunct(words: str, place: Interval, capitalised: bool) -> Interval | None:
    """The conjunct that begins a part between separators: all of it if it is a plain noun, else the name."""
    left, right = place[0], _clause_end(words, place)
    part = words[left:right]
    if not part or _REST.match(part) or _LEADS_IN.match(part) or is_capitalised(part) != capitalised:
        return None
    if not capitalised:
        return (left, right) if len(part.split()) <= LONGEST_PLAIN_PART else None
    name = _NAME.match(part)
    if name is None or len(part[name.end() :].split()) > LONGEST_PLAIN_PART:
        return None
    return left, left + name.end()


def _first_conjunct(words: str, place: Interval, capitalised: bool) -> Interval | None:
    """The conjunct that ends a part between separators: a name, or a plain noun after what leads in to it."""
    left, right = place
    part = words[left:right]
    if capitalised:
        name = next((match for match in _NAME.finditer(part) if match.end() == len(part)), None)
        return None if name is None else (left + name.start(), right)
    led_in = [match.end() for match in _LEADS_IN.finditer(part)]
    if not led_in or not 0 < len(part[led_in[-1] :].split()) <= LONGEST_PLAIN_PART:
        return None
    return left + led_in[-1], right


def _clause_end(words: str, place: Interval) -> int:
    ends = _CLAUSE_END.search(words, *place)
    return place[1] if ends is None else ends.start()


def _trimmed(text: str, start: int, end: int) -> Interval:
    """Without punctuation and joining words at its ends."""
    words = text[start:end]
    for match in _ENDS.finditer(words):
        if match.start() == 0:
            start += match.end()
        else:
            end -= len(words) - match.start()
    return start, max(start, end)
