"""When articles differ: one question, and independent articles that answer it differently.

"How many people died in Turkey in the February 2023 earthquakes?"

    7 February 2023    The death toll has reached [3,549] in Turkey.      0.89
    10 February 2023   Officials now put the death toll at [20,213].      0.79    ->  both, the newest first

Two answers differ only if nothing else explains that they are not the same:

1. Both must be likely. The reader shares one probability out (`reader.candidates`), and two right answers leave each
   other less of it; so each is judged by what its own source alone says, and the probability that *both* were read
   rightly, their product, must reach the threshold. 0.89 * 0.79 = 0.70 does. And neither may have `MANY` times the
   other's share, or the reader, which compared them, is not in doubt ("Cilia Flores" 0.94, "Delcy Rodriguez" 0.04 as
   the first lady).
2. Both must be about what is asked. Every name and number of the question stands in the passage, the heading or the
   opening of the article. A question that names nothing ("How long did the meeting last?") ties no two articles to one
   thing, and gets one answer.
3. They come from different source groups. Of a group, the newest article speaks: an agency text brought up to date is
   one source that has changed its mind. Of an article, its likeliest answer does.
4. They are of one sort, and cannot both be right (`reader.contradicting`).

Counts that are brought up to date day by day differ in the same way; the dates beside the versions tell them apart.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from reader.candidates import named_in
from reader.confidence import Logistic, log_odds, probability_of
from reader.contradicting import differ, sort_of
from reader.merging import Candidate, Finding, merged, say_the_same
from reader.names import name_coverage
from reader.types import AnswerItem
from retrieval.heading import heading
from retrieval.types import Article, Evidence

OPENING_CHARACTERS = 400
MANY = 10.0
_COUNTING = re.compile(r"\bhow (?:many|much)\b", re.IGNORECASE)


def subject(article: Article) -> str:
    """The heading and the opening of an article: where it says what it is about."""
    return f"{heading(article)}\n{article.text[:OPENING_CHARACTERS]}"


def versions(
    question: str, offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic, threshold: float
) -> list[Finding]:
    """What independent articles answer, no two the same, the likeliest first; one, or none, where they do not differ.

    The probability of a version counts the names that its passage, heading and opening mention.
    """
    asked = named_in(question, evidence)
    if not asked:
        return []
    likely = sorted(
        (with_opening(c, asked, evidence, logistic) for c in offered), key=lambda c: _likeliest_first(c, evidence)
    )
    if not likely or likely[0].features.names < 1:
        return []
    best, counting = likely[0], _COUNTING.search(question) is not None
    sort = sort_of(best.text, counting=counting)
    if counting and sort != "number":
        return []
    of_sort = [c for c in likely if c.features.names == 1 and sort_of(c.text, counting=counting) == sort]
    alone = _alone(best, offered, evidence, logistic)
    speaking: dict[str, Candidate] = {}
    for candidate in of_sort:
        mine = _alone(candidate, offered, evidence, logistic)
        both = mine.probability * (1.0 if candidate is best else alone.probability)
        if both < threshold or _share(best) > MANY * _share(candidate):
            continue
        group = evidence.groups[candidate.span.hit.passage.article_id]
        if group not in speaking or _published(candidate, evidence) > _published(speaking[group], evidence):
            speaking[group] = mine
    found: list[Finding] = []
    for finding in merged(sorted(speaking.values(), key=lambda c: _likeliest_first(c, evidence))):
        if all(differ(finding.best, other.best, sort, evidence) for other in found):
            found.append(finding)
    return found


def _alone(candidate: Candidate, offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic) -> Candidate:
    """The candidate as it would be if only its own source had been read: beside what that says, and "nowhere"."""
    group = evidence.groups[candidate.span.hit.passage.article_id]
    share = _share(candidate)
    rest = sum(
        _share(other)
        for other in offered
        if evidence.groups[other.span.hit.passage.article_id] == group and not say_the_same(other, candidate)
    )
    nowhere = share * math.exp(-candidate.features.span)
    features = replace(candidate.features, mass=log_odds(share / (share + rest + nowhere)))
    return replace(candidate, features=features, probability=logistic.probability(features))


def _share(candidate: Candidate) -> float:
    return probability_of(candidate.features.mass)


def newest_first(items: Sequence[AnswerItem]) -> tuple[AnswerItem, ...]:
    """The versions by the newest article that each cites; those of undated articles last."""

    def newest(item: AnswerItem) -> float:
        dates = [citation.published.timestamp() for citation in item.citations if citation.published is not None]
        return max(dates, default=float("-inf"))

    return tuple(sorted(items, key=lambda item: (-newest(item), -item.confidence)))


def with_opening(candidate: Candidate, asked: Sequence[str], evidence: Evidence, logistic: Logistic) -> Candidate:
    """The candidate, with the asked names that its article mentions in the heading and the opening counted, too."""
    hit = candidate.span.hit
    names = name_coverage(asked, f"{subject(evidence.article(hit))}\n{hit.text}")
    features = replace(candidate.features, names=names)
    return replace(candidate, features=features, probability=logistic.probability(features))


def _published(candidate: Candidate, evidence: Evidence) -> float:
    """Seconds since 1970; an undated article is older than any."""
    published = evidence.article(candidate.span.hit).published
    return float("-inf") if published is None else published.timestamp()


def _likeliest_first(candidate: Candidate, evidence: Evidence) -> tuple[float, float, str, int]:
    place = candidate.span.hit.passage.article_id, candidate.span.start
    return -candidate.probability, -_published(candidate, evidence), *place
