"""Followed questions: asked of what is new only, told once, and never lost; with the real models, in both databases."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.assistant import Assistant, migrate_store
from bot.following.checking import Checker
from bot.following.questions import FollowedQuestions, TooManyError
from bot.following.types import Asker, CheckResult, DueQuestion, Followed, Limits, Notice
from reader.aggregate import Threshold
from reader.answering import Answerer
from reader.confidence import Calibration
from reader.following import Follower
from reader.model import TransformersReader
from retrieval.encoder import Encoder
from retrieval.errors import UsageError
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.opening import open_store
from retrieval.types import SearchFilter
from tests.conftest import ROOT, Run, configured, settings_for
from tests.following import Command
from tests.stores import write

if TYPE_CHECKING:
    from evaluation.server import Server

NOW, LATER = timedelta(0), timedelta(hours=1)
MINISTER = "Who is Venezuela's foreign minister?"
DEAD = "How many people died in the flood in Lima?"
GUESTS = "Who attended the summit in Lima?"


def story(title: str, day: str, text: str, source: str = "Example Wire") -> str:
    return f"---\ntitle: {title}\ndate: {day}\nsource: {source}\n---\n\n{text}\n"


FARIA = story(
    "Faria visits Moscow",
    "2022-07-08",
    "Carlos Faria, the foreign minister of Venezuela, arrived in Moscow on Friday for two days of talks.",
)
FARIA_AGAIN = story(
    "Faria back in Caracas",
    "2022-07-10",
    "Venezuelan Foreign Minister Carlos Faria returned to Caracas on Sunday and said that the talks had gone well.",
)
GIL = story(
    "Maduro names Gil",
    "2023-01-06",
    "President Nicolas Maduro on Friday appointed Yvan Gil as foreign minister of Venezuela. Gil knows Europe well.",
)
GIL_AGAIN = story(
    "Gil takes office",
    "2023-01-07",
    "Yvan Gil took office as foreign minister of Venezuela on Saturday in Caracas.",
    "Other Wire",
)
PLASENCIA = story(
    "Plasencia appointed",
    "2021-08-20",
    "Felix Plasencia is the new foreign minister of Venezuela, the government in Caracas said on Friday.",
)
FLOOD = story(
    "Flood in Lima",
    "2023-02-07",
    "At least 12 people died when the river Rimac flooded parts of Lima on Monday, the fire service said.",
)
TOLL = story(
    "Death toll in Lima rises",
    "2023-02-09",
    "The number of people who died in the flood in Lima has risen to 45, the fire service said on Thursday.",
)
SUMMIT = story(
    "Presidents meet",
    "2023-03-09",
    "The summit in Lima was attended by Gabriel Boric of Chile, Gustavo Petro of Colombia and Luis Arce of Bolivia.",
)
SUMMIT_ENDS = story(
    "Summit ends",
    "2023-03-10",
    "The summit in Lima ended on Friday. It was attended by Luis Arce of Bolivia and Daniel Noboa of Ecuador.",
    "Other Wire",
)
HARBOUR = {
    f"harbour{number}.md": story(
        f"Harbour news {number}",
        f"2022-05-{number + 1:02}",
        f"The harbour of Porto handled {number + 20} ships last week, its director said. "
        f"Storms had closed it for {number + 2} days before.",
    )
    for number in range(3)
}


@dataclass(frozen=True)
class Room:
    """A corpus, its store, and what follows it; `restarted` is the same after a restart."""

    corpus: Path
    folder: Path
    url: str | None
    encoder: Encoder
    reader: TransformersReader

    @property
    def answerer(self) -> Answerer:
        return Answerer(self.reader, Calibration.load(), Threshold(0.7, 0.3, 20))

    def restarted(self) -> Checker:
        follower = Follower(self.answerer, self.reader, 8)
        questions = FollowedQuestions.open(self.folder, self.url)
        return Checker(open_store(self.folder, self.url), self.encoder, follower, questions)

    def assistant(self) -> Assistant:
        return Assistant(Retriever.open(open_store(self.folder, self.url), self.encoder), self.answerer, 8)

    def index(self, articles: dict[str, str], *, full: bool = False) -> None:
        for name, text in articles.items():
            write(self.corpus, name, text)
        refresh(self.corpus, open_store(self.folder, self.url), self.encoder, "model", full=full)

    def follow(self, *questions: str, where: SearchFilter = SearchFilter(), by: Asker | None = None) -> list[list[str]]:  # noqa: B008
        assistant, checker = self.assistant(), self.restarted()
        answers = [checker.follow(assistant.ask, question, where, by)[1] for question in questions]
        return [[item.text for item in answer.answers] for answer in answers]


NewRoom = Callable[[dict[str, str]], Room]


@pytest.fixture(params=["folder", "postgres"])
def new_room(request: pytest.FixtureRequest, tmp_path: Path, encoder: Encoder, reader: TransformersReader) -> NewRoom:
    """Makes a room with some articles; what it keeps is in a folder, or on a server."""

    def make(articles: dict[str, str]) -> Room:
        url = None
        if request.param == "postgres":
            server: Server = request.getfixturevalue("server")
            url = server.new_database()
        room = Room(tmp_path / "corpus", tmp_path / "storage", url, encoder, reader)
        room.index(articles)
        return room

    return make


def news(checker: Checker) -> list[Notice]:
    """What waits to be shown; it is shown, then."""
    found: list[Notice] = []
    while (taken := checker.claim("terminal", NOW, 10)) is not None:
        found += taken.news
        checker.questions.outbox.remove([notice.id for notice in taken.news])
    return found


def said(notices: Sequence[Notice]) -> list[tuple[list[str], list[str | None]]]:
    return [
        ([item.text for item in each.news.answer.answers], [None if was is None else was.text for was in each.news.was])
        for each in notices
    ]


def test_what_is_new_is_told_once_and_what_it_replaces(new_room: NewRoom) -> None:
    room = new_room({**HARBOUR, "a.md": FARIA})
    assert room.follow(MINISTER, DEAD) == [["Carlos Faria"], []]
    checker = room.restarted()
    assert checker.check("terminal") == CheckResult()
    room.index({"b.md": FARIA_AGAIN})
    assert (checker.check("terminal").news, news(checker)) == (0, [])
    room.index({"c.md": GIL})
    checker.check("terminal")
    (notice,) = news(checker)
    assert said([notice]) == [(["Yvan Gil"], ["Carlos Faria"])]
    (was,) = notice.news.was
    assert was is not None and was.citation.published is not None
    assert was.citation.published.date().isoformat() == "2022-07-08"
    (citation,) = notice.news.answer.answers[0].citations
    text = notice.news.answer.article(citation).text
    assert text[citation.quote_start : citation.quote_end] == citation.quote
    # a repeat, an older article that says otherwise, a reprint, and the same again in a rebuilt index
    room.index({"d.md": GIL_AGAIN})
    room.index({"e.md": PLASENCIA})
    room.index({"f.md": GIL.replace("Example", "Copying")})
    checker.check("terminal")
    room.index({}, full=True)
    assert room.restarted().check("terminal") == CheckResult()
    assert news(checker) == []


def test_a_number_brought_up_to_date_replaces_and_a_list_grows(new_room: NewRoom) -> None:
    room = new_room(HARBOUR)
    assert room.follow(DEAD, GUESTS) == [[], []]
    checker = room.restarted()
    room.index({"a.md": FLOOD, "b.md": SUMMIT})
    assert checker.check("terminal").news == 2
    guests = ["Gabriel Boric", "Gustavo Petro", "Luis Arce"]
    assert said(news(checker)) == [(["12"], [None]), (guests, [None] * 3)]
    room.index({"c.md": TOLL, "d.md": SUMMIT_ENDS})
    checker.check("terminal")
    assert said(news(checker)) == [(["45"], ["12"]), (["Daniel Noboa"], [None])]


def test_an_edited_article_is_asked_only_where_it_has_changed(new_room: NewRoom) -> None:
    filler = "\n\n".join(
        f"The council of Lima met for the {n}th time in that week to talk about it." * 9 for n in range(4)
    )
    room = new_room({**HARBOUR, "a.md": FLOOD + filler})
    assert room.follow(DEAD) == [["At least 12"]]
    checker = room.restarted()
    room.index({"a.md": FLOOD + filler + "\n\nA concert for the victims was given in the cathedral."})
    checked = checker.check("terminal")
    assert (checked.pairs, news(checker)) == (1, [])
    room.index({"a.md": FLOOD.replace("12", "90") + filler})
    checker.check("terminal")
    assert said(news(checker)) == [(["At least 90"], ["At least 12"])]


def test_only_what_a_filter_lets_through_is_asked(new_room: NewRoom) -> None:
    room = new_room({**HARBOUR, "a.md": FARIA, "o.md": FLOOD.replace("Example", "Other")})
    room.follow(MINISTER, where=SearchFilter(source="other wire"))
    checker = room.restarted()
    room.index({"c.md": GIL})
    checker.check("terminal")
    assert news(checker) == []
    room.index({"d.md": GIL_AGAIN})
    checker.check("terminal")
    assert said(news(checker)) == [(["Yvan Gil"], [None])]


def test_news_that_was_taken_and_not_shown_is_taken_again_and_no_sooner(new_room: NewRoom) -> None:
    room = new_room(HARBOUR)
    room.follow(MINISTER)
    room.index({"a.md": FARIA})
    first, second = room.restarted(), room.restarted()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda checker: checker.check("terminal").news, (first, second)))
    assert sum(found) == 1
    taken = first.claim("terminal", LATER, 10)
    assert taken is not None and len(taken.news) == 1 and not taken.again
    assert second.claim("terminal", LATER, 10) is None
    assert second.claim("terminal", NOW, 10) == replace(taken, again=True)


def test_news_is_shown_as_its_article_is_now_or_not_at_all(new_room: NewRoom) -> None:
    room = new_room(HARBOUR)
    room.follow(MINISTER, DEAD)
    room.index({"a.md": FARIA, "b.md": FLOOD})
    checker = room.restarted()
    assert checker.check("terminal").news == 2
    room.index({"a.md": FARIA.replace("Carlos", "It was cold.\n\nCarlos"), "b.md": FLOOD.replace("At least", "Some")})
    (notice,) = news(checker)
    (citation,) = notice.news.answer.answers[0].citations
    assert notice.news.answer.article(citation).text[citation.answer_start : citation.answer_end] == "Carlos Faria"


@pytest.mark.parametrize("url", [False, True])
def test_a_copy_of_the_store_follows_what_the_store_follows(
    url: bool, tmp_path: Path, server: "Server", encoder: Encoder, reader: TransformersReader
) -> None:
    room = Room(tmp_path / "corpus", tmp_path / "storage", None, encoder, reader)
    room.index({**HARBOUR, "a.md": FARIA})
    room.follow(MINISTER)
    target = server.new_database()
    migrate_store(settings_for(room.corpus, room.folder), target, silent)
    copied = replace(room, url=target) if url else room
    if not url:  # an index made from the beginning
        for path in room.folder.iterdir():
            if path.name.startswith(("dateline", "passages", "words")) and path.is_file():
                path.unlink()
    copied.index({"b.md": GIL, "c.md": FARIA_AGAIN})
    checker = copied.restarted()
    assert checker.check("terminal").pairs == 2
    assert said(news(checker)) == [(["Yvan Gil"], ["Carlos Faria"])]


def test_limits_are_kept_and_questions_are_removed(new_room: NewRoom) -> None:
    room = new_room(HARBOUR)
    assistant, checker = room.assistant(), room.restarted()
    limits = Limits(person=2, server=3)

    def follow(person: int, server: int | None, channel: int = 7) -> int:
        by = Asker(person, channel, server, private=server is None)
        return checker.follow(assistant.ask, DEAD, SearchFilter(), by, limits)[0].id

    ids = [follow(1, 5), follow(1, None), follow(2, 5), follow(3, 5)]
    with pytest.raises(UsageError, match=f"already followed here, as {ids[3]}"):
        follow(3, 5)
    with pytest.raises(TooManyError, match="You have 2 followed questions"):
        follow(1, 6)
    with pytest.raises(TooManyError, match="This server has 3 followed questions"):
        follow(4, 5)
    questions = checker.questions
    assert [each.id for each in questions.all(server=5)] == [ids[0], ids[2], ids[3]]
    assert questions.remove(ids[0]) and not questions.remove(ids[0])
    again = follow(1, 5)
    assert again not in ids
    # one that was suspended makes room for itself
    assert questions.suspend(again) and not questions.suspend(again)
    last = follow(1, 5)
    assert [each.id for each in questions.all(person=1)] == [ids[1], last]


def test_both_roles_of_a_server_write_the_same_questions(server: "Server", tmp_path: Path) -> None:
    import psycopg  # without it there is no server, and the test is skipped

    url = server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "CREATE ROLE keeper LOGIN",
            "CREATE ROLE answerer LOGIN",
            "CREATE SCHEMA followed AUTHORIZATION answerer",
            "GRANT answerer TO keeper",
        ):
            connection.execute(statement.encode())
    keeper, answerer = (url.replace("dateline@", f"{role}@") for role in ("keeper", "answerer"))
    assert FollowedQuestions.find(tmp_path, answerer) is None
    ids = []
    for role in (keeper, answerer):
        followed = Followed(0, f"Who is the {role}?", SearchFilter(), None, datetime.now(UTC), 1)
        ids.append(FollowedQuestions.open(tmp_path, role).add(DueQuestion(followed, 0, "fingerprint", b"", ()), ()).id)
    found = FollowedQuestions.find(tmp_path, answerer)
    assert found is not None and [each.id for each in found.all()] == ids == [1, 2]
    assert found.remove(1) and FollowedQuestions.open(tmp_path, keeper).remove(2)


PARTS = {"a.md": FLOOD, "b.md": TOLL, "c.md": GIL, "d.md": GIL_AGAIN, "e.md": SUMMIT, "f.md": SUMMIT_ENDS}


@given(order=st.permutations(list(PARTS)), cuts=st.sets(st.integers(1, 5)), restarts=st.sets(st.integers(0, 6)))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_each_statement_is_told_once(
    order: list[str], cuts: set[int], restarts: set[int], encoder: Encoder, reader: TransformersReader
) -> None:
    with TemporaryDirectory() as folder:
        room = Room(Path(folder, "corpus"), Path(folder, "storage"), None, encoder, reader)
        room.index(HARBOUR)
        room.follow(MINISTER, DEAD, GUESTS)
        checker, told = room.restarted(), list[Notice]()
        bounds = [0, *sorted(cuts), len(order)]
        for step, (first, last) in enumerate(pairwise(bounds)):
            room.index({name: PARTS[name] for name in order[first:last]})
            if step in restarts:
                # stopped after one question, and started anew
                stops = iter([False, True])
                checker.check("terminal", lambda stops=stops: next(stops))  # type: ignore[misc]
                checker = room.restarted()
            checker.check("terminal")
            told += news(checker)
    texts = sorted(item.text for each in told for item in each.news.answer.answers)
    expected = ["Daniel Noboa", "Gabriel Boric", "Gustavo Petro", "Luis Arce", "Yvan Gil", "45"]
    # the first number is told if it comes before what replaces it
    early = ["12"] if "12" in texts else []
    assert texts == sorted([*expected, *early])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "takes one of QUESTION, --list, --remove and --check"),
        (("Who?", "--list"), "takes one of QUESTION, --list, --remove and --check"),
        (("Who?", "--as-of", "2024-02-20"), "--as-of"),
        (("--remove", "x"), "'x' is not a valid integer"),
    ],
)
def test_bad_usage_is_one_sentence(words: tuple[str, ...], said: str, run: Run) -> None:
    outcome = run("follow", *words)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err and len(outcome.err.splitlines()) == 1


Real = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    """The command over a corpus with one article."""
    config = configured(tmp_path, "")
    write(tmp_path / "corpus", "a.md", FARIA)

    def call(*args: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "bot", *args, "--config", config]
        return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)

    assert call("index").returncode == 0
    yield call


def test_the_command_follows_lists_tells_and_removes(tmp_path: Path, real: Real) -> None:
    assert real("follow", "--list").stdout.startswith("No question is followed; ")
    followed = real("follow", MINISTER)
    assert (followed.stderr, followed.returncode) == ("", 0)
    assert followed.stdout.startswith("Carlos Faria ") and "\nFollowed as 1; " in followed.stdout
    (listed,) = map(json.loads, real("follow", "--list", "--json").stdout.splitlines())
    assert (listed["followed"], listed["question"], listed["told"][0]["text"]) == (1, MINISTER, "Carlos Faria")
    write(tmp_path / "corpus", "c.md", GIL)
    assert real("index").returncode == 0
    told = real("follow", "--check")
    assert told.stdout.startswith(f"News (1): {MINISTER}\nYvan Gil ")
    assert "\nwas: Carlos Faria (8 July 2022)\n\n[1] “" in told.stdout
    assert (real("follow", "--check").stdout, real("follow", "--remove", "1").returncode) == ("", 0)
    gone = real("follow", "--remove", "1")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert gone.stderr == "dateline: There is no followed question 1; `dateline follow --list` shows the numbers.\n"


def test_watch_prints_the_news_as_it_comes(tmp_path: Path, real: Real) -> None:
    assert real("follow", MINISTER).returncode == 0
    with Command(tmp_path / "other.toml") as watching:
        assert watching.report()["articles"]["unchanged"] == 1
        write(tmp_path / "corpus", "c.md", GIL)
        assert watching.report()["articles"]["added"] == 1
        line = watching.report()
    assert (line["news"], line["followed"], line["kind"], line["certain"]) == (1, 1, "span", True)
    assert [item["text"] for item in line["answers"]] == ["Yvan Gil"]
    assert [was["text"] for was in line["was"]] == ["Carlos Faria"]
