"""The transformers reader: batches, windows put together, and folders that are no reader."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from reader.heads import HEADS, TRAINED, Heads
from reader.inputs import Context, Limits, windows
from reader.model import TransformersReader
from reader.pairs import Said
from reader.pytorch import TorchNetwork, bare_tokenizer, batches, compile_reader
from retrieval.errors import ModelError
from retrieval.question import parsed
from retrieval.types import Article, Evidence, Hit, Passage
from tests import tiny

TEXT = "She met him in Caracas at noon. They were there for 45 minutes. " * 4
LIMITS = Limits(input=64, question=16, heading=16, overlap=10)
# the tiny weights are drawn with a spread of 0.02: scaled up, so that logits differ by more than rounding
SCALE = 20.0


def evidence(*cuts: tuple[int, int]) -> Evidence:
    article = Article("a", "Talks", None, None, None, None, "", TEXT)
    hits = tuple(
        Hit(Passage(number, "a", start, end), TEXT[start:end], 0.0, 0, None, 0.0, 0.0)
        for number, (start, end) in enumerate(cuts)
    )
    return Evidence(parsed("?"), hits, {"a": article}, {"a": "a"}, 1)


def tiny_network(batch_tokens: int = 8192) -> TorchNetwork:
    tokenizer = tiny.wordpiece()
    model = tiny.model(tokenizer)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(SCALE if parameter.ndim == 2 else 1.0)
    assert isinstance(tokenizer.pad_token_id, int)
    return TorchNetwork(model, tokenizer.pad_token_id, types=False, batch_tokens=batch_tokens)


def some_heads() -> dict[str, np.ndarray]:
    """Heads for states of 32 numbers, the same each time."""
    random = np.random.default_rng(1)
    return {
        f"{name}.{part}": random.normal(size=(outputs, 32) if part == "weight" else outputs).astype(np.float16)
        for name, outputs in TRAINED.items()
        for part in ("weight", "bias")
    }


def tiny_reader(limits: Limits = LIMITS, batch_tokens: int = 8192, items: bool = True) -> TransformersReader:
    heads = Heads(some_heads() if items else {})
    return TransformersReader(tiny_network(batch_tokens), bare_tokenizer(tiny.wordpiece()), heads, limits)


def test_one_reading_for_each_hit_in_order_whatever_the_batches() -> None:
    asked = evidence((0, 30), (32, 200), (64, 70))
    whole = tiny_reader().read(asked)
    pieces = tiny_reader(batch_tokens=1).read(asked)
    assert [reading.hit for reading in whole] == list(asked.hits)
    for one, other in zip(whole, pieces, strict=True):
        assert one.null == pytest.approx(other.null, abs=1e-4)
        assert np.array_equal(one.offsets, other.offsets)
        np.testing.assert_allclose(one.start, other.start, atol=1e-4)
        assert one.item is not None and other.item is not None
        np.testing.assert_allclose(one.item, other.item, atol=1e-4)
        assert one.item.shape == (len(one.offsets), 3)
        assert one.offsets.dtype == np.int32
        assert one.start.dtype == one.end.dtype == one.item.dtype == np.float32


def test_two_answers_are_compared_the_same_whichever_comes_first() -> None:
    a, b, c = Said("noon", "", "She met him at noon."), Said("one", "", "At one she met him."), Said("x", "y", "z" * 50)
    reader = tiny_reader(batch_tokens=64)
    chances = reader.compare("When?", [(a, b), (b, a), (a, c)])
    assert chances is not None
    assert chances.shape == (3, 3)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(chances[0], chances[1], atol=1e-5)
    assert abs(chances[0] - chances[2]).max() > 1e-4
    assert tiny_reader(items=False).compare("When?", [(a, b)]) is None


def test_a_long_passage_is_one_reading_of_all_its_tokens() -> None:
    (reading,) = tiny_reader().read(evidence((5, len(TEXT))))
    letters = {place for start, end in reading.offsets.tolist() for place in range(start, end)}
    assert {place for place in range(5, len(TEXT)) if not TEXT[place].isspace()} == letters
    assert (np.diff(reading.offsets[:, 0]) > 0).all()


def test_a_window_keeps_its_own_score_against_null() -> None:
    """The first token of a long passage is seen by the first window alone: merged, its score is that window's."""
    reader = tiny_reader(items=False)
    hit = evidence((0, len(TEXT))).hits[0]
    (merged,) = reader.read_under("Who met?", [hit], [""])
    first, *more = windows(bare_tokenizer(tiny.wordpiece()), "Who met?", [Context("", TEXT)], LIMITS)
    assert more
    end = int(first.offsets[-1, 1])
    (alone,) = reader.read_under("Who met?", [Hit(Passage(0, "a", 0, end), TEXT[:end], 0.0, 0, None, 0.0, 0.0)], [""])
    score = merged.start[0] + merged.end[0] - merged.null
    assert score == pytest.approx(alone.start[0] + alone.end[0] - alone.null, abs=1e-3)
    assert merged.null <= alone.null + 1e-4


def test_without_a_list_head_there_are_no_items() -> None:
    assert tiny_reader(items=False).read(evidence((0, 30)))[0].item is None


def test_batches_keep_to_the_budget() -> None:
    made = windows(bare_tokenizer(tiny.wordpiece()), "who", [Context("", "a" * n) for n in (3, 40, 9, 30, 2)], LIMITS)
    cut = list(batches(made, 60))
    assert sorted(place for batch in cut for place in batch) == [0, 1, 2, 3, 4]
    assert all(len(batch) == 1 or len(batch) * max(len(made[place].ids) for place in batch) <= 60 for batch in cut)


def test_load_reads_the_heads(tmp_path: Path) -> None:
    folder = tiny.save(tmp_path, tiny.wordpiece())
    assert TransformersReader.load(folder).read(evidence((0, 30)))[0].item is None
    bias = np.array([1, 2, 3], dtype=np.float16)
    save_file(some_heads() | {"item.weight": np.zeros((3, 32), dtype=np.float16), "item.bias": bias}, folder / HEADS)
    item = TransformersReader.load(folder).read(evidence((0, 30)))[0].item
    assert item is not None
    assert (item == bias).all()


@pytest.mark.parametrize("heads", [True, False], ids=["heads", "no heads"])
def test_a_compiled_model_reads_what_pytorch_reads(heads: bool, tmp_path: Path) -> None:
    source = tiny.save(tmp_path / "source", tiny.wordpiece())
    if heads:
        save_file(some_heads(), source / HEADS)
    (tmp_path / "compiled").mkdir()
    compile_reader(source, tmp_path / "compiled")
    asked = evidence((0, 30), (5, len(TEXT)))
    one, other = (TransformersReader.load(folder, "float32", LIMITS) for folder in (source, tmp_path / "compiled"))
    for mine, its in zip(one.read(asked), other.read(asked), strict=True):
        assert np.array_equal(mine.offsets, its.offsets)
        for name in ("start", "end", "item", "sentence", "asked"):
            if (due := getattr(mine, name)) is None:
                assert not heads
                assert getattr(its, name) is None
            else:
                np.testing.assert_allclose(getattr(its, name), due, atol=0.01)
    pair = (Said("noon", "", "She met him at noon."), Said("one", "", "At one she met him."))
    due, found = one.compare("When?", [pair]), other.compare("When?", [pair])
    assert (due is None) == (found is None) == (not heads)
    if due is not None and found is not None:
        np.testing.assert_allclose(found, due, atol=0.01)


def test_a_damaged_compiled_model_says_so(tmp_path: Path) -> None:
    source = tiny.save(tmp_path / "source", tiny.wordpiece())
    (tmp_path / "compiled").mkdir()
    compile_reader(source, tmp_path / "compiled")
    with (tmp_path / "compiled" / "graph.bin").open("ab") as file:
        file.truncate(100)
    with pytest.raises(ModelError, match="damaged; delete that folder"):
        TransformersReader.load(tmp_path / "compiled")


def test_folders_that_are_no_reader_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        TransformersReader.load(tmp_path / "nowhere")
    folder = tiny.save(tmp_path / "model", tiny.wordpiece())
    save_file({name: tensor[..., :31] for name, tensor in some_heads().items()}, folder / HEADS)
    with pytest.raises(ModelError, match=r"heads.safetensors has no heads for this model of 32"):
        TransformersReader.load(folder)
    (folder / HEADS).write_bytes(b"not safetensors")
    with pytest.raises(ModelError, match=r"heads.safetensors has no heads for this model of 32"):
        TransformersReader.load(folder)
    (folder / HEADS).unlink()
    (folder / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises(ModelError, match="cannot be read"):
        TransformersReader.load(folder)


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_was_never_trained_for_questions_is_refused(tmp_path: Path) -> None:
    tokenizer = tiny.wordpiece()
    tokenizer.save_pretrained(tmp_path)
    tiny.model(tokenizer).mpnet.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="qa_outputs"):
        TransformersReader.load(tmp_path)
