"""Which answers say the same: by their words where these are plain, else by the model that reads both."""

import pytest

from reader.confidence import Features
from reader.merging import Candidate, Judge, far_apart, merged
from reader.pairs import Said, pair_ids
from reader.pytorch import bare_tokenizer
from reader.types import Span
from tests import tiny
from tests.test_aggregate import Comparing, evidence_of, passage, reading


def candidates(*texts: str) -> list[Candidate]:
    """Each of these in an article of its own."""
    hits = [passage(number, f"{number}", f"It was {text} then") for number, text in enumerate(texts)]
    none = Features(0.0, 0.0, 0.0, 0.0)
    return [
        Candidate(Span(hit, 7, 7 + len(text), 0.0), text, none, 0.9 - number / 100)
        for number, (hit, text) in enumerate(zip(hits, texts, strict=True))
    ]


def judge(offered: list[Candidate], reader: Comparing) -> Judge:
    return Judge(evidence_of([reading(each.span.hit, {}) for each in offered]), reader)


def groups(reader: Comparing, *texts: str) -> list[list[str]]:
    offered = candidates(*texts)
    return [[each.text for each in finding.same] for finding in merged(offered, judge(offered, reader))]


def test_the_model_says_which_names_are_one() -> None:
    one = Comparing(same=[("Lavrov", "Sergei Lavrov"), ("Kyiv", "Kiev")])
    assert groups(one, "Lavrov", "Kyiv", "Sergei Lavrov", "Kiev") == [["Lavrov", "Sergei Lavrov"], ["Kyiv", "Kiev"]]
    assert groups(Comparing(), "Sudan", "South Sudan") == [["Sudan"], ["South Sudan"]]


def test_the_same_words_are_not_read() -> None:
    reader = Comparing()
    assert groups(reader, "3,549 people", "3549 people", "about 3,549 people") == [
        ["3,549 people", "3549 people", "about 3,549 people"]
    ]
    assert groups(reader, "70", "Oslo", "Ana Ruiz") == [["70"], ["Oslo"], ["Ana Ruiz"]]
    assert reader.compared == 0


def test_a_pair_is_read_once() -> None:
    reader = Comparing(differ=[("Ana Ruiz", "Ana Lund")])
    one, other = offered = candidates("Ana Ruiz", "Ana Lund")
    asked = judge(offered, reader)
    assert [asked.differ(one, other), asked.differ(other, one), asked.same(one, other)] == [True, True, False]
    assert reader.compared == 1


class Headless(Comparing):
    """A model that has no head for pairs."""

    def compare(self, question: str, pairs: object) -> None:  # type: ignore[override]
        return None


def test_a_model_that_cannot_tell_merges_the_same_words_alone() -> None:
    assert groups(Headless(), "Lavrov", "the Lavrov", "Sergei Lavrov") == [["Lavrov", "the Lavrov"], ["Sergei Lavrov"]]


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("more than 100,000", "200,000", True),
        ("612 people", "340", True),
        ("about 100", "98", False),
        ("3 days", "72 hours", False),
        ("$2 million", "200 million euros", True),
        ("Oslo", "12", False),
    ],
)
def test_numbers_far_apart_are_not_the_same_whatever_the_model_says(one: str, other: str, apart: bool) -> None:
    first, second = offered = candidates(one, other)
    assert far_apart(first, second) == far_apart(second, first) == apart
    asked = judge(offered, Comparing(same=[(one, other)]))
    assert asked.same(first, second) is not apart
    assert asked.differ(first, second) is apart


def test_both_sides_are_in_one_input_each_cut_at_its_limit() -> None:
    tokenizer = bare_tokenizer(tiny.wordpiece())
    side = Said("the", "at", "who met in the " * 90)
    ids = pair_ids(tokenizer, "who met ?", Said("met", "", "who met"), side)
    pieces = [tokenizer.id_to_token(id) for id in ids]
    assert pieces[:13] == ["<s>", "who", "met", "?", "</s>", "</s>", "met", "|", "who", "met", "</s>", "</s>", "the"]
    assert (pieces[-1], len(ids)) == ("</s>", 12 + 128 + 1)
