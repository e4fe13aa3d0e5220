"""The training recipe: data, traps, losses, and a run that stops and goes on."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from reader.inputs import Limits
from reader.train.adapter import Trained
from reader.train.data import Paragraph, Place, Question, conjunction, consensus, read_file, read_folder
from reader.train.encode import Batch, bucketed, encode, to_batch
from reader.train.examples import Example, Maker, crop
from reader.train.headings import compose, draw, random_day, real_title
from reader.train.losses import item_loss, span_loss
from reader.train.negatives import mine
from reader.train.run import CHECKPOINT, LOG, Run, Settings, rate_factor
from reader.train.stages import ENUMERATIONS, Stage, chosen, with_enumerations
from reader.train.traps import CITIES, Reading, near_miss, retitled, situated
from retrieval.errors import CorpusError
from tests import tiny

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "qa-data"
TEXT = (
    "The bridge over the Tagus was opened on 6 August 1966. It was built by Tudor Engineering in 45 months. "
    "Boats, ferries and barges had carried people until then. Nobody counted them."
)


def place(words: str, text: str = TEXT) -> Place:
    return Place(text.index(words), text.index(words) + len(words))


def question(text: str, *answers: str, listed: bool = False, id: str = "q") -> Question:
    return Question(id, text, Paragraph("bridges:0", "25_de_Abril_Bridge", TEXT), tuple(map(place, answers)), listed)


def questions() -> list[Question]:
    return [
        question("When was the bridge over the Tagus opened?", "6 August 1966", id="a"),
        question("Who built the bridge?", "Tudor Engineering", id="b"),
        question("What had carried people until 1966?", "Boats, ferries and barges", id="c"),
        question("How long did the builders take?", "45 months", "in 45 months", "45 months", id="d"),
        question("Who counted the boats?", id="e"),
    ]


# data


def write(folder: Path, start: int) -> Path:
    answer = {"text": "1966", "answer_start": start}
    qas = [{"id": "1", "question": "When?", "answers": [answer]}, {"id": "2", "question": "?", "is_impossible": True}]
    data = [{"title": "nfl_7", "paragraphs": [{"context": TEXT, "qas": qas}]}]
    path = folder / "bridges.json"
    path.write_text(json.dumps({"answers_are": "alternatives", "data": data}))
    return path


def test_a_file_is_read_and_its_offsets_are_checked(tmp_path: Path) -> None:
    read = read_file(write(tmp_path, TEXT.index("1966")))
    assert [q.answers for q in read] == [(place("1966"),), ()]
    assert read[0].paragraph.source == "bridges"
    with pytest.raises(CorpusError, match=r"bridges\.json.*'1966' of question 1 is not at 3"):
        read_file(write(tmp_path, 3))


def test_a_folder_without_questions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no \.json"):
        read_folder(tmp_path)


def test_the_consensus_is_what_most_annotators_marked() -> None:
    assert consensus(questions()[3]) == place("45 months")


def test_an_enumeration_becomes_a_list_and_a_date_does_not() -> None:
    made = conjunction(questions()[2])
    assert made is not None
    assert made.listed
    assert [TEXT[a.start : a.end] for a in made.answers] == ["Boats", "ferries", "barges"]
    assert conjunction(questions()[0]) is None
    assert conjunction(questions()[1]) is None


def test_titles_that_are_ids_are_no_titles() -> None:
    for title in ("wikipedia:16016", "nfl_1184", "history_655", "Amazon_Reviews_2030", "zbij8e4070dp55kvnbgm"):
        assert real_title(Paragraph("f:0", title, "")) == ""
    assert real_title(Paragraph("f:0", "25_de_Abril_Bridge", "")) == "25 de Abril Bridge"


def test_headings_vary() -> None:
    rng = random.Random(0)
    drawn = [draw(questions()[0].paragraph, rng) for _ in range(200)]
    assert "" in drawn
    assert any(heading == "25 de Abril Bridge" for heading in drawn)
    assert any(heading.startswith("25 de Abril Bridge (") for heading in drawn)
    assert any(heading.startswith("The bridge over the Tagus") for heading in drawn)


# traps


def reading(asked: str, *answers: str, heading: str = "") -> Reading:
    return Reading(asked, heading, TEXT, tuple(map(place, answers)))


def test_a_near_miss_asks_for_what_is_not_there() -> None:
    rng = random.Random(0)
    for _ in range(50):
        made = near_miss(reading("What opened over the Tagus in 1966?", "The bridge"), ["Rhine", "Seine"], rng)
        assert made is not None
        assert made.answers == ()
        assert made.text == TEXT
        changed = set(made.question.rstrip("?").split()) - {"What", "opened", "over", "the", "Tagus", "in", "1966"}
        assert len(changed) == 1
        assert changed.pop() not in TEXT


def test_what_the_passage_does_not_have_is_not_swapped() -> None:
    assert near_miss(reading("What did Salazar open?", "The bridge"), ["Rhine"], random.Random(0)) is None


def test_situated_twins_differ_in_the_place_and_only_the_first_answers() -> None:
    rng = random.Random(0)
    seen = set()
    for _ in range(200):
        twins = situated(reading("Who built the bridge?", "Tudor Engineering"), "", rng)
        assert len(twins) in {0, 3}
        if not twins:
            continue
        gold, *others = twins
        assert len({twin.question for twin in twins}) == 1
        assert [gold.text[a.start : a.end] for a in gold.answers] == ["Tudor Engineering"]
        assert all(twin.answers == () for twin in others)
        assert len({(twin.heading, twin.text) for twin in twins}) == 3
        named = [city for city in CITIES if city in gold.question]
        if named:
            seen.add("heading" if named[0] in gold.heading else "passage")
            assert named[0].casefold() in f"{gold.heading} {gold.text}".casefold()
            assert not any(named[0].casefold() in twin.heading.casefold() for twin in others)
    assert seen == {"heading", "passage"}


def test_a_month_is_told_by_the_heading() -> None:
    undated = replace(reading("Who counted the boats?", "Nobody"), text=TEXT.replace("1966", "that"))
    undated = replace(undated, answers=(place("Nobody", undated.text),))
    rng = random.Random(1)
    made = [twins for _ in range(200) if (twins := situated(undated, "", rng)) and "19" in twins[0].heading]
    gold, other, _ = next(twins for twins in made if not any(city in twins[0].question for city in CITIES))
    year = next(word for word in gold.heading.strip("()").split() if len(word) == 4 and word.isdigit())
    assert year in gold.question
    assert year not in other.heading


def test_retitled_depends_on_the_heading_alone() -> None:
    paragraph = Paragraph("f:0", "25_de_Abril_Bridge", TEXT)
    asked = reading("Who built the 25 de Abril Bridge?", "Tudor Engineering")
    rng = random.Random(0)
    made = [made for _ in range(50) if (made := retitled(asked, paragraph, ["Golden Gate Bridge"], rng)) is not None]
    assert {bool(one.answers) for one in made} == {True, False}
    for one in made:
        assert bool(one.answers) == ("25 de Abril" in one.heading)
    assert retitled(reading("Who built it?", "Tudor Engineering"), paragraph, ["x"], rng) is None


def test_headings_are_those_in_use() -> None:
    day = random_day(random.Random(0))
    assert compose("Talks in Oslo", "", day).startswith("Talks in Oslo (")
    assert compose("", "The two met in Oslo. They ate.", None) == "The two met in Oslo."


# examples


def test_a_crop_keeps_answers_at_their_words() -> None:
    rng = random.Random(0)
    for asked in questions():
        for _ in range(30):
            made = crop(asked, "", rng)
            assert made.text in TEXT
            wanted = {TEXT[a.start : a.end] for a in asked.answers}
            assert {made.text[a.start : a.end] for a in made.answers} <= wanted
            assert bool(made.answers) == bool(asked.answers)


def test_examples_are_a_function_of_seed_stage_and_question() -> None:
    maker, again = (Maker({"bridges": questions()}, {}, seed=3) for _ in range(2))
    for asked in questions():
        assert maker.single("near:0", asked) == again.single("near:0", asked)
        assert maker.group("together:0", asked, 2) == again.group("together:0", asked, 2)
    later = [maker.single(f"near:{epoch}", questions()[0]) for epoch in range(20)]
    assert len(set(later)) > 1


def test_a_stage_takes_its_share_and_real_lists_first() -> None:
    lists = [question("Which?", *answers, listed=True, id=str(n)) for n, answers in enumerate([("Boats",)] * 8)]
    lists += [question("Which?", "Boats", "barges", listed=True, id="two")]
    pool = {"lists_drop": lists, "squad2": questions()}
    stage = Stage("near", {"lists_drop": 1.0, "squad2": 0.6}, others=0)
    picked = chosen(stage, pool, None, seed=0)
    assert sum(q.listed for q in picked) == 3
    assert "two" in {q.id for q in picked}
    assert sum(not q.listed for q in picked) == 3
    assert picked == chosen(stage, pool, None, seed=0)


def test_enumerations_are_added() -> None:
    assert [q.id for q in with_enumerations({"bridges": questions()})[ENUMERATIONS]] == ["c:items"]


def test_negatives_do_not_hold_the_answer() -> None:
    class Letters:
        """Embeds a text as the counts of its letters."""

        fingerprint, dimension = "letters", 26

        def encode(self, texts: list[str]) -> np.ndarray:
            counts = np.array(
                [[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32
            )
            norms: np.ndarray = np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1)
            return np.asarray(counts / norms)

    others = [Paragraph(f"f:{n}", "", text) for n, text in enumerate(["x", TEXT + " x", TEXT.replace("Tudor", "Ab")])]
    asked = [questions()[1], *(Question(f"o{n}", "?", other, (), False) for n, other in enumerate(others))]
    assert mine(asked, Letters(), keep=2)["b"] == ["f:2", "f:0"]  # type: ignore[arg-type]


# losses


def batch_of(
    passage: list[list[int]], gold: list[tuple[int, int, int]], group: list[int], spanned: list[bool] | None = None
) -> Batch:
    mask = torch.tensor(passage, dtype=torch.bool)
    return Batch(
        inputs={},
        passage=mask,
        gold=torch.tensor(gold, dtype=torch.long).reshape(-1, 3),
        group=torch.tensor(group),
        tags=torch.zeros(mask.shape, dtype=torch.long),
        weight=torch.ones(len(group)),
        spanned=torch.tensor([True] * (max(group) + 1) if spanned is None else spanned),
        groups=max(group) + 1,
    )


def test_span_loss_is_the_probability_over_all_passages_of_a_question() -> None:
    torch.manual_seed(0)
    start, end = torch.randn(3, 4), torch.randn(3, 4)
    # the first two inputs are one question's; the third's question is answered nowhere
    batch = batch_of([[0, 1, 1, 1], [0, 0, 1, 1], [0, 1, 1, 0]], [(0, 1, 2), (0, 1, 3)], [0, 0, 1])

    def score(row: int, i: int, j: int) -> float:
        return float((start[row, i] + end[row, j] - start[row, 0] - end[row, 0]).exp())

    places = [[1, 2, 3], [2, 3], [1, 2]]
    mass = [sum(score(row, i, j) for i in some for j in some if i <= j) for row, some in enumerate(places)]
    answered = (score(0, 1, 2) + score(0, 1, 3)) / (1 + mass[0] + mass[1])
    nowhere = 1 / (1 + mass[2])
    expected = -(np.log(answered) + np.log(nowhere)) / 2
    assert float(span_loss(start, end, batch)) == pytest.approx(expected, rel=1e-5)


def test_span_loss_learns_nothing_from_what_is_not_spanned() -> None:
    torch.manual_seed(0)
    start, end = torch.randn(2, 4, requires_grad=True), torch.randn(2, 4)
    batch = batch_of([[0, 1, 1, 1], [0, 1, 1, 1]], [(0, 1, 2), (1, 1, 2)], [0, 1], spanned=[True, False])
    span_loss(start, end, batch).backward()  # type: ignore[no-untyped-call]
    assert start.grad is not None
    assert start.grad[0].abs().sum() > 0
    assert start.grad[1].abs().sum() == 0


def test_span_loss_has_finite_gradients() -> None:
    start, end = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    span_loss(start, end, batch_of([[0, 1, 1], [0, 1, 0]], [(0, 1, 1)], [0, 1])).backward()  # type: ignore[no-untyped-call]
    assert start.grad is not None
    assert torch.isfinite(start.grad).all()
    assert start.grad[0, 1] < 0 < start.grad[1, 1]  # up where the answer is, down where none is


def test_item_loss_counts_passage_tokens_only() -> None:
    logits = torch.zeros(1, 3, 3)
    logits[0, 0, 2] = 100.0  # not in the passage: however wrong, it costs nothing
    assert float(item_loss(logits, batch_of([[0, 1, 1]], [], [0]))) == pytest.approx(2 * np.log(3) / 20)


def test_the_rate_rises_and_falls() -> None:
    factors = [rate_factor(done / 100, 0.05) for done in range(101)]
    assert factors[0] == 0
    assert max(factors) == pytest.approx(1.0)
    assert factors[:6] == sorted(factors[:6])
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert factors[-1] == pytest.approx(0.05)


# encoding


def test_gold_tokens_are_the_answers_words() -> None:
    tokenizer = tiny.wordpiece()
    asked = question("What had carried people?", "Boats", "ferries", "barges", listed=True)
    made = Reading(asked.text, "Tudor Engineering (1 May 2024)", TEXT, asked.answers)
    rows = encode(tokenizer, Example(asked, (made,)), Limits())
    assert rows is not None
    (row,) = rows
    pieces = tokenizer.convert_ids_to_tokens(row.window.ids.tolist())
    ((first, last),) = row.gold.tolist()
    assert "".join(pieces[first : last + 1]).replace("##", "") == "boats,ferriesandbarges"
    assert row.spanned
    assert (row.tags == 1).sum() == 3
    tagged = [piece for piece, tag in zip(np.array(pieces)[row.window.tokens], row.tags, strict=True) if tag]
    assert "".join(tagged).replace("##", "") == "boatsferriesbarges"
    batch = to_batch([rows, rows], tokenizer)
    assert batch.passage.sum() == 2 * len(row.tags)
    assert batch.gold[:, 0].tolist() == [0, 1]
    assert batch.spanned.tolist() == [True, True]


def test_items_far_apart_are_learned_as_items_alone() -> None:
    asked = question("What is named?", "6 August 1966", "barges", listed=True)
    rows = encode(tiny.wordpiece(), Example(asked, (Reading(asked.text, "", TEXT, asked.answers),)), Limits())
    assert rows is not None
    assert not rows[0].spanned
    assert (rows[0].tags == 1).sum() == 2


def test_answers_that_no_span_can_be_are_left_out() -> None:
    asked = question("What?", TEXT)
    assert encode(tiny.wordpiece(), Example(asked, (Reading(asked.text, "", TEXT, asked.answers),)), Limits()) is None


def test_buckets_keep_groups_together_under_the_budget() -> None:
    tokenizer = tiny.wordpiece()
    maker = Maker({"bridges": questions()}, {}, seed=0)
    encoded = [rows for q in questions() if (rows := encode(tokenizer, maker.group("x", q, 2), Limits())) is not None]
    cut = list(bucketed(encoded, 700))
    assert sorted(id(rows) for batch in cut for rows in batch) == sorted(map(id, encoded))
    for batch in cut:
        assert len(batch) == 1 or to_batch(batch, tokenizer).passage.numel() <= 700


# the run


def run_in(folder: Path, base: Path, stop_at: int | None) -> None:
    torch.manual_seed(5)
    trained = Trained.build(base, rank=2, layers=1, init=None)
    paragraph = replace(questions()[0].paragraph, name="squad2:0")
    pool = {"squad2": [replace(q, id=f"{q.id}{n}", paragraph=paragraph) for n in range(4) for q in questions()]}
    settings = Settings(rank=2, layers=1, stages=("near", "together"), budget=600, save_every=2)
    Run(trained, tiny.wordpiece(), pool, questions()[:2], {}, folder, settings).train(stop_at)


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_is_stopped_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    run_in(tmp_path / "whole", base, None)
    run_in(tmp_path / "parts", base, 3)
    run_in(tmp_path / "parts", base, 5)
    run_in(tmp_path / "parts", base, None)
    logs = [
        [entry for line in (tmp_path / name / LOG).read_text().splitlines() if "span" in (entry := json.loads(line))]
        for name in ("whole", "parts")
    ]
    assert len(logs[0]) > 6
    assert [entry["span"] for entry in logs[0]] == [entry["span"] for entry in logs[1]]
    for name in ("adapter_model.safetensors", "item_head.safetensors"):
        one, other = (load_file(tmp_path / folder / name) for folder in ("whole", "parts"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    states = [torch.load(tmp_path / name / CHECKPOINT, weights_only=True)["step"] for name in ("whole", "parts")]
    assert states == [len(logs[0])] * 2


@pytest.mark.filterwarnings("ignore")
def test_another_runs_checkpoint_is_refused(tmp_path: Path) -> None:
    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    run_in(tmp_path / "out", base, 1)
    trained = Trained.build(base, rank=2, layers=1, init=None)
    other = Settings(rank=2, layers=1, stages=("near",), budget=500)
    with pytest.raises(SystemExit, match="choose another --out"):
        Run(trained, tiny.wordpiece(), {}, [], {}, tmp_path / "out", other).train()


@pytest.mark.filterwarnings("ignore")
def test_what_is_saved_is_what_was_trained(tmp_path: Path) -> None:
    """The adapter's folder, merged into the base, gives the logits of the model in training."""
    from peft import PeftModel
    from transformers import AutoModelForQuestionAnswering

    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    trained = Trained.build(base, rank=2, layers=1, init=None).eval()
    with torch.no_grad():
        for value in trained.trainable().values():
            value.add_(torch.randn(value.shape) * 0.3)
    trained.save(tmp_path / "adapter")
    again = Trained.build(base, rank=2, layers=1, init=tmp_path / "adapter").eval()
    model = AutoModelForQuestionAnswering.from_pretrained(base)
    merged = PeftModel.from_pretrained(model, str(tmp_path / "adapter")).merge_and_unload().eval()
    ids = {"input_ids": torch.tensor([[0, 9, 11, 2, 2, 15, 16, 2]])}
    with torch.no_grad():
        expected = trained(ids)
        np.testing.assert_allclose(merged(**ids).start_logits, expected.start, atol=2e-2)
        np.testing.assert_allclose(again(ids).start, expected.start, atol=2e-2)
        np.testing.assert_allclose(again(ids).item, expected.item, atol=2e-2)
        untouched = AutoModelForQuestionAnswering.from_pretrained(base).eval()(**ids).start_logits
        assert (untouched - expected.start).abs().max() > 0.1
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "sentence-transformers/all-mpnet-base-v2"


@pytest.mark.skipif(not DATA.is_dir(), reason="the question files are not beside this checkout")
def test_every_training_file_makes_examples() -> None:
    pool = with_enumerations({name: several[:50] for name, several in read_folder(DATA / "train").items()})
    maker = Maker(pool, {}, seed=0)
    for source, several in pool.items():
        for asked in several[:25]:
            for example in (maker.single("x", asked), maker.group("x", asked, 2)):
                assert 1 <= len(example.readings) <= 3, source
                for one in example.readings:
                    assert one.text.strip(), source
                    for answer in one.answers:
                        words = one.text[answer.start : answer.end]
                        assert words in {asked.paragraph.text[a.start : a.end] for a in asked.answers}
