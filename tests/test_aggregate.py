"""What many passages come to: one answer, a list, or nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from reader.aggregate import Findings, Threshold, aggregate
from reader.confidence import Calibration, Features, Logistic
from reader.types import PassageReading
from retrieval.types import Article, Evidence, Hit, Passage

# the probability is the logistic of the reader's score alone, except in the test of the other features
SCORE = Logistic(0.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0, dense=0.0, names=0.0))
PLAIN = Calibration(SCORE, SCORE)
MASS = Logistic(0.0, Features(mass=1.0, span=0.0, best=0.0, item=0.0, dense=0.0, names=0.0))
BY_MASS = Calibration(MASS, SCORE)
THRESHOLD = Threshold(answer=0.5, unsure=0.3, items=20)
LOW = -9.0


def passage(number: int, article_id: str, text: str) -> Hit:
    return Hit(Passage(number, article_id, 0, len(text)), text, 1.0 / (number + 1), number, None, 0.0, 0.0)


def reading(hit: Hit, scores: dict[str, float], heads: dict[str, float] | None = None) -> PassageReading:
    """A reading in which each phrase of `scores` is a span with that score; `heads`: what the list head makes of it."""
    tokens: list[tuple[int, int]] = []
    at = 0
    for word in hit.text.split(" "):
        tokens.append((at, at + len(word)))
        at += len(word) + 1
    start = np.full(len(tokens), LOW, dtype=np.float32)
    end = np.full(len(tokens), LOW, dtype=np.float32)
    item = np.tile(np.array([9.0, 0.0, 0.0], dtype=np.float32), (len(tokens), 1))
    for phrase, score in scores.items():
        first = hit.text.index(phrase)
        places = [n for n, (left, right) in enumerate(tokens) if left < first + len(phrase) and first < right]
        start[places[0]] = end[places[-1]] = score / 2
        head = (heads or {}).get(phrase, 0.0)
        item[places[0]] = (0.0, head, -90.0)
        item[places[1:]] = (0.0, -90.0, head)
    offsets = np.array(tokens, dtype=np.int32)
    return PassageReading(hit, offsets, start, end, null=0.0, item=None if heads is None else item)


def read(question: str, readings: Sequence[PassageReading], calibration: Calibration = PLAIN) -> Findings:
    articles = {
        r.hit.passage.article_id: Article(r.hit.passage.article_id, "", None, None, None, None, "a", r.hit.text)
        for r in readings
    }
    evidence = Evidence(tuple(r.hit for r in readings), articles, {key: key for key in articles}, 1)
    return aggregate(question, readings, evidence, calibration, THRESHOLD)


def texts(findings: Findings) -> list[str]:
    return [finding.best.text for finding in findings.found]


def test_the_likeliest_span_is_the_answer_with_every_place_that_says_it() -> None:
    findings = read(
        "When was it?",
        [
            reading(passage(0, "a", "It was on Monday they say"), {"Monday": 2.0}),
            reading(passage(1, "b", "On Friday it was"), {"Friday": 3.0}),
            reading(passage(2, "c", "So it was the Friday then"), {"Friday": 1.0}),
        ],
    )
    assert (findings.kind, texts(findings)) == ("span", ["Friday"])
    assert [c.span.hit.passage.article_id for c in findings.found[0].same] == ["b", "c"]


@pytest.mark.parametrize(
    ("score", "kind", "certain"), [(0.1, "span", True), (-0.1, "span", False), (-0.9, "none", True)]
)
def test_an_answer_is_certain_or_unsure_or_there_is_none(score: float, kind: str, certain: bool) -> None:
    findings = read("When was it?", [reading(passage(0, "a", "It was on Monday"), {"Monday": score})])
    assert (findings.kind, findings.certain) == (kind, certain)
    assert texts(findings) == (["Monday"] if kind == "span" else [])


def test_where_there_is_no_answer_the_likeliest_candidate_is_the_nearest() -> None:
    weak = [
        reading(passage(0, "a", "It was on Monday"), {"Monday": -3.0}),
        reading(passage(1, "b", "On Friday it was"), {"Friday": -2.0}),
    ]
    for question in ("When was it?", "Which ministers came?"):
        nearest = read(question, weak).nearest
        assert nearest is not None and nearest.text == "Friday"
    assert read("When was it?", []) == Findings("none", ())


def test_a_certain_answer_comes_before_an_unsure_list_and_this_before_nothing() -> None:
    hit = passage(0, "a", "Ana Ruiz came and then Bo Lund")
    found = [reading(hit, {"Ana Ruiz": 1.0, "Bo Lund": -0.5})]
    sure = read("Who came?", found)
    assert (sure.kind, sure.certain, texts(sure)) == ("span", True, ["Ana Ruiz"])
    no_spans = Calibration(replace(SCORE, bias=-99.0), replace(SCORE, bias=-0.3))
    unsure = read("Who came?", [reading(hit, {"Ana Ruiz": 0.2, "Bo Lund": -0.2})], no_spans)
    assert (unsure.kind, unsure.certain, texts(unsure)) == ("list", False, ["Ana Ruiz", "Bo Lund"])


def test_only_certain_answers_can_differ() -> None:
    two = {"a": "Ruiz spoke in Oslo", "b": "Ruiz spoke in Rome"}
    places = {"a": "Oslo", "b": "Rome"}

    def asked(score: float) -> Findings:
        hits = [passage(number, key, text) for number, (key, text) in enumerate(two.items())]
        return read("Where did Ruiz speak?", [reading(hit, {places[hit.passage.article_id]: score}) for hit in hits])

    assert (asked(3.0).kind, asked(3.0).certain) == ("differing", True)
    assert (asked(-0.1).kind, asked(-0.1).certain) == ("span", False)


def test_other_cuts_of_the_same_words_are_no_second_source() -> None:
    findings = read(
        "How long?", [reading(passage(0, "a", "It took 45 minutes in all"), {"45 minutes": 4.0, "in all": 3.0})]
    )
    assert texts(findings) == ["45 minutes"]
    assert len(findings.found[0].same) == 1


def test_items_come_in_reading_order_from_every_passage() -> None:
    findings = read(
        "Which ministers came?",
        [
            reading(passage(0, "a", "Ana Ruiz came and then Bo Lund"), {"Ana Ruiz": 1.0, "Bo Lund": 3.0}),
            reading(passage(1, "b", "Also Cy Orr came"), {"Cy Orr": 2.0}),
        ],
    )
    assert (findings.kind, texts(findings)) == ("list", ["Ana Ruiz", "Bo Lund", "Cy Orr"])


def test_parts_and_spellings_of_one_name_are_one_item() -> None:
    findings = read(
        "Which ministers came?",
        [
            reading(passage(0, "a", "Lavrov came with Yvan Gil"), {"Lavrov": 3.0, "Yvan Gil": 1.0}),
            reading(passage(1, "b", "Sergei Lavrov and Yván Gil"), {"Sergei Lavrov": 2.0, "Yván Gil": 2.0}),
        ],
    )
    assert sorted(texts(findings)) == ["Sergei Lavrov", "Yván Gil"]
    assert all(len(finding.same) == 2 for finding in findings.found)


def test_a_phrase_made_of_several_items_is_left_out() -> None:
    findings = read(
        "Which ministers came?",
        [
            reading(passage(0, "a", "Ana Ruiz and so did Bo Lund"), {"Ana Ruiz": 3.0, "Bo Lund": 4.0}),
            reading(passage(1, "b", "Ana Ruiz and Bo Lund"), {"Ana Ruiz and Bo Lund": 1.0}),
        ],
    )
    assert texts(findings) == ["Ana Ruiz", "Bo Lund"]


@pytest.mark.parametrize(
    ("question", "said", "expected"),
    [
        ("Who came?", "Ana Ruiz and Bo Lund", ["Ana Ruiz", "Bo Lund"]),
        ("Who came?", "the Red Cross, the Blue Help and Ana Ruiz", ["the Red Cross", "the Blue Help", "Ana Ruiz"]),
        ("Who came?", "the mayor and her driver", ["the mayor and her driver"]),
        ("Who came?", "Trinidad and Tobago", ["Trinidad and Tobago"]),
        ("What is the firm called?", "Ana Ruiz and Bo Lund", ["Ana Ruiz and Bo Lund"]),
    ],
)
def test_one_answer_that_enumerates_names_is_a_list(question: str, said: str, expected: list[str]) -> None:
    no_items = Calibration(SCORE, replace(SCORE, bias=-99.0))
    findings = read(question, [reading(passage(0, "a", f"At last {said} came here"), {said: 3.0})], no_items)
    assert texts(findings) == expected
    assert findings.kind == ("span" if len(expected) == 1 else "list")


@pytest.mark.parametrize(("second", "kind"), [(2.0, "list"), (-2.0, "span")])
def test_an_open_question_gets_a_list_where_there_are_several(second: float, kind: str) -> None:
    hit = passage(0, "a", "Ana Ruiz came and then Bo Lund")
    findings = read("Who came?", [reading(hit, {"Ana Ruiz": 3.0, "Bo Lund": second})])
    assert findings.kind == kind


def test_what_the_list_head_and_the_passage_say_of_an_item_counts() -> None:
    hit = passage(0, "a", "Ana Ruiz came and then Bo Lund")
    by_head = Logistic(-2.0, Features(mass=0.0, span=0.1, best=0.1, item=1.0, dense=0.0, names=0.0))
    found = reading(hit, {"Ana Ruiz": 6.0, "Bo Lund": 8.0}, heads={"Ana Ruiz": 3.0, "Bo Lund": -3.0})
    assert texts(read("Which people came?", [found], Calibration(SCORE, by_head))) == ["Ana Ruiz"]


def test_a_list_has_no_more_items_than_allowed() -> None:
    hit = passage(0, "a", "Ana came Bo came Cy came")
    found = reading(hit, {"Ana": 3.0, "Bo": 2.0, "Cy": 1.0})
    article = Article("a", "", None, None, None, None, "a", hit.text)
    evidence = Evidence((hit,), {"a": article}, {"a": "a"}, 1)
    findings = aggregate("Which people came?", [found], evidence, PLAIN, Threshold(0.5, 0.3, 2))
    assert texts(findings) == ["Ana", "Bo"]


def test_what_a_passage_is_about_counts() -> None:
    about = Logistic(-3.0, Features(mass=0.0, span=0.1, best=0.0, item=0.0, dense=0.0, names=6.0))
    findings = read(
        "What was the name of the speaker in Oslo?",
        [
            reading(passage(0, "a", "In Rome it was Ana who spoke"), {"Ana": 9.0}),
            reading(passage(1, "b", "In Oslo it was Bo who spoke"), {"Bo": 1.0}),
        ],
        Calibration(about, about),
    )
    assert texts(findings) == ["Bo"]


def test_a_list_is_of_one_thing() -> None:
    findings = read(
        "Which people came to Oslo?",
        [
            reading(passage(0, "a", "To Rome came Ana and then Bo"), {"Ana": 9.0, "Bo": 8.0}),
            reading(passage(1, "b", "To Oslo came Cy and then Di"), {"Cy": 3.0, "Di": 2.0}),
        ],
    )
    assert texts(findings) == ["Cy", "Di"]
