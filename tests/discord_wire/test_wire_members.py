"""What members do and see: questions in every form, answers, buttons, waiting."""

from pathlib import Path

import pytest

from tests.discord_loopback import MEMBER, Fault, Guild, Loopback, Person
from tests.discord_loopback.interactions import DEFER
from tests.discord_loopback.world import EMBED_LINKS, SEND, SEND_IN_THREADS
from tests.discord_wire import EDITS, MESSAGE_EDITS, alone, answer_to, button, says, started

pytestmark = pytest.mark.anyio


async def test_a_question_is_acknowledged_at_once_and_answered_with_its_sources(guild: Guild, ada: Person) -> None:
    asked = await ada.slash(guild.general, "ask", question="list Who met?")
    answer = await asked.finally_()
    assert asked.callback == DEFER
    assert "**Ana**" in answer.text and "**Bo**" in answer.text and "Example Wire" in answer.text
    assert not answer.ephemeral and answer.pings == []
    labels = list(answer.buttons)
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
    assert "No article matches the filter, so nothing was searched" in answer.text
    assert "Only Nobody's Wire" in answer.text
    assert list(answer.buttons) == ["👍", "👎", "Ask privately"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"since": "yesterday"}, "is not a date, expected a day, month or year"),
        ({"since": "2024-02-02", "until": "2024-01-01"}, "swap them"),
        ({"question": "?!"}, "has no words"),
    ],
)
async def test_what_cannot_be_meant_is_said_to_the_person_alone(
    options: dict[str, str], said: str, guild: Guild, ada: Person
) -> None:
    asked = await ada.slash(guild.general, "ask", **{"question": "Who?", **options})
    answer = await asked.finally_()
    assert said in answer.text.replace("\\", "") and answer.ephemeral and not answer.buttons


async def test_a_mention_asks_and_is_answered_by_a_reply(guild: Guild, ada: Person) -> None:
    asked = await ada.message(guild.general, "list Who met?", mentions_bot=True)
    answer = await asked.answered(until=says("**Ana**"))
    assert answer.reference is asked and answer.pings == []
    assert "Reading" in answer.edits[0][0]["description"]


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


@pytest.mark.parametrize(
    ("lacking", "threaded"), [(SEND, False), (EMBED_LINKS, False), (SEND_IN_THREADS, True)], ids=str
)
async def test_where_it_may_not_write_it_answers_privately(
    lacking: int, threaded: bool, discord: Loopback, guild: Guild, ada: Person
) -> None:
    channel = guild.channel(f"mute {lacking}", MEMBER if threaded else MEMBER & ~lacking)
    place = guild.channel("talks", MEMBER & ~lacking, parent=channel) if threaded else channel
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


async def test_several_people_follow_up_at_once_and_nothing_mixes(discord: Loopback, guild: Guild) -> None:
    thread = guild.channel("talks", parent=guild.general)
    people = [discord.person(f"Person {number}") for number in range(4)]
    places = [person.direct if number == 3 else thread for number, person in enumerate(people)]
    for asking in ("first{}?", "and {}?", "and then?"):
        asked = [
            await person.message(place, asking.format(number), mentions_bot=place is thread)
            for number, (person, place) in enumerate(zip(people, places, strict=True))
        ]
        for number, one in enumerate(asked):
            about = f"about: first{number}? / and {number}?" if asking == "and then?" else "**"
            assert about in (await one.answered(20, until=says(about))).text


async def test_a_reply_leans_on_the_answer_whoever_asked_and_a_new_mention_on_nothing(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    bo = discord.person("Bo")
    asked = await ada.message(guild.general, "alpha <@&5> @everyone?", mentions_bot=True)
    answer = await asked.answered(until=says("**alpha**"))
    for person in (bo, ada):
        reply = await person.message(guild.general, "and then?", reply_to=answer)
        assert (await reply.answered(until=says("about: alpha"))).pings == []
    fresh = await ada.message(guild.general, "and now?", mentions_bot=True)
    assert "about" not in (await fresh.answered(until=says("**and**"))).text


async def test_a_command_starts_over(ada: Person) -> None:
    await (await ada.dm("alpha?")).answered(until=says("**alpha?**"))
    command = await ada.slash(ada.direct, "ask", question="and beta?")
    assert "about" not in (await command.finally_()).text
    following = await ada.dm("and then?")
    assert "about: and beta?" in (await following.answered(until=says("about"))).text


async def test_the_passages_can_be_paged_through_and_seen_in_their_article(guild: Guild, ada: Person) -> None:
    answer = await answer_to(ada, guild)
    opened = await ada.click(answer, "More evidence")
    page = await opened.finally_()
    assert page.ephemeral and "Passage 1 of 2" in page.text
    turned = await ada.click(page, "Next")
    page = await turned.finally_(until=says("Passage 2 of 2"))
    assert list(page.buttons) == ["Previous", "In context"]
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


async def test_buttons_and_forms_work_after_a_restart_until_the_answer_is_forgotten(tmp_path: Path) -> None:
    async with alone(tmp_path) as (discord, guild, bot):
        ada = discord.person("Ada")
        answer = await answer_to(ada, guild)
        form = await ada.click(answer, "Ask privately")
        await form.form()
        assert await bot.stop() == 0
        bot = await started(discord, tmp_path)
        assert "Passage 1 of 2" in (await (await ada.click(answer, "More evidence")).finally_()).text
        voted = await ada.click(answer, button(answer, "good"))
        assert "noted as a good answer" in (await voted.finally_()).text
        assert "**Ana**" in (await (await ada.submit(form, "list Who?")).finally_()).text
        assert discord.syncs == 1  # the commands had not changed
        assert await bot.stop() == 0
        for file in (tmp_path / ".dateline").glob("discord.sqlite*"):
            file.unlink()
        await started(discord, tmp_path)
        for label in ("More evidence", "In context"):
            assert "no longer stored" in (await (await ada.click(answer, label)).finally_()).text


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
    lost = discord.fault(EDITS, Fault("late", 2.0))
    lost_too = discord.fault(MESSAGE_EDITS, Fault("late", 2.0))
    first, second = [await one.slash(guild.general, "ask", question="hold Who?") for one in people[:2]]
    mention = await people[2].message(guild.general, "hold Who?", mentions_bot=True)
    await discord.until(lambda: not lost and not lost_too, 20, "the progress is lost")
    slow = discord.fault(EDITS, Fault("hang", 6.0))
    third = await people[3].slash(guild.general, "ask", question="hold Who?")
    await discord.until(lambda: not slow, 20, "the progress hangs")
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
    assert ["**hold**" in str(edit) for edit in last.edits] == [False]
