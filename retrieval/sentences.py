"""Sentences as spans of a text. The segmentation itself is Wikimedia's sentencex.

A sentence here includes the white space that follows it, so that joining all sentences gives the text back.
"""

import re
from itertools import pairwise

import sentencex

# sentencex takes only an empty line for the end of a paragraph, not one of white space
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
# sentencex 1.0.32 looks a byte beside a character up and panics where white space is not ASCII
_WIDE_SPACE = re.compile(r"[^\S\n]|[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def sentence_spans(text: str, language: str | None = None) -> list[tuple[int, int]]:
    """The sentences of `text` as (start, end) code-point offsets that tile it without gap or overlap.

    Abbreviations, initials, quotes and headlines do not end a sentence; a blank line always does.

        "Mr. J. Gil spoke. He left.\\n\\nThe end" -> [(0, 18), (18, 28), (28, 35)]

    `language` is an ISO 639-1 code; None is read as English.
    """
    cuts = {match.end() for match in _PARAGRAPH.finditer(text)}
    code = language if language is not None else "en"
    for boundary in sentencex.get_sentence_boundaries(code, _WIDE_SPACE.sub(" ", text)):
        sentence = text[boundary["start_index"] : boundary["end_index"]]
        # white space belongs to the sentence before it, and a paragraph break is no sentence of its own
        if sentence.strip():
            cuts.add(boundary["start_index"] + len(sentence) - len(sentence.lstrip()))
    first = len(text) - len(text.lstrip())
    return list(pairwise(sorted({0, len(text)} | {cut for cut in cuts if cut > first})))
