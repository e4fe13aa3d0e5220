"""The score of a passage, from its vector and from its words.

    score = cosine + 0.4 * coverage

*Cosine* is that of the question's and the passage's vectors; *coverage* is the share of the question's terms that the
passage, or its heading, has, each weighted by how rare it is. Say the articles have "Caracas" in 10 of 1,000 passages
and "meeting" in 200: the question "Who held a meeting in Caracas?" has the terms

    held    40 of 1,000 passages, weight 3.2
    meeting 200,                  weight 1.6        a passage with "meeting" and "Caracas" covers
    Caracas 10,                   weight 4.6        (1.6 + 4.6) / (3.2 + 1.6 + 4.6) = 0.66 of it

Vectors find what is said in other words, words find names that the encoder does not know. Scores and not ranks are
added up, because they say, question by question, how much each half has to go by: where no passage has the words,
coverage is low for all of them and the vectors decide. A convex combination of scores is steadier than reciprocal ranks
(Bruch, Gai and Ingber, An Analysis of Fusion Functions for Hybrid Retrieval, 2023). BM25 finds the candidates; coverage
scores them, because it has a scale, 0 to 1, and the windows are of one size, so that there is no length to allow for.
"""

import math
from collections.abc import Collection, Mapping

# a fit on training questions gave 0.62; these were written beside the passage and repeat its words more than people do
# who have not read it, so the vectors keep more say
COVERAGE_WEIGHT = 0.4
# worth about as much as a rare word of a question
PERIOD_BONUS = 0.1
# Where some passage covers so much, the articles are likely about what is asked. Of 400 training questions about news
# 87 % were on this side, and of the same questions without the articles of their event 89 % on the other.
ON_TOPIC = 0.62
# of a term that is not the question's, but of the conversation before it
EARLIER_WEIGHT = 0.6
# see `retrieval.conversation`
CITED_BONUS = 0.1


def rarity(frequency: int, passages: int) -> float:
    """The weight of a term that stands in `frequency` of `passages` passages, above 0: BM25's inverse document
    frequency."""
    return math.log(1 + (max(passages - frequency, 0) + 0.5) / (frequency + 0.5))


def coverage(weights: Mapping[str, float], found: Collection[str]) -> float:
    """The weighted share, 0 to 1, of a question's terms that are among `found`; 0 for a question without terms."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / total if total else 0.0


def fused(cosine: float, coverage: float, in_period: bool, cited: bool = False) -> float:
    """The score; higher is better. `in_period`: the article is of the time that the question names; `cited`: it was
    cited in the conversation that the question leans on."""
    return cosine + COVERAGE_WEIGHT * coverage + PERIOD_BONUS * in_period + CITED_BONUS * cited
