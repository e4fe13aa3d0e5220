"""What goes wrong on Discord's side, when a test says so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, Self

from aiohttp import web

from tests.discord_loopback.rules import ApiError
from tests.discord_loopback.wire import answer, refusal

FAULTED = web.RequestKey("faulted", bool)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call; with `after` it takes effect first, and only its answer is lost."""

    kind: Literal["rate_limited", "status", "abort", "hang", "late"]
    amount: float = 0.0
    after: bool = False

    @classmethod
    def rate_limited(cls, retry_after: float) -> Self:
        """429, to be tried again after so many seconds."""
        return cls("rate_limited", retry_after)

    @classmethod
    def status(cls, status: int, after: bool = False) -> Self:
        """An error status with a page of Cloudflare's in the place of JSON."""
        return cls("status", status, after)

    @classmethod
    def abort(cls, after: bool = False) -> Self:
        """The TCP connection is reset."""
        return cls("abort", 0.0, after)

    @classmethod
    def hang(cls, seconds: float, after: bool = False) -> Self:
        """The call, or with `after` its answer, takes so many seconds longer."""
        return cls("hang", seconds, after)

    @classmethod
    def late(cls, seconds: float) -> Self:
        """The TCP connection is reset, and yet the call takes effect so many seconds later."""
        return cls("late", seconds)


@dataclass(slots=True)
class Plan:
    """The faults of the calls that match a pattern, one each, in order."""

    pattern: str
    left: list[Fault] = field(default_factory=list)

    def take(self, call: str) -> Fault | None:
        """The fault of this call, "METHOD /path", if there is one."""
        return self.left.pop(0) if self.left and fnmatchcase(call, self.pattern) else None


async def apply(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """The answer to a request that this happens to."""
    response: web.StreamResponse | None = None
    request[FAULTED] = True
    if fault.after:
        response = await handled(handler, request)
    if fault.kind == "hang":
        await asyncio.sleep(fault.amount)
        return response if response is not None else await handled(handler, request)
    if fault.kind == "rate_limited":
        body = {"message": "You are being rate limited.", "retry_after": fault.amount, "global": False}
        headers = {"Retry-After": str(fault.amount), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
        return answer(body, 429, headers)
    if fault.kind == "abort":
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if fault.kind == "late":
        await request.read()
        if request.transport is not None:
            request.transport.abort()
        await asyncio.sleep(fault.amount)
        return await handled(handler, request)
    return web.Response(status=int(fault.amount), text="<html>error</html>", content_type="text/html")


async def handled(handler: Handler, request: web.Request) -> web.StreamResponse:
    """The handler's answer, a refusal included."""
    try:
        return await handler(request)
    except ApiError as error:
        return refusal(error)
