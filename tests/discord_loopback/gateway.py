"""The gateway, version 10: a session that outlives its sockets, heartbeats, and the ways in which it ends."""

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import WSMsgType, web

from tests.discord_loopback.interactions import DEADLINE
from tests.discord_loopback.rules import Json

if TYPE_CHECKING:
    from tests.discord_loopback.server import Loopback

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11
DISALLOWED_INTENTS, PRIVILEGED = 4014, 1 << 1 | 1 << 8 | 1 << 15


class Link(NamedTuple):
    """One connection. What is put into `outbox` is sent in order; an int closes it with that code."""

    transport: asyncio.Transport | None
    outbox: "asyncio.Queue[Json | int]"


class Gateway:
    """Keeps one bot connected by a `link`; what it misses of the session's `events` it gets when it resumes.

    `interval`, in seconds, is how often it is to send a heartbeat: Discord says 41.25, short ones show a blocked loop.
    A gateway that is `offline` takes no connection; one that is `deaf` does not acknowledge heartbeats.
    """

    def __init__(self, discord: "Loopback", interval: float) -> None:
        self.discord, self.interval = discord, interval
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
        link = Link(request.transport, asyncio.Queue())
        sender = asyncio.create_task(_send_all(socket, link))
        link.outbox.put_nowait({"op": HELLO, "d": {"heartbeat_interval": int(self.interval * 1000)}})
        due: float | None = None
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    received = json.loads(message.data)
                    if received["op"] == HEARTBEAT:
                        due = self._heartbeat(link, due)
                    self._received(link, received["op"], received["d"])
                    self.discord.beat()
        finally:
            sender.cancel()
            self.link = None if self.link is link else self.link
            self.discord.beat()
        return socket

    def _heartbeat(self, link: Link, due: float | None) -> float:
        """Answers a heartbeat that was due then; when the next one is."""
        now = asyncio.get_running_loop().time()
        if due is not None and now - due > DEADLINE:
            self.discord.violations.append(f"a heartbeat came {now - due:.2f} s late: the event loop was blocked")
        self.heartbeats += 1
        if not self.deaf:
            link.outbox.put_nowait({"op": ACK, "d": None})
        return now + self.interval

    def _received(self, link: Link, op: int, data: Json) -> None:
        send = link.outbox.put_nowait
        if op == IDENTIFY and data["intents"] & PRIVILEGED:
            send(DISALLOWED_INTENTS)
        elif op == IDENTIFY:
            self.session, self.events, self.link, self.intents = secrets.token_hex(16), [], link, data["intents"]
            self.identifies += 1
            self._greet()
        elif op == RESUME and data["session_id"] == self.session:
            self.link = link
            self.resumes += 1
            for event in self.events[data["seq"] :]:
                send(event)
            send({"op": DISPATCH, "t": "RESUMED", "s": len(self.events), "d": {}})
        elif op == RESUME:
            send({"op": INVALID, "d": False})

    def _greet(self) -> None:
        discord = self.discord
        known = [{"id": str(guild), "unavailable": True} for guild in discord.guilds]
        bot = {"user": discord.bot.payload(), "application": {"id": str(discord.bot.id), "flags": 0}}
        session = {"session_id": self.session, "resume_gateway_url": f"ws://{discord.host}/gw/", "shard": [0, 1]}
        self.dispatch("READY", {"v": 10, "guilds": known, **bot, **session})
        for guild in discord.guilds.values():
            self.dispatch("GUILD_CREATE", guild.payload())


async def _send_all(socket: web.WebSocketResponse, link: Link) -> None:
    # discord.py reads plain text though it asks for compression
    while not isinstance(one := await link.outbox.get(), int):
        await socket.send_json({"s": None, "t": None, **one})
    await socket.close(code=one)
