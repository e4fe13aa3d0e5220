"""The shipped models and a throw-away store, put together for the benchmarks."""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from evaluation.commands import ADAPTER, MAX_ITEMS, THRESHOLD, UNSURE
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.model import TransformersReader
from reader.prepare import prepared_reader
from reader.types import Reader
from retrieval.encoder import Encoder, load_encoder, prepared_encoder
from retrieval.models import ENCODER, READER_BASE
from retrieval.progress import Progress, silent
from retrieval.refresh import STAGE_BATCH, refresh
from retrieval.search import Retriever
from retrieval.storage.embedding import embed_missing
from retrieval.storage.local import LocalStore
from retrieval.storage.staging import digest
from retrieval.storage.store import Store
from retrieval.storage.types import NewFile, Target
from retrieval.storage.writing import Writer
from retrieval.types import Article, FileContents, Intake


def shipped_encoder(*, compiled: bool = True) -> Encoder:
    """The default encoder."""
    return load_encoder(prepared_encoder(ENCODER, silent, compiled=compiled))


def shipped_reader(adapter: Path = ADAPTER, *, compiled: bool = True) -> TransformersReader:
    """The default reader, or the default base with another adapter."""
    return TransformersReader.load(prepared_reader(READER_BASE, adapter, silent, compiled=compiled))


def shipped_answerer(reader: Reader) -> Answerer:
    """Answers as the chat and the bot do, by default."""
    return Answerer(reader, Calibration.load(), Threshold(THRESHOLD, UNSURE, MAX_ITEMS))


def dateline(config: Path, settings: Mapping[str, str | bool], *arguments: str) -> list[str]:
    """The command line of `dateline` with settings such as {"corpus.path": "/news"}, written into the file `config`."""
    config.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items()), encoding="utf-8")
    return [sys.executable, "-m", "bot", *arguments, "--config", str(config)]


@contextmanager
def indexed(corpus: Path, encoder: Encoder) -> Iterator[Retriever]:
    """A search over the articles in `corpus`, indexed from nothing; gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        store = LocalStore(Path(folder))
        refresh(corpus, store, encoder, ENCODER)
        yield Retriever.open(store, encoder)


def fill(
    store: Store, articles: Iterable[Article], encoder: Encoder, model: str = ENCODER, progress: Progress = silent
) -> None:
    """Publishes `articles` in a store that has none but these: no files are read.

    What a run that was interrupted has left there is used. Raises BusyError, StoreError.
    """
    with store.writer() as writer:
        stored = {(path, each.content_hash) for live in (True, False) for path, each in writer.files(live=live).items()}
        stage(writer, (article for article in articles if (article.path, digest(article)) not in stored))
        if not writer.files(live=False):
            return
        embed_missing(writer, encoder, all_files=False, leaving=(), reembed=False, progress=progress)
        writer.publish(Target(model, encoder.fingerprint, encoder.dimension), (), progress)


def stage(writer: Writer, articles: Iterable[Article]) -> None:
    """Stages articles that come from no file. Raises StoreError."""
    left = iter(articles)
    while batch := list(islice(left, STAGE_BATCH)):
        with writer.transaction():
            writer.stage(
                NewFile(each.path, digest(each), None, FileContents((Intake(each, ()),), ())) for each in batch
            )
