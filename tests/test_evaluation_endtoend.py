"""The end-to-end benchmark over a few sentences, with the real search and a reader that knows what it will say."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.settings import Settings
from evaluation import endtoend
from evaluation.commands import MAX_ITEMS, PASSAGES, THRESHOLD
from evaluation.endtoend import part
from evaluation.measuring import NOTHING, CachingReader, Plan, answered, likeliest, surest
from evaluation.news import Result, measure
from evaluation.paragraphs import File, as_articles, searchable
from evaluation.scoring import Estimate
from reader.aggregate import Threshold
from reader.confidence import Calibration, Features, Logistic
from reader.train.data import Paragraph
from reader.types import PassageReading
from retrieval.encoder import Encoder
from retrieval.errors import UsageError
from retrieval.question import parsed
from retrieval.types import Evidence, SearchFilter
from tests.test_aggregate import Comparing, asking
from tests.test_evaluation_retrieval import BAKERY, BRIDGE, CHOIR, FERRY, Questions, squad

SPAN = Logistic(0.0, Features(mass=0.0, span=1.0, best=0.0, item=0.0))
LOW = -9.0
SAIL, OPENED, YEAR = "When does the ferry to Lisbon sail?", "Who opened the bridge in Oslo?", "Which year?"
SEASICK, MAYOR, BAKERS = (
    "How many passengers were seasick?",
    "What is the mayor called?",
    "Who are the bakers of Porto?",
)
SAYS = {
    SAIL: {"noon": 6.0},
    OPENED: {"Anna Berg": 5.0},
    YEAR: {"noon": 4.0, "1931": 2.0},
    SEASICK: {"forty": 1.0},
    MAYOR: {"Rui": -2.0},
    BAKERS: {"Rui": 5.0, "Ines": 4.0, "Tiago": -3.0},
}
PORTS: Questions = {
    FERRY: [(SAIL, ["noon"]), (SEASICK, [])],
    BRIDGE: [(OPENED, ["Anna Berg"]), (YEAR, ["1931"]), (MAYOR, [])],
}


class Says(Comparing):
    """Gives each phrase of `SAYS` its score in every passage that has it, as an item of a list where one is asked for;
    remembers what it has read."""

    def __init__(self, says: Mapping[str, Mapping[str, float]] = SAYS) -> None:
        super().__init__()
        self._says = says
        self.asked: list[tuple[str, str]] = []

    def read(self, evidence: Evidence) -> tuple[PassageReading, ...]:
        question, readings = evidence.question.text, []
        for hit in evidence.hits:
            self.asked.append((question, hit.text))
            offsets = np.array([word.span() for word in re.finditer(r"\w+", hit.text)], dtype=np.int32)
            start, end = (np.full(len(offsets), LOW, dtype=np.float32) for _ in range(2))
            item = np.tile(np.array([9.0, 0.0, 0.0], dtype=np.float32), (len(offsets), 1))
            for phrase, score in self._says[question].items():
                if (first := hit.text.find(phrase)) >= 0:
                    start[offsets[:, 0] == first] = end[offsets[:, 1] == first + len(phrase)] = score / 2
                    item[offsets[:, 0] == first] = (0.0, score, -9.0)
            readings.append(PassageReading(hit, offsets + hit.passage.start, start, end, null=0.0, item=item))
        return tuple(asking(readings, **({"list": 1.0} if question == BAKERS else {"span": 0.8, "list": 0.2})))


def sigmoid(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def value(figure: Estimate | None) -> float | None:
    assert figure is None or figure.low <= figure.high
    return None if figure is None else round(figure.value, 6)


@pytest.fixture
def ports(tmp_path: Path) -> str:
    return squad(tmp_path / "ports.json", PORTS)


@pytest.fixture
def bakers(tmp_path: Path) -> str:
    return squad(tmp_path / "bakers.json", {BAKERY: [(BAKERS, ["Rui", "Ines", "Tiago"])]}, listed=True)


def measured(paths: list[str], encoder: Encoder, reader: Says, passages: int = 8) -> dict[str, Result]:
    files = [File.read(Path(path), None, 0, answerable=False) for path in paths]
    distractors = [Paragraph("rain:0", "", CHOIR)]
    plan = Plan(passages, Calibration(SPAN, SPAN, SPAN), Threshold(0.5, 0.5, 20), None, 0)
    results = measure([part(files, distractors)], encoder, reader, plan).results
    return {result.name.partition("/")[2]: result for result in results}


def figures(result: Result) -> dict[str, float | None]:
    """Those of questions with one answer, or of lists."""
    return {name: value(figure.estimate) for name, figure in result.sections[0].figures.items()}


def test_the_figures(ports: str, bakers: str, encoder: Encoder) -> None:
    reader = Says()
    made = measured([ports, bakers], encoder, reader)
    assert list(made) == ["ports", "ports, right article", "bakers", "bakers, right article"]
    # what is read of the right article has been read before
    assert len(reader.asked) == len(set(reader.asked)) == 6 * 4

    answered, alone = figures(made["ports"]), figures(made["ports, right article"])
    assert [section.questions for section in made["ports"].sections] == [3, 2, 5]
    # "Which year?" is answered "noon", from another paragraph, and "1931" from its own
    for name in ("exact match", "F1", "right", "cited rightly"):
        assert (answered[f"forced: {name}"], alone[f"forced: {name}"]) == (0.666667, 1)
    assert (answered["said plainly"], answered["right of these"]) == (1, 0.666667)
    missed = made["ports"].sections[1].figures["declined"]
    assert (value(missed.estimate), missed.of) == (0.5, 2)

    trust = made["ports"].confidence
    assert trust is not None
    gaps = sigmoid(6) - 1 + sigmoid(5) - 1 + sigmoid(4) + sigmoid(1) + sigmoid(-2)
    area = (0 + 0 + 1 / 3 + 2 / 4 + 3 / 5) / 5
    assert [value(figure) for figure in trust.figures.values()] == pytest.approx(
        [1, 1, gaps / 5, 0.4, 0.4, area], abs=1e-6
    )

    # two of three items are found
    lists = figures(made["bakers"])
    assert lists["exact F1"] == 0.8
    assert [lists["precision of items"], lists["recall of items"], lists["whole and clean"]] == [1, 0.666667, 0]
    assert made["bakers"].confidence is None


def test_a_wrong_answer_may_be_the_search_s_fault(tmp_path: Path, encoder: Encoder) -> None:
    # it asks for the ferry's paragraph, and only that one passage is read
    path = squad(tmp_path / "far.json", {FERRY: [(SEASICK, [])], BRIDGE: [(SAIL, ["1931"])]})
    reader = Says({SAIL: {"noon": 6.0, "1931": 1.0}, SEASICK: {}})
    made = measured([path], encoder, reader, passages=1)
    assert [figures(result)["forced: exact match"] for result in made.values()] == [0, 1]


def test_the_surest_answer_is_the_last_to_go(encoder: Encoder) -> None:
    item = Logistic(-5.0, SPAN.weights)
    question = "Which bakers share an oven?"
    reader = CachingReader(Says({question: {"Rui": 2.0, "Ines": 1.0}}))
    with searchable(as_articles([Paragraph("a:0", "", BAKERY)]), encoder) as retriever:
        evidence = retriever.search(parsed(question), 1, SearchFilter())
    calibration = Calibration(SPAN, item, SPAN)
    at_zero = answered(evidence, reader, calibration, Threshold(0.0, 0.0, 20))
    assert at_zero.kind == "list"
    assert likeliest(at_zero).confidence == pytest.approx(sigmoid(-3.0))
    given = surest(evidence, reader, calibration)
    assert given.text == "Rui"
    assert given.confidence == pytest.approx(sigmoid(2.0))
    nothing = Evidence(parsed("?"), (), {}, {}, 1)
    assert surest(nothing, reader, calibration) == NOTHING


def test_what_was_read_is_read_no_more(encoder: Encoder) -> None:
    says = Says()
    once = CachingReader(says)
    with searchable(as_articles([Paragraph("a:0", "", FERRY), Paragraph("a:1", "", BRIDGE)]), encoder) as retriever:
        both = retriever.search(parsed(SAIL), 8, SearchFilter())
        one = retriever.search(parsed(SAIL), 8, SearchFilter(article_id=both.hits[1].passage.article_id))
    first = once.read(both)
    again = once.read(one)
    assert [reading.hit for reading in first] == list(both.hits)
    assert [reading.hit for reading in again] == list(one.hits)
    assert again[0].start is first[1].start
    assert len(says.asked) == 2
    once.read(replace(one, question=parsed(YEAR)))
    assert len(says.asked) == 3


def test_json_and_picture(
    ports: str,
    bakers: str,
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(endtoend, "shipped_reader", lambda adapter: Says())
    monkeypatch.setattr(endtoend, "shipped_encoder", lambda: encoder)
    plot = tmp_path / "trust.png"
    endtoend.main([ports, bakers, "--cache", str(tmp_path), "--json", "--plot", str(plot)])
    assert plot.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    out, err = capsys.readouterr()
    assert f"Asking questions, {tmp_path.name}/ports: 5 of 5" in err
    results = json.loads(out)["results"]
    assert [len(each["questions"]) for each in results] == [5, 5, 1, 1]
    with pytest.raises(UsageError, match="these files have only lists"):
        endtoend.main([bakers, "--plot", str(plot)])


def test_what_is_measured_is_what_is_shipped() -> None:
    settings = Settings()
    assert (settings.answers.threshold, settings.answers.max_items) == (THRESHOLD, MAX_ITEMS)
    assert settings.retrieval.passages == PASSAGES
