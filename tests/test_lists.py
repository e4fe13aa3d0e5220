"""The parts of enumerations, and which items make a list."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.conjuncts import conjuncts, others_beside
from tests.test_aggregate import asking, passage, read, reading, texts


def parts(text: str) -> list[str]:
    return [text[start:end] for start, end in conjuncts(text, 0, len(text))]


def beside(text: str, part: str) -> list[str]:
    start = text.index(part)
    found = others_beside(text, (0, len(text)), (start, start + len(part)))
    return [text[left:right] for left, right in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("defence, energy, finance, trade and agriculture", ["defence", "energy", "finance", "trade", "agriculture"]),
        ("Ana Ruiz, Bo and Cy Orr", ["Ana Ruiz", "Bo", "Cy Orr"]),
        ("Cuba and Nicaragua", ["Cuba", "Nicaragua"]),
        ("Cuba and the United States", ["Cuba", "the United States"]),
        ("agriculture and economic matters", ["agriculture", "economic matters"]),
        ("agriculture, medicine, and other areas", ["agriculture", "medicine"]),
        ("tourism,", ["tourism"]),
        (", and Bo", ["Bo"]),
        ("Trinidad and Tobago and Saint Lucia", ["Trinidad and Tobago", "Saint Lucia"]),
        ("Peru, Saint Vincent and the Grenadines and Chad", ["Peru", "Saint Vincent and the Grenadines", "Chad"]),
        (", ", []),
        ("", []),
    ],
)
def test_an_enumeration_is_its_conjuncts(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Antigua and Barbuda",
        "Bosnia and Herzegovina",
        "the Food and Agriculture Organization",
        "Ministry of Trade and Industry",
        "Sergei Lavrov, Russia's foreign minister",
        "Antalya, Turkey",
        "Ana Ruiz, the mayor, and her driver",
        "3,549",
        "it brought nothing at all to the people and they left",
    ],
)
def test_what_is_one_thing_stays_whole(text: str) -> None:
    assert parts(text) == [text]


WORDS = st.sampled_from(["Ana", "Bo", "trade", "the", "and", ",", ", and", "or", ";", "Tobago", "Trinidad", "of", "é"])


def test_white_space_before_a_comma_is_no_part_of_a_conjunct() -> None:
    assert parts("Ana , Bo , and Cy") == ["Ana", "Bo", "Cy"]


@given(st.lists(WORDS).map(" ".join) | st.text(), st.data())
def test_parts_are_slices_in_order_that_leave_out_only_separators(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    at, left_out = start, ""
    for left, right in conjuncts(text, start, end):
        assert at <= left < right <= end
        assert text[left:right] == text[left:right].strip()
        left_out, at = left_out + text[at:left], right
    left_out += text[at:end]
    if "other" not in left_out and "etc" not in left_out:
        assert re.fullmatch(r"(?:[\s,;:–—]|\b(?:and|or|as well as)\b|many|several|so on|more)*", left_out) is not None


@pytest.mark.parametrize(
    ("text", "part", "others"),
    [
        ("It covers three ports: Odesa, Chornomorsk and Pivdennyi, which ...", "Odesa", ["Chornomorsk", "Pivdennyi"]),
        ("It covers three ports: Odesa, Chornomorsk and Pivdennyi, which ...", "Pivdennyi", ["Odesa", "Chornomorsk"]),
        ("Here came Ana Ruiz of Peru, Bo Lund of Chad and Cy Orr of Fiji.", "Bo Lund", ["Ana Ruiz", "Cy Orr"]),
        ("It went on to Peru, Chad and Fiji and ended on Friday.", "Chad", ["Peru", "Fiji"]),
        ("They were signed, on tourism, trade and public health.", "trade", ["tourism", "public health"]),
        ("Work goes on in energy, trade and medicine, among others.", "trade", ["energy", "medicine"]),
        ("Work goes on in energy, trade, medicine, and other fields.", "trade", ["energy", "medicine"]),
        ("Ana, Bo (by letter), and Cy came.", "Ana", ["Bo", "Cy"]),
    ],
)
def test_the_other_conjuncts(text: str, part: str, others: list[str]) -> None:
    assert beside(text, part) == others


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Ana Ruiz met Bo Lund.", "Bo Lund"),
        ("Ana Ruiz, the mayor, met Bo Lund.", "Ana Ruiz"),
        ("On Monday, Ana Ruiz left, but Bo stayed.", "Ana Ruiz"),
        ("Ana came, Bo Lund left and nobody said why.", "Bo Lund"),
    ],
)
def test_where_nothing_is_enumerated_there_are_no_others(text: str, part: str) -> None:
    assert beside(text, part) == []


@given(st.lists(WORDS).map(" ".join), st.data())
def test_others_are_slices_of_the_sentence_in_order_beside_the_part(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = others_beside(text, (0, len(text)), (start, end))
    assert found == sorted(found)
    places = sorted([*found, (start, end)])
    assert all(0 <= left <= right <= len(text) for left, right in places)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(places))


def test_a_list_takes_in_the_whole_enumeration() -> None:
    hit = passage(0, "a", "It covers three ports: Odesa, Chornomorsk and Pivdennyi for now")
    findings = read(asking([reading(hit, {"Odesa": 2.0, "Pivdennyi": 1.0})], list=1.0))
    assert texts(findings) == ["Odesa", "Chornomorsk", "Pivdennyi"]
    assert [hit.text[f.best.span.start : f.best.span.end] for f in findings.found] == texts(findings)


@pytest.mark.parametrize(("score", "listed"), [(1.0, ["Ana Ruiz", "Bo Lund"]), (1.2, ["Ana Ruiz", "Bo Lund", "Cy"])])
def test_what_only_another_source_says_must_be_sure(score: float, listed: list[str]) -> None:
    main = reading(passage(0, "a", "There were Ana Ruiz as well as one Bo Lund too"), {"Ana Ruiz": 1.0, "Bo Lund": 0.5})
    other = reading(passage(1, "b", "So was Cy there"), {"Cy": score})
    assert texts(read(asking([main, other], list=1.0))) == listed
