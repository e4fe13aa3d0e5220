"""Yes or no? The articles' own words can't say so; they can show the sentence that decides it.

    "Did Lavrov meet Maduro in Caracas?"  ->  "Venezuelan President Nicolas Maduro welcomed Sergei Lavrov in Caracas."

Asked such a question, a reader that picks answers out of text picks this or that part of the sentence that it is about
("Sergei Lavrov", "Tuesday"), so all parts of one sentence speak for it together.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from reader.citations import cite
from reader.confidence import Logistic
from reader.merging import Candidate
from reader.types import Span
from retrieval.types import Evidence

_WORD = re.compile(r"[^\W_]+")
_AUXILIARIES_TEXT = """
is are was were am do does did has have had can could will would shall should may might must
isn aren wasn weren don doesn didn hasn haven hadn couldn won wouldn shouldn
"""
_AUXILIARIES = frozenset(_AUXILIARIES_TEXT.split())


def asks_yes_or_no(question: str) -> bool:
    """Whether `question` asks whether something is so.

    "Did Lavrov meet Maduro?", "And is the deal still valid?" -> True
    "Who met Maduro?", "Was it Lavrov or Shoigu?" -> False: the second is answered by one of its names
    """
    words = [word.lower() for word in _WORD.findall(question)]
    while words and words[0] in {"and", "but", "so"}:
        del words[0]
    return bool(words) and words[0] in _AUXILIARIES and "or" not in words


def deciding_sentences(offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic) -> list[Candidate]:
    """The sentences that hold the candidates, each as a candidate of its own, the likeliest first.

    A sentence's span score is log Σ exp(score) of what is offered from it, none of which overlap: the odds that any of
    it is right.
    """
    sentences: dict[tuple[str, int, int], list[Candidate]] = {}
    for candidate in offered:
        article = evidence.article(candidate.span.hit)
        citation = cite(article, candidate.span, evidence.groups[article.id])
        sentences.setdefault((article.id, citation.quote_start, citation.quote_end), []).append(candidate)
    found = []
    for (article_id, start, end), parts in sentences.items():
        best = max(parts, key=lambda part: part.features.span)
        highest = best.features.span
        score = highest + math.log(sum(math.exp(part.features.span - highest) for part in parts))
        features = replace(best.features, span=score)
        text = evidence.articles[article_id].text[start:end]
        span = Span(best.span.hit, start, end, score=score)
        found.append(Candidate(span, text, features, logistic.probability(features)))
    return sorted(found, key=lambda candidate: -candidate.probability)
