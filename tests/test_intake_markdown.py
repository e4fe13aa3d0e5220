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
    ("text", "words"),
    [
        ("---\nThe two ministers met.\n---\nSecond part.", "The two ministers met.\n\nSecond part."),
        ("---\nNo second rule.", "No second rule."),
        ("Text.\n\n---\n\ntitle: A\n\n---", "Text.\n\n\n\ntitle: A"),
    ],
)
def test_rules_around_a_sentence_are_no_front_matter(text: str, words: str) -> None:
    article = only(text, "a.md")
    assert (article.text, article.title) == (words, "")


@pytest.mark.parametrize(
    ("front", "title", "published", "left_out"),
    [
        ("---\ntitle: Kandos: the new mine\ndate: 2024-02-20\n---\n", "Kandos: the new mine", DAY, []),
        ("---\ntitle: [Exclusive] Minister to go\ndate: 2024-02-20\n---\n", "[Exclusive] Minister to go", DAY, []),
        ("---\ntitle: 'It&#8217;s open'\ndate: 2024-02-20\n---\n", "It’s open", DAY, []),
        ('---\ntitle: "open\ndate: 2024-02-20\n---\n', "open", DAY, []),
        ("---\ntitle: A {{ page.name }}\ndate: 2024-02-20\nlist:\n  - b: c\n---\n", "A", DAY, []),
        ("---\ntitle: A\ntitle: B\ndate: 2024-02-20\n---\n", "A", DAY, ["title: B"]),
        ("---\ntitle: A\nsource: [b, c]\ndate: 2024-02-20\n---\n", "A", DAY, ["source: ['b', 'c']"]),
        ("+++\ntitle = open\ndate = 2024-02-20\n+++\n", "open", DAY, []),
        ("+++\ntitle = 'A'\ndate = 2024-02-20\n[extra]\ntitle = 'B'\n+++\n", "A", DAY, []),
        ("---\ntitle: A\ndate: 2024-02-31\n---\n", "A", None, ["date: 2024-02-31"]),
        ("---\ntitle: A\ndate: 03/04/2024\n---\n", "A", None, ["date: 03/04/2024"]),
        ("---\ntitle: A\ndate: 3024-01-01\n---\n", "A", None, ["date: 3024-01-01"]),
        ("---\ntitle: A\nurl: /2024/02/x\ndate: 2024-02-20\n---\n", "A", DAY, ["url: /2024/02/x"]),
    ],
)
def test_a_field_that_cannot_be_meant_is_left_out_and_named(
    front: str, title: str, published: datetime | None, left_out: list[str]
) -> None:
    (intake,) = parse(f"{front}The mine will open in May.".encode(), "a.md").intakes
    assert (intake.article.title, intake.article.published) == (title, published)
    assert intake.article.text == "The mine will open in May."
    assert [drop.text for drop in intake.dropped] == left_out
    assert all(front.split("\n")[drop.line - 1].startswith(drop.text[:5]) for drop in intake.dropped)


def test_an_address_as_source_is_the_address() -> None:
    article = only("---\nsource: https://example.org/a\n---\nText.", "a.md")
    assert (article.source, article.url) == (None, "https://example.org/a")


def test_aliases_of_aliases_do_not_grow() -> None:
    laughs = "a0: &a0 [ha, ha]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
    assert only(f"---\n{laughs}title: *a39\n---\nText.", "a.md").title == "*a39"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("# The *new* **mine**", "The new mine"),
        ('Read [the report](https://example.org/r "a") first.', "Read the report first."),
        ('Read [the report]({{< ref "r.md" >}}) first.', "Read the report first."),
        ("Read [the report][1] first.\n\n[1]: https://example.org/r", "Read the report first."),
        ("It {{< youtube abc >}}opened{% include x.html %} today.", "It opened today."),
        ("It cost `5` &amp; 6.[^1]", "It cost 5 & 6."),
        ("It is <b>open</b>.<!-- or\nnot -->", "It is open."),
        ("> It is open.", "It is open."),
        ("- one\n- two", "- one\n- two"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("It is [[w/Mine|a mine]] in [[Kandos]].", "It is a mine in Kandos."),
        ("import A from 'a'\n\nIt is open.", "It is open."),
        ("| Year | Cost |\n|---|---|\n| 2021 | *5* |", "Year | Cost\n\n2021 | 5"),
        ("snake_case and 2*3*4 \\*", "snake_case and 234 *"),
    ],
)
def test_markup_is_no_word_of_the_article(written: str, words: str) -> None:
    assert only(written, "a.markdown").text == words


def test_a_line_of_markup_alone_is_named_and_lines_keep_their_numbers() -> None:
    text = "---\ntitle: A\n---\nOne.\n\n![the mine](a.jpg)\n\nTwo.\n"
    (intake,) = parse(text.encode(), "a.mdx").intakes
    assert intake.article.text.split() == ["One.", "Two."]
    assert [(drop.line, drop.text) for drop in intake.dropped] == [(6, "![the mine](a.jpg)")]


def test_a_heading_is_no_part_of_the_sentence_below_it() -> None:
    article = only("# Mine opens\nThe mine opened.", "a.md")
    assert (article.title, article.text) == ("Mine opens", "Mine opens\n\nThe mine opened.")


@pytest.mark.parametrize("text", ["---\ntitle: A\n---\n\n", " \n\ufeff"])
def test_no_text_is_no_article(text: str) -> None:
    with pytest.raises(ArticleError, match="has no text"):
        parse(text.encode(), "a.md")


def test_half_characters_do_not_come_through_escapes() -> None:
    assert only('---\ntitle: "A\\uD800b"\n---\nText.', "a.md").title == "Ab"
