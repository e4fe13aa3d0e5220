"""Whether a sentence speaks of the past or of what is to come, at the place where a date stands in it.

There is no grammar here, only forms of verbs. The nearest one before the date (`|`) decides; a date that opens the
sentence is decided by the first one after it:

    "Lavrov, who will fly to Cuba, was received in Caracas on |Tuesday"   past: "was"
    "Lavrov said that the talks will be resumed on |Tuesday"              ahead: "will", not "said"
    "Lavrov is due in Ankara on |Tuesday"                                 ahead: "is due"
    "On |Tuesday, Lavrov met Maduro"                                      past: "met"

Where a reader would need more than that, nothing is said:

    "Lavrov was expected on |Tuesday", "would meet on", "came to meet him on"   a future of the past: is it over?
    "Lavrov said the forum ends on |Tuesday"     "ends" is not known as a verb, and "said" is not beside its date
    "They will discuss the accord signed on |Tuesday"                     "signed" may be no verb of its own
    "Lavrov met Maduro, who turns 60 on |Tuesday"                         another clause has begun
"""

import re
from dataclasses import dataclass
from typing import Literal

from retrieval.types import Question

_ADVERB = "(?: (?:[a-z]+ly|not|also|now|then|still|again|even|never|first))?"
_TO_COME = "due|set|scheduled|expected|planned|slated|likely|going|about|to"
_NO_INFINITIVE = (
    "an?|the|his|her|him|its|their|them|our|me|this|that|all|both|some|many|most|each|other|more"
    "|parliament|power|court|television|work|war|people|hospital|prison|jail|safety|[a-z]*[^\\Ws]s"
)
_REPORTED = (
    "announced|added|admitted|agreed|alleged|argued|asked|called|claimed|confirmed|debated|declared|demanded|denied"
    "|described|disclosed|discussed|explained|feared|insisted|learned|noted|pledged|prepared|promised|proposed|recalled"
    "|repeated|reported|requested|revealed|ruled|showed|stated|stressed|suggested|threatened|tweeted|urged|vowed|warned"
    "|believed|knew|thought|wanted|wrote"
)
_IRREGULAR = (
    "beat|became|began|bought|broke|brought|built|came|caught|chose|drew|drove|fell|fled|flew|fought|found|gave|got|grew"
    "|held|hit|hung|kept|laid|led|left|lost|made|met|paid|put|quit|ran|rose|sat|saw|sent|shook|shot|sold|spent"
    "|spoke|stood|struck|swore|threw|took|went|withdrew|won"
)
_VERB = re.compile(
    rf"\b(?P<open>(?:(?:had|has|have) )?(?:was|were|been){_ADVERB} (?:{_TO_COME}|supposed|meant|[a-z]+ing)\b)"
    rf"|(?P<ahead>(?:(?<!the )\b(?:will|shall|won[’']t)|[’']ll|\b(?:is|are){_ADVERB} (?:{_TO_COME}))\b"
    rf"{_ADVERB}(?: to)?(?: have)?(?: be(?:en)?)?{_ADVERB}(?: [a-z]+)?)"
    rf"|\b(?P<perfect>(?:has|have|having|did|didn[’']t)\b{_ADVERB}(?: been)?{_ADVERB}(?: [a-z]+)?)"
    r"|\b(?P<present>(?:would|could|should|may|might|must|can|cannot|is|are|am|do|does|be|being)\b"
    r"|(?:it|he|she|that|there)[’']s\b|(?:[a-z]+n[’']t|[A-Za-z]+[’'](?:d|re|ve|m))\b"
    r"|(?:due|set|scheduled|planned|expected|slated|postponed|delayed|wants?|hopes?|plans?|aims?|expects?)\b"
    rf"|(?<!according )to (?!(?:{_NO_INFINITIVE})\b)[a-z]+)"
    # "the wounded soldiers", "of armed men": no verbs
    r"|(?:\b(?:an?|the|his|her|its|their|newly|recently|of|by|with|from|against|among|most|more)|[’']s?) [a-z-]+ed\b"
    rf"|\b(?P<firm>(?:was|were|had)\b{_ADVERB}(?: been)?{_ADVERB}(?: [a-z]+)?)"
    rf"|\b(?P<said>said|told)\b|\b(?P<reported>{_REPORTED})\b"
    rf"|\b(?P<past>{_IRREGULAR}|[a-z]+(?:[^\We]|agre|fre)ed)\b"
)
_UNCLEAR = ("open", "perfect", "present")
_OTHER_CLAUSE = re.compile(
    r"\b(?:that|which|who|whom|whose|where|when|while|whether|if|because|although|though|but|before|until"
    r"|unless|(?<!more )(?<!less )than|what|how|why|once|as|so)\b|, (?:and|or)\b|[;—–]"
)
# "arrived for talks on Friday" says when the talks are, but "talked for four hours on Friday" does not
_PURPOSE = re.compile(
    r":|\bahead of\b|\bfor (?!(?:more|less|about|almost|nearly|over|an hour|two|three|four|five|several)\b|[0-9])"
    r"|\b(?:before|of|about|by|from|into|without) [a-z]+ing\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
)
# "told reporters in Ankara", "told the International Court of Justice", "will meet again in Caracas with Lavrov"
_BESIDE = re.compile(
    r"(?: him| her| them| it| reporters| journalists| lawmakers| parliament"
    r"| (?:a|the) (?:court|(?:news|press) conference)|(?: (?:the|of|and|[A-Z][\w.’'-]*))+)?"
    r"(?: again| there| here| home| back| together)?"
    r"(?:,? (?:in|at|during|from|to|on|via|by|after|outside) [^,]*)?[ ,]*"
)
_OPENING = re.compile(r"(?:[A-Z][^—–]{0,80}[—–] ?)?(?:(?:But|And|Then|So)\b)?\W{0,3}")


@dataclass(frozen=True, slots=True)
class Direction:
    """`beside`: the verb stands beside the date, or only a place does between them, so that the date is the verb's.

    "banned a march on |Friday" is not: the ban or the march may have been on that day.
    """

    time: Literal["past", "ahead"]
    beside: bool


def asks_of_now(question: Question) -> bool:
    """Whether a question asks how things are: it names no time, and its first known verb, if any, is of the present.

    "Who is the mayor?", "Who leads the party?", "price of bread?" -> True;  "Who was the mayor?" -> False
    """
    kinds = (verb.lastgroup for verb in _VERB.finditer(question.text) if verb.lastgroup is not None)
    return question.period is None and next(kinds, "present") == "present"


def direction(before: str, after: str) -> Direction | None:
    """Where the words `before` a date (its preposition left out) and `after` it in its sentence place it.

    None where that cannot be told. One space between words.

        ("Lavrov met Maduro in Caracas", ".") -> past, beside;  ("The ministers meet", ".") -> None
    """
    if _OPENING.fullmatch(before) is not None:
        return _opened(after)
    verbs = [verb for verb in _VERB.finditer(before) if verb.lastgroup is not None]
    if not verbs or _OTHER_CLAUSE.search(before, verbs[-1].end()) is not None:
        return None
    kind, between = verbs[-1].lastgroup, before[verbs[-1].end() :]
    beside = _BESIDE.fullmatch(between) is not None
    if kind == "ahead":
        return Direction("ahead", beside)
    if kind in _UNCLEAR or _PURPOSE.search(between) is not None or (kind in ("said", "reported") and not beside):
        return None
    # a form that may be a participle is sure to be a verb only where no other time has been spoken of
    unsure = kind in ("reported", "past") and any(verb.lastgroup in ("open", "ahead", "present") for verb in verbs)
    return None if unsure else Direction("past", beside)


def _opened(after: str) -> Direction | None:
    after = after.removeprefix(",")
    verb = next((verb for verb in _VERB.finditer(after) if verb.lastgroup is not None), None)
    if verb is None or re.search("[,:]", after[: verb.start()]) or _OTHER_CLAUSE.search(after, 0, verb.start()):
        return None
    return None if verb.lastgroup in _UNCLEAR else Direction("ahead" if verb.lastgroup == "ahead" else "past", True)
