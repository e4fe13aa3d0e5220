"""Citations: made from spans, and checked against the stored text."""

import re
from collections.abc import Mapping
from itertools import islice

from reader.types import Answer, Citation, Span
from retrieval.errors import CitationError
from retrieval.sentences import sentences_around
from retrieval.types import Article, Evidence

Interval = tuple[int, int]

# how often a reprint may have the words of a quote within a sentence before it is given up
MAX_PLACES = 20


def cite(article: Article, span: Span, source_group: str | None = None) -> Citation:
    """The sentence, or the run of sentences, that `span` stands in, without the white space around it.

    Of a sentence too long for one passage it is the part that was read. Without `source_group` the article is a group
    of its own.
    """
    passage = span.hit.passage
    # of more than the passage: it may begin within a line, and what stood before decides where sentences end
    around = _sentences(article, passage.start, passage.end)
    sentences = [(start, end) for start, end in around if start < span.end and span.start < end]
    quote = _trimmed(article.text, max(sentences[0][0], passage.start), min(sentences[-1][1], passage.end))
    return _citation(article, quote, (span.start, span.end), article.id if source_group is None else source_group)


def reprints(citation: Citation, evidence: Evidence) -> tuple[Citation, ...]:
    """The very same sentence in each other article of the citation's source group that has it, by article id."""
    found = []
    for key in sorted(evidence.articles):
        article = evidence.articles[key]
        if evidence.groups[key] == citation.source_group and key != citation.article_id:
            start = _place(citation.quote, article)
            if start is not None:
                shift = start - citation.quote_start
                answer = citation.answer_start + shift, citation.answer_end + shift
                found.append(_citation(article, (start, citation.quote_end + shift), answer, citation.source_group))
    return tuple(found)


def check(answer: Answer, stored: Mapping[str, Article]) -> None:
    """Raises CitationError unless every quote and every cited answer of `answer` is what `stored` says there.

    `stored` is the articles by id, read from the store now; the first citation of an answer holds its very words. The
    source groups are those of the evidence.
    """
    shown: list[tuple[Citation, str | None]] = [
        (citation, item.text if place == 0 else None)
        for item in answer.answers
        for place, citation in enumerate(item.citations)
    ]
    if answer.nearest is not None:
        shown.append((answer.nearest, None))
    for citation, words in shown:
        article = stored.get(citation.article_id)
        grouped = answer.evidence.groups.get(citation.article_id) == citation.source_group
        if article is None or not grouped or not _holds(citation, article, words):
            raise CitationError(
                f"The article {citation.article_id} no longer says {citation.quote[:60]!r} where it was cited; "
                "ask again."
            )


def _holds(citation: Citation, article: Article, words: str | None) -> bool:
    described = (citation.title, citation.source, citation.url, citation.published)
    if described != (article.title, article.source, article.url, article.published):
        return False
    inside = citation.quote_start <= citation.answer_start < citation.answer_end <= citation.quote_end
    same = article.text[citation.quote_start : citation.quote_end] == citation.quote
    return inside and same and words in (None, article.text[citation.answer_start : citation.answer_end])


def _citation(article: Article, quote: Interval, answer: Interval, source_group: str) -> Citation:
    start, end = quote
    return Citation(
        article_id=article.id,
        title=article.title,
        source=article.source,
        url=article.url,
        published=article.published,
        quote=article.text[start:end],
        quote_start=start,
        quote_end=end,
        answer_start=answer[0],
        answer_end=answer[1],
        source_group=source_group,
    )


def _place(quote: str, article: Article) -> int | None:
    """Where `article` has `quote` as whole sentences, first; None where it has not.

    "5 died." is not in "15 died.", and not in "He denied that 5 died."
    """
    for found in islice(re.finditer(re.escape(quote), article.text), MAX_PLACES):
        spans = _sentences(article, *found.span())
        if (spans[0][0], spans[-1][1]) == found.span():
            return found.start()
    return None


def _sentences(article: Article, start: int, end: int) -> list[Interval]:
    """The sentences that `article.text[start:end]` stands in, without the white space around them."""
    spans = sentences_around(article.text, start, end, article.language)
    return [_trimmed(article.text, *span) for span in spans]


def _trimmed(text: str, start: int, end: int) -> Interval:
    """`text[start:end]` without the white space around it."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
