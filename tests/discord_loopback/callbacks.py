"""The routes of interactions: acknowledged once and in time, then spoken through their token."""

import json

from aiohttp import web

from tests.discord_loopback import interactions as kinds
from tests.discord_loopback.faults import FAULTED
from tests.discord_loopback.interactions import ANSWERS, Interaction
from tests.discord_loopback.messages import Message
from tests.discord_loopback.rules import EPHEMERAL, LOADING, ApiError, Json, Rule, choice_faults, modal_faults
from tests.discord_loopback.state import State
from tests.discord_loopback.wire import answer
from tests.discord_loopback.world import Upload


class Callbacks:
    """Answers what the bot says to interactions."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def callback(self, request: web.Request) -> web.Response:
        """The acknowledgement of an interaction: once, and in time."""
        body, files = await read(self.state, request)
        interaction = self.state.interactions.get(int(request.match_info["interaction"]))
        if interaction is None or interaction.token != request.match_info["token"]:
            raise ApiError(404, 10062, "Unknown interaction", Rule.ACKNOWLEDGED_LATE)
        interaction.disturbed |= bool(request.get(FAULTED))
        if interaction.callback is not None:
            # whoever got no answer may try again
            rule = None if interaction.disturbed else Rule.ACKNOWLEDGED_TWICE
            raise ApiError(400, 40060, "Interaction has already been acknowledged.", rule)
        age = self.state.clock.now() - interaction.created
        if interaction.failed or age > self.state.deadline:
            rule = None if interaction.failed else Rule.ACKNOWLEDGED_LATE
            raise ApiError(404, 10062, "Unknown interaction", rule)
        kind, data = body["type"], body.get("data") or {}
        if kind not in ANSWERS[interaction.kind]:
            raise ApiError(400, 50035, f"Invalid Form Body\ntype: {kind} to {interaction.kind}", Rule.WRONG_CALLBACK)
        self._acknowledge(interaction, kind, data, files)
        interaction.acknowledged_after, interaction.callback = age, kind
        self.state.pulse.beat()
        if request.query.get("with_response") not in ("1", "true", "True"):
            return web.Response(status=204)
        result: Json = {"interaction": {"id": str(interaction.id), "type": interaction.kind}}
        if interaction.original is not None and kind in (kinds.REPLY, kinds.DEFER, kinds.UPDATE):
            shown = interaction.original
            result["interaction"] |= {"response_message_id": str(shown.id), "response_message_loading": shown.loading}
            result["interaction"]["response_message_ephemeral"] = shown.ephemeral
            result["resource"] = {"type": kind, "message": self.state.payload(shown, whole=True)}
        return answer(result)

    def _acknowledge(self, interaction: Interaction, kind: int, data: Json, files: list[Upload]) -> None:
        if kind in (kinds.DEFER_UPDATE, kinds.UPDATE):
            if interaction.message is None:
                raise ApiError(400, 50035, "Invalid Form Body\ntype: no message to update", Rule.WRONG_CALLBACK)
            interaction.original, interaction.message_edits = interaction.message, len(interaction.message.edits)
            if kind == kinds.UPDATE:
                self.state.write(interaction.message, data, files)
                self.state.publish(interaction.message)
        elif kind == kinds.CHOICES:
            if faults := choice_faults(data.get("choices") or []):
                raise ApiError(400, 50035, f"Invalid Form Body\n{'; '.join(faults)}", Rule.CHOICES)
            interaction.choices = data.get("choices") or []
        elif kind == kinds.MODAL:
            if faults := modal_faults(data):
                raise ApiError(400, 50035, f"Invalid Form Body\n{'; '.join(faults)}", Rule.LIMIT)
            interaction.shown = data
        else:
            message = self._said(interaction, data.get("flags") or 0)
            if kind == kinds.DEFER:
                message.flags |= LOADING
            else:
                self.state.write(message, data, files)
            interaction.original = message
            self.state.publish(message)

    def _said(self, interaction: Interaction, flags: int) -> Message:
        viewer = interaction.person if flags & EPHEMERAL else None
        made = Message(self.state.clock.snowflake(), interaction.channel, self.state.bot, viewer=viewer)
        made.flags, made.from_interaction = flags & EPHEMERAL, True
        return made

    def _by_token(self, request: web.Request) -> Interaction:
        token = request.match_info["token"]
        found = next((one for one in self.state.interactions.values() if one.token == token), None)
        if found is None or found.callback is None or found.kind == kinds.AUTOCOMPLETE:
            raise ApiError(404, 10015, "Unknown Webhook", Rule.UNKNOWN_WEBHOOK)
        if self.state.clock.now() - found.created > self.state.token_life:
            raise ApiError(401, 50027, "Invalid Webhook Token", Rule.EXPIRED_TOKEN)
        return found

    async def follow_up(self, request: web.Request) -> web.Response:
        """A further message; the first after a deferral takes the place of the thinking, as it does in Discord."""
        data, files = await read(self.state, request)
        interaction = self._by_token(request)
        filled = interaction.original if interaction.thinking else None
        message = filled or self._said(interaction, data.get("flags") or 0)
        self.state.write(message, data, files)
        if filled is None:
            interaction.followups.append(message)
        self.state.publish(message)
        return answer(self.state.payload(message, whole=True))

    async def response(self, request: web.Request) -> web.Response:
        """Reads, edits or deletes the response to an interaction, or a follow-up."""
        data, files = await read(self.state, request)
        interaction, name = self._by_token(request), request.match_info["message"]
        known = {str(one.id): one for one in [interaction.original, *interaction.followups] if one is not None}
        message = interaction.original if name == "@original" else known.get(name)
        if message is None:
            raise ApiError(404, 10008, "Unknown Message", Rule.UNKNOWN_MESSAGE)
        return changed(self.state, request.method, message, data, files)


async def read(state: State, request: web.Request) -> tuple[Json, list[Upload]]:
    """A request's JSON, and the files beside it."""
    if not request.content_type.startswith("multipart/"):
        raw = await request.read()
        return (json.loads(raw) if raw else {}), []
    data: Json = {}
    files: list[Upload] = []
    form = await request.post()
    for name, value in form.items():
        if name == "payload_json":
            data = json.loads(str(value))
        elif isinstance(value, web.FileField):
            files.append(state.uploaded(Upload(value.filename, value.file.read(), value.content_type)))
    return data, files


def changed(state: State, method: str, message: Message, data: Json, files: list[Upload]) -> web.Response:
    """Reads, edits or deletes a message."""
    if message.deleted:
        raise ApiError(404, 10008, "Unknown Message")
    if method == "DELETE":
        state.delete(message)
        return web.Response(status=204)
    if method == "PATCH":
        state.write(message, data, files)
        state.publish(message)
    return answer(state.payload(message))
