"""Plain text and Markdown become articles, with what their front matter states."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from retrieval.errors import ArticleError
from retrieval.heading import heading
from retrieval.intake.articles import parse
from retrieval.intake.files import article_id
from tests.intake import only, said

DAY = datetime(2024, 2, 20, tzinfo=UTC)


def test_text_is_kept_verbatim_but_for_line_ends_and_what_cannot_be_seen() -> None:
    article = only("\ufeffZoë  spoke.\r\n\r\nThen “left”.\rEnd 😀 co\xadop", "a.txt")
    assert article.text == "Zoë  spoke.\n\nThen “left”.\nEnd 😀 coop"
    assert (article.id, article.path) == (article_id("a.txt"), "a.txt")


def test_blank_lines_around_a_text_are_no_part_of_it() -> None:
    assert only("\n \n  Zoë spoke.\n\n", "a.txt").text == "  Zoë spoke."


def test_yaml_front_matter_is_read() -> None:
    article = only(
        "---\ntitle: Talks in  Geneva\nsource: Wire\nurl: https://example.org/a\ndate: 2024-02-20\nlanguage: en\n"
        "---\n\nGENEVA - They met.",
        "a/talks.md",
    )
    assert said(article) == ("Talks in Geneva", "Wire", "https://example.org/a", DAY, "en")
    assert article.text == "GENEVA - They met."
    assert heading(article) == "Talks in Geneva (20 February 2024)"


def test_toml_front_matter_is_read() -> None:
    article = only(
        '+++\ntitle = "Talks"\nsource = "Wire"\nurl = "https://example.org/a"\ndate = 2024-02-20\nlang = "en"\n+++\n.',
        "a.md",
    )
    assert said(article) == ("Talks", "Wire", "https://example.org/a", DAY, "en")
    moment = only("+++\ndate = 2024-02-20T18:30:00-04:00\ntitle = 12\n+++\nMet.", "a.md")
    assert (moment.published, moment.title) == (DAY.replace(hour=22, minute=30), "12")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-02-20T18:30:00-04:00", datetime(2024, 2, 20, 18, 30, tzinfo=timezone(timedelta(hours=-4)))),
        ("'2024-02-20'", DAY),
        ("2024-02-20 18:30:00", datetime(2024, 2, 20, 18, 30, tzinfo=UTC)),
        ("20 February 2024", DAY),
        ("null", None),
        ("", None),
    ],
)
def test_dates_in_front_matter(written: str, meant: datetime | None) -> None:
    assert only(f"---\ndate: {written}\n---\nText.", "a.md").published == meant


def test_front_matter_is_kept_as_it_is_written() -> None:
    article = only("---\ntitle: No\nsource: 12:30\nlanguage: no\nurl: null\n---\nText.", "a.md")
    assert (article.title, article.source, article.language, article.url) == ("No", "12:30", "no", None)


@pytest.mark.parametrize(
    "text",
    ["---\nThe two ministers met.\n---\nSecond part.", "---\nNo second rule.", "Text.\n\n---\n\ntitle: A\n\n---"],
)
def test_rules_around_a_sentence_are_no_front_matter(text: str) -> None:
    assert only(text, "a.md").text == text


@pytest.mark.parametrize(
    ("front", "complaint"),
    [
        ('---\ntitle: "open\n---\n', "not valid YAML"),
        ("---\ntitle: " + "[" * 5000 + "\n---\n", "not valid YAML"),
        ("---\na: 1\n  b: 2\n---\n", "not valid YAML"),
        ("+++\ntitle = open\n+++\n", "not valid TOML"),
        ("+++\na = " + "[" * 5000 + "\n+++\n", "not valid TOML"),
        ("+++\na = 1\na = 2\n+++\n", "not valid TOML"),
        ("---\ndate: 2024-02-31\n---\n", "has date '2024-02-31'"),
        ("---\ndate: 03/04/2024\n---\n", "has date '03/04/2024'"),
        ("---\ndate: 0001-01-01T00:00:00+14:00\n---\n", "0001-01-01"),
        ("---\ndate: 3024-01-01\n---\n", "3024-01-01"),
        ("---\ndate: soon\n---\n", "'soon'"),
        ("---\nurl: example.org\n---\n", "has url 'example.org'"),
        ("---\ntitle: [a, b]\n---\n", r"has title \['a', 'b'\] in its front matter, expected one line"),
    ],
)
def test_front_matter_that_cannot_be_meant_says_why(front: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        parse(f"{front}Text.".encode(), "a.md")


def test_aliases_of_aliases_do_not_grow() -> None:
    laughs = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    with pytest.raises(ArticleError, match="has title") as caught:
        parse(f"---\n{laughs}title: *a39\n---\nText.".encode(), "a.md")
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("text", ["---\ntitle: A\n---\n\n", " \n\ufeff"])
def test_no_text_is_no_article(text: str) -> None:
    with pytest.raises(ArticleError, match="has no text"):
        parse(text.encode(), "a.md")


def test_half_characters_do_not_come_through_escapes() -> None:
    assert only('---\ntitle: "A\\uD800b"\n---\nText.', "a.md").title == "Ab"
