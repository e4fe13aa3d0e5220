"""Adding articles: what lands in the corpus, what never does, and that no file there is lost or half-written."""

import json
import os
import re
from pathlib import Path

import pytest

from bot.mends import terminal_message
from retrieval.adding import AddReport, add
from retrieval.errors import CorpusError
from retrieval.intake.articles import parse
from retrieval.types import Skipped, Unread
from tests.web import LOOPBACK, STORY, Site


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return tmp_path / "corpus"


def written(folder: Path, name: str, text: str = STORY) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def put(corpus: Path, *names: Path | str) -> AddReport:
    return add(corpus, [str(name) for name in names], LOOPBACK)


def skipped(report: AddReport) -> Skipped:
    assert (report.added, report.unchanged) == ((), ())
    (only,) = report.skipped
    assert "\n" not in only.reason
    return only


def in_corpus(corpus: Path) -> list[str]:
    """Every file there, hidden ones too."""
    return sorted(path.relative_to(corpus).as_posix() for path in corpus.rglob("*") if path.is_file())


def test_a_file_is_copied_once(tmp_path: Path, corpus: Path) -> None:
    file = written(tmp_path, "talks.txt")
    assert put(corpus, file) == AddReport(("talks.txt",), (), ())
    assert put(corpus, file, corpus / "talks.txt") == AddReport((), ("talks.txt", "talks.txt"), ())
    assert in_corpus(corpus) == ["talks.txt"]
    assert (corpus / "talks.txt").read_text() == STORY
    assert (corpus / "talks.txt").stat().st_mode == file.stat().st_mode


def test_another_file_of_that_name_is_never_overwritten(tmp_path: Path, corpus: Path) -> None:
    for place in ("a", "b", "c", "b"):
        put(corpus, written(tmp_path, f"{place}/talks.txt", f"{STORY} {place}"))
    assert in_corpus(corpus) == ["talks-2.txt", "talks-3.txt", "talks.txt"]
    assert (corpus / "talks.txt").read_text() == f"{STORY} a"
    assert (corpus / "talks-2.txt").read_text() == f"{STORY} b"


@pytest.mark.parametrize("target", ["gone.txt", "talks.txt"])
def test_a_link_does_not_stand_for_its_file_and_its_name_is_taken(tmp_path: Path, corpus: Path, target: str) -> None:
    corpus.mkdir()
    (corpus / "talks.txt").symlink_to(tmp_path / target)
    assert put(corpus, written(tmp_path, "talks.txt")).added == ("talks-2.txt",)


def test_a_folder_keeps_its_structure(tmp_path: Path, corpus: Path) -> None:
    for name in ("a.txt", "2024/b.md", "2024/README.md", ".hidden/c.txt", "d.exe"):
        written(tmp_path / "news", name)
    assert put(corpus, tmp_path / "news") == AddReport(("2024/b.md", "a.txt"), (), (), (Unread(".exe", 1),))
    assert put(corpus, tmp_path / "news").unchanged == ("2024/b.md", "a.txt")
    assert in_corpus(corpus) == ["2024/b.md", "a.txt"]


def test_the_files_that_folders_hold_besides_are_counted(tmp_path: Path, corpus: Path) -> None:
    for name in ("a/a.txt", "a/b.pdf", "b/c.pdf", "b/README.docx", "b/.hidden.pdf", "b/d.docx"):
        written(tmp_path, name)
    report = put(corpus, tmp_path / "a", tmp_path / "b")
    assert report.added == ("a.txt",)
    assert report.unread == (Unread(".pdf", 2), Unread(".docx", 1))
    assert "holds no article" in report.skipped[0].reason


def test_what_the_corpus_has_in_another_place_is_not_put_in_twice(tmp_path: Path, corpus: Path) -> None:
    written(tmp_path / "saved", "sub/talks.txt")
    written(tmp_path / "saved", "other.txt", STORY.upper())
    assert put(corpus, tmp_path / "saved" / "sub").added == ("talks.txt",)
    assert put(corpus, tmp_path / "saved") == AddReport(("other.txt",), ("talks.txt",), ())
    again = written(tmp_path / "again", "renamed.txt", STORY.upper())
    assert put(corpus, again, again) == AddReport((), ("other.txt", "other.txt"), ())
    assert in_corpus(corpus) == ["other.txt", "talks.txt"]


def test_a_folder_around_the_corpus_adds_what_is_outside(tmp_path: Path, corpus: Path) -> None:
    written(corpus, "2024/a.txt")
    written(tmp_path, "b.txt", f"{STORY} b")
    assert put(corpus, tmp_path) == AddReport(("b.txt",), ("2024/a.txt",), ())
    assert put(corpus, corpus / "2024").unchanged == ("2024/a.txt",)


def test_a_bad_file_of_a_folder_is_named_and_the_others_are_added(tmp_path: Path, corpus: Path) -> None:
    good, bad = written(tmp_path / "news", "a.txt"), written(tmp_path / "news", "b.txt", "")
    report = put(corpus, tmp_path / "news")
    assert report.added == (good.name,)
    assert report.skipped[0].path == str(bad)
    assert "is empty" in report.skipped[0].reason


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("talks.exe", STORY, "does not end in .*.md,.*.txt,.*; save it as one of these"),
        ("LICENSE", STORY, "README file, which are not articles; rename it"),
        ("README.md", STORY, "README file, which are not articles; rename it"),
        (".talks.txt", STORY, "hidden"),
        ("talks.txt", "", "is empty"),
        ("talks.txt", "a\0b", "is binary"),
        ("talks.md", "---\ndate: 2024-02-20\n---\n", "has no text"),
    ],
)
def test_a_file_that_is_no_article_is_left_out_with_the_reason(
    tmp_path: Path, corpus: Path, name: str, content: str, said: str
) -> None:
    file = written(tmp_path, name, content)
    only = skipped(put(corpus, file))
    assert only.path == str(file)
    assert re.search(said, only.reason)
    assert not corpus.exists()


def test_a_name_that_is_nothing_is_left_out(tmp_path: Path, corpus: Path) -> None:
    assert "does not exist; check the path, or write a web address with its https://" in (
        skipped(put(corpus, "example.org/a")).reason
    )
    (tmp_path / "empty").mkdir()
    assert "holds no article; expected files that end in " in skipped(put(corpus, tmp_path / "empty")).reason
    assert "does not exist" in skipped(put(corpus, "a\0b")).reason


def test_a_corpus_that_cannot_be_written_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, "talks.txt")
    blocked = written(tmp_path, "blocked")
    with pytest.raises(CorpusError, match=r"talks\.txt cannot be written \(.*\); fix"):
        put(blocked, file)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CorpusError, match="No space left on device"):
        put(corpus, file)
    assert in_corpus(corpus) == []


def test_a_page_is_stored_with_the_mark_of_where_it_is_from(web: Site, corpus: Path) -> None:
    asked = web.story("/world/Talks%20in-Z%C3%BCrich.html?p=2")
    (name,) = put(corpus, f"{asked}#top").added
    port = web.root.rpartition(":")[2]
    assert re.fullmatch(rf"127-0-0-1-{port}-world-talks-in-zurich-[0-9a-f]{{8}}\.html", name)
    mark, _, rest = (corpus / name).read_bytes().partition(b"\r\n")
    assert mark.decode("utf-8-sig") == f"<!-- saved from url=({len(asked):04d}){asked} -->"
    assert rest.startswith(b"<!DOCTYPE html>")
    article = parse((corpus / name).read_bytes(), name).intakes[0].article
    assert (article.title, article.url) == ("Ministers meet in Geneva", asked)


def test_the_mark_names_the_final_address_and_cannot_be_closed_early(web: Site, corpus: Path) -> None:
    web.story("/a--%3E?b=%22--!%3E")
    (name,) = put(corpus, web.moves("/short", '/a-->?b="--!>')).added
    assert "-short-" in name
    mark = (corpus / name).read_text("utf-8-sig").partition("\n")[0]
    assert mark.count(">") == 1
    assert f"{web.root}/a--%3E?b=%22--!%3E -->" in mark


def test_the_same_address_is_the_same_file_with_what_is_there_now(web: Site, corpus: Path) -> None:
    url = web.story("/a", "First")
    (name,) = put(corpus, url).added
    assert put(corpus, f"{url}#part") == AddReport((), (name,), ())
    web.story("/a", "Second")
    assert put(corpus, url) == AddReport((name,), (), ())
    assert in_corpus(corpus) == [name]
    assert "Second" in (corpus / name).read_text("utf-8-sig")


def test_names_are_short_and_plain(web: Site, corpus: Path) -> None:
    web.story("/" + "x" * 300)
    web.story("/%E6%96%B0%E9%97%BB/%2E%2E%2Fb")
    names = put(corpus, f"{web.root}/{'x' * 300}", f"{web.root}/%E6%96%B0%E9%97%BB/%2E%2E%2Fb").added
    assert len(names) == 2
    for name in names:
        assert re.fullmatch(r"[a-z0-9-]+\.html", name)
        assert len(name) <= 100


@pytest.mark.parametrize(
    ("kind", "text", "encoding"),
    [
        ("text/html; charset=windows-1251", "Встреча в Женеве", "cp1251"),
        ("text/html; charset=ISO-8859-1", "“Gespräche” – 5 €", "cp1252"),
        ("text/html", "Gespräche", "utf-16"),
        ("text/html; charset=latin-1", "Gespräche", "utf-8-sig"),
        ("text/html; charset=latin-1", "Gespräche", "utf-8"),
        ("text/html; charset=iso-2022-jp", "ジュネーブ", "iso2022_jp"),
        ("text/plain; charset=shift_jis", "ジュネーブ", "cp932"),
    ],
)
def test_the_charset_that_only_the_header_names_is_not_lost(
    web: Site, corpus: Path, kind: str, text: str, encoding: str
) -> None:
    url = web.page("/a", f"<p>{text}. {STORY}</p>".encode(encoding), kind)
    (name,) = put(corpus, url).added
    data = (corpus / name).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert f"<p>{text}. " in data.decode("utf-8-sig")


@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=ascii-xyz", "text/html; charset=utf-16-be"])
def test_bytes_stay_as_sent_where_the_header_does_not_help(web: Site, corpus: Path, kind: str) -> None:
    body = f'<meta charset="utf-8"><p>Gespräche. {STORY}</p> '.encode() + b" " * (len(STORY) % 2)
    body += b" " * (1 - len(body) % 2)
    (name,) = put(corpus, web.page("/a", body, kind)).added
    assert (corpus / name).read_bytes().endswith(b"-->\r\n" + body)


def test_text_and_json_are_stored_as_such(web: Site, corpus: Path) -> None:
    record = json.dumps({"title": "Talks in Geneva", "text": STORY})
    report = put(corpus, web.page("/a", STORY, "text/plain"), web.page("/b", record, "application/json"))
    text, data = report.added
    assert (Path(text).suffix, Path(data).suffix) == (".txt", ".json")
    assert (corpus / text).read_text() == STORY
    assert (corpus / data).read_text() == record


@pytest.mark.parametrize("kind", ["application/rss+xml", "text/xml", "text/html", "application/atom+xml"])
@pytest.mark.parametrize(
    "body",
    [
        '<rss version="2.0"><channel></channel></rss>',
        '\ufeff<?xml version="1.0"?>\n<!-- <html> -->\n<feed xmlns="http://www.w3.org/2005/Atom"></feed>',
        '<?xml version="1.0"?>\n<rdf:RDF></rdf:RDF>',
    ],
)
def test_a_feed_is_no_page_and_the_command_for_it_is_named(web: Site, corpus: Path, kind: str, body: str) -> None:
    url = web.page("/feed", body, kind)
    said = terminal_message(skipped(put(corpus, url)).reason)
    assert said == "is a feed, expected an article; `dateline feed` takes what is new in it"


def test_many_comments_before_a_page_cost_no_time(web: Site, corpus: Path) -> None:
    """Each comment could end at its own end or at any later one; trying all would take for ever."""
    url = web.page("/a", "<!---->" * 5000 + f"<p>{STORY}</p>", "text/html")
    assert len(put(corpus, url).added) == 1


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/pdf", "%PDF", "is application/pdf, expected a web page, plain text or JSON"),
        ("", "x", "is of no stated type"),
        ("text/html", " ", "is an empty page"),
        ("text/plain", "a\0b", "is binary"),
    ],
)
def test_a_page_that_is_no_article_is_left_out(web: Site, corpus: Path, kind: str, body: str, said: str) -> None:
    url = web.page("/a", body, kind)
    only = skipped(put(corpus, url))
    assert only.path == url
    assert said in only.reason
    assert not corpus.exists()


def test_a_page_that_would_be_too_large_a_file_is_left_out(
    web: Site, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.adding.MAX_BYTES", 200)
    url = web.page("/a", "é".encode("latin-1") * 150, "text/plain; charset=latin-1")
    assert "is 303 bytes as it would be stored, more than the 200 allowed" in skipped(put(corpus, url)).reason


def test_a_page_that_cannot_be_fetched_is_left_out_and_the_rest_is_added(
    web: Site, tmp_path: Path, corpus: Path
) -> None:
    url = web.fails("/a", 404)
    report = put(corpus, url, written(tmp_path, "talks.txt"))
    assert report.added == ("talks.txt",)
    assert report.skipped[0].path == url
    assert report.skipped[0].reason.startswith("is not there (404 Not Found); ")


def test_a_page_that_cannot_be_written_leaves_the_one_before(
    web: Site, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = web.story("/a", "First")
    (name,) = put(corpus, url).added
    before = (corpus / name).read_bytes()
    web.story("/a", "Second")

    def fail(*args: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(CorpusError, match="Input/output error"):
        put(corpus, url)
    assert in_corpus(corpus) == [name]
    assert (corpus / name).read_bytes() == before
