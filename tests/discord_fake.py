"""`bot.assistant` without models, as the Discord bot needs it: `tests.fakes`, and what that lacks.

`main` runs the real command with it, `quick` with the real assistant. The first word of a question may be one of
`fakes`, or "hold": the worker then waits until the file $FAKE_GATE is there. $FAKE_SECONDS is how long every answer
takes, $FAKE_HEARTBEAT for how long heartbeats may stay unacknowledged.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from bot.settings import Settings
from reader.types import Answer
from retrieval.adding import AddReport
from retrieval.adding import add as add_to_corpus
from retrieval.errors import BusyError, NoIndexError, StoreError
from retrieval.fetch import FetchLimits
from retrieval.progress import Progress
from retrieval.types import EVERYTHING, Article, IndexReport, SearchFilter, Skipped, StoreStatus, Turn
from tests import fakes

LOOK_SECONDS = 0.2


class Assistant(fakes.Assistant):
    """Answers as `fakes.Assistant` does."""

    @classmethod
    def open(cls, settings: Settings, progress: Progress) -> "Assistant":
        """There is no index if the storage folder is called "none"."""
        if settings.storage.path.name == "none":
            raise NoIndexError(settings.storage.path)
        return cls()

    def ask(
        self,
        question: str,
        where: SearchFilter = EVERYTHING,
        k: int | None = None,
        as_of: date | None = None,
        conversation: Sequence[Turn] = (),
    ) -> Answer:
        """Raises what `fakes.answer` does."""
        time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
        while question.startswith("hold") and not Path(os.environ["FAKE_GATE"]).exists():
            time.sleep(0.01)
        return super().ask(question, where, k, as_of, conversation)

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """Those of `fakes.ARTICLES`."""
        return {id: fakes.ARTICLES[id] for id in ids if id in fakes.ARTICLES}


class Indexer:
    """Indexes nothing: 40 passages, each taking $FAKE_SECONDS; skips one file of the corpus folder.

    Each refresh publishes the next generation.
    """

    generation = 1

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @classmethod
    def open(cls, settings: Settings, progress: Progress) -> "Indexer":
        """Needs nothing."""
        return cls(settings)

    def refresh(self, progress: Progress, full: bool = False, on_notice: Callable[[str], None] = print) -> IndexReport:
        """Raises BusyError if the corpus folder holds a file "busy"."""
        corpus = self._settings.corpus.path
        if (corpus / "busy").exists():
            raise BusyError("Another process is writing to %s; wait until it is done.", self._settings.storage.path)
        with progress("Embedding passages", 40) as advance:
            for _ in range(40):
                time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
                advance(1)
        Indexer.generation += 1
        return IndexReport(
            Indexer.generation, 1, 0, 0, 2, (Skipped(str(corpus / "bad.txt"), "is empty"),), 42, 40, 2, 0.1
        )


def add_articles(settings: Settings, names: Sequence[str]) -> AddReport:
    """The real adding."""
    fetch = settings.fetch
    limits = FetchLimits(fetch.timeout_seconds, fetch.max_megabytes, fetch.private_addresses)
    return add_to_corpus(settings.corpus.path, names, limits)


def open_checker(settings: Settings, questions: object, progress: Progress) -> NoReturn:
    """Questions are followed by the real assistant only."""
    raise StoreError("Questions cannot be followed here; use the real assistant.")


def store_status(settings: Settings) -> StoreStatus:
    """See `fakes.store_status`."""
    return fakes.store_status(settings)


def main(arguments: Sequence[str]) -> int:
    """Runs `dateline` with this module in the place of `bot.assistant`."""
    sys.modules["bot.assistant"] = sys.modules[__name__]
    from bot.cli import main as dateline
    from bot.discord import client

    client.HEARTBEAT_SECONDS = float(os.environ.get("FAKE_HEARTBEAT", client.HEARTBEAT_SECONDS))
    return dateline(arguments)


def quick(arguments: Sequence[str]) -> int:
    """Runs `dateline`; its bot looks for new generations every `LOOK_SECONDS`."""
    from bot.cli import main as dateline
    from bot.discord import following

    following.LOOK_SECONDS = LOOK_SECONDS
    return dateline(arguments)
