"""Places where the bot may do less than it would, and channels that are full of questions: nobody's is lost."""

import signal
from pathlib import Path

import pytest

from tests.discord_loopback import MEMBER, Fault, Guild, Loopback, Message, Person
from tests.discord_loopback.messages import BOT_ADDED, PINNED
from tests.discord_loopback.world import EMBED_LINKS, READ_HISTORY, SEND
from tests.discord_wire import EDITS, alone, answer_to, having, says, started

pytestmark = pytest.mark.anyio
# Discord takes five messages of a channel in five seconds, and the tries of one request take 37
FULL, MANY = 40, 12


@pytest.fixture(scope="module", autouse=True)
async def full(server: Loopback) -> list[Message]:
    """Questions in a channel that is full of them; they are answered while the other tests of this module run."""
    channel = next(iter(server.guilds.values())).channel("full")
    people = [server.person(f"Person {number}") for number in range(FULL)]
    return [await person.message(channel, "list Who met?", mentions_bot=True) for person in people]


async def test_told_to_end_it_tells_everybody_in_a_full_channel(tmp_path: Path) -> None:
    async with alone(tmp_path, FAKE_GATE=str(tmp_path / "gate")) as (discord, guild, bot):
        people = [discord.person(f"Person {number}") for number in range(MANY)]
        asked = [await person.message(guild.general, "hold Who?", mentions_bot=True) for person in people]
        await asked[4].answered(until=says("Reading"))
        bot.process.send_signal(signal.SIGTERM)
        # which of them is being read is not said: each mention is first looked up in the ledger, in a thread of its own
        told = lambda: [one for one in guild.general.messages if "being restarted" in one.text]  # noqa: E731
        await discord.until(told, 60, "somebody is told")
        (tmp_path / "gate").touch()
        assert await bot.exited() == 0
        said = [message.text for message in guild.general.messages if message.author is discord.bot]
        assert sorted("being restarted" in text for text in said) == [False] + [True] * (MANY - 1)
        assert sum("**hold**" in text for text in said) == 1


async def test_where_it_may_not_read_back_it_answers_without_a_reply(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    forgetful = guild.channel("forgetful", MEMBER & ~READ_HISTORY)
    asked = await ada.message(forgetful, "list Who met?", mentions_bot=True)
    answer = await asked.answered(until=says("**Ana**"))
    assert answer.channel is forgetful and answer.reference is None
    assert len([one for one in forgetful.messages if one.author is discord.bot]) == 1


async def test_where_it_can_answer_nowhere_it_says_what_it_lacks(discord: Loopback, guild: Guild, ada: Person) -> None:
    bare = guild.channel("bare", MEMBER & ~EMBED_LINKS)
    ada.closed = True
    asked = await ada.message(bare, "list Who met?", mentions_bot=True)
    assert "Embed Links" in (await asked.answered()).text
    assert "**Ana**" in (await answer_to(ada, guild)).text
    assert len([one for one in bare.messages if one.author is discord.bot]) == 1


async def test_a_question_in_a_thread_that_is_closed_meanwhile_is_answered_privately(
    discord: Loopback, guild: Guild, ada: Person, folder: Path
) -> None:
    thread = guild.channel("talks", parent=guild.general)
    first = await discord.person("Bo").message(thread, "hold Who?", mentions_bot=True)
    await first.answered(until=says("Reading"))
    asked = await ada.message(thread, "list Who met?", mentions_bot=True)
    await asked.answered(until=says("Reading"))
    thread.lock()
    before = len(ada.direct.messages)
    (folder / "gate").touch()
    said = lambda: [one for one in ada.direct.messages[before:] if "**Ana**" in one.text]  # noqa: E731
    await discord.until(said, 20, "the answer is there")


async def test_an_answer_that_can_be_shown_nowhere_else_goes_to_the_person(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    mute = guild.channel("mute", MEMBER & ~SEND)
    plan = discord.fault(EDITS, *[Fault("abort")] * 3)
    before = len(ada.direct.messages)
    asked = await ada.slash(mute, "ask", question="list Who?")
    said = lambda: [one for one in ada.direct.messages[before:] if "**Ana**" in one.text]  # noqa: E731
    await discord.until(said, 20, "the answer is there")
    assert plan == [] and asked.original is not None
    asked.original.loading = False  # Discord itself ends the thinking after 15 minutes


async def test_what_discord_says_in_a_members_name_is_no_question(discord: Loopback, guild: Guild, ada: Person) -> None:
    thread = guild.channel("notices", parent=guild.general)
    said = await ada.dm("list Who met?")
    await said.answered(until=says("**Ana**"))
    await ada.message(thread, "", mentions_bot=True, kind=BOT_ADDED)
    await ada.message(ada.direct, "", reply_to=said, kind=PINNED)
    asked = await ada.message(thread, "list Who met?", mentions_bot=True)
    later = await ada.dm("list Who met?")
    for one in (asked, later):
        await one.answered(until=says("**Ana**"))
    replies = [one.reference for one in (*thread.messages, *ada.direct.messages) if one.author is discord.bot]
    assert {id(one) for one in replies[-3:]} == {id(one) for one in (asked, said, later)}
    assert None not in replies


async def test_a_mention_of_the_bots_role_is_told_to_mention_the_bot(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    role = guild.role(discord.bot.name)
    other = guild.role("Editor")
    place = guild.channel("roles")
    await ada.message(place, f"<@&{other.id}> list Who met?")
    asked = await ada.message(place, f"<@&{role.id}> list Who met?")
    assert "mention the bot itself" in (await asked.answered()).text
    assert [one.reference for one in place.messages if one.author is discord.bot] == [asked]
    both = await ada.message(place, f"<@&{role.id}> list Who met?", mentions_bot=True)
    assert "**Ana**" in (await both.answered(until=says("**"))).text


async def test_the_buttons_of_a_place_that_is_served_no_more_say_so(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        desk = guild.channel("desk")
        bot = await started(discord, tmp_path)
        ada = discord.person("Ada")
        answer = await answer_to(ada, guild)
        assert await bot.stop() == 0
        await started(discord, tmp_path, having(f"channels = [{desk.id}]"))
        for label in ("More evidence", "In context", "👍", "Ask privately"):
            refused = await (await ada.click(answer, label)).finally_()
            assert f"<#{desk.id}>" in refused.text and refused.ephemeral


async def test_a_channel_full_of_questions_is_answered_one_and_all(discord: Loopback, full: list[Message]) -> None:
    for one in full:
        await one.answered(timeout=90, until=says("**Ana**"))
    replies = [message.reference for message in full[0].channel.messages if message.author is discord.bot]
    assert len(replies) == FULL and set(replies) == set(full)
