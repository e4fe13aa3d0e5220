"""Items become a list: those that belong together, whole, in the order in which they are read.

1. What a list is about stands in its article's heading and opening as well as in the passage, so the names of both
   count for its items' probability.
2. What the question itself names is no answer ("Whom did Lavrov meet?" is not answered by "Sergei Lavrov"), nor is
   whoever is said not to have done what is asked (`reader.negation`).
3. A list is of one thing, such as the people at one meeting: of the items that reach the threshold, those from the
   articles that are most about what the question names.
4. A list is of one kind: where names outweigh common nouns, "19" and "military delegations" are no items.
5. A list is mostly found in one place: from other sources than the one that has most of it come only sure items.
6. A list is whole: of an enumeration that holds an item, every conjunct is one.

Over MultiSpanQA's paragraphs, 6 and `reader.conjuncts` raised exact F1 by several points, 3 to 5 by less than one each.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reader.candidates import named_in
from reader.citations import cite
from reader.confidence import Logistic
from reader.conjuncts import conjuncts, is_capitalised, others_beside
from reader.differing import subject, with_opening
from reader.merging import Candidate, Finding, say_the_same
from reader.names import folded, name_coverage
from reader.negation import contrary
from reader.questions import asks_who_was_there, is_about_presence
from reader.spans import overlap
from retrieval.types import Evidence

SURE = 0.75


def members(
    question: str, offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic, threshold: float
) -> list[Candidate]:
    """Those of the offered items that make the list, and what their enumerations add to them; best first."""
    asked = named_in(question, evidence)
    counted = [with_opening(item, asked, evidence, logistic) for item in offered]
    likely = possible(question, [item for item in counted if item.probability >= threshold], evidence)
    chosen = from_one_source(of_one_kind(about_the_same(asked, likely, evidence)), evidence)
    return sorted(with_conjuncts(chosen, evidence), key=lambda item: -item.probability)


def possible(question: str, offered: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """Without what cannot be an answer, whatever its probability."""
    return [
        candidate
        for candidate in _not_asked_about(question, offered, evidence)
        if not _contrary(question, candidate, evidence)
    ]


def _contrary(question: str, candidate: Candidate, evidence: Evidence) -> bool:
    text, span = evidence.article(candidate.span.hit).text, candidate.span
    sentence = cite(evidence.article(span.hit), span)
    before, after = text[sentence.quote_start : span.start], text[span.end : sentence.quote_end]
    return contrary(question, before, candidate.text, after, presence=is_about_presence(question))


def _not_asked_about(question: str, offered: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """Without whom or what the question itself names; but whoever attended a meeting "of Ana and Bo" may be they."""
    if asks_who_was_there(question):
        return list(offered)
    asked = set(named_in(question, evidence))
    words = folded(question)
    pairs = set(pairwise(words))

    def named(text: str) -> bool:
        said = folded(text)
        if not said or not is_capitalised(text) or said[-1] not in asked:
            return False
        # "Delcy Rodriguez" is not the Jorge Rodriguez of the question
        given = {first for first, last in pairs if last == said[-1] and first in asked}
        return set(said) <= asked or not given or not given.isdisjoint(said)

    return [candidate for candidate in offered if not named(candidate.text)]


def about_the_same(asked: Sequence[str], items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items from the articles that are most about the asked names, however well another's sentences fit."""
    shares = [item.features.names + name_coverage(asked, subject(evidence.article(item.span.hit))) for item in items]
    most = max(shares, default=0.0)
    return [item for item, share in zip(items, shares, strict=True) if share == most]


def of_one_kind(items: Sequence[Candidate]) -> list[Candidate]:
    """Only the names, where their probabilities add up to more than those of the common nouns and numbers."""
    names = [item for item in items if is_capitalised(item.text)]
    weight = sum(item.probability for item in names)
    return names if 2 * weight > sum(item.probability for item in items) else list(items)


def from_one_source(items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items of the source group that has most, by their probabilities; of others what says the same or is sure."""
    weights: dict[str, float] = {}
    for item in items:
        group = _source(item, evidence)
        weights[group] = weights.get(group, 0.0) + item.probability
    leading = max(weights, key=lambda group: weights[group], default=None)
    kept = [item for item in items if item.probability >= SURE or _source(item, evidence) == leading]
    return [item for item in items if any(item is other or say_the_same(item, other) for other in kept)]


def with_conjuncts(items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items, and whatever else their enumerations hold, each as likely as the item that it stands beside."""
    whole = list(items)
    for item in items:
        article = evidence.article(item.span.hit)
        sentence = cite(article, item.span)
        for start, end in others_beside(
            article.text, (sentence.quote_start, sentence.quote_end), (item.span.start, item.span.end)
        ):
            beside = _at(item, article.text, start, end)
            if not any(overlap(beside.span, other.span) for other in whole):
                whole.append(beside)
    return whole


def enumerated(candidate: Candidate, evidence: Evidence) -> list[Candidate]:
    """The names that one answer is made of ("Ana Ruiz and Bo Lund"), each as likely as all; itself, if of none."""
    text, span = evidence.article(candidate.span.hit).text, candidate.span
    parts = conjuncts(text, span.start, span.end)
    if not all(is_capitalised(text[start:end]) for start, end in parts):
        return [candidate]
    return [_at(candidate, text, start, end) for start, end in parts]


def _at(candidate: Candidate, text: str, start: int, end: int) -> Candidate:
    """The candidate, as likely as it is, in another place of its article's `text`."""
    return replace(candidate, span=replace(candidate.span, start=start, end=end), text=text[start:end])


def in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))


def _source(item: Candidate, evidence: Evidence) -> str:
    return evidence.groups[item.span.hit.passage.article_id]
