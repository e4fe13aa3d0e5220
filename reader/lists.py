"""Items become a list: those that are about what the question names, in the order in which they are read."""

from collections.abc import Sequence

from reader.differing import subject
from reader.merging import Candidate, Finding
from reader.names import asked_names, name_coverage
from retrieval.types import Evidence


def about_the_same(question: str, items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items from the articles that are most about what the question names.

    A list is of one thing, such as the people at one meeting, so that what comes from an article about another one does
    not belong, however well its sentence fits. What an article is about stands in its heading and its opening.
    """
    asked = asked_names(question, "\n".join(hit.text for hit in evidence.hits))

    def about(item: Candidate) -> float:
        article = evidence.article(item.span.hit)
        return name_coverage(asked, subject(article)) + item.features.names

    shares = [about(item) for item in items]
    most = max(shares, default=0.0)
    return [item for item, share in zip(items, shares, strict=True) if share == most]


def in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))
