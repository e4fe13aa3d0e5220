"""The queue: one worker, bounded, first come first served; nobody is forgotten, whatever happens to the others."""

import asyncio
import threading
from functools import partial
from typing import TypeVar

import pytest

from bot.discord.queue import Queue
from bot.discord.refusals import ClosingError, QueueFullError

pytestmark = pytest.mark.anyio
SOON = 5.0
T = TypeVar("T")


class Gate:
    """Work that waits until it is let through, in the worker's thread."""

    def __init__(self, value: object = None) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.value = value
        self.thread: str | None = None

    def __call__(self) -> object:
        self.thread = threading.current_thread().name
        self.entered.set()
        assert self.open.wait(SOON)
        return self.value


async def outcome(future: "asyncio.Future[T]") -> T:
    await asyncio.wait({future}, timeout=SOON)
    assert future.done()
    return future.result()


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.wait, SOON)


async def test_answers_come_in_order_from_one_thread() -> None:
    queue, told = Queue(10), list[int]()

    def work(number: int) -> str:
        told.append(number)
        return threading.current_thread().name

    places = [queue.submit(partial(work, number)) for number in range(5)]
    names = {await outcome(place) for place in places}
    assert (told, len(names)) == ([0, 1, 2, 3, 4], 1)
    assert names != {threading.current_thread().name}


async def test_everybody_knows_how_many_are_ahead() -> None:
    queue, gates = Queue(10), [Gate(n) for n in range(3)]
    places = [queue.submit(gate) for gate in gates]
    await entered(gates[0])
    assert [queue.ahead(place) for place in places] == [0, 1, 2]
    gates[0].open.set()
    await entered(gates[1])
    assert [queue.ahead(place) for place in places] == [0, 0, 1]
    assert queue.depth == 2
    gates[1].open.set()
    gates[2].open.set()
    assert [await outcome(place) for place in places] == [0, 1, 2]
    assert queue.depth == 0


async def test_one_more_than_may_wait_is_refused_at_once() -> None:
    queue, gate = Queue(2), Gate()
    running = queue.submit(gate)
    await entered(gate)
    waiting = [queue.submit(lambda: "late") for _ in range(2)]
    with pytest.raises(QueueFullError, match=r"\(2\)"):
        queue.submit(lambda: "never")
    gate.open.set()
    await outcome(running)
    assert [await outcome(place) for place in waiting] == ["late", "late"]
    assert await outcome(queue.submit(lambda: "again")) == "again"


async def test_what_one_raises_is_that_ones_alone() -> None:
    queue = Queue(10)

    def fails() -> object:
        raise ValueError("no")

    failing, fine = queue.submit(fails), queue.submit(lambda: "fine")
    with pytest.raises(ValueError, match="no"):
        await outcome(failing)
    assert await outcome(fine) == "fine"


async def test_what_no_future_takes_is_an_error_like_others() -> None:
    queue = Queue(10)
    failing, fine = queue.submit(lambda: next(iter(()))), queue.submit(lambda: "fine")
    with pytest.raises(RuntimeError, match="StopIteration"):
        await outcome(failing)
    assert await outcome(fine) == "fine"


async def test_a_time_limit_within_the_work_is_not_taken_for_waiting() -> None:
    def fails() -> str:
        raise TimeoutError("inside")

    place = Queue(1).submit(fails)
    with pytest.raises(TimeoutError, match="inside"):
        await outcome(place)


async def test_who_leaves_makes_room() -> None:
    queue, gate = Queue(1), Gate()
    queue.submit(gate)
    await entered(gate)
    queue.submit(lambda: "gone").cancel()
    while queue.depth > 1:
        await asyncio.sleep(0)
    last = queue.submit(lambda: "here")
    gate.open.set()
    assert await outcome(last) == "here"


async def test_closing_finishes_what_runs_and_tells_who_waits() -> None:
    queue, gate = Queue(10), Gate("finished")
    running, waiting = queue.submit(gate), queue.submit(lambda: "never")
    await entered(gate)
    closing = asyncio.create_task(queue.close())
    with pytest.raises(asyncio.CancelledError):
        await outcome(waiting)
    assert not closing.done()
    with pytest.raises(ClosingError):
        queue.submit(lambda: "never")
    gate.open.set()
    assert await outcome(running) == "finished"
    await asyncio.wait_for(closing, SOON)


async def test_closing_does_not_wait_for_ever() -> None:
    queue, gate = Queue(10), Gate()
    stuck = queue.submit(gate)
    await entered(gate)
    await asyncio.wait_for(queue.close(seconds=0.05), SOON)
    with pytest.raises(asyncio.CancelledError):
        await outcome(stuck)
    gate.open.set()


async def test_the_event_loop_stays_free_while_the_worker_is_busy() -> None:
    queue, gate = Queue(10), Gate()
    place = queue.submit(gate)
    await entered(gate)
    turns = 0
    while turns < 100:  # each turn is one that a blocked loop would not have
        await asyncio.sleep(0)
        turns += 1
    assert not place.done()
    gate.open.set()
    await outcome(place)
