"""The training questions: SQuAD-shaped JSON files, read as they are.

Each file says under `answers_are` whether its answers are alternatives (any one is right) or all required (a list, or
the sentences that answer together); a question may say for itself (`"list": true`, `"phrase": true`).
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from retrieval.errors import CorpusError

Kind = Literal["one", "list", "passage"]
KINDS: tuple[Kind, ...] = ("one", "list", "passage")

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
    """`name` is unique within a folder of files: the file's stem, and the paragraph's number in it.

    `cluster` is the event that an article is about, and `published` its date, where the file tells them.
    """

    name: str
    title: str
    text: str
    published: datetime | None = None
    cluster: str | None = None

    @property
    def source(self) -> str:
        """The stem of the file that it is from."""
        return self.name.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a paragraph; no answers: it does not say.

    `kind` tells what `answers` are: "one", alternatives; "list", the items that together are the answer; "passage",
    whole sentences that together are. In a conversation `text` stands alone, `typed` is what was typed, and `earlier`
    are the questions before it with their answers, oldest first.
    """

    id: str
    text: str
    paragraph: Paragraph
    answers: tuple[Place, ...]
    kind: Kind = "one"
    typed: str = ""
    earlier: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def listed(self) -> bool:
        """Whether all of the answers are due."""
        return self.kind == "list"


def read_file(path: Path) -> list[Question]:
    """The questions of one file, in its order; offsets are checked. Raises CorpusError.

    Of a file of conversations each turn is read as it would be asked alone; of answers that differ from article to
    article, each entry's own.
    """
    try:
        file: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        answers_are = str(file.get("answers_are", "alternatives"))
        paragraphs = [(entry, paragraph) for entry in file["data"] for paragraph in entry["paragraphs"]]
        return [
            _question(item, _paragraph(path.stem, number, entry, paragraph), answers_are)
            for number, (entry, paragraph) in enumerate(paragraphs)
            for asked in paragraph["qas"]
            for item in _turns(asked)
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"{path} is not a SQuAD-shaped question file ({error!r}); fix it or take it out.") from error


def day_of(written: str | None) -> datetime | None:
    """The day that a data file writes, "2024-05-01"; None where it writes none."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC) if written else None


def _paragraph(file: str, number: int, entry: Mapping[str, Any], paragraph: Mapping[str, Any]) -> Paragraph:
    return Paragraph(
        name=f"{file}:{number}",
        title=str(entry["title"] or ""),
        text=paragraph["context"],
        published=day_of(entry.get("date")),
        cluster=entry.get("cluster"),
    )


def _turns(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A question by itself, or the turns of a conversation, each in the words that stand alone."""
    if "turns" not in item:
        return [item]
    return [
        {
            **turn,
            "id": f"{item['id']}:{number}",
            "question": turn.get("standalone") or turn["question"],
            "typed": turn["question"],
            "earlier": [(each["question"], [a["text"] for a in each["answers"]]) for each in item["turns"][:number]],
        }
        for number, turn in enumerate(item["turns"])
    ]


def _question(item: Mapping[str, Any], paragraph: Paragraph, answers_are: str) -> Question:
    places = []
    for answer in [] if item.get("is_impossible") else item["answers"]:
        place = Place(answer["answer_start"], answer["answer_start"] + len(answer["text"]))
        if paragraph.text[place.start : place.end] != answer["text"]:
            if answers_are == "versions":  # of another article
                continue
            raise ValueError(f"answer {answer['text']!r} of question {item['id']} is not at {place.start}")
        places.append(place)
    earlier = tuple((asked, tuple(answers)) for asked, answers in item.get("earlier", ()))
    kind = _kind(item, answers_are, len(places))
    return Question(str(item["id"]), item["question"], paragraph, tuple(places), kind, item.get("typed", ""), earlier)


def _kind(item: Mapping[str, Any], answers_are: str, answers: int) -> Kind:
    if item.get("phrase") or answers_are == "versions":
        return "one"
    if answers_are.startswith("sentences"):
        return "passage"
    if "kind" in item:
        return KINDS[KINDS.index(item["kind"])]
    if "list" in item:
        return "list" if item["list"] else "one"
    if answers_are.startswith("alternatives"):
        return "one"
    # of "all" alone, a file of many kinds of questions, one answer is just an answer
    return "list" if answers > 1 or "(a list)" in answers_are else "one"


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

    Real lists are rare in the data. Numbers stay whole ("March 5, 1918"), and so do answers to "when", "where" and
    "how", where a comma seldom parts two answers ("Ryazan, Russia").
    """
    if question.kind != "one" or not question.answers or not _ASKS_FOR_SEVERAL.search(question.text):
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
    return Question(f"{question.id}:items", question.text, question.paragraph, tuple(items), "list")


def paragraphs_of(questions: Sequence[Question]) -> list[Paragraph]:
    """Each paragraph once, in the order of the questions."""
    return list({question.paragraph.name: question.paragraph for question in questions}.values())
