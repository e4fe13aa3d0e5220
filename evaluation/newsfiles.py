"""News and questions about it, read from a folder of SQuAD-shaped files.

articles_{dev,train}.jsonl   the articles: id, title, date, source, cluster (the event), text
dev_NAME.json                questions, each below its article; what `answers_are` (see `_due`)
dev_turns.json               conversations: each turn as it was typed, and in words that stand alone
{dev,train}_contrast.json    questions about short passages, which are articles of a collection of their own
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from evaluation.scoring import taken_for_right
from reader.types import Kind
from retrieval.errors import CorpusError, reason
from retrieval.types import Article, Turn


@dataclass(frozen=True, slots=True)
class Collection:
    """Articles that are searched together, by id, and for each the event that it is about."""

    articles: Mapping[str, Article]
    events: Mapping[str, str]

    @property
    def newest(self) -> date | None:
        """The last day on which an article appeared; None where no day is known."""
        return max(
            (each.published.date() for each in self.articles.values() if each.published is not None), default=None
        )

    def about(self, event: str) -> frozenset[str]:
        """The articles about an event."""
        return frozenset(article for article, other in self.events.items() if other == event)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one `article`, asked on the `day` of it, or, where that is unknown, on that of the newest one.

    `due` has each answer, item of a list, sentence that tells, or version where articles differ, in every form that is
    right; it is empty where nothing answers the question. `same_event` are the articles about the event of the
    `article`.
    """

    id: str
    text: str
    article: Article
    day: date | None
    event: str
    same_event: frozenset[str]
    due: tuple[tuple[str, ...], ...]
    wants: Literal["one", "list", "passage"]

    @property
    def kind(self) -> Kind:
        """What is to be answered."""
        if not self.due:
            return "none"
        if self.wants != "one":
            return self.wants
        return "differing" if len(self.due) > 1 else "span"

    @property
    def forms(self) -> list[str]:
        """Every text that is right."""
        return [form for forms in self.due for form in forms]


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """A question of a conversation, as it was `typed` and in words that stand alone, and the turns `before` it, oldest
    first, with their right answers.

    Before the `first` of a conversation stands another conversation, from which the subject changes.
    """

    typed: Asked
    standalone: Asked
    before: tuple[Turn, ...]
    first: bool

    @property
    def leans(self) -> bool:
        """Whether what was typed leans on the turns before it."""
        return self.typed.text != self.standalone.text


def news_articles(folder: Path) -> Collection:
    """The articles of both splits. Raises CorpusError."""
    entries: list[Mapping[str, Any]] = []
    for split in ("dev", "train"):
        with _reading(path := folder / f"articles_{split}.jsonl"), path.open(encoding="utf-8") as lines:
            entries += map(json.loads, lines)
    with _reading(folder):
        return _collection((entry, entry["text"]) for entry in entries)


def contrast_passages(folder: Path) -> Collection:
    """The passages of the contrast sets of both splits. Raises CorpusError."""
    entries: list[Mapping[str, Any]] = []
    for split in ("dev", "train"):
        with _reading(path := folder / f"{split}_contrast.json"):
            entries += json.loads(path.read_text(encoding="utf-8"))["data"]
    with _reading(folder):
        return _collection((entry, paragraph["context"]) for entry in entries for paragraph in entry["paragraphs"])


def questions(path: Path, collection: Collection) -> list[Asked]:
    """The questions of one file about articles of the collection; every answer is where the file says.

    Raises CorpusError.
    """
    with _reading(path):
        file: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return [
            _asked(item, file["answers_are"], _article(entry, paragraph, collection), collection)
            for entry in file["data"]
            for paragraph in entry["paragraphs"]
            for item in paragraph["qas"]
        ]


def conversations(path: Path, collection: Collection) -> list[tuple[AskedTurn, ...]]:
    """The conversations of one file about articles of the collection. Raises CorpusError."""
    with _reading(path):
        file: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        told = [
            [_turn(item["id"], number, turn, file["answers_are"], article, collection)
             for number, turn in enumerate(item["turns"])]
            for entry in file["data"]
            for paragraph in entry["paragraphs"]
            for article in [_article(entry, paragraph, collection)]
            for item in paragraph["qas"]
        ]  # fmt: skip
    said = [[_said(typed) for typed, _ in turns] for turns in told]
    return [
        tuple(
            AskedTurn(typed, standalone, tuple(said[number][:at] if at else said[number - 1]), first=at == 0)
            for at, (typed, standalone) in enumerate(turns)
        )
        for number, turns in enumerate(told)
    ]


def _turn(
    id: str, number: int, turn: Mapping[str, Any], answers_are: str, article: Article, collection: Collection
) -> tuple[Asked, Asked]:
    """The turn as it was typed, and in words that stand alone."""
    item = {**turn, "id": f"{id}:{number}", "list": len(turn["answers"]) > 1}
    typed = _asked(item, answers_are, article, collection)
    return typed, replace(typed, text=turn["standalone"])


def _said(asked: Asked) -> Turn:
    return Turn(asked.text, tuple(forms[0] for forms in asked.due), (asked.article.id,) if asked.due else ())


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Says of which file an error is."""
    try:
        yield
    except OSError as error:
        raise CorpusError(
            f"{path} cannot be read ({reason(error)}); name a folder of articles_dev.jsonl, dev_single.json and so on."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CorpusError(f"{path} does not have the format that this benchmark reads: {what}.") from error


def _collection(entries: Iterable[tuple[Mapping[str, Any], str]]) -> Collection:
    articles, events = {}, {}
    for entry, text in entries:
        key = entry["id"]
        published = datetime.fromisoformat(entry["date"]).replace(tzinfo=UTC) if entry["date"] else None
        articles[key] = Article(key, entry["title"], entry["source"], None, published, None, key, text)
        events[key] = entry["cluster"] or key
    return Collection(articles, events)


def _article(entry: Mapping[str, Any], paragraph: Mapping[str, Any], collection: Collection) -> Article:
    article = collection.articles[entry["id"]]
    if article.text != paragraph["context"]:
        raise ValueError(f"the context of {article.id} is not the text of the article with this id")
    return article


def _asked(item: Mapping[str, Any], answers_are: str, article: Article, collection: Collection) -> Asked:
    answers = [] if item.get("is_impossible") else item["answers"]
    for answer in answers:
        text, start = collection.articles[answer.get("article", article.id)].text, answer["answer_start"]
        if text[start : start + len(answer["text"])] != answer["text"]:
            raise ValueError(f"answer {answer['text']!r} of question {item['id']} is not at {start}")
    event = collection.events[article.id]
    wants: Literal["one", "list", "passage"] = "list" if item.get("list", answers_are == "all") else "one"
    if answers_are.startswith("sentences") and not item.get("phrase"):
        wants = "passage"
    texts = [answer["text"] for answer in answers]
    return Asked(
        id=item["id"],
        text=item["question"],
        article=article,
        day=collection.newest if article.published is None else article.published.date(),
        event=event,
        same_event=collection.about(event),
        due=_due(texts, answers_are if wants == "one" else "all"),
        wants=wants,
    )


def _due(texts: list[str], answers_are: str) -> tuple[tuple[str, ...], ...]:
    """Texts that say the same as one answer in several forms.

    "all": "Locke", "Salazar" -> ("Locke",), ("Salazar",)
    "versions": "nearly 300,000", "250,000", "300,000" -> ("nearly 300,000", "300,000"), ("250,000",)
    "alternatives", which is what all others are: "70,000", "more than 70,000" -> ("70,000", "more than 70,000")
    """
    if answers_are == "all":
        return tuple((text,) for text in texts)
    if answers_are != "versions":
        return (tuple(texts),) if texts else ()
    versions: list[list[str]] = []
    for text in dict.fromkeys(texts):
        known = (version for version in versions if taken_for_right(text, version[:1]))
        version = next(known, None)
        if version is None:
            versions.append([text])
        else:
            version.append(text)
    return tuple(map(tuple, versions))
