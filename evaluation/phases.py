"""What a run of the index costs, phase by phase, in seconds and in memory; and an encoder that costs nothing."""

import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.encoder import Encoder
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


def peak_bytes() -> int:
    """The most memory of this process that was resident since `reset_peak`, or, where that is not to be had, ever.

    Shared libraries count, and so do pages of files that are mapped; what the system caches of other files does not.
    """
    if _STATUS.exists():
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        if "VmHWM" in lines:
            return int(lines["VmHWM"].split()[0]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def reset_peak() -> None:
    """From now on, `peak_bytes` means from now on (proc(5): clear_refs); does nothing where there is no such thing."""
    try:
        _RESET.write_text("5")
    except OSError:
        return


def as_json(document: object) -> str:
    """One line of JSON."""
    return json.dumps(document, ensure_ascii=False)


def share(values: Sequence[float], part: float) -> float:
    """The value that `part` of the values do not exceed: 0.5 for the median, 1 for the greatest."""
    return float(np.quantile(values, part, method="higher"))


def show_phases(run: Run) -> None:
    """A line for each phase: the seconds, and their share."""
    for phase in run.phases:
        print(f"  {phase.name:28}{phase.seconds:12.2f}{phase.seconds / run.seconds:10.0%}")
    print(f"  {'all':28}{run.seconds:12.2f}{1:10.0%}")
