"""What a channel gets to read, and a log: no path, no token, no traceback; and who may do what where."""

import asyncio
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.admin import address, safe_name
from bot.discord.door import Origin, Standing, check_operator, check_place
from bot.discord.jobs import Jobs
from bot.discord.logs import Redacted, event
from bot.discord.refusals import ClosingError, NotAllowedError, NotHereError, OccupiedError, QueueFullError
from bot.discord.words import for_member, for_operator, note, without_folders
from bot.settings import DiscordSettings
from retrieval.adding import MAX_NAME, AddReport
from retrieval.errors import ArticleError, ConfigError, CorpusError, DatelineError, StoreError, UsageError
from retrieval.filters import unknown_source
from retrieval.intake.files import SUFFIXES
from retrieval.progress import Progress
from retrieval.types import IndexReport

FOLDERS = (Path("/srv/my news/corpus"), Path("/srv/my news"))


@pytest.mark.parametrize(
    "error",
    [
        StoreError("The database /srv/my news/x.sqlite is damaged."),
        CorpusError("The corpus folder /srv/my news does not exist."),
        ConfigError("/srv/my news/config.toml: unknown key."),
        DatelineError("anything"),
        RuntimeError("shapes (3, 4) do not match"),
        OSError(28, "No space left on device", "/srv/my news/x"),
    ],
)
def test_members_are_told_nothing_of_the_machine(error: Exception) -> None:
    said = for_member(error)
    assert "log" in said
    for part in ("/srv", "sqlite", "config", "shapes", "space left", "anything"):
        assert part not in said


def test_what_a_member_can_mend_is_told_without_the_command_line() -> None:
    assert for_member(UsageError("The question is empty; write one.")) == "The question is empty; write one."
    near = for_member(unknown_source("reuter", ["Reuters"]))
    assert near == "There are no articles from 'reuter'; did you mean Reuters?"
    assert for_member(unknown_source("zzz", ["Reuters"])) == "There are no articles from 'zzz'."
    assert for_member(QueueFullError(5)) == str(QueueFullError(5))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The article /srv/my news/corpus/a b.txt cannot be written", "The article a b.txt cannot be written"),
        ("The folder /srv/my news is full", "The folder my news is full"),
        ("/var/lib/dateline/x.faiss is lost.", "x.faiss is lost."),
        ("~/private/x.toml, or C:\\Users\\ada\\y.toml", "x.toml, or y.toml"),
        ("see https://a.example/b/c and 3/4", "see https://a.example/b/c and 3/4"),
        ("and/or 10 km/h", "and/or 10 km/h"),
    ],
)
def test_those_who_run_it_are_told_names_without_folders(text: str, said: str) -> None:
    assert without_folders(text, FOLDERS) == said
    assert for_operator(StoreError(text), FOLDERS) == said


@given(st.lists(st.from_regex(r"[\w-]{1,8}", fullmatch=True), min_size=2, max_size=6))
def test_no_absolute_path_is_left(parts: list[str]) -> None:
    folder = "/" + "/".join(parts[:-1])
    assert folder + "/" not in without_folders(f"The file {folder}/{parts[-1]} is lost.", ())


@pytest.mark.parametrize(
    "line",
    [
        "PATCH https://discord.com/api/v10/webhooks/12345/aW50ZXJhY3Rpb246secret-part_x/messages/@original is limited",
        "POST https://discord.com/api/v10/interactions/12345/aW50ZXJhY3Rpb246secret-part_x/callback?with_response=1",
        "WebSocket Event: {'t': 'INTERACTION_CREATE', 'd': {'token': 'aW50ZXJhY3Rpb246secret-part_x', 'type': 2}}",
        '{"token": "aW50ZXJhY3Rpb246secret-part_x"}',
        "Authorization: Bot MTA.the-bots.own-secret",
        "improper MTA.the-bots.own-secret, twice MTA.the-bots.own-secret",
    ],
)
def test_no_token_gets_into_a_log(line: str) -> None:
    formatter = Redacted(logging.Formatter("%(message)s"), "MTA.the-bots.own-secret")
    try:
        raise RuntimeError(line)
    except RuntimeError as error:
        trace = (type(error), error, error.__traceback__)
    record = logging.LogRecord("discord.http", logging.WARNING, __file__, 1, "%s", (line,), trace)
    shown = formatter.format(record)
    assert "Traceback" in shown and shown.count("[token]") >= 2
    assert "secret" not in shown and "aW50" not in shown


def test_events_stay_on_one_line() -> None:
    assert event("added", file='a "b"\nevent=x', person=7) == 'event=added file="a \\"b\\"\\nevent=x" person=7'
    assert event("added", url="https://a.example/\x1b[2J") == r'event=added url="https://a.example/\u001b[2J"'


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (OSError(28, "No space left on device"), "event=mistake"),
        (ValueError("shapes"), "event=mistake"),
        (ConnectionResetError(104, "Connection reset by peer"), "event=connection_failed"),
        (TimeoutError(), "event=connection_failed"),
        (StoreError("The database is damaged."), "event=failed"),
        (QueueFullError(5), "event=refused"),
    ],
)
def test_only_a_mistake_of_ours_is_logged_with_its_traceback(
    error: Exception, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        note(error, "asking")
    (record,) = caplog.records
    assert record.message.startswith(f"{logged} doing=asking")
    assert (record.exc_info is not None) == (logged == "event=mistake")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("talks.txt", "talks.txt"),
        ("..\\..\\Talks in Geneva?.HTML", "Talks in Geneva.html"),
        ("/etc/passwd/../x.md", "x.md"),
        ("....txt", "article.txt"),
        (".hidden.json", "hidden.json"),
        ("a\x00\n\x1bb.txt", "a-b.txt"),
        ("Großmütter – 2.txt", "Großmütter - 2.txt"),
        ("会" * 99 + ".txt", "会" * 32 + ".txt"),
    ],
)
def test_the_name_of_a_file_is_only_a_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_any_name_is_made_safe_or_refused(name: str) -> None:
    for suffix in ("", ".txt"):
        try:
            safe = safe_name(name + suffix)
        except ArticleError:
            assert not suffix
            continue
        assert Path(safe).name == safe and not safe.startswith(".") and len(safe.encode()) <= MAX_NAME
        assert Path(safe).suffix in SUFFIXES and safe.isprintable()


@pytest.mark.parametrize("url", ["/etc/passwd", "file:///etc/passwd", "a.txt", "ftp://a/b", "~/x.txt", ""])
def test_only_a_page_is_an_address(url: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        address(url)


HERE = Origin(guild=1, channel=10)


@pytest.mark.parametrize(
    ("settings", "origin", "served"),
    [
        (DiscordSettings(), HERE, True),
        (DiscordSettings(guilds=(2,)), HERE, False),
        (DiscordSettings(guilds=(1,)), HERE, True),
        (DiscordSettings(channels=(11,)), HERE, False),
        (DiscordSettings(channels=(11,)), Origin(guild=1, channel=12, parent=11), True),
        (DiscordSettings(channels=(11,)), Origin(guild=None, channel=12, own=True), True),
        (DiscordSettings(direct_messages=False), Origin(guild=None, channel=12, own=True), False),
        (DiscordSettings(), Origin(guild=None, channel=12), False),
        (DiscordSettings(user_install=True), Origin(guild=None, channel=12), True),
        (DiscordSettings(), Origin(guild=1, channel=10, installed=False), False),
        (DiscordSettings(user_install=True, guilds=(2,)), Origin(guild=1, channel=10, installed=False), True),
    ],
)
def test_where_questions_are_answered(settings: DiscordSettings, origin: Origin, served: bool) -> None:
    if served:
        check_place(settings, origin)
    else:
        with pytest.raises(NotHereError):
            check_place(settings, origin)


MANAGER, EDITOR, MEMBER = Standing(frozenset(), True), Standing(frozenset({5}), False), Standing(frozenset(), False)


@pytest.mark.parametrize(
    ("settings", "origin", "standing", "refusal"),
    [
        (DiscordSettings(), HERE, MANAGER, None),
        (DiscordSettings(), HERE, MEMBER, NotAllowedError),
        (DiscordSettings(), HERE, EDITOR, NotAllowedError),
        (DiscordSettings(admin_roles=(5,)), HERE, EDITOR, None),
        (DiscordSettings(guilds=(2,)), HERE, MANAGER, NotHereError),
        (DiscordSettings(user_install=True), Origin(guild=1, channel=1, installed=False), MANAGER, NotAllowedError),
        (DiscordSettings(), Origin(guild=None, channel=1, own=True), MANAGER, NotAllowedError),
    ],
)
def test_who_runs_it(
    settings: DiscordSettings, origin: Origin, standing: Standing, refusal: type[Exception] | None
) -> None:
    if refusal is None:
        check_operator(settings, origin, standing)
    else:
        with pytest.raises(refusal):
            check_operator(settings, origin, standing)


class Endless:
    """Upkeep that goes on until it is stopped."""

    def refresh(self, progress: Progress) -> IndexReport:
        """Never comes to an end by itself."""
        with progress("Embedding passages", 3_400) as advance:
            while True:
                advance(1)

    def add(self, names: list[str]) -> AddReport:
        """Adds nothing."""
        return AddReport((), (), ())


def test_a_refresh_is_one_at_a_time_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.discord.jobs.EDIT_SECONDS", 0.01)

    async def story() -> None:
        jobs, told = Jobs(Endless()), list[str]()  # type: ignore[arg-type]

        async def tell(words: str) -> None:
            told.append(words)

        running = asyncio.create_task(jobs.refresh(tell))
        while not any("of 3,400" in words for words in told):
            await asyncio.sleep(0.01)
        with pytest.raises(OccupiedError):
            await jobs.refresh(tell)
        assert jobs.stage is not None and jobs.stage.startswith("Embedding passages: ")
        jobs.stop()
        with pytest.raises(ClosingError):
            await running
        assert jobs.stage is None
        with pytest.raises(ClosingError):
            await jobs.refresh(tell)

    asyncio.run(story())
