"""Traps: questions that a passage almost answers, and their twins that it does answer.

A reader trained on gold paragraphs alone learns to match the words around the answer and not to ask whose, where and
when: for "Who attended the Caracas meeting?" it takes whoever attended anything. Three transformations of an ordinary
question teach it to look, each with answerable twins, so that a name in a question is no sign of a trap by itself:

near miss    "When was Istanbul founded?" -> "When was Kerman founded?"     a name or number that passage and heading
                                                                            have becomes one that they lack
retitled     the title stands in the question but not in the passage: with its own heading answerable, with another not
situated     "What size is the holder?" -> "What size is the Lisbon holder?", where the heading or a sentence put into
             the passage says Lisbon (answerable) or Oslo (not); or likewise a month
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reader.train.data import Paragraph, Place
from reader.train.headings import compose, random_day, real_title
from retrieval.sentences import sentence_spans

# places, short on purpose; nothing from the sample articles
_CITIES = """
Lisbon Oslo Helsinki Vienna Prague Warsaw Budapest Athens Dublin Madrid Stockholm Copenhagen Brussels Amsterdam Rome
Milan Naples Munich Hamburg Zurich Lyon Porto Valencia Glasgow Leeds Toronto Montreal Vancouver Chicago Boston
Denver Seattle Houston Dallas Atlanta Miami Phoenix Detroit Lima Quito Santiago Bogota Montevideo Asuncion Cairo
Tunis Algiers Rabat Nairobi Lagos Accra Dakar Kampala Lusaka Harare Pretoria Durban Luanda Maputo Khartoum Amman
Beirut Baghdad Tehran Kabul Karachi Lahore Delhi Mumbai Chennai Kolkata Dhaka Kathmandu Colombo Bangkok Hanoi Manila
Jakarta Taipei Seoul Busan Tokyo Osaka Kyoto Sapporo Shanghai Perth Sydney Melbourne Auckland Wellington Tbilisi
Yerevan Baku Minsk Riga Vilnius Tallinn Sofia Bucharest Belgrade Zagreb Sarajevo Skopje Tirana Nicosia Valletta
Reykjavik Astana Tashkent Bishkek Geneva Davos Strasbourg Salzburg Turin Seville Antwerp Rotterdam Odesa
"""
CITIES = tuple(_CITIES.split())
_NOUN = re.compile(r"\bthe ([a-z]{4,})\b(?= |\?)")
_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)*\b")
_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*")
_STATED = ("The {noun} took place in {place}.", "It was in {place}.", "All this was in {place}.", "{place} —")
_ASIDES = (
    "Officials in {place} did not comment.",
    "{place} has not replied to the offer.",
    "The news was also reported in {place}.",
    "It was suggested that {place} hand over the papers.",
)
_TITLES = ("Talks in {place}", "{place}: {title}", "{title} in {place}", "Report from {place}", "{place} {noun}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A question with one passage: `answers` are places in `text`, alternatives or items; empty: it is not here."""

    question: str
    heading: str
    text: str
    answers: tuple[Place, ...]


def near_miss(reading: Reading, names: Sequence[str], rng: random.Random) -> Reading | None:
    """The question with a name or number of passage or heading swapped for one that neither has: no answer."""
    shown = f"{reading.heading} {reading.text}".casefold()
    answered = {reading.text[place.start : place.end].casefold() for place in reading.answers}
    targets = [
        match
        for pattern in (_NAME, _NUMBER)
        for match in pattern.finditer(reading.question)
        if match.group().casefold() in shown and match.group().casefold() not in answered
    ]
    if not targets:
        return None
    match = rng.choice(targets)
    old = match.group()
    swapped = _other_number(old, rng) if old[0].isdigit() else _other_name(old, names, rng)
    if swapped is None or swapped.casefold() in shown:
        return None
    question = reading.question[: match.start()] + swapped + reading.question[match.end() :]
    return replace(reading, question=question, answers=())


def names_in(texts: Sequence[str]) -> list[str]:
    """The capitalised names of some questions or passages, for `near_miss` to draw from."""
    return [match.group() for text in texts for match in _NAME.finditer(text)]


def _other_number(number: str, rng: random.Random) -> str | None:
    """A number like it: 1918 -> 1904, 45 -> 52."""
    if not number.isdigit() or len(number) > 6:
        return None
    value = int(number)
    spread = 30 if len(number) == 4 else max(value // 2, 4)
    other = max(value + rng.choice((-1, 1)) * rng.randint(1, spread), 0)
    return str(other)


def _other_name(name: str, names: Sequence[str], rng: random.Random) -> str | None:
    """Another of as many words, of a few draws, that shares none with it."""
    words = set(name.casefold().split())
    for other in rng.choices(names, k=20):
        if len(other.split()) == len(name.split()) and not words & set(other.casefold().split()):
            return other
    return None


def retitled(reading: Reading, paragraph: Paragraph, titles: Sequence[str], rng: random.Random) -> Reading | None:
    """The passage under its own title (answerable) or another's (not), where only the title says what it is about."""
    title = real_title(paragraph)
    subject = re.sub(r" \(.*\)$", "", title).casefold()
    if not subject or subject not in reading.question.casefold() or subject in reading.text.casefold():
        return None
    day = random_day(rng) if rng.random() < 0.4 else None
    if rng.random() < 0.5:
        return replace(reading, heading=compose(title, "", day))
    other = rng.choice(titles)
    if other.casefold() in reading.question.casefold() or subject in other.casefold():
        return None
    return replace(reading, heading=compose(other, "", day), answers=())


def situated(reading: Reading, title: str, rng: random.Random) -> list[Reading]:
    """The question tied to a place or month, with the passage that says so first, then two that say otherwise.

    The others are the same words under another heading, or with another place in the same sentence, or the wrong place
    mentioned in passing: all that differs is what the question turns on. Empty where there is nothing to tie it to.
    """
    noun = rng.choice([match.group(1) for match in _NOUN.finditer(reading.question)] or [""])
    shown = f"{reading.question} {reading.text}".casefold()
    free = [city for city in CITIES if city.casefold() not in shown]
    if not noun or len(free) < 3:
        return []
    here, there, elsewhere = rng.sample(free, 3)
    if rng.random() < 0.25:
        return _dated(reading, title, noun, rng)
    form = rng.random()
    if form < 0.6:
        question = reading.question.replace(f"the {noun}", f"the {here} {noun}", 1)
    else:
        question = reading.question.rstrip("? ") + f" in {here}?"
    asked = replace(reading, question=question)
    where = rng.random()
    twins = [_placed(asked, title, noun, place, where, rng) for place in (here, there, elsewhere)]
    if rng.random() < 0.5:  # the place asked for, but only in passing
        twins[1] = _insert(twins[1], rng.choice(_ASIDES).format(place=here), rng)
    if rng.random() < 0.3:
        twins[0] = _insert(twins[0], rng.choice(_ASIDES).format(place=elsewhere), rng)
    return [twins[0], *(replace(twin, answers=()) for twin in twins[1:])]


def _placed(reading: Reading, title: str, noun: str, place: str, where: float, rng: random.Random) -> Reading:
    """The passage with its place told in the heading (`where` below 0.5) or in a sentence of its own."""
    day = random_day(rng) if rng.random() < 0.5 else None
    if where < 0.5:
        form = rng.choice(_TITLES).format(place=place, noun=noun, title=title if title else noun.capitalize())
        return replace(reading, heading=compose(form, "", day))
    form = rng.choice(_STATED)
    sentence = form.format(noun=noun, place=rng.choice((place, place.upper())) if form.endswith("—") else place)
    return _insert(replace(reading, heading=compose(title, "", day)), sentence, rng, first=form.endswith("—"))


def _dated(reading: Reading, title: str, noun: str, rng: random.Random) -> list[Reading]:
    """Like `situated`, by the month or the year of the article; only where the passage itself has no year."""
    if re.search(r"\b(?:19|20)\d\d\b", f"{reading.text} {reading.question}"):
        return []
    days = [random_day(rng) for _ in range(3)]
    if len({day.year for day in days}) < 3:
        return []
    when = f"{days[0]:%B} {days[0].year}" if rng.random() < 0.6 else str(days[0].year)
    if rng.random() < 0.5:
        question = reading.question.replace(f"the {noun}", f"the {when} {noun}", 1)
    else:
        question = reading.question.rstrip("? ") + f" in {when}?"
    twins = [replace(reading, question=question, heading=compose(title, "", day)) for day in days]
    return [twins[0], *(replace(twin, answers=()) for twin in twins[1:])]


def _insert(reading: Reading, sentence: str, rng: random.Random, first: bool = False) -> Reading:
    """The passage with a sentence put in front or between two of its own; the answers move with their words."""
    cuts = [0] if first else [start for start, _ in sentence_spans(reading.text)]
    cuts = [cut for cut in cuts if not any(answer.start < cut < answer.end for answer in reading.answers)]
    cut = rng.choice(cuts)
    added = sentence + " "
    moved = tuple(
        Place(answer.start + len(added), answer.end + len(added)) if answer.start >= cut else answer
        for answer in reading.answers
    )
    return replace(reading, text=reading.text[:cut] + added + reading.text[cut:], answers=moved)
