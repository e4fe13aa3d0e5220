"""Search: the nearest passages of one generation, filtered before ranking."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.mends import terminal_message
from retrieval.encoder import Encoder
from retrieval.errors import IndexMismatchError, NoIndexError, UsageError
from retrieval.fusion import CITED_BONUS, COVERAGE_WEIGHT
from retrieval.heading import heading
from retrieval.question import leaning, parsed, reader_text
from retrieval.refresh import refresh
from retrieval.search import QueryTerms, Retriever, candidates
from retrieval.storage.local import LocalStore
from retrieval.storage.vectors import HEADING_WEIGHT
from retrieval.types import EVERYTHING, SearchFilter, Turn
from tests.stores import Counting, NewStore, all_passages

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


@pytest.fixture(scope="module")
def retriever(new_store: NewStore, encoder: Encoder) -> Retriever:
    store = new_store()
    refresh(CORPUS, store, encoder, "model")
    return Retriever.open(store, encoder)


def test_hits_are_judged_by_exact_cosine_and_by_the_words_that_they_cover(
    retriever: Retriever, encoder: Encoder
) -> None:
    question = "Who signed the grain agreement?"
    everything = retriever.search(parsed(question), 1000, EVERYTHING)
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
    top = retriever.search(parsed(question), 5, EVERYTHING)
    assert top.hits == everything.hits[:5]


def test_it_names_the_words_that_no_article_has(retriever: Retriever) -> None:
    evidence = retriever.search(parsed("Did the Lisbon zoologist sign Lavrof's grain deal in lisbon?"), 3, EVERYTHING)
    assert evidence.question.unmentioned == ("Lisbon", "zoologist")


def test_a_slip_of_the_hand_is_read_as_the_word_that_the_hits_have(retriever: Retriever) -> None:
    asked = "Whom did Lavrof's delegation meet in Caracsa, and where is Lavrofia?"
    evidence = retriever.search(parsed(asked), 3, EVERYTHING)
    assert evidence.question.respelled == {"Lavrof's": "Lavrov", "Caracsa": "CARACAS"}
    assert reader_text(evidence.question) == "Whom did Lavrov delegation meet in CARACAS, and where is Lavrofia?"


def test_filters_apply_before_ranking(retriever: Retriever) -> None:
    where = SearchFilter(since=date(2023, 2, 7), until=date(2023, 2, 10))
    evidence = retriever.search(parsed("Who attended the Caracas meeting?"), 3, where)
    assert len(evidence.hits) == 3
    published = {article.published.date() for article in evidence.articles.values() if article.published is not None}
    assert published <= {date(2023, 2, 7), date(2023, 2, 8), date(2023, 2, 9), date(2023, 2, 10)}
    article_id = evidence.hits[0].passage.article_id
    only = retriever.search(parsed("Who attended the Caracas meeting?"), 1000, SearchFilter(article_id=article_id))
    assert {hit.passage.article_id for hit in only.hits} == {article_id}
    assert retriever.search(parsed("Who?"), 3, SearchFilter(until=date(1900, 1, 1))).hits == ()


def test_an_unknown_article_says_where_ids_are_listed(retriever: Retriever) -> None:
    with pytest.raises(UsageError, match="'nowhere' in the index; name one of its articles"):
        retriever.search(parsed("Who?"), 3, SearchFilter(article_id="nowhere"))


def test_no_index_yet_says_what_to_run(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(NoIndexError, match=f"in {tmp_path / 'nowhere'} yet; bring the index up to date") as raised:
        Retriever.open(LocalStore(tmp_path / "nowhere"), encoder)
    assert "run `dateline index`, or," in terminal_message(raised.value) and "its config.toml" in terminal_message(
        raised.value
    )
    assert not (tmp_path / "nowhere").exists()


def test_a_retriever_moves_to_the_newest_generation(tmp_path: Path, new_store: NewStore, encoder: Encoder) -> None:
    corpus, store = tmp_path / "corpus", new_store()
    corpus.mkdir()
    (corpus / "a.txt").write_text("The bridge opened on Monday.")
    refresh(corpus, store, encoder, "model")
    retriever = Retriever.open(store, encoder)
    assert retriever.search(parsed("When did the bridge open?"), 5, EVERYTHING).generation == 1
    (corpus / "b.txt").write_text("The tunnel opened on Friday.")
    refresh(corpus, store, encoder, "model")
    found = retriever.search(parsed("When did the tunnel open?"), 5, EVERYTHING)
    assert found.generation == 2
    assert [hit.text for hit in found.hits] == ["The tunnel opened on Friday.", "The bridge opened on Monday."]


def test_a_snapshot_sees_one_generation_while_another_is_published(
    tmp_path: Path, new_store: NewStore, encoder: Encoder
) -> None:
    corpus, store = tmp_path / "corpus", new_store()
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
    with store.snapshot() as snapshot:
        assert (snapshot.generation.id, len(all_passages(snapshot))) == (2, 2)


@pytest.fixture(scope="module")
def yearly(tmp_path_factory: pytest.TempPathFactory, new_store: NewStore, encoder: Encoder) -> Retriever:
    """The same agreement, signed every February from 2015 to 2024, each time told a little differently."""
    corpus, store = tmp_path_factory.mktemp("yearly"), new_store()
    names = ["Ana", "Bo", "Carl", "Dina", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jill"]
    for year, name in zip(range(2015, 2025), names, strict=True):
        text = f"Minister {name} signed the grain agreement with {name}'s neighbours after long talks."
        (corpus / f"{name}.md").write_text(f"---\ntitle: Grain agreement\ndate: {year}-02-10\n---\n{text}\n")
    (corpus / "undated.txt").write_text("Nobody ever signed the grain agreement.\n")
    refresh(corpus, store, encoder, "model")
    return Retriever.open(store, encoder)


def years(retriever: Retriever, question: str, as_of: date | None, k: int = 11) -> list[int | None]:
    evidence = retriever.search(parsed(question, as_of), k, EVERYTHING)
    found = [evidence.article(hit).published for hit in evidence.hits]
    return [None if published is None else published.year for published in found]


@pytest.mark.parametrize(
    ("asked", "as_of", "year"),
    [
        ("in 2019", date(2024, 3, 1), 2019),
        ("in February 2017", date(2024, 3, 1), 2017),
        ("on 10 February 2022", date(2024, 3, 1), 2022),
        ("last month", date(2021, 3, 1), 2021),
        ("last month", date(2016, 3, 1), 2016),
        ("in February", date(2018, 6, 1), 2018),
    ],
)
def test_articles_of_the_time_that_a_question_names_come_first(
    asked: str, as_of: date, year: int, yearly: Retriever
) -> None:
    found = years(yearly, f"Who signed the grain agreement {asked}?", as_of)
    assert found[0] == year
    # a preference, no filter
    assert sorted(found, key=str) == sorted([*range(2015, 2025), None], key=str)


def test_an_article_of_the_time_is_found_where_many_others_are_nearer(yearly: Retriever) -> None:
    question = "What happened last month to the agreement with Jill's neighbours after long talks?"
    as_of = date(2015, 3, 1)
    where = SearchFilter(since=date(2016, 1, 1))
    with yearly.hold() as held:

        def of_years(count: int, as_of: date | None, where: SearchFilter) -> set[int | None]:
            query = yearly.query(parsed(question, as_of))
            hits = candidates(held, query, QueryTerms.of(held, query.question.terms), where, count)
            articles = held.articles(hit.passage.article_id for hit in hits)
            return {None if each.published is None else each.published.year for each in articles.values()}

        assert len(of_years(1, None, EVERYTHING)) <= 2
        assert 2015 in of_years(1, as_of, EVERYTHING)
        # but never against a filter
        assert of_years(20, as_of, where) <= set(range(2016, 2025))


def test_a_time_that_no_article_is_of_changes_nothing(yearly: Retriever) -> None:
    plain = years(yearly, "Who signed the grain agreement in May 1960?", None)
    assert years(yearly, "Who signed the grain agreement in May 1960?", date(2024, 3, 1)) == plain


def test_the_state_can_be_read_while_files_come_and_go(
    tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    refresh(CORPUS, store, encoder, "model")
    passing = tmp_path / "passing"
    passing.touch()
    listed = Path.glob

    def swept(folder: Path, pattern: str) -> Iterator[Path]:
        paths = list(listed(folder, pattern))
        passing.unlink(missing_ok=True)
        return iter(paths)

    with store.snapshot() as snapshot:
        before = snapshot.status().bytes
        monkeypatch.setattr(Path, "glob", swept)
        assert snapshot.status().bytes == before
    assert not passing.exists()


def test_articles_can_be_read_where_the_index_cannot_be_searched(new_store: NewStore, encoder: Encoder) -> None:
    store = new_store()
    refresh(CORPUS, store, encoder, "model")
    retriever = Retriever(store, Counting(encoder, other=True))
    with pytest.raises(IndexMismatchError):
        retriever.search(parsed("What happened?"), 5, EVERYTHING)
    known = retriever.status().articles[0].id
    assert set(retriever.articles([known, "nowhere"])) == {known}


SAID = Turn("Who signed the agreement on Black Sea grain in Istanbul?", ("Sergei Shoigu", "Hulusi Akar"))


def test_in_a_conversation_the_earlier_names_find_and_the_cited_article_has_an_advantage(retriever: Retriever) -> None:
    alone = retriever.search(parsed("who won?"), 3, EVERYTHING)
    (cited,) = {hit.passage.article_id for hit in retriever.search(parsed(SAID.question), 1, EVERYTHING).hits}
    found = retriever.search(leaning(parsed("who won?"), [SAID]), 1000, EVERYTHING)
    assert found.hits[0].passage.article_id == cited
    assert cited not in {hit.passage.article_id for hit in alone.hits}
    conversation = [replace(SAID, article_ids=(cited, "gone"))]
    favoured = retriever.search(leaning(parsed("who won?"), conversation), 1000, EVERYTHING)
    before = {hit.passage: hit.score for hit in found.hits}
    for hit in favoured.hits:
        bonus = CITED_BONUS if hit.passage.article_id == cited else 0.0
        assert hit.score == pytest.approx(before[hit.passage] + bonus)
    assert len(favoured.hits) == len(found.hits)


def test_a_filter_holds_in_a_conversation_too(retriever: Retriever) -> None:
    (other,) = {hit.passage.article_id for hit in retriever.search(parsed("Who met in Sochi?"), 1, EVERYTHING).hits}
    found = retriever.search(parsed(SAID.question), 1, EVERYTHING)
    (cited,) = found.articles.values()
    assert cited.published is not None
    conversation = [replace(SAID, article_ids=(cited.id,))]
    for where in (SearchFilter(article_id=other), SearchFilter(since=cited.published.date() + timedelta(days=1))):
        hits = retriever.search(leaning(parsed("who won?"), conversation), 1000, where).hits
        assert hits and cited.id not in {hit.passage.article_id for hit in hits}
