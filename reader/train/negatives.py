"""Hard negatives: the passages of a newsroom's archive that look most like the answer and do not hold it.

An archive is full of other events of the same kind, and of other passages of the right article; those that the
retriever's own encoder puts nearest to a question are what its reader has to tell from the right one.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from reader.train.data import Paragraph, Question, paragraphs_of
from reader.train.headings import compose, real_title
from reader.train.traps import Reading
from retrieval.encoder import Encoder
from retrieval.passages import split
from retrieval.progress import Progress

POOL = 40  # so many of the nearest are looked at for those without an answer
BLOCK = 512  # questions compared at once


def mine(
    questions: Sequence[Question], encoder: Encoder, keep: int, progress: Progress
) -> Mapping[str, Sequence[Reading]]:
    """At most `keep` passages for each question id, most similar first, from all articles of the questions."""
    passages = [
        (Reading("", compose(real_title(paragraph), "", paragraph.published), paragraph.text[start:end], ()))
        for paragraph in _different(questions)
        for start, end in split(paragraph.text)
    ]
    texts = [passage.text.casefold() for passage in passages]
    with progress("Embedding passages and questions", len(passages) + len(questions)) as advance:
        vectors = encoder.encode([f"{passage.heading} {passage.text}" for passage in passages])
        advance(len(passages))
        asked = encoder.encode([question.text for question in questions])
        advance(len(questions))
    found: dict[str, list[Reading]] = {}
    for first in range(0, len(questions), BLOCK):
        block = questions[first : first + BLOCK]
        nearest = np.argsort(-(asked[first : first + BLOCK] @ vectors.T), axis=1)[:, :POOL]
        for question, row in zip(block, nearest.tolist(), strict=True):
            answers = {question.paragraph.text[a.start : a.end].casefold() for a in question.answers}
            free = (passages[index] for index in row if not any(answer in texts[index] for answer in answers))
            found[question.id] = [passage for _, passage in zip(range(keep), free, strict=False)]
    return found


def _different(questions: Sequence[Question]) -> list[Paragraph]:
    """Each text once: an article has questions in several files."""
    return list({paragraph.text: paragraph for paragraph in paragraphs_of(questions)}.values())
