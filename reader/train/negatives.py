"""Hard negatives: the paragraphs that look most like the answer to a question and do not hold it.

    python -m reader.train.negatives --data FOLDER --out FILE

The retriever's own encoder embeds questions and paragraphs; for each question the most similar paragraphs of the same
file that contain none of its answers are kept. They are made once and read by `python -m reader.train --negatives`.
"""

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from reader.train.data import Paragraph, Question, paragraphs_of, read_folder
from retrieval.encoder import Encoder, SentenceTransformerEncoder
from retrieval.models import resolve
from retrieval.progress import silent

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
CHARACTERS = 600  # of a paragraph: about what the encoder reads


def mine(questions: Sequence[Question], encoder: Encoder, keep: int) -> dict[str, list[str]]:
    """Names of at most `keep` paragraphs for each question id, most similar first."""
    paragraphs = paragraphs_of(questions)
    texts = [paragraph.text.casefold() for paragraph in paragraphs]
    vectors = encoder.encode([f"{p.title} {p.text}"[:CHARACTERS] for p in paragraphs])
    asked = encoder.encode([question.text for question in questions])
    found: dict[str, list[str]] = {}
    for question, vector in zip(questions, asked, strict=True):
        answers = {question.paragraph.text[a.start : a.end].casefold() for a in question.answers}
        names: list[str] = []
        for index in np.argsort(-(vectors @ vector))[: keep * 10].tolist():
            paragraph: Paragraph = paragraphs[index]
            if paragraph.text != question.paragraph.text and not any(answer in texts[index] for answer in answers):
                names.append(paragraph.name)
            if len(names) == keep:
                break
        found[question.id] = names
    return found


def read_negatives(path: Path | None) -> Mapping[str, Sequence[str]]:
    """What `main` wrote; empty for None."""
    if path is None:
        return {}
    negatives: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return negatives


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m reader.train.negatives", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of SQuAD-shaped files")
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--encoder", default=ENCODER, help=f"default: {ENCODER}")
    parser.add_argument("--questions", type=int, default=None, help="at most so many of each file, drawn at random")
    parser.add_argument("--keep", type=int, default=6, help="paragraphs for each question (default 6)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    encoder = SentenceTransformerEncoder.load(resolve(arguments.encoder, silent))
    found: dict[str, list[str]] = {}
    for name, questions in read_folder(arguments.data).items():
        if arguments.questions is not None and len(questions) > arguments.questions:
            questions = random.Random(name).sample(questions, arguments.questions)
        found |= mine(questions, encoder, arguments.keep)
        print(f"{name}: {len(questions)} questions", flush=True)
    arguments.out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
