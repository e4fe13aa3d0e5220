"""Newsrooms: folders of as many articles as a measurement needs, no two of which are reprints of each other.

    python -m evaluation.newsroom FOLDER [--articles N] [--data QUESTIONS]

An article has 3 to 12 paragraphs of 1 to 4 real sentences, drawn from the sample corpus or from the paragraphs of
SQuAD-shaped question files, so that its words, and the vectors of its passages, are those of English. What it says is
nonsense: within an article, each name becomes another name, and each number another number; the few sentences of the
sample corpus would repeat too often, so that there each longer word becomes another one with the same ending, too.

    "Lavrov met 12 ministers in Caracas on Monday."  ->  "Vieira met 47 visitors in Rio on Friday."

Article n is the same for the same sentences and seed, however many articles are written.
"""

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from reader.train.data import paragraphs_of, read_folder
from retrieval.intake.articles import parse
from retrieval.intake.files import find
from retrieval.periods import MONTHS, WEEKDAYS
from retrieval.sentences import sentence_spans

# evaluation.wiring has it too, and brings torch along
CORPUS = Path(__file__).resolve().parent.parent / "corpus"
SEED = 7
PARAGRAPHS = (3, 12)
SENTENCES = (1, 4)
WORDS = range(6, 46)
TITLE_WORDS = 9
FIRST_DAY = date(2015, 1, 1)
DAYS = 3650
SOURCES = tuple(f"Example {name}" for name in ("Courier", "Gazette", "Herald", "Observer", "Post", "Times", "Wire"))
# below so many sentences, articles that share some of them would look like reprints
PLENTY = 20_000
# a word of more than so large a share of the sentences ("with", "said") holds a sentence together: it stays
COMMON = 0.03

_PIECE = re.compile(r"\d(?:[\d.,]*\d)?|[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ENDINGS = ("tions", "tion", "ments", "ment", "ings", "ing", "ers", "er", "ies", "ity", "ed", "ly", "al", "ous", "s")
_CALENDAR = (
    tuple(month.title() for month in MONTHS if month != "may"),
    tuple(day.title() for day in WEEKDAYS),
)


@dataclass(frozen=True, slots=True)
class Story:
    """One article before it is a file; `number` counts from 0."""

    number: int
    title: str
    source: str
    day: date
    paragraphs: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where its file lies in the newsroom's folder: a folder for each year and month; the formats take turns."""
        suffix = ("md", "txt", "json")[self.number % 3]
        return f"{self.day:%Y/%m}/{self.day:%Y-%m-%d}-{self.number:06}.{suffix}"

    @property
    def contents(self) -> str:
        """What its file holds."""
        body = "\n\n".join(self.paragraphs)
        match self.number % 3:
            case 0:
                title = json.dumps(self.title, ensure_ascii=False)
                return f"---\ntitle: {title}\nsource: {self.source}\ndate: {self.day}\nlanguage: en\n---\n\n{body}\n"
            case 1:
                return f"Title: {self.title}\nSource: {self.source}\nPublished: {self.day}\n\n{body}\n"
            case _:
                fields = {"title": self.title, "source": self.source, "date": str(self.day), "text": body}
                return json.dumps(fields, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Template:
    """A sentence with gaps: `words[n]`, which may become another one, lies between `fixed[n]` and `fixed[n + 1]`."""

    fixed: tuple[str, ...]
    words: tuple[str, ...]


class Newsroom:
    """Writes articles out of sentences."""

    def __init__(self, sentences: Sequence[str], seed: int = SEED) -> None:
        self._seed = seed
        self._others = _alternatives(sentences, with_words=len(sentences) < PLENTY)
        self._templates = [_template(sentence, self._others) for sentence in sentences]

    @classmethod
    def open(cls, data: Path | None = None) -> "Newsroom":
        """Of the sentences in a folder of question files, or of the sample articles. Raises CorpusError."""
        return cls(_sentences(_sample_texts() if data is None else _question_texts(data)))

    def story(self, number: int) -> Story:
        """The article of this number."""
        chance = random.Random(self._seed * 1_000_003 + number)
        cast: dict[str, str] = {}

        def sentence() -> str:
            return self._filled(chance.choice(self._templates), cast, chance)

        title = " ".join(sentence().split()[:TITLE_WORDS]).rstrip(".,;:!?\"'”’")
        return Story(
            number=number,
            title=title,
            source=chance.choice(SOURCES),
            day=FIRST_DAY + timedelta(days=chance.randrange(DAYS)),
            paragraphs=tuple(
                " ".join(sentence() for _ in range(chance.randint(*SENTENCES)))
                for _ in range(chance.randint(*PARAGRAPHS))
            ),
        )

    def stories(self, count: int) -> Iterator[Story]:
        """The first `count` articles, one at a time."""
        return map(self.story, range(count))

    def _filled(self, template: _Template, cast: dict[str, str], chance: random.Random) -> str:
        """The sentence with other words; `cast` remembers what became of a word earlier in the article."""
        parts = [template.fixed[0]]
        for word, after in zip(template.words, template.fixed[1:], strict=True):
            if word not in cast:
                cast[word] = _number(word, chance) if word[0].isdigit() else chance.choice(self._others[word])
            parts += cast[word], after
        return "".join(parts)


def write(folder: Path, stories: Iterable[Story]) -> int:
    """Writes articles into `folder`, in folders of their own; returns how many bytes."""
    made: set[Path] = set()
    size = 0
    for story in stories:
        path = folder / story.path
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        size += path.write_bytes(story.contents.encode("utf-8", "replace"))
    return size


def _sample_texts() -> Iterator[str]:
    for path in find(CORPUS).files:
        for intake in parse(path.read_bytes(), path.name).intakes:
            yield intake.article.text


def _question_texts(folder: Path) -> Iterator[str]:
    for questions in read_folder(folder).values():
        for paragraph in paragraphs_of(questions):
            yield paragraph.text


def _sentences(texts: Iterable[str]) -> list[str]:
    """The different sentences of middling length, each on one line, in the order of the texts."""
    found = (" ".join(text[start:end].split()) for text in texts for start, end in sentence_spans(text))
    return list(dict.fromkeys(sentence for sentence in found if len(sentence.split()) in WORDS))


def _alternatives(sentences: Sequence[str], with_words: bool) -> Mapping[str, Sequence[str]]:
    """What each word may become: names, and `with_words` also longer words in small letters, by their ending."""
    kinds: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for number, days in enumerate(_CALENDAR):
        kinds[f"calendar {number}"].update(dict.fromkeys(days))
    dated = {name for names in _CALENDAR for name in names}
    found = Counter(match[0] for sentence in sentences for match in _PIECE.finditer(sentence, 1))
    for word, times in found.items():
        if word in dated:
            continue
        if word.istitle() and len(word) > 2 and word.lower() not in found:
            kinds["name"][word] = None
        elif with_words and word.islower() and len(word) > 3 and times <= COMMON * len(sentences):
            kinds[next((ending for ending in _ENDINGS if word.endswith(ending)), "")][word] = None
    return {word: others for kind in kinds.values() for others in [tuple(kind)] for word in others}


def _template(sentence: str, others: Mapping[str, Sequence[str]]) -> _Template:
    fixed, words, end = list[str](), list[str](), 0
    for match in _PIECE.finditer(sentence):
        if match[0][0].isdigit() or match[0] in others:
            fixed.append(sentence[end : match.start()])
            words.append(match[0])
            end = match.end()
    return _Template((*fixed, sentence[end:]), tuple(words))


def _number(written: str, chance: random.Random) -> str:
    """A number with as many digits: "6,444" -> "2,917"; what may be a year, or a day of a month, stays one."""
    if len(written) == 4 and written[:2] in {"19", "20"}:
        return str(chance.randint(1950, 2024))
    if written.isdecimal() and 1 <= int(written) <= 31:
        return str(chance.randint(1, 28))
    digits = (chance.choice("0123456789") if each.isdigit() else each for each in written[1:])
    return chance.choice("123456789") + "".join(digits)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--data", type=Path, help="folder of SQuAD-shaped files to take sentences from")
    options = parser.parse_args()
    size = write(options.folder, Newsroom.open(options.data).stories(options.articles))
    print(f"{options.articles:,} articles, {size / 1e6:,.1f} MB, in {options.folder}")


if __name__ == "__main__":
    main()
