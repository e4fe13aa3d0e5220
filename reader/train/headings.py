"""Headings for training passages, made as in use, but never so regular that the reader leans on them."""

import random
import re
from datetime import UTC, datetime, timedelta

from reader.train.data import Paragraph
from retrieval.heading import heading
from retrieval.types import Article

_NO_TITLE = re.compile(r"\w+:\d+|(?:nfl|history)_\d+|Amazon_Reviews_\d+|Filtered_Reddit_Comments|[a-z0-9]{20}")
_FIRST_DAY = datetime(1995, 1, 1, tzinfo=UTC)
_DAYS = 365 * 30


def real_title(paragraph: Paragraph) -> str:
    """The title of the article that a paragraph is from; empty where the file has but an id ("nfl_1184")."""
    return "" if _NO_TITLE.fullmatch(paragraph.title) else paragraph.title.replace("_", " ")


def random_day(rng: random.Random) -> datetime:
    """A day between 1995 and 2024."""
    return _FIRST_DAY + timedelta(days=rng.randrange(_DAYS))


def compose(title: str, text: str, day: datetime | None) -> str:
    """What `retrieval.heading.heading` says of an article with this title, text and date."""
    return heading(Article("", title, None, None, day, None, "", text))


def draw(paragraph: Paragraph, rng: random.Random, real: float = 0.6) -> str:
    """A heading for a paragraph: with the chance `real` its title (where it has one), else its first sentence or no
    subject; with its date in front, or where the file tells none, with a random one every second time."""
    day = paragraph.published
    if day is None and rng.random() < 0.5:
        day = random_day(rng)
    kind = rng.random()
    title = real_title(paragraph)
    if kind < real and title:
        return compose(title, "", day)
    if kind < (1 + real) / 2:
        return compose("", paragraph.text, day)
    return compose("", "", day)
