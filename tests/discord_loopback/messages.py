"""Messages as people see them, with all that they said before."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simcord.components import walk_components

from tests.discord_loopback.rules import ApiError, Json, check_message, embed_texts, pinged, word_violations
from tests.discord_loopback.world import Channel, User, moment

EPHEMERAL, LOADING = 1 << 6, 1 << 7
SAID, BOT_ADDED, PINNED, REPLIED = 0, 1, 6, 19


@dataclass(slots=True, eq=False)
class Message:
    """A message; of another `kind` than `SAID` if Discord wrote it. Only the `viewer` sees it, if there is one.

    `edits` are the embeds that it had before.
    """

    channel: Channel
    author: User
    content: str = ""
    reference: "Message | None" = None
    mentions: list[User] = field(default_factory=list)
    kind: int = SAID
    viewer: User | None = None
    from_interaction: bool = False
    nonce: str = ""
    loading: bool = False
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    pings: list[str] = field(default_factory=list)
    edits: list[list[Json]] = field(default_factory=list)
    id: int = field(init=False)

    def __post_init__(self) -> None:
        self.id = self.channel.discord.snowflake()

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return self.viewer is not None

    @property
    def buttons(self) -> dict[str, str]:
        """The custom_ids of the buttons, by what is read on them, in the order in which they are seen."""
        found = [one for one in walk_components(self.components) if one["type"] == 2]
        return {one.get("label") or one["emoji"]["name"]: one["custom_id"] for one in found}

    @property
    def text(self) -> str:
        """All that is read: content, then the embeds."""
        footers = [(embed.get("footer") or {}).get("text") or "" for embed in self.embeds]
        return "\n".join(part for part in (self.content, *embed_texts(self.embeds), *footers) if part)

    async def answered(self, timeout: float = 30.0, until: "Callable[[Message], bool]" = bool) -> "Message":
        """The bot's answer to this message: a reply, or else its first message after it."""

        def found() -> "Message | None":
            later = [m for m in self.channel.messages if m.id > self.id and m.author.bot and not m.from_interaction]
            answers = [m for m in later if m.reference in (self, None) and until(m)]
            return min(answers, key=lambda m: m.reference is None, default=None)

        return await self.channel.discord.until(found, timeout, f"an answer to {self.content!r}")

    def payload(self, whole: bool = False) -> Json:
        """As the bot gets it: words that are none of its business are blank, unless it gets it `whole`."""
        discord, guild = self.channel.discord, self.channel.guild
        shown = whole or self.author.bot or guild is None or discord.bot in self.mentions
        place = {"channel_id": str(self.channel.id)} | ({} if guild is None else {"guild_id": str(guild.id)})
        data: Json = {
            **place,
            "id": str(self.id),
            "author": self.author.payload(),
            "type": REPLIED if self.reference is not None and self.kind == SAID else self.kind,
            "content": self.content if shown else "",
            "embeds": self.embeds if shown else [],
            "components": self.components if shown else [],
            "timestamp": moment(self.id),
            "edited_timestamp": None,
            "flags": EPHEMERAL * self.ephemeral | LOADING * self.loading,
            "mentions": [user.payload() for user in self.mentions],
            "attachments": [],
            "tts": False,
            "pinned": False,
            "mention_everyone": False,
        }
        if guild is not None:
            data["member"] = self.author.member()
            data["mention_roles"] = [str(r.id) for r in guild.roles.values() if f"<@&{r.id}>" in self.content]
        if self.from_interaction:
            data["webhook_id"] = str(discord.bot.id)
        if self.reference is not None:
            data["message_reference"] = {**place, "message_id": str(self.reference.id)}
            if self.kind == SAID:
                data["referenced_message"] = {**self.reference.payload(), "referenced_message": None}
        return data

    def write(self, data: Json) -> None:
        """Makes a message of the bot's say what a request says, and publishes it; what the request leaves out stays.

        Raises:
            ApiError: where Discord does not take it; the message is unchanged then.
        """
        discord = self.channel.discord
        if self.channel.locked and not self.ephemeral:
            raise ApiError(400, 50083, "Thread is archived", fair=True)
        content = data.get("content", self.content) or ""
        embeds, components = data.get("embeds", self.embeds) or [], data.get("components", self.components) or []
        check_message(content, embeds, components)
        allowed, said = data.get("allowed_mentions"), data.get("content") or ""
        discord.violations += word_violations(said, embeds, allowed, discord.heard)
        self.pings += pinged(said, allowed)
        if reference := data.get("message_reference"):
            sought = str(reference["message_id"])
            self.reference = next((one for one in self.channel.messages if str(one.id) == sought), None)
            if allowed is None or allowed.get("replied_user"):
                discord.violations.append("a reply pings whom it answers")
        if self.content or self.embeds:
            self.edits.append(self.embeds)
        self.content, self.embeds, self.components, self.loading = content, embeds, components, False
        self.publish()

    def publish(self) -> None:
        """Puts a message into its channel, or tells of its new version."""
        discord, known = self.channel.discord, self in self.channel.messages
        if not known:
            self.channel.messages.append(self)
        if self.author is not discord.bot:
            discord.heard.append(self.content)
        if not self.ephemeral and discord.gateway.intents & 1 << (12 if self.channel.guild is None else 9):
            discord.dispatch("MESSAGE_UPDATE" if known else "MESSAGE_CREATE", self.payload())
        discord.beat()
