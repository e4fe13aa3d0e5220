"""The server as tests hold it: everything that people do, and everything that happens to the bot."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from tests.discord_loopback.faults import Fault, Plan
from tests.discord_loopback.gateway import INVALID, RECONNECT, Gateway, Heartbeat, Session, bare
from tests.discord_loopback.interactions import Interaction
from tests.discord_loopback.limits import Limits
from tests.discord_loopback.people import Person, newcomer
from tests.discord_loopback.process import Bot
from tests.discord_loopback.pulse import Clock, Pulse
from tests.discord_loopback.rest import Rest
from tests.discord_loopback.rules import Json, Rule, Violation
from tests.discord_loopback.state import State
from tests.discord_loopback.world import MEMBER, Guild, User

T = TypeVar("T")


class Loopback:
    """Discord for one bot, on a free port of 127.0.0.1.

    `deadline` and `token_life` are Discord's 3 s and 15 min; `heartbeat_interval` is what the bot is told (Discord says
    41.25 s; short ones show a blocked loop); `privileged_intents` are those that the application may have. `limits`
    are Discord's rate limits on messages; False lifts them.
    """

    def __init__(
        self,
        *,
        token: str = "MTA.loopback.only-a-test-token",
        deadline: float = 3.0,
        token_life: float = 900.0,
        heartbeat_interval: float = 0.5,
        privileged_intents: int = 0,
        attachment_size_limit: int = 10 * 1024 * 1024,
        limits: bool = True,
    ) -> None:
        clock, self.pulse = Clock(), Pulse()
        self.bot = User(clock.snowflake(), "Dateline", bot=True)
        self.state = State(token, deadline, token_life, attachment_size_limit, self.pulse, clock, self.bot)
        self.state.users[self.bot.id] = self.bot
        self.gateway = Gateway(
            self.state, heartbeat_interval, privileged_intents, lambda: f"ws://127.0.0.1:{self.port}/gw/"
        )
        self.state.dispatch = self.gateway.dispatch
        self.pulse.explain = self._explain
        self._limits = Limits(self.state) if limits else None
        self.port = 0
        self.bots: list[Bot] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        rest = Rest(self.state, self.gateway.url)
        limits = [self._limits.guard] if self._limits is not None else []
        app = web.Application(middlewares=[*limits, rest.guard], client_max_size=64 * 1024 * 1024)
        rest.add_routes(app)
        app.router.add_get("/gw/", self.gateway.connect)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        self.state.base = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bot in self.bots:
            await bot.kill()
        self.drop_socket()
        if self._runner is not None:
            await self._runner.cleanup()

    async def start(
        self,
        *args: str,
        call: str = "bot.cli:main",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        ready: bool = True,
        timeout: float = 60.0,
    ) -> Bot:
        """Starts a bot in its own process, with DISCORD_TOKEN set, and waits until it has its guilds."""
        before = self.gateway.identifies
        env = {"DISCORD_TOKEN": self.state.token, **(env or {})}
        bot = await Bot.start(self.port, call, args, env, cwd, self._printed)
        self.bots.append(bot)
        if ready:

            def connected() -> bool:
                assert bot.status is None, f"the bot ended with status {bot.status}\n{bot.output}"
                return self.gateway.identifies > before and self.gateway.link is not None

            await self.until(connected, timeout, "the bot is ready")
        return bot

    def guild(self, name: str = "Newsroom", channels: Sequence[str] = ("general",), installed: bool = True) -> Guild:
        """A guild that the bot is in; or, not `installed`, one where people bring it along with their own account."""
        state = self.state
        guild = Guild(state.clock.snowflake(), name, self.bot, state.clock, self.pulse, lambda kind, data: None)
        for channel in channels:
            guild.channel(channel)
        guild.installed = installed
        if not installed:
            return guild
        guild.announce = lambda kind, data: void(state.dispatch(kind, data))
        state.guilds[guild.id] = guild
        state.dispatch("GUILD_CREATE", guild.payload())
        return guild

    def person(
        self,
        name: str,
        *,
        guild: Guild | None = None,
        permissions: int = MEMBER,
        roles: Sequence[str] = (),
        bot: bool = False,
    ) -> Person:
        """Somebody: in this guild, or else in the first one, if there is one."""
        home = guild if guild is not None else next(iter(self.state.guilds.values()), None)
        return newcomer(self.state, name, home, permissions, roles, bot)

    @property
    def violations(self) -> list[Violation]:
        """What broke a rule, in order; a fixture asserts that there is nothing."""
        return self.state.violations

    def take(self, rule: Rule) -> list[Violation]:
        """Removes the violations of one rule, and returns them."""
        taken = [one for one in self.violations if one.rule is rule]
        self.violations[:] = [one for one in self.violations if one.rule is not rule]
        return taken

    @property
    def heartbeats(self) -> list[Heartbeat]:
        """Every heartbeat but the first of each connection."""
        return self.gateway.heartbeats

    @property
    def unanswered(self) -> list[Interaction]:
        """What people still see the bot thinking about."""
        return [one for one in self.state.interactions.values() if one.thinking]

    @property
    def synced_commands(self) -> dict[tuple[int | None, int, str], Json]:
        """The commands by guild id (None: everywhere), type (1 slash, 3 on a message) and name."""
        return self.state.commands

    @property
    def syncs(self) -> int:
        """How many times commands were synced."""
        return self.state.syncs

    @property
    def requests(self) -> list[str]:
        """Every REST call, "METHOD /path"."""
        return self.state.requests

    @property
    def rate_limited(self) -> list[str]:
        """The calls that were too many, which are not among `requests`."""
        return self.state.rate_limited

    @property
    def sessions(self) -> list[Session]:
        """The sessions that can be resumed."""
        return list(self.gateway.sessions.values())

    @property
    def identifies(self) -> int:
        """How many times the bot identified."""
        return self.gateway.identifies

    @property
    def resumes(self) -> int:
        """How many times the bot resumed."""
        return self.gateway.resumes

    def delivered(self, kind: str) -> list[int]:
        """The sequence numbers of the events of this kind, as often as they were sent."""
        return [number for one, number in self.gateway.sent if one == kind]

    def fault(self, pattern: str, faults: Sequence[Fault]) -> Plan:
        """Lets these happen to the next calls that match, one each."""
        plan = Plan(pattern, list(faults))
        self.state.plans.append(plan)
        return plan

    def drop_socket(self) -> None:
        """Aborts the gateway's TCP connection."""
        link = self.gateway.link
        if link is not None and link.request.transport is not None:
            assert self.gateway.current is not None
            self.gateway.current.link = None
            link.request.transport.abort()

    def reconnect(self) -> None:
        """Asks the bot to reconnect: op 7."""
        self._tell(bare(RECONNECT))

    def invalidate(self, resumable: bool = False) -> None:
        """Invalidates the session: op 9."""
        if self.gateway.current is not None:
            self._tell(bare(INVALID, resumable))
            if not resumable:
                self.forget_session()

    def close(self, code: int) -> None:
        """Closes the gateway's connection with a code."""
        self._tell(code)

    def forget_session(self) -> None:
        """Makes the session one that cannot be resumed."""
        if self.gateway.current is not None:
            self.gateway.forget(self.gateway.current)

    def withhold_heartbeat_acks(self, withhold: bool = True) -> None:
        """Stops acknowledging heartbeats, or begins again."""
        self.gateway.withholds_acks = withhold

    def offline(self, offline: bool = True) -> None:
        """Refuses new gateway connections, or takes them again."""
        self.gateway.offline = offline

    def shift(self, seconds: float) -> None:
        """Moves the server's clock forward."""
        self.state.clock.shifted += seconds

    async def ready(self, timeout: float = 60.0) -> None:
        """Waits until a bot is connected."""
        await self.until(lambda: self.gateway.link is not None, timeout, "a bot is connected")

    async def resumed(self, count: int = 1, timeout: float = 30.0) -> None:
        """Waits until the bot has resumed so many times in all."""
        await self.until(lambda: self.resumes >= count, timeout, f"the bot has resumed {count} times")

    async def until(self, predicate: Callable[[], T | None], timeout: float, what: str) -> T:
        """The first true value; an AssertionError with the bot's output if there is none in time."""
        return await self.pulse.until(predicate, timeout, what)

    def _tell(self, what: Json | int) -> None:
        assert self.gateway.link is not None, "the bot is not connected"
        self.gateway.link.outbox.put_nowait(what)

    def _printed(self, line: str) -> None:
        tokens = [self.state.token, *(one.token for one in self.state.interactions.values())]
        if any(token in line for token in tokens):
            self.state.record(Rule.TOKEN_LOGGED, line)
        self.pulse.beat()

    def _explain(self) -> str:
        said = [f"violation: {one}" for one in self.violations]
        return "\n".join([*said, *(f"the bot (status {bot.status}) printed:\n{bot.output}" for bot in self.bots)])


def void(value: object) -> None:
    """Nothing, whatever the value."""
