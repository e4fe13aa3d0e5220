"""What the time words of an article mean, and which of them mean no certain day."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.answering import Answerer
from reader.tense import direction
from reader.times import resolved
from reader.types import PassageReading
from retrieval.question import parsed
from retrieval.types import Article, Evidence
from tests.test_aggregate import PLAIN, THRESHOLD, Comparing, reading
from tests.test_answering import equally

THURSDAY = datetime(2022, 3, 10, tzinfo=UTC)


def meant(marked: str, published: datetime | None = THURSDAY, language: str | None = "en") -> str | None:
    """What the words of `marked` in brackets mean in an article of that day."""
    start, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    return resolved(Article("a", "", None, None, published, language, "a.txt", text), start, end)


CERTAIN = """
The ministers met in Oslo [on Thursday].                                       2022-03-10
The ministers met in Oslo on [Thursday].                                       2022-03-10
OSLO — The ministers met [Thursday] for four hours.                            2022-03-10
The army struck towns held by rebels [on Sunday].                              2022-03-06
The court dismissed the case [on Monday].                                      2022-03-07
Police killed 12 [on Tuesday].                                                 2022-03-08
The ship sailed from Odesa late on [Wednesday evening], with corn on board.    2022-03-09
The ship sailed from Odesa [late on Wednesday], with corn on board.            2022-03-09
The bridge was closed [on Sunday], police said.                                2022-03-06
Anna Berg, the prime minister, said [on Monday] that she would resign.         2022-03-07
Berg told reporters in Bergen [on Tuesday] that the road will stay closed.     2022-03-08
Berg told the European Court of Justice [on Tuesday] that it was wrong.        2022-03-08
He said at a news conference in Oslo [on Tuesday] that talks go on.            2022-03-08
The strike will end tomorrow, he said [on Wednesday].                          2022-03-09
Berg, who will fly to Rome, was received in Paris [on Tuesday].                2022-03-08
The plan to end the strike was announced [on Tuesday].                         2022-03-08
Storms that had come in from the sea reached the coast [on Monday].            2022-03-07
[On Thursday], the ministers met in Oslo.                                      2022-03-10
OSLO — [On Tuesday] the ministers met.                                         2022-03-08
On [Friday], the ministers will meet in Oslo.                                  2022-03-11
The ministers will meet [on Friday].                                           2022-03-11
The ministers will meet [on Wednesday].                                        2022-03-16
Berg is due in Ankara [on Saturday].                                           2022-03-12
Members are to vote [on Monday] on the plan.                                   2022-03-14
The verdict is expected to be read [on Monday].                                2022-03-14
He said that the talks will be resumed [on Monday].                            2022-03-14
The plan that they signed will be debated [on Friday].                         2022-03-11
The road will be closed [until Sunday].                                        2022-03-13
The road has been closed [since Monday].                                       2022-03-07
Berg will be there [from Friday until Sunday].                                 2022-03-11/2022-03-13
They flew home [yesterday].                                                    2022-03-09
They flew home [yesterday evening].                                            2022-03-09
They fly home [tomorrow].                                                      2022-03-11
They flew home [the day before yesterday].                                     2022-03-08
They flew home [two days ago].                                                 2022-03-08
The lights went out [last night].                                              2022-03-09
The lights went out [this morning].                                            2022-03-10
The ministers met [today].                                                     2022-03-10
The ministers met [earlier today].                                             2022-03-10
They met [last week].                                                          2022-02-28/2022-03-06
They met [earlier this week].                                                  2022-03-07/2022-03-13
They meet [next week].                                                         2022-03-14/2022-03-20
They met [late last month].                                                    2022-02-01/2022-02-28
They will travel there [next month], she added.                                2022-04-01/2022-04-30
Trade grew by 8 percent [last year].                                           2021-01-01/2021-12-31
It was their third meeting [this year].                                        2022-01-01/2022-12-31
They will meet again [next year].                                              2023-01-01/2023-12-31
They will meet again [in April].                                               2022-04-01/2022-04-30
They will meet again [in February].                                            2023-02-01/2023-02-28
The accord was signed on [Monday, 7 March].                                    2022-03-07
They will meet again [on 2 June].                                              2022-06-02
They will meet again on [Mar. 10], in Minsk.                                   2022-03-10
Trade grew in 2022, Berg said [on Thursday], by a third.                       2022-03-10
The talks lasted until dawn. In 2019 there were none. They ended [on Monday].  2022-03-07
"It is over," Berg told parliament [on Tuesday].                               2022-03-08
By the count that he gave [on Wednesday], 6,444 houses came down.              2022-03-09
"""
UNCERTAIN = """
The ministers will meet [on Thursday].
The accord was signed [in February].
They met [last Friday].
The talks go on [next Tuesday].
The accord was signed [on 24 February].
Berg was born [on 24 February].
I met her in Oslo [yesterday].
Our talks ended in Oslo [on Monday].
A hundred years ago [this month], they met in Oslo.
The choir sang [Yesterday], and people wept.
The ministers meet [on Friday].
The forum ends [on Sunday].
Berg said the forum ends [on Sunday].
Berg said talks resume [on Friday].
Berg told Reuters talks resume [on Friday].
Berg said on Monday talks resume [on Friday].
Berg met Lund, who turns 60 [on Friday].
Berg met Lund, and the ministers fly home [on Friday].
Berg arrived for talks [on Friday].
Berg arrived ahead of a summit [on Friday].
Berg proposed a vote [on Friday].
Police banned a march [on Friday].
They will visit the site of the crash [on Tuesday].
A new law, passed in Oslo, takes effect [in April].
Berg discussed the summit [on Friday].
Berg resigned [on Friday morning].
The court sat in Bergen [on Saturday].
The road has been closed [since Friday].
[On Friday], the ministers met in Oslo.
Berg was expected in Oslo [on Friday].
Berg was to have met Lund [on Friday].
Berg was leaving [on Friday].
Berg said that she would resign [on Friday].
Berg flew to Oslo to meet Lund [on Friday].
Members might vote [on Friday].
They will discuss the accord signed [on Friday].
They will visit occupied towns [on Friday].
The bridge has been closed [on Friday].
[On Friday] the ministers meet in Oslo, Berg said.
On [Friday], they meet in Oslo, which Berg opened.
The talks were put off [until Friday].
They were sent home [from Monday].
The ministers met [five days after] the vote.
The ministers met [the next day].
The ministers met [the previous day].
They met again in [the following week].
The ministers met [five days earlier].
The ministers met late [on Wednesday in Oslo].
They met on [Monday]'s anniversary.
They met [on Tuesday] of last week.
They met [on Tuesday], March 1.
They met on [1 March] 2022.
They met in [March] last year.
They met [on 24 February 2022].
They met [in 2019].
In 2019 they met [on Thursday].
In 2019, on a [Thursday], they met.
They met every [Thursday].
They met on Good [Friday].
They met on the [Friday].
The shop will close a week on [Friday].
They met [last Wednesday].
They meet [next Friday].
They met [this Thursday].
They met [two weeks ago].
They met [a year ago].
They met more than [two days ago].
It was seen in the [last week] of the war.
In the [last year], trade grew.
Millions live abroad [today].
They met on [Friday, 7 March].
The accord was signed on [31 February].
They met Theresa [May].
They went on a [march].
The world of [tomorrow] was shown.
"We met [yesterday]," she said.
"We came late. We met [on Thursday]," she said.
She said: “We will meet [tomorrow].”
‘We met Putin’s men [yesterday],’ she said.
'We met [yesterday],' she said.
Berg will be there [from Monday to Friday].
"""


@pytest.mark.parametrize("line", CERTAIN.strip().splitlines())
def test_a_certain_day_or_days(line: str) -> None:
    marked, iso = line.rsplit(maxsplit=1)
    assert meant(marked.strip()) == iso


@pytest.mark.parametrize("marked", UNCERTAIN.strip().splitlines())
def test_no_certain_day(marked: str) -> None:
    assert meant(marked) is None


def test_words_that_run_over_lines_are_the_same_words() -> None:
    assert meant("The ministers\nmet [on\nThursday\nevening].") == "2022-03-10"


def test_a_quotation_that_has_ended_says_nothing_about_what_follows() -> None:
    assert meant('"We came." Berg met Lund [yesterday].') == "2022-03-09"
    assert meant('"We came.\n\n"We met [yesterday]."') is None


def test_without_a_date_or_in_another_language_nothing_is_resolved() -> None:
    assert meant("They met [on Thursday].", None) is None
    assert meant("They met [on Thursday].", THURSDAY, None) == "2022-03-10"
    assert meant("They met [on Thursday].", THURSDAY, "de") is None


def test_the_day_is_that_of_the_articles_own_offset() -> None:
    west = datetime(2022, 3, 9, 22, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert meant("They met [yesterday].", west) == "2022-03-08"
    assert meant("They met [yesterday].", datetime(2022, 3, 9, 22, 30)) == "2022-03-08"


@pytest.mark.parametrize(
    ("hour", "yesterday", "thursday"),
    [(0, "2022-03-09", "2022-03-10"), (3, None, None), (12, "2022-03-09", "2022-03-10"), (22, None, "2022-03-10")],
)
def test_a_moment_in_utc_leaves_the_day_open_near_midnight(
    hour: int, yesterday: str | None, thursday: str | None
) -> None:
    published = datetime(2022, 3, 10, hour, tzinfo=UTC)
    assert meant("They met [yesterday].", published) == yesterday
    assert meant("They met [on Thursday].", published) == thursday
    assert meant("They met [on Tuesday].", published) == "2022-03-08"


def test_the_calendar_ends() -> None:
    for published in (datetime(1, 1, 1), datetime(9999, 12, 31), datetime(1, 1, 1, 3, tzinfo=UTC)):
        for words in ("They met [on Friday].", "They will meet [on Monday].", "They met [last week]."):
            assert meant(words, published) in (None, "9999-12-31", "0001-01-01", "9999-12-20/9999-12-26")


class FindsTuesday(Comparing):
    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        return tuple(reading(hit, {"Tuesday": 9.0 - place}) for place, hit in enumerate(evidence.hits))


@pytest.mark.parametrize(
    ("second", "said", "iso"),
    [
        (THURSDAY, "They met on Tuesday .", "2022-03-08"),
        (THURSDAY, "They meet on Tuesday .", "2022-03-08"),
        (None, "They met on Tuesday .", "2022-03-08"),
        (datetime(2022, 3, 17, tzinfo=UTC), "They met on Tuesday .", None),
    ],
)
def test_an_answer_has_a_date_unless_its_sources_mean_two(second: datetime | None, said: str, iso: str | None) -> None:
    texts = {"a": (THURSDAY, "The two met on Tuesday ."), "b": (second, said)}
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
        past, ahead = meant(f"They met [on {name}].", published), meant(f"They will meet [on {name}].", published)
        ago = (day.weekday() - number) % 7
        assert past == (f"{day - timedelta(days=ago)}" if ago < 5 else None)
        assert ahead == (f"{day + timedelta(days=7 - ago)}" if ago else None)
    for name, number in (("February", 2), ("July", 7)):
        ahead = meant(f"They will meet [in {name}].", published)
        assert ahead is not None
        assert ahead[:7] == f"{day.year + (number < day.month)}-{number:02}"


def test_a_week_is_not_certain_on_a_sunday() -> None:
    sunday = datetime(2022, 3, 13)
    assert [meant(f"They met [{which} week].", sunday) for which in ("last", "this")] == [None, None]
    assert meant("They met [yesterday].", sunday) == "2022-03-12"


WORDS = sorted({word for line in (CERTAIN + UNCERTAIN).splitlines() for word in line.split()} | {"“", "”", '"', "\n\n"})


@settings(deadline=None, max_examples=300)
@given(st.data(), st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join) | st.text(), st.datetimes())
def test_no_article_is_an_error(data: st.DataObject, text: str, published: datetime) -> None:
    start, end = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    zone = data.draw(st.sampled_from([None, UTC, timezone(timedelta(hours=9))]))
    article = Article("a", "", None, None, published.replace(tzinfo=zone), "en", "a.txt", text)
    found = resolved(article, start, end)
    days = [date.fromisoformat(part) for part in found.split("/")] if found is not None else []
    assert days == sorted(set(days))


@given(st.text(), st.text())
def test_no_words_are_an_error(before: str, after: str) -> None:
    found = direction(before, after)
    assert found is None or found.time in ("past", "ahead")
