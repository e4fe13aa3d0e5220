"""What goes wrong on Discord's side: faults, when a test says so; and its rate limits, always."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web

# so many messages, and so many edits, in one channel; not documented, but in use
CALLS, SECONDS = 5, 5.0


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response; discord.py parses it only where the content type has no charset behind it."""
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers, content_type="application/json")


def too_many(wait: float, headers: Mapping[str, str] | None = None) -> web.Response:
    """A refusal for so many seconds."""
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
    # without "Via", discord.py takes it for a ban of Cloudflare's
    others = {"Retry-After": str(wait), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
    return answer(body, 429, {**(headers or {}), **others})


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call; with `after` it takes effect first, and only its answer is lost.

    "rate limited": 429, for `amount` seconds;    "status": the error `amount`, with a page of Cloudflare's;
    "abort": the connection is reset;             "hang": the call, or its answer, takes `amount` seconds longer;
    "late": the connection is reset, and yet the call takes effect `amount` seconds later
    """

    kind: Literal["rate limited", "status", "abort", "hang", "late"]
    amount: float = 0.0
    after: bool = False

    async def befall(self, request: web.Request, serve: Callable[[], web.Response]) -> web.Response:
        """The answer to the call."""
        response = serve() if self.after else None
        if self.kind in ("abort", "late") and request.transport is not None:
            request.transport.abort()
        if self.kind in ("hang", "late"):
            await asyncio.sleep(self.amount)
            return response if response is not None else serve()
        if self.kind == "rate limited":
            return too_many(self.amount)
        return web.Response(status=int(self.amount) or 502, text="<html>error</html>", content_type="text/html")


@dataclass(slots=True)
class Bucket:
    """The calls of one route in one channel."""

    ends: float = 0.0
    used: int = 0

    def take(self, now: float) -> web.Response | None:
        """Lets one more call pass, or refuses it."""
        if now >= self.ends:
            self.ends, self.used = now + SECONDS, 0
        self.used += 1
        return too_many(round(self.ends - now, 3), self.headers(now)) if self.used > CALLS else None

    def headers(self, now: float) -> dict[str, str]:
        """What each answer tells about it."""
        after = max(0.0, self.ends - now)
        numbers = {"Limit": CALLS, "Remaining": max(0, CALLS - self.used), "Reset-After": f"{after:.3f}"}
        told = {**numbers, "Reset": f"{time.time() + after:.3f}", "Bucket": f"{id(self):x}"}
        return {f"X-RateLimit-{key}": str(value) for key, value in told.items()}
