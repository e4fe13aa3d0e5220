"""Which terms of a store a misspelt term may stand for."""

from collections.abc import Iterable

from rapidfuzz.distance import OSA

FALLIBLE_LETTERS = 6
# so many letters are right, so that few terms need be compared
RIGHT_LETTERS = 2


def is_fallible(term: str) -> bool:
    """Whether a term is long enough: of shorter ones too many are another name (Iran, Iraq)."""
    return len(term) >= FALLIBLE_LETTERS and term.isalpha()


def spellings(term: str, others: Iterable[str]) -> frozenset[str]:
    """Those of the `others`, which begin as the term does, that are one slip of the hand away; the term if none is.

    "lavrof", ["lavrov", "lavina"] -> {"lavrov"}
    """
    return frozenset(other for other in others if OSA.distance(term, other, score_cutoff=1) <= 1) or frozenset([term])
