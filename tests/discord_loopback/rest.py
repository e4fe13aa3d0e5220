"""The REST API, version 10: the routes that a bot like this one needs. What else it asks for is a violation."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.discord_loopback.interactions import AUTOCOMPLETE, TOKEN_LIFE
from tests.discord_loopback.messages import Message
from tests.discord_loopback.rules import ApiError, Json, check_commands
from tests.discord_loopback.troubles import Bucket, answer
from tests.discord_loopback.world import READ_HISTORY, VIEW, Channel

if TYPE_CHECKING:
    from tests.discord_loopback.server import Loopback

API = "/api/v10"
MESSAGES, MESSAGE = "/channels/{channel}/messages", "/channels/{channel}/messages/{message}"


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
    bot = call.discord.bot
    plain = {"description": "", "icon": None, "bot_public": False, "bot_require_code_grant": False, "verify_key": ""}
    return {"id": str(bot.id), "name": bot.name, "owner": bot.payload(), "flags": 0, "team": None, **plain}


def gateway(call: Call) -> Json:
    limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
    return {"url": call.discord.gateway.url, "shards": 1, "session_start_limit": limit}


def sync(call: Call) -> list[Json]:
    """Replaces the commands."""
    discord = call.discord
    check_commands(call.data)
    made = {"application_id": str(discord.bot.id), "version": "1"}
    commands = [{"description": "", "type": 1, **one, **made, "id": str(discord.snowflake())} for one in call.data]
    discord.commands = {(one["type"], one["name"]): one for one in commands}
    discord.syncs += 1
    return commands


def acknowledge(call: Call) -> Json:
    """The first response to an interaction."""
    interaction, kind = call.discord.interactions[int(call.args["interaction"])], call.data["type"]
    interaction.acknowledge(kind, call.data.get("data") or {})
    result: Json = {"interaction": {"id": str(interaction.id), "type": interaction.kind}}
    if (shown := interaction.original) is not None:
        result["interaction"] |= {"response_message_id": str(shown.id), "response_message_loading": shown.loading}
        result["interaction"]["response_message_ephemeral"] = shown.ephemeral
        result["resource"] = {"type": kind, "message": shown.payload(whole=True)}
    return result


def edit_response(call: Call) -> Json:
    """Edits what an interaction is answered with."""
    found = [one for one in call.discord.interactions.values() if one.token == call.args["token"]]
    if not found or found[0].callback is None or found[0].kind == AUTOCOMPLETE:
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
    channel, before = call.channel, int(call.args.get("before", 1 << 63))
    may = channel.bot_permissions & READ_HISTORY
    seen = [one for one in reversed(channel.messages) if may and not one.ephemeral and one.id < before]
    return [one.payload() for one in seen[: int(call.args.get("limit", 50))]]


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


def unknown(call: Call) -> Json:
    """Whatever else is asked for."""
    raise ApiError(404, 0, "404: Not Found")


ROUTES: list[tuple[str, str, Callable[[Call], Any]]] = [
    ("GET", "/users/@me", lambda call: call.discord.bot.payload()),
    ("GET", "/oauth2/applications/@me", application),
    ("GET", "/gateway/bot", gateway),
    ("PUT", "/applications/{application}/commands", sync),
    ("POST", "/interactions/{interaction}/{token}/callback", acknowledge),
    ("PATCH", "/webhooks/{application}/{token}/messages/@original", edit_response),
    ("POST", "/users/@me/channels", lambda call: call.discord.users[int(call.data["recipient_id"])].direct.payload()),
    ("GET", "/channels/{channel}", lambda call: call.channel.payload()),
    ("POST", MESSAGES, send),
    ("GET", MESSAGES, history),
    ("PATCH", MESSAGE, edit),
    ("*", "/{rest:.*}", unknown),
]
LIMITED = (send, edit)


class Route:
    """Serves one route: limits, faults, the token and refusals come before and after its handler."""

    def __init__(self, discord: "Loopback", handler: Callable[[Call], Any]) -> None:
        self.discord, self.handler = discord, handler
        self._buckets: dict[str, Bucket] = {}

    async def serve(self, request: web.Request) -> web.Response:
        """The answer to a call."""
        discord, call, body = self.discord, f"{request.method} {request.path.removeprefix(API)}", await request.read()
        bucket = None
        if self.handler in LIMITED:
            name = hashlib.sha256(self.handler.__name__.encode()).hexdigest()[:32]
            bucket = self._buckets.setdefault(request.match_info["channel"], Bucket(name))
            if refusal := bucket.take(discord.now()):
                return refusal
        discord.requests.append(call)
        discord.beat()
        fault = next((fault for plan in discord.plans if (fault := plan.take(call))), None)

        if fault is not None:
            discord.disturbed.add(call)

        async def serve() -> web.Response:
            return self._answered(call, request, body)

        response = await serve() if fault is None else await fault.befall(request, serve)
        response.headers.update(bucket.headers(discord.now()) if bucket is not None else {})
        return response

    def _answered(self, call: str, request: web.Request, body: bytes) -> web.Response:
        discord = self.discord
        try:
            public = call.split()[1].startswith(("/interactions/", "/webhooks/"))
            if not public and request.headers.get("Authorization") != f"Bot {discord.token}":
                raise ApiError(401, 0, "401: Unauthorized", fair=True)
            args = {**request.query, **request.match_info}
            return answer(self.handler(Call(discord, args, json.loads(body) if body else {})))
        except ApiError as error:
            # whoever got no answer may acknowledge once more
            if not error.fair and not (error.code == 40060 and call in discord.disturbed):
                discord.violations.append(f"{call}: {error}")
            return answer({"code": error.code, "message": error.message}, error.status)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            discord.violations.append(f"{call}: {error!r} (50109)")
            return answer({"code": 50109, "message": "The request body contains invalid JSON."}, 400)


def add_routes(app: web.Application, discord: "Loopback") -> None:
    """Adds every route."""
    for method, path, handler in ROUTES:
        app.router.add_route(method, API + path, Route(discord, handler).serve)

    async def attachment(request: web.Request) -> web.Response:
        return web.Response(body=discord.uploads[int(request.match_info["file"])].content)

    app.router.add_get("/attachments/{file}", attachment)
