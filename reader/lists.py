"""Items become a list: those that belong together, whole, in the order in which they are read.

1. What a list is about stands in its article's heading and opening as well as in the passage, so the names of both
   count for its items' probability.
2. What the question itself names is no answer: "Whom did Lavrov meet?" is not answered by "Sergei Lavrov".
3. A list is of one thing, such as the people at one meeting: of the items that reach the threshold, those from the
   articles that are most about what the question names.
4. A list is of one kind: "19" and "military delegations" are nobody, where somebody is asked for and found.
5. A list is whole: of an enumeration that holds an item, every conjunct is one.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reader.citations import cite
from reader.confidence import Logistic
from reader.conjuncts import is_capitalised, others_beside
from reader.differing import subject
from reader.merging import Candidate, Finding
from reader.names import asked_names, folded, name_coverage
from reader.questions import asks_who, asks_who_was_there
from reader.spans import overlap
from retrieval.types import Evidence


def members(
    question: str, offered: Sequence[Candidate], evidence: Evidence, logistic: Logistic, threshold: float
) -> list[Candidate]:
    """Those of the offered items that make the list, and what their enumerations add to them; best first."""
    asked = _asked(question, evidence)
    counted = [_with_opening(item, asked, evidence, logistic) for item in offered]
    likely = [item for item in not_asked_about(question, counted, evidence) if item.probability >= threshold]
    chosen = of_one_kind(question, about_the_same(asked, likely, evidence))
    return sorted(with_conjuncts(chosen, evidence), key=lambda item: -item.probability)


def not_asked_about(question: str, offered: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """Without whom or what the question itself names; but whoever attended a meeting "of Ana and Bo" may be they."""
    if asks_who_was_there(question):
        return list(offered)
    asked = set(_asked(question, evidence))
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


def of_one_kind(question: str, items: Sequence[Candidate]) -> list[Candidate]:
    """Where the question asks who, only names, if there are any."""
    names = [item for item in items if is_capitalised(item.text)]
    return names if names and asks_who(question) else list(items)


def with_conjuncts(items: Sequence[Candidate], evidence: Evidence) -> list[Candidate]:
    """The items, and whatever else their enumerations hold, each as likely as the item that it stands beside."""
    whole = list(items)
    for item in items:
        article = evidence.article(item.span.hit)
        sentence = cite(article, item.span)
        for start, end in others_beside(
            article.text, (sentence.quote_start, sentence.quote_end), (item.span.start, item.span.end)
        ):
            span = replace(item.span, start=start, end=end)
            if not any(overlap(span, other.span) for other in whole):
                whole.append(replace(item, span=span, text=article.text[start:end]))
    return whole


def in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """By article, the best first, and within an article from top to bottom."""
    rank: dict[str, int] = {}
    for hit in evidence.hits:
        rank.setdefault(hit.passage.article_id, len(rank))
    return sorted(findings, key=lambda f: (rank[f.best.span.hit.passage.article_id], f.best.span.start))


def _asked(question: str, evidence: Evidence) -> list[str]:
    return asked_names(question, "\n".join(hit.text for hit in evidence.hits))


def _with_opening(item: Candidate, asked: Sequence[str], evidence: Evidence, logistic: Logistic) -> Candidate:
    hit = item.span.hit
    names = name_coverage(asked, f"{subject(evidence.article(hit))}\n{hit.text}")
    features = replace(item.features, names=names)
    return replace(item, features=features, probability=logistic.probability(features))
