"""Names and words compared as people mean them: without case, accents, punctuation, and near enough in spelling."""

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz

_TOKEN = re.compile(r"\w+")
_ARTICLES = frozenset({"a", "an", "the"})
# transliterations of one name (Sergei, Sergey, Serguei) and a place and its people (Venezuela, Venezuelan) are above
# this, different names of like length (Havana, Panama: 67) below; measured with rapidfuzz's normalised indel similarity
SAME_NAME = 80.0


def folded(text: str) -> list[str]:
    """The words of `text` without case, accents, articles and punctuation.

    "The 'Yván' Gil" -> ["yvan", "gil"]
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return [word for word in _TOKEN.findall(plain) if word not in _ARTICLES]


def alike(word: str, other: str) -> bool:
    """Whether two folded words are the same but for spelling. Numbers must be equal."""
    if word == other:
        return True
    if word[0].isdigit() or other[0].isdigit():
        return False
    return fuzz.ratio(word, other) >= SAME_NAME


def within(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether each of `words` is alike to one of `others`: ["lavrov"] within ["sergei", "lavrov"]."""
    return all(any(alike(word, other) for other in others) for word in words)


def asked_names(question: str) -> list[str]:
    """The folded names and numbers of a question: what an answer must be about.

    "Who attended the Caracas meeting in 2024?" -> ["caracas", "2024"]

    A capitalised word after the first counts as a name, and so does any word with a digit in it.
    """
    names = []
    for place, word in enumerate(re.findall(r"[^\W_](?:[\w’'.-]*[^\W_])?", question)):
        bare = re.sub(r"['’]s$", "", word)
        if (place > 0 and bare[0].isupper()) or any(c.isdigit() for c in bare):
            names.extend(folded(bare))
    return names


def name_coverage(question: str, text: str) -> float:
    """The share, 0 to 1, of the question's names and numbers that `text` mentions; 1 where it has none.

    Over a passage with its heading this is what tells the meeting in Antalya from one in Havana.
    """
    names = asked_names(question)
    if not names:
        return 1.0
    words = set(folded(text))
    return sum(any(alike(name, word) for word in words) for name in names) / len(names)
