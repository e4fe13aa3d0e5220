"""Pairs of answers to learn from: written as pairs, or made of the answers of ordinary questions.

alternatives of one answer                      the same
two items of a list                             both right
what two articles of one event say              they differ, unless in the same words
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from reader.pairs import RELATIONS, Said
from reader.train.data import Paragraph, Place, day_of, read_file
from reader.train.headings import compose, real_title
from retrieval.errors import CorpusError
from retrieval.sentences import sentences_around


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two answers to `question`; `relation` is a place in `RELATIONS`."""

    question: str
    one: Said
    other: Said
    relation: int


def read_comparisons(path: Path) -> list[Comparison]:
    """Those of a file of pairs, or of a file of questions, at most one a question. Raises CorpusError."""
    try:
        file: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(file, list):
            return [
                Comparison(pair["question"], _written(pair["a"]), _written(pair["b"]), RELATIONS.index(pair["label"]))
                for pair in file
            ]
        if file.get("answers_are") == "versions":
            return _versions(file, _articles(path.with_name(f"articles_{path.stem.partition('_')[0]}.jsonl")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is not a file of pairs ({error!r}); fix it or take it out.") from error
    made = []
    for question in read_file(path):
        if len(set(question.answers)) > 1 and question.kind != "passage":
            paragraph = question.paragraph
            one, other = _furthest(question.answers, random.Random(question.id))
            relation = RELATIONS.index("same" if question.kind == "one" else "both")
            made.append(Comparison(question.text, _said(paragraph, one), _said(paragraph, other), relation))
    return made


def _furthest(places: Sequence[Place], rng: random.Random) -> tuple[Place, Place]:
    """One of the answers, and the one that stands furthest from it: seldom in the same sentence."""
    one = rng.choice(places)
    return one, max((place for place in places if place != one), key=lambda place: abs(place.start - one.start))


def _written(side: dict[str, Any]) -> Said:
    return Said(side["answer"], compose("", "", day_of(side["date"])), side["sentence"])


def _said(paragraph: Paragraph, place: Place) -> Said:
    spans = sentences_around(paragraph.text, place.start, place.end)
    start, end = spans[0][0], spans[-1][1]
    heading = compose(real_title(paragraph), "", paragraph.published)
    return Said(paragraph.text[place.start : place.end], heading, paragraph.text[start:end].strip())


def _articles(path: Path) -> dict[str, Paragraph]:
    """The articles of a file of JSON lines, by id."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {
        row["id"]: Paragraph(row["id"], row.get("title") or "", row["text"], day_of(row.get("date"))) for row in rows
    }


def _versions(file: dict[str, Any], articles: dict[str, Paragraph]) -> list[Comparison]:
    """Each answer of a question beside the next one's."""
    made = []
    for entry in file["data"]:
        for asked in (asked for paragraph in entry["paragraphs"] for asked in paragraph["qas"]):
            said = [
                _said(
                    articles[answer["article"]],
                    Place(answer["answer_start"], answer["answer_start"] + len(answer["text"])),
                )
                for answer in asked["answers"]
                if answer["article"] in articles
            ]
            for one, other in pairwise(said):
                same = one.answer.casefold() == other.answer.casefold()
                relation = RELATIONS.index("same" if same else "differ")
                made.append(Comparison(asked["question"], one, other, relation))
    return made
