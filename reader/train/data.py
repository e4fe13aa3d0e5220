"""The training questions: SQuAD-shaped JSON files, read as they are.

Each file says under `answers_are` whether its answers are alternatives (any one is right) or all required (a list).
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from retrieval.errors import CorpusError

_CONJUNCTION = re.compile(r",? (?:and|as well as) |, ")
_ASKS_FOR_SEVERAL = re.compile(r"\b(?:what|which|who|whose|whom|name)\b", re.IGNORECASE)
_MAX_WORDS_OF_AN_ITEM = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a text: code points, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`name` is unique within a folder of files: the file's stem, and the paragraph's number in it."""

    name: str
    title: str
    text: str

    @property
    def source(self) -> str:
        """The stem of the file that it is from."""
        return self.name.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class Question:
    """`answers` are alternatives, or, where `listed`, the items that together are the answer; empty: not answerable."""

    id: str
    text: str
    paragraph: Paragraph
    answers: tuple[Place, ...]
    listed: bool


def read_folder(folder: Path) -> dict[str, list[Question]]:
    """The questions of every `*.json` of `folder`, by the file's stem. Raises CorpusError."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise CorpusError(f"{folder} has no .json file; name a folder of SQuAD-shaped question files.")
    return {path.stem: read_file(path) for path in paths}


def read_file(path: Path) -> list[Question]:
    """The questions of one file, in its order; offsets are checked. Raises CorpusError."""
    try:
        file: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        listed = file.get("answers_are", "alternatives") != "alternatives"
        paragraphs = [(entry, paragraph) for entry in file["data"] for paragraph in entry["paragraphs"]]
        return [
            _question(item, Paragraph(f"{path.stem}:{number}", str(entry["title"]), paragraph["context"]), listed)
            for number, (entry, paragraph) in enumerate(paragraphs)
            for item in paragraph["qas"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is no SQuAD-shaped question file ({error!r}); mend it or take it out.") from error


def _question(item: Mapping[str, Any], paragraph: Paragraph, listed: bool) -> Question:
    places = []
    for answer in [] if item.get("is_impossible") else item["answers"]:
        place = Place(answer["answer_start"], answer["answer_start"] + len(answer["text"]))
        if paragraph.text[place.start : place.end] != answer["text"]:
            raise ValueError(f"answer {answer['text']!r} of question {item['id']} is not at {place.start}")
        places.append(place)
    return Question(str(item["id"]), item["question"], paragraph, tuple(places), listed)


def consensus(question: Question) -> Place:
    """The alternative that most annotators gave; the shortest of these."""
    texts = Counter(question.paragraph.text[place.start : place.end] for place in question.answers)
    return max(
        question.answers,
        key=lambda place: (texts[question.paragraph.text[place.start : place.end]], place.start - place.end),
    )


def conjunction(question: Question) -> Question | None:
    """A question whose one answer is a short enumeration, as a list question; None where it is not.

    "What did they grow?" - "tobacco, indigo and rice" -> "tobacco", "indigo", "rice"

    Real lists are rare in the data (about 750 with two items or more). Numbers stay whole ("March 5, 1918"), and so do
    answers to "when", "where" and "how", where a comma seldom parts two answers ("Ryazan, Russia").
    """
    if question.listed or not question.answers or not _ASKS_FOR_SEVERAL.search(question.text):
        return None
    whole = consensus(question)
    text = question.paragraph.text[whole.start : whole.end]
    edges = [(0, 0), *(match.span() for match in _CONJUNCTION.finditer(text)), (len(text), len(text))]
    items = [
        Place(whole.start + before[1], whole.start + after[0])
        for before, after in pairwise(edges)
        if after[0] > before[1]
    ]
    words = [len(question.paragraph.text[item.start : item.end].split()) for item in items]
    if len(items) < 2 or any(character.isdigit() for character in text) or max(words) > _MAX_WORDS_OF_AN_ITEM:
        return None
    if " and " not in text and len(items) < 3:
        return None
    return Question(f"{question.id}:items", question.text, question.paragraph, tuple(items), True)


def paragraphs_of(questions: Sequence[Question]) -> list[Paragraph]:
    """Each paragraph once, in the order of the questions."""
    return list({question.paragraph.name: question.paragraph for question in questions}.values())
