"""Yes or no? The articles' own words can't say so; they can show the sentence that decides it.

    "Did Lavrov meet Maduro in Caracas?"  ->  "Venezuelan President Nicolas Maduro welcomed Sergei Lavrov in Caracas."

Asked such a question, a reader that picks answers out of text picks this or that part of the sentence that it is about
("Sergei Lavrov", "Tuesday"), so all parts of one sentence speak for it together.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from reader.candidates import Offer, everything, log_sum, offered_spans
from reader.citations import cite
from reader.confidence import Calibration
from reader.merging import Candidate
from reader.types import PassageReading
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


def sentence_candidates(
    question: str, readings: Sequence[PassageReading], evidence: Evidence, calibration: Calibration
) -> list[Candidate]:
    """The sentences of the passages as answers, best first.

    A sentence has the reader's probability of every span in it (see `reader.candidates`).
    """
    offers = offered_spans(question, readings, evidence)
    total = everything(offers)
    sentences: dict[tuple[str, int, int], list[Offer]] = {}
    for offer in offers:
        citation = cite(evidence.article(offer.span.hit), offer.span)
        sentences.setdefault((citation.article_id, citation.quote_start, citation.quote_end), []).append(offer)
    found = []
    for (article_id, start, end), parts in sentences.items():
        best = max(parts, key=lambda part: part.span.score)
        features = best.features(math.exp(log_sum(parts) - total))
        text = evidence.articles[article_id].text[start:end]
        span = replace(best.span, start=start, end=end)
        found.append(Candidate(span, text, features, calibration.span.probability(features)))
    return sorted(found, key=lambda candidate: -candidate.probability)
