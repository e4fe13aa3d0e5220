"""When independent articles answer one question differently, and when they only seem to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from reader.aggregate import Findings, aggregate
from reader.confidence import Calibration, Features, Logistic
from reader.differing import newest_first, versions
from reader.merging import Candidate
from reader.types import AnswerItem, Citation, PassageReading, Span
from retrieval.types import Article, Evidence, Hit, Passage
from tests.test_aggregate import PLAIN, SCORE, THRESHOLD, reading

# a candidate's probability is the logistic of its score, and the names it lacks cost 9 nats
ABOUT = Logistic(-9.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0, dense=0.0, names=9.0))
ASKED = "How many ministers came to Oslo?"


@dataclass(frozen=True)
class Said:
    """An article that says `answer` (between brackets in `text`), and what the reader makes of it."""

    text: str
    score: float = 3.0
    day: int | None = 1
    group: str | None = None
    title: str = "Talks in Oslo"


def evidence(said: Sequence[Said]) -> Evidence:
    articles, groups, hits = {}, {}, []
    for number, each in enumerate(said):
        # ids follow the words, so that the order of the articles decides nothing
        key = f"{each.text}|{each.day}|{each.group}"
        text = each.text.replace("[", "").replace("]", "")
        day = None if each.day is None else datetime(2024, 3, each.day, tzinfo=UTC)
        articles[key] = Article(key, each.title, None, None, day, "en", "a.md", text)
        groups[key] = key if each.group is None else each.group
        hits.append(Hit(Passage(number, key, 0, len(text)), text, 1.0 / (number + 1), number, None, 0.0, 0.0))
    return Evidence(tuple(hits), articles, groups, 1)


def offered(said: Sequence[Said], found: Evidence) -> list[Candidate]:
    candidates = []
    for each, hit in zip(said, found.hits, strict=True):
        start, end = each.text.index("["), each.text.index("]") - 1
        features = Features(0.0, each.score, 0.0, 0.0, 0.0, 1.0)
        span = Span(hit, start, end, each.score)
        candidates.append(Candidate(span, hit.text[start:end], features, ABOUT.probability(features)))
    return candidates


def answers(*said: Said, question: str = ASKED) -> list[str]:
    """The versions, the likeliest first."""
    found = evidence(said)
    return [f.best.text for f in versions(question, offered(said, found), found, ABOUT, 0.5)]


def test_what_comes_before_an_answer_says_how_exact_it_is() -> None:
    assert answers(Said("There were more than [100] in Oslo"), Said("It was [103] in Oslo")) == ["103"]
    assert answers(Said("There were, with more than pleasure, [100]"), Said("It was [103] in Oslo")) == ["103", "100"]


def test_a_place_in_a_place_is_no_other_place() -> None:
    inland = Said("ADIYAMAN, Turkey: Ruiz spoke in [Adiyaman]", 3.0)

    def places(other: str) -> list[str]:
        return answers(inland, Said(f"Ruiz spoke in [{other}] then", 2.0), question="Where did Ruiz speak?")

    assert places("Turkey") == ["Adiyaman"]
    assert places("Norway") == ["Adiyaman", "Norway"]


def test_independent_articles_give_every_version() -> None:
    said = (
        Said("So [70] came", 4.0),
        Said("Now [95] came", 3.0),
        Said("Only [12] came", 2.5),
        Said("It was [95]", 2.0),
    )
    found = evidence(said)
    findings = versions(ASKED, offered(said, found), found, ABOUT, 0.5)
    assert [f.best.text for f in findings] == ["70", "95", "12"]
    assert [len(f.same) for f in findings] == [1, 2, 1]


def test_both_must_be_likely() -> None:
    assert answers(Said("So [70] came", 1.0), Said("Now [95] came", 0.9)) == ["70", "95"]
    assert answers(Said("So [70] came", 0.8), Said("Now [95] came", 0.5)) == ["70"]


def test_both_must_be_about_what_is_asked() -> None:
    here, also_here = Said("So [70] came", 4.0), Said("In all [12] came", 3.0)
    elsewhere = Said("Now [95] came", 11.0, title="Talks in Rome")
    assert answers(here, elsewhere) == ["70"]
    assert answers(here, also_here, elsewhere) == ["70", "12"]


def test_where_the_likeliest_is_not_nothing_is_set_beside_it() -> None:
    elsewhere = Said("Now [95] came", 19.0, title="Talks in Rome")
    assert answers(Said("So [70] came"), Said("In all [12] came"), elsewhere) == []


def test_a_number_is_not_set_beside_a_name() -> None:
    assert answers(Said("So [Ana Ruiz] came", 4.0), Said("Now [95] came"), question="What of Oslo?") == ["Ana Ruiz"]


def test_a_question_that_names_nothing_ties_no_articles_together() -> None:
    assert answers(Said("So [70] came"), Said("Now [95] came"), question="How many came?") == []


def test_no_number_is_an_answer_to_how_many() -> None:
    assert answers(Said("So [Ana Ruiz] came"), Said("Now [Bo Lund] came")) == []
    assert len(answers(Said("So [Ana Ruiz] came"), Said("Now [Bo Lund] came"), question="Who led the Oslo talks?")) == 2


def test_an_opening_tells_what_an_article_is_about() -> None:
    said = (Said("So [70] came", title="Oslo"), Said("OSLO: many came. Now it is [95] they say", title="Talks"))
    assert sorted(answers(*said)) == ["70", "95"]


def test_a_source_that_changed_its_mind_is_one_source() -> None:
    old, new = Said("So [70] came", 4.0, 1, "wire"), Said("Now [95] came", 3.0, 2, "wire")
    assert answers(old, new) == ["95"]
    assert answers(old, new, Said("It was [70] here", 2.0, 1)) == ["95", "70"]
    assert answers(Said("So [70] came", 4.0, None, "wire"), new) == ["95"]


def test_an_article_speaks_once() -> None:
    hit = evidence([Said("So [70] came and 95 left")]).hits[0]
    found = evidence([Said("So [70] came and 95 left")])
    features = Features(0.0, 3.0, 0.0, 0.0, 0.0, 1.0)
    two = [Candidate(Span(hit, at, at + 2, 3.0), hit.text[at : at + 2], features, 0.9) for at in (3, 15)]
    assert len(versions(ASKED, two, found, ABOUT, 0.5)) == 1


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
    question: str,
    texts: dict[str, dict[str, float]],
    groups: dict[str, str] | None = None,
    calibration: Calibration = PLAIN,
) -> Findings:
    readings: list[PassageReading] = []
    articles = {}
    for number, (text, scores) in enumerate(texts.items()):
        hit = Hit(Passage(number, text, 0, len(text)), text, 1.0, number, None, 0.0, 0.0)
        articles[text] = Article(text, "", None, None, datetime(2024, 3, number + 1, tzinfo=UTC), None, "a", text)
        readings.append(reading(hit, scores))
    found = Evidence(tuple(r.hit for r in readings), articles, groups or {key: key for key in articles}, 1)
    return aggregate(question, readings, found, calibration, THRESHOLD)


OSLO = {"In Oslo 70 people spoke": {"70": 3.0}, "In Oslo 95 people spoke": {"95": 2.0}}


def test_the_kind_says_that_articles_differ() -> None:
    findings = read("How many people spoke in Oslo?", OSLO)
    assert (findings.kind, [f.best.text for f in findings.found]) == ("differing", ["70", "95"])


def test_a_wire_text_brought_up_to_date_is_one_answer() -> None:
    findings = read("How many people spoke in Oslo?", OSLO, dict.fromkeys(OSLO, "wire"))
    assert (findings.kind, [f.best.text for f in findings.found]) == ("span", ["95"])


def test_the_same_answer_stays_one() -> None:
    texts = {"In Oslo 70 people spoke": {"70": 3.0}, "In Oslo seventy spoke": {"seventy": 2.0}}
    findings = read("How many people spoke in Oslo?", texts)
    assert (findings.kind, [len(f.same) for f in findings.found]) == ("span", [2])


def test_who_was_there_is_no_contradiction() -> None:
    no_list = Calibration(SCORE, Logistic(-20.0, SCORE.weights))
    texts = {"Ana Ruiz came to talks in Oslo": {"Ana Ruiz": 3.0}, "Bo Lund came to talks in Oslo": {"Bo Lund": 2.0}}
    assert read("Who attended the Oslo talks?", texts, calibration=no_list).kind == "span"
    assert read("Which people came to Oslo?", texts, calibration=no_list).kind == "span"
    assert read("Who led the talks in Oslo?", texts, calibration=no_list).kind == "differing"


def test_another_place_in_the_same_article_is_no_newer_version() -> None:
    # the second passage says nothing of Oslo, the article's opening does
    text = f"OSLO: 70 people spoke. {'And so on. ' * 50}Then Ana Ruiz spoke."
    passages = [(0, 22), (text.index("Then"), len(text))]
    hits = [Hit(Passage(n, "a", *at), text[slice(*at)], 1.0, n, None, 0.0, 0.0) for n, at in enumerate(passages)]
    found = Evidence(tuple(hits), {"a": Article("a", "Talks", None, None, None, None, "a", text)}, {"a": "a"}, 1)
    readings = [reading(hits[0], {"70": 3.0})]
    later = reading(hits[1], {"Ana Ruiz": 11.0})
    readings.append(replace(later, offsets=later.offsets + passages[1][0]))
    findings = aggregate("What of Oslo?", readings, found, Calibration(ABOUT, SCORE), THRESHOLD)
    assert (findings.kind, [f.best.text for f in findings.found]) == ("span", ["70"])
