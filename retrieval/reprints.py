"""Reprints: articles that are one text, printed again, cut or lightly edited. Together they are one *source group*.

An article becomes a set of shingles, its runs of three words. Two articles have the resemblance |A ∩ B| / |A ∪ B|, and
the shorter is contained in the longer by |A ∩ B| / |A|; MinHash signatures keep enough of the sets to estimate both,
and bands of a signature find the few articles worth comparing among all (Broder, On the resemblance and containment of
documents, 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3).

    "Talks end, Reuters says"   {"talks end reuters", "end reuters says"}
    "Talks end; AFP says."      {"talks end afp", "end afp says"}

Whatever order articles come in, the result is the same: all of it is a function of the texts, and symmetric.
"""

import hashlib
import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.types import Hit

if TYPE_CHECKING:
    from datasketch import MinHash

SHINGLE_WORDS = 3
SHINGLES_AT_ONCE = 4096
ROWS = 3
BANDS = 64
MINIMA = ROWS * BANDS
NUMBERS = 32
SEED = 1
# a signature is the number of shingles, then their minima, then the sketch of the numbers
_MINIMA = slice(1, 1 + MINIMA)
_NUMBERS = slice(1 + MINIMA, 1 + MINIMA + NUMBERS)
_NOTHING = 2**32 - 1

CONTAINED = 0.5
SHORTEST_COPY = 0.4
# in a text of fewer words, one name can be all the news
WORDS_FOR_EDITS = 20
SAME_NUMBERS = 2 / 3

NEARLY_THE_SAME = 0.7

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def signature(text: str) -> NDArray[np.uint32]:
    """What is kept of a text to recognise its reprints: (225,) uint32, the same in every process, on every machine.

    The number of different shingles, 0 for a text without a word; their 192 minima; the 32 smallest hashes of the
    different numbers in the text, in order, filled up with 2**32 - 1. Case, punctuation and spacing do not matter:
    "3,549 dead" and "3549 Dead." have one number in common (and no shingle: a text of fewer than three words is one).
    """
    shingles = _shingles(text)
    minhash = _no_shingles().copy()
    each = iter(shingles)
    # all at once would take 1.5 KB for each, which is 5 GB for the longest article
    while some := list(islice(each, SHINGLES_AT_ONCE)):
        minhash.update_batch(some)
    numbers = sorted({zlib.crc32(number.encode()) for number in _numbers(text)})[:NUMBERS]
    kept = np.full(1 + MINIMA + NUMBERS, _NOTHING, dtype=np.uint32)
    kept[0] = len(shingles)
    kept[_MINIMA] = minhash.hashvalues
    kept[_NUMBERS][: len(numbers)] = numbers
    return kept


@cache
def _no_shingles() -> "MinHash":
    """The MinHash of nothing; making one draws its 192 permutations, which are always the same."""
    # importing it takes most of a second, which a question must not wait for
    from datasketch import MinHash

    return MinHash(num_perm=MINIMA, seed=SEED, hashfunc=zlib.crc32, scheme="affine32")


def bands(signature: NDArray[np.uint32]) -> tuple[int, ...]:
    """64 keys, signed 64-bit; two articles that share one are candidates. None for a text without a word.

    Each key stands for three minima, so that two articles of resemblance s share one with probability
    1 - (1 - s³)^64:

        s   0.02    0.05   0.1   0.2   0.3   0.4   0.5
        p   0.0005  0.008  0.06  0.40  0.83  0.99  0.9998
    """
    if not signature[0]:
        return ()
    rows = signature[_MINIMA].astype("<u4").reshape(BANDS, ROWS)
    return tuple(_key(number, row.tobytes()) for number, row in enumerate(rows))


def similarity(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> float:
    """The estimated resemblance of two texts by their signatures, 0 to 1 (standard error at most 0.036)."""
    if not a[0] or not b[0]:
        return 0.0
    return float(np.mean(a[_MINIMA] == b[_MINIMA]))


def are_reprints(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> bool:
    """Whether two signatures are those of one text, printed again: with another head, words changed, the end cut off.

    They are if half of the shorter one's shingles are in the longer, which has at most two and a half times as many,
    and if the numbers agree, which tells this week's market report from last week's. Of texts of fewer than 20 words
    only equal ones are.

    With n and m shingles and the resemblance s, the texts share s (n + m) / (1 + s) of them.
    """
    fewer, more = sorted((int(a[0]), int(b[0])))
    alike = similarity(a, b)
    if fewer <= WORDS_FOR_EDITS - SHINGLE_WORDS:
        return fewer == more and alike == 1
    contained = alike * (fewer + more) / (1 + alike) / fewer
    return contained >= CONTAINED and fewer >= SHORTEST_COPY * more and _numbers_agree(a[_NUMBERS], b[_NUMBERS])


def distinct(hits: Sequence[Hit], groups: Mapping[str, str]) -> list[Hit]:
    """The hits, best first as they come, without those that only repeat what a better one's reprint says.

    A hit repeats one of another article in its source group if that has 70 % of its different words and all of its
    numbers: a reprint may be brought up to date. `groups` has every article of the hits.
    """
    kept: list[Hit] = []
    said: defaultdict[str, list[_Said]] = defaultdict(list)
    for hit in hits:
        known = said[groups[hit.passage.article_id]]
        new = _Said(hit.passage.article_id, frozenset(_words(hit.text)), frozenset(_numbers(hit.text)))
        if not any(new.repeats(other) for other in known):
            known.append(new)
            kept.append(hit)
    return kept


@dataclass(frozen=True, slots=True)
class _Said:
    article_id: str
    words: frozenset[str]
    numbers: frozenset[str]

    def repeats(self, other: "_Said") -> bool:
        if self.article_id == other.article_id or not self.words:
            return False
        known = len(self.words & other.words)
        return known >= NEARLY_THE_SAME * len(self.words) and self.numbers <= other.numbers


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _numbers(text: str) -> set[str]:
    """The different numbers in digits, without separators: "3,549 of 3.549 in 4:17 hours" -> {"3549", "4", "17"}."""
    numbers = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return {number.replace(",", "").replace(".", "") for number in numbers}


def _shingles(text: str) -> set[bytes]:
    """The runs of three words; of a shorter text, the whole of it; of an empty one, none."""
    words = _words(text)
    starts = range(max(len(words) - SHINGLE_WORDS + 1, 1)) if words else ()
    return {" ".join(words[start : start + SHINGLE_WORDS]).encode("utf-8", "surrogatepass") for start in starts}


def _key(band: int, minima: bytes) -> int:
    digest = hashlib.blake2b(minima, digest_size=8, salt=band.to_bytes(2, "little")).digest()
    return int.from_bytes(digest, "little", signed=True)


def _numbers_agree(a: NDArray[np.uint32], b: NDArray[np.uint32]) -> bool:
    """Whether two thirds of the numbers of the text with fewer, one of them aside, are in the other.

    The one is that of a changed dateline. Each sketch holds the smallest hashes of its text, so that up to the last of
    the fuller one both are complete.
    """
    last = min(a[-1], b[-1])
    ours, theirs = (sketch[(sketch <= last) & (sketch < _NOTHING)] for sketch in (a, b))
    shared = len(np.intersect1d(ours, theirs))
    return shared >= SAME_NUMBERS * (min(len(ours), len(theirs)) - 1)
