"""The models that the settings name: each once in a process, prepared, and loaded when it is needed."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from bot.settings import Settings
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.model import TransformersReader
from reader.prepare import prepared_reader
from retrieval.encoder import LazyEncoder, lazy_encoder
from retrieval.engine import is_compiled
from retrieval.progress import Progress
from retrieval.types import Precision


def encoder_of(settings: Settings, progress: Progress) -> LazyEncoder:
    """The encoder that the settings name, on disk by then; loaded when it is first needed. Raises ModelError."""
    folder = prepared_encoder(settings.encoder.model, progress, compiled=settings.engine.compiled)
    return _one_encoder(folder, settings.engine.precision)


@lru_cache(maxsize=1)
def _one_encoder(folder: Path, precision: Precision | None) -> LazyEncoder:
    """One for a whole process: a bot that asks and indexes does not hold it twice."""
    return lazy_encoder(folder, precision)


def reader_of(settings: Settings, progress: Progress) -> Callable[[], TransformersReader]:
    """What loads the reader, in any thread; it is on disk by then. Raises ModelError."""
    named, engine = settings.reader, settings.engine
    folder = prepared_reader(named.model, named.adapter, progress, compiled=engine.compiled)
    if is_compiled(folder):
        return lambda: _one_reader(folder, engine.precision)
    # at once: two threads that import PyTorch's libraries at a time find them half imported
    reader = _one_reader(folder, engine.precision)
    return lambda: reader


@lru_cache(maxsize=1)
def _one_reader(folder: Path, precision: Precision | None) -> TransformersReader:
    """One for a whole process: a bot that answers and follows does not hold it twice."""
    return TransformersReader.load(folder, precision)


def answerer_of(settings: Settings, reader: TransformersReader) -> Answerer:
    """What answers with this reader, as sure as the settings want it. Raises ModelError."""
    answers = settings.answers
    threshold = Threshold(answers.threshold, answers.unsure, answers.max_items)
    return Answerer(reader, Calibration.load(settings.reader.adapter), threshold)
