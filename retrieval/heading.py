"""The heading of an article: what tells its passages apart from those of another article."""

from datetime import date

from retrieval.sentences import sentence_spans
from retrieval.types import Article

LEAD_WORDS = 60


def heading(article: Article) -> str:
    """Title and date, or, where there is no title, the lead sentence and the date; one line.

    It goes in front of every passage, for the encoder and for the reader, because a passage deep in an article rarely
    repeats where and when it all happened. It is context only: no answer is ever taken from it.

        title "Talks in Antalya", published 2022-03-10        -> "Talks in Antalya (10 March 2022)"
        no title, text "The two met in Oslo. They ...", no date -> "The two met in Oslo."
    """
    subject = " ".join(article.title.split()) if article.title else lead(article)
    if article.published is None:
        return subject
    published = day(article.published)
    return f"{subject} ({published})" if subject else published


def day(when: date) -> str:
    """date(2022, 3, 10) -> "10 March 2022"."""
    return f"{when.day} {when:%B %Y}"


def lead(article: Article) -> str:
    """The first sentence of the article on one line, cut after `LEAD_WORDS` words."""
    opening = article.text[: LEAD_WORDS * 20].lstrip()
    if not opening:
        return ""
    start, end = sentence_spans(opening, article.language)[0]
    return " ".join(opening[start:end].split()[:LEAD_WORDS])
