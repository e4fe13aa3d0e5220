"""A followed question is asked of what has come in: of each source group alone, so that it does not matter what else
came with it, the oldest first."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reader.answering import Answerer
from reader.novelty import News, Statement, find_news, without_reprinted
from reader.types import Reader
from retrieval.reprints import distinct
from retrieval.types import Article, Evidence, Hit, Question


@dataclass(frozen=True, slots=True)
class NewPassages:
    """The passages to read for a question, best first; `articles` and `groups` are as in `Evidence`, and `fresh` are
    the articles that have come in, by id."""

    hits: tuple[Hit, ...]
    articles: Mapping[str, Article]
    groups: Mapping[str, str]
    fresh: frozenset[str]


@dataclass(frozen=True, slots=True)
class Update:
    """All answers reported for a question, and the news among them."""

    told: tuple[Statement, ...]
    news: tuple[News, ...]


@dataclass(frozen=True, slots=True)
class Follower:
    """Reads at most so many `passages` of a source group for a question."""

    answerer: Answerer
    reader: Reader
    passages: int

    def ask(self, question: Question, to_read: NewPassages, told: Sequence[Statement], generation: int) -> Update:
        """The confident answers of the passages, compared with those reported (`told`, in order)."""
        groups: defaultdict[str, list[Hit]] = defaultdict(list)
        for hit in to_read.hits:
            groups[to_read.groups[hit.passage.article_id]].append(hit)
        after, news = tuple(told), []
        for group in sorted(groups, key=lambda group: _age(groups[group], to_read.articles)):
            members = {key: article for key, article in to_read.articles.items() if to_read.groups[key] == group}
            hits = tuple(distinct(groups[group], to_read.groups)[: self.passages])
            evidence = Evidence(question, hits, members, dict.fromkeys(members, group), generation)
            answer = self.answerer.answer(evidence, 0.0)
            if not answer.certain:
                continue
            older = [article for key, article in members.items() if key not in to_read.fresh]
            found = find_news(without_reprinted(answer, older), after, self.reader)
            after = found.statements
            if found.news is not None:
                news.append(found.news)
        return Update(after, tuple(news))


def _age(hits: Sequence[Hit], articles: Mapping[str, Article]) -> tuple[float, str]:
    """Orders source groups by their oldest article; those without a date come last, as they are as old as today."""
    dates = [articles[hit.passage.article_id].published for hit in hits]
    known = [when.timestamp() for when in dates if when is not None]
    return min(known, default=float("inf")), hits[0].passage.article_id
