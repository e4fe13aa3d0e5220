"""The gateway, version 10: sessions that outlive their sockets, heartbeats, and the ways in which it ends."""

import asyncio
import json
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from tests.discord_loopback.rules import Json, Rule
from tests.discord_loopback.state import State

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 3, 6, 7, 9, 10, 11
NORMAL, AUTHENTICATION_FAILED, DISALLOWED_INTENTS = 1000, 4004, 4014
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15


def bare(op: int, data: object = None) -> Json:
    """A message that is not an event."""
    return {"op": op, "d": data, "s": None, "t": None}


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One heartbeat: when it came, and how many seconds after its interval."""

    at: float
    late: float


@dataclass(slots=True, eq=False)
class Session:
    """What survives a lost connection: `events[n]` has the sequence number n + 1."""

    id: str
    events: list[Json] = field(default_factory=list)
    link: "Link | None" = None


class Link:
    """One connection. What is put into `outbox` is sent in order; an int closes with that code."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.request, self.socket = request, socket
        self.outbox: asyncio.Queue[Json | int] = asyncio.Queue()
        self.last_heartbeat: float | None = None
        self.closed_here = False
        # other compressions are not needed: discord.py reads uncompressed text whatever it has asked for
        self._zlib = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None

    async def send_all(self, sent: list[tuple[str, int]]) -> None:
        """Sends until the connection ends; writes down the events, each with its number."""
        while not isinstance(one := await self.outbox.get(), int):
            text = json.dumps(one)
            if self._zlib is None:
                await self.socket.send_str(text)
            else:
                await self.socket.send_bytes(self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH))
            if one["op"] == DISPATCH:
                sent.append((one["t"], one["s"]))
        self.closed_here = True
        await self.socket.close(code=one)


class Gateway:
    """Keeps one bot connected."""

    def __init__(self, state: State, interval: float, privileged_intents: int, url: Callable[[], str]) -> None:
        self.state, self.interval, self.allowed, self.url = state, interval, privileged_intents, url
        self.sessions: dict[str, Session] = {}
        self.current: Session | None = None
        self.heartbeats: list[Heartbeat] = []
        self.sent: list[tuple[str, int]] = []
        self.close_codes: list[int | None] = []
        self.identifies = self.resumes = 0
        self.withholds_acks = self.offline = False

    @property
    def link(self) -> Link | None:
        """The connection that the bot listens on now."""
        return self.current.link if self.current is not None else None

    def dispatch(self, kind: str, data: Json) -> bool:
        """Sends an event, or keeps it for the resumption. Returns whether the bot is connected."""
        if self.current is None:
            return False
        event = {"op": DISPATCH, "t": kind, "s": len(self.current.events) + 1, "d": data}
        self.current.events.append(event)
        self._send(self.current, event)
        return self.current.link is not None

    def _send(self, session: Session, event: Json) -> None:
        if session.link is not None:
            session.link.outbox.put_nowait(event)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One connection, from HELLO until it ends."""
        if self.offline:
            return web.Response(status=503)
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            self.state.record(Rule.GATEWAY, f"connected with {request.query_string!r}, expected v=10 and encoding=json")
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        link = Link(request, socket)
        sender = asyncio.create_task(link.send_all(self.sent))
        link.outbox.put_nowait(
            {"op": HELLO, "d": {"heartbeat_interval": int(self.interval * 1000)}, "s": None, "t": None}
        )
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._received(link, json.loads(message.data))
                    self.state.pulse.beat()
        finally:
            sender.cancel()
            self._ended(link)
        return socket

    def _ended(self, link: Link) -> None:
        code = link.socket.close_code
        self.close_codes.append(None if code is None else int(code))
        for session in list(self.sessions.values()):
            if session.link is link:
                session.link = None
                # a bot that closes normally is gone for good
                if code in (NORMAL, 1001) and not link.closed_here:
                    self.forget(session)
        self.state.pulse.beat()

    def forget(self, session: Session) -> None:
        """Makes a session one that cannot be resumed."""
        self.sessions.pop(session.id, None)
        if self.current is session:
            self.current = None

    def _received(self, link: Link, message: Json) -> None:
        op, data = message.get("op"), message.get("d")
        if op == HEARTBEAT:
            self._heartbeat(link)
        elif op == IDENTIFY and isinstance(data, dict):
            self._identify(link, data)
        elif op == RESUME and isinstance(data, dict):
            self._resume(link, data)
        elif op != PRESENCE:
            self.state.record(Rule.GATEWAY, f"op {op}")

    def _heartbeat(self, link: Link) -> None:
        now = asyncio.get_running_loop().time()
        if link.last_heartbeat is not None:
            late = max(0.0, now - link.last_heartbeat - self.interval)
            self.heartbeats.append(Heartbeat(now, late))
            if late > self.state.deadline:
                self.state.record(Rule.LATE_HEARTBEAT, f"by {late:.2f} s")
        link.last_heartbeat = now
        if not self.withholds_acks:
            link.outbox.put_nowait(bare(ACK))

    def _identify(self, link: Link, data: Json) -> None:
        self.identifies += 1
        if data.get("token") != self.state.token:
            return link.outbox.put_nowait(AUTHENTICATION_FAILED)
        intents = data["intents"]
        if intents & PRIVILEGED & ~self.allowed:
            return link.outbox.put_nowait(DISALLOWED_INTENTS)
        self.state.intents = intents
        session = self.current = Session(secrets.token_hex(16), link=link)
        self.sessions[session.id] = session
        bot = self.state.bot
        ready = {
            "v": 10,
            "user": bot.payload(),
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self.state.guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url(),
            "application": {"id": str(bot.id), "flags": 0},
            "shard": [0, 1],
        }
        self.dispatch("READY", ready)
        for guild in self.state.guilds.values():
            self.dispatch("GUILD_CREATE", guild.payload())
        return None

    def _resume(self, link: Link, data: Json) -> None:
        session = self.sessions.get(data["session_id"])
        if data.get("token") != self.state.token:
            return link.outbox.put_nowait(AUTHENTICATION_FAILED)
        if session is None or (data["seq"] or 0) > len(session.events):
            return link.outbox.put_nowait(bare(INVALID, False))
        session.link, self.current = link, session
        for event in session.events[data["seq"] or 0 :]:
            self._send(session, event)
        link.outbox.put_nowait({"op": DISPATCH, "t": "RESUMED", "s": len(session.events), "d": {}})
        self.resumes += 1
        return None
