"""What is new about a question: answers that say something that was not said before.

    told       Carlos Faria (8 July 2022)
    new        "Faria, the foreign minister, …"  10 July 2022     the same: not news
               "Yvan Gil was appointed …"        6 January 2023   excludes it, and is newer: news, "was: Carlos Faria"
               "Felix Plasencia, the new …"      9 August 2021   excludes it, and is older: not news, it was so before
    of a list  a name that was not given yet is news, and replaces nobody

How two answers stand to each other, the pair head says (`reader.pairs`). Each answer is compared with what was told and
may be the same, and, where only one can be right, with what holds until now. An article without a date is as new as its
arrival. What an earlier print of the same text said is not news.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reader.merging import MIN_PAIR_PROBABILITY, far_apart
from reader.names import alike, folded
from reader.pairs import RELATIONS, Said
from reader.types import Answer, AnswerItem, Citation, Reader
from reader.wording import canonical
from retrieval.heading import heading
from retrieval.reprints import NEARLY_THE_SAME
from retrieval.sentences import sentence_spans
from retrieval.types import Article

# a new answer is compared with so many of those told last
COMPARED = 20


@dataclass(frozen=True, slots=True)
class Statement:
    """An answer that was reported: its words, the date that its time words mean, the article's heading, its citation.

    `holds` until another answer has taken its place.
    """

    text: str
    resolved_date: str | None
    heading: str
    citation: Citation
    holds: bool = True

    @classmethod
    def of(cls, item: AnswerItem, answer: Answer) -> "Statement":
        """What an answer says, with its first citation."""
        citation = item.citations[0]
        return cls(item.text, item.resolved_date, heading(answer.article(citation)), citation)


@dataclass(frozen=True, slots=True)
class News:
    """An answer with only what is new in it; for each of its items the statement that it replaces, if any."""

    answer: Answer
    was: tuple[Statement | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reported answers after a new one, and what of it is news; None where nothing is."""

    statements: tuple[Statement, ...]
    news: News | None


def find_news(answer: Answer, told: Sequence[Statement], reader: Reader) -> Comparison:
    """Compares a confident `answer` of one source group with the answers reported (`told`, in order)."""
    statements = list(told)
    items: list[AnswerItem] = []
    was: list[Statement | None] = []
    for item in answer.answers:
        new = Statement.of(item, answer)
        excluded = _excluded(answer, new, statements, reader)
        if excluded is None:
            continue
        latest = max(excluded, key=_published, default=None)
        if latest is not None and new.citation.published is not None and _published(new) < _published(latest):
            statements.insert(0, replace(new, holds=False))
            continue
        statements = [replace(each, holds=each.holds and each not in excluded) for each in statements]
        statements.append(new)
        items.append(item)
        was.append(latest)
    if not items:
        return Comparison(tuple(statements), None)
    return Comparison(tuple(statements), News(replace(answer, answers=tuple(items)), tuple(was)))


def without_reprinted(answer: Answer, older: Iterable[Article]) -> Answer:
    """The answer without those of its items that `older` articles of the same source group have said already.

    A sentence has been said if one of theirs has 70 % of its words; the item's own words must be there, too.
    """
    said = [
        set(folded(article.text[start:end]))
        for article in older
        for start, end in sentence_spans(article.text, article.language)
    ]
    kept = tuple(item for item in answer.answers if not (said and _is_said(item, said)))
    return replace(answer, answers=kept)


def _is_said(item: AnswerItem, said: Sequence[set[str]]) -> bool:
    quote = item.citations[0].quote
    found: set[str] = set()
    for start, end in sentence_spans(quote):
        words = set(folded(quote[start:end]))
        alike = [others for others in said if len(words & others) >= NEARLY_THE_SAME * len(words)]
        if words and not alike:
            return False
        found.update(*alike)
    return set(folded(item.text)) <= found


def _excluded(answer: Answer, new: Statement, told: Sequence[Statement], reader: Reader) -> list[Statement] | None:
    """The reported statements that `new` excludes; None where one of them says the same."""
    if any(_plainly_same(new, other) for other in told):
        return None
    single = answer.kind in ("span", "differing")
    words = canonical(new.text)
    compared = [other for other in told if (single and other.holds) or alike(words, canonical(other.text))][-COMPARED:]
    chances = reader.compare(answer.question, [(_said(new), _said(other)) for other in compared]) if compared else None
    if chances is None:
        return []
    excluded = []
    for other, row in zip(compared, chances.tolist(), strict=True):
        chance = dict(zip(RELATIONS, row, strict=True))
        if far_apart(new, other) or _of_other_days(new, other):
            chance["differ"] += chance["same"]
            chance["same"] = 0.0
        if chance["same"] > MIN_PAIR_PROBABILITY:
            return None
        if single and other.holds and chance["differ"] > MIN_PAIR_PROBABILITY:
            excluded.append(other)
    return excluded


def _plainly_same(one: Statement, other: Statement) -> bool:
    same_words = canonical(one.text) == canonical(other.text)
    return (same_words and not _of_other_days(one, other)) or one.citation == other.citation


def _of_other_days(one: Statement, other: Statement) -> bool:
    """Whether both say a day, and not the same: "on Thursday" in articles of two weeks."""
    days = {one.resolved_date, other.resolved_date}
    return None not in days and len(days) == 2


def _said(statement: Statement) -> Said:
    return Said(statement.text, statement.heading, statement.citation.quote)


def _published(statement: Statement) -> float:
    published = statement.citation.published
    return float("-inf") if published is None else published.timestamp()
