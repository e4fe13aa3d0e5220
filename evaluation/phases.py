"""What things cost: waits, memory, a run of the index phase by phase; and an encoder that costs nothing."""

import hashlib
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
from retrieval.errors import DatelineError
from retrieval.refresh import refresh
from retrieval.storage.store import Store
from retrieval.types import IndexReport

READING, EMBEDDING, COMPARING = "Reading articles", "Embedding passages", "Comparing articles"
# what a refresh does after each of its tasks, which it does not report as one; None: before the first
BETWEEN = {
    None: "Finding files",
    READING: "Listing what to embed",
    EMBEDDING: "Checking, deleting",
    COMPARING: "Writing the index",
}
_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")

P = ParamSpec("P")
T = TypeVar("T")


def in_fresh_process(work: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What `work` returns, in a process of its own, whose memory is that of nothing else.

    Raises DatelineError if it is killed, as for want of memory.
    """
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        try:
            return process.submit(work, *args, **options).result()
        except BrokenProcessPool as error:
            raise DatelineError("A process was killed before it was done; see whether the memory is enough.") from error


def share(values: Sequence[float], part: float) -> float:
    """The value that `part` of the values do not exceed: 0.5 for the median, 1 for the greatest."""
    return float(np.quantile(values, part, method="higher"))


@dataclass(frozen=True, slots=True)
class Wait:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Wait":
        """Of one measurement or more."""
        return cls(*(1000 * share(seconds, part) for part in (0.5, 0.95, 0.99)))


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run: wall-clock `seconds`, and the most memory that was resident in it (see `peak_bytes`)."""

    name: str
    seconds: float
    peak: int


class Phases:
    """A `Progress` that takes the time of each task, and of what comes between them."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._name = BETWEEN[None]
        reset_peak()
        self._began = time.perf_counter()

    @contextmanager
    def __call__(self, task: str, total: int) -> Iterator[Callable[[int], None]]:
        self._next(task)
        yield lambda done: None
        self._next(BETWEEN[task])

    def end(self) -> None:
        """Ends the last phase."""
        self._next("")

    def _next(self, name: str) -> None:
        now = time.perf_counter()
        self.phases.append(Phase(self._name, now - self._began, peak_bytes()))
        reset_peak()
        self._name, self._began = name, time.perf_counter()


@dataclass(frozen=True, slots=True)
class Run:
    """A refresh: what it says it did, its wall-clock `seconds`, and where they went."""

    report: IndexReport
    seconds: float
    phases: tuple[Phase, ...]

    def spent(self, *names: str) -> float:
        """The seconds of the phases of these names."""
        return sum(phase.seconds for phase in self.phases if phase.name in names)

    @property
    def peak(self) -> int:
        """The most memory that was resident at any moment of the run, in bytes."""
        return max(phase.peak for phase in self.phases)


def run(corpus: Path, store: Store, encoder: Encoder, model: str) -> Run:
    """A refresh, timed."""
    phases = Phases()
    began = time.perf_counter()
    report = refresh(corpus, store, encoder, model, progress=phases)
    seconds = time.perf_counter() - began
    phases.end()
    return Run(report, seconds, tuple(phases.phases))


class RandomEncoder:
    """An `Encoder` that gives each text a pseudo-random unit vector of its own, in about 15 microseconds.

    For what does not depend on what the vectors are: reading, storing, publishing. With the `fingerprint` of a real
    encoder, its vectors pass for that one's.
    """

    def __init__(self, fingerprint: str = "stand-in", dimension: int = 384) -> None:
        self.fingerprint = fingerprint
        self.dimension = dimension

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
            np.random.default_rng(seed).standard_normal(out=row, dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def status_bytes() -> dict[str, int]:
    """What Linux says of the memory of this process, in bytes (proc(5): status); empty where there is no such thing."""
    lines = _STATUS.read_text().splitlines() if _STATUS.exists() else []
    sizes = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(size) * 1024 for name, size, _ in sizes}


def peak_bytes() -> int:
    """The most memory of this process that was resident since `reset_peak`, or, where that is not to be had, ever.

    Shared libraries count, and so do pages of files that are mapped; what the system caches of other files does not.
    """
    if peak := status_bytes().get("VmHWM"):
        return peak
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def reset_peak() -> None:
    """From now on, `peak_bytes` means from now on (proc(5): clear_refs); does nothing where there is no such thing."""
    try:
        _RESET.write_text("5")
    except OSError:
        return
