"""Numbers and lists in messages."""

from collections.abc import Sequence

LISTED = 5


def counted(number: int, noun: str) -> str:
    """counted(1, "article") -> "1 article"; counted(1200, "article") -> "1,200 articles"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str], most: int = LISTED) -> str:
    """listed(["a", "b", "c"], 2) -> "a, b and 1 more"."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def capitalised(sentence: str) -> str:
    """The sentence with its first letter in upper case, and no other changed."""
    return sentence[:1].upper() + sentence[1:]
