"""What a question asks for: one answer, or several.

English only, by the form of the question; where the form leaves it open, the articles decide.
"""

import re
from typing import Literal

from reader.negation import negated

Wanted = Literal["one", "several", "either"]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ASKING = frozenset({"who", "whom", "which", "what", "when", "where", "why", "how"})
_COMMANDS = frozenset({"list", "name", "enumerate"})
_PLURAL_VERBS = frozenset({"are", "were", "all", "else"})
_SINGULAR_VERBS = frozenset({"is", "was", "has", "does", "did", "this", "its", "who's", "what's"})
# "which" and "what" ask about the noun that comes before one of these
_AUXILIARIES = (
    _PLURAL_VERBS
    | _SINGULAR_VERBS
    | frozenset(
        {
            "do",
            "have",
            "had",
            "can",
            "could",
            "will",
            "would",
            "should",
            "may",
            "might",
            "must",
            "in",
            "of",
            "on",
            "at",
            "to",
        }
    )
)
_NOUN_WORDS = 4
_IRREGULAR_PLURALS = frozenset({"people", "men", "women", "children"})
# verbs after "what" that look like plural nouns, and nouns that do and are none
_NO_PLURALS = frozenset({"happens", "makes", "comes", "goes", "says", "means", "causes", "news", "politics", "series"})
# "who was present", "who was there": asks for everybody, whatever the verb's number
_PRESENT = frozenset({"not", "present", "there", "at", "in", "among", "also", "with"})
# "who runs the company now" asks for the one who does, not for who did before
_NOW = frozenset({"now", "currently", "nowadays"})

_ATTENDANCE = re.compile(
    r"\bwho\b.*\b(?:attend\w*|present|participat\w+|took part|(?:was|were)(?:n['’]t| not| also)* (?:there|at|in)\b)",
    re.IGNORECASE,
)


def wanted(question: str) -> Wanted:
    """Whether `question` asks for several answers.

    "Which countries signed?", "Who were the guests?", "List the terms"  -> "several"
    "Who attended the meeting?", "Whom did Lavrov meet?"                 -> "either"
    "Who is the president?", "Who runs it now?", "How many came?"        -> "one"
    """
    words = [word.lower() for word in _WORD.findall(question)]
    if any(word in _COMMANDS for word in words[:3]) and not any(word in _ASKING for word in words[:3]):
        return "several"
    place = next((place for place, word in enumerate(words) if word in _ASKING), None)
    if place is None:
        return "one"
    asking, rest = words[place], words[place + 1 :]
    first = rest[0] if rest else ""
    if asking in {"who", "whom"}:
        if first in _PLURAL_VERBS or (first == "was" and len(rest) > 1 and rest[1] in _PRESENT):
            return "several"
        in_office = first.endswith("s") and not _NOW.isdisjoint(rest)
        return "one" if in_office or first in _SINGULAR_VERBS - {"did"} else "either"
    if asking == "which" and first == "of":
        return "either"
    if asking in {"which", "what"} and (first in _PLURAL_VERBS or any(_plural(word) for word in _noun(rest))):
        return "several"
    return "one"


def _noun(words: list[str]) -> list[str]:
    """The words of the noun after "which" or "what": ["caribbean", "prime", "ministers"] of "... were at the talks"."""
    noun: list[str] = []
    for word in words[:_NOUN_WORDS]:
        if word in _AUXILIARIES:
            break
        noun.append(word)
    return noun


def _plural(word: str) -> bool:
    """Whether an English noun looks plural: "countries" and "people" do, "crisis", "process" and "Peru's" do not."""
    if word in _IRREGULAR_PLURALS:
        return True
    return (
        len(word) > 3
        and word.endswith("s")
        and not word.endswith(("ss", "us", "is", "'s", "’s"))
        and word not in _NO_PLURALS
    )


def asks_who_was_there(question: str) -> bool:
    """Whether a question asks who took part in something.

    "Who attended the meeting?", "Who was at the talks?" -> True;  "Who signed?", "Who did not attend?" -> False
    """
    return is_about_presence(question) and not negated(question)


def is_about_presence(question: str) -> bool:
    """Whether a question asks who took part, or did not."""
    return _ATTENDANCE.search(question) is not None
