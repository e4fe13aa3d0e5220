"""The figures for large collections: articles that are recombined, a store of them, and what it takes."""

import json
from pathlib import Path

import numpy as np
import pytest

from evaluation import asking, building, scale
from evaluation.asking import nearest
from evaluation.building import add, build, delete
from evaluation.recombined import BETWEEN, Recombination, SentencePool
from evaluation.summed import SummedEncoder, Vectors, likeness
from retrieval.encoder import Encoder
from retrieval.heading import heading
from retrieval.passages import split
from retrieval.progress import silent
from retrieval.storage.staging import passage_text
from retrieval.storage.verify import verify
from retrieval.types import SearchFilter
from tests.stores import NewStore
from tests.test_evaluation_retrieval import Questions, squad

PEOPLE = ("Ann Lee", "Bo Ek", "Carla Ruiz", "Dan Roth", "Eva Holm", "Finn Berg", "Gita Rao", "Hugo Lind")
TOWNS = ("Oslo", "Porto", "Graz", "Lisbon", "Turin", "Ghent", "Bergen", "Leeds", "Riga", "Brno")
DEEDS = (
    "{} opened the new bridge in {} before a crowd of hundreds.",
    "{} told the council of {} that the ferry would sail again in spring.",
    "{} spent three years on the old harbour of {} and wrote a book about it.",
    "{} sold the last bakery of {} to a choir that needed a hall.",
    "{} walked from {} to the sea with forty children and one goat.",
    "{} mended the clock of the town hall in {} without being paid.",
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 80 paragraphs, each of six sentences and with one question."""
    answered: Questions = {
        " ".join(deed.format(person, town) for deed in DEEDS): [(f"What did {person} do in {town}?", [person])]
        for town in TOWNS
        for person in PEOPLE
    }
    return Path(squad(tmp_path_factory.mktemp("files") / "towns.json", answered))


@pytest.fixture(scope="module")
def pool(file: Path) -> SentencePool:
    return SentencePool.read([file, file])


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where embedded sentences stay."""
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="module")
def vectors(pool: SentencePool, encoder: Encoder, keep: Path) -> Vectors:
    return Vectors.of(pool, encoder, keep, silent)


def test_articles_are_runs_of_sentences_of_one_subject(pool: SentencePool, vectors: Vectors) -> None:
    assert (len(pool.sentences), len(pool.paragraphs)) == (480, 80)
    collection = Recombination(pool, vectors.neighbours(pool))
    articles = [collection.article(number) for number in range(300)]
    assert [Recombination(pool, vectors.neighbours(pool)).article(number) for number in (0, 77, 299)] == [
        articles[number] for number in (0, 77, 299)
    ]
    assert len({article.id for article in articles}) == len({article.path for article in articles}) == 300
    for article in articles:
        lines = article.text.split(BETWEEN)
        assert len(set(lines)) == len(lines)
        assert set(lines) <= set(pool.sentences)
        assert article.title in pool.titles
        assert article.published is not None
    words = [len(article.text.split()) for article in articles]
    assert 350 <= np.median(words) <= 450
    known = {article.text for article in articles}
    # a reprint begins as an earlier article does
    reprints = [a for a in articles if any(o != a.text and o.startswith(a.text) for o in known)]
    assert 0 < len(reprints) < 15


def test_a_vector_is_the_mean_of_those_of_the_sentences_by_words(pool: SentencePool) -> None:
    sentences = ("Ana spoke.", "She then left for Rome by train.")
    two = SentencePool(sentences, ((0, 1),), ("Ana",), (" ".join(sentences),))
    made = Vectors(np.eye(2, 3, dtype=np.float32), np.array([[0, 0, 1]], dtype=np.float32))
    encoder = SummedEncoder(two, made, "f00d")
    assert (encoder.fingerprint, encoder.dimension) == ("f00d", 3)
    texts = [sentences[0], BETWEEN.join(sentences), "Ana", "Ana (10 March 2022)"]
    assert encoder.encode(texts).round(2).tolist() == pytest.approx(
        np.array([[1, 0, 0], [0.27, 0.96, 0], [0, 0, 1], [0, 0, 1]])
    )
    assert all(encoder.knows(text) for text in texts)
    assert not encoder.knows("Ana spoke. She then left for Rome by train.")


def test_every_passage_and_heading_has_a_vector(pool: SentencePool, vectors: Vectors, encoder: Encoder) -> None:
    collection, summed = Recombination(pool, vectors.neighbours(pool)), SummedEncoder(pool, vectors, "f00d")
    for number in range(50):
        article = collection.article(number)
        assert summed.knows(heading(article))
        spans = split(article.text, article.language)
        assert all(summed.knows(passage_text(article.text, *span)) for span in spans)
    found = likeness(summed, encoder.encode, encoder.encode(["Who opened the bridge in Oslo?"]), 60)
    assert (found.passages, found.collection) == (60, 60)
    assert 0.8 < found.low <= found.mean <= 1
    assert found.fiftieth < found.first < 1


def test_a_store_of_each_kind_is_built_and_changed(
    pool: SentencePool, vectors: Vectors, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "CHANGES", 5)
    collection, summed = Recombination(pool, vectors.neighbours(pool)), SummedEncoder(pool, vectors, "f00d")
    store = new_store()
    built = build(store, collection, summed, 200)
    assert 190 <= built.passages <= 210
    assert list(built.seconds) == ["staging", "storing vectors", "publishing"]
    assert all(seconds > 0 for seconds in built.seconds.values())
    large = {path: path.stat().st_ino for path in store.files() if path.suffix == ".faiss"}
    assert add(store, collection, summed).articles == 5
    assert delete(store, summed).articles == -5
    assert verify(store, silent).findings == ()
    with store.snapshot() as snapshot:
        assert len(snapshot.status().articles) == built.articles
    # what is added goes into another file
    assert all(path.stat().st_ino == inode for path, inode in large.items())


def test_the_nearest_are_those_of_all_vectors(
    pool: SentencePool, vectors: Vectors, encoder: Encoder, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "READ_AT_ONCE", 7)
    store, summed = new_store(), SummedEncoder(pool, vectors, encoder.fingerprint)
    build(store, Recombination(pool, vectors.neighbours(pool)), summed, 100)
    questions = encoder.encode(["Who opened the bridge in Oslo?", "Which bakery was sold?"])
    with store.snapshot(encoder.fingerprint) as snapshot:
        near = nearest(snapshot, questions)
        for question, found in zip(questions, near, strict=True):
            read = snapshot.candidates(snapshot.nearest(question, 50, SearchFilter()))
            assert found == pytest.approx(np.sort(read.vectors @ question)[::-1], abs=1e-5)


@pytest.mark.usefixtures("server", "vectors")  # skipped where none can be started
def test_the_figures_of_a_small_collection(file: Path, keep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = set(keep.glob("vectors-*.npy"))
    asked = [str(file), "--passages", "120", "--questions", "2", "--keep", str(keep)]
    scale.main([*asked, "--json", "--store", "folder", "postgres"])
    parts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ["built", "started", "asked", "added", "deleted"]
    assert [(each["part"], each["store"]) for each in parts] == [
        ("realism", None), *((name, kind) for kind in ("folder", "postgres") for name in names)
    ]  # fmt: skip
    nearest = []
    for some in (parts[1:6], parts[6:]):
        assert all(each["wanted"] == 120 for each in some)
        built, started, asked, *changes = (each["figures"] for each in some)
        assert built["disk"] > 1000 * built["passages"]
        assert 0 < started["open"] < started["first"]
        for each in asked["waits"].values():
            assert 0 < each["p50"] <= each["p95"] <= each["p99"]
        assert asked["recall"] == 1
        assert asked["fiftieth"] < asked["first"]
        nearest.append(asked["first"])
        for each, change in zip(changes, (100, -100), strict=True):
            assert each["changed"]["articles"] == change
    assert nearest[0] == pytest.approx(nearest[1], abs=1e-5)
    assert kept and kept <= set(keep.glob("vectors-*.npy"))
