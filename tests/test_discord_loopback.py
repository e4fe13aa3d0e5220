"""The loopback server proves itself: a well-behaved bot finds Discord there; its rules are tested beside this."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.discord_loopback import ADMINISTRATOR, FORUM, MEMBER, VOICE, Channel, Fault, Guild, Loopback, Person, Upload
from tests.discord_loopback.world import EMBED_LINKS, READ_HISTORY, SEND, SEND_IN_THREADS

SAMPLE = "tests.discord_loopback.sample_bot:main"
EDITS = "PATCH /webhooks/*/messages/*"
CALLBACKS = "POST /interactions/*/callback"
HOSTILE = "@everyone <@5> <@&5> <#5> https://evil.example/a [b](https://evil.example)"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Loopback]:
    """A server with a guild and a well-behaved bot."""
    async with Loopback(heartbeat_interval=0.2) as discord:
        guild = discord.guild()
        guild.channel("lounge", kind=VOICE)
        guild.channel("help", kind=FORUM)
        await discord.start(call=SAMPLE)
        yield discord


@pytest.fixture
async def discord(server: Loopback) -> AsyncIterator[Loopback]:
    """The same, for one test, which must not break a rule."""
    yield server
    assert server.violations == []


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


async def test_a_reply_that_does_not_ping_comes_blank_with_the_message_that_it_answers(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    answer = await (await ada.message(guild.general, "hello", mentions_bot=True)).answered(10)
    await ada.message(guild.general, "psst", reply_to=answer, ping=False)
    await discord.until(lambda: "overheard: '' to the bot" in discord.bots[0].lines, 10, "the bot overheard it")


async def test_discord_itself_says_who_was_added_and_what_was_pinned(
    discord: Loopback, guild: Guild, ada: Person
) -> None:
    thread = guild.thread(guild.general, "thread", MEMBER)
    added, pinned = await ada.add_bot(thread), await ada.pin(await ada.dm("hello"))
    assert [(note.kind, note.content, note.author) for note in (added, pinned)] == [(1, "", ada), (6, "", ada)]
    for line in ("noted: recipient_add ['dateline']", "noted: pins_add []"):
        await discord.until(lambda line=line: line in discord.bots[0].lines, 10, line)  # type: ignore[misc]
    with pytest.raises(AssertionError, match="but to threads"):
        await ada.add_bot(guild.general)


async def test_voice_channels_and_posts_have_chats_but_a_forum_has_none(guild: Guild, ada: Person) -> None:
    for place in (guild.lounge, guild.thread(guild.help, "post", MEMBER)):
        assert (await (await ada.message(place, "hello", mentions_bot=True)).answered(10)).channel is place
    with pytest.raises(AssertionError, match="only in its posts"):
        await ada.message(guild.help, "hello", mentions_bot=True)


async def test_hostile_words_do_nothing_where_they_are_escaped(guild: Guild, ada: Person) -> None:
    for question in (HOSTILE, "Is /etc/hostname empty?", "Traceback (most recent call last)?"):
        assert (await (await ada.slash(guild.general, "ask", question=question)).finally_(10)).embeds


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
    # with the last one no more than the rate limit lets the bot answer at once
    place = guild.channel("missed")
    missed = [await ada.message(place, f"missed {number}", mentions_bot=True) for number in range(4)]
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
    last = await ada.message(place, "last", mentions_bot=True)
    await last.answered(10)
    for message in [*missed, last]:
        assert len([one for one in place.messages if one.reference is message]) == 1
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


class Caller:
    """Calls the API as the bot."""

    def __init__(self, discord: Loopback, session: aiohttp.ClientSession) -> None:
        self._base, self._session = f"{discord.state.base}/api/v10", session
        self._token = {"Authorization": f"Bot {discord.state.token}"}

    async def __call__(self, method: str, path: str, **data: Any) -> aiohttp.ClientResponse:
        """The answer."""
        response = await self._session.request(method, self._base + path, json=data, headers=self._token)
        await response.read()
        return response

    async def says(self, channel: Channel, **data: Any) -> tuple[int, int]:
        """The status and the code of an answer to a new message."""
        response = await self("POST", f"/channels/{channel.id}/messages", **{"content": "said", **data})
        return response.status, (await response.json()).get("code", 0)


async def test_each_permission_is_needed_for_something() -> None:
    async with Loopback() as discord, aiohttp.ClientSession() as session:
        guild, bot = discord.guild(), Caller(discord, session)
        ada = discord.person("Ada")
        embeds = [{"title": "an answer"}]
        deaf, bare = (guild.channel(str(right), MEMBER & ~right) for right in (READ_HISTORY, EMBED_LINKS))
        reply = {"message_reference": {"message_id": str((await ada.message(deaf, "hello")).id)}}
        assert await bot.says(deaf, embeds=embeds) == (200, 0) and await bot.says(deaf, **reply) == (403, 160002)
        assert await bot.says(bare) == (200, 0) and await bot.says(bare, embeds=embeds) == (403, 50013)
        for right, in_channel, in_thread in (
            (SEND, (403, 50013), (200, 0)),
            (SEND_IN_THREADS, (200, 0), (403, 50013)),
        ):
            assert await bot.says(guild.channel("new", MEMBER & ~right)) == in_channel
            assert await bot.says(guild.thread(guild.general, "new", MEMBER & ~right)) == in_thread
        lounge, forum = guild.channel("lounge", kind=VOICE), guild.channel("help", kind=FORUM)
        kinds = [(await (await bot("GET", f"/channels/{one.id}")).json())["type"] for one in (lounge, forum)]
        assert kinds == [VOICE, FORUM] == [2, 15]
        assert await bot.says(lounge) == (200, 0) and await bot.says(forum) == (400, 50008)
        assert discord.violations == []


async def test_an_archived_thread_is_opened_by_a_message_unless_it_is_locked() -> None:
    async with Loopback() as discord, aiohttp.ClientSession() as session:
        guild, bot = discord.guild(), Caller(discord, session)
        thread = guild.thread(guild.general, "thread", MEMBER)
        await bot.says(thread)
        thread.archive()
        edit = await bot("PATCH", f"/channels/{thread.id}/messages/{thread.messages[0].id}", content="more")
        assert (edit.status, (await edit.json())["code"]) == (400, 50083)
        assert await bot.says(thread) == (200, 0) and not thread.archived
        thread.archive(locked=True)
        assert await bot.says(thread) == (400, 50083) and thread.archived
        with pytest.raises(AssertionError, match="locked"):
            await discord.person("Ada").message(thread, "hello")
        assert len(thread.messages) == 2 and discord.violations == []


async def test_five_messages_and_five_edits_are_taken_in_five_seconds_and_a_bot_waits_for_more() -> None:
    async with Loopback() as discord, aiohttp.ClientSession() as session:
        guild, call = discord.guild(channels=("general", "desk")), Caller(discord, session)
        bot = await discord.start(call=SAMPLE)
        path = f"/channels/{guild.general.id}/messages"
        sent = [await call("POST", path, content="x") for _ in range(6)]
        assert [one.status for one in sent] == [200] * 5 + [429]
        assert [one.headers["X-RateLimit-Remaining"] for one in sent] == ["4", "3", "2", "1", "0", "0"]
        refused = await sent[-1].json()
        assert 0 < refused["retry_after"] <= 5 and not refused["global"] and "Via" in sent[-1].headers
        edited = await call("PATCH", f"{path}/{guild.general.messages[0].id}", content="y")
        elsewhere = await call("POST", f"/channels/{guild.desk.id}/messages", content="x")
        left = [(one.status, one.headers["X-RateLimit-Remaining"]) for one in (edited, elsewhere)]
        assert left == [(200, "4"), (200, "4")]
        buckets = [one.headers["X-RateLimit-Bucket"] for one in (sent[0], elsewhere, edited)]
        assert buckets[0] == buckets[1] != buckets[2]
        discord.shift(3.5)
        asked = await discord.person("Ada").message(guild.general, "hello", mentions_bot=True)
        await asked.answered(10)
        assert discord.rate_limited == [f"POST /api/v10{path}"] * 2 and "We are being rate limited" in bot.output
        assert [one.reference for one in guild.general.messages].count(asked) == 1 and discord.violations == []


async def test_the_limits_can_be_lifted() -> None:
    async with Loopback(limits=False) as discord, aiohttp.ClientSession() as session:
        guild, bot = discord.guild(), Caller(discord, session)
        assert {await bot.says(guild.general) for _ in range(6)} == {(200, 0)} and discord.rate_limited == []
