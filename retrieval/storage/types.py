"""What goes in and out of a store, beside the articles and passages of `retrieval.types`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from retrieval.types import FileContents, Passage


@dataclass(frozen=True, slots=True)
class Generation:
    """The manifest of one published state."""

    id: int
    created: datetime
    model: str
    fingerprint: str
    dimension: int
    passages: int


@dataclass(frozen=True, slots=True)
class Target:
    """What a generation is made with; `rebuild` if no earlier index file can be kept."""

    model: str
    fingerprint: str
    dimension: int
    rebuild: bool = False


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A version of a corpus file in a store; `stat` is what the file system said of it, None where that may mislead."""

    id: int
    content_hash: bytes
    stat: str | None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A version of a corpus file that a store has not yet."""

    path: str
    content_hash: bytes
    stat: str | None
    contents: FileContents


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that holds no article, and what the file system said of it when it was read."""

    stat: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Articles by what publishing will do to them."""

    added: int
    changed: int
    removed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts to embed, by hash; and about how many of all that wait are done after them, those of others included."""

    texts: Mapping[bytes, str]
    done: int


@dataclass(frozen=True, slots=True)
class Pending:
    """Texts that wait for a vector: how many, how many `passages` are among them, and `batches` of them.

    Between one batch and the next, the vectors of the first are to be put into the store.
    """

    texts: int
    passages: int
    batches: Iterator[Batch]


@dataclass(frozen=True, slots=True)
class Row:
    """A passage with the words that it is searched by; `day` is the UTC day of its article."""

    passage: Passage
    text: str
    heading: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages, `rows`, and their exact `vectors`, (n, dimension) float32, unit norm."""

    rows: tuple[Row, ...]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a store, and what mends it, as the text of an error says it."""

    problem: str
    mend: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at and what was found wrong with it; no findings: all is as it should be."""

    generation: int
    articles: int
    passages: int
    findings: tuple[Finding, ...]
