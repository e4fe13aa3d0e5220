"""Questions while others publish: each sees one generation, whole; and what would be torn is noticed."""

import json
from dataclasses import replace

import pytest

from evaluation import concurrency
from evaluation.concurrency import articles, publish, sessions
from evaluation.phases import RandomEncoder
from retrieval.errors import StoreError
from retrieval.question import parsed
from retrieval.search import Retriever
from retrieval.types import SearchFilter
from tests.stores import NewStore


@pytest.mark.usefixtures("server")  # skipped where none can be started
def test_four_ask_while_two_publish(capsys: pytest.CaptureFixture[str]) -> None:
    concurrency.main(["--rounds", "2", "--store", "folder", "postgres", "--json"])
    both = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["store"] for each in both] == ["folder", "postgres"]
    for each in both:
        assert list(each) == ["store", "seconds", "questions", "published", "seen", "busy"]
        assert each["published"] == 4
        assert 2 <= each["seen"] <= 5 and each["questions"] >= 8


def test_what_is_torn_is_noticed(new_store: NewStore) -> None:
    store = new_store()
    for desk in range(2):
        publish(store, desk, 1)
    publish(store, 1, 2)
    evidence = Retriever.open(store, RandomEncoder()).search(parsed("Which council met?"), 80, SearchFilter())
    assert sessions(evidence) == (1, 2)
    assert evidence.generation == 3
    older = {article.path: article for article in articles(1, 1)}
    hit = next(hit for hit in evidence.hits if evidence.articles[hit.passage.article_id].path in older)
    article = evidence.articles[hit.passage.article_id]
    before = replace(article, text=older[article.path].text)
    rest = tuple(other for other in evidence.hits if other is not hit)
    mixed = {**evidence.articles, article.id: before}
    for torn in (
        replace(evidence, hits=rest),
        replace(evidence, hits=(*evidence.hits, hit)),
        replace(evidence, hits=(*rest, replace(hit, text=before.text)), articles=mixed),
    ):
        with pytest.raises(StoreError, match="The answer set of generation 3 is torn"):
            sessions(torn)
    with pytest.raises(StoreError, match="is not what its article says"):
        sessions(replace(evidence, articles=mixed))
