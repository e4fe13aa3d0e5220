"""What is asked too late, too often, too long or in the wrong place is refused politely."""

from pathlib import Path

import pytest

from tests.discord_loopback import Loopback
from tests.discord_wire import alone, answer_to, having, says, started

pytestmark = pytest.mark.anyio


async def test_an_answer_whose_token_has_expired_is_sent_anew(tmp_path: Path) -> None:
    async with alone(tmp_path, FAKE_GATE=str(tmp_path / "gate")) as (discord, guild, _):
        ada = discord.person("Ada")
        asked = await ada.slash(guild.general, "ask", question="hold Who?")
        await asked.acknowledged()
        discord.shifted += 901
        (tmp_path / "gate").touch()
        sent = lambda: [one for one in guild.general.messages if "**hold**" in one.text]  # noqa: E731
        (answer,) = await discord.until(sent, 20, "the answer is there")
        (violation,) = discord.violations
        assert not answer.from_interaction and "50027" in violation
        discord.violations.clear()


async def test_a_full_queue_says_so_politely(tmp_path: Path) -> None:
    gate = str(tmp_path / "gate")
    async with alone(tmp_path, having("queue_size = 2"), FAKE_GATE=gate) as (discord, guild, _):
        people = [discord.person(f"Person {number}") for number in range(4)]
        taken = [await person.slash(guild.general, "ask", question="hold Who?") for person in people[:3]]
        for one in taken:
            await one.acknowledged()
        refused = await (await people[3].slash(guild.general, "ask", question="hold Who?")).finally_()
        assert "Too many questions are waiting (2)" in refused.text and refused.ephemeral
        mention = await people[3].message(guild.general, "hold Who?", mentions_bot=True)
        assert "Too many questions are waiting" in (await mention.answered()).text
        (tmp_path / "gate").touch()
        for one in taken:
            await one.finally_(until=says("**hold**"))


async def test_cooldowns_places_and_lengths_hold_for_commands_and_mentions_alike(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        desk = guild.channel("desk")
        limits = "cooldown_seconds = 600\nmax_question_length = 30\ndirect_messages = false"
        settings = f"[discord]\n{limits}\nchannels = [{guild.general.id}]\n"
        await started(discord, tmp_path, settings)
        ada, bo = discord.person("Ada"), discord.person("Bo")
        long = await (await ada.slash(guild.general, "ask", question="Who " * 10)).finally_()
        assert "at most 30" in long.text
        await answer_to(ada, guild)
        mention = await ada.message(guild.general, "Who?", mentions_bot=True)
        assert "You asked just now" in (await mention.answered()).text
        insisting = await ada.message(guild.general, "Who?", mentions_bot=True)
        again = await (await ada.slash(guild.general, "ask", question="Who?")).finally_()
        assert "You asked just now; ask again in" in again.text and again.ephemeral
        assert "**Ana**" in (await answer_to(bo, guild)).text
        elsewhere = await (await bo.slash(desk, "ask", question="Who?")).finally_()
        assert f"<#{guild.general.id}>" in elsewhere.text and elsewhere.ephemeral
        assert "answers in" in (await (await bo.message(desk, "Who?", mentions_bot=True)).answered()).text
        assert "private messages" in (await (await bo.dm("Who?")).answered()).text
        cy = discord.person("Cy")
        in_thread = await cy.message(guild.channel("talks", parent=guild.general), "list Who?", mentions_bot=True)
        assert "**Ana**" in (await in_thread.answered(until=says("**"))).text
        # told once in a channel, which whoever asks on could fill otherwise
        assert not [one for one in guild.general.messages if one.reference is insisting]


async def test_a_channel_rests_between_the_questions_of_anybody(tmp_path: Path) -> None:
    async with alone(tmp_path, having("channel_cooldown_seconds = 600")) as (
        discord,
        guild,
        _,
    ):
        await answer_to(discord.person("Ada"), guild)
        bo = discord.person("Bo")
        assert "This channel asked just now" in (await answer_to(bo, guild)).text
        asked = await bo.message(guild.channel("desk"), "list Who?", mentions_bot=True)
        await asked.answered(until=says("**Ana**"))
