"""From questions to training examples: which passages are read for a question, under which headings.

Every example is a function of the seed, the draw and the question, so the same data is prepared again from the same
recipe. An article of news is cut into passages as it is in use; a paragraph of a question set, into a run of sentences.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from reader.train.data import Paragraph, Place, Question, consensus, paragraphs_of
from reader.train.headings import draw, real_title
from reader.train.traps import Reading, names_in, near_miss, retitled, situated
from retrieval.conversation import in_conversation
from retrieval.passages import SHAPE, split
from retrieval.sentences import sentence_spans
from retrieval.types import Turn

_MIN_WORDS = 40
_SWAPPABLE_PER_FILE = 20_000
_ITEM_PASSAGES = 4  # of one article with a list, at most so many of those that hold items
_TYPED = 0.2  # of all examples that stand alone
_UNTYPED = str.maketrans("", "", "'’?")


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the passages that it is read from; its spans are normalised over all of them together.

    In a reading of a list all answers are items, else the first is the one to tag as its only item.
    """

    question: Question
    readings: tuple[Reading, ...]
    leans: bool | None = None  # on a conversation; None where there was none


class Maker:
    """Makes examples; it knows all paragraphs, for negatives, titles and names to swap."""

    def __init__(
        self, questions: Mapping[str, Sequence[Question]], negatives: Mapping[str, Sequence[Reading]], seed: int
    ) -> None:
        """`questions` by source; `negatives` by question id: the nearest passages that hold no answer."""
        self._seed = seed
        self._negatives = negatives
        self._of_source: dict[str, list[Paragraph]] = {}
        self._asked = questions
        self._names: dict[str, list[str]] = {}
        for source, several in questions.items():
            self._of_source[source] = paragraphs_of(several)
            self._names[source] = names_in([question.text for question in several][:_SWAPPABLE_PER_FILE])
        self._by_paragraph: dict[str, list[Question]] = {}
        every = [paragraph for several in self._of_source.values() for paragraph in several]
        self._titles = sorted({real_title(paragraph) for paragraph in every} - {""})

    def trapped(self, draw_name: str, question: Question) -> Example:
        """The question with one passage: as it is, as a trap or its twin, or with another passage that lacks it."""
        rng = self._rng(draw_name, question)
        reading = crop(question, draw(question.paragraph, rng), rng)
        if not reading.answers:
            return Example(question, (reading,))
        names, title = self._names[question.paragraph.source], real_title(question.paragraph)
        kind = rng.random()
        made: Reading | None = None
        if kind < 0.10:
            made = near_miss(reading, names, rng)
        elif kind < 0.20:
            twins = situated(reading, title, rng)
            made = twins[0 if rng.random() < 0.6 else 1] if twins else None
        elif kind < 0.28:
            made = retitled(reading, question.paragraph, self._titles, rng) if self._titles else None
        elif kind < 0.36:
            made = next(iter(self._others(question, reading, 1, rng)), None)
        return Example(question, (reading if made is None else made,))

    def grouped(self, draw_name: str, question: Question, others: int) -> Example:
        """The question with its passage and `others` of its file that do not answer it, or two twins of it."""
        rng = self._rng(draw_name, question)
        reading = crop(question, draw(question.paragraph, rng), rng)
        if reading.answers and rng.random() < 0.3:
            twins = situated(reading, real_title(question.paragraph), rng)
            if twins:
                return Example(question, tuple(twins[: others + 1]))
        return Example(question, (reading, *self._others(question, reading, others, rng)))

    def plain(self, draw_name: str, question: Question) -> Example:
        """The question with its whole paragraph, or the run of sentences around an answer that fits."""
        rng = self._rng(draw_name, question)
        return Example(question, (crop(question, draw(question.paragraph, rng, real=0.9), rng, whole=True),))

    def news(self, draw_name: str, question: Question, others: int) -> Example:
        """The question with passages cut as in use: those that hold its answers, and `others` that do not.

        Half of the others are any of the same article, half the nearest of all articles. One question in eight gets
        only these, as it may in use. A question without an answer is read with the passages that tempt most.
        """
        rng = self._rng(draw_name, question)
        heading = draw(question.paragraph, rng, real=0.9)
        passages = _passages(question, heading)
        holding = [reading for reading in passages if reading.answers]
        same = [reading for reading in passages if not reading.answers]
        nearest = [replace(n, question=question.text) for n in self._negatives.get(question.id, ())]
        if question.kind == "one":
            # the shortest wording is the one to tag
            holding = [_shortest_first(rng.choice(holding))] if holding else []
        else:
            holding = holding[:_ITEM_PASSAGES]
        if holding and others and rng.random() < 0.125:
            holding = []
        tempting = [rng.choice(same if same and (rng.random() < 0.5 or not nearest) else nearest or same)
                    for _ in range(max(others, 1 - len(holding))) if same or nearest]  # fmt: skip
        chosen = dict.fromkeys([*holding, *tempting])
        return Example(question, tuple(chosen) or (passages[0],))

    def conversing(self, draw_name: str, question: Question, others: int) -> Example:
        """As `news`, after a conversation: the question's own, or one on another question, which changes nothing.

        That other question is of the same article every second time. One that names all that it is about and has a
        conversation before it all the same stands alone, too.
        """
        rng = self._rng(f"{draw_name}:conversation", question)
        earlier, typed = question.earlier, question.typed or question.text
        if not earlier:
            pool = self._asked[question.paragraph.source]
            near = [other for other in self._beside(question) if other.text != question.text]
            other = rng.choice(near if near and rng.random() < 0.5 else pool)
            answers = [other.paragraph.text[place.start : place.end] for place in other.answers]
            said = answers[:1] if other.kind == "one" else answers
            earlier, typed = (*other.earlier[-1:], (other.text, tuple(said))), question.text
        example = self.news(draw_name, question, others)
        text = in_conversation(typed, [Turn(*turn) for turn in earlier])
        readings = tuple(replace(reading, question=text) for reading in example.readings)
        return Example(question, readings, leans=typed != question.text)

    def _beside(self, question: Question) -> Sequence[Question]:
        """The questions of its paragraph."""
        name = question.paragraph.name
        if name not in self._by_paragraph:
            for each in self._asked[question.paragraph.source]:
                self._by_paragraph.setdefault(each.paragraph.name, []).append(each)
        return self._by_paragraph[name]

    def _rng(self, draw_name: str, question: Question) -> random.Random:
        return random.Random(f"{self._seed}:{draw_name}:{question.id}")

    def _others(self, question: Question, reading: Reading, count: int, rng: random.Random) -> list[Reading]:
        """The same question over passages of its file that lack its answers."""
        answers = {question.paragraph.text[place.start : place.end].casefold() for place in question.answers}
        kept: list[Reading] = []
        for paragraph in rng.choices(self._of_source[question.paragraph.source], k=count):
            other = crop(replace(question, paragraph=paragraph, answers=()), draw(paragraph, rng), rng)
            # a passage that holds the answer after all is no negative
            if not any(answer in other.text.casefold() for answer in answers):
                kept.append(replace(other, question=reading.question))
        return kept


def as_typed(example: Example, draw_name: str) -> Example:
    """The example with its question as many type it in a chat, one time in five: "Who is Kosgei's coach?" becomes
    "who is kosgeis coach". What was asked in a conversation stays as it is."""
    chosen = random.Random(f"{draw_name}:{example.question.id}:typed").random() < _TYPED
    if not chosen or example.leans is not None:
        return example
    readings = (replace(each, question=each.question.translate(_UNTYPED).lower()) for each in example.readings)
    return replace(example, readings=tuple(readings))


def _passages(question: Question, heading: str) -> list[Reading]:
    """The article's passages as they are in use, each with the answers that it holds whole."""
    text = question.paragraph.text
    return [
        Reading(
            question.text,
            heading,
            text[start:end],
            tuple(
                Place(place.start - start, place.end - start)
                for place in sorted(question.answers, key=lambda place: place.start)
                if start <= place.start and place.end <= end
            ),
        )
        for start, end in _split(text)
    ]


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[tuple[int, int], ...]:
    """An article has many questions."""
    return tuple(split(text))


def _shortest_first(reading: Reading) -> Reading:
    return replace(reading, answers=tuple(sorted(reading.answers, key=lambda place: place.end - place.start)))


def crop(question: Question, heading: str, rng: random.Random, *, whole: bool = False) -> Reading:
    """A run of whole sentences of the paragraph, as long as passages are in use, around one of the answers.

    The answers that it still holds are kept, the one most annotators gave first (for a list: in reading order). So it
    may hold some items of a list and not others, as a passage in use may. `whole` makes it as long as may be.
    """
    text = question.paragraph.text
    spans = sentence_spans(text)
    anchor = rng.randrange(len(spans))
    answers: list[Place] = sorted(set(question.answers), key=lambda place: place.start)
    if answers:
        first = rng.choice(answers) if question.kind != "one" else consensus(question)
        if question.kind == "one":
            answers = [first, *(place for place in answers if place != first)]
        anchor = next(number for number, (_, end) in enumerate(spans) if first.start < end)
    low = high = anchor
    limit = 2 * SHAPE.words if whole else rng.randint(_MIN_WORDS, SHAPE.words)
    words = [len(text[start:end].split()) for start, end in spans]
    while answers and spans[high][1] < answers[0].end and question.kind == "one":
        high += 1  # an answer may run over the end of its sentence
    total = sum(words[low : high + 1])
    while total < limit and (low > 0 or high < len(spans) - 1):
        back = low > 0 and (high == len(spans) - 1 or rng.random() < 0.5)
        if back:
            low -= 1
        else:
            high += 1
        total += words[low if back else high]
    start, end = spans[low][0], spans[high][1]
    kept = tuple(
        Place(place.start - start, place.end - start) for place in answers if start <= place.start and place.end <= end
    )
    return Reading(question.text, heading, text[start:end], kept)
