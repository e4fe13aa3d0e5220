"""Citations: made from spans, and checked against the stored text."""

from collections.abc import Mapping

from reader.types import Answer, Citation, Span
from retrieval.errors import CitationError
from retrieval.sentences import sentence_spans
from retrieval.types import Article


def cite(article: Article, span: Span) -> Citation:
    """The sentence, or the run of sentences, that `span` stands in, without the white space around it."""
    passage = span.hit.passage
    text = article.text[passage.start : passage.end]
    sentences = [
        (passage.start + start, passage.start + end)
        for start, end in sentence_spans(text, article.language)
        if passage.start + start < span.end and span.start < passage.start + end
    ]
    start, end = sentences[0][0], sentences[-1][1]
    quote = article.text[start:end]
    start += len(quote) - len(quote.lstrip())
    end -= len(quote) - len(quote.rstrip())
    return Citation(
        article_id=article.id,
        title=article.title,
        source=article.source,
        url=article.url,
        published=article.published,
        quote=article.text[start:end],
        quote_start=start,
        quote_end=end,
        answer_start=span.start,
        answer_end=span.end,
    )


def check(answer: Answer, stored: Mapping[str, Article]) -> None:
    """Raises CitationError unless every quote and every cited answer of `answer` is what `stored` says there.

    `stored` is the articles by id, read from the store now; the first citation of an answer holds its very words.
    """
    for item in answer.answers:
        for place, citation in enumerate(item.citations):
            article = stored.get(citation.article_id)
            if article is None or not _holds(citation, article, item.text if place == 0 else None):
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
