"""Followed questions in Discord, with the real models: what is new is posted once, whatever breaks; it pings nobody."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.following.questions import FollowedQuestions
from retrieval.encoder import Encoder
from retrieval.refresh import refresh
from retrieval.storage.local import LocalStore
from tests.discord_fake import LOOK_SECONDS
from tests.discord_loopback import MEMBER, Bot, Channel, Fault, Guild, Loopback, Message, Person
from tests.discord_wire import POSTS, QUICK, configured, manager
from tests.stores import write
from tests.test_following import (
    DEAD,
    FARIA,
    FARIA_AGAIN,
    FLOOD,
    GIL,
    GUESTS,
    HARBOUR,
    MINISTER,
    PLASENCIA,
    SUMMIT,
    TOLL,
)

pytestmark = pytest.mark.anyio
CONTENT = """[discord]
cooldown_seconds = 0
max_followed_per_person = 3
max_followed_per_server = 4
[logging]
level = "info"
"""
PATIENCE = 60.0


class Newsroom:
    """A bot with the real models over articles that come in."""

    def __init__(self, folder: Path, discord: Loopback, encoder: Encoder) -> None:
        self.folder, self.discord, self.encoder = folder, discord, encoder
        self.guild: Guild = discord.guild()
        self._people: dict[str, Person] = {}
        self._expected: dict[Channel, int] = {}

    def person(self, name: str) -> Person:
        """A member; the same one each time."""
        if name not in self._people:
            self._people[name] = self.discord.person(name)
        return self._people[name]

    async def start(self) -> Bot:
        """Starts the bot; after a kill, it is the same one again."""
        return await self.discord.start("--config", configured(self.folder, CONTENT), "discord", call=QUICK)

    async def publish(self, *articles: str) -> None:
        """Articles come in, all in one generation."""
        for article in articles:
            write(self.folder / "corpus", f"{hash(article)}.md", article)
        store = LocalStore(self.folder / ".dateline")
        await asyncio.to_thread(refresh, self.folder / "corpus", store, self.encoder, "model")

    async def news(self, channel: Channel, count: int) -> list[Message]:
        """The messages in which the bot tells news, when there are so many; more may not come until the end."""
        self._expected[channel] = count
        await self.discord.until(lambda: len(told(channel)) >= count, PATIENCE, f"{count} news in {channel.name}")
        return told(channel)

    async def quiet(self) -> None:
        """Waits until nothing is in the outbox and the bot has had time to look again, and counts the news."""
        questions = FollowedQuestions.open(self.folder / ".dateline")
        while await asyncio.to_thread(questions.outbox.has_news, "discord"):
            await asyncio.sleep(0.1)
        await asyncio.sleep(5 * LOOK_SECONDS)
        assert {channel: len(told(channel)) for channel in self._expected} == self._expected


def told(channel: Channel) -> list[Message]:
    """What the bot has said by itself."""
    return [each for each in channel.messages if each.author.bot and not each.from_interaction]


@pytest.fixture
async def room(tmp_path: Path, encoder: Encoder) -> AsyncIterator[Newsroom]:
    async with Loopback() as discord:
        room = Newsroom(tmp_path, discord, encoder)
        configured(tmp_path, CONTENT)
        await room.publish(*HARBOUR.values(), FARIA)
        await room.start()
        yield room
        await room.quiet()
        assert discord.unanswered == []
        assert all("event=internal_error" not in bot.output for bot in discord.bots)


async def follow(
    room: Newsroom, question: str = MINISTER, name: str = "Ada", place: Channel | None = None, **options: object
) -> Message:
    """Somebody follows a question; what the bot answers."""
    asked = await room.person(name).slash(place or room.guild.general, "follow", question=question, **options)
    return await asked.finally_(timeout=PATIENCE)


async def test_what_is_new_is_posted_once_with_what_it_replaces(room: Newsroom) -> None:
    general = room.guild.general
    answer = await follow(room)
    assert "**Carlos Faria**" in answer.text and "what is new about it is posted here" in answer.text
    await room.publish(FARIA_AGAIN, PLASENCIA)
    await room.publish(GIL)
    (message,) = await room.news(general, 1)
    assert f"{MINISTER}\n**Yvan Gil**" in message.text and "was: Carlos Faria (8 July 2022)" in message.text
    assert "> “President Nicolas Maduro on Friday appointed **Yvan Gil**" in message.text
    assert "Maduro names Gil · Example Wire · 6 January 2023" in message.text
    assert message.pings == [] and list(message.buttons) == ["Stop"]
    # another may not stop it; the person may, after a restart too
    bob = room.person("Bob")
    refused = await (await bob.click(message, "Stop")).finally_(timeout=PATIENCE)
    assert "Only the person who follows this question" in refused.text and refused.ephemeral
    assert await room.discord.bots[0].stop() == 0
    await room.start()
    ada = room.person("Ada")
    stopped = await (await ada.click(message, "Stop")).finally_(timeout=PATIENCE)
    assert "is no longer followed" in stopped.text
    await room.publish(GIL.replace("Yvan Gil", "Ana Ruiz").replace("Gil", "Ruiz").replace("01-06", "05-06"))


async def test_a_burst_is_one_message_and_private_news_is_private(room: Newsroom) -> None:
    general = room.guild.general
    await follow(room, DEAD)
    await follow(room, GUESTS)
    private = await follow(room, name="Bob", private=True)
    assert private.ephemeral and "sent to you privately" in private.text
    await room.publish(SUMMIT, FLOOD, GIL)
    (message,) = await room.news(general, 1)
    assert len(message.embeds) == 2
    assert "**12**" in message.text and "**Gustavo Petro**" in message.text
    assert list(message.buttons) == [f"Stop: {DEAD}", f"Stop: {GUESTS}"]
    bob = room.person("Bob")
    (message,) = await room.news(bob.direct, 1)
    assert "**Yvan Gil**" in message.text


async def test_a_failing_post_is_made_once(room: Newsroom) -> None:
    for question in (MINISTER, DEAD, GUESTS):
        await follow(room, question)
    for count, (article, fault) in enumerate(
        (
            (GIL, Fault("abort", after=True)),
            (FLOOD, Fault("status", 503)),
            (TOLL, Fault("status", 500, after=True)),
            (SUMMIT, Fault("rate limited", 0.2)),
        ),
        start=1,
    ):
        plan = room.discord.fault(POSTS, fault)
        await room.publish(article)
        await room.news(room.guild.general, count)
        assert plan == []
    room.discord.gateway.drop()
    await room.publish(FARIA_AGAIN)


async def test_a_kill_between_storing_and_posting_loses_nothing_and_posts_nothing_twice(room: Newsroom) -> None:
    general = room.guild.general
    await follow(room)
    await follow(room, DEAD)
    plan = room.discord.fault(POSTS, Fault("hang", 600))
    await room.publish(GIL)
    await room.discord.until(lambda: not plan, PATIENCE, "the post has begun")
    await room.discord.bots[0].stop(signal.SIGKILL)
    assert told(general) == []
    second = await room.start()
    (message,) = await room.news(general, 1)
    # the answer to a post is lost, and with it the process; Discord has forgotten the nonce meanwhile
    plan = room.discord.fault(POSTS, Fault("hang", 600, after=True))
    await room.publish(FLOOD)
    await room.discord.until(lambda: len(told(general)) == 2, PATIENCE, "the post has been made")
    await second.stop(signal.SIGKILL)
    for said in general.messages:
        said.nonce = ""
    await room.start()
    messages = await room.news(general, 2)
    assert messages[0] is message and "**12**" in messages[1].text


async def test_where_it_may_write_no_more_the_person_is_told_once(room: Newsroom) -> None:
    general, desk = room.guild.general, room.guild.channel("desk")
    await follow(room)
    await follow(room, DEAD, place=desk)
    general.bot_permissions = 0
    del room.discord.channels[desk.id]
    await room.publish(GIL, FLOOD)
    ada = room.person("Ada")
    messages = await room.news(ada.direct, 2)
    assert all("may no longer write in the channel" in message.text for message in messages)
    assert ["**Yvan Gil**" in message.text for message in messages].count(True) == 1
    assert ["**12**" in message.text for message in messages].count(True) == 1
    output = room.discord.bots[0].output
    assert "event=suspended questions=1 " in output and "event=suspended questions=2 " in output
    room.discord.channels[desk.id] = desk
    general.bot_permissions = MEMBER
    listed = await (await ada.slash(general, "following")).finally_(timeout=PATIENCE)
    assert listed.text.count("suspended") == 2


async def test_limits_lists_and_managers(room: Newsroom) -> None:
    general = room.guild.general
    for question in (MINISTER, DEAD, GUESTS):
        assert "Followed: " in (await follow(room, question)).text
    assert "You have 3 followed questions" in (await follow(room, "Who left?")).text
    await follow(room, DEAD, name="Bob")
    assert "This server has 4 followed questions" in (await follow(room, GUESTS, name="Bob")).text
    bob = room.person("Bob")
    listed = await (await bob.slash(general, "following")).finally_(timeout=PATIENCE)
    assert "You follow 1 question" in listed.text and list(listed.buttons) == ["Stop 4"]
    chief = manager(room.discord)
    every = await (await chief.slash(general, "dateline following")).finally_(timeout=PATIENCE)
    assert "People in this server follow 4 questions" in every.text
    assert "is no longer followed" in (await (await chief.click(every, "Stop 4")).finally_(timeout=PATIENCE)).text
    assert "no longer followed" in (await (await bob.click(listed, "Stop 4")).finally_(timeout=PATIENCE)).text
    muted = room.guild.channel("muted", bot_permissions=MEMBER & ~(1 << 11))
    asked = await bob.slash(muted, "follow", question=DEAD)
    assert "may not post here" in (await asked.finally_(timeout=PATIENCE)).text
