"""The transformers reader: batches, windows put together, and folders that are no reader."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reader.heads import HEADS, Heads
from reader.inputs import Context, Limits, windows
from reader.model import TransformersReader, batches, collate
from reader.pairs import Said
from retrieval.errors import ModelError
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
    return Evidence(hits, {"a": article}, {"a": "a"}, 1)


def tiny_reader(limits: Limits = LIMITS, batch_tokens: int = 8192, items: bool = True) -> TransformersReader:
    tokenizer = tiny.wordpiece()
    model = tiny.model(tokenizer)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(SCALE if parameter.ndim == 2 else 1.0)
    return TransformersReader(model, tokenizer, Heads(32) if items else None, limits, batch_tokens)


def test_one_reading_for_each_hit_in_order_whatever_the_batches() -> None:
    asked = evidence((0, 30), (32, 200), (64, 70))
    torch.manual_seed(1)
    whole = tiny_reader().read("Who met?", asked)
    torch.manual_seed(1)
    pieces = tiny_reader(batch_tokens=1).read("Who met?", asked)
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
    torch.manual_seed(1)
    reader = tiny_reader(batch_tokens=64)
    chances = reader.compare("When?", [(a, b), (b, a), (a, c)])
    assert chances is not None
    assert chances.shape == (3, 3)
    np.testing.assert_allclose(chances.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(chances[0], chances[1], atol=1e-5)
    assert abs(chances[0] - chances[2]).max() > 1e-4
    assert tiny_reader(items=False).compare("When?", [(a, b)]) is None


def test_a_long_passage_is_one_reading_of_all_its_tokens() -> None:
    (reading,) = tiny_reader().read("Who met?", evidence((5, len(TEXT))))
    letters = {place for start, end in reading.offsets.tolist() for place in range(start, end)}
    assert {place for place in range(5, len(TEXT)) if not TEXT[place].isspace()} == letters
    assert (np.diff(reading.offsets[:, 0]) > 0).all()


def test_a_window_keeps_its_own_score_against_null() -> None:
    """The first token of a long passage is seen by the first window alone: merged, its score is that window's."""
    reader = tiny_reader(items=False)
    hit = evidence((0, len(TEXT))).hits[0]
    (merged,) = reader.read_under("Who met?", [hit], [""])
    first, *more = windows(tiny.wordpiece(), "Who met?", [Context("", TEXT)], LIMITS)
    assert more
    end = int(first.offsets[-1, 1])
    (alone,) = reader.read_under("Who met?", [Hit(Passage(0, "a", 0, end), TEXT[:end], 0.0, 0, None, 0.0, 0.0)], [""])
    score = merged.start[0] + merged.end[0] - merged.null
    assert score == pytest.approx(alone.start[0] + alone.end[0] - alone.null, abs=1e-3)
    assert merged.null <= alone.null + 1e-4


def test_without_a_list_head_there_are_no_items() -> None:
    assert tiny_reader(items=False).read("Who?", evidence((0, 30)))[0].item is None


def test_batches_keep_to_the_budget() -> None:
    made = windows(tiny.wordpiece(), "who", [Context("", "a" * n) for n in (3, 40, 9, 30, 2)], LIMITS)
    cut = list(batches(made, 60))
    assert sorted(w.context for batch in cut for w in batch) == [0, 1, 2, 3, 4]
    assert all(len(batch) == 1 or collate(batch, tiny.wordpiece())["input_ids"].numel() <= 60 for batch in cut)


def test_load_reads_the_heads(tmp_path: Path) -> None:
    folder = tiny.save(tmp_path, tiny.wordpiece())
    assert TransformersReader.load(folder).read("Who?", evidence((0, 30)))[0].item is None
    bias = torch.tensor([1.0, 2.0, 3.0])
    heads = Heads(32)
    with torch.no_grad():
        heads.item.weight.zero_()
        heads.item.bias.copy_(bias)
    save_file({name: tensor.half() for name, tensor in heads.state_dict().items()}, folder / HEADS)
    item = TransformersReader.load(folder).read("Who?", evidence((0, 30)))[0].item
    assert item is not None
    assert (item == bias.numpy()).all()


def test_folders_that_are_no_reader_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nowhere"):
        TransformersReader.load(tmp_path / "nowhere")
    folder = tiny.save(tmp_path / "model", tiny.wordpiece())
    save_file(Heads(31).state_dict(), folder / HEADS)
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
