"""The training recipe: data, traps, losses, and a run that stops and goes on."""

import json
import random
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import load_file

from reader.heads import ADAPTER, CONFIG, HEADS, load_heads
from reader.pytorch import bare_tokenizer
from reader.times import READINGS
from reader.train.arrays import Arrays, Batch, Batches
from reader.train.data import KINDS, Kind, Paragraph, Place, Question, conjunction, consensus, read_file
from reader.train.examples import Example, Maker, as_typed, crop
from reader.train.headings import compose, draw, random_day, real_title
from reader.train.losses import item_loss, label_loss, sentence_loss, span_loss
from reader.train.model import Trained
from reader.train.negatives import mine
from reader.train.prepare import Builder, prepared
from reader.train.recipe import DEFAULT, Recipe, Training
from reader.train.run import CHECKPOINT, LOG, Goal, Run, best_is_right, rate_factor
from reader.train.times import fitted, held_out, report
from reader.train.traps import CITIES, Reading, near_miss, retitled, situated
from retrieval.errors import CorpusError
from retrieval.progress import silent
from tests import tiny

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "qa-data"
TEXT = (
    "The bridge over the Tagus was opened on 6 August 1966. It was built by Tudor Engineering in 45 months. "
    "Boats, ferries and barges had carried people until then. Nobody counted them."
)


def place(words: str, text: str = TEXT) -> Place:
    return Place(text.index(words), text.index(words) + len(words))


def question(text: str, *answers: str, kind: Kind = "one", id: str = "q") -> Question:
    return Question(id, text, Paragraph("bridges:0", "25_de_Abril_Bridge", TEXT), tuple(map(place, answers)), kind)


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


def test_what_a_file_asks_for_is_told_by_the_file_and_the_question(tmp_path: Path) -> None:
    answers = [
        {"text": "1966", "answer_start": TEXT.index("1966")},
        {"text": "Boats", "answer_start": place("Boats").start},
    ]
    asked = {"id": "1", "question": "When?", "answers": answers}

    def kinds(answers_are: str, *questions: Mapping[str, object]) -> list[str]:
        entry = {"title": "", "date": "2024-05-01", "paragraphs": [{"context": TEXT, "qas": questions}]}
        (tmp_path / "f.json").write_text(json.dumps({"answers_are": answers_are, "data": [entry]}))
        return [q.kind for q in read_file(tmp_path / "f.json")]

    assert kinds("alternatives", asked) == ["one"]
    assert kinds("all", asked, {**asked, "answers": answers[:1]}) == ["list", "one"]
    assert kinds("sentences, all of them", asked, {**asked, "phrase": True}) == ["passage", "one"]
    marked = 'alternatives; all where "list" is true'
    assert kinds(marked, {**asked, "list": True}, {**asked, "list": False}) == ["list", "one"]
    elsewhere = {"text": "1967", "answer_start": 9, "article": "another"}
    assert kinds("versions", {**asked, "answers": [*answers, elsewhere]}) == ["one"]
    turns = [{"question": "When?", **asked}, {"question": "and who?", "standalone": "Who built it?", "answers": []}]
    assert kinds("all", {"id": "t", "turns": turns}) == ["list", "one"]
    assert [q.text for q in read_file(tmp_path / "f.json")] == ["When?", "Who built it?"]
    assert read_file(tmp_path / "f.json")[0].paragraph.published is not None


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


def test_examples_are_a_function_of_seed_draw_and_question() -> None:
    maker, again = (Maker({"bridges": questions()}, {}, seed=3) for _ in range(2))
    for asked in questions():
        for make in (Maker.trapped, Maker.plain):
            assert make(maker, "0", asked) == make(again, "0", asked)
        for several in (Maker.grouped, Maker.news):
            assert several(maker, "0", asked, 2) == several(again, "0", asked, 2)
    assert len({maker.trapped(str(draw), questions()[0]) for draw in range(20)}) > 1


def test_some_questions_are_as_people_type_them_in_a_chat() -> None:
    asked = question("Who was Kosgei's coach, didn’t he say?")
    example = Example(asked, (Reading(asked.text, "", TEXT, ()),))
    seen = {as_typed(example, str(draw)).readings[0].question for draw in range(40)}
    assert seen == {asked.text, "who was kosgeis coach, didnt he say"}
    leaning = replace(example, leans=True)
    assert all(as_typed(leaning, str(draw)) == leaning for draw in range(40))


def test_news_is_read_in_the_passages_that_are_in_use() -> None:
    filler = "The town council heard that the road would stay closed for some days more. " * 9
    text = f"Ana Ruiz opened the talks in Turin. {filler}\n\n{filler}Bo Lund chaired the last session."
    article = Paragraph("news:0", "Talks", text)
    listed = Question("l", "Who was at the talks?", article, (place("Ana Ruiz", text), place("Bo Lund", text)), "list")
    one = Question("o", "Who chaired the last session?", article, (place("Bo Lund", text),))
    elsewhere = Reading("", "Other talks", "Carl Maes chaired them.", ())
    maker = Maker({"news": [listed, one]}, {"o": [elsewhere]}, seed=0)
    holding = [r for r in maker.news("0", listed, 1).readings if r.answers]
    assert [r.text[a.start : a.end] for r in holding for a in r.answers] == ["Ana Ruiz", "Bo Lund"]
    seen = set()
    for number in range(40):
        readings = maker.news(str(number), one, 1).readings
        assert all(r.question == one.text for r in readings)
        assert sum(bool(r.answers) for r in readings) <= 1
        assert all(r.text in text for r in readings if r.text != elsewhere.text)
        seen |= {
            "gold" if r.answers else "other article" if r.text == elsewhere.text else "same article" for r in readings
        }
    assert seen == {"gold", "other article", "same article"}


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

    texts = ["x", TEXT + " x", TEXT.replace("Tudor", "Ab")]
    asked = [
        questions()[1],
        *(Question(f"o{n}", "?", Paragraph(f"f:{n}", "", text), ()) for n, text in enumerate(texts)),
    ]
    found = mine(asked, Letters(), 2, silent)["b"]  # type: ignore[arg-type]
    assert [reading.text for reading in found] == [texts[2], texts[0]]


# losses


def batch_of(
    passage: list[list[int]],
    spans: list[tuple[int, int, int]],
    group: list[int],
    spanned: list[bool] | None = None,
    supporting: list[tuple[int, int]] | None = None,
) -> Batch:
    """`passage` has the sentence number of each token, 0 outside."""
    sentences, groups = torch.tensor(passage), max(group) + 1
    return Batch(
        ids=torch.zeros_like(sentences),
        mask=torch.ones_like(sentences),
        sentences=sentences,
        tags=torch.zeros_like(sentences),
        spans=torch.tensor(spans, dtype=torch.long).reshape(-1, 3),
        supporting=torch.tensor(supporting or [], dtype=torch.long).reshape(-1, 2),
        group=torch.tensor(group),
        kind=torch.tensor([0, -1, 2][:groups]),
        leans=torch.full((groups,), -1),
        pair=torch.full((groups,), -1),
        listed=torch.ones(len(group), dtype=torch.bool),
        spanned=torch.tensor([True] * groups if spanned is None else spanned),
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


def test_a_sentence_has_the_mean_of_its_tokens() -> None:
    logits = torch.tensor([[9.0, 1.0, 3.0, -2.0]])
    batch = batch_of([[0, 1, 1, 2]], [], [0], supporting=[(0, 1)])
    expected = -np.log(1 / (1 + np.exp(-2.0))) - np.log(1 - 1 / (1 + np.exp(2.0)))
    assert float(sentence_loss(logits, batch)) == pytest.approx(expected)


def test_no_loss_of_two_answers_side_by_side_has_infinite_gradients() -> None:
    """There is no passage in such an input, and so no span: the loss of the others is nought, and stays a number."""
    logits = torch.randn(2, 4, requires_grad=True)
    batch = batch_of([[0, 0, 0, 0], [0, 1, 1, 1]], [(1, 1, 2)], [0, 1], spanned=[False, True])
    span_loss(logits, logits, batch).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[0].abs().sum() == 0 < logits.grad[1].abs().sum()


def test_what_is_asked_is_learned_where_it_is_known() -> None:
    batch = batch_of([[0, 1], [0, 1]], [], [0, 1])
    logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 50.0, 0.0]])
    assert float(label_loss(logits, torch.tensor([0, -1]), batch)) == pytest.approx(
        float(np.log(np.exp(2) + 2) - 2) / 2
    )


def test_the_best_span_is_counted_as_right_over_all_passages_of_a_question() -> None:
    spans = torch.full((3, 4, 2), -5.0)
    spans[:, 0] = 0.0
    spans[0, 1, 0] = spans[0, 2, 1] = 4.0
    spans[1, 2, 0] = spans[1, 2, 1] = 6.0
    batch = batch_of([[0, 1, 1, 1]] * 3, [(0, 1, 2)], [0, 0, 1])
    assert best_is_right(spans, batch).tolist() == [False, True]
    spans[1] = -5.0
    assert best_is_right(spans, batch).tolist() == [True, True]


def test_the_rate_rises_and_falls() -> None:
    factors = [rate_factor(done / 100, 0.05) for done in range(101)]
    assert 0 < factors[0] < 0.05
    assert max(factors) == pytest.approx(1.0)
    assert factors[:6] == sorted(factors[:6])
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert factors[-1] == pytest.approx(0.03)


# arrays


def built(*examples: Example, stages: int = 1) -> tuple[Arrays, list[bool]]:
    """The arrays, and whether each example could be added; each stage has as many."""
    builder = Builder(bare_tokenizer(tiny.wordpiece()))
    added = [
        builder.add(example, stages * number // len(examples), kind_known=True)
        for number, example in enumerate(examples)
    ]
    return builder.arrays(), added


def plain(asked: Question, heading: str = "") -> Example:
    return Example(asked, (Reading(asked.text, heading, asked.paragraph.text, asked.answers),))


def words(arrays: Arrays, row: int, first: int, last: int) -> str:
    start = int(arrays.lengths[:row].sum())
    return spelled(torch.from_numpy(arrays.ids[start + first : start + last + 1].astype(np.int64)))


def spelled(ids: torch.Tensor) -> str:
    return "".join(tiny.wordpiece().convert_ids_to_tokens(ids.tolist())).replace("##", "")


def test_spans_items_and_sentences_are_the_answers_words() -> None:
    one = question("Who built the bridge?", "Tudor Engineering")
    several = question("What had carried people?", "Boats", "ferries", "barges", kind="list")
    told = question("What is known of those times?", "Nobody counted them.", kind="passage")
    arrays, _ = built(plain(one), plain(several, "Tudor Engineering (1 May 2024)"), plain(told))
    assert [words(arrays, *span) for span in arrays.spans.tolist()] == ["tudorengineering", "boats,ferriesandbarges"]
    tagged = [words(arrays, *item) for item in arrays.items.tolist()]
    assert tagged == ["tudorengineering", "boats", "ferries", "barges"]
    assert arrays.supporting.tolist() == [[0, 2], [1, 3], [2, 4]]
    assert arrays.spanned.tolist() == [True, True, False]
    assert [KINDS[kind] for kind in arrays.kind] == ["one", "list", "passage"]


def test_items_far_apart_are_learned_as_items_alone() -> None:
    arrays, _ = built(plain(question("What is named?", "6 August 1966", "barges", kind="list")))
    assert len(arrays.items) == 2
    assert len(arrays.spans) == 0
    assert not arrays.spanned.any()


def test_answers_that_no_span_can_be_are_left_out() -> None:
    arrays, added = built(plain(question("What?", TEXT)), plain(questions()[0]))
    assert added == [False, True]
    assert len(arrays.kind) == 1


def test_a_batch_has_the_examples_that_were_asked_for(tmp_path: Path) -> None:
    several = [plain(q) for q in questions()]
    pair = Example(several[1].question, (*several[1].readings, Reading("Who built the bridge?", "", "Nobody did.", ())))
    built(several[0], pair, *several[2:])[0].save(tmp_path / "bridges.npz")
    arrays = Arrays.load(tmp_path / "bridges.npz")
    batch = Batches(arrays, 10_000, seed=0).batch([3, 1])
    assert batch.group.tolist() == [0, 1, 1]
    assert batch.mask.sum(1).tolist() == arrays.lengths[[4, 1, 2]].tolist()
    found = [spelled(batch.ids[row, first : last + 1]) for row, first, last in batch.spans.tolist()]
    assert sorted(found) == ["45months", "in45months", "tudorengineering"]
    assert spelled(batch.ids[batch.tags > 0]) == "45monthstudorengineering"


def test_one_pass_over_a_stage_reads_each_of_its_examples_once() -> None:
    builder = Builder(bare_tokenizer(tiny.wordpiece()))
    for number in range(30):
        builder.add(plain(questions()[number % 5]), number // 20, kind_known=False)
    arrays = builder.arrays()
    batches = Batches(arrays, 700, seed=0, chunk=8)
    one, other = (list(batches.epoch(0, number)) for number in (0, 1))
    for epoch in (one, other):
        assert sorted(example for batch in epoch for example in batch) == list(range(20))
    assert sorted(example for batch in batches.epoch(1, 0) for example in batch) == list(range(20, 30))
    assert one != other
    assert one == list(batches.epoch(0, 0))
    assert all(len(batch) == 1 or batches.batch(batch).ids.numel() <= 700 for batch in one)
    tokens = [int(arrays.lengths[arrays.stage[arrays.example] == stage].sum()) for stage in (0, 1)]
    assert batches.stages == pytest.approx({0: tokens[0] / sum(tokens), 1: 1.0})


# the recipe


def test_the_shipped_recipe_prepares_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train").mkdir()
    write(tmp_path / "train", TEXT.index("1966")).rename(tmp_path / "train" / "squad2.json")
    recipe = Recipe.load(DEFAULT)
    kept = tuple(each for each in recipe.sets if each.file in {"train/squad2", "train/qamr"})
    arrays, dev = prepared(
        tmp_path, replace(recipe, sets=kept, dev={"train/squad2": 1}), bare_tokenizer(tiny.wordpiece()), None, silent
    )
    assert len(arrays.kind) == sum(round(2 * each.share) for each in kept if each.file == "train/squad2")
    assert len(dev.kind) == 1
    assert "train/qamr is not in" in capsys.readouterr().err


def test_a_recipe_that_cannot_be_says_so(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('seed = 1\n[[sets]]\nfile = "a"\nshare = 1\nmake = "soup"\n')
    with pytest.raises(CorpusError, match=r"make = 'soup'; use one of plain, trapped"):
        Recipe.load(path)
    path.write_text("[[sets]]\nfiles = 1\n")
    with pytest.raises(CorpusError, match=r"recipe.toml is not a training recipe"):
        Recipe.load(path)


# the model


@pytest.mark.filterwarnings("ignore")
def test_attention_and_lora_are_those_of_the_model_they_stand_for(tmp_path: Path) -> None:
    """The logits, and the gradients that reach the lowest layer, are those of transformers and PEFT."""
    from peft import PeftModel
    from transformers import AutoModelForQuestionAnswering

    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    trained = Trained.build(base, rank=2, init=None)
    with torch.no_grad():
        for value in trained.trainable().values():
            value.copy_((torch.randn(value.shape) * 0.3).half())
    trained.save(tmp_path / "adapter")
    model = PeftModel.from_pretrained(
        AutoModelForQuestionAnswering.from_pretrained(base), str(tmp_path / "adapter"), is_trainable=True
    ).eval()
    ids = torch.tensor([[0, 9, 11, 2, 2, 15, 16, 2], [0, 9, 2, 2, 14, 2, 1, 1]])
    mask = (ids != 1).long()
    spans, _ = trained(ids, mask)
    expected = model(input_ids=ids, attention_mask=mask).start_logits
    kept = mask.bool()
    np.testing.assert_allclose(spans[..., 0][kept].detach(), expected[kept].detach(), atol=1e-4)
    spans[..., 0][kept].square().sum().backward()
    expected[kept].square().sum().backward()
    gradients = {
        name.replace("base_model.model.mpnet.", "").replace(".default.weight", ""): parameter.grad
        for name, parameter in model.named_parameters()
        if "lora_" in name
    }
    mine = {name.removeprefix("encoder."): value.grad for name, value in trained.trainable().items() if "lora_" in name}
    assert mine.keys() == gradients.keys()
    for name, gradient in mine.items():
        torch.testing.assert_close(gradient, gradients[name], atol=1e-3, rtol=1e-3)


@pytest.mark.filterwarnings("ignore")
def test_what_is_saved_is_what_was_trained(tmp_path: Path) -> None:
    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    trained = Trained.build(base, rank=2, init=None)
    with torch.no_grad():
        for value in trained.trainable().values():
            value.add_(torch.randn(value.shape) * 0.3)
    trained.save(tmp_path / "adapter")
    again = Trained.build(base, rank=7, init=tmp_path / "adapter")
    for name, value in trained.trainable().items():
        torch.testing.assert_close(again.trainable()[name], value, atol=2e-3, rtol=2e-3)
    assert "kind" in load_heads(tmp_path / "adapter", 32)
    config = json.loads((tmp_path / "adapter" / CONFIG).read_text())
    assert config["base_model_name_or_path"] == "sentence-transformers/all-mpnet-base-v2"
    assert load_file(tmp_path / "adapter" / ADAPTER)


# the run


SEVEN_STEPS = Goal(steps=7)


def run_in(folder: Path, base: Path, goal: Goal = SEVEN_STEPS, stop_after: int | None = None) -> None:
    torch.manual_seed(5)
    arrays, _ = built(*(plain(replace(q, id=str(n))) for n in range(4) for q in questions()), stages=2)
    dev, _ = built(*map(plain, questions()[:2]))
    run = Run(Trained.build(base, 2, None), arrays, dev, folder, Training(rank=2, tokens=600), 3, goal)
    if stop_after is None:
        run.train(save_every=0.0)
        return

    learn, steps = run._learn, 0

    def killed(batch: Batch) -> object:
        nonlocal steps
        if steps == stop_after:
            raise KeyboardInterrupt
        steps += 1
        return learn(batch)

    run._learn = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        run.train(save_every=0.0)


@pytest.mark.filterwarnings("ignore")
def test_a_run_that_is_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    run_in(tmp_path / "whole", base)
    run_in(tmp_path / "parts", base, stop_after=3)
    run_in(tmp_path / "parts", base, stop_after=2)
    run_in(tmp_path / "parts", base)
    for name in (ADAPTER, HEADS):
        one, other = (load_file(tmp_path / folder / name) for folder in ("whole", "parts"))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    states = [torch.load(tmp_path / name / CHECKPOINT, weights_only=True)["step"] for name in ("whole", "parts")]
    assert states == [7, 7]
    log = [json.loads(line) for line in (tmp_path / "whole" / LOG).read_text().splitlines()]
    assert log[-1]["dev_span"] < log[1]["dev_span"]


@pytest.mark.filterwarnings("ignore")
def test_a_pass_ends_when_all_was_read_and_another_runs_checkpoint_is_refused(tmp_path: Path) -> None:
    base = tiny.save(tmp_path / "base", tiny.wordpiece())
    run_in(tmp_path / "out", base, Goal())
    assert torch.load(tmp_path / "out" / CHECKPOINT, weights_only=True)["step"] > 1
    with pytest.raises(ValueError, match="belongs to another run"):
        run_in(tmp_path / "out", base, Goal(steps=3))


def test_training_needs_no_more_than_a_bare_machine_has(tmp_path: Path) -> None:
    """What `python -m reader.train` imports is there on a lent machine: no encoder, no index, no tokenizer of ours."""
    code = (
        "import sys, reader.train.__main__, reader.train.run\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sentence_transformers", "faiss", "tantivy", "platformdirs", "sentencex", "peft"} & set(loaded)


@pytest.mark.skipif(not DATA.is_dir(), reason="the question files are not beside this checkout")
def test_every_set_of_the_recipe_makes_examples() -> None:
    recipe = Recipe.load(DEFAULT)
    sets = {
        each.file: each for each in recipe.sets if each.file.startswith(("train/", "news/")) and each.make != "pairs"
    }
    pool = {each.file: read_file(DATA / f"{each.file}.json")[:60] for each in sets.values()}
    maker = Maker({several[0].paragraph.source: several for several in pool.values()}, {}, seed=0)
    for name, each in sets.items():
        for asked in [q for q in pool[name] if each.wants in {None, q.kind}][:20]:
            made = {"news": maker.news, "conversing": maker.conversing}
            example = made[each.make]("x", asked, 1) if each.make in made else maker.trapped("x", asked)
            for one in example.readings:
                assert one.text.strip(), name
                for answer in one.answers:
                    assert one.text[answer.start : answer.end] in {
                        asked.paragraph.text[a.start : a.end] for a in asked.answers
                    }


def test_the_time_head_is_read_as_it_was_fitted(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    reads = chance.integers(len(READINGS), size=2000)
    hidden = chance.normal(size=(2000, 2, 8)).astype(np.float32)
    hidden[np.arange(2000), :, reads] += 6
    hidden[..., 7] = 0.5  # the same in all
    weight, bias = fitted(hidden, reads)
    save_file({"time.weight": weight, "time.bias": bias}, tmp_path / HEADS)
    logits = load_heads(tmp_path, 8).logits("time", hidden)
    assert np.isfinite(logits).all()
    assert (logits.argmax(axis=-1) == reads[:, None]).mean() > 0.98
    assert "from 0.9: " in report(held_out(hidden, reads), reads)
