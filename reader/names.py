"""Names and words compared as people mean them: without case, accents and punctuation, and near enough in spelling."""

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from retrieval.terms import plain

_TOKEN = re.compile(r"[^\W_]+")
_ARTICLES = frozenset({"a", "an", "the"})
# a place and its people, a thing and several: Venezuela, Venezuelan; Brazil, Brazilian; but never Niger, Nigeria
_ENDINGS = ("s", "n", "an", "ian", "ese", "i", "ish")
# transliterations of one given name reach this in rapidfuzz's normalised indel similarity (Serguei, Sergey: 77), most
# different names do not (Sergei, Andrei: 50)
SAME_SPELLING = 75.0


def folded(text: str) -> list[str]:
    """The words of `text` without case, accents, articles and punctuation.

    "The 'Yván' Gil" -> ["yvan", "gil"]
    """
    return [word for word in _TOKEN.findall(plain(text)) if word not in _ARTICLES]


def same_word(word: str, other: str) -> bool:
    """Whether two folded words are the same but for an ending: "venezuela" and "venezuelan", never two numbers."""
    shorter, longer = sorted((word, other), key=len)
    if shorter == longer:
        return True
    if len(shorter) > 3 and longer.startswith(shorter) and longer[len(shorter) :] in _ENDINGS:
        return True
    # Turkey, Turkish; Sweden, Swedish
    stem = longer.removesuffix("ish")
    return stem != longer and len(stem) > 3 and shorter.startswith(stem) and len(shorter) <= len(stem) + 2


def within(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether folded `words` are part of `others`, or another spelling of them.

    ["lavrov"] is within ["sergei", "lavrov"]; so is ["serguei", "lavrov"], because the last word, the family name, is
    the same and the other is near enough. ["sergei", "shoigu"] is not.
    """
    if all(any(same_word(word, other) for other in others) for word in words):
        return True
    if not words or not others or words[-1] != others[-1]:
        return False
    return all(any(_similar(word, other) for other in others) for word in words)


def alike(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two folded texts have a word in common, spelling aside, or one is the initials of the other.

    "Ana Ruiz" and "President Ruiz", "Kyiv" and "Kiev", "UN" and "United Nations" -> True;  "Ana" and "Bo" -> False
    """
    if any(_similar(word, other) for word in words for other in others):
        return True
    short, long = sorted((words, others), key=len)
    return len(short) == 1 and len(long) > 1 and short[0] == "".join(word[0] for word in long if len(word) > 2)


def _similar(word: str, other: str) -> bool:
    if same_word(word, other):
        return True
    return word.isalpha() and other.isalpha() and fuzz.ratio(word, other) >= SAME_SPELLING
