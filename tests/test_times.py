"""What the time words of an article mean, and which of them mean no certain day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.answering import Answerer
from reader.model import TransformersReader
from reader.tense import asks_of_now
from reader.times import LEAST, READINGS, Reading, read_as, resolved
from reader.types import PassageReading
from retrieval.question import parsed
from retrieval.types import Article, Evidence, Period
from tests.test_aggregate import PLAIN, THRESHOLD, Comparing, reading
from tests.test_answering import equally

THURSDAY = datetime(2022, 3, 10, tzinfo=UTC)


def sure(text: str, chances: Mapping[Reading, float]) -> PassageReading:
    """A reading of `text` in which every word has these probabilities, and the other ways share what they leave."""
    rest = (1 - sum(chances.values())) / (len(READINGS) - len(chances))
    logits = [np.log(max(chances.get(each, rest), 1e-6)) for each in READINGS]
    read = reading(equally(1, "a", text), {})
    return replace(read, time=np.tile(np.array(logits, dtype=np.float32), (len(read.offsets), 1)))


def meant(
    marked: str, way: Reading, published: datetime | None = THURSDAY, language: str | None = "en", chance: float = 0.99
) -> str | None:
    """What the words of `marked` in brackets mean in an article of that day to a reader that is so sure of a way."""
    start, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    article = Article("a", "", None, None, published, language, "a.txt", text)
    return resolved(article, start, end, sure(text, {"none": 1 - chance, way: chance}))


CERTAIN = """
past    The ministers met in Oslo [on Thursday].                              2022-03-10
past    The ministers met in Oslo on [Thursday].                              2022-03-10
past    The army struck towns held by rebels [on Sunday].                     2022-03-06
past    The ship sailed late on [Wednesday evening], with corn on board.      2022-03-09
past    The ship sailed [late on Wednesday], with corn on board.              2022-03-09
past    The road has been closed [since Monday].                              2022-03-07
past    It was closed [on Saturday].                                          2022-03-05
past    The accord was signed [on 24 February].                               2022-02-24
past    The accord was signed [in February].                                  2022-02-01/2022-02-28
past    The accord was signed on [Monday, 7 March].                           2022-03-07
past    They met [over the weekend].                                          2022-03-05/2022-03-06
coming  They will meet [this weekend].                                        2022-03-12/2022-03-13
coming  The ministers will meet [on Friday].                                  2022-03-11
coming  The road will be closed [until Sunday].                               2022-03-13
coming  Berg will be there [from Friday until Sunday].                        2022-03-11/2022-03-13
coming  They will meet again [in April].                                      2022-04-01/2022-04-30
coming  They will meet again [in February].                                   2023-02-01/2023-02-28
coming  They will meet again [on 2 June].                                     2022-06-02
coming  They will meet again on [Mar. 10], in Minsk.                          2022-03-10
own     They flew home [yesterday evening].                                   2022-03-09
own     They fly home [tomorrow].                                             2022-03-11
own     They flew home [the day before yesterday].                            2022-03-08
own     They flew home [two days ago].                                        2022-03-08
own     The lights went out [last night].                                     2022-03-09
own     The lights went out [this morning].                                   2022-03-10
own     The ministers met [earlier today].                                    2022-03-10
own     They met [last week].                                                 2022-02-28/2022-03-06
own     They met [earlier this week].                                         2022-03-07/2022-03-13
own     They met [late last month].                                           2022-02-01/2022-02-28
own     They will meet again [next year].                                     2023-01-01/2023-12-31
"""
UNCERTAIN = """
past    They met [last Friday].
past    They met [on Friday].
past    They met [last weekend].
own     They met [over the weekend].
coming  They will meet [on Wednesday].
coming  The ministers will meet [on Thursday].
coming  The talks go on [next Tuesday].
past    The ministers met [five days after] the vote.
past    The ministers met [the next day].
past    The ministers met late [on Wednesday in Oslo].
past    They met on [Monday]'s anniversary.
past    They met [on Tuesday] of last week.
past    They met [on Tuesday], March 1.
past    They met on [1 March] 2022.
past    They met in [March] last year.
past    They met [on 24 February 2022].
past    They met last [Wednesday].
past    They met [this Thursday].
own     They met [two weeks ago].
own     They met more than [two days ago].
past    They met on [Friday, 7 March].
past    The accord was signed on [31 February].
none    They met every [Thursday].
own     They met on [Thursday].
past    They met [yesterday].
past    They will be there [from Monday to Friday].
"""


@pytest.mark.parametrize("line", CERTAIN.strip().splitlines())
def test_a_certain_day_or_days(line: str) -> None:
    way, marked = line.rsplit(maxsplit=1)[0].split(maxsplit=1)
    assert way in READINGS
    assert meant(marked, way) == line.split()[-1]
    assert meant(marked, way, chance=LEAST - 0.01) is None


@pytest.mark.parametrize("line", UNCERTAIN.strip().splitlines())
def test_no_certain_day(line: str) -> None:
    way, marked = line.split(maxsplit=1)
    assert way in READINGS
    assert meant(marked, way) is None


def test_a_reader_without_a_time_head_knows_no_day() -> None:
    text = "They met on Thursday."
    article = Article("a", "", None, None, THURSDAY, "en", "a.txt", text)
    for read in (None, reading(equally(1, "a", text), {})):
        assert resolved(article, 9, 20, read) is None


def test_the_words_are_read_by_all_of_their_tokens() -> None:
    text = "They met on Thursday evening ."
    read = sure(text, {"past": 1.0})
    assert read.time is not None
    read.time[3] = (-90, 90, -90, -90)  # "Thursday" alone says otherwise, and "evening" is unmoved
    assert read_as(read, 12, 20)["coming"] > 0.99
    assert read_as(read, 21, 28)["past"] > 0.99
    assert read_as(read, 12, 28)["coming"] > 0.99
    assert read_as(read, 400, 410) == {}


def test_words_that_run_over_lines_are_the_same_words() -> None:
    assert meant("The ministers\nmet [on\nThursday\nevening].", "past") == "2022-03-10"
    assert meant("The ministers met last\n[Thursday].", "past") is None
    assert meant("The ministers met on [Thursday],\nMarch 3.", "past") is None


def test_without_a_date_or_in_another_language_nothing_is_resolved() -> None:
    assert meant("They met [on Thursday].", "past", None) is None
    assert meant("They met [on Thursday].", "past", THURSDAY, None) == "2022-03-10"
    assert meant("They met [on Thursday].", "past", THURSDAY, "de") is None


def test_the_day_is_that_of_the_articles_own_offset() -> None:
    west = datetime(2022, 3, 9, 22, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert meant("They met [yesterday].", "own", west) == "2022-03-08"
    assert meant("They met [yesterday].", "own", datetime(2022, 3, 9, 22, 30)) == "2022-03-08"


@pytest.mark.parametrize(
    ("hour", "yesterday", "thursday"),
    [(0, "2022-03-09", "2022-03-10"), (3, None, None), (12, "2022-03-09", "2022-03-10"), (22, None, "2022-03-10")],
)
def test_a_moment_in_utc_leaves_the_day_open_near_midnight(
    hour: int, yesterday: str | None, thursday: str | None
) -> None:
    published = datetime(2022, 3, 10, hour, tzinfo=UTC)
    assert meant("They met [yesterday].", "own", published) == yesterday
    assert meant("They met [on Thursday].", "past", published) == thursday
    assert meant("They met [on Tuesday].", "past", published) == "2022-03-08"


def test_the_calendar_ends() -> None:
    for published in (datetime(1, 1, 1), datetime(9999, 12, 31), datetime(1, 1, 1, 3, tzinfo=UTC)):
        ways: dict[str, Reading] = {"[on Friday]": "past", "[on Monday]": "coming", "[last week]": "own"}
        for words, way in ways.items():
            found = meant(f"They met {words}.", way, published)
            assert found in (None, "9999-12-31", "0001-01-01", "9999-12-20/9999-12-26")


READ = """
The council will vote on the tram [on Friday], its chairman said.         When does the council vote?      2022-03-11
Police closed the bridge [on Tuesday] after a crash.                      when was the bridge closed       2022-03-08
The forum opened on Wednesday and lasts [until Sunday].                   until when does the forum last   2022-03-13
She resigned [yesterday] and will be replaced next week.                  when did she resign              2022-03-09
In 1987 the two had met in the same hotel, on a [Tuesday] without sun.    when did the two meet            none
Her diary of the siege says: "We ate the last horse [yesterday]."         when was the last horse eaten    none
"""


@pytest.mark.parametrize("line", READ.strip().splitlines())
def test_the_shipped_reader_tells_how_time_words_are_read(reader: TransformersReader, line: str) -> None:
    marked, asked, iso = (part.strip() for part in line.replace("   ", "\t").split("\t") if part.strip())
    text = marked.replace("[", "").replace("]", "")
    start, end = marked.index("["), marked.index("]") - 1
    article = Article("a", "", None, None, THURSDAY, "en", "a.txt", text)
    (read,) = reader.read_under(asked, [equally(1, "a", text)], ["10 March 2022"])
    assert str(resolved(article, start, end, read)).lower() == iso


class FindsTuesday(Comparing):
    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        return tuple(
            replace(reading(hit, {"Tuesday": 9.0 - place}), time=sure(hit.text, {"past": 1.0}).time)
            for place, hit in enumerate(evidence.hits)
        )


@pytest.mark.parametrize(
    ("second", "iso"),
    [(THURSDAY, "2022-03-08"), (None, "2022-03-08"), (datetime(2022, 3, 17, tzinfo=UTC), None)],
)
def test_an_answer_has_a_date_unless_its_sources_mean_two(second: datetime | None, iso: str | None) -> None:
    texts = {"a": (THURSDAY, "The two met on Tuesday ."), "b": (second, "They met on Tuesday .")}
    articles = {
        key: Article(key, "", None, None, published, "en", key, text) for key, (published, text) in texts.items()
    }
    hits = tuple(equally(number, key, article.text) for number, (key, article) in enumerate(articles.items()))
    evidence = Evidence(parsed("?"), hits, articles, {key: key for key in articles}, 1)
    (item,) = Answerer(FindsTuesday(), PLAIN, THRESHOLD).answer(evidence, 0.0).answers
    assert (item.text, item.resolved_date) == ("Tuesday", iso)


@settings(deadline=None, max_examples=200)
@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)))
def test_weekdays_and_months_are_the_latest_or_the_next(day: date) -> None:
    published = datetime(day.year, day.month, day.day)
    for number, name in ((1, "Tuesday"), (6, "Sunday")):
        past, ahead = (meant(f"They meet [on {name}].", way, published) for way in ("past", "coming"))
        ago = (day.weekday() - number) % 7
        assert past == (f"{day - timedelta(days=ago)}" if ago < 6 else None)
        assert ahead == (f"{day + timedelta(days=7 - ago)}" if ago > 1 else None)
    for name, number in (("February", 2), ("July", 7)):
        past, ahead = (meant(f"They meet [in {name}].", way, published) for way in ("past", "coming"))
        assert past is not None and past[:7] == f"{day.year - (number > day.month)}-{number:02}"
        assert ahead is not None and ahead[:7] == f"{day.year + (number < day.month)}-{number:02}"


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.floats(0, 1))
def test_a_weekend_is_the_latest_or_the_next_and_one_that_has_begun_both(day: date, chance: float) -> None:
    published, text = datetime(day.year, day.month, day.day), "They meet over the weekend."
    article = Article("a", "", None, None, published, "en", "a.txt", text)
    either = resolved(article, 10, 26, sure(text, {"past": chance, "coming": 1 - chance}))
    weekends = [meant("They meet [over the weekend].", way, published) for way in ("past", "coming")]
    assert (weekends[0] == weekends[1] == either) is (day.weekday() >= 5)
    for found, days in zip(weekends, (range(-6, 1), range(-1, 6)), strict=True):
        assert found is not None
        first, last = map(date.fromisoformat, found.split("/"))
        assert (first.weekday(), last - first) == (5, timedelta(days=1))
        assert (first - day).days in days


WORDS = sorted({word for line in (CERTAIN + UNCERTAIN).splitlines() for word in line.split()} | {"“", '"', "\n\n"})


@settings(deadline=None, max_examples=300)
@given(
    st.data(),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=30).map(" ".join),
    st.datetimes(),
    st.sampled_from(READINGS),
)
def test_no_article_is_an_error(data: st.DataObject, text: str, published: datetime, way: Reading) -> None:
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    zone = data.draw(st.sampled_from([None, UTC, timezone(timedelta(hours=9))]))
    article = Article("a", "", None, None, published.replace(tzinfo=zone), "en", "a.txt", text)
    found = resolved(article, start, end, sure(text, {way: 1.0}))
    days = [date.fromisoformat(part) for part in found.split("/")] if found is not None else []
    assert days == sorted(set(days))


@pytest.mark.parametrize(
    ("question", "now"),
    [
        ("Who is the mayor of Oslo?", True),
        ("who leads the party", True),
        ("price of bread?", True),
        ("Is she married?", True),
        ("Who was the mayor?", False),
        ("who won the election", False),
        ("Who has resigned?", False),
        ("When will the mayor resign?", False),
        ("Did they meet?", False),
    ],
)
def test_whether_a_question_asks_of_now(question: str, now: bool) -> None:
    assert asks_of_now(parsed(question)) is now
    march = Period(date(2022, 3, 1), date(2022, 3, 31))
    assert not asks_of_now(replace(parsed(question), period=march))
