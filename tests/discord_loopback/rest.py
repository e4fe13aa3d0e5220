"""The REST API, version 10: the routes that a bot like this one needs."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.discord_loopback.access import check_said, check_view, check_write
from tests.discord_loopback.callbacks import Callbacks, changed, read
from tests.discord_loopback.faults import apply, handled
from tests.discord_loopback.messages import Message
from tests.discord_loopback.rules import ApiError, Json, Rule, command_faults
from tests.discord_loopback.state import State
from tests.discord_loopback.wire import answer
from tests.discord_loopback.world import READ_HISTORY, START_THREADS, Channel, User

API = "/api/v10"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rest:
    """Answers the bot's calls."""

    def __init__(self, state: State, gateway_url: Callable[[], str]) -> None:
        self.state, self.gateway_url, self.callbacks = state, gateway_url, Callbacks(state)

    def add_routes(self, app: web.Application) -> None:
        """Adds every route; whatever else is asked for is a violation."""
        commands, message = "/applications/{application}", "/channels/{channel}/messages/{message}"
        webhook = "/webhooks/{application}/{token}"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/users/@me", self.me),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/gateway/bot", self.gateway),
            ("PUT", f"{commands}/commands", self.sync),
            ("PUT", f"{commands}/guilds/{{guild}}/commands", self.sync),
            ("GET", f"{commands}/commands", self.synced),
            ("GET", f"{commands}/guilds/{{guild}}/commands", self.synced),
            ("POST", "/interactions/{interaction}/{token}/callback", self.callbacks.callback),
            ("POST", webhook, self.callbacks.follow_up),
            ("GET", f"{webhook}/messages/{{message}}", self.callbacks.response),
            ("PATCH", f"{webhook}/messages/{{message}}", self.callbacks.response),
            ("DELETE", f"{webhook}/messages/{{message}}", self.callbacks.response),
            ("POST", "/users/@me/channels", self.direct),
            ("GET", "/channels/{channel}", self.channel),
            ("POST", "/channels/{channel}/typing", self.typing),
            ("POST", "/channels/{channel}/messages", self.send),
            ("GET", "/channels/{channel}/messages", self.history),
            ("GET", message, self.message),
            ("PATCH", message, self.message),
            ("DELETE", message, self.message),
            ("POST", f"{message}/threads", self.start_thread),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, API + path, handler)
        app.router.add_get("/attachments/{channel}/{file}/{name}", self.file)

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Writes down the call, lets the faults happen, checks the token, turns refusals into answers."""
        path = request.path.removeprefix(API)
        if not request.path.startswith(API):
            return await handler(request)
        call = f"{request.method} {path}"
        self.state.requests.append(call)
        self.state.pulse.beat()
        fault = next((fault for plan in self.state.plans if (fault := plan.take(call))), None)

        async def checked(request: web.Request) -> web.StreamResponse:
            try:
                public = path.startswith(("/interactions/", "/webhooks/"))
                if not public and request.headers.get("Authorization") != f"Bot {self.state.token}":
                    raise ApiError(401, 0, "401: Unauthorized")
                return await handler(request)
            except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
                self.state.record(Rule.UNKNOWN_ROUTE, call)
                raise ApiError(404, 0, "404: Not Found") from None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self.state.record(Rule.BAD_REQUEST, f"{call}: {error!r}")
                raise ApiError(400, 50109, "The request body contains invalid JSON.") from error
            except ApiError as error:
                if error.rule is not None:
                    self.state.record(error.rule, f"{call}: {error.message}")
                raise

        return await apply(fault, request, checked) if fault is not None else await handled(checked, request)

    async def me(self, request: web.Request) -> web.Response:
        """The bot's account."""
        return answer(self.state.bot.payload())

    async def application(self, request: web.Request) -> web.Response:
        """The bot's application."""
        owner = User(1, "Owner").payload()
        plain = {
            "description": "",
            "icon": None,
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": "",
        }
        return answer(
            {
                "id": str(self.state.bot.id),
                "name": self.state.bot.name,
                "owner": owner,
                "flags": 0,
                "team": None,
                **plain,
            }
        )

    async def gateway(self, request: web.Request) -> web.Response:
        """Where the gateway is."""
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return answer({"url": self.gateway_url(), "shards": 1, "session_start_limit": limit})

    async def sync(self, request: web.Request) -> web.Response:
        """Replaces the commands of everywhere, or of one guild."""
        guild = self._guild(request)
        commands: list[Json] = await request.json()
        if faults := command_faults(commands):
            raise ApiError(400, 50035, f"Invalid Form Body\n{'; '.join(faults)}", Rule.COMMANDS)
        known = self.state.commands
        for key in [
            key for key in known if key[0] == guild and key[1:] not in {(c.get("type", 1), c["name"]) for c in commands}
        ]:
            del known[key]
        for command in commands:
            key = (guild, command.get("type", 1), command["name"])
            old = known.get(key, {}).get("id")
            made = {
                "id": old or str(self.state.clock.snowflake()),
                "application_id": str(self.state.bot.id),
                "version": "1",
            }
            place = {} if guild is None else {"guild_id": str(guild)}
            known[key] = {"description": "", "type": 1, **command, **made, **place}
        self.state.syncs += 1
        self.state.pulse.beat()
        return await self.synced(request)

    async def synced(self, request: web.Request) -> web.Response:
        """The commands as they are."""
        guild = self._guild(request)
        return answer([command for key, command in self.state.commands.items() if key[0] == guild])

    async def direct(self, request: web.Request) -> web.Response:
        """A direct conversation with somebody."""
        data, _ = await read(self.state, request)
        person = self.state.users.get(int(data["recipient_id"]))
        if person is None or person is self.state.bot:
            raise ApiError(400, 50033, "Invalid Recipient(s)", Rule.BAD_REQUEST)
        return answer(self.state.direct(person).payload())

    async def channel(self, request: web.Request) -> web.Response:
        """A channel or thread."""
        return answer(self._channel(request).payload())

    async def typing(self, request: web.Request) -> web.Response:
        """The bot is typing."""
        self._channel(request, speaks=True).typing.append(self.state.clock.now())
        self.state.pulse.beat()
        return web.Response(status=204)

    async def send(self, request: web.Request) -> web.Response:
        """A message in a channel."""
        data, files = await read(self.state, request)
        channel, nonce = self._channel(request, speaks=True), str(data.get("nonce") or "")
        said = next((m for m in channel.messages if nonce and m.nonce == nonce), None)
        if said is not None and data.get("enforce_nonce"):
            return answer(self.state.payload(said))
        check_said(channel, data)
        message = Message(self.state.clock.snowflake(), channel, self.state.bot, nonce=nonce)
        self.state.write(message, data, files)
        self.state.publish(message)
        return answer(self.state.payload(message))

    async def history(self, request: web.Request) -> web.Response:
        """The last messages, the newest first; none where the bot may not look back."""
        channel = self._channel(request)
        if not channel.bot_permissions & READ_HISTORY:
            return answer([])
        shown = [message for message in channel.messages if not message.ephemeral]
        before = int(request.query.get("before", 1 << 63))
        found = [message for message in reversed(shown) if message.id < before][: int(request.query.get("limit", 50))]
        return answer([self.state.payload(message) for message in found])

    async def message(self, request: web.Request) -> web.Response:
        """Reads a message, or edits or deletes one of the bot's."""
        data, files = await read(self.state, request)
        message = self._message(request)
        if request.method != "GET" and message.author is not self.state.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user", Rule.NOT_YOURS)
        return changed(self.state, request.method, message, data, files)

    async def start_thread(self, request: web.Request) -> web.Response:
        """A thread from a message."""
        data, _ = await read(self.state, request)
        message = self._message(request)
        channel = message.channel
        if channel.guild is None or channel.parent is not None:
            raise ApiError(400, 50024, "Cannot execute action on this channel type", Rule.LIMIT)
        if not channel.bot_permissions & START_THREADS:
            raise ApiError(403, 50013, "Missing Permissions")
        if message.thread is not None:
            raise ApiError(400, 160004, "A thread has already been created for this message", Rule.LIMIT)
        name = data.get("name") or ""
        if not 1 <= len(name) <= 100 or data.get("auto_archive_duration", 1440) not in (None, 60, 1440, 4320, 10080):
            raise ApiError(
                400, 50035, f"Invalid Form Body\nname: {name!r}, {data.get('auto_archive_duration')}", Rule.LIMIT
            )
        thread = message.thread = channel.guild.thread(channel, name, channel.bot_permissions, message.id)
        self.state.pulse.beat()
        return answer(thread.payload(), 201)

    async def file(self, request: web.Request) -> web.Response:
        """An attachment's content."""
        upload = self.state.uploads[int(request.match_info["file"])]
        return web.Response(body=upload.content, content_type=upload.content_type)

    def _guild(self, request: web.Request) -> int | None:
        guild = request.match_info.get("guild")
        if guild is not None and int(guild) not in self.state.guilds:
            raise ApiError(403, 50001, "Missing Access")
        return None if guild is None else int(guild)

    def _channel(self, request: web.Request, speaks: bool = False) -> Channel:
        channel = self.state.channel(int(request.match_info["channel"]))
        (check_write if speaks else check_view)(channel)
        return channel

    def _message(self, request: web.Request) -> Message:
        channel, number = self._channel(request), int(request.match_info["message"])
        found = next((m for m in channel.messages if m.id == number and not m.ephemeral), None)
        if found is None:
            raise ApiError(404, 10008, "Unknown Message")
        return found
