"""Rate limits as Discord sets them: so many calls of a route in a channel, then none until the window ends.

https://discord.com/developers/docs/topics/rate-limits; the numbers of messages are not documented, but those in use.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from tests.discord_loopback.state import State
from tests.discord_loopback.wire import answer

CALLS = 5
SECONDS = 5.0
LIMITED = {
    ("POST", "/api/v10/channels/{channel}/messages"),
    ("PATCH", "/api/v10/channels/{channel}/messages/{message}"),
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Bucket:
    """The calls of one route in one channel."""

    name: str
    ends: float = 0.0
    used: int = 0

    def take(self, now: float) -> bool:
        """Whether one more call may pass; it counts then."""
        if now >= self.ends:
            self.ends, self.used = now + SECONDS, 0
        passes = self.used < CALLS
        self.used += passes
        return passes

    def headers(self, now: float) -> dict[str, str]:
        """What each answer tells about it."""
        after = max(0.0, self.ends - now)
        numbers = {"Limit": CALLS, "Remaining": CALLS - self.used, "Reset-After": f"{after:.3f}"}
        told = {**numbers, "Reset": f"{time.time() + after:.3f}", "Bucket": self.name}
        return {f"X-RateLimit-{key}": str(value) for key, value in told.items()}


class Limits:
    """Keeps the bot to them: the calls in `state.rate_limited` it has made too many."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._buckets: dict[tuple[str, str], Bucket] = {}

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets a call pass, or refuses it, and tells in either answer how many are left."""
        resource = request.match_info.route.resource
        route = (request.method, "" if resource is None else resource.canonical)
        if route not in LIMITED:
            return await handler(request)
        name = hashlib.sha256(" ".join(route).encode()).hexdigest()[:32]
        bucket = self._buckets.setdefault((name, request.match_info["channel"]), Bucket(name))
        now = self.state.clock.now()
        if not bucket.take(now):
            self.state.rate_limited.append(f"{request.method} {request.path}")
            self.state.pulse.beat()
            wait = round(bucket.ends - now, 3)
            body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
            # without "Via", discord.py takes it for a ban of Cloudflare's
            others = {"Retry-After": str(wait), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
            return answer(body, 429, {**bucket.headers(now), **others})
        response = await handler(request)
        response.headers.update(bucket.headers(self.state.clock.now()))
        return response
