"""What the tests of intake share."""

from retrieval.intake.articles import parse
from retrieval.types import Article


def only(data: bytes | str, path: str) -> Article:
    """The one article of a file of which nothing is skipped."""
    contents = parse(data.encode() if isinstance(data, str) else data, path)
    assert contents.skipped == ()
    (intake,) = contents.intakes
    return intake.article


def said(article: Article) -> tuple[object, ...]:
    """What the article says about itself: title, source, address, date, language."""
    return article.title, article.source, article.url, article.published, article.language
