"""News and statements as JSON: for the database, and for other programs.

A line of news is the object of an answer (`bot.json`) with three keys more: `news`, its number; `followed`, that of the
question; `was`, for each of the answers what it replaces, {"text", "resolved_date", "citation"}, or null.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot.following.types import Followed, Notice
from bot.json import answer_object, citation_object, document, scope_object
from reader.novelty import News, Statement
from reader.types import Answer, AnswerItem, Citation, Timing
from retrieval.question import parsed
from retrieval.types import Article, Evidence, Hit, Passage


def news_document(news: News) -> str:
    """News without its numbers, as the outbox keeps it."""
    return document(
        {**answer_object(news.answer), "was": _was(news), "headings": [each and each.heading for each in news.was]}
    )


def news_json(notice: Notice) -> str:
    """What `watch --json` prints."""
    numbers = {"news": notice.id, "followed": notice.followed.id}
    return document({**numbers, **answer_object(notice.news.answer), "was": _was(notice.news)})


def answered_json(followed: Followed, answer: Answer) -> str:
    """What `follow --json` prints: the current answer, which counts as reported."""
    return document({"followed": followed.id, **answer_object(answer)})


def followed_json(followed: Followed, told: Sequence[Statement]) -> str:
    """What `follow --list --json` prints of a question."""
    by = followed.by
    return document(
        {
            "followed": followed.id,
            "question": followed.question,
            "filter": scope_object(followed.where),
            "since": followed.followed.isoformat(),
            "generation": followed.generation,
            "suspended": followed.suspended,
            "discord": None if by is None else asdict(by),
            "told": [_statement_object(each) for each in told if each.holds],
        }
    )


def news_of(kept: str, articles: Mapping[str, Article], generation: int) -> News | None:
    """What `news_document` wrote, as the `articles` have it now; None where one of them does not say it any more.

    A quote that has moved within its article is cited where it stands now.
    """
    found = json.loads(kept)
    items = []
    for item in found["answers"]:
        citations = [_placed(_citation(each), articles) for each in item["citations"]]
        placed = tuple(each for each in citations if each is not None)
        if citations[0] is None:
            return None
        items.append(AnswerItem(item["text"], item["confidence"], item["resolved_date"], placed))
    groups = {each.article_id: each.source_group for item in items for each in item.citations}
    hits = tuple(hit for each in found["evidence"] if (hit := _hit(each, articles)) is not None)
    groups |= {hit.passage.article_id: hit.passage.article_id for hit in hits if hit.passage.article_id not in groups}
    evidence = Evidence(parsed(found["question"]), hits, {key: articles[key] for key in groups}, groups, generation)
    answer = Answer(found["kind"], tuple(items), evidence, Timing(0.0, 0.0, 0.0), found["certain"])
    was = tuple(
        None if each is None else _statement(each, heading)
        for each, heading in zip(found["was"], found["headings"], strict=True)
    )
    return News(answer, was)


def articles_of(kept: str) -> set[str]:
    """The ids of the articles that news cites, or was read in."""
    found = json.loads(kept)
    cited = {each["article_id"] for item in found["answers"] for each in item["citations"]}
    return cited | {each["article_id"] for each in found["evidence"]}


def statement_document(statement: Statement) -> str:
    """A statement as the database keeps it."""
    return document({**_statement_object(statement), "heading": statement.heading, "holds": statement.holds})


def statement_of(kept: str) -> Statement:
    """What `statement_document` wrote."""
    found = json.loads(kept)
    return replace(_statement(found, found["heading"]), holds=found["holds"])


def _was(news: News) -> list[dict[str, Any] | None]:
    return [None if each is None else _statement_object(each) for each in news.was]


def _statement_object(statement: Statement) -> dict[str, Any]:
    return {
        "text": statement.text,
        "resolved_date": statement.resolved_date,
        "citation": citation_object(statement.citation),
    }


def _statement(found: Mapping[str, Any], heading: str) -> Statement:
    return Statement(found["text"], found["resolved_date"], heading, _citation(found["citation"]))


def _citation(found: Mapping[str, Any]) -> Citation:
    published = found["published"]
    return Citation(**{**found, "published": None if published is None else datetime.fromisoformat(published)})


def _hit(found: Mapping[str, Any], articles: Mapping[str, Article]) -> Hit | None:
    """A passage that was read, if its article still has it."""
    id, start, end = found["article_id"], found["start"], found["end"]
    if id not in articles or articles[id].text[start:end] != found["text"]:
        return None
    return Hit(Passage(0, id, start, end), found["text"], found["score"], None, None, 0.0, 0.0)


def _placed(citation: Citation, articles: Mapping[str, Article]) -> Citation | None:
    article = articles.get(citation.article_id)
    if article is None:
        return None
    start = citation.quote_start
    if not article.text.startswith(citation.quote, start):
        start = article.text.find(citation.quote)
    if start < 0:
        return None
    shift = start - citation.quote_start
    return replace(
        citation,
        title=article.title,
        source=article.source,
        url=article.url,
        published=article.published,
        quote_start=start,
        quote_end=citation.quote_end + shift,
        answer_start=citation.answer_start + shift,
        answer_end=citation.answer_end + shift,
    )
