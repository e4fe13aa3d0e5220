"""How often the calendar date shown behind a time word is right.

    dateline evaluate dates [FILE] [--verbose]

FILE is JSON, the time words in brackets:

    {"sentences": [{"published": "2023-05-17", "question": "when does the fair open", "text": "It opens [on Monday], he
    said.", "means": ["2023-05-22"]}, ...]}

Each sentence is read for its question as an article of that day. `means` has each reading that a careful person would
accept, a day or an interval such as "2023-05-15/2023-05-21"; it is empty where nobody could be sure. The file that
comes with it, dates.json, is kept for measuring: no reader was trained on its sentences, and no threshold set by them.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from evaluation.commands import Parser
from evaluation.wiring import shipped_reader
from reader.model import TransformersReader
from reader.times import resolved
from retrieval.heading import heading
from retrieval.types import Article, Hit, Passage

SENTENCES = Path(__file__).with_name("dates.json")


def shown(sentence: Mapping[str, Any], reader: TransformersReader) -> str | None:
    """What is shown behind the words in brackets, as `reader.times.resolved` gives it."""
    before, words, after = re.split(r"[\[\]]", sentence["text"])
    text = before + words + after
    published = datetime.fromisoformat(sentence["published"])
    article = Article("article", "", None, None, published, None, "article.txt", text)
    hit = Hit(Passage(1, article.id, 0, len(text)), text, 1.0, 0, 0, 1.0, 1.0)
    (reading,) = reader.read_under(sentence["question"], [hit], [heading(article)])
    return resolved(article, len(before), len(before) + len(words), reading)


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("dates", __doc__)
    parser.offer("file", nargs="?", type=Path, default=SENTENCES, metavar="FILE", help="file of sentences")
    parser.offer("--verbose", help="show each wrong date")
    options = parser.parse_args(arguments)
    sentences, reader = json.loads(options.file.read_text(encoding="utf-8"))["sentences"], shipped_reader()
    dates = [shown(sentence, reader) for sentence in sentences]
    wrong = [
        (sentence, date)
        for sentence, date in zip(sentences, dates, strict=True)
        if date is not None and date not in sentence["means"]
    ]
    if options.verbose:
        for sentence, date in wrong:
            print(f"{sentence['published']}: {sentence['text']} shown {date}, {sentence['means']}", file=sys.stderr)
    given, due = sum(date is not None for date in dates), sum(bool(sentence["means"]) for sentence in sentences)
    right = given - len(wrong)
    print(f"{len(sentences)} sentences; in {due} a careful reader knows the date")
    print(f"shown {given}, {right} of them right ({right / max(given, 1):.1%})")
    print(f"that is {right / max(due, 1):.0%} of what can be known")
