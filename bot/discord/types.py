"""What a Discord message shows, and what the bot stores of an answer; no discord.py here.

Offsets are code-point indices into `Article.text`, end exclusive. Times are in UTC.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.discord.text import units
from retrieval.types import Article, SearchFilter, Turn

Tone = Literal["answer", "unsure", "differing", "none", "notice"]
COLOURS: dict[Tone, int] = {
    "answer": 0x2F6FDE,
    "unsure": 0xFEE75C,
    "differing": 0xC27C0E,
    "none": 0x747F8D,
    "notice": 0x747F8D,
}
MAX_TITLE = 256
MAX_DESCRIPTION = 4096
MAX_FIELDS = 25
MAX_NAME = 256
MAX_VALUE = 1024
MAX_FOOTER = 2048
MAX_CARD = 6000


@dataclass(frozen=True, slots=True)
class Field:
    """A name and a value below it, both Discord's markdown; `inline` ones stand side by side where there is room.

    Neither is empty; at most `MAX_NAME` and `MAX_VALUE` units.
    """

    name: str
    value: str
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """What becomes one embed. Title, description and fields are Discord's markdown, the footer is text as it is.

    Every card that is made here keeps within Discord's limits, in UTF-16 code units: `MAX_TITLE`, `MAX_DESCRIPTION`,
    `MAX_FIELDS`, `MAX_FOOTER`, and `size` within `MAX_CARD`. `tone` chooses the colour.
    """

    title: str
    description: str
    tone: Tone
    fields: tuple[Field, ...] = ()
    footer: str = ""
    url: str | None = None

    @property
    def size(self) -> int:
        """What Discord adds up over a message, in UTF-16 code units: all of the text, and not the link."""
        texts = [self.title, self.description, self.footer]
        return sum(units(text) for text in texts) + sum(units(each.name) + units(each.value) for each in self.fields)


@dataclass(frozen=True, slots=True)
class Cited:
    """Where a cited answer is: `article.text[start:end]`."""

    article_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """A passage that was read: `article.text[start:end]`; `score` orders them, higher is better.

    `digest` is of the passage's text then: the article may have changed since.
    """

    article_id: str
    start: int
    end: int
    score: float
    digest: bytes

    def is_unchanged_in(self, article: Article) -> bool:
        """Whether the article still has the text that was read there."""
        return article.id == self.article_id and digest(article.text[self.start : self.end]) == self.digest


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given, without the articles' text. `places` are the evidence, best first."""

    question: str
    where: SearchFilter
    answers: tuple[str, ...]
    places: tuple[Place, ...]
    cited: tuple[Cited, ...]

    @property
    def turn(self) -> Turn:
        """The answer as a turn of a conversation, for the questions after it."""
        cited = sorted({each.article_id for each in self.cited})
        return Turn(self.question, self.answers, tuple(cited))


@dataclass(frozen=True, slots=True)
class Rating:
    """How many people call an answer good and bad. Of a `private` answer nobody else is shown the question."""

    ups: int
    downs: int
    private: bool


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer that somebody called bad; `voted` (UTC) is the last vote on it, `answers` are its texts."""

    id: str
    question: str
    answers: tuple[str, ...]
    generation: int
    ups: int
    downs: int
    voted: datetime


def digest(text: str) -> bytes:
    """A hash by which a passage that has changed is recognised."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
