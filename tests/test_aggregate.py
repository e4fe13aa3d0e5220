"""What many passages come to: one answer, a list, or nothing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.aggregate import Findings, Threshold, aggregate
from reader.confidence import Calibration, Features, Logistic
from reader.merging import Judge
from reader.pairs import Said
from reader.types import PassageReading, Reader
from retrieval.question import parsed
from retrieval.types import Article, Evidence, Hit, Passage

# the probability is the logistic of the reader's score alone, except in the test of the other features
SCORE = Logistic(0.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0))
PLAIN = Calibration(SCORE, SCORE, SCORE)
MASS = Logistic(0.0, Features(mass=1.0, span=0.0, best=0.0, item=0.0))
BY_MASS = Calibration(MASS, SCORE, SCORE)
THRESHOLD = Threshold(answer=0.5, unsure=0.3, items=20)
LOW = -9.0


def passage(number: int, article_id: str, text: str) -> Hit:
    return Hit(Passage(number, article_id, 0, len(text)), text, 1.0 / (number + 1), number, None, 0.0, 0.0)


def reading(hit: Hit, scores: dict[str, float], sentences: dict[str, float] | None = None) -> PassageReading:
    """A reading in which each phrase of `scores` is a span with that score, and an item with that much more for it;
    `sentences` has what the sentence head makes of the tokens of others."""
    tokens = [(match.start(), match.end()) for match in re.finditer(r"\S+", hit.text)]
    start = np.full(len(tokens), LOW, dtype=np.float32)
    end = np.full(len(tokens), LOW, dtype=np.float32)
    item = np.tile(np.array([9.0, 0.0, 0.0], dtype=np.float32), (len(tokens), 1))
    sentence = np.full(len(tokens), LOW, dtype=np.float32)

    def places(phrase: str) -> list[int]:
        first = hit.text.index(phrase)
        return [n for n, (left, right) in enumerate(tokens) if left < first + len(phrase) and first < right]

    for phrase, score in scores.items():
        at = places(phrase)
        start[at[0]] = end[at[-1]] = score / 2
        item[at[0]] = (0.0, score, -90.0)
        item[at[1:]] = (0.0, -90.0, score)
    for phrase, score in (sentences or {}).items():
        sentence[places(phrase)] = score
    offsets = np.array(tokens, dtype=np.int32).reshape(-1, 2)
    return PassageReading(hit, offsets, start, end, null=0.0, item=item, sentence=sentence)


def asking(readings: Sequence[PassageReading], **chances: float) -> list[PassageReading]:
    """The readings with what is asked: the probabilities of span, list and passage."""
    said = np.log([max(chances.get(kind, 0.0), 1e-9) for kind in ("span", "list", "passage")]).astype(np.float32)
    return [replace(each, asked=said) for each in readings]


class Comparing:
    """A reader that has read already, and knows how answers stand to each other: both can be right if nothing else is
    said."""

    def __init__(self, same: Iterable[tuple[str, str]] = (), differ: Iterable[tuple[str, str]] = ()) -> None:
        self._known = {frozenset(pair): 0 for pair in same} | {frozenset(pair): 2 for pair in differ}
        self.compared = 0

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        raise NotImplementedError

    def compare(self, question: str, pairs: Sequence[tuple[Said, Said]]) -> NDArray[np.float32]:
        self.compared += len(pairs)
        return np.eye(3, dtype=np.float32)[[self._known.get(frozenset((a.answer, b.answer)), 1) for a, b in pairs]]


def evidence_of(readings: Sequence[PassageReading], source: str | None = None) -> Evidence:
    """Each article is a source of its own, unless all are of one."""
    articles = {
        r.hit.passage.article_id: Article(r.hit.passage.article_id, "", None, None, None, None, "a", r.hit.text)
        for r in readings
    }
    return Evidence(parsed("?"), tuple(r.hit for r in readings), articles, {key: source or key for key in articles}, 1)


def read(
    readings: Sequence[PassageReading],
    calibration: Calibration = PLAIN,
    reader: Reader | None = None,
    threshold: Threshold = THRESHOLD,
    source: str | None = None,
) -> Findings:
    evidence = evidence_of(readings, source)
    return aggregate(readings, evidence, Judge(evidence, reader or Comparing()), calibration, threshold)


def texts(findings: Findings) -> list[str]:
    return [finding.best.text for finding in findings.found]


def test_the_likeliest_span_is_the_answer_with_every_place_that_says_it() -> None:
    findings = read(
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
    findings = read([reading(passage(0, "a", "It was on Monday"), {"Monday": score})])
    assert (findings.kind, findings.certain) == (kind, certain)
    assert texts(findings) == (["Monday"] if kind == "span" else [])


def test_where_there_is_no_answer_the_likeliest_candidate_is_the_nearest() -> None:
    weak = [
        reading(passage(0, "a", "It was on Monday"), {"Monday": -3.0}),
        reading(passage(1, "b", "On Friday it was. So much."), {"Friday": -2.0}, {"On Friday it was.": -1.0}),
    ]
    for some in (weak, asking(weak, list=1.0)):
        nearest = read(some).nearest
        assert nearest is not None and nearest.text == "Friday"
    told = read(asking(weak, passage=1.0)).nearest
    assert told is not None and told.text == "On Friday it was."
    assert read([]) == Findings("none", (), {"span": 1.0})


@pytest.mark.parametrize(("wants", "found"), [("span", ["Bo Lund"]), ("list", ["Ana Ruiz", "Bo Lund"])])
def test_the_model_decides_what_is_asked(wants: str, found: list[str]) -> None:
    hit = passage(0, "a", "Ana Ruiz came and then Bo Lund")
    findings = read(asking([reading(hit, {"Ana Ruiz": 1.0, "Bo Lund": 3.0})], **{wants: 0.95}))
    assert (findings.kind, texts(findings)) == (wants, found)


def test_what_is_less_likely_asked_is_tried_where_the_likelier_finds_nothing() -> None:
    hit = passage(0, "a", "Ana Ruiz came and then Bo Lund")
    found = [reading(hit, {"Ana Ruiz": 1.0, "Bo Lund": 3.0})]
    no_items = Calibration(SCORE, replace(SCORE, bias=-99.0), SCORE)
    assert read(asking(found, span=0.2, list=0.8), no_items).kind == "span"
    assert read(asking(found, span=0.05, list=0.95), no_items).kind == "none"


def test_a_certain_answer_comes_before_an_unsure_list() -> None:
    hit = passage(0, "a", "Ana Ruiz came and then Bo Lund")
    found = asking([reading(hit, {"Ana Ruiz": 1.0, "Bo Lund": -0.5})], span=0.3, list=0.7)
    doubting = Calibration(SCORE, replace(SCORE, bias=-1.2), SCORE)
    sure = read(found, doubting)
    assert (sure.kind, sure.certain, texts(sure)) == ("span", True, ["Ana Ruiz"])
    unsure = read(found, Calibration(replace(SCORE, bias=-99.0), replace(SCORE, bias=-1.2), SCORE))
    assert (unsure.kind, unsure.certain, texts(unsure)) == ("list", False, ["Ana Ruiz"])


def test_only_certain_answers_can_differ() -> None:
    def asked(score: float) -> Findings:
        hits = passage(0, "a", "Ruiz spoke in Oslo"), passage(1, "b", "Ruiz spoke in Rome")
        found = [reading(hit, {hit.text.split()[-1]: score}) for hit in hits]
        return read(found, reader=Comparing(differ=[("Oslo", "Rome")]))

    assert (asked(3.0).kind, asked(3.0).certain) == ("differing", True)
    assert (asked(-0.1).kind, asked(-0.1).certain) == ("span", False)


def test_other_cuts_of_the_same_words_are_no_second_source() -> None:
    findings = read([reading(passage(0, "a", "It took 45 minutes in all"), {"45 minutes": 4.0, "in all": 3.0})])
    assert texts(findings) == ["45 minutes"]
    assert len(findings.found[0].same) == 1


def test_items_come_in_reading_order_from_every_passage() -> None:
    found = [
        reading(passage(0, "a", "Ana Ruiz came and then Bo Lund"), {"Ana Ruiz": 1.0, "Bo Lund": 3.0}),
        reading(passage(1, "b", "Also Cy Orr came"), {"Cy Orr": 2.0}),
    ]
    findings = read(asking(found, list=1.0), source="wire")
    assert (findings.kind, texts(findings)) == ("list", ["Ana Ruiz", "Bo Lund", "Cy Orr"])


def test_names_that_the_model_takes_for_one_are_one_item_and_no_others() -> None:
    found = asking(
        [
            reading(passage(0, "a", "Lavrov came with Maria Silva"), {"Lavrov": 3.0, "Maria Silva": 2.0}),
            reading(passage(1, "b", "Sergei Lavrov and Mario Silva"), {"Sergei Lavrov": 2.0, "Mario Silva": 2.0}),
        ],
        list=1.0,
    )
    findings = read(found, reader=Comparing(same=[("Lavrov", "Sergei Lavrov")]), source="wire")
    assert texts(findings) == ["Lavrov", "Maria Silva", "Mario Silva"]
    assert [len(finding.same) for finding in findings.found] == [2, 1, 1]


def test_a_list_has_no_more_items_than_allowed() -> None:
    found = asking([reading(passage(0, "a", "Ana came Bo came Cy came"), {"Ana": 3.0, "Bo": 2.0, "Cy": 1.0})], list=1.0)
    assert texts(read(found, threshold=Threshold(0.5, 0.3, 2))) == ["Ana", "Bo"]
