"""Requests that fail and connections that break: what people see in the end is their answer, once."""

import asyncio
import signal
from pathlib import Path

import pytest

from bot.discord.ledger import LEDGER, Ledger
from tests.discord_loopback import Fault, Guild, Loopback, Person
from tests.discord_loopback.gateway import INVALID, RECONNECT
from tests.discord_wire import CALLBACKS, EDITS, MESSAGE_EDITS, POSTS, alone, answer_to, says, started

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "fault",
    [
        Fault("rate limited", 0.2),
        Fault("status", 500),
        Fault("status", 503),
        Fault("abort"),
        Fault("abort", after=True),
        Fault("hang", 4.0),
    ],
    ids=str,
)
async def test_a_failing_acknowledgement_is_tried_again_in_time(
    fault: Fault, discord: Loopback, guild: Guild, ada: Person
) -> None:
    plan = discord.fault(CALLBACKS, fault)
    asked = await ada.slash(guild.general, "ask", question="list Who met?")
    assert "**Ana**" in (await asked.finally_()).text
    assert plan == [] and asked.acknowledged_after is not None and asked.acknowledged_after < 3


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("rate limited", 0.2)],
        [Fault("status", 500)],
        [Fault("status", 503)],
        [Fault("abort"), Fault("abort")],
        [Fault("abort", after=True)],
        [Fault("hang", 6.0)],
    ],
    ids=str,
)
async def test_a_failing_edit_is_tried_again(faults: list[Fault], discord: Loopback, guild: Guild, ada: Person) -> None:
    plan = discord.fault(EDITS, *faults)
    assert "**Ana**" in (await answer_to(ada, guild)).text
    assert plan == []


@pytest.mark.parametrize("private", [False, True])
async def test_an_answer_that_cannot_be_edited_in_is_sent_anew(
    private: bool, discord: Loopback, guild: Guild, ada: Person
) -> None:
    answer = await answer_to(ada, guild)
    plan = discord.fault(EDITS, *[Fault("abort")] * 3)
    place = ada.direct if private else guild.general
    before = len(place.messages)
    if private:
        form = await ada.click(answer, "Ask privately")
        asked = await ada.submit(form, "list Who?")
    else:
        asked = await ada.slash(place, "ask", question="list Who?")
    await discord.until(
        lambda: any("**Ana**" in message.text for message in place.messages[before:] if not message.from_interaction),
        20,
        "the answer is there",
    )
    assert plan == [] and asked.thinking
    assert asked.original is not None
    asked.original.loading = False  # Discord itself ends the thinking after 15 minutes


@pytest.mark.parametrize("pattern", [POSTS, MESSAGE_EDITS])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("rate limited", 0.2),
        Fault("status", 500),
        Fault("status", 503),
        Fault("abort"),
        Fault("abort", after=True),
    ],
    ids=str,
)
async def test_a_mention_is_answered_once_whatever_fails(
    pattern: str, fault: Fault, discord: Loopback, guild: Guild, ada: Person
) -> None:
    channel = guild.channel(f"faults {len(discord.channels)}")
    plan = discord.fault(pattern, fault)
    asked = await ada.message(channel, "list Who met?", mentions_bot=True)
    await asked.answered(until=says("**Ana**"))
    assert plan == []
    assert len([message for message in channel.messages if message.author is discord.bot]) == 1


async def test_a_lost_connection_is_resumed_and_no_question_with_it(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    resumes = discord.gateway.resumes
    discord.gateway.drop()
    asked = await ada.slash(guild.general, "ask", question="list Who met?")
    mention = await ada.message(guild.general, "list Who met?", mentions_bot=True)
    assert "**Ana**" in (await asked.finally_()).text
    await mention.answered(until=says("**Ana**"))
    assert discord.gateway.resumes == resumes + 1
    discord.gateway.tell({"op": RECONNECT, "d": None})
    await discord.until(lambda: discord.gateway.resumes == resumes + 2, 20, "it has resumed again")
    assert "**Ana**" in (await answer_to(ada, guild)).text


async def test_a_session_that_is_lost_is_begun_anew(discord: Loopback, guild: Guild, ada: Person) -> None:
    identifies = discord.gateway.identifies
    discord.gateway.tell({"op": INVALID, "d": False})
    discord.gateway.session = ""
    await discord.until(lambda: discord.gateway.identifies > identifies and discord.gateway.link, 20, "a new session")
    assert "**Ana**" in (await answer_to(ada, guild)).text
    assert discord.syncs == 1


async def test_a_connection_that_is_dead_without_a_word_is_taken_up_anew(tmp_path: Path) -> None:
    async with Loopback(heartbeat_interval=0.2) as discord:
        guild = discord.guild()
        await started(discord, tmp_path, FAKE_HEARTBEAT="0.5")
        ada = discord.person("Ada")
        discord.gateway.deaf = True
        asked = await ada.slash(guild.general, "ask", question="list Who met?")
        await discord.until(lambda: discord.gateway.resumes == 1, 20, "it has resumed")
        discord.gateway.deaf = False
        assert "**Ana**" in (await asked.finally_()).text
        assert "**Ana**" in (await answer_to(ada, guild)).text
        assert discord.unanswered == []


async def test_who_waits_when_it_is_killed_is_told_after_the_next_start(tmp_path: Path) -> None:
    async with alone(tmp_path, FAKE_GATE=str(tmp_path / "gate")) as (discord, guild, bot):
        ada, bo = discord.person("Ada"), discord.person("Bo")
        answered = await bo.message(guild.general, "list Who?", mentions_bot=True)
        answer = await answered.answered(until=says("**Ana**"))
        asked = await ada.message(guild.general, "hold Who?", mentions_bot=True)
        await asked.answered(until=says("Reading"))
        ledger = Ledger.open(tmp_path / ".dateline" / LEDGER)
        while len(ledger.pending()) != 1:
            await asyncio.sleep(0.05)
        await bot.stop(signal.SIGKILL)
        await started(discord, tmp_path)
        await asked.answered(until=says("interrupted before it could answer; ask again"))
        assert "**Ana**" in answer.text
        bots_own = [one for one in guild.general.messages if one.author is discord.bot]
        assert len(bots_own) == 2
        while ledger.pending():
            await asyncio.sleep(0.05)
        assert await discord.bots[-1].stop() == 0
        edits = len(bots_own[1].edits)
        await started(discord, tmp_path)
        assert "**Ana**" in (await answer_to(ada, guild)).text
        assert len(bots_own[1].edits) == edits
