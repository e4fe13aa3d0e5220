"""Broad questions: which sentences tell."""

from dataclasses import replace

from reader.sentence_answers import best_sentences, sentence_candidates
from retrieval.types import Hit
from tests.test_aggregate import PLAIN, asking, evidence_of, passage, read, reading, texts

TEXT = "The talks were held in Oslo. They took two days. Nobody was pleased. A new round is planned."


def test_neighbours_are_told_in_one_piece_and_what_stands_apart_in_another() -> None:
    hit = passage(0, "a", TEXT)
    found = asking([reading(hit, {}, {"They took two days.": 2.0, "Nobody was pleased.": 3.0})], passage=1.0)
    findings = read(found)
    assert (findings.kind, texts(findings)) == ("passage", ["They took two days. Nobody was pleased."])
    apart = asking([reading(hit, {}, {"The talks were held in Oslo.": 3.0, "Nobody was pleased.": 2.0})], passage=1.0)
    assert texts(read(apart)) == ["The talks were held in Oslo.", "Nobody was pleased."]


def test_at_most_three_sentences_are_told_those_of_the_best_article_first() -> None:
    every = {part.strip() + ".": 2.0 for part in TEXT.rstrip(".").split(".")}
    found = asking(
        [
            reading(passage(0, "a", "In Oslo they talked once more."), {}, {"In Oslo they talked once more.": 2.5}),
            reading(passage(1, "b", TEXT), {}, every | {"Nobody was pleased.": 3.0}),
        ],
        passage=1.0,
    )
    pieces = texts(read(found))
    assert sum(piece.count(".") for piece in pieces) == 3
    assert pieces[-1] != "In Oslo they talked once more."


def test_nothing_is_told_where_no_sentence_is_likely() -> None:
    hit = passage(0, "a", TEXT)
    weak = reading(hit, {}, {"They took two days.": -0.4})
    assert (read(asking([weak], passage=1.0)).kind, read(asking([weak], passage=1.0)).certain) == ("passage", False)
    assert read(asking([reading(hit, {}, {"They took two days.": -2.0})], passage=1.0)).kind == "none"


def test_a_sentence_that_overlapping_passages_hold_is_offered_once() -> None:
    first = passage(0, "a", TEXT)
    second = replace(first, passage=replace(first.passage, id=1, start=29), text=TEXT[29:])
    readings = [reading(first, {}, {"They took two days.": 1.0}), shifted(second, 2.0)]
    offered = sentence_candidates(readings, evidence_of(readings[:1]), PLAIN)
    assert [candidate.text for candidate in offered].count("They took two days.") == 1
    assert (offered[0].text, offered[0].span.start, offered[0].span.score) == ("They took two days.", 29, 2.0)
    assert best_sentences([], 0.5, evidence_of(readings[:1])) == []


def shifted(hit: Hit, score: float):  # type: ignore[no-untyped-def]
    """A reading of a passage that begins within its article."""
    made = reading(hit, {}, {"They took two days.": score})
    return replace(made, offsets=made.offsets + hit.passage.start)
