"""How long-running work reports its progress."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

SECONDS = 5.0  # between two lines of `on_stderr`


class Progress(Protocol):
    """Opens one task of `total` units; the function it yields is called with the number of units just done."""

    def __call__(self, task: str, total: int) -> AbstractContextManager[Callable[[int], None]]: ...


@contextmanager
def silent(task: str, total: int) -> Iterator[Callable[[int], None]]:
    """A `Progress` that shows nothing."""
    yield lambda done: None


@contextmanager
def on_stderr(task: str, total: int) -> Iterator[Callable[[int], None]]:
    """A `Progress` that writes a line every few seconds, and one at the end."""
    done, told = 0, time.monotonic()

    def advance(count: int) -> None:
        nonlocal done, told
        done += count
        if time.monotonic() - told >= SECONDS or done >= total:
            told = time.monotonic()
            print(f"{task}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    yield advance
