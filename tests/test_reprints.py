"""Reprints are found through an editor's changes, other articles are not taken for them, and order never matters."""

import os
import random
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from retrieval.reprints import are_reprints, bands, distinct, signature, similarity
from retrieval.types import Hit, Passage
from tests.conftest import ROOT

ARTICLES = [path.read_text("utf-8").split("---", 2)[2].strip() for path in sorted((ROOT / "corpus").glob("2*.md"))]
WORDS = " ".join(ARTICLES).split()
BRIEF = "Ana Ruiz was named foreign minister on Monday, the government of Harwick said."
REPORT = (
    "Shares in Harwick closed higher on Friday, as the main index gained {} percent to {} points. Banks led the way: "
    "Orr and Sons rose {} percent after a good quarter, while Lund Bank added {} percent. A barrel of crude oil cost "
    "{} dollars, {} more than a week before. Turnover was {} million, and of the companies in the index {} lost."
)
parts = st.sampled_from(["one", "two", "three", "Four", "fünf", "6", "7,5", ".", "—", "\n", "\ud800"])
texts = st.lists(parts, max_size=30).map(" ".join)


def candidates(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> bool:
    return not set(bands(one)).isdisjoint(bands(other))


def reprinted(one: str, other: str) -> bool:
    a, b = signature(one), signature(other)
    assert are_reprints(a, b) == are_reprints(b, a)
    return are_reprints(a, b) and candidates(a, b)


def cut(text: str, share: float) -> str:
    """The text without that share of its words at the end."""
    words = list(re.finditer(r"\S+", text))
    return text[: words[round(len(words) * (1 - share)) - 1].end()]


def reworded(text: str, share: float, seed: int = 0) -> str:
    """The text with about that share of its words replaced by others."""
    chance = random.Random(seed)
    return re.sub(r"\S+", lambda word: chance.choice(WORDS) if chance.random() < share else word[0], text)


def in_another_paper(text: str) -> str:
    """The text under another dateline, with a byline, other punctuation and a closing line."""
    text = re.sub(r"^[^.]{,40} — ", "", text).replace("'", "’").replace(", ", " , ")
    return f"By our desk\n\nOSLO, 3 May (Wire) -- {text}\n\nThis report was taken from an agency. All rights reserved."


def report(seed: int) -> str:
    """A text in the same words every week, with other numbers."""
    chance = random.Random(seed)
    return REPORT.format(*(f"{chance.randint(1, 99)}.{chance.randint(10, 99)}" for _ in range(8)))


@pytest.mark.parametrize(
    "edit",
    [
        in_another_paper,
        str.upper,
        lambda text: cut(text, 0.2),
        lambda text: cut(text, 0.4),
        lambda text: cut(text, 0.5),
        lambda text: reworded(text, 0.05),
        lambda text: reworded(text, 0.1),
        lambda text: reworded(cut(text, 0.4), 0.05),
        lambda text: in_another_paper(reworded(cut(text, 0.2), 0.05)),
    ],
)
def test_what_an_editor_does_leaves_a_reprint(edit: Callable[[str], str]) -> None:
    for text in ARTICLES:
        assert reprinted(text, edit(text)), text[:60]


def test_half_of_it_with_a_tenth_of_its_words_replaced_is_mostly_found() -> None:
    found = [reprinted(text, reworded(cut(text, 0.5), 0.1, seed)) for text in ARTICLES for seed in range(4)]
    assert sum(found) >= 0.75 * len(found)


def test_articles_about_the_same_events_and_people_are_no_reprints() -> None:
    signatures = [signature(text) for text in ARTICLES]
    for one, other in combinations(signatures, 2):
        assert similarity(one, other) < 0.05
        assert not candidates(one, other)
        assert not are_reprints(one, other)


def test_reports_in_the_same_words_with_other_numbers_are_no_reprints() -> None:
    signatures = [signature(report(seed)) for seed in range(20)]
    assert all(similarity(one, other) > 0.25 for one, other in combinations(signatures, 2))
    assert not any(are_reprints(one, other) for one, other in combinations(signatures, 2))
    assert reprinted(report(1), cut(report(1), 0.3))


def test_an_update_with_some_new_numbers_is_a_reprint() -> None:
    text = next(text for text in ARTICLES if "3,549" in text)
    assert reprinted(text, text.replace("3,549", "5,021").replace("22,168", "24,300"))


def test_a_text_with_more_numbers_than_the_sketch_holds_is_a_reprint_of_itself_alone() -> None:
    words = [f"station {number} measured {number * 7 + 1000} litres" for number in range(60)]
    others = [f"station {number + 900} measured {number * 7 + 5000} litres" for number in range(60)]
    assert reprinted(". ".join(words), ". ".join(words[:30]))
    assert not are_reprints(signature(". ".join(words)), signature(". ".join(others)))


def test_a_digest_of_three_articles_is_no_reprint_of_any() -> None:
    digest = signature("\n\n".join(ARTICLES[:3]))
    assert not any(are_reprints(digest, signature(text)) for text in ARTICLES[:3])


def test_of_short_texts_only_equal_ones_are_reprints() -> None:
    assert reprinted(BRIEF, BRIEF.replace(",", " —").upper())
    assert not reprinted(BRIEF, BRIEF.replace("Ana Ruiz", "Bo Lund"))
    assert not reprinted(BRIEF, f"{BRIEF} He is 40.")
    assert reprinted("Talks end", "Talks: end!")
    assert not reprinted("Talks end", "Talks end today")
    assert not reprinted("Talks end", "Talks begin")


@pytest.mark.parametrize("empty", ["", " \n", "… — !"])
def test_a_text_without_a_word_is_a_reprint_of_nothing(empty: str) -> None:
    nothing = signature(empty)
    assert bands(nothing) == ()
    for other in (nothing, signature(BRIEF)):
        assert similarity(nothing, other) == similarity(other, nothing) == 0
        assert not are_reprints(nothing, other)
        assert not are_reprints(other, nothing)


@given(texts, texts)
def test_comparing_is_symmetric_and_a_text_is_its_own_reprint(one: str, other: str) -> None:
    a, b = signature(one), signature(other)
    assert a.dtype == np.uint32
    assert a.shape == (225,)
    assert 0 <= similarity(a, b) == similarity(b, a) <= 1
    assert are_reprints(a, b) == are_reprints(b, a)
    assert are_reprints(a, signature(one)) == bool(a[0]) == (similarity(a, a) == 1) == bool(bands(a))
    assert all(-(2**63) <= key < 2**63 for key in bands(a))
    assert len(set(bands(a))) == len(bands(a))


def test_estimates_are_near_the_truth() -> None:
    chance = random.Random(1)
    for shared in (40, 200, 320):
        common, ours, theirs = (
            [f"{chance.getrandbits(64):x}" for _ in range(size)] for size in (shared, 400 - shared, 400 - shared)
        )
        estimate = similarity(signature(" ".join(common + ours)), signature(" ".join(common + theirs)))
        assert abs(estimate - shared / (800 - shared)) < 0.15


def test_keys_are_the_same_in_every_process_and_version() -> None:
    code = f"from retrieval.reprints import *; print(bands(signature({BRIEF!r}))[:2])"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True, text=True
        )
        assert done.stdout == "(8747614925367674111, 915398942611259343)\n"


def hit(number: int, article_id: str, text: str) -> Hit:
    return Hit(Passage(number, article_id, 0, len(text)), text, 1 / (number + 1), number, None, 0.0, 0.0)


LONG = "Ana Ruiz met Bo Lund in Caracas on Tuesday, and 14 ministers of both countries signed accords on oil and trade."
LATER = LONG.replace("14", "15")
SHIFTED = "Then they left. On Tuesday, 14 ministers of both countries signed accords on oil and trade in Caracas."
GROUPS = {"a": "a", "b": "a", "c": "c"}


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (("a", LONG), ("b", LONG.upper()), 1),
        (("b", LONG), ("a", SHIFTED), 1),
        (("a", LONG), ("b", LONG + " The opposition called the visit a piece of theatre, as it had done before."), 2),
        (("a", LONG), ("b", LATER), 2),
        (("a", LONG), ("a", LONG), 2),
        (("a", LONG), ("c", LONG), 2),
        (("a", "—"), ("b", "—"), 2),
    ],
)
def test_a_hit_goes_where_a_better_one_of_a_reprint_says_it(
    first: tuple[str, str], second: tuple[str, str], kept: int
) -> None:
    hits = [hit(0, *first), hit(1, *second)]
    assert distinct(hits, GROUPS) == hits[:kept]


def test_the_signature_of_a_long_article_takes_little_more_memory_than_its_words() -> None:
    text = " ".join(str(number) for number in range(60_000))
    signature("so that what is made once is made")
    tracemalloc.start()
    try:
        signature(text)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # of 192 minima, 60,000 times
    assert most < 60_000 * 192 * 8 / 2


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.sampled_from("pqrstuvw1")).map(sorted)), max_size=9))
def test_only_what_a_kept_reprint_says_is_left_out(drawn: list[tuple[str, list[str]]]) -> None:
    hits = [hit(number, id, " ".join(words)) for number, (id, words) in enumerate(drawn)]
    kept = distinct(hits, GROUPS)
    assert kept == [each for each in hits if each in kept]
    for number, each in enumerate(hits):
        words = set(each.text.split())
        rivals = [better for better in hits[:number] if better in kept]
        rivals = [better for better in rivals if {better.passage.article_id, each.passage.article_id} == {"a", "b"}]
        known = [words & set(better.text.split()) for better in rivals]
        repeats = any(words and len(both) >= 0.7 * len(words) and ("1" in both) == ("1" in words) for both in known)
        assert (each in kept) != repeats
