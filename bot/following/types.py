"""Followed questions, and what is new about them; no I/O.

somebody follows a question   it is answered, and the answer counts as reported
articles come in              those of their passages that are new are read for it
something new is said         it is reported once: it waits in the outbox until it is shown
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from reader.novelty import News, Statement
from retrieval.types import SearchFilter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asker:
    """A person in Discord who follows a question, and where they get its news (Discord's ids).

    `server` is None in a private conversation; `private`: they get it privately, wherever they asked.
    """

    person: int
    channel: int
    server: int | None
    private: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How many questions a person, and all of a server, may follow at once."""

    person: int
    server: int


@dataclass(frozen=True, slots=True)
class Followed:
    """A followed question. `by` is None for one of the command line; `followed` is in UTC.

    `generation` of the index is the one that it was last asked at. One that is `suspended` is no longer asked: its news
    cannot be delivered.
    """

    id: int
    question: str
    where: SearchFilter
    by: Asker | None
    followed: datetime
    generation: int
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class DueQuestion:
    """A followed question that is to be asked of passages that came after batch `batch`.

    `vector` is that of the question by the encoder `fingerprint`, little-endian float32; `scores` are those of the best
    passages so far, best first.
    """

    followed: Followed
    batch: int
    fingerprint: str
    vector: bytes
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The passages that a store holds, by id, which came later than what was asked for; each with its batch.

    `newest` is the batch of the last that came; `generation` the store's.
    """

    generation: int
    newest: int
    batches: dict[int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of asking a question: the best scores now, the answers reported so far, and documents of news."""

    scores: tuple[float, ...]
    told: tuple[Statement, ...] = ()
    news: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingNews:
    """News in the outbox, as it was found: a JSON document (`bot.following.documents`)."""

    id: int
    followed: Followed
    document: str


@dataclass(frozen=True, slots=True)
class Notice:
    """News that is ready to be shown: checked against the articles as they are now."""

    id: int
    followed: Followed
    news: News


@dataclass(frozen=True, slots=True)
class Claimed(Generic[T]):
    """News that one process has taken to show it: the name of the `message` that it becomes, at most 14 characters.

    `again` says that it was taken before, and may have been shown.
    """

    message: str
    again: bool
    news: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check did: how many questions it asked, how many pairs of a question and a new passage it scored, how many
    passages it read, and how many news it found."""

    questions: int = 0
    pairs: int = 0
    read: int = 0
    news: int = 0
