"""The real bot, in its own process, on a loopback server that keeps Discord's rules: what people see in the end.

Most tests share one bot, whose assistant is `tests.discord_fake`; those that need other settings start their own, and
the last one runs the real models.
"""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.settings import Settings
from retrieval.encoder import SentenceTransformerEncoder
from retrieval.refresh import refresh
from retrieval.storage.store import Store
from tests.conftest import ROOT
from tests.discord_crowd import configured_for, crowd
from tests.discord_loopback import (
    MANAGE_GUILD,
    MEMBER,
    Bot,
    Channel,
    Fault,
    Guild,
    Loopback,
    Message,
    Person,
    Rule,
    Upload,
)
from tests.discord_loopback.interactions import DEFER
from tests.discord_loopback.world import EMBED_LINKS, SEND, SEND_IN_THREADS

FAKE = "tests.discord_fake:main"
CALLBACKS = "POST /interactions/*/callback"
EDITS = "PATCH /webhooks/*/messages/*"
POSTS = "POST /channels/*/messages"
MESSAGE_EDITS = "PATCH /channels/*/messages/*"
OPEN = '[discord]\ncooldown_seconds = 0\n[logging]\nlevel = "info"\n'

pytestmark = pytest.mark.anyio


def configured(folder: Path, content: str = OPEN) -> str:
    """The path of a configuration file in the folder, which gets a storage folder and a corpus."""
    (folder / ".dateline").mkdir(exist_ok=True)
    (folder / "corpus").mkdir(exist_ok=True)
    file = folder / "config.toml"
    file.write_text(content)
    return str(file)


async def started(discord: Loopback, folder: Path, content: str = OPEN, **env: str) -> Bot:
    """A bot of its own, with these settings."""
    return await discord.start("--config", configured(folder, content), "discord", call=FAKE, env=env)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared bot keeps its things."""
    return tmp_path_factory.mktemp("bot")


@pytest.fixture(scope="module")
async def server(folder: Path) -> AsyncIterator[Loopback]:
    """A server with a guild and the shared bot."""
    async with Loopback(heartbeat_interval=0.5) as discord:
        discord.guild()
        await started(discord, folder, FAKE_GATE=str(folder / "gate"))
        yield discord


@pytest.fixture
async def discord(server: Loopback, folder: Path) -> AsyncIterator[Loopback]:
    """The same, for one test, which must break no rule."""
    (folder / "gate").unlink(missing_ok=True)
    yield server
    assert server.violations == []
    assert server.unanswered == []
    assert "event=mistake" not in server.bots[0].output


@pytest.fixture
def guild(discord: Loopback) -> Guild:
    """The guild."""
    return next(iter(discord.state.guilds.values()))


@pytest.fixture
def ada(discord: Loopback) -> Person:
    """A member."""
    return discord.person("Ada")


@pytest.fixture
def chief(discord: Loopback) -> Person:
    """Somebody who may manage the server."""
    return discord.person("Chief", permissions=MEMBER | MANAGE_GUILD)


def says(words: str) -> Callable[[Message], bool]:
    """Whether a message says these words."""
    return lambda message: words in message.text


async def answer_to(person: Person, guild: Guild, question: str = "list Who met?") -> Message:
    """The finished answer to a slash command."""
    asked = await person.slash(guild.general, "ask", question=question)
    return await asked.finally_(timeout=20)


def thread_in(discord: Loopback, channel: Channel, bot_permissions: int = MEMBER) -> Channel:
    """A thread that somebody has started."""
    state = discord.state
    made = Channel(state.clock.snowflake(), "thread", state.pulse, channel.guild, channel, None, bot_permissions)
    channel.threads.append(made)
    state.dispatch("THREAD_CREATE", {**made.payload(), "newly_created": True})
    return made


def button(message: Message, act: str) -> str:
    """The custom_id of a button."""
    return next(one.custom_id for one in message.buttons if one.custom_id and f":{act}:" in one.custom_id)


async def test_a_question_is_acknowledged_at_once_and_answered_with_its_sources(guild: Guild, ada: Person) -> None:
    asked = await ada.slash(guild.general, "ask", question="list Who met?")
    answer = await asked.finally_()
    assert asked.callback == DEFER
    assert "**Ana**" in answer.text and "**Bo**" in answer.text and "Example Wire" in answer.text
    assert not answer.ephemeral and answer.pings == []
    labels = [one.label for one in answer.buttons]
    assert labels == ["More evidence", "In context", "👍", "👎", "Ask privately"]


async def test_a_question_can_be_limited_by_day_and_source(guild: Guild, ada: Person) -> None:
    limits = {"since": "2024-01", "until": "2024", "source": "Example Wire"}
    asked = await ada.slash(guild.general, "ask", question="filter", **limits)
    answer = await asked.finally_()
    assert "-/Example" in answer.text.replace("\\", "") and "2024-01-01/2024-12-31" in answer.text.replace("\\", "")
    assert "since 1 January 2024" in answer.text


async def test_a_filter_that_no_article_passes_is_named_as_the_reason(guild: Guild, ada: Person) -> None:
    asked = await ada.slash(guild.general, "ask", question="nowhere", source="Nobody's Wire")
    answer = await asked.finally_()
    assert "No article passes the filter, so nothing was searched" in answer.text
    assert "source Nobody's Wire" in answer.text
    assert [one.label for one in answer.buttons] == ["👍", "👎", "Ask privately"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"since": "yesterday"}, "is no date, expected a day, a month or a year"),
        ({"since": "2024-02-02", "until": "2024-01-01"}, "swap them"),
        ({"question": "?!"}, "holds no word"),
    ],
)
async def test_what_cannot_be_meant_is_said_to_the_person_alone(
    options: dict[str, str], said: str, guild: Guild, ada: Person
) -> None:
    asked = await ada.slash(guild.general, "ask", **{"question": "Who?", **options})
    answer = await asked.finally_()
    assert said in answer.text.replace("\\", "") and answer.ephemeral and answer.buttons == []


async def test_sources_are_offered_while_they_are_typed(discord: Loopback, ada: Person) -> None:
    assert [one.value for one in await ada.autocomplete("ask", "source", "éxample")] == ["Example Wire"]
    assert await ada.autocomplete("ask", "source", "zzz") == []


async def test_a_mention_asks_and_is_answered_by_a_reply(guild: Guild, ada: Person) -> None:
    asked = await ada.message(guild.general, "list Who met?", mentions_bot=True)
    answer = await asked.answered(until=says("**Ana**"))
    assert answer.reference is asked and answer.pings == []
    assert "Reading" in answer.edits[0].embeds[0]["description"]


async def test_a_private_message_asks_without_a_mention(ada: Person) -> None:
    asked = await ada.dm("list Who met?")
    assert "**Bo**" in (await asked.answered(until=says("**Ana**"))).text


async def test_a_mention_without_a_question_says_what_to_write(guild: Guild, ada: Person) -> None:
    asked = await ada.message(guild.general, "", mentions_bot=True)
    assert "The question is empty" in (await asked.answered()).text


async def test_what_is_not_meant_for_the_bot_is_left_alone(discord: Loopback, guild: Guild, ada: Person) -> None:
    quiet = guild.channel("quiet")
    robot = discord.person("Robot", bot=True)
    await ada.message(quiet, "list Who met?")
    await robot.message(quiet, "list Who met?", mentions_bot=True)
    asked = await ada.message(quiet, "list Who met?", mentions_bot=True)
    await asked.answered(until=says("**Ana**"))
    assert [message.reference for message in quiet.messages if message.author is discord.bot] == [asked]


async def test_any_message_can_be_asked_about_from_its_menu(guild: Guild, ada: Person) -> None:
    message = await ada.message(guild.general, "list Who met?")
    asked = await ada.context_menu("Ask Dateline about this", message)
    assert "**Ana**" in (await asked.finally_()).text


async def test_a_message_that_cannot_be_asked_about_is_named_as_such(guild: Guild, ada: Person) -> None:
    picture = await ada.message(guild.general, "", files=[Upload("a.png", b"png", "image/png")])
    long = await ada.message(guild.general, "Who? " * 400)
    for message, said in ((picture, "no words of its own"), (long, "expected at most 400; shorten it")):
        shown = await (await ada.context_menu("Ask Dateline about this", message)).finally_()
        assert said in shown.text and shown.ephemeral


@pytest.mark.parametrize(
    ("lacking", "threaded"), [(SEND, False), (EMBED_LINKS, False), (SEND_IN_THREADS, True)], ids=str
)
async def test_where_it_may_not_write_it_answers_privately(
    lacking: int, threaded: bool, discord: Loopback, guild: Guild, ada: Person
) -> None:
    channel = guild.channel(f"mute {lacking}", MEMBER if threaded else MEMBER & ~lacking)
    place = thread_in(discord, channel, MEMBER & ~lacking) if threaded else channel
    before = len(ada.direct.messages)
    await ada.message(place, "list Who met?", mentions_bot=True)
    said = lambda: [one for one in ada.direct.messages[before:] if "**Ana**" in one.text]  # noqa: E731
    await discord.until(said, 20, "the answer is there")
    assert len(ada.direct.messages) == before + 1


async def test_a_reply_to_an_answer_is_asked_of_the_same_articles(guild: Guild, ada: Person) -> None:
    first = await ada.slash(guild.general, "ask", question="list Who?", source="Example Wire")
    answer = await first.finally_()
    follow_up = await ada.message(guild.general, "filter", reply_to=answer)
    assert "Example" in (await follow_up.answered(until=says("/"))).text


async def test_the_passages_can_be_paged_through_and_seen_in_their_article(guild: Guild, ada: Person) -> None:
    answer = await answer_to(ada, guild)
    opened = await ada.click(answer, "More evidence")
    page = await opened.finally_()
    assert page.ephemeral and "Passage 1 of 2" in page.text
    turned = await ada.click(page, "Next")
    page = await turned.finally_(until=says("Passage 2 of 2"))
    assert [one.label for one in page.buttons] == ["Previous", "In context"]
    shown = await ada.click(page, "In context")
    assert "Ana met Bo in Caracas" in (await shown.finally_()).text
    back = await ada.click(page, "Previous")
    assert "Passage 1 of 2" in (await back.finally_(until=says("Passage 1"))).text


async def test_a_vote_is_stored_without_a_name_and_read_by_those_who_run_it(
    guild: Guild, ada: Person, chief: Person, folder: Path
) -> None:
    answer = await answer_to(ada, guild, "differ what was rated badly")
    for act in ("good", "bad"):
        voted = await ada.click(answer, button(answer, act))
        assert f"noted as a {act} answer" in (await voted.finally_()).text
    listed = await chief.slash(guild.general, "dateline feedback")
    feedback = await listed.finally_()
    assert "differ what was rated badly" in feedback.text and "👎 1" in feedback.text and feedback.ephemeral
    stored = b"".join(path.read_bytes() for path in (folder / ".dateline").glob("discord.sqlite*"))
    assert b"rated badly" in stored and str(ada.id).encode() not in stored and b"Ada" not in stored


async def test_a_private_question_is_answered_to_one_person(guild: Guild, ada: Person) -> None:
    answer = await answer_to(ada, guild)
    form = await (await ada.click(answer, "Ask privately")).modal()
    sent = await ada.submit(form, {"Question": "list Who met privately?"})
    private = await sent.finally_()
    assert private.ephemeral and "**Ana**" in private.text


async def test_buttons_and_forms_work_after_a_restart(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        bot = await started(discord, tmp_path)
        ada = discord.person("Ada")
        answer = await answer_to(ada, guild)
        form = await (await ada.click(answer, "Ask privately")).modal()
        assert await bot.stop() == 0
        await started(discord, tmp_path)
        assert "Passage 1 of 2" in (await (await ada.click(answer, "More evidence")).finally_()).text
        voted = await ada.click(answer, button(answer, "good"))
        assert "noted as a good answer" in (await voted.finally_()).text
        assert "**Ana**" in (await (await ada.submit(form, {"Question": "list Who?"})).finally_()).text
        assert discord.syncs == 1  # the commands had not changed
        assert discord.violations == []


async def test_a_button_whose_answer_is_forgotten_says_so(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        bot = await started(discord, tmp_path)
        ada = discord.person("Ada")
        answer = await answer_to(ada, guild)
        assert await bot.stop() == 0
        for file in (tmp_path / ".dateline").glob("discord.sqlite*"):
            file.unlink()
        await started(discord, tmp_path)
        for label in ("More evidence", "In context"):
            assert "no longer stored" in (await (await ada.click(answer, label)).finally_()).text
        assert discord.violations == []


async def test_who_waits_sees_how_many_are_ahead_and_is_answered(discord: Loopback, guild: Guild, folder: Path) -> None:
    people = [discord.person(f"Person {number}") for number in range(4)]
    asked = [await person.slash(guild.general, "ask", question="hold Who?") for person in people]
    await discord.until(
        lambda: all(one.original is not None and "ahead of yours" in one.original.text for one in asked[1:]),
        20,
        "all who wait know it",
    )
    ahead = [one.original.text for one in asked[1:] if one.original is not None]
    assert ahead == [f"Reading … {n} question{' is' if n == 1 else 's are'} ahead of yours." for n in (1, 2, 3)]
    (folder / "gate").touch()
    for one in asked:
        await one.finally_(until=says("**hold**"))


async def test_progress_that_comes_late_does_not_stay_in_the_answers_place(
    discord: Loopback, guild: Guild, folder: Path
) -> None:
    people = [discord.person(f"Person {number}") for number in range(4)]
    lost = discord.fault(EDITS, [Fault.late(2.0)])
    lost_too = discord.fault(MESSAGE_EDITS, [Fault.late(2.0)])
    first, second = [await one.slash(guild.general, "ask", question="hold Who?") for one in people[:2]]
    mention = await people[2].message(guild.general, "hold Who?", mentions_bot=True)
    await discord.until(lambda: not lost.left and not lost_too.left, 20, "the progress is lost")
    slow = discord.fault(EDITS, [Fault.hang(6.0)])
    third = await people[3].slash(guild.general, "ask", question="hold Who?")
    await discord.until(lambda: not slow.left, 20, "the progress hangs")
    (folder / "gate").touch()
    await first.finally_(until=says("**hold**"))
    shown, reply = await second.finally_(until=says("**hold**")), await mention.answered(until=says("**hold**"))
    for message in (shown, reply):
        # answered, overwritten, and answered once more
        await discord.until(
            lambda message=message: "**hold**" in str(message.edits) and "**hold**" in message.text,  # type: ignore[misc]
            20,
            "the answer stands",
        )
    last = await third.finally_(until=says("**hold**"))
    assert ["**hold**" in str(edit.embeds) for edit in last.edits] == [False]


async def test_an_answer_whose_token_has_expired_is_sent_anew(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        await started(discord, tmp_path, FAKE_GATE=str(tmp_path / "gate"))
        ada = discord.person("Ada")
        asked = await ada.slash(guild.general, "ask", question="hold Who?")
        await asked.acknowledged()
        discord.shift(901)
        (tmp_path / "gate").touch()
        sent = lambda: [one for one in guild.general.messages if "**hold**" in one.text]  # noqa: E731
        (answer,) = await discord.until(sent, 20, "the answer is there")
        assert not answer.from_interaction and len(discord.take(Rule.EXPIRED_TOKEN)) == 1
        assert discord.violations == []


async def test_a_full_queue_says_so_politely(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        content = OPEN.replace("[discord]\n", "[discord]\nqueue_size = 2\n")
        await started(discord, tmp_path, content, FAKE_GATE=str(tmp_path / "gate"))
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
        assert discord.violations == []


async def test_cooldowns_places_and_lengths_hold_for_commands_and_mentions_alike(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        desk = guild.channel("desk")
        settings = (
            f"[discord]\ncooldown_seconds = 600\nmax_question_length = 30\ndirect_messages = false\n"
            f"channels = [{guild.general.id}]\n"
        )
        await started(discord, tmp_path, settings)
        ada, bo = discord.person("Ada"), discord.person("Bo")
        long = await (await ada.slash(guild.general, "ask", question="Who " * 10)).finally_()
        assert "at most 30" in long.text
        await answer_to(ada, guild)
        again = await (await ada.slash(guild.general, "ask", question="Who?")).finally_()
        assert "You asked just now; ask again in" in again.text and again.ephemeral
        mention = await ada.message(guild.general, "Who?", mentions_bot=True)
        assert "You asked just now" in (await mention.answered()).text
        assert "**Ana**" in (await answer_to(bo, guild)).text
        elsewhere = await (await bo.slash(desk, "ask", question="Who?")).finally_()
        assert f"<#{guild.general.id}>" in elsewhere.text and elsewhere.ephemeral
        assert "answers in" in (await (await bo.message(desk, "Who?", mentions_bot=True)).answered()).text
        assert "private messages" in (await (await bo.dm("Who?")).answered()).text
        cy = discord.person("Cy")
        in_thread = await cy.message(thread_in(discord, guild.general), "list Who?", mentions_bot=True)
        assert "**Ana**" in (await in_thread.answered(until=says("**"))).text
        assert discord.violations == []


async def test_a_channel_rests_between_the_questions_of_anybody(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        await started(discord, tmp_path, OPEN.replace("[discord]\n", "[discord]\nchannel_cooldown_seconds = 600\n"))
        await answer_to(discord.person("Ada"), guild)
        bo = discord.person("Bo")
        assert "This channel asked just now" in (await answer_to(bo, guild)).text
        asked = await bo.message(guild.channel("desk"), "list Who?", mentions_bot=True)
        await asked.answered(until=says("**Ana**"))
        assert discord.violations == []


async def test_those_who_run_it_refresh_add_and_look(
    discord: Loopback, guild: Guild, chief: Person, folder: Path
) -> None:
    status = await (await chief.slash(guild.general, "dateline status")).finally_()
    assert "fake/encoder" in status.text and "Queue" in status.text and status.ephemeral
    refreshed = await (await chief.slash(guild.general, "dateline refresh")).finally_(until=says("Indexed"))
    assert "1 added" in refreshed.text and "Skipped bad.txt" in refreshed.text
    article = b"Talks end\n\nThe ministers met in Geneva on Monday and agreed to meet again in May.\n"
    file = Upload("..Talks in Geneva.TXT", article, "text/plain")
    added = await (await chief.slash(guild.general, "dateline add", file=file)).finally_(until=says("Added"))
    assert "Talks in Geneva.txt" in added.text.replace("\\", "")
    assert (folder / "corpus" / "Talks in Geneva.txt").read_bytes() == article
    assert sorted(path.name for path in (folder / "corpus").iterdir()) == ["Talks in Geneva.txt"]
    output = discord.bots[0].output
    for action in ("status", "refresh", "add"):
        assert f"event=admin action={action} person={chief.id}" in output
    assert str(folder) not in status.text + refreshed.text + added.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Give either url"),
        ({"url": "/etc/hostname"}, "is no address of a page"),
        ({"url": "file:///etc/hostname"}, "is no address of a page"),
        ({"url": "http://127.0.0.1:9/x"}, "private address"),
        ({"file": Upload("a.exe", b"MZ")}, "does not end in"),
        ({"file": Upload("a.txt", b"")}, "empty"),
        ({"file": Upload("README.md", b"hello there, a file")}, "README"),
    ],
)
async def test_what_cannot_be_added_is_named_with_the_reason(
    options: dict[str, object], said: str, guild: Guild, chief: Person, folder: Path
) -> None:
    before = sorted((folder / "corpus").iterdir())
    answer = await (await chief.slash(guild.general, "dateline add", **options)).finally_(
        until=lambda message: "Reading" not in message.text and "Adding" not in message.text
    )
    assert said in answer.text.replace("\\", "").replace("`", "")
    assert "/tmp" not in answer.text
    assert sorted((folder / "corpus").iterdir()) == before


async def test_a_refresh_tells_how_far_it_is_and_holds_up_no_question(tmp_path: Path) -> None:
    async with Loopback(heartbeat_interval=0.2) as discord:
        guild = discord.guild()
        await started(discord, tmp_path, FAKE_SECONDS="0.1")
        chief = discord.person("Chief", permissions=MEMBER | MANAGE_GUILD)
        refresh = await chief.slash(guild.general, "dateline refresh")
        await refresh.acknowledged()
        second = await (await chief.slash(guild.general, "dateline refresh")).finally_()
        assert "Another refresh is running" in second.text
        answered = await answer_to(discord.person("Ada"), guild)
        assert "**Ana**" in answered.text and refresh.thinking
        report = await refresh.finally_(until=says("Indexed"))
        assert any("Embedding passages" in str(edit.embeds) and "of 40" in str(edit.embeds) for edit in report.edits)
        assert discord.violations == []


async def test_errors_are_general_for_members_and_precise_for_those_who_run_it(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        bot = await started(discord, tmp_path)
        (tmp_path / "corpus" / "busy").touch()
        ada = discord.person("Ada")
        chief = discord.person("Chief", permissions=MEMBER | MANAGE_GUILD)
        for question in ("fail Who?", "break Who?"):
            shown = (await answer_to(ada, guild, question)).text
            assert "log" in shown and "damaged" not in shown and "shapes" not in shown and "Traceback" not in shown
        assert "The database is damaged" in bot.output and "RuntimeError: shapes do not match" in bot.output
        busy = await (await chief.slash(guild.general, "dateline refresh")).finally_()
        assert "Another process is writing to .dateline" in busy.text.replace("\\", "")
        assert str(tmp_path) not in busy.text
        assert discord.violations == []


async def test_only_those_who_may_run_it_do(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        editors = guild.role("Editor")
        bot = await started(
            discord, tmp_path, OPEN.replace("[discord]\n", f"[discord]\nadmin_roles = [{editors.id}]\n")
        )
        ada, editor = discord.person("Ada"), discord.person("Ed", roles=["Editor"])
        for command in ("status", "refresh", "feedback", "add"):
            refused = await (await ada.slash(guild.general, f"dateline {command}")).finally_()
            assert "for those who manage this server" in refused.text and refused.ephemeral
        assert "event=admin" not in bot.output and "event=mistake" not in bot.output
        assert "fake/encoder" in (await (await editor.slash(guild.general, "dateline status")).finally_()).text
        assert f"event=admin action=status person={editor.id}" in bot.output
        assert discord.violations == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault.rate_limited(0.2),
        Fault.status(500),
        Fault.status(503),
        Fault.abort(),
        Fault.abort(after=True),
        Fault.hang(4.0),
    ],
    ids=str,
)
async def test_a_failing_acknowledgement_is_tried_again_in_time(
    fault: Fault, discord: Loopback, guild: Guild, ada: Person
) -> None:
    plan = discord.fault(CALLBACKS, [fault])
    asked = await ada.slash(guild.general, "ask", question="list Who met?")
    assert "**Ana**" in (await asked.finally_()).text
    assert plan.left == [] and asked.acknowledged_after is not None and asked.acknowledged_after < 3
    # the acknowledgement that was lost was one, so that the second is refused, which is no mistake
    discord.take(Rule.ACKNOWLEDGED_TWICE)
    discord.take(Rule.ACKNOWLEDGED_LATE)


@pytest.mark.parametrize(
    "faults",
    [
        [Fault.rate_limited(0.2)],
        [Fault.status(500)],
        [Fault.status(503)],
        [Fault.abort(), Fault.abort()],
        [Fault.abort(after=True)],
        [Fault.hang(6.0)],
    ],
    ids=str,
)
async def test_a_failing_edit_is_tried_again(faults: list[Fault], discord: Loopback, guild: Guild, ada: Person) -> None:
    plan = discord.fault(EDITS, faults)
    assert "**Ana**" in (await answer_to(ada, guild)).text
    assert plan.left == []


@pytest.mark.parametrize("private", [False, True])
async def test_an_answer_that_cannot_be_edited_in_is_sent_anew(
    private: bool, discord: Loopback, guild: Guild, ada: Person
) -> None:
    answer = await answer_to(ada, guild)
    plan = discord.fault(EDITS, [Fault.abort()] * 3)
    place = ada.direct if private else guild.general
    before = len(place.messages)
    if private:
        form = await (await ada.click(answer, "Ask privately")).modal()
        asked = await ada.submit(form, {"Question": "list Who?"})
    else:
        asked = await ada.slash(place, "ask", question="list Who?")
    await discord.until(
        lambda: any("**Ana**" in message.text for message in place.messages[before:] if not message.from_interaction),
        20,
        "the answer is there",
    )
    assert plan.left == [] and asked.thinking
    assert asked.original is not None
    asked.original.flags = 0  # Discord itself ends the thinking after 15 minutes


@pytest.mark.parametrize("pattern", [POSTS, MESSAGE_EDITS])
@pytest.mark.parametrize(
    "fault",
    [Fault.rate_limited(0.2), Fault.status(500), Fault.status(503), Fault.abort(), Fault.abort(after=True)],
    ids=str,
)
async def test_a_mention_is_answered_once_whatever_fails(
    pattern: str, fault: Fault, discord: Loopback, guild: Guild, ada: Person
) -> None:
    channel = guild.channel(f"faults {len(guild.channels)}")
    plan = discord.fault(pattern, [fault])
    asked = await ada.message(channel, "list Who met?", mentions_bot=True)
    await asked.answered(until=says("**Ana**"))
    assert plan.left == []
    assert len([message for message in channel.messages if message.author is discord.bot]) == 1


async def test_a_lost_connection_is_resumed_and_no_question_with_it(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    resumes = discord.resumes
    discord.drop_socket()
    asked = await ada.slash(guild.general, "ask", question="list Who met?")
    mention = await ada.message(guild.general, "list Who met?", mentions_bot=True)
    assert "**Ana**" in (await asked.finally_()).text
    await mention.answered(until=says("**Ana**"))
    assert discord.resumes == resumes + 1
    discord.reconnect()
    await discord.resumed(resumes + 2)
    assert "**Ana**" in (await answer_to(ada, guild)).text


async def test_a_session_that_is_lost_is_begun_anew(discord: Loopback, guild: Guild, ada: Person) -> None:
    identifies = discord.identifies
    discord.invalidate(resumable=False)
    await discord.until(lambda: discord.identifies > identifies and discord.gateway.link, 20, "a new session")
    assert "**Ana**" in (await answer_to(ada, guild)).text
    assert discord.syncs == 1


async def test_told_to_end_it_finishes_tells_and_leaves(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        bot = await started(discord, tmp_path, FAKE_GATE=str(tmp_path / "gate"))
        people = [discord.person(f"Person {number}") for number in range(3)]
        asked = [await person.slash(guild.general, "ask", question="hold Who?") for person in people]
        for one in asked:
            await one.acknowledged()
        bot.process.send_signal(signal.SIGTERM)
        for one in asked[1:]:
            assert "being restarted" in (await one.finally_()).text
        late = await (await people[1].slash(guild.general, "ask", question="Who?")).finally_()
        assert "being restarted" in late.text
        assert asked[0].thinking
        (tmp_path / "gate").touch()
        await asked[0].finally_(until=says("**hold**"))
        assert await bot.exited() == 0
        assert discord.violations == [] and discord.unanswered == []


async def test_told_to_end_while_it_logs_in_it_ends(tmp_path: Path) -> None:
    async with Loopback() as discord:
        discord.guild()
        plan = discord.fault("PUT /applications/*/commands", [Fault.hang(30.0)])
        bot = await discord.start("--config", configured(tmp_path), "discord", call=FAKE, ready=False)
        await discord.until(lambda: not plan.left, 30, "the bot logs in")
        assert await bot.stop() == 0
        assert "dateline: " not in bot.output and discord.violations == []


async def test_it_says_in_a_sentence_why_it_cannot_start(tmp_path: Path) -> None:
    async def ends(discord: Loopback, name: str, content: str = OPEN, **env: str) -> tuple[int, str]:
        (tmp_path / name).mkdir()
        file = configured(tmp_path / name, content)
        bot = await discord.start("--config", file, "discord", call=FAKE, env=env, ready=False)
        status = await bot.exited()
        said = [line for line in bot.lines if line.startswith("dateline: ")]
        assert len(said) == 1 and "Traceback" not in bot.output, bot.output
        return status, said[0]

    async with Loopback() as discord:
        discord.guild()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            missing, wrong, nothing, port = await asyncio.gather(
                ends(discord, "missing", DISCORD_TOKEN=""),
                ends(discord, "wrong", DISCORD_TOKEN="MTA.wrong.token"),
                ends(discord, "nothing", '[storage]\npath = "none"\n'),
                ends(discord, "port", f"[discord]\nhealth_port = {taken.getsockname()[1]}\n"),
            )
        assert missing[0] == 2 and "DISCORD_TOKEN is not set" in missing[1]
        assert wrong[0] == 2 and "Discord refused the token" in wrong[1]
        assert nothing[0] == 1 and "run `dateline index`" in nothing[1]
        assert port[0] == 2 and "health_port" in port[1]
        assert discord.violations == []


@pytest.mark.parametrize(("code", "said"), [(4004, "refused the token"), (4014, "refused the intents")])
async def test_a_connection_that_is_refused_ends_it_with_a_sentence(code: int, said: str, tmp_path: Path) -> None:
    async with Loopback() as discord:
        discord.guild()
        bot = await started(discord, tmp_path)
        await discord.until(lambda: "event=ready" in bot.output, 20, "the bot is ready")
        discord.close(code)
        assert await bot.exited() == 2
        assert said in bot.lines[-1]


async def test_the_check_tries_everything_and_serves_nobody(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        (tmp_path / "lacking").mkdir()
        fine, other = (
            configured(tmp_path, ""),
            configured(tmp_path / "lacking", f"[discord]\nguilds = [{guild.id}, 7]\n"),
        )

        async def checked(file: str, **env: str) -> tuple[int, str]:
            bot = await discord.start("--config", file, "discord", "--check", call=FAKE, ready=False, env=env)
            return await bot.exited(), bot.output

        passed, refused = await asyncio.gather(checked(fine), checked(fine, DISCORD_TOKEN="MTA.wrong.token"))
        lacking = await checked(other)
        assert passed[0] == 0, passed[1]
        assert all(line.startswith("ok  ") for line in passed[1].splitlines()) and "Newsroom" in passed[1]
        assert refused[0] == 1 and "FAIL  Discord refused the token" in refused[1]
        assert lacking[0] == 1 and "FAIL  The server 7" in lacking[1]
        assert discord.syncs == 0


async def test_whoever_watches_it_sees_how_it_is_doing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Loopback() as discord, aiohttp.ClientSession() as session:
        guild = discord.guild()
        await started(discord, tmp_path, OPEN.replace("[discord]\n", f"[discord]\nhealth_port = {port}\n"))
        await answer_to(discord.person("Ada"), guild)

        async def state() -> tuple[int, dict[str, Any]]:
            async with session.get(f"http://127.0.0.1:{port}/health") as response:
                return response.status, json.loads(await response.text())

        while (await state())[0] != 200:  # until every server is known
            await asyncio.sleep(0.1)
        told = (await state())[1]
        assert (told["ready"], told["queue"], told["generation"]) == (True, 0, 1)
        assert abs(told["last_answer"] - time.time()) < 60
        async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
            metrics = await response.text()
        assert 'dateline_questions_total{outcome="list"} 1.0' in metrics and "dateline_ready 1.0" in metrics
        discord.offline()
        discord.drop_socket()
        while (await state())[0] != 503:
            await asyncio.sleep(0.1)
        assert (await state())[1]["ready"] is False


async def test_commands_are_synced_again_only_when_told(tmp_path: Path) -> None:
    async with Loopback() as discord:
        discord.guild()
        for more, syncs in (((), 1), ((), 1), (("--sync",), 2)):
            bot = await discord.start("--config", configured(tmp_path), "discord", *more, call=FAKE)
            assert await bot.stop() == 0
            assert discord.syncs == syncs
        configured(tmp_path, "[discord]\ndirect_messages = false\n")
        await discord.start("--config", str(tmp_path / "config.toml"), "discord", call=FAKE)
        assert discord.syncs == 3


async def test_fifty_people_ask_the_real_models_at_once(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    store = Store(tmp_path / ".dateline")
    await asyncio.to_thread(refresh, ROOT / "corpus", store, encoder, Settings().encoder.model)
    seen = await crowd(configured_for(tmp_path), people=50)
    # everybody within 3 s, and no heartbeat late, or it would be a violation
    assert seen.violations == [] and len(seen.acknowledged) == 50 and seen.heartbeats > 5
    answered = [answer for answer in seen.answers if "Too many questions are waiting" not in answer]
    assert 5 <= len(answered) < 50
    assert all("Sergei Lavrov" in answer for answer in answered)
    assert seen.status == 0
