"""Candidate answers, and which of them say the same.

"the Caracas talks" = "Caracas talks"      "Sergei Lavrov" = "Serguei Lavrov" = "Lavrov"
"three days" = "3 days"                    "5 June" = "June 5" = "5 June 2022"
"3,549" ≠ "549"                            "Tuesday night" ≠ "Thursday night"
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reader.confidence import Features
from reader.names import within
from reader.types import Span
from reader.wording import calendar, canonical

# a longer text that holds an answer says more than the answer: it is no second source for it
EXTRA_WORDS = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span and the probability, 0 to 1, that it is the answer (or an item of the list) that the question asks for."""

    span: Span
    text: str
    features: Features
    probability: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer or item: how it is shown, and every candidate that says the same, best first."""

    best: Candidate
    same: tuple[Candidate, ...]


def merged(offered: Sequence[Candidate]) -> list[Finding]:
    """Candidates that say the same as one finding each; all best first.

    The same are: equal words ("the Caracas talks", "Caracas talks"), and a part and its whole ("Lavrov",
    "Sergei Lavrov"), spelling aside. A name of one word is shown by the fuller name that was found for it. What is made
    of several findings ("Cilia Flores and Sergei Melik-Bagdasarov", where each was found) is left out.
    """
    findings: list[Finding] = []
    for candidate in offered:
        alike = [place for place, finding in enumerate(findings) if say_the_same(candidate, finding.best)]
        if not alike:
            findings.append(Finding(candidate, (candidate,)))
        elif len(alike) == 1:
            known = findings[alike[0]]
            best = known.best
            if _fuller_name(candidate.text, best.text):
                best = replace(candidate, probability=best.probability)
            findings[alike[0]] = Finding(best, (*known.same, candidate))
    return findings


def say_the_same(one: Candidate, other: Candidate) -> bool:
    """Whether the words of one are those of the other, or a part of them and not much shorter."""
    words, others = canonical(one.text), canonical(other.text)
    if not words or not others:
        return one.text == other.text
    named = _capitalised(one.text) and _capitalised(other.text)
    return same_words(words, others) or (named and _titled(words, others))


def same_words(words: list[str], others: list[str]) -> bool:
    """The same of canonical words; of none, nothing can be said, and they are not."""
    if not words or not others:
        return False
    return abs(len(words) - len(others)) <= EXTRA_WORDS and part_and_whole(words, others)


def part_and_whole(words: list[str], others: list[str]) -> bool:
    """Whether either are within the other. Words of the calendar are never each other's spelling, however alike."""
    named, also_named = calendar(words), calendar(others)
    if named and also_named and not (named <= also_named or also_named <= named):
        return False
    return within(words, others) or within(others, words)


def _titled(words: list[str], others: list[str]) -> bool:
    """Whether either is the other with a title of any length: "Russian Foreign Affairs Minister Sergei Lavrov"."""
    name, titled = sorted((words, others), key=len)
    return len(name) < len(titled) and within(name, titled[-len(name) :])


def _capitalised(text: str) -> bool:
    return all(word[0].isupper() for word in text.split())


def _fuller_name(text: str, known: str) -> bool:
    """Whether `text` is the name `known` with more before it: "Sergei Lavrov" for "Lavrov", not "the Lavrov talks"."""
    words = text.split()
    return len(words) > 1 and words[-1] == known and _capitalised(text)
