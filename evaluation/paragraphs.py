"""Question files as a collection: every paragraph an article, every question asked of all of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reader.train.data import Question
from reader.train.headings import real_title
from retrieval.encoder import Encoder
from retrieval.heading import heading
from retrieval.passages import split
from retrieval.storage.index import VectorBatch, VectorIndex
from retrieval.storage.segments import passage_vectors
from retrieval.storage.staging import passage_text
from retrieval.types import Article, Evidence, Hit, Passage


@dataclass(frozen=True, slots=True)
class Collection:
    """Articles, their passages (the id is the place in `passages`), and an index of these."""

    articles: dict[str, Article]
    passages: Sequence[Passage]
    index: VectorIndex
    encoder: Encoder

    @classmethod
    def build(cls, questions: Sequence[Question], encoder: Encoder) -> "Collection":
        """The paragraphs of `questions`, split and embedded as articles are."""
        articles = {question.paragraph.name: _article(question) for question in questions}
        passages = [
            Passage(0, article.id, start, end) for article in articles.values() for start, end in split(article.text)
        ]
        passages = [Passage(number, p.article_id, p.start, p.end) for number, p in enumerate(passages)]
        texts = encoder.encode([passage_text(articles[p.article_id].text, p.start, p.end) for p in passages])
        headings = encoder.encode([heading(articles[p.article_id]) for p in passages])
        batch = VectorBatch(np.arange(len(passages), dtype=np.int64), passage_vectors(texts, headings))
        return cls(articles, passages, VectorIndex.build(encoder.dimension, iter([batch])), encoder)

    def search(self, question: str, k: int) -> Evidence:
        """The `k` nearest passages by cosine."""
        found = self.index.search(self.encoder.encode([question])[0], k)
        hits = []
        for rank, (number, score) in enumerate(zip(found.ids.tolist(), found.scores.tolist(), strict=True)):
            passage = self.passages[number]
            text = self.articles[passage.article_id].text[passage.start : passage.end]
            hits.append(Hit(passage, text, score, rank, None))
        articles = {hit.passage.article_id: self.articles[hit.passage.article_id] for hit in hits}
        return Evidence(hits=tuple(hits), articles=articles, groups={key: key for key in articles}, generation=0)


def sample(questions: Sequence[Question], count: int, seed: int) -> list[Question]:
    """`count` of the questions, the same ones for the same seed; all of them where there are fewer."""
    return random.Random(seed).sample(list(questions), min(count, len(questions)))


def _article(question: Question) -> Article:
    name = question.paragraph.name
    return Article(name, real_title(question.paragraph), None, None, None, None, name, question.paragraph.text)
