"""When articles differ: one question, and independent articles whose answers exclude each other.

"How many people died in Turkey in the February 2023 earthquakes?"

    7 February 2023    The death toll has reached [3,549] in Turkey.      0.89
    10 February 2023   Officials now put the death toll at [20,213].      0.79    ->  both, the newest first

1. Both must be likely. The reader shares one probability out (`reader.candidates`), and two right answers leave each
   other less of it; so each is judged by what its own source alone says, and the probability that *both* were read
   rightly, their product, must reach the threshold. 0.89 * 0.79 = 0.70 does. And neither may have more than
   `MAX_ODDS_RATIO` times the other's share, or the reader, which compared them, is not in doubt.
2. They come from different source groups. Of a group, the newest article speaks: an agency text brought up to date is
   one source that has changed its mind. Of an article, its likeliest answer does.
3. One is wrong if the other is right: the pair head is sure of it (`reader.merging.Judge`).

Counts that are brought up to date day by day differ in the same way; the dates beside the versions tell them apart.

Of a question that asks how things are now, a newer answer may have taken the place of an older one that the reader
likes better: both were right in their time. So it need not be likely *beside* the likeliest, only by itself.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

from reader.confidence import Logistic, log_odds, probability_of
from reader.merging import Candidate, Finding, Judge, comparable, merged
from reader.tense import asks_of_now
from reader.types import AnswerItem
from retrieval.types import Evidence, Hit

# Of 124 questions of which people say that articles differ, two right versions are shown for 37, and a wrong one beside
# a right one for 14; of 215 with one answer, a wrong one beside it for 4. With a ratio of 10, and half of the certainty
# that they differ (`reader.merging`), it was 32, 10 and 1.
MAX_ODDS_RATIO = 100.0
UNDATED = float("-inf")


def versions(
    offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic, threshold: float, judge: Judge
) -> list[Finding]:
    """What independent articles answer, each excluding the others, the likeliest first; one, or none, where they do not
    differ."""
    ranked = sorted(offered, key=lambda candidate: _likeliest_first(candidate, evidence))
    now = asks_of_now(evidence.question)

    def newer(candidate: Candidate) -> bool:
        return now and UNDATED < _published(ranked[0], evidence) < _published(candidate, evidence)

    def is_near(candidate: Candidate) -> bool:
        return MAX_ODDS_RATIO * _share(candidate) >= _share(ranked[0])

    near = list(filter(is_near, ranked))
    able = _able(near, logistic, threshold, newer)
    if len({evidence.group(candidate.span.hit) for candidate in able}) < 2:
        return []
    judge.read(
        (one, other)
        for one, other in combinations(near, 2)
        if comparable(one, other)
        and ((one in able and other in able) or ((one in able or other in able) and _one_source(one, other, evidence)))
    )
    speaking: dict[str, Candidate] = {}
    best = _alone(near[0], near, evidence, logistic, judge)
    for candidate in able:
        mine = _alone(candidate, near, evidence, logistic, judge)
        if mine.probability * (1.0 if candidate is near[0] or newer(candidate) else best.probability) < threshold:
            continue
        group = evidence.group(candidate.span.hit)
        if group not in speaking or _published(candidate, evidence) > _published(speaking[group], evidence):
            speaking[group] = mine
    found: list[Finding] = []
    for finding in merged(sorted(speaking.values(), key=lambda c: _likeliest_first(c, evidence)), judge):
        judge.read((finding.best, other.best) for other in found)
        if all(judge.differ(finding.best, other.best) for other in found):
            found.append(finding)
    return found


def update_index(finding: Finding, offered: Sequence[Candidate], evidence: Evidence, judge: Judge) -> Finding:
    """The finding, or what the newest article of its own source has put in its place."""
    newest = finding
    for candidate in offered:
        newer = _published(candidate, evidence) > _published(newest.best, evidence)
        known = candidate.features.span > 0 and _share(candidate) * MAX_ODDS_RATIO >= _share(finding.best)
        one_source = _one_source(candidate, finding.best, evidence)
        if newer and known and one_source and judge.differ(candidate, finding.best):
            newest = Finding(candidate, (candidate,))
    return newest


def published(hit: Hit, evidence: Evidence) -> float:
    """When the hit's article was published, in seconds since 1970; an undated one is older than any."""
    when = evidence.article(hit).published
    return UNDATED if when is None else when.timestamp()


def newest_first(items: Sequence[AnswerItem]) -> tuple[AnswerItem, ...]:
    """The versions by the newest article that each cites; those of undated articles last."""

    def newest(item: AnswerItem) -> float:
        dates = [citation.published.timestamp() for citation in item.citations if citation.published is not None]
        return max(dates, default=UNDATED)

    return tuple(sorted(items, key=lambda item: (-newest(item), -item.confidence)))


def _able(
    near: Sequence[Candidate], logistic: Logistic, threshold: float, newer: Callable[[Candidate], bool]
) -> list[Candidate]:
    """Those, the likeliest of all first, that can be likely enough beside it, or by themselves if they are `newer`:
    which they would be if all that their own source says were the same. Of the others no pair need be read."""
    most = [_beside(candidate, 0.0, logistic).probability for candidate in near]
    return [
        candidate
        for place, candidate in enumerate(near)
        if most[place] * (most[0] if place and not newer(candidate) else 1.0) >= threshold
    ]


def _alone(
    candidate: Candidate, offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic, judge: Judge
) -> Candidate:
    """The candidate as it would be if only its own source had been read: beside what that says, and "nowhere"."""
    others = (other for other in offered if _one_source(other, candidate, evidence))
    rest = sum(_share(other) for other in others if not (comparable(other, candidate) and judge.same(other, candidate)))
    return _beside(candidate, rest, logistic)


def _beside(candidate: Candidate, rest: float, logistic: Logistic) -> Candidate:
    """The candidate as it would be beside other answers with a share of `rest` between them, and "nowhere"."""
    share = _share(candidate)
    nowhere = share * math.exp(-candidate.features.span)
    features = replace(candidate.features, mass=log_odds(share / (share + rest + nowhere)))
    return replace(candidate, features=features, probability=logistic.probability(features))


def _one_source(one: Candidate, other: Candidate, evidence: Evidence) -> bool:
    return evidence.group(one.span.hit) == evidence.group(other.span.hit)


def _share(candidate: Candidate) -> float:
    return probability_of(candidate.features.mass)


def _likeliest_first(candidate: Candidate, evidence: Evidence) -> tuple[float, float, str, int]:
    place = candidate.span.hit.passage.article_id, candidate.span.start
    return -candidate.probability, -_published(candidate, evidence), *place


def _published(candidate: Candidate, evidence: Evidence) -> float:
    return published(candidate.span.hit, evidence)
