"""The commands of those who run the bot, and who may use them; and what is logged."""

import socket
from pathlib import Path

import aiohttp
import pytest

from tests.discord_loopback import Guild, Loopback, Person, Upload
from tests.discord_wire import NAMED, alone, answer_to, button, having, manager, named, says, started
from tests.web import site

pytestmark = pytest.mark.anyio
ARTICLE = Upload("talks.txt", b"Talks end\n\nThe ministers met in Geneva on Monday and agreed to meet again in May.\n")


async def test_those_who_run_it_refresh_add_and_look(
    discord: Loopback, guild: Guild, chief: Person, folder: Path
) -> None:
    status = await (await chief.slash(guild.general, "dateline status")).finally_()
    assert "fake/encoder" in status.text and "Queue" in status.text and status.ephemeral
    refreshed = await (await chief.slash(guild.general, "dateline refresh")).finally_(until=says("Indexed"))
    assert "1 added" in refreshed.text and "Skipped bad.txt" in refreshed.text
    file = Upload("..Talks in Geneva.TXT", ARTICLE.content)
    added = await (await chief.slash(guild.general, "dateline add", file=file)).finally_(until=says("Added"))
    assert "Talks in Geneva.txt" in added.text.replace("\\", "")
    assert (folder / "corpus" / "Talks in Geneva.txt").read_bytes() == ARTICLE.content
    assert sorted(path.name for path in (folder / "corpus").iterdir()) == ["Talks in Geneva.txt"]
    output = discord.bots[0].output
    for action in ("status", "refresh", "add"):
        assert f"event=admin action={action} person={chief.id}" in output
    assert str(folder) not in status.text + refreshed.text + added.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "Give either url"),
        ({"url": "/etc/hostname"}, "is not the address of a page"),
        ({"url": "file:///etc/hostname"}, "is not the address of a page"),
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
        await started(discord, tmp_path, named(guild), FAKE_SECONDS="0.1")
        chief = manager(discord)
        refresh = await chief.slash(guild.general, "dateline refresh")
        await refresh.acknowledged()
        second = await (await chief.slash(guild.general, "dateline refresh")).finally_()
        assert "Another refresh is running" in second.text
        answered = await answer_to(discord.person("Ada"), guild)
        assert "**Ana**" in answered.text and refresh.thinking
        report = await refresh.finally_(until=says("Indexed"))
        assert any("Embedding passages" in str(edit) and "of 40" in str(edit) for edit in report.edits)


async def test_errors_are_general_for_members_and_precise_for_those_who_run_it(tmp_path: Path) -> None:
    async with alone(tmp_path, NAMED) as (discord, guild, bot):
        (tmp_path / "corpus" / "busy").touch()
        ada = discord.person("Ada")
        chief = manager(discord)
        for question in ("fail Who?", "break Who?"):
            shown = (await answer_to(ada, guild, question)).text
            assert "log" in shown and "damaged" not in shown and "shapes" not in shown and "Traceback" not in shown
        assert "The database is damaged" in bot.output and "RuntimeError: shapes do not match" in bot.output
        busy = await (await chief.slash(guild.general, "dateline refresh")).finally_()
        assert "Another process is writing to .dateline" in busy.text.replace("\\", "")
        assert str(tmp_path) not in busy.text


async def test_only_those_who_may_run_it_do(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        editors = guild.role("Editor")
        bot = await started(discord, tmp_path, having(f"admin_roles = [{editors.id}]"))
        ada, editor = discord.person("Ada"), discord.person("Ed", roles=["Editor"])
        for command in ("status", "refresh", "feedback", "add"):
            refused = await (await ada.slash(guild.general, f"dateline {command}")).finally_()
            assert "for people who manage this server" in refused.text and refused.ephemeral
        assert "event=admin" not in bot.output and "event=internal_error" not in bot.output
        assert "fake/encoder" in (await (await editor.slash(guild.general, "dateline status")).finally_()).text
        refreshed = await editor.slash(guild.general, "dateline refresh")
        await refreshed.finally_(until=says("Indexed"))
        assert f"event=admin action=status person={editor.id}" in bot.output


async def test_a_server_that_is_not_named_does_not_change_what_all_share(tmp_path: Path) -> None:
    async with alone(tmp_path) as (discord, guild, bot):
        chief = manager(discord)
        for command, options in (("refresh", {}), ("add", {"file": ARTICLE})):
            refused = await (await chief.slash(guild.general, f"dateline {command}", **options)).finally_()
            assert f"put {guild.id} into [discord] guilds" in refused.text.replace("\\", "") and refused.ephemeral
        assert "event=admin" not in bot.output and list((tmp_path / "corpus").iterdir()) == []
        assert "fake/encoder" in (await (await chief.slash(guild.general, "dateline status")).finally_()).text


async def test_a_server_adds_as_often_as_it_may(tmp_path: Path) -> None:
    async with alone(tmp_path, having("adds_per_day = 2", NAMED)) as (discord, guild, bot):
        chief = manager(discord)
        # what adds nothing counts too, and a restart changes nothing
        for file, said in ((Upload("a.txt", b""), "empty"), (ARTICLE, "Added")):
            await (await chief.slash(guild.general, "dateline add", file=file)).finally_(until=says(said))
        await bot.stop()
        await started(discord, tmp_path, having("adds_per_day = 2", named(guild)))
        once_more = await chief.slash(guild.general, "dateline add", file=ARTICLE)
        await once_more.finally_(until=says("2 times within 24 hours"))


async def test_what_was_rated_badly_is_shown_where_all_could_see_it(tmp_path: Path) -> None:
    async with Loopback() as discord:
        first, second = discord.guild(), discord.guild("Second")
        await started(discord, tmp_path)
        ada, bo = discord.person("Ada"), discord.person("Bo")
        public = await answer_to(ada, first, "list Who in Newsroom?")
        mention = await ada.message(first.general, "list Who was mentioned?", mentions_bot=True)
        form = await ada.click(public, "Ask privately")
        shared, private = "Those who manage this server see", "Nobody else is shown"
        for person, answer, told in (
            (ada, public, shared),
            (ada, await mention.answered(until=says("**Ana**")), shared),
            (bo, await answer_to(bo, second, "list Who in Second?"), shared),
            (ada, await (await ada.submit(form, "list Who filled in a form?")).finally_(), private),
            (ada, await (await ada.dm("list Who wrote?")).answered(until=says("**Ana**")), private),
        ):
            assert told in (await (await person.click(answer, button(answer, "bad"))).finally_()).text
        for guild, questions in ((first, ["Newsroom", "was mentioned"]), (second, ["Second"])):
            chief = manager(discord)
            feedback = await (await chief.slash(guild.general, "dateline feedback")).finally_(until=says("rated badly"))
            everything = ["Newsroom", "Second", "was mentioned", "filled in", "wrote"]
            assert [words for words in everything if words in feedback.text] == questions


async def test_a_question_is_not_logged_at_info(discord: Loopback, guild: Guild, ada: Person) -> None:
    bot = discord.bots[0]
    before = bot.output.count("event=answered")
    answer = await answer_to(ada, guild, "list Zebras by command?")
    mention = await ada.message(guild.general, "list Zebras by mention?", mentions_bot=True)
    await mention.answered(until=says("**Ana**"))
    form = await ada.click(answer, "Ask privately")
    await (await ada.submit(form, "list Zebras by form?")).finally_()
    await answer_to(ada, guild, "fail Zebras?")
    await answer_to(ada, guild, "Zebras?")
    await discord.until(lambda: bot.output.count("event=answered") == before + 4, 10, "all is logged")
    assert "zebras" not in bot.output.lower()


async def test_of_an_address_neither_password_nor_query_is_logged(tmp_path: Path) -> None:
    with site() as web:
        url = web.story("/talks.html?key=hunter2")
        async with alone(tmp_path, f"{NAMED}[fetch]\nprivate_addresses = true\n") as (discord, guild, bot):
            chief = manager(discord)
            added = await (await chief.slash(guild.general, "dateline add", url=url)).finally_(until=says("Added"))
            assert "talks" in added.text
            refused = await chief.slash(guild.general, "dateline add", url=url.replace("://", "://ada:hunter2@"))
            assert "remove what comes before the @" in (await refused.finally_(until=says("Nothing added"))).text
            place = url.removeprefix("http://").partition("?")[0]
            assert bot.output.count(f"event=admin action=add person={chief.id} server={guild.id} url={place} ") == 2
            assert "hunter2" not in bot.output


async def test_whoever_watches_it_sees_the_generation_that_is_published(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Loopback() as discord, aiohttp.ClientSession() as session:

        async def generation() -> tuple[int, bool]:
            async with session.get(f"http://127.0.0.1:{port}/health") as response:
                told = (await response.json())["generation"]
            async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
                return told, f"dateline_generation {told:.1f}" in await response.text()

        guild = discord.guild()
        await started(discord, tmp_path, having(f"health_port = {port}", named(guild)))
        chief = manager(discord)
        # the fake indexer publishes one more each time
        steps: list[tuple[str, dict[str, Upload], int]] = [
            ("status", {}, 1),
            ("refresh", {}, 2),
            ("add", {"file": ARTICLE}, 3),
        ]
        for command, options, published in steps:
            asked = await chief.slash(guild.general, f"dateline {command}", **options)
            await asked.finally_(until=says("Generation"))
            assert await generation() == (published, True)
