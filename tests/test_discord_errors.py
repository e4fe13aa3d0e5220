"""What a channel gets to read, and a log: no path, no token, no traceback; and who may do what where."""

import asyncio
import gc
import logging
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.admin import safe_name
from bot.discord.catalogue import Catalogue
from bot.discord.errors import for_member, for_operator, log_error
from bot.discord.jobs import Jobs
from bot.discord.logs import Redacted, event, without_secrets
from bot.discord.permissions import Location, Member, check_location, check_operator
from bot.discord.refusals import (
    ClosingError,
    NotAllowedError,
    NotHereError,
    NotNamedError,
    QueueFullError,
)
from bot.discord.reports import feedback_card
from bot.discord.text import ELLIPSIS, units, visible
from bot.discord.types import Rated
from bot.mends import terminal_message
from bot.settings import DiscordSettings
from retrieval.errors import ArticleError, ConfigError, CorpusError, DatelineError, FetchError, StoreError, UsageError
from retrieval.filters import unknown_source
from retrieval.intake.files import SUFFIXES
from retrieval.page_files import MAX_NAME
from retrieval.progress import Progress
from retrieval.storage.postgres.database import Server
from retrieval.types import Sources

FOLDER, URL = Path("/srv/my news"), "postgresql://me@db.example/news"


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
    unknown = for_member(unknown_source("zzz", ["Reuters"]))
    assert unknown == "There are no articles from 'zzz' in the index; name one of its sources."
    assert for_member(QueueFullError(5)) == str(QueueFullError(5))


def test_those_who_run_it_are_told_names_without_folders_or_what_libraries_say() -> None:
    lost = StoreError("The index %s in %s is lost (%s); {bring the index up to date}.", FOLDER / "x.faiss", Server(URL))
    for cause, why in ((OSError(28, "No space left", "/srv/x"), "No space left"), (ValueError("/srv/y"), "ValueError")):
        lost.__cause__ = cause
        assert for_operator(lost) == f"The index x.faiss in news is lost ({why}); bring the index up to date."
    assert str(lost).startswith("The index /srv/my news/x.faiss in news on db.example is lost (/srv/y); ")
    assert terminal_message(lost).endswith("; run `dateline index`.")
    assert str(FetchError("https://a.example/%s{x}", "is empty")) == "https://a.example/%s{x} is empty."


@pytest.mark.parametrize(
    "line",
    [
        "PATCH https://discord.com/api/v10/webhooks/12345/aW50ZXJhY3Rpb246secret-part_x/messages/@original is limited",
        "POST https://discord.com/api/v10/interactions/12345/aW50ZXJhY3Rpb246secret-part_x/callback?with_response=1",
        "WebSocket Event: {'t': 'INTERACTION_CREATE', 'd': {'token': 'aW50ZXJhY3Rpb246secret-part_x', 'type': 2}}",
        '{"token": "aW50ZXJhY3Rpb246secret-part_x"}',
        "Authorization: Bot MTA.the-bots.own-secret",
        "improper MTA.the-bots.own-secret, twice MTA.the-bots.own-secret",
        "WebSocket Event: {'options': [{'name': 'url', 'value': 'https://ada:own-secret@a.example/b'}]}",
        "GET https://secret@a.example/b and http://ada:own@secret@a.example:80",
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


@pytest.mark.parametrize(
    ("url", "logged"),
    [
        ("https://a.example/b/c.html", "a.example/b/c.html"),
        (" HTTP://ada:secret@a.example:8000/b?key=secret#secret", "a.example:8000/b"),
        ("https://ada:se@cret@a.example", "a.example"),
        ("https://ada:se/cret@a.example/b", "unreadable"),
        ("https://[ada:secret@a.example/b", "unreadable"),
        ("ada:secret@a.example/b", "unreadable"),
        ("secret", "unreadable"),
    ],
)
def test_of_an_address_only_the_place_is_logged(url: str, logged: str) -> None:
    assert without_secrets(url) == logged


def test_events_stay_on_one_line() -> None:
    assert event("added", file='a "b"\nevent=x', person=7) == 'event=added file="a \\"b\\"\\nevent=x" person=7'
    assert event("added", url="https://a.example/\x1b[2J") == r'event=added url="https://a.example/\u001b[2J"'


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (OSError(28, "No space left on device"), "event=internal_error"),
        (ValueError("shapes"), "event=internal_error"),
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
        log_error(error, "asking")
    (record,) = caplog.records
    assert record.message.startswith(f"{logged} doing=asking")
    assert (record.exc_info is not None) == (logged == "event=internal_error")


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


HERE = Location(guild=1, channel=10)


@pytest.mark.parametrize(
    ("settings", "location", "served"),
    [
        (DiscordSettings(), HERE, True),
        (DiscordSettings(guilds=(2,)), HERE, False),
        (DiscordSettings(guilds=(1,)), HERE, True),
        (DiscordSettings(channels=(11,)), HERE, False),
        (DiscordSettings(channels=(11,)), Location(guild=1, channel=12, parent=11), True),
        (DiscordSettings(channels=(11,)), Location(guild=None, channel=12, own=True), True),
        (DiscordSettings(direct_messages=False), Location(guild=None, channel=12, own=True), False),
        (DiscordSettings(), Location(guild=None, channel=12), False),
        (DiscordSettings(user_install=True), Location(guild=None, channel=12), True),
        (DiscordSettings(), Location(guild=1, channel=10, installed=False), False),
        (DiscordSettings(user_install=True, guilds=(2,)), Location(guild=1, channel=10, installed=False), True),
    ],
)
def test_where_questions_are_answered(settings: DiscordSettings, location: Location, served: bool) -> None:
    if served:
        check_location(settings, location)
    else:
        with pytest.raises(NotHereError):
            check_location(settings, location)


UNINVITED = Location(guild=1, channel=1, installed=False)
MANAGER, EDITOR, MEMBER = Member(frozenset(), True), Member(frozenset({5}), False), Member(frozenset(), False)


@pytest.mark.parametrize(
    ("settings", "location", "member", "looking", "changing"),
    [
        (DiscordSettings(), HERE, MANAGER, None, NotNamedError),
        (DiscordSettings(guilds=(1,)), HERE, MANAGER, None, None),
        (DiscordSettings(), HERE, MEMBER, NotAllowedError, NotAllowedError),
        (DiscordSettings(guilds=(1,)), HERE, MEMBER, NotAllowedError, NotAllowedError),
        (DiscordSettings(), HERE, EDITOR, NotAllowedError, NotAllowedError),
        (DiscordSettings(admin_roles=(5,)), HERE, EDITOR, None, None),
        (DiscordSettings(admin_roles=(5,)), HERE, MANAGER, None, NotNamedError),
        (DiscordSettings(guilds=(2,)), HERE, MANAGER, NotHereError, NotHereError),
        (DiscordSettings(guilds=(2,), admin_roles=(5,)), HERE, EDITOR, NotHereError, NotHereError),
        (DiscordSettings(user_install=True), UNINVITED, MANAGER, NotAllowedError, NotAllowedError),
        (DiscordSettings(), Location(guild=None, channel=1, own=True), MANAGER, NotAllowedError, NotAllowedError),
    ],
)
def test_who_runs_it(
    settings: DiscordSettings,
    location: Location,
    member: Member,
    looking: type[Exception] | None,
    changing: type[Exception] | None,
) -> None:
    for refusal, changes in ((looking, False), (changing, True)):
        with nullcontext() if refusal is None else pytest.raises(refusal):
            check_operator(settings, location, member, changes=changes)


def offered(names: Sequence[str], typed: str = "") -> list[str]:
    """What a catalogue of these sources offers."""

    async def read() -> list[str]:
        made = Catalogue(lambda: Sources(1, tuple(names)))
        await made.read()
        return made.choices(typed)

    return asyncio.run(read())


def test_a_source_is_offered_whose_name_can_be_seen_and_fits() -> None:
    names = ["A\u202ewire", "\u3164", "É" * 100, "x" * 101, "\U0001f4f0" * 51]
    assert offered(names) == ["A\u202ewire", "É" * 100]
    assert offered(names, "awire") == offered(names, "A\u202eWI") == ["A\u202ewire"]


@given(st.lists(st.text(max_size=110), max_size=30), st.text(max_size=3))
def test_whatever_sources_are_called_discord_takes_the_choices(names: list[str], typed: str) -> None:
    choices = offered(names, typed)
    assert len(choices) <= 25 and set(choices) <= set(names)
    assert all(visible(name).strip() and units(name) <= 100 for name in choices)


@pytest.mark.parametrize("text", ["\u3164", "\u200b \u200b", "  ", ""])
def test_no_field_of_a_report_is_empty(text: str) -> None:
    rated = Rated("x", text, (text,), 1, 0, 1, datetime.now(UTC))
    (field,) = feedback_card([rated]).fields
    assert field.name == ELLIPSIS and field.value.startswith(f"{ELLIPSIS}\n👎 1")


def test_nobody_waits_for_a_job_that_is_stopped_and_does_not_end(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        let = threading.Event()

        def hang(progress: Progress) -> None:
            with progress("Adding", 0):
                let.wait(30)
            raise CorpusError("The corpus is full.")

        jobs = Jobs()

        async def tell(words: str) -> None:
            """Nobody reads it."""

        running = asyncio.create_task(jobs.run(hang, tell))
        while jobs.stage != "Adding …":
            await asyncio.sleep(0.01)
        jobs.stop()
        with pytest.raises(ClosingError):
            await asyncio.wait_for(running, 10)
        assert jobs.stage == "Adding …"  # or the process would wait for the thread
        let.set()
        while jobs.stage is not None:
            await asyncio.sleep(0.01)

    asyncio.run(story())
    gc.collect()
    assert "never retrieved" not in caplog.text
