"""Filters by source: what a source is compared by, what is found, and what is said where there is none."""

import pytest

from retrieval.encoder import Encoder
from retrieval.errors import UsageError
from retrieval.filters import folded, merged
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage.store import Store
from retrieval.types import Evidence, SearchFilter
from tests.stores import NewStore, write

SOURCES = ["Agencia EFÉ", "Agencia EFÉ", " agencia  efe", "Example Wire", "Harbour News", "Harbour News"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, new_store: NewStore, encoder: Encoder) -> Store:
    corpus, store = tmp_path_factory.mktemp("corpus"), new_store()
    towns = ["Porto", "Lima", "Quito", "Oslo", "Geneva", "Ankara"]
    for source, town in zip(SOURCES, towns, strict=True):
        head = f'---\ntitle: A bridge in {town}\nsource: "{source}"\ndate: 2024-02-20\n---\n'
        write(corpus, f"{town}.md", f"{head}The mayor of {town} opened the bridge that the people of {town} had built.")
    write(corpus, "nobody.md", "The mayor of Bern opened the bridge that the people of Bern had built, it was said.")
    refresh(corpus, store, encoder, "model")
    return store


@pytest.fixture(scope="module")
def retriever(store: Store, encoder: Encoder) -> Retriever:
    return Retriever.open(store, encoder)


def paths(evidence: Evidence) -> list[str]:
    return sorted({evidence.article(hit).path for hit in evidence.hits})


@pytest.mark.parametrize("name", ["Agencia EFÉ", "agencia efe", "  AGENCIA   EFE\n", "Agencia EFE\u0301"])
def test_only_articles_of_the_source_are_found_however_it_is_spelt(retriever: Retriever, name: str) -> None:
    where = SearchFilter(source=name)
    assert paths(retriever.search(parsed("Who opened the bridge in Oslo?"), 10, where)) == [
        "Lima.md",
        "Porto.md",
        "Quito.md",
    ]


def test_a_source_and_an_article_narrow_each_other(retriever: Retriever) -> None:
    ids = {article.path: article.id for article in retriever.status().articles}
    both = SearchFilter(source="Harbour News", article_id=ids["Geneva.md"])
    assert paths(retriever.search(parsed("Who?"), 10, both)) == ["Geneva.md"]
    other = SearchFilter(source="Harbour News", article_id=ids["Oslo.md"])
    assert retriever.search(parsed("Who?"), 10, other).hits == ()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Exampel Wire", r"'Exampel Wire' in the index; did you mean Example Wire\?$"),
        ("harbour", r"'harbour' in the index; did you mean Harbour News\?$"),
        ("xyz", r"no articles from 'xyz' in the index; name one of its sources\.$"),
        (" ", "no articles from ' ' in the index; name one"),
        ("' OR 1=1 --", "no articles from"),
        ("x" * 10_000, "no articles from"),
    ],
)
def test_an_unknown_source_names_the_nearest_ones(retriever: Retriever, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        retriever.search(parsed("Who?"), 3, SearchFilter(source=name))


def test_an_unknown_article_names_the_nearest_one(store: Store) -> None:
    with store.snapshot() as snapshot:
        known = snapshot.status().articles[0].id
        snapshot.check(SearchFilter(article_id=known))
        with pytest.raises(UsageError, match=f"no article '{known}0' in the index; did you mean {known}"):
            snapshot.check(SearchFilter(article_id=f"{known}0"))


def test_the_sources_of_most_articles_come_first_and_each_once(store: Store) -> None:
    with store.snapshot() as snapshot:
        assert snapshot.sources() == ["Agencia EFÉ", "Harbour News", "Example Wire"]


def test_spellings_of_one_source_are_one() -> None:
    assert folded("  Agencia  EFÉ ") == folded("AGENCIA EFE") == "agencia efe"
    assert merged({"REUTERS": 1, "Reuters": 3, "EFE": 2, " ": 9}) == {"Reuters": 4, "EFE": 2}
