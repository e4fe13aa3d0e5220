"""Transcripts with times: WebVTT, SubRip, and lines that begin with a time.

1                                    (left out: a cue's number)
00:00:01.000 --> 00:00:04.000        (left out: its times)
<v Ida Roe>Good <i>morning</i>.      Ida Roe: Good morning.
[00:12:31] The ferry is back.        The ferry is back.
"""

import re
from collections.abc import Sequence

from retrieval.intake.metadata import entities_read
from retrieval.intake.types import Line
from retrieval.types import Dropped

CUE = "times of a transcript"
REPEATED_CUE = "repeats the cue above"

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}.*")
_STAMP = re.compile(rf"\s*(?:\[{_TIME}\]|\({_TIME}\)|{_TIME}(?:\s*[-–—|]\s*{_TIME})?(?=\s|$))\s*(?:[-–—|:]\s+)?")
_HEAD = re.compile(r"WEBVTT\b.*|(?:NOTE|STYLE|REGION)(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[\w.]+)?\s++([^<>]+)>")
_TAG = re.compile(r"</?(?:[biucv]|ruby|rt|lang|font|\d)[^<>]*>", re.IGNORECASE)
# a text is a transcript where so many of its lines, and so large a share of them, begin with a time
MIN_STAMPED, MIN_SHARE = 3, 0.25


def is_captions(lines: Sequence[Line]) -> bool:
    """Whether the lines are cues with times between arrows."""
    return sum(_TIMES.fullmatch(line.text) is not None for line in lines) >= 2 or (
        bool(lines) and lines[0].text.startswith("WEBVTT")
    )


def is_stamped(lines: Sequence[Line]) -> bool:
    """Whether lines of the text begin with a time."""
    written = [line for line in lines if line.text.strip()]
    stamped = sum(_STAMP.match(line.text) is not None for line in written)
    return stamped >= MIN_STAMPED and stamped >= MIN_SHARE * len(written)


def without_times(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Dropped, ...]]:
    """What is said in cues, and the lines of the file that only say when."""
    kept: list[Line] = []
    dropped: list[Dropped] = []
    cues = {at for at, line in enumerate(lines) if _TIMES.fullmatch(line.text)}
    # the name or number of a cue stands above its times
    names = {at - 1 for at in cues if at > 0 and (at == 1 or not lines[at - 2].text.strip())}
    in_head = False
    for at, line in enumerate(lines):
        in_head = (in_head or _HEAD.fullmatch(line.text) is not None) and bool(line.text.strip())
        said = _VOICE.sub(r"\1: ", line.text)
        said = " ".join(entities_read(_TAG.sub("", said)).split())
        if in_head or at in names or at in cues:
            dropped += [Dropped(line.number, line.text, CUE)] if line.text.strip() else []
        elif said and kept and kept[-1].text == said:
            dropped.append(Dropped(line.number, line.text, REPEATED_CUE))
        elif said:
            kept.append(Line(line.number, said))
    return tuple(kept), tuple(dropped)


def without_stamps(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Dropped, ...]]:
    """The lines without the times that they begin with, and the times."""
    kept, dropped = list[Line](), list[Dropped]()
    for line in lines:
        match = _STAMP.match(line.text)
        kept.append(line if match is None else Line(line.number, line.text[match.end() :]))
        if match is not None:
            dropped.append(Dropped(line.number, match[0].strip(), CUE))
    return tuple(kept), tuple(dropped)
