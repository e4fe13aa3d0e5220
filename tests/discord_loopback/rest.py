"""The REST API, version 10: the routes that a bot like this one needs. What else it asks for is a violation."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.discord_loopback.interactions import TOKEN_LIFE
from tests.discord_loopback.messages import Message
from tests.discord_loopback.rules import ApiError, Json
from tests.discord_loopback.troubles import answer
from tests.discord_loopback.world import READ_HISTORY, VIEW, Channel

if TYPE_CHECKING:
    from tests.discord_loopback.server import Loopback

API = "/api/v10"
STARTS = {"session_start_limit": {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}}


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot's: the parts of its path and its query, and its JSON."""

    discord: "Loopback"
    args: dict[str, str]
    data: Any

    @property
    def channel(self) -> Channel:
        """The channel or thread of the path. Raises ApiError where the bot cannot see it."""
        found = self.discord.channels.get(int(self.args["channel"]))
        if found is None:
            raise ApiError(404, 10003, "Unknown Channel", fair=True)
        if not found.bot_permissions & VIEW:
            raise ApiError(403, 50001, "Missing Access", fair=True)
        return found


def application(call: Call) -> Json:
    plain = {"description": "", "icon": None, "bot_public": False, "bot_require_code_grant": False, "verify_key": ""}
    return {**call.discord.bot.payload(), "name": "Dateline", "owner": call.discord.bot.payload(), **plain}


def sync(call: Call) -> list[Json]:
    """Replaces the commands."""
    discord = call.discord
    made = {"application_id": str(discord.bot.id), "version": "1"}
    commands = [{"description": "", "type": 1, **one, **made, "id": str(discord.snowflake())} for one in call.data]
    discord.commands = {one["name"]: one for one in commands}
    discord.syncs += 1
    return commands


def acknowledge(call: Call) -> Json:
    """The first response to an interaction."""
    interaction = call.discord.interactions[int(call.args["interaction"])]
    interaction.acknowledge(call.data["type"], call.data.get("data") or {})
    return {"interaction": {"id": str(interaction.id), "type": interaction.kind}}


def edit_response(call: Call) -> Json:
    """Edits what an interaction is answered with."""
    found = [one for one in call.discord.interactions.values() if one.token == call.args["token"]]
    if not found or found[0].callback is None:
        raise ApiError(404, 10015, "Unknown Webhook")
    if found[0].age > TOKEN_LIFE:
        raise ApiError(401, 50027, "Invalid Webhook Token")
    return _edited(found[0].original, call)


def send(call: Call) -> Json:
    """A message; one whose nonce has been there is the same."""
    channel, nonce = call.channel, str(call.data.get("nonce") or "")
    said = [one for one in channel.messages if nonce and one.nonce == nonce and call.data.get("enforce_nonce")]
    if not said:
        channel.check_write(call.data)
        said = [Message(channel, call.discord.bot, nonce=nonce)]
        said[0].write(call.data)
    return said[0].payload()


def history(call: Call) -> list[Json]:
    """The last messages, the newest first; none where the bot may not look back."""
    may, channel = call.channel.bot_permissions & READ_HISTORY, call.channel
    seen = [one for one in reversed(channel.messages) if may and not one.ephemeral]
    return [one.payload() for one in seen[: int(call.args["limit"])]]


def edit(call: Call) -> Json:
    """Edits a message of the bot's."""
    number = int(call.args["message"])
    return _edited(next((one for one in call.channel.messages if one.id == number and not one.ephemeral), None), call)


def _edited(message: Message | None, call: Call) -> Json:
    if message is None:
        raise ApiError(404, 10008, "Unknown Message", fair=True)
    if message.author is not call.discord.bot:
        raise ApiError(403, 50005, "Cannot edit a message authored by another user")
    message.write(call.data)
    return message.payload()


ROUTES: list[tuple[str, str, Callable[[Call], Any]]] = [
    ("GET", "/users/@me", lambda call: call.discord.bot.payload()),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/gateway/bot", lambda call: {"url": f"ws://{call.discord.host}/gw/", "shards": 1, **STARTS}),
    ("PUT", "/applications/{application}/commands", sync),
    ("POST", "/interactions/{interaction}/{token}/callback", acknowledge),
    ("PATCH", "/webhooks/{application}/{token}/messages/@original", edit_response),
    ("POST", "/users/@me/channels", lambda call: call.discord.users[int(call.data["recipient_id"])].direct.payload()),
    ("GET", "/channels/{channel}", lambda call: call.channel.payload()),
    ("POST", "/channels/{channel}/messages", send),
    ("GET", "/channels/{channel}/messages", history),
    ("PATCH", "/channels/{channel}/messages/{message}", edit),
]


def add_routes(app: web.Application, discord: "Loopback") -> None:
    """Adds every route."""

    async def attachment(request: web.Request) -> web.Response:
        return web.Response(body=discord.uploads[int(request.match_info["file"])].content)

    app.router.add_get("/attachments/{file}", attachment)
    for method, path, handler in (*ROUTES, ("*", "/{rest:.*}", None)):
        app.router.add_route(method, API + path, partial(_serve, discord, handler))


async def _serve(discord: "Loopback", handler: Callable[[Call], Any] | None, request: web.Request) -> web.Response:
    call, body, bucket = f"{request.method} {request.path.removeprefix(API)}", await request.read(), None
    if handler in (send, edit):
        bucket = discord.buckets[handler.__name__, request.match_info["channel"]]
        if refusal := bucket.take(discord.now()):
            return refusal
    discord.requests.append(call)
    discord.beat()

    def serve() -> web.Response:
        try:
            public = handler in (acknowledge, edit_response)
            if not public and request.headers.get("Authorization") != f"Bot {discord.token}":
                raise ApiError(401, 0, "401: Unauthorized", fair=True)
            if handler is None:
                raise ApiError(404, 0, "404: Not Found")
            args = {**request.query, **request.match_info}
            return answer(handler(Call(discord, args, json.loads(body) if body else {})))
        except (ApiError, ValueError, KeyError, TypeError, AttributeError) as error:
            refusal = error if isinstance(error, ApiError) else ApiError(400, 50109, f"This cannot be read: {error!r}")
            # whoever got no answer may acknowledge once more
            if not refusal.fair and not (refusal.code == 40060 and call in discord.disturbed):
                discord.violations.append(f"{call}: {refusal}")
            return answer({"code": refusal.code, "message": refusal.message}, refusal.status)

    fault = next((left.pop(0) for pattern, left in discord.faults if left and fnmatchcase(call, pattern)), None)
    discord.disturbed |= {call} if fault is not None else set()
    response = serve() if fault is None else await fault.befall(request, serve)
    response.headers.update(bucket.headers(discord.now()) if bucket is not None else {})
    return response
