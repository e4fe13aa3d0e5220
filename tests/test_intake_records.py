"""Records become articles that keep their ids, and bad ones are named by their place."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from retrieval.errors import ArticleError
from retrieval.intake.articles import parse
from retrieval.intake.files import article_id
from retrieval.types import FileContents
from tests.intake import only, said

FIRST = "The old bridge over the Tarn was opened to traffic on Thursday after two years of repairs, the mayor said."
SECOND = "“We are relieved,” she told reporters. The works cost 14 million euros, three more than had been planned."
MORNING = datetime(2023, 5, 4, 9, 30, tzinfo=timezone(timedelta(hours=2)))
DAY = datetime(2024, 2, 20, tzinfo=UTC)


def records(path: str, *values: object) -> FileContents:
    if path.endswith(".jsonl"):
        return parse("\n".join(map(json.dumps, values)).encode(), path)
    return parse(json.dumps(list(values)).encode(), path)


PLAIN = {
    "title": "Bridge reopens",
    "text": "It is open.\r\nNow.",
    "url": "https://example.org/bridge",
    "source": "Example Post",
    "date": "2023-05-04T09:30:00+02:00",
    "language": "en",
}
SCHEMA_ORG = {
    "@type": "NewsArticle",
    "headline": "Bridge reopens",
    "articleBody": "It is open.\nNow.",
    "mainEntityOfPage": {"@type": "WebPage", "@id": "https://example.org/bridge"},
    "publisher": {"@type": "Organization", "name": "Example Post"},
    "datePublished": "2023-05-04T09:30:00+02:00",
    "inLanguage": "en-GB",
}


@pytest.mark.parametrize("value", [PLAIN, SCHEMA_ORG, {"@graph": [{"@type": "WebSite", "name": "W"}, SCHEMA_ORG]}])
def test_an_object_is_an_article(value: object) -> None:
    article = only(json.dumps(value), "a.json")
    assert said(article) == ("Bridge reopens", "Example Post", "https://example.org/bridge", MORNING, "en")
    assert (article.text, article.id) == ("It is open.\nNow.", article_id("a.json"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.json", '[{"text": "One."}, {"text": "Two."}]'),
        ("a.json", '{"version": "1", "items": [{"content_text": "One."}, {"content_html": "<p>Two.</p>"}]}'),
        ("a.json", '{"articles": [{"text": "One."}, {"text": "Two."}]}'),
        ("a.json", '{"response": {"status": "ok", "results": [{"text": "One."}, {"text": "Two."}]}}'),
        ("a.json", '{"data": {"status": "ok", "results": [{"text": "One."}, {"text": "Two."}]}}'),
        ("a.json", '{"@graph": [{"text": "One."}, {"@type": "WebSite"}, {"articleBody": "Two."}]}'),
        ("a.json", '{"text": "One."}\n{"text": "Two."}\n'),
        ("a.jsonl", '{"text": "One."}\n\n{"text": "Two."}'),
        ("a.JSONL", '[{"text": "One."},\n{"text": "Two."}]'),
    ],
)
def test_records_come_in_an_array_or_on_lines(path: str, text: str) -> None:
    contents = parse(text.encode(), path)
    assert [intake.article.text for intake in contents.intakes] == ["One.", "Two."]
    assert {intake.article.path for intake in contents.intakes} == {path}
    assert contents.skipped == ()


@pytest.mark.parametrize("path", ["feed.jsonl", "feed.json"])
def test_ids_of_records_do_not_depend_on_their_place(path: str) -> None:
    one = {"text": "One.", "url": "https://example.org/1", "id": 7}
    two = {"text": "Two.", "id": 8}
    three = {"text": "Three.", "title": "Three"}
    four = {"text": "Four."}
    before = {i.article.text: i.article.id for i in records(path, one, two, three).intakes}
    after = {i.article.text: i.article.id for i in records(path, four, three, one, two).intakes}
    assert before.items() < after.items()
    assert len(set(after.values())) == 4
    assert after["One."] == article_id(f"{path}#https://example.org/1")
    assert records(path, one).intakes[0].article.id == before["One."]


def test_one_records_id_may_be_the_title_of_another() -> None:
    contents = records("feed.jsonl", {"text": "One.", "id": "Bridge"}, {"text": "Two.", "title": "Bridge"})
    assert [skipped.path for skipped in contents.skipped] == ["feed.jsonl:2"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [({"url": "https://example.org/1"}, "url"), ({"id": "x"}, "id"), ({"title": "Bridge"}, "title"), ({}, "text")],
)
def test_a_record_that_was_met_before_is_skipped(fields: dict[str, str], kind: str) -> None:
    contents = records("feed.jsonl", {"text": "One."} | fields, {"text": "Two.", "id": 2}, {"text": "One."} | fields)
    assert len(contents.intakes) == 2
    (skipped,) = contents.skipped
    assert (skipped.path, skipped.reason) == (
        "feed.jsonl:3",
        f"has the same {kind} as feed.jsonl:1, which is used; delete one of them",
    )


def test_a_bad_record_is_skipped_by_its_place() -> None:
    bad = ["{", "", "12", '{"title": "A"}', '{"text": 5}', '{"text": "B", "text": "C"}', "[" * 9999]
    lines = ['{"text": "One."}', *bad]
    contents = parse("\n".join(lines).encode(), "feed.jsonl")
    assert [intake.article.text for intake in contents.intakes] == ["One."]
    reasons = {2: "valid JSON", 4: "is 12", 5: "no text", 6: "has text 5", 7: "text twice", 8: "JSON"}
    for skipped, (line, reason) in zip(contents.skipped, reasons.items(), strict=True):
        assert skipped.path == f"feed.jsonl:{line}" and reason in skipped.reason
    array = records("feed.json", {"text": "One."}, None, {"text": "Leave a Reply"}, {"text": ["a", "b"]})
    assert [skipped.path for skipped in array.skipped] == ["feed.json:2", "feed.json:3", "feed.json:4"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[" * 100_000, "nested deeper than articles"),
        ('{"a":' * 100_000, "nested deeper than articles"),
        (
            "[" + "[]," * 1_000_000 + "1]",
            "holds 1,000,001 objects and arrays, more than the 1,000,000 allowed; split it",
        ),
        ('{"text": "open', "not valid JSON"),
        ("[]", "holds no article"),
        ("12", "holds 12, expected an object"),
        ('"text"', "expected an object"),
        ("{}", "has no text"),
        ('{"text": " "}', "has no text"),
        ('{"text": {"a": 1}}', "has no text"),
        ('{"text": 5}', "has text 5, expected a string"),
        ('[{"title": "A"}, 3]', "holds no article; a.json:1 has no text"),
        ("1" * 5000, "holds inf, expected an object"),
        ("[1" + ",1" * 200_000 + "]", "holds 200,001 records, more than the 100,000 allowed"),
    ],
)
def test_a_file_without_a_record_says_why(text: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        parse(text.encode(), "a.json")


def test_values_of_the_wrong_kind_are_absent() -> None:
    fields = {"text": "One.", "title": ["a", "b"], "source": {"id": 3}, "url": "example.org", "date": 1708473600}
    assert said(only(json.dumps(fields | {"language": True}), "a.json")) == ("", None, None, None, None)
    assert only('{"text": "One.", "title": 1984, "lang": ["en"], "date": "03/04/2024"}', "a.json").title == "1984"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One &amp; <b>two</b>.</p><p>Three\nfour.<br>Five.</p>", "One & two.\n\nThree four.\n\nFive."),
        ("<div><script>x()</script><ul><li>One</li><li>Two</li></ul></div>", "One\n\nTwo"),
        ("a < b, and <b>c</b> too", "a < b, and <b>c</b> too"),
        ("<3 is a heart", "<3 is a heart"),
    ],
)
def test_a_text_that_begins_with_a_tag_is_markup(markup: str, text: str) -> None:
    assert only(json.dumps({"text": markup}), "a.json").text == text


def test_records_are_cleaned_and_read_as_plain_text_is() -> None:
    text = f"Source: Example Post\n\nBridge reopens\n\n{FIRST}\n\nAdvertisement\n\n{SECOND}"
    (intake,) = parse(json.dumps({"text": text, "date": "2024-02-20"}).encode(), "a.json").intakes
    assert said(intake.article)[:4] == ("Bridge reopens", "Example Post", None, DAY)
    assert [drop.line for drop in intake.dropped] == [1, 7]


def test_the_day_in_a_feeds_name_is_not_that_of_its_articles() -> None:
    assert only('{"text": "One."}', "2024-02-20-one.json").published == DAY
    assert records("2024-02-20-feed.jsonl", {"text": "One."}).intakes[0].article.published is None


WORDS = "The council voted on Tuesday to buy four buses."


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"maintext": WORDS, "title": "Buses", "date_publish": "2024-02-20 00:00:00", "source_domain": "e.org"},
            ("Buses", "e.org", None, DAY),
        ),
        ({"text": WORDS, "title": "Buses", "publish_date": "2024-02-20", "source": None}, ("Buses", None, None, DAY)),
        (
            {
                "text": WORDS,
                "title": "Buses",
                "date": "2024-02-20",
                "source": "https://e.org/b",
                "source-hostname": "Post",
            },
            ("Buses", "Post", "https://e.org/b", DAY),
        ),
        (
            {
                "content": f"<div><p>{WORDS}</p></div>",
                "title": "Buses",
                "siteName": "Post",
                "publishedTime": "2024-02-20",
            },
            ("Buses", "Post", None, DAY),
        ),
        (
            {
                "title": {"rendered": "It&#8217;s <em>buses</em>"},
                "content": {"rendered": f"<p>{WORDS}</p>"},
                "link": "https://e.org/b",
                "date": "2024-02-20T01:00:00",
                "date_gmt": "2024-02-20T00:00:00",
            },
            ("It’s buses", None, "https://e.org/b", DAY),
        ),
        (
            {
                "webTitle": "Buses",
                "webUrl": "https://e.org/b",
                "webPublicationDate": "2024-02-20T00:00:00Z",
                "fields": {"bodyText": WORDS, "publication": "The Post"},
            },
            ("Buses", "The Post", "https://e.org/b", DAY),
        ),
        (
            {
                "headline": {"main": "Buses"},
                "web_url": "https://e.org/b",
                "pub_date": "2024-02-20T00:00:00+0000",
                "source": "The Post",
                "full_text": WORDS,
            },
            ("Buses", "The Post", "https://e.org/b", DAY),
        ),
        ({"text": WORDS, "title": "Buses", "source": "nan", "date": float("nan")}, ("Buses", None, None, None)),
        ({"text": WORDS, "title": "Buses - Post", "source": {"name": "Post"}}, ("Buses", "Post", None, None)),
    ],
    ids=["news-please", "newspaper3k", "trafilatura", "readability", "wordpress", "guardian", "nyt", "nan", "newsapi"],
)
def test_the_exports_of_other_programs_are_read(fields: dict[str, object], expected: tuple[object, ...]) -> None:
    article = only(json.dumps(fields), "a.json")
    assert said(article)[:4] == expected
    assert article.text == WORDS


def test_what_a_news_api_cut_off_or_removed_is_no_text() -> None:
    kept = {"title": "Buses", "content": f"{WORDS} The first… [+1234 chars]", "publishedAt": "1970-01-01T00:00:00Z"}
    contents = records("a.json", kept, {"title": "[Removed]", "content": "[Removed]", "url": "https://removed.com"})
    (intake,) = contents.intakes
    assert (intake.article.text, intake.article.published) == (f"{WORDS} The first", None)
    assert [skipped.reason for skipped in contents.skipped] == ["was removed by its publisher; delete it"]


def test_a_number_of_any_length_is_no_reason_to_refuse_an_article() -> None:
    assert only(f'{{"text": "{WORDS}", "id": {"1" * 100_000}, "title": {"1" * 500}}}', "a.json").text == WORDS


def test_a_bad_field_of_a_record_is_left_out_and_named() -> None:
    text = '{"text": "One.", "title": "A", "title": "B", "date": "03/04/2024", "url": "/b"}'
    (intake,) = parse(text.encode(), "a.ndjson").intakes
    assert said(intake.article)[:4] == ("", None, None, None)
    assert [drop.text for drop in intake.dropped] == ["title: two different values", "url: /b", "date: 03/04/2024"]
