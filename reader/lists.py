"""Items become a list: those that are likely enough, from one source.

Reports of one event name now these and now those: a list made of several is of nothing that anybody has said. So it is
of the source group that has the likeliest item, in reading order.
"""

from collections.abc import Sequence

from reader.merging import Candidate, Finding
from retrieval.types import Evidence

# From this probability on an item belongs to a list that is there at all. Of 237 lists that the reader was not trained
# on, 52 % are whole so, with 92 % of all items right; from 0.33 on it would be 49 and 93 %.
MIN_ITEM_PROBABILITY = 0.2


def members(offered: Sequence[Candidate], threshold: float, evidence: Evidence) -> list[Candidate]:
    """Those of the offered items, which come best first, that make the list; best first.

    There is one if the best item reaches the threshold. Then all belong to it that reach `MIN_ITEM_PROBABILITY`.
    """
    if not offered or offered[0].probability < threshold:
        return []
    least, source = min(threshold, MIN_ITEM_PROBABILITY), evidence.group(offered[0].span.hit)
    return [item for item in offered if item.probability >= least and evidence.group(item.span.hit) == source]


def in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))
