"""How answers are scored: the published definitions of SQuAD 1.1 / 2.0 and MultiSpanQA, what a person would take for
right, AUROC and the bootstrap."""

import difflib
import re
import string
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from reader.candidates import EXTRA_WORDS
from reader.names import within
from reader.wording import calendar, canonical, is_number

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
RESAMPLES = 1000
RIGHT_F1 = 0.5


def normalise(text: str) -> str:
    """SQuAD's normalisation: lower case, ASCII punctuation out, articles out, single spaces.

    "The U.S. Army's  tank" -> "us armys tank"
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact_match(predicted: str, right: str) -> float:
    """1 if the two are equal after normalisation, else 0; no answer is the empty string."""
    return float(normalise(predicted) == normalise(right))


def f1(predicted: str, right: str) -> float:
    """Word F1 after normalisation, 0 to 1; where either side has no word, 1 if both have none, else 0.

    "the Russian tank" against "Russian tanks": 1 of 2 words, 1 of 2 words -> 0.5
    """
    found, wanted = normalise(predicted).split(), normalise(right).split()
    if not found or not wanted:
        return float(found == wanted)
    shared = sum((Counter(found) & Counter(wanted)).values())
    return 2 * shared / (len(found) + len(wanted))


def best_of(metric: Callable[[str, str], float], predicted: str, alternatives: Sequence[str]) -> float:
    """The metric's best value over the alternatives; where there is none, the right answer is no answer."""
    return max(metric(predicted, right) for right in alternatives or [""])


def taken_for_right(text: str, alternatives: Sequence[str]) -> bool:
    """Whether a person would take `text` for one of the annotated answers; where there is none, nothing is right.

    The same words, word F1 of at least `RIGHT_F1`, or one within the other with few words more: "14 October 1066" for
    "1066", "more than 400" for "400 people". But never another number, weekday or month, however many words are shared:
    "eleven times" for "seven times".
    """
    return any(_taken_for(text, right) for right in alternatives)


def _taken_for(text: str, right: str) -> bool:
    said, due = canonical(text), canonical(right)
    if not (_figures(said) <= _figures(due) or _figures(due) <= _figures(said)):
        return False
    same = exact_match(text, right) == 1 or f1(text, right) >= RIGHT_F1
    return same or _little_more(said, due) or _little_more(due, said)


def _figures(words: list[str]) -> set[str]:
    return {word for word in words if is_number(word)} | calendar(words)


def _little_more(words: list[str], part: list[str]) -> bool:
    return 0 < len(part) <= len(words) <= len(part) + EXTRA_WORDS and within(part, words)


def count_matched(given: Sequence[str], due: Sequence[Sequence[str]]) -> int:
    """How many of the texts `given` are right if each of the answers `due`, any form of which is right, counts once.

    given "Lavrov", "Sergei Lavrov", due ("Sergei Lavrov",), ("Maduro", "Nicolas Maduro") -> 1

    The most that can be matched (Kuhn's assignment), so that no text takes an answer that only another one gives.
    """
    if not given or not due:
        return 0
    credit = np.array([[taken_for_right(text, forms) for forms in due] for text in given])
    rows, columns = linear_sum_assignment(credit, maximize=True)
    return int(credit[rows, columns].sum())


@dataclass(frozen=True, slots=True)
class ListCounts:
    """What one list question adds to precision and recall, exact and partial; see `list_counts`."""

    predicted: int
    right: int
    exact: float
    partial_predicted: float
    partial_right: float


def list_counts(predicted: Collection[str], right: Collection[str]) -> ListCounts:
    """MultiSpanQA's counts for one question (Li et al. 2022).

    Items are compared as sets of normalised strings. Partially, an item counts for the longest common substring with
    its best partner, over its own length, in characters.

        predicted {"john lennon", "ringo"}, right {"lennon", "ringo"}: 1 exact; partial precision 6/11 + 1, recall 1 + 1
    """
    found = {normalise(item) for item in predicted} - {""}
    golds = {normalise(item) for item in right} - {""}
    if not found or not golds:
        both = float(found == golds)
        return ListCounts(max(len(found), 1), max(len(golds), 1), both, both, both)
    return ListCounts(
        predicted=len(found),
        right=len(golds),
        exact=float(len(found & golds)),
        partial_predicted=sum(max(_common(item, gold) / len(item) for gold in golds) for item in found),
        partial_right=sum(max(_common(item, gold) / len(gold) for item in found) for gold in golds),
    )


def _common(one: str, other: str) -> int:
    """Length of the longest common substring: "john lennon", "lennon" -> 6."""
    return difflib.SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


def list_f1(counts: Sequence[ListCounts], partial: bool) -> float:
    """Micro-averaged F1, 0 to 1, over all items of all questions."""
    predicted = sum(count.predicted for count in counts)
    right = sum(count.right for count in counts)
    precise = sum(count.partial_predicted if partial else count.exact for count in counts) / max(predicted, 1)
    recalled = sum(count.partial_right if partial else count.exact for count in counts) / max(right, 1)
    return 2 * precise * recalled / (precise + recalled) if precise + recalled else 0.0


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The probability that a positive has a higher score than a negative, ties counted half; 0.5 is chance. (n,) both.

    scores 3, 2, 1, 2, of which the first two are positive -> (1 + 1 + 1 + 0.5) / 4 = 0.875

    Not a number where one side is empty. The sum of the positives' ranks (Mann-Whitney); roc_auc_score of scikit-learn
    takes 20 times as long, and there are a thousand resamples.
    """
    above, below = int(positive.sum()), int((~positive).sum())
    if not above or not below:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - above * (above + 1) / 2) / (above * below))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval (percentile bootstrap over questions, or over clusters of them)."""

    value: float
    low: float
    high: float


Clusters = NDArray[np.int64]
"""(n,), the number of the cluster that each question belongs to."""


def estimate(
    statistic: Callable[[NDArray[np.int64]], float], count: int, seed: int = 0, clusters: Clusters | None = None
) -> Estimate:
    """`statistic` of the questions 0 … count - 1, and its spread over resamples of them drawn with replacement.

    Questions of one of the `clusters` are drawn together, since what makes one of them hard may make all of them hard
    (the cluster bootstrap; Field and Welsh 2007).
    """
    rng = np.random.default_rng(seed)
    if clusters is None:
        resamples = (rng.integers(0, count, count) for _ in range(RESAMPLES))
    else:
        members = [np.flatnonzero(clusters == cluster) for cluster in np.unique(clusters)]
        size = len(members)
        resamples = (np.concatenate([members[i] for i in rng.integers(0, size, size)]) for _ in range(RESAMPLES))
    low, high = np.nanpercentile([statistic(drawn) for drawn in resamples], [2.5, 97.5]).tolist()
    return Estimate(statistic(np.arange(count)), low, high)


def mean(credit: NDArray[np.float64], seed: int = 0) -> Estimate:
    """The mean of `credit`, (n,), of one question or more."""
    return estimate(lambda drawn: float(credit[drawn].mean()), len(credit), seed)


def defined(
    statistic: Callable[[NDArray[np.int64]], float], count: int, seed: int = 0, clusters: Clusters | None = None
) -> Estimate | None:
    """The estimate, over the resamples that have a value; None where all the questions together have none."""
    if count == 0 or np.isnan(statistic(np.arange(count))):
        return None
    return estimate(statistic, count, seed, clusters)


def ratio_of(
    part: NDArray[np.float64], whole: NDArray[np.float64], seed: int = 0, clusters: Clusters | None = None
) -> Estimate | None:
    """The sum of `part`, (n,), over that of `whole`, (n,), which may be 0: each resample is of both."""

    def ratio(drawn: NDArray[np.int64]) -> float:
        most = float(whole[drawn].sum())
        return float(part[drawn].sum()) / most if most else float("nan")

    return defined(ratio, len(part), seed, clusters)


def mean_of(credit: NDArray[np.float64], among: NDArray[np.bool_], seed: int = 0) -> Estimate | None:
    """The mean of `credit`, (n,), over the questions `among`, (n,), all of which may be none."""
    return ratio_of(np.where(among, credit, 0.0), among.astype(np.float64), seed)


def percent(figure: Estimate | None, sign: str = "") -> str:
    """In percent: "81.3 [79.0, 83.5]"; a dash for what has no value."""
    if figure is None:
        return "-"
    value, low, high = (f"{share * 100:{sign}.1f}" for share in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"
