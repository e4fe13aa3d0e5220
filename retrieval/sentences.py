"""Sentences as spans of a text. The segmentation itself is Wikimedia's sentencex.

A sentence here includes the white space that follows it, so that joining all sentences gives the text back.
"""

import re
from itertools import pairwise

# sentencex takes only an empty line for the end of a paragraph, not one of white space
PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*\n\s*")
# nobody breaks lines at such a width: a line that is longer is a paragraph, with empty lines around it or without
_LONG_LINE = re.compile(r"^[^\S\n]*(\S[^\n]{159,})\s*", re.MULTILINE)
# sentencex takes these for abbreviations wherever they stand: "They met on 23 May. Transport minister Anna Berg left."
_MISSED = re.compile(
    r"(?:\b(?:[Mm]ay|no|art|ill)|\b[0-9]{1,2} (?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))"
    r"\.[\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z])"
)
# sentencex 1.0.32 looks a byte beside a character up and panics where white space is not ASCII
_WIDE_SPACE = re.compile(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f-\x9f]")
# of a paragraph, so many characters on either side decide where a sentence begins and ends
CONTEXT = 2000


def sentence_spans(text: str, language: str | None = None) -> list[tuple[int, int]]:
    """The sentences of `text` as (start, end) code-point offsets that tile it without gap or overlap.

    Abbreviations, initials, quotes and headlines do not end a sentence; the end of a paragraph always does: a blank
    line, or a line break beside a line too long to have been wrapped.

        "Mr. J. Gil spoke. He left.\\n\\nThe end" -> [(0, 18), (18, 28), (28, 35)]

    `language` is an ISO 639-1 code; None is read as English.
    """
    import sentencex  # here: training takes what a paragraph break is from this module, where no sentencex is

    cuts = {match.end() for match in PARAGRAPH_BREAK.finditer(text)}
    for line in _LONG_LINE.finditer(text):
        cuts |= {line.start(1), line.end()}
    code = language if language is not None else "en"
    if code == "en":
        cuts |= {match.end() for match in _MISSED.finditer(text)}
    for boundary in sentencex.get_sentence_boundaries(code, _WIDE_SPACE.sub(" ", text)):
        sentence = text[boundary["start_index"] : boundary["end_index"]]
        # white space belongs to the sentence before it, and a paragraph break is not a sentence
        if sentence.strip():
            cuts.add(boundary["start_index"] + len(sentence) - len(sentence.lstrip()))
    first = len(text) - len(text.lstrip())
    return list(pairwise(sorted({0, len(text)} | {cut for cut in cuts if cut > first})))


def sentences_around(text: str, start: int, end: int, language: str | None = None) -> list[tuple[int, int]]:
    """Those of `sentence_spans(text)` that `text[start:end]` stands in, by looking at its paragraphs alone.

    A paragraph that goes on for longer than `CONTEXT` characters is cut there: an article may have 20 MB.
    """
    low, high = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    first = max((match.end() for match in PARAGRAPH_BREAK.finditer(text, low, start)), default=low)
    following = PARAGRAPH_BREAK.search(text, end, high)
    spans = sentence_spans(text[first : high if following is None else following.end()], language)
    return [(first + a, first + b) for a, b in spans if first + a < end and start < first + b]
