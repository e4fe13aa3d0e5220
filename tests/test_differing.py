"""When independent articles answer one question differently, and when they only seem to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader import pairs
from reader.aggregate import Findings, aggregate
from reader.confidence import Features, Logistic
from reader.differing import newest_first, versions
from reader.merging import Candidate, Judge
from reader.types import AnswerItem, Citation, PassageReading, Span
from retrieval.question import parsed
from retrieval.types import Article, Evidence, Hit, Passage
from tests.test_aggregate import PLAIN, THRESHOLD, Comparing, reading

# a candidate's probability is the logistic of its score
ABOUT = Logistic(0.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0))


@dataclass(frozen=True)
class Said:
    """An article that says `answer` (between brackets in `text`), and what the reader makes of it."""

    text: str
    score: float = 3.0
    day: int | None = 1
    group: str | None = None
    title: str = "Talks in Oslo"


def evidence(said: Sequence[Said], question: str = "How many came?") -> Evidence:
    articles, groups, hits = {}, {}, []
    for number, each in enumerate(said):
        # ids follow the words, so that the order of the articles decides nothing
        key = f"{each.text}|{each.day}|{each.group}"
        text = each.text.replace("[", "").replace("]", "")
        day = None if each.day is None else datetime(2024, 3, each.day, tzinfo=UTC)
        articles[key] = Article(key, each.title, None, None, day, "en", "a.md", text)
        groups[key] = key if each.group is None else each.group
        hits.append(Hit(Passage(number, key, 0, len(text)), text, 1.0 / (number + 1), number, None, 0.0, 0.0))
    return Evidence(parsed(question, date(2024, 3, 5)), tuple(hits), articles, groups, 1)


def offered(said: Sequence[Said], found: Evidence) -> list[Candidate]:
    candidates = []
    for each, hit in zip(said, found.hits, strict=True):
        start, end = each.text.index("["), each.text.index("]") - 1
        features = Features(0.0, each.score, 0.0, 0.0)
        span = Span(hit, start, end, each.score)
        candidates.append(Candidate(span, hit.text[start:end], features, ABOUT.probability(features)))
    return candidates


class Excluding(Comparing):
    """A reader that takes any two answers for contradictions, unless they are the same words."""

    def compare(self, question: str, pairs: Sequence[tuple[pairs.Said, pairs.Said]]) -> NDArray[np.float32]:
        return np.tile(np.array([0, 0, 1], dtype=np.float32), (len(pairs), 1))


def answers(*said: Said, reader: Comparing | None = None, question: str = "How many came?") -> list[str]:
    """The versions, the likeliest first."""
    found = evidence(said, question)
    judge = Judge(found, reader or Excluding())
    best_first = sorted(offered(said, found), key=lambda candidate: -candidate.probability)
    return [f.best.text for f in versions(best_first, found, ABOUT, 0.5, judge)]


def test_what_can_both_be_right_is_no_difference() -> None:
    both = Said("ADIYAMAN, Turkey: Ruiz spoke in [Adiyaman]", 3.0), Said("Ruiz spoke in [Turkey] then", 2.0)
    assert answers(*both, reader=Comparing()) == ["Adiyaman"]
    assert answers(*both) == ["Adiyaman", "Turkey"]


def test_independent_articles_give_every_version() -> None:
    said = (
        Said("So [70] came", 4.0),
        Said("Now [95] came", 3.0),
        Said("Only [12] came", 2.5),
        Said("It was [95]", 2.0),
    )
    found = evidence(said)
    findings = versions(offered(said, found), found, ABOUT, 0.5, Judge(found, Excluding()))
    assert [f.best.text for f in findings] == ["70", "95", "12"]
    assert [len(f.same) for f in findings] == [1, 2, 1]


def test_both_must_be_likely() -> None:
    assert answers(Said("So [70] came", 1.0), Said("Now [95] came", 0.9)) == ["70", "95"]
    assert len(answers(Said("So [70] came", 0.8), Said("Now [95] came", 0.5))) < 2


def test_of_what_is_asked_of_now_a_newer_version_need_be_likely_by_itself_alone() -> None:
    old, new = Said("So [70] live", 0.8, 1), Said("Now [95] live", 0.5, 2)
    assert answers(old, new, question="How many people live there?") == ["70", "95"]
    assert answers(old, new, question="population?") == ["70", "95"]
    for question in ("How many people lived there?", "How many people live there in 2024?"):
        assert len(answers(old, new, question=question)) < 2
    for day in (2, None):  # older than the likeliest one, or nobody knows whether it is newer
        others = Said("So [70] live", 0.8, day), Said("Now [95] live", 0.5, 1)
        assert len(answers(*others, question="How many people live there?")) < 2


def test_a_source_that_changed_its_mind_is_one_source() -> None:
    old, new = Said("So [70] came", 4.0, 1, "wire"), Said("Now [95] came", 3.0, 2, "wire")
    assert answers(old, new) == []
    assert answers(old, new, Said("It was [70] here", 2.0, 1)) == ["95", "70"]


def test_an_article_speaks_once() -> None:
    hit = evidence([Said("So [70] came and 95 left")]).hits[0]
    found = evidence([Said("So [70] came and 95 left")])
    features = Features(0.0, 3.0, 0.0, 0.0)
    two = [Candidate(Span(hit, at, at + 2, 3.0), hit.text[at : at + 2], features, 0.9) for at in (3, 15)]
    assert versions(two, found, ABOUT, 0.5, Judge(found, Excluding())) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["70", "95", "12", "about 70", "seventy"]),
            st.sampled_from([0.5, 2.0, 3.0, 3.0]),
            st.sampled_from([None, 1, 2]),
            st.sampled_from([None, "wire"]),
        ),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_the_order_of_the_evidence_changes_nothing(drawn: list[tuple[str, float, int | None, str | None]]) -> None:
    said = [Said(f"In all [{text}] came, {score}", score, day, group) for text, score, day, group in drawn]
    assert len({tuple(answers(*order)) for order in permutations(said)}) == 1


def item(text: str, *days: int | None, confidence: float = 0.8) -> AnswerItem:
    dates = [None if day is None else datetime(2024, 3, day, tzinfo=UTC) for day in days]
    return AnswerItem(
        text, confidence, None, tuple(Citation("a", "", None, None, day, text, 0, 1, 0, 1, "a") for day in dates)
    )


def test_the_newest_version_comes_first_and_the_undated_last() -> None:
    items = [item("undated", None), item("old", 1, None), item("new", 1, 9), item("likelier", 1, confidence=0.9)]
    assert [each.text for each in newest_first(items)] == ["new", "likelier", "old", "undated"]


def read(
    texts: dict[str, dict[str, float]], groups: dict[str, str] | None = None, reader: Comparing | None = None
) -> Findings:
    readings: list[PassageReading] = []
    articles = {}
    for number, (text, scores) in enumerate(texts.items()):
        hit = Hit(Passage(number, text, 0, len(text)), text, 1.0, number, None, 0.0, 0.0)
        articles[text] = Article(text, "", None, None, datetime(2024, 3, number + 1, tzinfo=UTC), None, "a", text)
        readings.append(reading(hit, scores))
    found = Evidence(
        parsed("How many spoke?"), tuple(r.hit for r in readings), articles, groups or {key: key for key in articles}, 1
    )
    return aggregate(readings, found, Judge(found, reader or Excluding()), PLAIN, THRESHOLD)


OSLO = {"In Oslo 70 people spoke": {"70": 3.0}, "In Oslo 95 people spoke": {"95": 2.0}}


def test_the_kind_says_that_articles_differ() -> None:
    findings = read(OSLO)
    assert (findings.kind, [f.best.text for f in findings.found]) == ("differing", ["70", "95"])


def test_a_wire_text_brought_up_to_date_is_one_answer() -> None:
    findings = read(OSLO, dict.fromkeys(OSLO, "wire"))
    assert (findings.kind, [f.best.text for f in findings.found]) == ("span", ["95"])


def test_the_same_answer_stays_one_whatever_the_model_says() -> None:
    findings = read({"In Oslo 70 people spoke": {"70": 3.0}, "In Oslo seventy spoke": {"seventy": 2.0}})
    assert (findings.kind, [len(f.same) for f in findings.found]) == ("span", [2])


def test_another_place_of_an_older_article_is_no_newer_version() -> None:
    findings = read(OSLO, dict.fromkeys(OSLO, "wire"), Comparing())
    assert (findings.kind, [f.best.text for f in findings.found]) == ("span", ["70"])
