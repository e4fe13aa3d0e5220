"""The server as tests hold it: all that there is, what the bot has broken, and a clock."""

import asyncio
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Self, TypeVar

from aiohttp import web

from tests.discord_loopback.gateway import Gateway
from tests.discord_loopback.interactions import Interaction
from tests.discord_loopback.people import Person
from tests.discord_loopback.process import Bot, launch
from tests.discord_loopback.rest import add_routes
from tests.discord_loopback.rules import Json
from tests.discord_loopback.troubles import Bucket, Fault
from tests.discord_loopback.world import MEMBER, Channel, Guild, Upload, User

T = TypeVar("T")


class Loopback:
    """Discord for one bot, on a free port of 127.0.0.1. At its end there must be no `violations`."""

    def __init__(self, heartbeat_interval: float = 0.5) -> None:
        self.token = "MTA.loopback.only-a-test-token"
        self.host: str = ""
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, User] = {}
        self.uploads: dict[int, Upload] = {}
        self.interactions: dict[int, Interaction] = {}
        self.commands: dict[str, Json] = {}
        self.syncs = 0
        self.requests: list[str] = []
        self.faults: list[tuple[str, list[Fault]]] = []
        self.disturbed: set[str] = set()
        self.buckets: defaultdict[tuple[str, str], Bucket] = defaultdict(Bucket)
        self.heard: list[str] = []
        self.violations: list[str] = []
        self.bots: list[Bot] = []
        self._changed = asyncio.Event()
        self.shifted, self._last_id = 0.0, 0
        self.gateway = Gateway(self, heartbeat_interval)
        self.dispatch = self.gateway.dispatch
        self.bot: User = User(self, "Dateline", bot=True)

    async def __aenter__(self) -> Self:
        app = web.Application()
        add_routes(app, self)
        app.router.add_get("/gw/", self.gateway.connect)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.host = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        for bot in self.bots:
            await bot.stop(signal.SIGKILL)
        self.gateway.drop()
        await self._runner.cleanup()
        assert kind is not None or self.violations == []

    async def start(
        self, *args: str, call: str = "bot.cli:main", env: Mapping[str, str] | None = None, ready: bool = True
    ) -> Bot:
        """Starts a bot in its own process, with DISCORD_TOKEN set, and waits until it has its guilds."""
        before = self.gateway.identifies
        process = await launch(self.host, call, *args, env={"DISCORD_TOKEN": self.token, **(env or {})})
        self.bots.append(bot := Bot(process, self._printed))

        def connected() -> bool:
            assert bot.process.returncode is None, "the bot has ended"
            return self.gateway.identifies > before and self.gateway.link is not None

        if ready:
            await self.until(connected, 120, "the bot is ready")
        return bot

    def guild(self, name: str = "Newsroom") -> Guild:
        """A new guild that the bot is in."""
        return Guild(self, name)

    def person(self, name: str, permissions: int = MEMBER, roles: Sequence[str] = (), bot: bool = False) -> Person:
        """Somebody with an account, and in the first guild with roles of these names."""
        return Person(
            self, name, bot, permissions, tuple(next(iter(self.guilds.values())).role(role) for role in roles)
        )

    @property
    def unanswered(self) -> list[Interaction]:
        """What people still see the bot thinking about."""
        return [one for one in self.interactions.values() if one.thinking]

    def fault(self, pattern: str, *faults: Fault) -> list[Fault]:
        """Lets these happen to the next calls like "PATCH /webhooks/*/messages/*", one each; those that are left."""
        self.faults.append((pattern, list(faults)))
        return self.faults[-1][1]

    def now(self) -> float:
        """Seconds; only differences mean anything. A test moves the clock forward by `shifted`."""
        return time.monotonic() + self.shifted

    def snowflake(self) -> int:
        """A new id: of this moment, and greater than every other."""
        self._last_id = max(self._last_id + 1, int((time.time() + self.shifted) * 1000 - 1_420_070_400_000) << 22)
        return self._last_id

    def beat(self) -> None:
        """Wakes whoever waits: something has changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, ready: Callable[[], T | None], timeout: float, what: str) -> T:
        """The first true value of `ready`. Raises AssertionError if there is none within `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := ready()):
                    await self._changed.wait()
                return value
        except (TimeoutError, AssertionError) as error:
            said = "\n".join([*self.violations, *(f"the bot printed:\n{bot.output}" for bot in self.bots)])
            raise AssertionError(f"{str(error) or f'not within {timeout} s: {what}'}\n{said}") from error

    def _printed(self, line: str) -> None:
        if any(token in line for token in (self.token, *(one.token for one in self.interactions.values()))):
            self.violations.append(f"a token was printed: {line}")
        self.beat()
