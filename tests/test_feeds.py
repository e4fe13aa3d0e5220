"""Feeds: what is new comes in once, what failed is tried again, what was deleted stays away."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from retrieval.adding import AddReport
from retrieval.errors import CorpusError, StoreError
from retrieval.feeds import take
from retrieval.intake.articles import parse
from retrieval.storage.opening import open_feed_states
from retrieval.types import Article
from tests.web import LOOPBACK, STORY, Site

if TYPE_CHECKING:
    from evaluation.server import Server


@dataclass(frozen=True)
class Desk:
    """A corpus that takes from feeds."""

    corpus: Path
    state: Path
    url: str | None = None

    def take(self, *urls: str) -> AddReport:
        return take(self.corpus, open_feed_states(self.state, self.url), urls, LOOPBACK)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "corpus", tmp_path / "storage" / "feeds.json")


def item(link: str | None, key: str | None = None, day: int | None = None, text: str = "") -> str:
    return (
        "<item><title>Talks &amp; more</title>"
        + (f"<link>{escape(link)}</link>" if link is not None else "")
        + (f'<guid isPermaLink="false">{key}</guid>' if key is not None else "")
        + (f"<pubDate>{day:02d} Feb 2024 10:00:00 +0200</pubDate>" if day is not None else "")
        + (f"<content:encoded><![CDATA[{text}]]></content:encoded>" if text else "")
        + "</item>"
    )


FULL = "".join(f"<p>{number}. {STORY}</p>" for number in range(1, 6))


def article_of(desk: Desk, name: str) -> Article:
    return parse((desk.corpus / name).read_bytes(), name).intakes[0].article


def rss(*items: str) -> str:
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>The Wire</title>{''.join(items)}</channel></rss>"
    )


def publish(web: Site, *items: str, etag: str = '"1"') -> str:
    return web.page("/feed", rss(*items), "application/rss+xml", ETag=etag)


def paths_asked(web: Site) -> list[str]:
    paths = [path for path, _ in web.asked]
    web.asked.clear()
    return paths


def test_new_entries_are_stored_as_pages_and_taken_once(web: Site, desk: Desk) -> None:
    web.story("/a")
    url = publish(web, item("/a"))
    (name,) = desk.take(url).added
    assert f"{web.root}/a -->" in (desk.corpus / name).read_text("utf-8-sig")
    web.story("/b")
    publish(web, item("/b"), item("/a"), etag='"2"')
    paths_asked(web)
    report = desk.take(url)
    assert (len(report.added), report.unchanged, report.skipped) == (1, (), ())
    assert paths_asked(web) == ["/feed", "/b"]


def test_a_feed_that_has_not_changed_is_not_sent_again(web: Site, desk: Desk) -> None:
    web.story("/a")
    url = publish(web, item("/a"))
    desk.take(url)
    paths_asked(web)
    assert desk.take(url) == AddReport((), (), ())
    assert web.asked[0][1]["if-none-match"] == '"1"'
    assert paths_asked(web) == ["/feed"]


def test_atom_is_a_feed_too_and_links_are_relative_to_it(web: Site, desk: Desk) -> None:
    web.story("/news/a")
    url = web.page(
        "/news/feed",
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title>'
        '<entry><title>T</title><id>tag:a</id><link href="a"/><updated>2024-02-20T10:00:00Z</updated></entry></feed>',
        "application/atom+xml",
    )
    (name,) = desk.take(web.moves("/feed", url)).added
    assert "-news-a-" in name


def test_an_article_deleted_on_purpose_does_not_come_back(web: Site, desk: Desk) -> None:
    web.story("/a")
    url = publish(web, item("/a", key="1"))
    (name,) = desk.take(url).added
    (desk.corpus / name).unlink()
    publish(web, item("/a?again", key="1"), etag='"2"')
    assert desk.take(url) == AddReport((), (), ())


def test_an_entry_whose_page_fails_is_named_and_tried_again(web: Site, desk: Desk) -> None:
    web.story("/a")
    broken = web.fails("/b", 503)
    url = publish(web, item("/a"), item("/b"))
    report = desk.take(url)
    assert len(report.added) == 1
    assert report.skipped[0].path == broken
    assert "503" in report.skipped[0].reason
    paths_asked(web)
    assert len(desk.take(url).skipped) == 1
    web.story("/b")
    assert len(desk.take(url).added) == 1
    assert paths_asked(web) == ["/feed", "/b", "/feed", "/b"]
    assert desk.take(url) == AddReport((), (), ())
    assert paths_asked(web) == ["/feed"]


def test_at_first_sight_the_newest_are_taken_and_the_others_never(
    web: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.feeds.FIRST_ENTRIES", 2)
    web.story("/second")
    url = publish(web, item("/undated"), item("/first", day=1), item("/third", day=3), item("/second", day=2))
    assert len(desk.take(url).added) == 1
    assert paths_asked(web) == ["/feed", "/third", "/second"]
    desk.take(url)
    assert paths_asked(web) == ["/feed", "/third"]


def test_an_entry_without_a_link_is_named_once(web: Site, desk: Desk) -> None:
    web.story("/a")
    url = publish(web, item(None, key="1"), item("/a"))
    report = desk.take(url)
    assert len(report.added) == 1
    assert report.skipped[0].path == url
    assert "an entry without a link, 'Talks & more'" in report.skipped[0].reason
    publish(web, item(None, key="1"), item("/a"), etag='"2"')
    assert desk.take(url) == AddReport((), (), ())


def test_a_link_into_the_machine_is_refused(web: Site, desk: Desk) -> None:
    url = publish(web, item("file:///etc/passwd"), item("https://me:pw@example.org/"))
    report = desk.take(url)
    assert report.added == ()
    assert len(report.skipped) == 2
    assert not desk.corpus.exists()


def test_a_day_of_change_is_no_day_of_publication(web: Site, desk: Desk) -> None:
    web.page("/a", "", "application/pdf")
    url = web.page(
        "/feed",
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><entry><title>T</title><id>1</id>'
        f'<link href="/a"/><updated>2024-02-20T10:00:00Z</updated>'
        f'<content type="html">{escape(FULL)}</content></entry></feed>',
    )
    (name,) = desk.take(url).added
    assert article_of(desk, name).published is None


def test_the_feeds_own_text_stands_in_for_a_page_without_any(web: Site, desk: Desk) -> None:
    for path in ("/full", "/summary"):
        web.page(path, "", "application/pdf")
    url = publish(web, item("/full", day=20, text=FULL), item("/summary", text=f"<p>{STORY}</p>"))
    report = desk.take(url)
    (name,) = report.added
    assert report.skipped[0].path == f"{web.root}/summary"
    article = article_of(desk, name)
    assert (article.title, article.source, article.url) == ("Talks & more", "The Wire", f"{web.root}/full")
    assert article.published == datetime(2024, 2, 20, 8, tzinfo=UTC)
    assert article.text.startswith(f"1. {STORY}\n")
    assert f"\n5. {STORY}" in article.text


def test_what_the_feed_says_stands_in_for_what_the_page_does_not(web: Site, desk: Desk) -> None:
    web.story("/a")
    (name,) = desk.take(publish(web, item("/a", day=20))).added
    article = article_of(desk, name)
    assert (article.source, article.published) == ("The Wire", datetime(2024, 2, 20, 8, tzinfo=UTC))
    assert article.url == f"{web.root}/a"


def test_the_whole_text_of_the_feed_outranks_the_beginning_on_the_page(web: Site, desk: Desk) -> None:
    web.story("/a")
    described = item("/b", day=20).replace("</item>", f"<description><![CDATA[{FULL}]]></description></item>")
    web.story("/b")
    report = desk.take(publish(web, item("/a", day=20, text=FULL), described))
    for name in report.added:
        article = article_of(desk, name)
        assert article.text.count(STORY) == 5
        assert article.source == "The Wire"


@pytest.mark.parametrize(
    "written", ["Mo, 20 Feb 2024 10:00:00", "Tue, Feb 20 2024 10:00:00 +0000", "2024/02/20 10:00:00"]
)
def test_odd_dates_of_feeds_are_read(web: Site, desk: Desk, written: str) -> None:
    web.story("/a")
    entry = item("/a").replace("</item>", f"<pubDate>{written}</pubDate></item>")
    (name,) = desk.take(publish(web, entry)).added
    published = article_of(desk, name).published
    assert published is not None
    assert published.date().isoformat() == "2024-02-20"


def test_an_entry_of_nothing_but_text_is_an_article(web: Site, desk: Desk) -> None:
    (name,) = desk.take(publish(web, item(None, key="1", text=FULL))).added
    assert article_of(desk, name).text.count(STORY) == 5
    assert article_of(desk, name).url is None


@pytest.mark.parametrize("body", ["", "garbage", "<html><body>No feed</body></html>", "/etc/passwd", '{"items": []}'])
def test_what_is_no_feed_is_named_and_the_others_go_on(web: Site, desk: Desk, body: str) -> None:
    bad = web.page("/bad", body)
    web.story("/a")
    report = desk.take(bad, publish(web, item("/a")), web.fails("/gone", 404))
    assert len(report.added) == 1
    assert [skipped.path for skipped in report.skipped] == [bad, f"{web.root}/gone"]
    assert report.skipped[0].reason.startswith("is not an RSS or Atom feed; give the address of the feed")


def test_a_feed_with_impossible_characters_is_one_sentence(web: Site, desk: Desk) -> None:
    (skipped,) = desk.take(publish(web, item("/a").replace("Talks", "&#99999999999;"))).skipped
    assert skipped.reason.startswith("is a feed that cannot be read (")


def test_an_empty_feed_is_a_feed(web: Site, desk: Desk) -> None:
    assert desk.take(publish(web)) == AddReport((), (), ())


def test_what_cannot_be_stored_is_not_remembered(web: Site, desk: Desk) -> None:
    web.story("/a")
    url = publish(web, item("/a"))
    desk.corpus.write_text("a file in the way")
    with pytest.raises(CorpusError):
        desk.take(url)
    desk.corpus.unlink()
    assert len(desk.take(url).added) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"u": 1}', '{"u": {"etag": 1, "modified": null, "taken": []}}', "[" * 100_000, '{"u": {}}'],
)
def test_a_damaged_memory_is_one_sentence_and_is_left_alone(web: Site, desk: Desk, content: str) -> None:
    desk.state.parent.mkdir()
    desk.state.write_text(content)
    with pytest.raises(
        StoreError, match=r"feeds\.json, the record of what was taken from feeds, is damaged; delete it"
    ):
        desk.take(publish(web))
    assert desk.state.read_text() == content


def test_a_memory_that_cannot_be_read_or_written_is_one_sentence(web: Site, desk: Desk) -> None:
    desk.state.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"feeds\.json, cannot be read \(Is a directory\)"):
        desk.take(publish(web))
    desk.state.rmdir()
    desk.state.parent.rmdir()
    desk.state.parent.write_text("a file in the way")
    with pytest.raises(StoreError, match=r"feeds\.json, cannot be read \("):
        desk.take(publish(web))


def test_the_memory_is_plain_json_with_nothing_left_beside_it(web: Site, desk: Desk) -> None:
    web.story("/a")
    url = publish(web, item("/a", key="1"))
    desk.take(url)
    assert json.loads(desk.state.read_text()) == {url: {"etag": '"1"', "modified": None, "taken": ["1"]}}
    assert [path.name for path in desk.state.parent.iterdir()] == ["feeds.json"]


def test_what_one_machine_has_taken_no_other_takes_again(web: Site, tmp_path: Path, server: "Server") -> None:
    url = server.new_database()
    one, other = (Desk(tmp_path / name, tmp_path / "none.json", url) for name in ("one", "other"))
    web.story("/a")
    feed = publish(web, item("/a"))
    assert len(one.take(feed).added) == 1
    assert other.take(feed) == AddReport((), (), ())
    web.story("/b")
    publish(web, item("/b"), item("/a"), etag='"2"')
    assert len(other.take(feed).added) == 1
    assert one.take(feed) == AddReport((), (), ())
    assert not (tmp_path / "none.json").exists()
