"""Leaving out the lines of a file that are not part of its article.

Lines are dropped whole, or a repeat of them is; what remains is never rewritten, so that every quote is a line that the
file has. In order, until nothing more is found, so that cleaning a clean text drops nothing:

    boilerplate      lines of a known shape (see `rules`), and the caption above a photo credit
    repeats          a paragraph of prose that stood above, word for word

Worked example:

    Bridge reopens                      kept: the headline
                                        kept
    The mayor cuts the ribbon           photo caption: the line above a credit, without a full stop
    (Photo by Jane Roe/AFP)             photo credit
                                        kept
    The bridge was opened on Friday.    kept
    Share this article                  sharing or advertising

A miss shows a line of boilerplate; a false drop costs an answer. So where a rule cannot be sure, the line stays.
"""

import re
from collections.abc import Sequence

from retrieval.intake.rules import CAPTION, OTHER_STORY, PHOTO_CREDIT, TWEET, rule_for
from retrieval.intake.types import Line
from retrieval.types import Dropped

REPEAT = "repeats a paragraph above"

CAPTION_WORDS = 60
# a shorter line above a credit, with a blank one between, is as often a heading
LOOSE_CAPTION_WORDS = range(8, 41)
PROSE_WORDS = 8

SENTENCE_END = re.compile(r"[.!?…。！？]['\"”’»)\]]*$")
_OPEN_END = re.compile(r"[:;,]$")
_LIST_ITEM = re.compile(r"[-*•–—#>|]|\(?\w{1,3}[.)]\s|\d")
Marks = dict[int, str]


def clean(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Dropped, ...]]:
    """The lines that belong to the article, without blank lines at either end, and those dropped, with reasons."""
    kept, dropped = list(lines), list[Dropped]()
    while True:
        before = len(dropped)
        for find in (_boilerplate, _repeats):
            kept = _without_blank_ends(kept)
            marks = find(kept)
            dropped += [Dropped(kept[at].number, kept[at].text, reason) for at, reason in marks.items()]
            kept = [line for at, line in enumerate(kept) if at not in marks]
        if len(dropped) == before:
            return tuple(kept), tuple(sorted(dropped, key=lambda drop: drop.line))


def _without_blank_ends(lines: Sequence[Line]) -> list[Line]:
    written = [at for at, line in enumerate(lines) if line.text.strip()]
    return list(lines[written[0] : written[-1] + 1]) if written else []


def _boilerplate(lines: Sequence[Line]) -> Marks:
    marks: Marks = {}
    captions = set[str]()
    parted = _has_blank(lines)
    for at, line in enumerate(lines):
        rule = rule_for(line.text)
        # the first line is the article's own headline, though it begin "Watch:" or "Photos:"
        if rule is None or (at == 0 and rule.reason in {OTHER_STORY, PHOTO_CREDIT} and line.text[:1].isalpha()):
            continue
        if rule.reason == PHOTO_CREDIT:
            caption = _paragraph_above(lines, at, marks, parted)
            caption = caption if caption else _line_above(lines, at, marks, parted)
            captions |= {lines[above].text.strip() for above in caption}
            marks |= dict.fromkeys(caption, CAPTION)
        elif rule.reason == TWEET:
            marks |= dict.fromkeys(_paragraph_above(lines, at, marks, parted), TWEET)
        marks[at] = rule.reason
    for at, line in enumerate(lines):
        if at > 0 and at not in marks and line.text.strip() in captions:
            marks[at] = CAPTION
    return marks


def _paragraph_above(lines: Sequence[Line], at: int, marks: Marks, parted: bool) -> list[int]:
    """The lines above line `at` in its paragraph, but for the headline; none where they are too long for a caption.

    `parted` is whether blank lines part the paragraphs of the text: else each line is one.
    """
    above: list[int] = []
    while parted and (at := at - 1) > 0 and lines[at].text.strip() and at not in marks:
        above.append(at)
    return above if len(_words(lines, above)) <= CAPTION_WORDS else []


def _line_above(lines: Sequence[Line], at: int, marks: Marks, parted: bool) -> list[int]:
    """The line above line `at`, blank ones not counted, where it stands alone and is neither a sentence nor an item."""
    above = at - 1
    while above > 0 and not lines[above].text.strip():
        above -= 1
    text = lines[above].text.strip()
    if above <= 0 or above in marks or _ends(text) or _LIST_ITEM.match(text):
        return []
    alone = not parted or not lines[above - 1].text.strip()
    return [above] if alone and len(text.split()) in LOOSE_CAPTION_WORDS else []


def _has_blank(lines: Sequence[Line]) -> bool:
    return any(not line.text.strip() for line in lines)


def _repeats(lines: Sequence[Line]) -> Marks:
    marks: Marks = {}
    seen = set[str]()
    for paragraph in _paragraphs(lines):
        words = _words(lines, paragraph)
        # a shorter line may well stand twice: an item of two lists, a figure in a table, a "No." in a dialogue
        if not _is_prose(words) or _LIST_ITEM.match(lines[paragraph[0]].text):
            continue
        text = " ".join(words)
        if text in seen:
            marks |= dict.fromkeys(paragraph, REPEAT)
        seen.add(text)
    return marks


def _ends(text: str) -> bool:
    """Whether the line ends as a sentence does, or as one that goes on below."""
    return SENTENCE_END.search(text) is not None or _OPEN_END.search(text) is not None


def _is_prose(words: Sequence[str]) -> bool:
    return len(words) >= PROSE_WORDS and SENTENCE_END.search(words[-1]) is not None


def _words(lines: Sequence[Line], paragraph: Sequence[int]) -> list[str]:
    return " ".join(lines[at].text for at in paragraph).split()


def _paragraphs(lines: Sequence[Line]) -> list[list[int]]:
    """Runs of lines between blank ones, as indices; in a text without a blank line, each line is a paragraph."""
    if not _has_blank(lines):
        return [[at] for at in range(len(lines))]
    paragraphs: list[list[int]] = [[]]
    for at, line in enumerate(lines):
        if line.text.strip():
            paragraphs[-1].append(at)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [paragraph for paragraph in paragraphs if paragraph]
