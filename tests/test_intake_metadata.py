"""Title, source, address, date and language are found where they are written, and nowhere else."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import ModelError
from retrieval.intake import language
from retrieval.intake.articles import parse
from retrieval.intake.dates import day_in_address, day_in_name, moment
from retrieval.intake.language import detect
from retrieval.intake.metadata import language_code, web_address
from retrieval.types import Article, Intake

DAY = datetime(2024, 2, 21, tzinfo=UTC)
BODY = "The old bridge was opened to traffic on Friday.\n\nThe mayor thanked the workers."


def plain(text: str, path: str = "a.txt") -> Intake:
    (intake,) = parse(text.encode(), path).intakes
    return intake


def said(article: Article) -> tuple[str | None, ...]:
    published = article.published.date().isoformat() if article.published is not None else None
    return article.title, article.source, article.url, published


DAYS = """
2024-02-21
20240221
2024/02/21
2024.2.21
21/02/2024
02/21/2024
21.02.2024
21 February 2024
21st of February, 2024
21 Feb 2024
February 21, 2024
Feb. 21, 2024
february 21st 2024
Wednesday, February 21, 2024
Wed 21 Feb. 2024
February 21, 2024, 11:30 PM EST
21 February 2024 18:30
""".strip().splitlines()
MOMENTS = """
2024-02-21T18:30:00-04:00       2024-02-21T18:30:00-04:00
2024-02-21 18:30:00 +0200       2024-02-21T18:30:00+02:00
2024-02-21T18:30:00.250Z        2024-02-21T18:30:00.250+00:00
2024-02-21 18:30 UTC            2024-02-21T18:30:00+00:00
Wed, 21 Feb 2024 18:30:00 GMT   2024-02-21T18:30:00+00:00
21 Feb 2024 18:30 +0100         2024-02-21T18:30:00+01:00
03/03/2024                      2024-03-03T00:00:00+00:00
""".strip().splitlines()
NO_DAYS = """
03/04/2024
February 2024
2024-02
2024
21 February
2024-02-31
2024-13-01
31 April 2024
99/99/2024
Wed, 99 Feb 2024 18:30:00 GMT
1066-10-14
14 October 1066
9999-01-01
0001-01-01T00:00:00+14:00
soon
today
yesterday
21 Smarch 2024
on 21 February 2024 in Oslo
1708473600
²/²/²²²²
""".strip().splitlines()


@pytest.mark.parametrize("written", [*DAYS, " 21  February\n2024 "])
def test_a_whole_date_is_its_day(written: str) -> None:
    assert moment(written) == DAY


@pytest.mark.parametrize("line", MOMENTS)
def test_moments(line: str) -> None:
    written, meant = line.rsplit(maxsplit=1)
    assert moment(written) == datetime.fromisoformat(meant)


@pytest.mark.parametrize("written", [*NO_DAYS, ""])
def test_what_is_no_one_day_is_no_date(written: str) -> None:
    assert moment(written) is None


@given(st.dates(min_value=date(1600, 1, 1), max_value=date(2100, 12, 31)))
def test_every_day_is_read_as_it_is_written(day: date) -> None:
    expected = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for form in ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%a, %d %b %Y", "%Y/%m/%d"):
        assert moment(day.strftime(form)) == expected
    assert day_in_address(f"https://example.org/{day:%Y/%m/%d}/bridge") == expected
    assert day_in_name(f"{day:%Y-%m-%d}-bridge.txt") == expected


@given(st.text() | st.from_regex(r"\d{1,4}[-/. ]\d{1,4}[-/. ]\d{1,4}( \d\d:\d\d)?"))
def test_a_date_is_aware_and_within_reason(written: str) -> None:
    found = moment(written)
    assert found is None or (found.tzinfo is not None and 1600 <= found.year <= 2100)


@pytest.mark.parametrize(
    ("address", "day"),
    [
        ("news/2024/02/21/bridge", DAY),
        ("2024/2/21", DAY),
        ("world/2024/feb/21/bridge", DAY),
        ("bridge-2024-02-21.html", DAY),
        ("2024/02/21/bridge-2024-02-21", DAY),
        ("2024/02/21/bridge?updated=2024-03-01", DAY),
        ("2024/02/bridge", None),
        ("20240221/bridge", None),
        ("2024/13/21/bridge", None),
        ("bridge-12024-02-213", None),
        ("2024/02/21/what-happened-on-2024-02-19", None),
        ("?date=2024-02-21", None),
    ],
)
def test_an_address_may_name_the_day(address: str, day: datetime | None) -> None:
    assert day_in_address(f"https://example.org/{address}") == day


def test_a_file_name_may_begin_with_the_day() -> None:
    assert plain(BODY, "news/2024-02-21-bridge.txt").article.published == DAY
    assert plain(BODY, "2024_02_21.txt").article.published == DAY
    for path in ("bridge (2024-02-21).txt", "2024-02-21/bridge.txt", "2024-02-bridge.txt", "2024-02-31-bridge.txt"):
        assert plain(BODY, path).article.published is None
    assert plain(f"Published: 2024-02-20\n\n{BODY}", "2024-02-21-b.txt").article.published == datetime(
        2024, 2, 20, tzinfo=UTC
    )


def test_lines_above_a_plain_text_say_what_it_is() -> None:
    intake = plain(
        "Bridge reopens in Porto\nBy Jane Roe\nSource: Example Post\nURL: https://example.org/bridge\n"
        f"Published: 5 March 2024\n\n{BODY}"
    )
    assert said(intake.article) == ("", "Example Post", "https://example.org/bridge", "2024-03-05")
    assert intake.article.text == f"Bridge reopens in Porto\nBy Jane Roe\n\n{BODY}"
    assert [drop.line for drop in intake.dropped] == [3, 4, 5]


def test_the_headline_is_found_above_or_below_them() -> None:
    for text in (
        f"Bridge reopens\nSource: Example Post\n\n{BODY}",
        f"Source: Example Post\n\nBridge reopens\n\n{BODY}",
        f"Title: Bridge reopens\nSource: Example Post\n\n{BODY}",
    ):
        assert said(plain(text).article) == ("Bridge reopens", "Example Post", None, None)


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-02-21",
        "date 2024-02-21",
        "Date: February 21, 2024",
        "Published: February 21, 2024",
        "Published on 21 February 2024",
        "Posted February 21, 2024, 6:30 pm",
        "Wednesday, 21 February 2024",
    ],
)
def test_a_date_alone_above_or_below_is_that_of_publication(stamp: str) -> None:
    for text in (f"{stamp}\n\n{BODY}", f"Bridge reopens\n\n{stamp}\n\n{BODY}", f"{BODY}\n\n{stamp}\n"):
        intake = plain(text)
        assert intake.article.published == DAY
        assert stamp not in intake.article.text
        assert [drop.reason for drop in intake.dropped] == ["date stamp"]


def test_a_date_glued_to_the_first_line_is_cut_off() -> None:
    intake = plain(f" date 2024-02-21 {BODY}")
    assert (intake.article.text, intake.article.published) == (BODY, DAY)
    assert [(drop.line, drop.text) for drop in intake.dropped] == [(1, "date 2024-02-21")]


@pytest.mark.parametrize(
    "text",
    [
        f"date 2024-02-21 was agreed on for the opening. {BODY}",
        f"Published: 03/04/2024\n\n{BODY}",
        f"Published: 2024-02-31\n\n{BODY}",
        f"Published: soon\n\n{BODY}",
        f"{BODY}\n\n21 February 2024\n\nThe bridge was closed again.",
        f"How the bridge was built\n\n21 February 2024\n\n{BODY}\n\n22 February 2024\n\nThe last stone was laid.",
        f"On 21 February 2024 the bridge was opened. {BODY}",
        f"{BODY}\n\nUpdated: 21 February 2024",
        f"20240221\n\n{BODY}",
    ],
)
def test_other_dates_are_part_of_the_text(text: str) -> None:
    intake = plain(text)
    assert intake.article.published is None
    assert (intake.article.text, intake.dropped) == (text, ())


def test_an_address_alone_above_a_plain_text_is_its_own() -> None:
    intake = plain(f"https://example.org/2024/02/21/bridge\n\n{BODY}")
    assert said(intake.article) == ("", None, "https://example.org/2024/02/21/bridge", "2024-02-21")
    assert intake.article.text == BODY


@pytest.mark.parametrize(
    "text",
    [
        f"{BODY}\n\nSource: Example Post",
        f"{BODY}\n\nhttps://example.org/other",
        f"By Jane Roe, Example Post\n\n{BODY}",
        f"Bridge reopens\n\nSource: the river rises above the village, in hills near the sea.\n\n{BODY}",
        f"URL: see below\n\n{BODY}",
        f"The bridge was opened.\n\nSource: Example Post\n\n{BODY}",
        f"Language: English\n\n{BODY}",
    ],
)
def test_what_is_no_such_line_stays_and_says_nothing(text: str) -> None:
    article = plain(text).article
    assert (article.source, article.url, article.language, article.text) == (None, None, None, text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Talks resume in Geneva\n\nThe two sides met.", "Talks resume in Geneva"),
        ("# Talks resume\nThe two sides met.", "Talks resume"),
        ("The two sides met.\n\nThey will meet again.", ""),
        ("Talks resume in Geneva\n \nThe two sides met.", "Talks resume in Geneva"),
        ("Talks resume in Geneva\nThe two sides met.", ""),
        ("“We agreed,” she said.\n\nThen she left.", ""),
        ("Advertisement\n\nTalks resume in Geneva\n\nThe two sides met.", "Talks resume in Geneva"),
    ],
)
def test_a_headline_stands_alone_and_is_no_sentence(text: str, title: str) -> None:
    assert plain(text).article.title == title


def test_a_text_long_enough_tells_its_language() -> None:
    english = (
        "The minister of education said on Tuesday that the talks with the unions would go on next week in Leeds. Many "
        "questions were still open, her spokeswoman added, and among them was the money for the public nurseries. "
        "The unions want it to be paid by the cities."
    )
    russian = (
        "Министр образования заявил во вторник, что переговоры с профсоюзами продолжатся на следующей неделе в Казани. "
        "По его словам, стороны ещё не договорились о сроках, однако правительство готово выделить дополнительные "
        "средства на ремонт школ и детских садов."
    )
    assert (detect(english), detect(russian)) == ("en", "ru")
    assert detect(english[:150]) is None
    assert detect("1234 " * 500) is None
    assert detect("xyzzy plugh " * 100) is None
    assert plain(english).article.language == "en"
    assert plain(f"---\nlanguage: fr-CA\n---\n{english}", "a.md").article.language == "fr"


def test_a_language_is_two_letters() -> None:
    assert [language_code(tag) for tag in ("en", "EN-gb", "pt_BR", " no ")] == ["en", "en", "pt", "no"]
    assert [language_code(tag) for tag in ("English", "eng", "", "e", None)] == [None] * 5


def test_an_address_is_a_whole_one() -> None:
    assert web_address(" https://example.org/a?b=c#d ") == "https://example.org/a?b=c#d"
    wrong = ("example.org", "/a", "javascript:alert(1)", "ftp://example.org", "https://", "https://a b", "http://[", "")
    assert [web_address(each) for each in wrong] == [None] * len(wrong)


def test_a_full_disk_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("py3langid.langid.LanguageIdentifier.from_model_file", full)
    language._identifier.cache_clear()
    with pytest.raises(ModelError, match=r"cannot be unpacked into .*No space left on device"):
        language.detect("The council met again on Monday to speak about the harbour and the schools. " * 5)
    monkeypatch.undo()
    assert language.detect("The council met again on Monday to speak about the harbour and the schools. " * 5) == "en"
