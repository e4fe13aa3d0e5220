"""The gateway, version 10: a session that outlives its sockets, heartbeats, and the ways in which it ends."""

import asyncio
import json
import secrets
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tests.discord_loopback.interactions import DEADLINE
from tests.discord_loopback.rules import Json

if TYPE_CHECKING:
    from tests.discord_loopback.server import Loopback

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
AUTHENTICATION_FAILED, DISALLOWED_INTENTS = 4004, 4014
PRIVILEGED = 1 << 1 | 1 << 8 | 1 << 15


class Link:
    """One connection. What is put into `outbox` is sent in order; an int closes it with that code."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.transport, self.socket = request.transport, socket
        self.outbox: asyncio.Queue[Json | int] = asyncio.Queue()
        self.last_heartbeat: float | None = None

    async def send_all(self) -> None:
        """Sends until the connection ends. discord.py reads plain text though it asks for compression."""
        while not isinstance(one := await self.outbox.get(), int):
            await self.socket.send_json({"s": None, "t": None, **one})
        await self.socket.close(code=one)


class Gateway:
    """Keeps one bot connected by a `link`; what it misses of the session's `events` it gets when it resumes.

    `interval`, in seconds, is how often it is to send a heartbeat: Discord says 41.25, short ones show a blocked loop.
    A gateway that is `offline` takes no connection; one that is `deaf` does not acknowledge heartbeats.
    """

    def __init__(self, discord: "Loopback", interval: float) -> None:
        self.discord, self.interval, self.url = discord, interval, ""
        self.session, self.intents = "", 0
        self.events: list[Json] = []
        self.link: Link | None = None
        self.heartbeats = self.identifies = self.resumes = 0
        self.deaf = self.offline = False

    def dispatch(self, kind: str, data: Json) -> bool:
        """Sends an event, or keeps it for the resumption. Returns whether the bot is connected."""
        if self.session:
            self.events.append({"op": DISPATCH, "t": kind, "s": len(self.events) + 1, "d": data})
            if self.link is not None:
                self.link.outbox.put_nowait(self.events[-1])
        return self.link is not None

    def tell(self, what: Json | int) -> None:
        """Sends what is no event: `{"op": RECONNECT, "d": None}`, or a code with which the connection is closed."""
        assert self.link is not None, "the bot is not connected"
        self.link.outbox.put_nowait(what)

    def invalidate(self) -> None:
        """Ends the session."""
        self.tell({"op": INVALID, "d": False})
        self.session = ""

    def drop(self) -> None:
        """Aborts the TCP connection."""
        link, self.link = self.link, None
        if link is not None and link.transport is not None:
            link.transport.abort()

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """One connection, from HELLO until it ends."""
        if self.offline:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        link = Link(request, socket)
        sender = asyncio.create_task(link.send_all())
        link.outbox.put_nowait({"op": HELLO, "d": {"heartbeat_interval": int(self.interval * 1000)}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._received(link, **json.loads(message.data))
                    self.discord.beat()
        finally:
            sender.cancel()
            self.link = None if self.link is link else self.link
            self.discord.beat()
        return socket

    def _received(self, link: Link, op: int, d: Json, **others: object) -> None:
        send = link.outbox.put_nowait
        if op == HEARTBEAT:
            self._heartbeat(link)
        elif op in (IDENTIFY, RESUME) and d["token"] != self.discord.token:
            send(AUTHENTICATION_FAILED)
        elif op == IDENTIFY and d["intents"] & PRIVILEGED:
            send(DISALLOWED_INTENTS)
        elif op == IDENTIFY:
            self.session, self.events, self.link, self.intents = secrets.token_hex(16), [], link, d["intents"]
            self.identifies += 1
            self._greet()
        elif op == RESUME and d["session_id"] == self.session:
            self.link = link
            self.resumes += 1
            for event in [*self.events[d["seq"] :], {"op": DISPATCH, "t": "RESUMED", "s": len(self.events), "d": {}}]:
                send(event)
        elif op == RESUME:
            send({"op": INVALID, "d": False})

    def _heartbeat(self, link: Link) -> None:
        now = asyncio.get_running_loop().time()
        late = 0.0 if link.last_heartbeat is None else now - link.last_heartbeat - self.interval
        if late > DEADLINE:
            self.discord.violations.append(f"a heartbeat came late by {late:.2f} s: the event loop was blocked")
        link.last_heartbeat = now
        self.heartbeats += 1
        if not self.deaf:
            link.outbox.put_nowait({"op": ACK, "d": None})

    def _greet(self) -> None:
        bot, guilds = self.discord.bot, self.discord.guilds
        ready = {
            "v": 10,
            "user": bot.payload(),
            "guilds": [{"id": str(guild), "unavailable": True} for guild in guilds],
            "session_id": self.session,
            "resume_gateway_url": self.url,
            "application": {"id": str(bot.id), "flags": 0},
            "shard": [0, 1],
        }
        self.dispatch("READY", ready)
        for guild in guilds.values():
            self.dispatch("GUILD_CREATE", guild.payload())
