"""The queue: whatever happens to one, nobody else is forgotten. How people wait is tested in `tests.discord_wire`."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from bot.discord.queue import Queue

pytestmark = pytest.mark.anyio
SOON = 5.0


def fails(error: Exception) -> Callable[[], object]:
    def work() -> object:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ValueError("no"), ValueError, "no"),
        # within the work, not of waiting for it
        (TimeoutError("inside"), TimeoutError, "inside"),
        # no future takes one
        (StopIteration(), RuntimeError, "StopIteration"),
    ],
    ids=str,
)
async def test_what_one_raises_is_that_ones_alone(error: Exception, kind: type[Exception], said: str) -> None:
    queue = Queue(10)
    failing, fine = queue.submit(fails(error)), queue.submit(lambda: "fine")
    with pytest.raises(kind, match=said):
        await asyncio.wait_for(failing, SOON)
    assert await asyncio.wait_for(fine, SOON) == "fine"


async def test_who_leaves_makes_room() -> None:
    queue, let = Queue(1), threading.Event()
    queue.submit(lambda: let.wait(SOON))
    queue.submit(lambda: False).cancel()
    while queue.depth > 1:
        await asyncio.sleep(0)
    last = queue.submit(lambda: True)
    let.set()
    assert await asyncio.wait_for(last, SOON)


async def test_closing_does_not_wait_for_ever() -> None:
    queue, began, let = Queue(10), threading.Event(), threading.Event()

    def hang() -> None:
        began.set()
        let.wait(SOON)

    stuck = queue.submit(hang)
    assert await asyncio.to_thread(began.wait, SOON)
    await asyncio.wait_for(queue.close(seconds=0.05), SOON)
    with pytest.raises(asyncio.CancelledError):
        await stuck
    let.set()
