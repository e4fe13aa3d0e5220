"""A copy of a store holds what the store holds, and nothing is embedded for it."""

from pathlib import Path

import pytest

from evaluation.phases import RandomEncoder
from retrieval import migrating
from retrieval.encoder import Encoder
from retrieval.errors import NoIndexError, StoreError
from retrieval.migrating import migrate
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.storage.local import LocalStore
from retrieval.storage.store import Store
from retrieval.storage.writing import Writer
from tests.stores import Counting, NewStore, contents, write


@pytest.fixture
def encoder() -> Encoder:
    """What a text means is no matter here; that each has its own vector is."""
    return RandomEncoder()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    for number in range(12):
        write(folder, f"{number}.txt", f"Report {number} came out on a Monday.\n\nShare this\n\nNobody read it.")
    write(folder, "many.json", '[{"title": "One", "text": "A ship came to Porto."}, {"title": "Two", "text": ""}]')
    return folder


@pytest.fixture
def source(tmp_path: Path, corpus: Path, encoder: Encoder) -> Store:
    store = LocalStore(tmp_path / "source")
    refresh(corpus, store, encoder, "model")
    return store


def test_a_copy_holds_the_same_and_is_brought_up_to_date_as_ever(
    corpus: Path, source: Store, new_store: NewStore, encoder: Encoder
) -> None:
    target = new_store()
    assert migrate(source, target, silent).id == migrate(source, target, silent).id == 1
    assert contents(target) == contents(source)
    with source.snapshot() as here, target.snapshot() as there:
        assert here.status().articles == there.status().articles
        for article in here.status().articles:
            assert here.intake(article.id) == there.intake(article.id)
    report = refresh(corpus, target, counting := Counting(encoder), "model")
    assert (report.generation, report.unchanged, counting.embedded) == (1, 13, 0)
    assert report.skipped == refresh(corpus, source, encoder, "model").skipped != ()
    # and back
    back = new_store()
    migrate(target, back, silent)
    assert contents(back) == contents(source)


def test_a_copy_that_was_interrupted_is_gone_on_with(
    source: Store, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "STAGE_BATCH", 5)
    monkeypatch.setattr(migrating, "BATCH", 4)
    target, steps = new_store(), 0

    def stopping(writer: Writer, *arguments: object) -> None:
        nonlocal steps
        steps += 1
        if steps in (2, 5, 9):
            raise KeyboardInterrupt

    with target.writer() as writer:
        kind = type(writer)
    for name in ("stage", "save_vectors", "publish"):
        work = getattr(kind, name)

        def step(self: Writer, *arguments: object, work: object = work, **named: object) -> object:
            stopping(self)
            return work(self, *arguments, **named)  # type: ignore[operator]

        monkeypatch.setattr(kind, name, step)
    stopped = 0
    while True:
        try:
            migrate(source, target, silent)
            break
        except KeyboardInterrupt:
            stopped += 1
            with pytest.raises(NoIndexError), target.snapshot():
                pass
    assert stopped == 3
    # 3 batches of files, 7 of vectors, and the generation; what was interrupted is done again, and no more
    assert steps == 3 + 7 + 1 + 3
    assert contents(target) == contents(source)


def test_a_store_with_other_articles_is_not_copied_into(
    tmp_path: Path, source: Store, new_store: NewStore, encoder: Encoder
) -> None:
    target = new_store()
    write(tmp_path / "others", "other.txt", "The ferry to Lisbon was late again.")
    refresh(tmp_path / "others", target, encoder, "model")
    before = contents(target)
    with pytest.raises(StoreError, match=r"holds other articles already, such as other\.txt; name an empty one"):
        migrate(source, target, silent)
    assert contents(target) == before
