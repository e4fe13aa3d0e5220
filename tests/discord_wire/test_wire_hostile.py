"""Articles and questions that are written to be markdown, links and mentions are shown as they read, and do nothing.

The bot of these tests is started by `main`: `tests.discord_fake`, with articles of which every part is hostile. Rules
of the loopback server say what must not be alive in any message; `tests.discord_syntax` finds the rest.
"""

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from bot.question import checked
from reader.types import Answer, AnswerItem, Citation, Kind, Timing
from retrieval.question import parsed
from retrieval.types import (
    EVERYTHING,
    Article,
    ArticleSummary,
    Evidence,
    Hit,
    Passage,
    SearchFilter,
    Sources,
    StoreStatus,
    Turn,
)
from tests import discord_fake, fakes
from tests.discord_loopback import Guild, Loopback, Message, Person
from tests.discord_loopback.rules import embed_texts
from tests.discord_syntax import foreign, seen, shown
from tests.discord_wire import button, configured, named, says

pytestmark = pytest.mark.anyio

CALLS = "@everyone @here <@1> <@!1> <@&2> <#3> </ask:4> <t:0:R> <:a:5> :smile: discord.gg/i"
LINKS = "https://evil.example/a [b](https://evil.example/b) <https://evil.example/c>"
MARKS = "**c** __d__ ~~e~~ ||f|| `g` ```h``` \\ \\\\ \u202etxt.exe"
HOSTILE = f"{CALLS} {LINKS} {MARKS}"
SENTENCE = f"Ana told Bo {HOSTILE} in Caracas."
TEXT = "\n".join([SENTENCE, *(f"{start} {HOSTILE}" for start in ("#", ">", ">>>", "-", "1.", "-#", "```py", "\\"))])
SOURCE = "@here <@1> <#3> **c** [b](https://evil.example/b)"
ARTICLES = {
    "h1": Article("h1", f"# {HOSTILE}", SOURCE, "https://a@evil.example/", fakes.DATED, "en", "h1.txt", TEXT),
    "h2": Article("h2", "", None, "javascript:alert(1)", None, None, f"[b](https://evil.example/b) {CALLS}", TEXT),
}
STATUS = StoreStatus(
    1,
    fakes.DATED,
    HOSTILE,
    "f00d",
    4,
    tuple(ArticleSummary(a.id, a.title, a.source, a.published, "en", a.path, a.id, 1, 0) for a in ARTICLES.values()),
    2,
    2048,
)
# "Last answer"; the hostile time is another
OWN_TIME = re.compile(r"<t:\d{10}:R>")
KINDS: tuple[Kind, ...] = ("span", "list", "differing", "none")
ASKED = (*KINDS, "unsure")


class Assistant(discord_fake.Assistant):
    """Every answer is hostile, of the kind that the question's first word says, or unsure."""

    def ask(
        self,
        question: str,
        where: SearchFilter = EVERYTHING,
        k: int | None = None,
        as_of: date | None = None,
        conversation: Sequence[Turn] = (),
    ) -> Answer:
        """Cites both articles."""
        question = checked(question)
        kind: Kind = next((kind for kind in KINDS if question.startswith(kind)), "span")
        hits = tuple(Hit(Passage(n, id, 0, len(TEXT)), TEXT, 0.5, n, None, 0.0, 0.0) for n, id in enumerate(ARTICLES))
        items = [AnswerItem(HOSTILE, 0.8, None, (citation(article),)) for article in ARTICLES.values()]
        both = [AnswerItem(HOSTILE, 0.8, None, tuple(map(citation, ARTICLES.values())))]
        given = {"span": both, "list": items, "differing": items, "none": []}[kind]
        evidence = Evidence(parsed(question), hits, ARTICLES, {id: id for id in ARTICLES}, generation=1)
        certain = not question.startswith("unsure")
        near = citation(ARTICLES["h1"]) if kind == "none" else None
        return Answer(kind, tuple(given), evidence, Timing(1.0, 2.0, 3.0), certain, near)

    def articles(self, ids: Iterable[str]) -> Mapping[str, Article]:
        """Those that are hostile."""
        return {id: ARTICLES[id] for id in ids if id in ARTICLES}

    def sources(self) -> Sources:
        """So is where they are from."""
        return Sources(1, (SOURCE,))

    def status(self) -> StoreStatus:
        """So is what is indexed."""
        return STATUS


def citation(article: Article) -> Citation:
    """The hostile words of the first sentence."""
    start = SENTENCE.index(HOSTILE)
    about = (article.id, article.title, article.source, article.url, article.published)
    return Citation(*about, SENTENCE, 0, len(SENTENCE), start, start + len(HOSTILE), article.id)


def main(arguments: Sequence[str]) -> int:
    """Runs the bot."""
    discord_fake.Assistant = Assistant  # type: ignore[misc]
    fakes.STATUS = STATUS
    return discord_fake.main(arguments)


@pytest.fixture(scope="module")
async def server(folder: Path) -> AsyncIterator[Loopback]:
    """A server with a guild and this bot; the fixture `discord` asserts that no rule was broken."""
    async with Loopback(heartbeat_interval=0.5) as discord:
        config = configured(folder, named(discord.guild()))
        await discord.start("--config", config, "discord", call=f"{__name__}:main")
        yield discord
        said = [one for channel in discord.channels.values() for one in channel.messages if one.author is discord.bot]
        for embeds in [version for message in said for version in (message.embeds, *message.edits)]:
            assert [text for text in embed_texts(embeds) if foreign(OWN_TIME.sub("", text))] == []
            assert not any("evil.example" in embed.get("url", "") for embed in embeds)


def reads(message: Message) -> str:
    """What is read in a message, in which nothing may be alive but what the bot writes itself."""
    for text in embed_texts(message.embeds):
        assert foreign(OWN_TIME.sub("", text)) == set(), text
    assert message.pings == []
    return seen(shown(message.text).replace("**", ""))


def unbold(text: str) -> str:
    """The words as `reads` gives them."""
    return seen(text).replace("**", "")


async def asked(person: Person, guild: Guild, question: str, **options: str) -> Message:
    """The answer to a slash command."""
    return await (await person.slash(guild.general, "ask", question=question, **options)).finally_(timeout=20)


@pytest.mark.parametrize("kind", ASKED)
async def test_an_answer_of_hostile_articles_reads_as_they_do(kind: str, guild: Guild, ada: Person) -> None:
    words = reads(await asked(ada, guild, f"{kind} Who met?"))
    assert "@everyone @here <@1> <@!1> <@&2> <#3>" in words and "https://evil.example/a" in words
    assert "Ana told Bo @everyone" in words or kind == "differing"  # there is room for less


async def test_so_do_its_passages_and_their_surroundings(guild: Guild, ada: Person) -> None:
    answer = await asked(ada, guild, "span Who met?")
    page = await (await ada.click(answer, "More evidence")).finally_()
    assert unbold(SENTENCE) in reads(page) and all("url" not in embed for embed in page.embeds)
    turned = await (await ada.click(page, "Next")).finally_(until=says("Passage 2 of 2"))
    assert unbold(SENTENCE) in reads(turned)
    for message in (answer, turned):
        assert unbold(SENTENCE) in reads(await (await ada.click(message, "In context")).finally_())


async def test_so_do_sources_that_are_chosen(guild: Guild, ada: Person) -> None:
    words = reads(await asked(ada, guild, "list Who met?", source=SOURCE))
    assert f"Only {unbold(SOURCE)}" in words


async def test_so_do_answers_that_were_rated_and_the_state_of_the_index(
    guild: Guild, ada: Person, chief: Person
) -> None:
    answer = await asked(ada, guild, f"list {HOSTILE}"[:400])
    reads(await (await ada.click(answer, button(answer, "bad"))).finally_())
    rated = await (await chief.slash(guild.general, "dateline feedback")).finally_(until=says("rated badly"))
    assert "list @everyone" in reads(rated)
    status = await (await chief.slash(guild.general, "dateline status")).finally_()
    assert "@everyone" in reads(status)


async def test_so_do_hostile_questions_however_they_are_asked(discord: Loopback, guild: Guild, ada: Person) -> None:
    question = f"span {HOSTILE}"[:400]
    start = "span @everyone @here <@1>"
    assert start in reads(await asked(ada, guild, question))
    written = await ada.message(guild.general, f"{question} {ada.mention}", mentions_bot=True)
    private = await ada.dm(question)
    for message in (written, private):
        assert start in reads(await message.answered(20, until=says("Caracas")))
    follow_up = await ada.message(guild.general, question, reply_to=await written.answered(20))
    assert start in reads(await follow_up.answered(20, until=says("Caracas")))
    form = await ada.click(await written.answered(20), "Ask privately")
    assert start in reads(await (await ada.submit(form, question)).finally_())


async def test_so_do_refusals_that_name_what_was_typed(guild: Guild, ada: Person, chief: Person) -> None:
    assert "is not a date" in reads(await asked(ada, guild, "Who?", since=HOSTILE[:99]))
    assert "has no words" in reads(await asked(ada, guild, "<@&> **?!** ||?||"))
    added = await chief.slash(guild.general, "dateline add", url=HOSTILE)
    assert "is not the address" in reads(await added.finally_(until=says("address")))
