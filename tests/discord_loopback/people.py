"""What a person can do in Discord. What nobody can do there is an AssertionError here."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from tests.discord_loopback.commands import ON_MESSAGE, command, command_data
from tests.discord_loopback.interactions import (
    AUTOCOMPLETE,
    COMMAND,
    COMPONENT,
    MODAL_SUBMIT,
    Choice,
    Interaction,
    Modal,
)
from tests.discord_loopback.messages import PINNED, RECIPIENT_ADD, Message, shown_on
from tests.discord_loopback.rules import BUTTON, LINK, ROW, SELECTS, TEXT_INPUT, Json, walk
from tests.discord_loopback.state import State
from tests.discord_loopback.world import FORUM, MEMBER, Channel, Guild, Role, Upload, User

__all__ = ["Choice", "Modal", "Person"]


class Person(User):
    """Somebody with an account."""

    __slots__ = ("state",)

    def __init__(
        self, state: State, name: str, guild: Guild | None, permissions: int, roles: tuple[Role, ...], bot: bool
    ) -> None:
        super().__init__(state.clock.snowflake(), name, bot, guild, permissions, roles)
        self.state = state
        state.users[self.id] = self

    @property
    def direct(self) -> Channel:
        """Their direct conversation with the bot."""
        return self.state.direct(self)

    def sees(self, message: Message) -> bool:
        """Whether the message is there for them."""
        guild = message.channel.guild
        ours = guild is self.guild if guild is not None else message.channel.recipient is self
        return ours and not message.deleted and message.viewer in (None, self)

    async def message(
        self,
        channel: Channel,
        text: str,
        mentions_bot: bool = False,
        reply_to: Message | None = None,
        ping: bool = True,
        files: Sequence[Upload] = (),
    ) -> Message:
        """Writes a message; a reply pings whom it answers unless `ping` is False."""
        bot = self.state.bot
        if mentions_bot and bot.mention not in text:
            text = f"{bot.mention} {text}"
        assert len(text) + len(files) > 0 and len(text) <= 2000, f"nobody can send {len(text)} characters"
        mentions = [user for user in self.state.users.values() if user.mention in text]
        if reply_to is not None:
            assert self.sees(reply_to), "nobody can reply to a message that they do not see"
            if ping and reply_to.author not in mentions:
                mentions.append(reply_to.author)
        assert channel.kind != FORUM, "nobody can write in a forum, only in its posts"
        assert not channel.locked, "nobody but a moderator can write in a locked thread"
        if channel.archived:
            channel.archive(False)
        attachments = [self.state.uploaded(file) for file in files]
        number = self.state.clock.snowflake()
        made = Message(number, channel, self, text, attachments=attachments, reference=reply_to, mentions=mentions)
        self.state.publish(made)
        return made

    async def dm(self, text: str) -> Message:
        """Writes to the bot directly."""
        return await self.message(self.direct, text)

    async def add_bot(self, thread: Channel) -> Message:
        """Adds the bot to a thread, which Discord says there in their name."""
        assert thread.parent is not None, "nobody is added but to threads"
        return self._noted(thread, RECIPIENT_ADD, mentions=[self.state.bot])

    async def pin(self, message: Message) -> Message:
        """Pins a message, which Discord says in its channel in their name."""
        assert self.sees(message), "nobody can pin a message that they do not see"
        return self._noted(message.channel, PINNED, reference=message)

    async def delete(self, message: Message) -> None:
        """Deletes a message of theirs."""
        assert message.author is self, "nobody can delete another's message"
        self.state.delete(message)

    async def slash(self, channel: Channel, name: str, **options: Any) -> Interaction:
        """Uses a slash command; `name` may have subcommands behind it."""
        data = command_data(self.state, self, channel, name, options)
        return self._interact(COMMAND, channel, f"/{name}", data)

    async def autocomplete(
        self, name: str, option: str, typed: str, channel: Channel | None = None, **filled: Any
    ) -> list[Choice]:
        """What is offered for an option while it is being typed."""
        channel = channel or next(iter(self.guild.channels.values()) if self.guild is not None else iter([self.direct]))
        data = command_data(self.state, self, channel, name, {**filled, option: typed}, focused=option)
        interaction = self._interact(AUTOCOMPLETE, channel, f"/{name} {option}:{typed}", data)
        await interaction.acknowledged(self.state.deadline + 5)
        return [Choice(one["name"], one["value"]) for one in interaction.choices]

    async def context_menu(self, name: str, message: Message) -> Interaction:
        """Uses a command of a message's menu."""
        assert self.sees(message) and not message.ephemeral, "nobody can use a menu of a message that they do not see"
        offer = command(self.state, self, message.channel, ON_MESSAGE, name)
        resolved = {"messages": {str(message.id): self.state.payload(message, whole=True)}}
        data = {
            "id": offer["id"],
            "name": name,
            "type": ON_MESSAGE,
            "target_id": str(message.id),
            "resolved": resolved,
        }
        return self._interact(COMMAND, message.channel, f"menu {name!r}", data)

    async def click(self, message: Message, which: str, values: Sequence[str] = ()) -> Interaction:
        """Clicks a button, found by its label or custom_id; or chooses `values` in a menu, found by its custom_id."""
        assert self.sees(message), "nobody can click in a message that they do not see"
        active = [c for c in walk(message.components) if c["type"] in (BUTTON, *SELECTS) and not c.get("disabled")]
        found = next((c for c in active if which in (shown_on(c), c.get("custom_id"))), None)
        assert found is not None, f"no active {which!r} among {[shown_on(c) or c['custom_id'] for c in active]}"
        assert found.get("style") != LINK or found["type"] != BUTTON, f"{which!r} is a link: it tells the bot nothing"
        data: Json = {"custom_id": found["custom_id"], "component_type": found["type"]}
        if found["type"] in SELECTS:
            offered = [option["value"] for option in found.get("options", [])]
            assert values and set(values) <= set(offered), f"{values} is not among {offered}"
            data["values"] = list(values)
        return self._interact(COMPONENT, message.channel, f"[{which}]", data, message)

    async def submit(self, modal: Modal, values: Mapping[str, str]) -> Interaction:
        """Fills a form in, by labels or custom_ids, and sends it."""
        filled: dict[str, str] = {}
        for item in modal.fields:
            text = values.get(item["custom_id"], values.get(item["label"], item.get("value") or ""))
            least = (item.get("min_length") or 0) or int(item.get("required", True))
            most = item.get("max_length") or 4000
            empty_is_fine = not text and not item.get("required", True)
            assert empty_is_fine or least <= len(text) <= most, (
                f"{item['label']!r}: {len(text)}, expected {least} to {most}"
            )
            filled[item["custom_id"]] = text
        unknown = set(values) - {key for item in modal.fields for key in (item["custom_id"], item["label"])}
        assert not unknown, f"the form has no {sorted(unknown)}"
        components = []
        for outer in modal.components:
            inner = outer["components"][0] if outer["type"] == ROW else outer.get("component")
            if inner is not None:
                sent = {"type": TEXT_INPUT, "custom_id": inner["custom_id"], "value": filled[inner["custom_id"]]}
                part = {"components": [sent]} if outer["type"] == ROW else {"component": sent}
                components.append({"type": outer["type"], "id": 1, **part})
        data = {"custom_id": modal.custom_id, "components": components}
        asked = modal.interaction
        return self._interact(MODAL_SUBMIT, asked.channel, f"form {modal.title!r}", data, asked.message)

    def _noted(self, channel: Channel, kind: int, **parts: Any) -> Message:
        made = Message(self.state.clock.snowflake(), channel, self, kind=kind, **parts)
        self.state.publish(made)
        return made

    def _interact(
        self, kind: int, channel: Channel, label: str, data: Json, message: Message | None = None
    ) -> Interaction:
        state = self.state
        number, token = state.clock.snowflake(), secrets.token_urlsafe(40)
        made = Interaction(number, token, kind, label, self, channel, state.clock.now(), state.pulse, message)
        payload: Json = {
            "id": str(number),
            "application_id": str(state.bot.id),
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "channel": channel.payload(),
            "channel_id": str(channel.id),
            "app_permissions": str(channel.bot_permissions),
            "locale": "en-GB",
            "entitlements": [],
            "attachment_size_limit": state.attachment_size_limit,
            "context": 1 if channel.guild is None else 0,
            "authorizing_integration_owners": {"0": str(channel.guild.id if channel.guild is not None else 0)},
        }
        if channel.guild is not None and not channel.guild.installed:
            payload["authorizing_integration_owners"] = {"1": str(self.id)}
        if channel.guild is None:
            payload["user"] = self.payload()
        else:
            guild = {"id": str(channel.guild.id), "locale": "en-GB", "features": []}
            member = {**self.member(), "user": self.payload()}
            payload |= {"guild_id": guild["id"], "guild": guild, "guild_locale": "en-GB", "member": member}
        if message is not None:
            payload["message"] = state.payload(message, whole=True)
        state.started(made, payload)
        return made


def newcomer(
    state: State,
    name: str,
    guild: Guild | None = None,
    permissions: int = MEMBER,
    roles: Sequence[str] = (),
    bot: bool = False,
) -> Person:
    """A new account, in the guild, with roles of these names."""
    made = tuple(guild.role(role) for role in roles) if guild is not None else ()
    return Person(state, name, guild, permissions, made, bot)
