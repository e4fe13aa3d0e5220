"""Files become articles with the metadata they state, and bad files become one clear sentence."""

import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from retrieval.articles import MAX_BYTES, find_files, parse, read_bytes
from retrieval.errors import ArticleError, CorpusError
from retrieval.heading import heading


def test_front_matter_is_read() -> None:
    data = (
        b"---\ntitle: Talks in  Geneva\nsource: Wire\nurl: https://example.org/a\ndate: 2024-02-20\nlanguage: en\n"
        b"---\n\n"
        b"GENEVA - They met."
    )
    article = parse(data, "a/talks.md")
    assert article.title == "Talks in Geneva"
    assert (article.source, article.url, article.language) == ("Wire", "https://example.org/a", "en")
    assert article.published == datetime(2024, 2, 20, tzinfo=UTC)
    assert article.text == "GENEVA - They met."
    assert heading(article) == "Talks in Geneva (20 February 2024)"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-02-20T18:30:00-04:00", datetime(2024, 2, 20, 18, 30, tzinfo=timezone(timedelta(hours=-4)))),
        ("'2024-02-20'", datetime(2024, 2, 20, tzinfo=UTC)),
        ("2024-02-20 18:30:00", datetime(2024, 2, 20, 18, 30, tzinfo=UTC)),
    ],
)
def test_dates(written: str, meant: datetime) -> None:
    article = parse(f"---\ndate: {written}\n---\nText.".encode(), "a.md")
    assert article.published == meant


def test_front_matter_is_kept_as_it_is_written() -> None:
    article = parse(b"---\ntitle: No\nsource: 12:30\nlanguage: no\nurl: null\n---\nText.", "a.md")
    assert (article.title, article.source, article.language, article.url) == ("No", "12:30", "no", None)


@pytest.mark.parametrize("text", ["---\nThe two ministers met.\n---\nSecond part.", "---\nNo second rule."])
def test_rules_around_a_sentence_are_no_front_matter(text: str) -> None:
    assert parse(text.encode(), "a.md").text == text


def test_what_the_file_does_not_say_is_absent() -> None:
    article = parse(b"They met on Monday. They will meet again.", "2024-01-05-talks.txt")
    assert (article.title, article.source, article.url, article.published, article.language) == (
        "",
        None,
        None,
        None,
        None,
    )
    assert heading(article) == "They met on Monday."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Talks resume in Geneva\n\nThe two sides met.", "Talks resume in Geneva"),
        ("# Talks resume\nThe two sides met.", "Talks resume"),
        ("The two sides met.\n\nThey will meet again.", ""),
        ("Talks resume in Geneva\n \nThe two sides met.", "Talks resume in Geneva"),
        ("Talks resume in Geneva\nThe two sides met.", ""),
        ("“We agreed,” she said.\n\nThen she left.", ""),
    ],
)
def test_a_headline_stands_alone_and_is_no_sentence(text: str, title: str) -> None:
    assert parse(text.encode(), "a.txt").title == title


def test_text_is_kept_verbatim_but_for_line_ends_and_a_byte_order_mark() -> None:
    article = parse("\ufeffZoë  spoke.\r\n\r\nThen “left”.\rEnd 😀".encode(), "a.txt")
    assert article.text == "Zoë  spoke.\n\nThen “left”.\nEnd 😀"


@pytest.mark.parametrize(
    ("data", "name", "complaint"),
    [
        (b"PK\x03\x04\x00\x00", "a.txt", "binary"),
        ("Zoë".encode("latin-1"), "a.txt", "not UTF-8"),
        (b'---\ntitle: "open\n---\nText.', "a.md", "not valid YAML"),
        (b"---\ndate: 2024-02-31\n---\nText.", "a.md", "'2024-02-31'"),
        (b"---\ndate: 0001-01-01T00:00:00+14:00\n---\nText.", "a.md", "0001-01-01"),
        (b"---\ntitle: " + b"[" * 5000 + b"\n---\nText.", "a.md", "not valid YAML"),
        (b"Text.", "bad\udcff.txt", "not UTF-8"),
        (b"---\ndate: soon\n---\nText.", "a.md", "'soon'"),
        (b"---\ntitle: [a, b]\n---\nText.", "a.md", "title"),
        (b"---\ntitle: A\n---\n\n", "a.md", "no text"),
    ],
)
def test_a_file_that_is_no_article_says_why(data: bytes, name: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        parse(data, name)


def test_unreadable_files_say_why(tmp_path: Path) -> None:
    empty, large, gone = tmp_path / "empty.txt", tmp_path / "large.txt", tmp_path / "gone.txt"
    empty.write_bytes(b" \n")
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ArticleError, match="is empty"):
        read_bytes(empty)
    with pytest.raises(ArticleError, match=r"20,000,001 bytes"):
        read_bytes(large)
    with pytest.raises(ArticleError, match="cannot be read"):
        read_bytes(gone)


def test_a_pipe_is_no_article(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p.txt")
    with pytest.raises(ArticleError, match="no regular file"):
        read_bytes(tmp_path / "p.txt")


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # the tests may run as root, whom no permission stops
    with pytest.raises(CorpusError, match="closed cannot be read"):
        find_files(tmp_path)


def test_only_articles_are_found(tmp_path: Path) -> None:
    for name in ("b.md", "a/c.TXT", "README.md", "a/readme.txt", ".hidden.txt", ".git/d.txt", "e.pdf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Text.")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert [path.relative_to(tmp_path).as_posix() for path in find_files(tmp_path)] == ["a/c.TXT", "b.md"]


def test_a_missing_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist; create it"):
        find_files(tmp_path / "nowhere")
