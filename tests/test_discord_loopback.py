"""The loopback server proves itself: a well-behaved bot finds Discord there, and a bot that breaks a rule is caught."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.discord_loopback import ADMINISTRATOR, Fault, Guild, Loopback, Person, Rule, Upload

SAMPLE = "tests.discord_loopback.sample_bot:main"
EDITS = "PATCH /webhooks/*/messages/*"
CALLBACKS = "POST /interactions/*/callback"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Loopback]:
    """A server with a guild and a well-behaved bot."""
    async with Loopback(heartbeat_interval=0.2) as discord:
        discord.guild()
        await discord.start(call=SAMPLE)
        yield discord


@pytest.fixture
async def discord(server: Loopback) -> AsyncIterator[Loopback]:
    """The same, for one test, which must not break a rule."""
    yield server
    assert server.violations == []


@pytest.fixture
def guild(discord: Loopback) -> Guild:
    """The guild."""
    return next(iter(discord.state.guilds.values()))


@pytest.fixture
def ada(discord: Loopback) -> Person:
    """Somebody in it."""
    return discord.person("Ada")


async def test_a_slash_command_thinks_and_then_answers(discord: Loopback, guild: Guild, ada: Person) -> None:
    asked = await ada.slash(guild.general, "ask", question="who met?", source="Reuters", article=b"the article")
    assert await asked.acknowledged() < discord.state.deadline
    answer = await asked.finally_(10)
    assert answer.text.split("\n") == [
        "@everyone who met?",
        *("Answer", "who met?", "article.txt", "the article"),
        "Reuters",
    ]
    assert [button.label for button in answer.buttons] == ["Sources", "Again"]
    assert answer.pings == [] and not answer.ephemeral and not asked.thinking and discord.unanswered == []


async def test_what_is_said_quietly_only_one_person_sees(discord: Loopback, guild: Guild, ada: Person) -> None:
    answer = await (await ada.slash(guild.general, "ask", question="q", quietly=True)).finally_(10)
    eve = discord.person("Eve")
    assert answer.ephemeral and ada.sees(answer) and not eve.sees(answer)
    with pytest.raises(AssertionError, match="do not see"):
        await eve.click(answer, "Sources")


async def test_completions_are_offered_while_one_types(ada: Person) -> None:
    offered = await ada.autocomplete("ask", "source", "Re")
    assert len(offered) == 25 and offered[0] == ("Re0", "Re0")


async def test_nobody_can_do_what_discord_does_not_offer(guild: Guild, ada: Person) -> None:
    impossible: list[tuple[dict[str, Any], str]] = [
        ({"name": "forget"}, "not synced"),
        ({"name": "ask"}, "without"),
        ({"name": "ask", "question": "x" * 301}, "301 characters"),
        ({"name": "ask", "question": "  "}, "0 characters"),
        ({"name": "ask", "question": "q", "colour": "red"}, "has no"),
        ({"name": "ask", "question": 5}, "cannot be typed"),
    ]
    for options, message in impossible:
        with pytest.raises(AssertionError, match=message):
            await ada.slash(guild.general, **options)


async def test_a_mention_and_a_direct_message_are_heard_but_other_words_come_blank(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    await ada.message(guild.general, "a secret")
    asked = await ada.message(guild.general, "hello", mentions_bot=True, files=[Upload("a.txt", b"a")])
    answer = await asked.answered(10)
    assert answer.text == f"heard: {discord.bot.mention} hello" and answer.pings == [] and answer.reference is asked
    assert (await (await ada.dm("psst")).answered(10)).text == "heard: psst"
    followed = await ada.message(guild.general, "and then?", reply_to=answer)
    assert (await followed.answered(10)).text == "heard: and then?"
    overheard = [line for line in discord.bots[0].lines if line.startswith("overheard")]
    assert overheard == ["overheard: ''"] and guild.general.typing


async def test_an_answer_can_have_a_thread(guild: Guild, ada: Person) -> None:
    asked = await ada.message(guild.general, "a thread please", mentions_bot=True)
    answer = await asked.answered(10)
    assert answer.channel is asked.thread and answer.channel.parent is guild.general
    assert (
        await (await ada.message(answer.channel, "here?", mentions_bot=True)).answered(10)
    ).channel is answer.channel


async def test_buttons_answer_and_edit(guild: Guild, ada: Person) -> None:
    answer = await (await ada.slash(guild.general, "ask", question="q")).finally_(10)
    sources = await (await ada.click(answer, "Sources")).finally_(10)
    assert sources.text == "the sources" and sources.ephemeral and sources is not answer
    again = await (await ada.click(answer, "sample:again")).finally_(10)
    assert again is answer and again.content == "again" and [v.content for v in again.edits] == ["@everyone q"]
    with pytest.raises(AssertionError, match="no active"):
        await ada.click(answer, "Delete everything")


async def test_a_form_is_filled_in_and_a_file_follows(guild: Guild, ada: Person) -> None:
    form = await (await ada.slash(guild.general, "form")).modal()
    assert form.title == "Ask" and [field["label"] for field in form.fields] == ["Question"]
    with pytest.raises(AssertionError, match="51, expected 1 to 50"):
        await ada.submit(form, {"Question": "x" * 51})
    sent = await ada.submit(form, {"Question": "who?"})
    assert (await sent.finally_(10)).text == "asked: who?"
    followed = await sent.followup()
    assert followed.ephemeral and followed.attachments[0].content.startswith(b'"""A small, well-behaved bot')


async def test_the_menu_of_a_message_gives_its_words(guild: Guild, ada: Person) -> None:
    said = await ada.message(guild.general, "unmentioned words")
    assert (await (await ada.context_menu("Ask about this", said)).finally_(10)).text == "about: unmentioned words"


async def test_roles_channels_and_permissions(discord: Loopback, guild: Guild) -> None:
    editor = discord.person("Grace", roles=["Editor"], permissions=ADMINISTRATOR)
    locked = guild.channel("locked", bot_permissions=0)
    asked = await editor.message(locked, "hello", mentions_bot=True)
    call = f"POST /channels/{locked.id}/typing"
    await discord.until(lambda: call in discord.requests, 10, "the bot tried to answer")
    elsewhere = discord.guild("Elsewhere", installed=False)
    with pytest.raises(AssertionError, match="not for everywhere"):
        await discord.person("Ada", guild=elsewhere).slash(elsewhere.general, "ask", question="q")
    assert locked.messages == [asked] and editor.member()["roles"] == [str(guild.roles["Editor"].id)]


async def test_calls_that_fail_are_tried_again(discord: Loopback, guild: Guild, ada: Person) -> None:
    slow = discord.fault(CALLBACKS, [Fault.rate_limited(0.3)])
    broken = discord.fault(EDITS, [Fault.status(502)])
    asked = await ada.slash(guild.general, "ask", question="q")
    assert await asked.acknowledged() >= 0.3 and asked.thinking and discord.unanswered == [asked]
    assert (await asked.finally_(10)).text.endswith("q") and not slow.left and not broken.left
    hung = discord.fault(EDITS, [Fault.hang(0.2)])
    await (await ada.slash(guild.general, "ask", question="q")).finally_(10)
    assert not hung.left


async def test_an_acknowledgement_whose_answer_was_lost_is_no_second_one(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    discord.fault(CALLBACKS, [Fault.status(502, after=True)])
    asked = await ada.slash(guild.general, "ask", question="q")
    await asked.acknowledged()
    await discord.until(lambda: "40060" in discord.bots[0].output, 10, "the repeated callback was refused")
    discord.fault(CALLBACKS, [Fault.hang(0.1, after=True)])
    assert await (await ada.slash(guild.general, "ask", question="q")).acknowledged() < 3
    discord.fault(EDITS, [Fault.abort()])
    dropped = await ada.slash(guild.general, "ask", question="q")
    await discord.until(lambda: "Server disconnected" in discord.bots[0].output, 10, "the aborted call failed")
    assert dropped.thinking


async def test_a_resumption_replays_what_was_missed_once(discord: Loopback, guild: Guild, ada: Person) -> None:
    resumes = discord.resumes
    discord.drop_socket()
    missed = [await ada.message(guild.general, f"missed {number}", mentions_bot=True) for number in range(5)]
    asked = await ada.slash(guild.general, "ask", question="missed")
    await discord.resumed(resumes + 1)
    await asked.finally_(10)
    for message in missed:
        await message.answered(10)
    discord.reconnect()
    await discord.resumed(resumes + 2)
    discord.invalidate(resumable=True)
    await discord.resumed(resumes + 3)
    discord.close(4000)
    await discord.resumed(resumes + 4)
    last = await ada.message(guild.general, "last", mentions_bot=True)
    await last.answered(10)
    for message in [*missed, last]:
        assert len([one for one in guild.general.messages if one.reference is message]) == 1
    numbers = discord.delivered("MESSAGE_CREATE") + discord.delivered("INTERACTION_CREATE")
    assert len(numbers) == len(set(numbers)) and discord.identifies == 1


async def test_buttons_outlive_a_restart_and_a_lost_session_is_begun_again() -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        ada = discord.person("Ada", guild=guild)
        bot = await discord.start(call=SAMPLE)
        answer = await (await ada.slash(guild.general, "ask", question="q")).finally_(10)
        assert await bot.stop() == 0
        unheard = await ada.click(answer, "Sources")
        await discord.start(call=SAMPLE)
        assert (await (await ada.click(answer, "Sources")).finally_(10)).text == "the sources"
        discord.invalidate()
        await discord.until(lambda: discord.identifies == 3, 20, "the bot identified again")
        await (await ada.slash(guild.general, "ask", question="q")).finally_(10)
        # nobody can blame a bot that was not there
        assert unheard.failed and discord.violations == [] and discord.syncs == 2


async def test_a_sharded_bot_is_served_too_and_a_repeated_nonce_is_one_message() -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        ada = discord.person("Ada", guild=guild)
        await discord.start("--sharded", "--repeats", call=SAMPLE)
        asked = await ada.message(guild.general, "and privately?", mentions_bot=True)
        await asked.answered(10)
        await discord.until(lambda: ada.direct.messages, 10, "a direct message came")
        assert len(guild.general.messages) == 2 and ada.direct.messages[0].text == "a word in private"
        ada.closed = True
        call = f"POST /channels/{ada.direct.id}/messages"
        await ada.message(guild.general, "and privately?", mentions_bot=True)
        await discord.until(lambda: discord.requests.count(call) == 2, 10, "the bot tried to write to her")
        discord.drop_socket()
        assert (await (await ada.slash(guild.general, "ask", question="q")).finally_(10)).text
        assert discord.resumes == 1 and discord.violations == [] and len(ada.direct.messages) == 1


async def test_a_bot_notices_that_its_heartbeats_are_not_acknowledged() -> None:
    async with Loopback(heartbeat_interval=0.2) as discord:
        await discord.start("--heartbeat-timeout", "0.5", call=SAMPLE)
        discord.withhold_heartbeat_acks()
        await discord.until(lambda: 4000 in discord.gateway.close_codes, 10, "the bot closed the connection")
        discord.withhold_heartbeat_acks(False)
        await discord.resumed()
        assert discord.violations == [] and discord.heartbeats


async def test_a_wrong_token_or_an_intent_that_is_not_allowed_ends_the_bot() -> None:
    async with Loopback() as discord:
        bot = await discord.start(call=SAMPLE, env={"DISCORD_TOKEN": "wrong"}, ready=False)
        assert await bot.exited() != 0 and "LoginFailure" in bot.output
        bot = await discord.start("--content-intent", call=SAMPLE, ready=False)
        assert await bot.exited() != 0 and "PrivilegedIntentsRequired" in bot.output
        bot = await discord.start(call=SAMPLE)
        discord.close(4004)
        assert await bot.exited() != 0 and "4004" in bot.output
    async with Loopback(privileged_intents=1 << 15) as discord:
        guild = discord.guild()
        bot = await discord.start("--content-intent", call=SAMPLE)
        await discord.person("Ada").message(guild.general, "all may hear")
        await discord.until(lambda: "overheard: 'all may hear'" in bot.output, 10, "the bot heard it")


async def _ask(discord: Loopback, ada: Person, guild: Guild) -> None:
    asked = await ada.slash(guild.general, "ask", question="q")
    await discord.until(lambda: discord.violations or asked.messages, 10, "an answer, or a violation")


async def _complete(discord: Loopback, ada: Person, guild: Guild) -> None:
    with pytest.raises(AssertionError, match="did not respond"):
        await ada.autocomplete("ask", "source", "Re")


async def _mention(discord: Loopback, ada: Person, guild: Guild) -> None:
    await (await ada.message(guild.general, "hello", mentions_bot=True)).answered(10)


@pytest.mark.parametrize(
    ("flags", "act", "deadline", "rules"),
    [
        (["--block-before", "2.2"], _ask, 1.0, {Rule.UNACKNOWLEDGED, Rule.LATE_HEARTBEAT}),
        (["--defer-after", "1.5"], _ask, 1.0, {Rule.UNACKNOWLEDGED}),
        (["--long-embed"], _ask, 3.0, {Rule.LIMIT}),
        (["--pings"], _ask, 3.0, {Rule.PING}),
        (["--defers-twice"], _ask, 3.0, {Rule.ACKNOWLEDGED_TWICE}),
        (["--logs-token"], _ask, 3.0, {Rule.TOKEN_LOGGED}),
        (["--many-choices"], _complete, 1.0, {Rule.CHOICES, Rule.UNACKNOWLEDGED}),
        (["--unknown-route"], _mention, 3.0, {Rule.UNKNOWN_ROUTE}),
        (["--edits-others"], _mention, 3.0, {Rule.NOT_YOURS}),
        ([], _ask, 3.0, set()),
    ],
    ids=lambda value: value[0] if isinstance(value, list) and value else "",
)
async def test_a_bot_that_breaks_a_rule_is_caught(
    flags: list[str], act: Any, deadline: float, rules: set[Rule]
) -> None:
    async with Loopback(deadline=deadline, heartbeat_interval=0.2) as discord:
        guild = discord.guild()
        bot = await discord.start(*flags, call=SAMPLE)
        await act(discord, discord.person("Ada"), guild)
        await discord.until(lambda: {one.rule for one in discord.violations} >= rules, 10, f"{rules} were recorded")
        assert await bot.stop() == 0
        assert {one.rule for one in discord.violations} == rules


async def test_a_late_acknowledgement_shows_the_person_that_nothing_came() -> None:
    async with Loopback(deadline=0.3) as discord:
        guild = discord.guild()
        bot = await discord.start("--defer-after", "0.5", call=SAMPLE)
        asked = await discord.person("Ada").slash(guild.general, "ask", question="q")
        with pytest.raises(AssertionError, match="The application did not respond"):
            await asked.finally_(5)
        await discord.until(lambda: "10062" in bot.output, 5, "the late callback was refused")


async def test_commands_that_were_never_synced_do_not_exist() -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        await discord.start("--no-sync", call=SAMPLE)
        with pytest.raises(AssertionError, match="not synced"):
            await discord.person("Ada").slash(guild.general, "ask", question="q")


async def test_a_token_expires_after_fifteen_minutes() -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        bot = await discord.start("--thinks", "0.5", call=SAMPLE)
        asked = await discord.person("Ada").slash(guild.general, "ask", question="q")
        await asked.acknowledged()
        discord.shift(901)
        await discord.until(lambda: "50027" in bot.output, 10, "the edit was refused")
        assert len(discord.take(Rule.EXPIRED_TOKEN)) == 1 and asked.thinking
