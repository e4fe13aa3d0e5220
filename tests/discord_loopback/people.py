"""What a person can do in Discord. What nobody can do there is an error here."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from simcord.components import walk_components
from simcord.interactions import check_options, nest_options, walk_to_subcommand

from tests.discord_loopback.interactions import COMMAND, COMPONENT, DEADLINE, MODAL_SUBMIT, Interaction
from tests.discord_loopback.messages import SAID, Message
from tests.discord_loopback.rules import Json
from tests.discord_loopback.world import Channel, Upload, User

SLASH, TEXT_INPUT = 1, 4


class Person(User):
    """Somebody with an account."""

    __slots__ = ()

    async def message(
        self,
        channel: Channel,
        text: str,
        mentions_bot: bool = False,
        reply_to: Message | None = None,
        kind: int = SAID,
    ) -> Message:
        """Writes a message; a reply pings whom it answers. One of another `kind` Discord writes in their name."""
        answered = reply_to.author if reply_to is not None else None
        text = f"{self.discord.bot.mention} {text}" if mentions_bot else text
        assert not channel.locked and len(text) <= 2000, "nobody can send this"
        mentions = [one for one in self.discord.users.values() if one.mention in text or one is answered]
        made = Message(channel, self, text if kind == SAID else "", reply_to, mentions, kind)
        made.publish()
        return made

    async def dm(self, text: str) -> Message:
        """Writes to the bot directly."""
        return await self.message(self.direct, text)

    async def slash(self, channel: Channel, name: str, **options: Any) -> Interaction:
        """Uses a slash command; `name` may have a subcommand behind it, and an Upload is a file."""
        return self._interact(COMMAND, channel, f"/{name}", self._command_data(channel, name, options))

    async def click(self, message: Message, which: str) -> Interaction:
        """Clicks a button, found by what is read on it."""
        assert message.viewer in (None, self), "nobody can click in a message that they do not see"
        data = {"custom_id": message.buttons[which], "component_type": 2}
        return self._interact(COMPONENT, message.channel, f"[{which}]", data, message)

    async def submit(self, asked: Interaction, text: str) -> Interaction:
        """Fills in the form of one field that a click has opened, and sends it."""
        form = await asked.form()
        (field,) = (one for one in walk_components(form["components"]) if one["type"] == TEXT_INPUT)
        assert 1 <= len(text) <= field["max_length"], f"{field['custom_id']}: {len(text)} characters"
        sent = {"type": TEXT_INPUT, "custom_id": field["custom_id"], "value": text}
        data = {"custom_id": form["custom_id"], "components": [{"type": 1, "components": [sent]}]}
        return self._interact(MODAL_SUBMIT, asked.channel, f"form {form['title']!r}", data)

    def _command(self, channel: Channel, name: str) -> Json:
        found = self.discord.commands.get(name)
        assert found is not None, f"{name!r} is not synced; there are {sorted(self.discord.commands)}"
        needed = int(found.get("default_member_permissions") or 0) if channel.guild is not None else 0
        assert self.permissions & needed == needed, f"{self.name} does not see {name!r}"
        assert channel.guild is not None or 1 in found.get("contexts", [1]), f"{name!r} is not for private messages"
        return found

    def _command_data(self, channel: Channel, name: str, values: Mapping[str, Any]) -> Json:
        root, *path = name.split()
        command = self._command(channel, root)
        leaf, nesting = walk_to_subcommand(command, path)
        # the client trims what is typed
        typed = {key: value.strip() if isinstance(value, str) else value for key, value in values.items()}
        plain = {k: (v.filename, v.content) if isinstance(v, Upload) else v for k, v in typed.items()}
        check_options(name, leaf, plain)
        files = {key: value.payload(self.discord) for key, value in typed.items() if isinstance(value, Upload)}
        kinds = {one["name"]: one["type"] for one in leaf.get("options") or []}
        given = typed | {key: file["id"] for key, file in files.items()}
        sent = [{"name": key, "type": kinds[key], "value": value} for key, value in given.items()]
        resolved = {"attachments": {file["id"]: file for file in files.values()}}
        options = nest_options(command, nesting, sent)
        return {"id": command["id"], "name": root, "type": SLASH, "options": options, "resolved": resolved}

    def _interact(
        self, kind: int, channel: Channel, label: str, data: Json, message: Message | None = None
    ) -> Interaction:
        discord, guild = self.discord, channel.guild
        made = Interaction(kind, label, self, channel, message)
        owners = {"authorizing_integration_owners": {"0": "0" if guild is None else str(guild.id)}}
        bot = {"application_id": str(discord.bot.id), "app_permissions": str(channel.bot_permissions), **owners}
        asked = {"id": str(made.id), "type": kind, "token": made.token, "version": 1, "data": data}
        place = {"channel": channel.payload(), "channel_id": str(channel.id), "context": 1 if guild is None else 0}
        payload: Json = {**asked, **place, **bot, "attachment_size_limit": 10 << 20}
        if guild is None:
            payload["user"] = self.payload()
        else:
            payload |= {"guild_id": str(guild.id), "member": {**self.member(), "user": self.payload()}}
        if message is not None:
            payload["message"] = message.payload(whole=True)
        discord.heard.append(json.dumps(data, ensure_ascii=False))
        delivered = discord.dispatch("INTERACTION_CREATE", payload)
        asyncio.get_running_loop().call_later(DEADLINE, made.expire, delivered)
        return made
