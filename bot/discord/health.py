"""How the bot is doing, for monitoring: /health and /metrics, on this machine only."""

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from retrieval.errors import ConfigError, reason

HOST = "127.0.0.1"
LOOKING_SECONDS = 5.0
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600)


class Health:
    """Counts what happens; each instance has its own registry. Not to be used from several threads at once.

    `clock` gives seconds since 1970; `ready` and `depth` are asked when somebody looks.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.ready: Callable[[], bool] = lambda: False
        self.depth: Callable[[], int] = lambda: 0
        self.generation = 0
        self.last_answer: float | None = None
        self.registry = CollectorRegistry()
        self._questions = Counter("dateline_questions", "Questions by outcome.", ["outcome"], registry=self.registry)
        says = "Seconds from a question to its answer."
        self._waiting = Histogram("dateline_waiting_seconds", says, registry=self.registry, buckets=SECONDS)
        self._votes = Counter("dateline_votes", "Votes on answers.", ["vote"], registry=self.registry)
        self._gauge("ready", "Whether questions are taken.", lambda: self.ready())
        self._gauge("queue_depth", "Questions that wait or are being answered.", lambda: self.depth())
        self._gauge("generation", "Generation of the index that was seen last.", lambda: self.generation)
        says = "When a question was answered last, 0 before the first."
        self._gauge("last_answer_timestamp_seconds", says, lambda: self.last_answer or 0)

    def _gauge(self, name: str, says: str, value: Callable[[], float]) -> None:
        Gauge(f"dateline_{name}", says, registry=self.registry).set_function(value)

    def answered(self, outcome: str, seconds: float, generation: int) -> None:
        """A question was answered; `outcome` is the kind of the answer, or "unsure"."""
        self._questions.labels(outcome).inc()
        self._waiting.observe(seconds)
        self.seen(generation)
        self.last_answer = self._clock()

    def seen(self, generation: int) -> None:
        """A generation of the index was read, or published; the newest is shown."""
        self.generation = max(self.generation, generation)

    def unanswered(self, outcome: str) -> None:
        """A question was refused, or failed."""
        self._questions.labels(outcome).inc()

    def voted(self, good: bool) -> None:
        """Somebody rated an answer."""
        self._votes.labels("good" if good else "bad").inc()

    def document(self) -> str:
        """What /health says, as JSON; `last_answer` in seconds since 1970, null before the first."""
        state = {"ready": self.ready(), "queue": self.depth(), "generation": self.generation}
        return json.dumps({**state, "last_answer": self.last_answer})


async def answers(port: int) -> bool:
    """Whether a bot answers on `port` of this machine already."""
    try:
        async with (
            ClientSession(timeout=ClientTimeout(LOOKING_SECONDS)) as session,
            session.get(f"http://{HOST}:{port}/health") as response,
        ):
            document = await response.json()
    except (ClientError, TimeoutError, ValueError):
        return False
    return isinstance(document, dict) and {"ready", "queue", "generation"} <= document.keys()


@asynccontextmanager
async def serve_health(health: Health, port: int) -> AsyncIterator[None]:
    """Answers on `port` of this machine meanwhile, unless it is 0. Raises ConfigError if the port is taken."""
    if not port:
        yield
        return

    async def state(request: web.Request) -> web.Response:
        return web.json_response(text=health.document(), status=200 if health.ready() else 503)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(health.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/health", state), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError as error:
            raise ConfigError(
                f"[discord] health_port is {port}, which cannot be listened on ({reason(error)}); set another, or 0."
            ) from error
        yield
    finally:
        await runner.cleanup()
