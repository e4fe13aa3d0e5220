"""The rules that the loopback server keeps: what bots that break them are caught with."""

from collections import Counter
from typing import Any

import pytest

from tests.discord_loopback import Guild, Loopback, Person, Rule
from tests.discord_loopback.rules import pinged
from tests.discord_loopback.texts import called, given_away, linked, text_violations

SAMPLE = "tests.discord_loopback.sample_bot:main"
HOSTILE = "@everyone <@5> <@&5> <#5> https://evil.example/a [b](https://evil.example)"

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("alive", "text"),
    [
        (["@everyone", "@here"], "@everyone and a@here"),
        (["<@5>", "<@!5>", "<@&5>", "<#5>"], "<@5> <@!5> <@&5> <#5> <#7>"),
        (["<@5>"], r"\\<@5>, `<@6>` and ```<@7>```"),
        (["@everyone"], r"\`@everyone\`"),
        ([], "\\@everyone \\<@5> <\\@5> @\u200bhere <@\u200b5> a@b.example <t:5:R>"),
    ],
)
def test_who_is_named_in_an_embed(alive: list[str], text: str) -> None:
    assert called(text, {7}) == alive


@pytest.mark.parametrize(
    ("links", "text"),
    [
        (2, "https://evil.example/a and [b](HTTP://www.evil.example/b)"),
        (2, r"<https://evil.example> \[b](https://news.example@evil.example)"),
        (0, r"https\://evil.example [b](https\://evil.example) `https://evil.example` evil.example"),
        (0, "https://news.example/evil.example"),
    ],
)
def test_what_links_to_where_no_article_may(links: int, text: str) -> None:
    assert len(linked(text)) == links


@pytest.mark.parametrize(
    ("secrets", "text"),
    [
        (["/srv/news/a_b.txt", "~/a.txt"], r"**/srv/news/a\_b.txt**, ~/a.txt"),
        (
            ["Traceback (most recent call last)", 'File "', "/x/a.py"],
            'Traceback (most recent call last):\n File "/x/a.py"',
        ),
        ([], r"https://a.example/b/c, https\://a.example/b/c, and/or/not, 1/2/3, -/-/-, /ask, a.txt, /etc/hosts"),
    ],
)
def test_what_gives_the_machine_away(secrets: list[str], text: str) -> None:
    assert given_away(text, ["add /etc/hosts"]) == secrets


def test_only_where_markdown_is_read_can_an_embed_call_or_link() -> None:
    def broken(**embed: Any) -> Counter[Rule]:
        return Counter(one.rule for one in text_violations("", [embed], [], None, [], []))

    said = f"{HOSTILE} in /srv/news"
    alive = broken(title=said, description=said, fields=[{"name": said, "value": said}])
    assert alive == {Rule.PING: 16, Rule.INJECTED: 8, Rule.LEAK: 4}
    # Discord shows a footer letter by letter
    assert broken(footer={"text": said}, author={"name": said}) == {Rule.LEAK: 2}
    assert broken(url="https://evil.example/") == {Rule.INJECTED: 1}


def test_a_backslash_before_a_backtick_makes_no_code() -> None:
    assert pinged(r"\`<@5>\` `<@6>`", None) == ["user:5"]


async def _ask(discord: Loopback, ada: Person, guild: Guild) -> None:
    asked = await ada.slash(guild.general, "ask", question="q")
    await discord.until(lambda: discord.violations or asked.messages, 10, "an answer, or a violation")


async def _ask_hostile(discord: Loopback, ada: Person, guild: Guild) -> None:
    asked = await ada.slash(guild.general, "ask", question=HOSTILE)
    await asked.finally_(10)


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
        (["--unescaped"], _ask_hostile, 3.0, {Rule.PING, Rule.INJECTED}),
        (["--shows-path"], _ask, 3.0, {Rule.LEAK}),
        (["--shows-traceback"], _ask, 3.0, {Rule.LEAK}),
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


async def test_a_bot_that_drops_a_question_leaves_it_unanswered() -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        await discord.start("--drops", call=SAMPLE)
        ada = discord.person("Ada")
        asked = await ada.slash(guild.general, "ask", question="q")
        await asked.acknowledged()
        with pytest.raises(AssertionError, match="/ask was answered"):
            await asked.finally_(0.3)
        with pytest.raises(AssertionError, match="an answer to"):
            await (await ada.message(guild.general, "hello", mentions_bot=True)).answered(0.3)
        assert discord.unanswered == [asked] and discord.violations == []


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
