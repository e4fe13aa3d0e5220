"""What the server knows, shared by its REST side, its gateway and its people."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.discord_loopback.access import check_open
from tests.discord_loopback.faults import Plan
from tests.discord_loopback.interactions import Interaction
from tests.discord_loopback.messages import REPLIED, SAID, Message, Version
from tests.discord_loopback.pulse import Clock, Pulse
from tests.discord_loopback.rules import EPHEMERAL, LOADING, ApiError, Json, Rule, Violation, message_faults, pinged
from tests.discord_loopback.texts import text_violations
from tests.discord_loopback.world import Channel, Guild, Upload, User, moment

MESSAGE_CONTENT = 1 << 15


@dataclass(slots=True, eq=False)
class State:
    """Everything there is, and the rules' book."""

    token: str
    deadline: float
    token_life: float
    attachment_size_limit: int
    pulse: Pulse
    clock: Clock
    bot: User
    dispatch: Callable[[str, Json], bool] = lambda kind, data: False
    base: str = ""
    intents: int = 0
    users: dict[int, User] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    uploads: dict[int, Upload] = field(default_factory=dict)
    interactions: dict[int, Interaction] = field(default_factory=dict)
    commands: dict[tuple[int | None, int, str], Json] = field(default_factory=dict)
    syncs: int = 0
    requests: list[str] = field(default_factory=list)
    rate_limited: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)

    def record(self, rule: Rule, detail: str) -> None:
        """Writes down a breach."""
        self.violations.append(Violation(rule, detail))
        self.pulse.beat()

    def channel(self, channel_id: int) -> Channel:
        """A channel or thread that the bot can see."""
        found = self.known_channels().get(channel_id)
        if found is None:
            raise ApiError(404, 10003, "Unknown Channel")
        return found

    def known_channels(self) -> dict[int, Channel]:
        """By their ids, all channels and threads of the bot's guilds, and its direct conversations."""
        tops = [channel for guild in self.guilds.values() for channel in guild.channels.values()]
        return {one.id: one for top in tops for one in (top, *top.threads)} | self.channels

    def direct(self, person: User) -> Channel:
        """Somebody's direct conversation with the bot."""
        for channel in self.channels.values():
            if channel.recipient is person:
                return channel
        made = Channel(self.clock.snowflake(), person.name, self.pulse, recipient=person)
        self.channels[made.id] = made
        return made

    def uploaded(self, file: Upload) -> Upload:
        """The file with an id, kept where attachments are fetched from."""
        made = Upload(file.filename, file.content, file.content_type, self.clock.snowflake())
        self.uploads[made.id] = made
        return made

    def started(self, interaction: Interaction, payload: Json) -> None:
        """Sends an interaction to the bot, and watches its deadline."""
        self.interactions[interaction.id] = interaction
        self.heard.append(json.dumps(payload["data"], ensure_ascii=False))
        delivered = self.dispatch("INTERACTION_CREATE", payload)

        def expire() -> None:
            if interaction.callback is None:
                interaction.failed = True
                # nobody can blame a bot that is not there
                if delivered:
                    self.record(Rule.UNACKNOWLEDGED, f"{interaction.label}, within {self.deadline} s")
                self.pulse.beat()

        asyncio.get_running_loop().call_later(self.deadline, expire)

    def payload(self, message: Message, whole: bool = False) -> Json:
        """A message as the bot gets it: words that are none of its business are blank, unless it gets it `whole`."""
        shown = whole or message.author.bot or message.channel.guild is None or self.bot in message.mentions
        shown = shown or bool(self.intents & MESSAGE_CONTENT)
        roles = message.channel.guild.roles.values() if message.channel.guild is not None else ()
        data: Json = {
            "id": str(message.id),
            "channel_id": str(message.channel.id),
            "author": message.author.payload(),
            "type": REPLIED if message.reference is not None and message.kind == SAID else message.kind,
            "content": message.content if shown else "",
            "embeds": message.embeds if shown else [],
            "components": message.components if shown else [],
            "attachments": [file.payload(self.base) for file in message.attachments] if shown else [],
            "timestamp": moment(message.id),
            "edited_timestamp": moment(self.clock.snowflake()) if message.edited else None,
            "tts": False,
            "pinned": False,
            "flags": message.flags,
            "mention_everyone": False,
            "mention_roles": [str(role.id) for role in roles if role.mention in message.content],
            "mentions": [user.payload() for user in message.mentions],
        }
        guild = message.channel.guild
        if guild is not None:
            data |= {"guild_id": str(guild.id), "member": message.author.member()}
        if message.author is self.bot:
            data["application_id"] = str(self.bot.id)
        if message.from_interaction:
            data["webhook_id"] = str(self.bot.id)
        if message.thread is not None:
            data["thread"] = message.thread.payload()
        if message.reference is not None:
            where = {"message_id": str(message.reference.id), "channel_id": str(message.channel.id)}
            data["message_reference"] = where | ({"guild_id": str(guild.id)} if guild is not None else {})
        if message.reference is not None and message.kind == SAID:
            quoted = None if message.reference.deleted else self.payload(message.reference)
            data["referenced_message"] = quoted and {k: v for k, v in quoted.items() if k != "referenced_message"}
        return data

    def write(self, message: Message, data: Json, files: list[Upload]) -> None:
        """Makes a message of the bot's say what a request says; what the request leaves out stays.

        Raises:
            ApiError: where Discord does not take it; the message is unchanged then.
        """
        if not message.ephemeral:
            check_open(message.channel, new=message not in message.channel.messages)
        content = message.content if "content" not in data else data["content"] or ""
        embeds = message.embeds if "embeds" not in data else data["embeds"] or []
        components = message.components if "components" not in data else data["components"] or []
        kept = message.attachments
        if "attachments" in data:
            named = {str(one.get("id")) for one in data["attachments"] or []}
            kept = [file for file in kept if str(file.id) in named]
        attachments = [*kept, *files]
        flags = (message.flags & ~LOADING) | (data.get("flags") or 0) & ~EPHEMERAL & ~LOADING
        if faults := message_faults(content, embeds, components, flags, len(attachments)):
            raise ApiError(400, 50035, f"Invalid Form Body\n{'; '.join(faults)}", Rule.LIMIT)
        if any(len(file.content) > self.attachment_size_limit for file in files):
            raise ApiError(413, 40005, "Request entity too large", Rule.LIMIT)
        if not (content.strip() or embeds or components or attachments):
            raise ApiError(400, 50006, "Cannot send an empty message", Rule.EMPTY_MESSAGE)
        if data.get("message_reference"):
            message.reference = self._referenced(message.channel, data["message_reference"])
        allowed, said = data.get("allowed_mentions"), content if "content" in data else ""
        for one in text_violations(said, embeds, components, allowed, self.heard, self.known_channels()):
            self.record(one.rule, one.detail)
        pings = pinged(said, allowed)
        if message.reference is not None and (allowed is None or allowed.get("replied_user")):
            pings.append(f"reply:{message.reference.author.id}")
        if message.content or message.embeds or message.components or message.attachments:
            version = Version(message.content, message.embeds, message.components, self.clock.now())
            message.edits.append(version)
            message.edited = True
        message.content, message.embeds, message.components = content, embeds, components
        message.attachments, message.flags, message.pings = attachments, flags, [*message.pings, *pings]
        message.mentions = [user for user in self.users.values() if user.mention in content]

    def publish(self, message: Message) -> None:
        """Puts a message into its channel, or tells of its new version."""
        known = message in message.channel.messages
        if not known:
            message.channel.messages.append(message)
            self.heard += [message.content] if message.author is not self.bot else []
        if not message.ephemeral:
            self.announce("MESSAGE_UPDATE" if known else "MESSAGE_CREATE", message)
        self.pulse.beat()

    def announce(self, kind: str, message: Message) -> None:
        """Tells the bot of a message, if it asked for such events."""
        wanted = 1 << 12 if message.channel.guild is None else 1 << 9
        guild = message.channel.guild
        if self.intents & wanted and (guild is None or guild.installed):
            self.dispatch(kind, self.payload(message))

    def delete(self, message: Message) -> None:
        """Takes a message away."""
        message.deleted = True
        message.channel.messages.remove(message)
        if not message.ephemeral:
            self.announce("MESSAGE_DELETE", message)
        self.pulse.beat()

    def _referenced(self, channel: Channel, reference: Json) -> Message | None:
        found = next((m for m in channel.messages if str(m.id) == str(reference.get("message_id"))), None)
        if found is None and reference.get("fail_if_not_exists", True):
            raise ApiError(400, 50035, "Invalid Form Body\nmessage_reference: Unknown message")
        return found
