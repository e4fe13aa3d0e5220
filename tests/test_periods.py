"""The period that a question names, and what looks like one."""

import subprocess
import sys
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.periods import asked_period
from retrieval.types import Period
from tests.conftest import ROOT

THURSDAY = date(2024, 3, 14)
NAMED = """
What happened in February 2024?             2024-02-01 2024-02-29
What was agreed in feb. 2024?               2024-02-01 2024-02-29
Who spoke on 20 February 2024?              2024-02-20 2024-02-20
Who spoke on February 20, 2024?             2024-02-20 2024-02-20
the 20th of February, 2024                  2024-02-20 2024-02-20
Who spoke on Tuesday, 20 February 2024?     2024-02-20 2024-02-20
the 20 February 2024 meeting                2024-02-20 2024-02-20
2024-02-20                                  2024-02-20 2024-02-20
on 20/02/2024                               2024-02-20 2024-02-20
on 02/20/2024                               2024-02-20 2024-02-20
on 20.02.2024                               2024-02-20 2024-02-20
Who was elected in 2023?                    2023-01-01 2023-12-31
In 2020 Biden said what?                    2020-01-01 2020-12-31
What changed across Europe during 2022?     2022-01-01 2022-12-31
in the year 2022                            2022-01-01 2022-12-31
Q1 2024                                     2024-01-01 2024-03-31
in the spring of 2022                       2022-03-01 2022-05-31
in autumn 2022                              2022-09-01 2022-11-30
in the early 1990s                          1990-01-01 1999-12-31
early 2023                                  2023-01-01 2023-04-30
since the beginning of 2024                  2024-01-01 2024-03-14
at the end of last year                     2023-09-01 2023-12-31
in mid-March                                2024-03-11 2024-03-20
in late February 2024                       2024-02-21 2024-02-29
today                                       2024-03-14 2024-03-14
What did he say yesterday?                  2024-03-13 2024-03-13
the day before yesterday                    2024-03-12 2024-03-12
three days ago                              2024-03-11 2024-03-11
two weeks ago                               2024-02-26 2024-03-03
a month ago                                 2024-02-01 2024-02-29
ten years ago                               2014-01-01 2014-12-31
Who met last week?                          2024-03-04 2024-03-10
this week                                   2024-03-11 2024-03-17
last month                                  2024-02-01 2024-02-29
last year's vote                            2023-01-01 2023-12-31
in the past two weeks                       2024-02-29 2024-03-14
over the last month                         2024-02-14 2024-03-14
on Tuesday                                  2024-03-12 2024-03-12
on thursday                                 2024-03-14 2024-03-14
last Thursday                               2024-03-07 2024-03-07
Who resigned in February?                   2024-02-01 2024-02-29
Who resigned in April?                      2023-04-01 2023-04-30
Who resigned in May?                        2023-05-01 2023-05-31
last February                               2024-02-01 2024-02-29
last March                                  2023-03-01 2023-03-31
on 15 March                                 2023-03-15 2023-03-15
since March 2024                            2024-03-01 2024-03-14
after 20 February 2024                      2024-02-21 2024-03-14
before May 2023                             0001-01-01 2023-04-30
until May 2023                              0001-01-01 2023-05-31
by the end of 2023                          0001-01-01 2023-12-31
since last Tuesday                          2024-03-12 2024-03-14
between March and May 2022                  2022-03-01 2022-05-31
between November and January 2023           2022-11-01 2023-01-31
between Monday and Wednesday                2024-03-11 2024-03-13
from 3 to 5 May 2022                        2022-05-03 2022-05-05
on 20 and 21 February 2024                  2024-02-20 2024-02-21
2022–2024                                   2022-01-01 2024-12-31
in 2022 and 2023                            2022-01-01 2023-12-31
since March 2022 and before May 2023        2022-03-01 2023-04-30
in 2023, on 20 February 2023                2023-02-20 2023-02-20
"""
NOT_NAMED = """
Who will march in Caracas?
Who may 2024 change?
May the president dissolve parliament?
What may happen?
the March on Washington
confidence in May fell
May's government
war between May and Juncker
What did April Jones say?
in August Wilson's play
before April Jones left
in Augusta
the Sun
on Sunday Times
on Friday the 13th
every Tuesday
one day
the second round
for the last time
the last day of the talks
the last week of the war
how long ago
more than three days ago
in the past
in 20 years
in May 20 people died
1,200 people
$2023
in 2000 villages
between 2000 and 3000 people
Resolution 2758
G7
Boeing 737
the top 10
COVID-19
2024
the 2015 nuclear deal
the September 11 attacks
11 September attacks
USA Today
31 February 2024
in the March on Washington
in the last March on Rome
before the 2024 summit
in the 2000 census
on 30/02/2024
on 3/4/2024
version 1.2.2024
in 2023-24
in 2022/23
2019-20 season
in the winter of 2022
February 20–22, 2024
from March 2024 onwards
in 2020 and 2023
in 2020, 2021 and 2022
Was growth higher in 2023 than in 2022?
on Tuesday of last week
in March 2022 or May 2023
since 2030
next week
tomorrow
Who will speak on Tuesday?
Who is going to resign in April?
"""


@pytest.mark.parametrize("line", NAMED.strip().splitlines())
def test_a_period_that_is_named(line: str) -> None:
    question, start, end = line.rsplit(maxsplit=2)
    period = asked_period(question, THURSDAY)
    assert period == Period(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize("question", NOT_NAMED.strip().splitlines())
def test_what_names_no_certain_period(question: str) -> None:
    assert asked_period(question, THURSDAY) is None


def test_months_differ_in_length() -> None:
    assert asked_period("in February", date(2023, 1, 31)) == Period(date(2022, 2, 1), date(2022, 2, 28))
    assert asked_period("last month", date(2024, 3, 31)) == Period(date(2024, 2, 1), date(2024, 2, 29))
    assert asked_period("over the last month", date(2024, 3, 31)) == Period(date(2024, 2, 29), date(2024, 3, 31))
    assert asked_period("on 29 February", date(2023, 3, 1)) == Period(date(2020, 2, 29), date(2020, 2, 29))


WORDS = sorted({word for line in (NAMED + NOT_NAMED).splitlines() for word in line.split()})


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join) | st.text(max_size=60), st.dates())
def test_no_question_on_any_day_is_an_error(question: str, as_of: date) -> None:
    period = asked_period(question, as_of)
    assert period is None or period.start <= period.end


@settings(deadline=None, max_examples=200)
@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)))
def test_relative_dates_are_the_calendars(as_of: date) -> None:
    monday = as_of - timedelta(days=as_of.weekday())
    assert asked_period("last week", as_of) == Period(monday - timedelta(days=7), monday - timedelta(days=1))
    for name in ("Tuesday", "Sunday"):
        period = asked_period(f"on {name}", as_of)
        assert period is not None
        assert f"{period.start:%A}" == name
        assert 0 <= (as_of - period.start).days < 7
    for name in ("February", "April"):
        period = asked_period(f"in {name}", as_of)
        assert period is not None
        assert (f"{period.start:%B %d}", (period.end + timedelta(days=1)).day) == (f"{name} 01", 1)
        assert timedelta() <= as_of - period.start < timedelta(days=366)


def test_the_library_is_not_loaded_for_a_question_without_a_date() -> None:
    code = (
        "import sys; from datetime import date; from retrieval.periods import asked_period;"
        "asked_period('Who may march in Caracas after the 2015 deal?', date(2024, 3, 14));"
        "print('dateparser' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
