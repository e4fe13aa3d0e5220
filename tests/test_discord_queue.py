"""The queue: one worker, bounded, first come first served; nobody is forgotten, whatever happens to the others."""

import asyncio
import threading
from functools import partial
from typing import TypeVar

import pytest

from bot.discord.cooldowns import Cooldowns
from bot.discord.queue import Place, Queue
from bot.discord.refusals import ClosingError, OverdueError, QueueFullError, TooSoonError

ADA, BO = 1, 2

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


async def outcome(place: Place[T]) -> T:
    assert await place.settled(SOON)
    return place.done.result()


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.wait, SOON)


async def test_answers_come_in_order_from_one_thread() -> None:
    queue, told = Queue(10, SOON), list[int]()

    def work(number: int) -> str:
        told.append(number)
        return threading.current_thread().name

    places = [queue.join(partial(work, number)) for number in range(5)]
    names = {await outcome(place) for place in places}
    assert (told, len(names)) == ([0, 1, 2, 3, 4], 1)
    assert names != {threading.current_thread().name}


async def test_everybody_knows_how_many_are_ahead() -> None:
    queue, gates = Queue(10, SOON), [Gate(n) for n in range(3)]
    places = [queue.join(gate) for gate in gates]
    await entered(gates[0])
    assert [place.ahead for place in places] == [0, 1, 2]
    gates[0].open.set()
    await entered(gates[1])
    assert [place.ahead for place in places] == [0, 0, 1]
    assert queue.depth == 2
    gates[1].open.set()
    gates[2].open.set()
    assert [await outcome(place) for place in places] == [0, 1, 2]
    assert queue.depth == 0


async def test_one_more_than_may_wait_is_refused_at_once() -> None:
    queue, gate = Queue(2, SOON), Gate()
    running = queue.join(gate)
    await entered(gate)
    waiting = [queue.join(lambda: "late") for _ in range(2)]
    with pytest.raises(QueueFullError, match=r"\(2\)"):
        queue.join(lambda: "never")
    gate.open.set()
    await outcome(running)
    assert [await outcome(place) for place in waiting] == ["late", "late"]
    assert await outcome(queue.join(lambda: "again")) == "again"


async def test_what_one_raises_is_that_ones_alone() -> None:
    queue = Queue(10, SOON)

    def fails() -> object:
        raise ValueError("no")

    failing, fine = queue.join(fails), queue.join(lambda: "fine")
    with pytest.raises(ValueError, match="no"):
        await outcome(failing)
    assert await outcome(fine) == "fine"


async def test_what_no_future_takes_is_an_error_like_others() -> None:
    queue = Queue(10, SOON)
    failing, fine = queue.join(lambda: next(iter(()))), queue.join(lambda: "fine")
    with pytest.raises(RuntimeError, match="StopIteration"):
        await outcome(failing)
    assert await outcome(fine) == "fine"


async def test_a_time_limit_within_the_work_is_not_taken_for_waiting() -> None:
    def fails() -> str:
        raise TimeoutError("inside")

    place = Queue(1, SOON).join(fails)
    with pytest.raises(TimeoutError, match="inside"):
        await outcome(place)


async def test_who_waits_too_long_is_told_and_who_comes_later_is_answered() -> None:
    queue, gate = Queue(10, 0.5), Gate()
    for place in [queue.join(work) for work in (gate, Gate())]:
        with pytest.raises(OverdueError):
            await outcome(place)
    assert queue.depth == 1  # the thread is busy all the same
    gate.open.set()
    while queue.depth:
        await asyncio.sleep(0.01)
    assert await outcome(queue.join(lambda: "later")) == "later"


async def test_who_leaves_makes_room() -> None:
    queue, gate = Queue(1, SOON), Gate()
    queue.join(gate)
    await entered(gate)
    queue.join(lambda: "gone").leave()
    last = queue.join(lambda: "here")
    gate.open.set()
    assert await outcome(last) == "here"


async def test_closing_finishes_what_runs_and_tells_who_waits() -> None:
    queue, gate = Queue(10, SOON), Gate("finished")
    running, waiting = queue.join(gate), queue.join(lambda: "never")
    await entered(gate)
    closing = asyncio.create_task(queue.close())
    with pytest.raises(ClosingError):
        await outcome(waiting)
    assert not closing.done()
    with pytest.raises(ClosingError):
        queue.join(lambda: "never")
    gate.open.set()
    assert await outcome(running) == "finished"
    await asyncio.wait_for(closing, SOON)


async def test_closing_does_not_wait_for_ever() -> None:
    queue, gate = Queue(10, SOON), Gate()
    stuck = queue.join(gate)
    await entered(gate)
    await asyncio.wait_for(queue.close(seconds=0.05), SOON)
    with pytest.raises(ClosingError):
        await outcome(stuck)
    gate.open.set()


async def test_the_event_loop_stays_free_while_the_worker_is_busy() -> None:
    queue, gate = Queue(10, SOON), Gate()
    place = queue.join(gate)
    await entered(gate)
    turns = 0
    while turns < 100:  # each turn is one that a blocked loop would not have
        await asyncio.sleep(0)
        turns += 1
    assert not place.done.done()
    gate.open.set()
    await outcome(place)


def test_a_cooldown_is_of_each_key_and_ends() -> None:
    now = [100.0]
    cooldowns = Cooldowns("You", 10.0, lambda: now[0])
    cooldowns.check("news", ADA)
    cooldowns.start("news")
    with pytest.raises(TooSoonError, match="ask again in 10 seconds"):
        cooldowns.check("news", ADA)
    cooldowns.check("sport", ADA)
    now[0] += 9.5
    with pytest.raises(TooSoonError, match="in 1 second\\."):
        cooldowns.check("news", ADA)
    now[0] += 0.5
    cooldowns.check("news", ADA)


def test_a_refusal_knows_whether_the_person_has_heard_it() -> None:
    def heard(person: int) -> bool:
        with pytest.raises(TooSoonError) as refused:
            cooldowns.check("news", person)
        return refused.value.again

    cooldowns = Cooldowns("This channel", 10.0, lambda: 0.0)
    cooldowns.start("news")
    assert [heard(ADA), heard(ADA), heard(BO), heard(ADA), heard(BO)] == [False, True, False, True, True]
    cooldowns.start("news")
    assert not heard(ADA)


def test_a_cooldown_remembers_nobody_longer_than_it_must() -> None:
    now = [0.0]
    cooldowns = Cooldowns("You", 10.0, lambda: now[0])
    for person in range(1000):
        cooldowns.start(person)
        with pytest.raises(TooSoonError):
            cooldowns.check(person, person)
    now[0] = 11.0
    cooldowns.check("somebody", ADA)
    assert not cooldowns._last and not cooldowns._told
    none = Cooldowns("You", 0.0, lambda: now[0])
    none.start("news")
    none.check("news", ADA)
