"""From questions to training examples: which passages are read for a question, under which headings.

Every example is a function of the seed, the stage and the question, so that a run can be resumed at any step and a
batch made again without anything but its number.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reader.train.data import Paragraph, Place, Question, consensus, paragraphs_of
from reader.train.headings import draw, real_title
from reader.train.traps import Reading, names_in, near_miss, retitled, situated
from retrieval.passages import SHAPE
from retrieval.sentences import sentence_spans

_MIN_WORDS = 40
_SWAPPABLE_PER_FILE = 20_000


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the passages that it is read from; its scores are normalised over all of them together.

    In a reading of a `listed` question all answers are items, else the first is the one to tag as its only item.
    """

    question: Question
    readings: tuple[Reading, ...]


class Maker:
    """Makes examples; it knows all paragraphs, for negatives, titles and names to swap."""

    def __init__(
        self, questions: Mapping[str, Sequence[Question]], negatives: Mapping[str, Sequence[str]], seed: int
    ) -> None:
        """`questions` by source, `negatives` paragraph names by question id (see reader.train.negatives)."""
        self._seed = seed
        self._negatives = negatives
        self._paragraphs: dict[str, Paragraph] = {}
        self._of_source: dict[str, list[Paragraph]] = {}
        self._names: dict[str, list[str]] = {}
        for source, several in questions.items():
            self._of_source[source] = paragraphs_of(several)
            self._paragraphs |= {paragraph.name: paragraph for paragraph in self._of_source[source]}
            self._names[source] = names_in([question.text for question in several][:_SWAPPABLE_PER_FILE])
        self._titles = sorted({real_title(paragraph) for paragraph in self._paragraphs.values()} - {""})

    def single(self, stage: str, question: Question) -> Example:
        """The question with one passage: as it is, as a trap or its twin, or with a similar passage that lacks it."""
        rng = random.Random(f"{self._seed}:{stage}:{question.id}")
        reading = self._gold(question, rng)
        if not reading.answers:
            return Example(question, (reading,))
        kind = rng.random()
        made: Reading | None = None
        if kind < 0.15:
            made = near_miss(reading, self._names[question.paragraph.source], rng)
        elif kind < 0.30:
            twins = situated(reading, real_title(question.paragraph), rng)
            made = twins[0 if rng.random() < 0.6 else 1] if twins else None
        elif kind < 0.45:
            made = retitled(reading, question.paragraph, self._titles, rng) if self._titles else None
        elif kind < 0.53:
            made = next(iter(self._others(question, reading, 1, rng)), None)
        return Example(question, (reading if made is None else made,))

    def group(self, stage: str, question: Question, others: int) -> Example:
        """The question with its passage and `others` that do not answer it; one time in seven none answers."""
        rng = random.Random(f"{self._seed}:{stage}:{question.id}")
        reading = self._gold(question, rng)
        kind = rng.random()
        if reading.answers and kind < 0.35:
            twins = situated(reading, real_title(question.paragraph), rng)
            if twins:
                chosen = twins[1:] if rng.random() < 0.3 else twins
                return Example(question, tuple(chosen[: others + 1]))
        if reading.answers and kind < 0.5:
            missed = near_miss(reading, self._names[question.paragraph.source], rng)
            reading = reading if missed is None else missed
        return Example(question, (reading, *self._others(question, reading, others, rng)))

    def plain(self, question: Question) -> Example:
        """The question with its passage and no tricks, for the dev score; the heading is the title, if it has one."""
        title = real_title(question.paragraph)
        return Example(question, (crop(question, title, random.Random(f"{self._seed}:{question.id}")),))

    def _gold(self, question: Question, rng: random.Random) -> Reading:
        return crop(question, draw(question.paragraph, rng), rng)

    def _others(self, question: Question, reading: Reading, count: int, rng: random.Random) -> list[Reading]:
        """The same question over passages of its file that lack its answers: mined ones, else any."""
        answers = {question.paragraph.text[place.start : place.end].casefold() for place in question.answers}
        names = [name for name in self._negatives.get(question.id, ()) if name in self._paragraphs]
        chosen = [self._paragraphs[name] for name in rng.sample(names, min(count, len(names)))]
        while len(chosen) < count:
            chosen.append(rng.choice(self._of_source[question.paragraph.source]))
        kept: list[Reading] = []
        for paragraph in chosen:
            other = crop(replace(question, paragraph=paragraph, answers=()), draw(paragraph, rng), rng)
            # a passage that holds the answer after all is no negative
            if not any(answer in other.text.casefold() for answer in answers):
                kept.append(replace(other, question=reading.question))
        return kept


def crop(question: Question, heading: str, rng: random.Random) -> Reading:
    """A run of whole sentences of the paragraph, as long as passages are in use, around one of the answers.

    The answers that it still holds are kept, the one most annotators gave first (for a list: in reading order). So it
    may hold some items of a list and not others, as a passage in use may.
    """
    text = question.paragraph.text
    spans = sentence_spans(text)
    anchor = rng.randrange(len(spans))
    answers: list[Place] = sorted(set(question.answers), key=lambda place: place.start)
    if answers:
        first = rng.choice(answers) if question.listed else consensus(question)
        if not question.listed:
            answers = [first, *(place for place in answers if place != first)]
        anchor = next(number for number, (_, end) in enumerate(spans) if first.start < end)
    low = high = anchor
    limit = rng.randint(_MIN_WORDS, SHAPE.words)
    words = [len(text[start:end].split()) for start, end in spans]
    while answers and spans[high][1] < answers[0].end and not question.listed:
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
