"""Search: the nearest passages of one generation, filtered before ranking."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import SentenceTransformerEncoder
from retrieval.errors import NoIndexError, UsageError
from retrieval.fusion import COVERAGE_WEIGHT
from retrieval.heading import heading
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.segments import HEADING_WEIGHT
from retrieval.storage.store import Store
from retrieval.types import SearchFilter
from tests.stores import all_passages

EVERYTHING = SearchFilter()
CORPUS = Path(__file__).resolve().parent.parent / "corpus"


@pytest.fixture(scope="module")
def retriever(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceTransformerEncoder) -> Retriever:
    store = Store(tmp_path_factory.mktemp("search"))
    refresh(CORPUS, store, encoder, "model")
    return Retriever.open(store, encoder)


def test_hits_are_judged_by_exact_cosine_and_by_the_words_that_they_cover(
    retriever: Retriever, encoder: SentenceTransformerEncoder
) -> None:
    question = "Who signed the grain agreement?"
    everything = retriever.search(question, 1000, EVERYTHING)
    texts = encoder.encode([hit.text.strip() for hit in everything.hits])
    headings = encoder.encode([heading(everything.article(hit)) for hit in everything.hits])
    vectors = texts + HEADING_WEIGHT * headings
    cosines = vectors @ encoder.encode([question])[0] / np.linalg.norm(vectors, axis=1)
    np.testing.assert_allclose([hit.cosine for hit in everything.hits], cosines, atol=1e-5)
    scores = np.array([hit.score for hit in everything.hits])
    covered = np.array([hit.coverage for hit in everything.hits])
    np.testing.assert_allclose(scores, cosines + COVERAGE_WEIGHT * covered, atol=1e-5)
    assert (np.diff(scores) <= 0).all()
    by_cosine = sorted(everything.hits, key=lambda hit: -hit.cosine)
    assert [hit.dense_rank for hit in by_cosine] == list(range(len(by_cosine)))
    assert {hit.lexical_rank is None for hit in everything.hits} == {True, False}
    assert all(hit.lexical_rank is None for hit in everything.hits if not hit.coverage)
    assert len(everything.hits) == retriever.status().passages
    top = retriever.search(question, 5, EVERYTHING)
    assert top.hits == everything.hits[:5]


def test_every_hit_is_a_slice_of_its_article(retriever: Retriever) -> None:
    evidence = retriever.search("What happened?", 1000, EVERYTHING)
    for hit in evidence.hits:
        assert evidence.article(hit).text[hit.passage.start : hit.passage.end] == hit.text


def test_filters_apply_before_ranking(retriever: Retriever) -> None:
    where = SearchFilter(since=date(2023, 2, 7), until=date(2023, 2, 10))
    evidence = retriever.search("Who attended the Caracas meeting?", 3, where)
    assert len(evidence.hits) == 3
    published = {article.published.date() for article in evidence.articles.values() if article.published is not None}
    assert published <= {date(2023, 2, 7), date(2023, 2, 8), date(2023, 2, 9), date(2023, 2, 10)}
    article_id = evidence.hits[0].passage.article_id
    only = retriever.search("Who attended the Caracas meeting?", 1000, SearchFilter(article_id=article_id))
    assert {hit.passage.article_id for hit in only.hits} == {article_id}
    assert retriever.search("Who?", 3, SearchFilter(until=date(1900, 1, 1))).hits == ()


def test_an_unknown_article_says_where_ids_are_listed(retriever: Retriever) -> None:
    with pytest.raises(UsageError, match=r"'nowhere'.*dateline status"):
        retriever.search("Who?", 3, SearchFilter(article_id="nowhere"))


def test_no_index_yet_says_what_to_run(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    with pytest.raises(NoIndexError, match="run `dateline index`"):
        Retriever.open(Store(tmp_path / "nowhere"), encoder)
    assert not (tmp_path / "nowhere").exists()


def test_a_retriever_moves_to_the_newest_generation(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    corpus, store = tmp_path / "corpus", Store(tmp_path / "store")
    corpus.mkdir()
    (corpus / "a.txt").write_text("The bridge opened on Monday.")
    refresh(corpus, store, encoder, "model")
    retriever = Retriever.open(store, encoder)
    assert retriever.search("When did the bridge open?", 5, EVERYTHING).generation == 1
    (corpus / "b.txt").write_text("The tunnel opened on Friday.")
    refresh(corpus, store, encoder, "model")
    found = retriever.search("When did the tunnel open?", 5, EVERYTHING)
    assert found.generation == 2
    assert [hit.text for hit in found.hits] == ["The tunnel opened on Friday.", "The bridge opened on Monday."]


def test_a_snapshot_sees_one_generation_while_another_is_published(
    tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    corpus, store = tmp_path / "corpus", Store(tmp_path / "store")
    corpus.mkdir()
    (corpus / "a.txt").write_text("The bridge opened on Monday.")
    refresh(corpus, store, encoder, "model")
    with store.snapshot() as snapshot:
        (corpus / "a.txt").write_text("The bridge opened on Tuesday after all.")
        (corpus / "b.txt").write_text("The tunnel opened on Friday.")
        refresh(corpus, store, encoder, "model")
        passages = all_passages(snapshot)
        articles = snapshot.articles([passage.article_id for passage in passages])
        assert snapshot.generation.id == 1
        assert [article.text for article in articles.values()] == ["The bridge opened on Monday."]
        assert len(snapshot.index({})) == 1
    with store.snapshot() as snapshot:
        assert (snapshot.generation.id, len(snapshot.index({}))) == (2, 2)
