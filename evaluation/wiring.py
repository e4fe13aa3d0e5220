"""The shipped models and a throw-away store, put together for the benchmarks."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reader.model import TransformersReader
from reader.prepare import prepared_reader
from retrieval.encoder import Encoder, SentenceTransformerEncoder
from retrieval.models import ENCODER, READER_BASE, resolve
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.store import Store

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "corpus"
ADAPTER = ROOT / "reader" / "weights"


def shipped_encoder() -> Encoder:
    """The default encoder."""
    return SentenceTransformerEncoder.load(resolve(ENCODER, silent))


def shipped_reader(adapter: Path = ADAPTER) -> TransformersReader:
    """The default reader, or the default base with another adapter."""
    return TransformersReader.load(prepared_reader(READER_BASE, adapter, silent))


@contextmanager
def indexed(corpus: Path, encoder: Encoder) -> Iterator[Retriever]:
    """A search over the articles in `corpus`, indexed from nothing; gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="dateline-") as folder:
        store = Store(Path(folder))
        refresh(corpus, store, encoder, ENCODER)
        yield Retriever.open(store, encoder)
