"""The store after a refresh: what is embedded, what is published, what is kept when something goes wrong."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.phases import RandomEncoder
from retrieval.encoder import Encoder
from retrieval.errors import BusyError, CorpusError, IndexMismatchError, NoIndexError, StoreError
from retrieval.intake.articles import parse
from retrieval.progress import silent
from retrieval.question import parsed
from retrieval.refresh import refresh
from retrieval.search import Retriever
from retrieval.storage import embedding
from retrieval.storage.database import DATABASE
from retrieval.storage.embedding import embed_missing
from retrieval.storage.index import VectorBatch, VectorIndex
from retrieval.storage.local import LocalStore
from retrieval.storage.store import Store
from retrieval.storage.types import NewFile
from retrieval.storage.verify import verify
from retrieval.types import EVERYTHING, Evidence
from tests.stores import Counting, NewStore, contents, no_file_above, write


def everything(store: Store, encoder: Encoder | Counting) -> Evidence:
    return Retriever.open(store, encoder).search(parsed("What happened?"), 1000, EVERYTHING)


@pytest.fixture
def encoder() -> Encoder:
    """What a text means is no matter here; that each has its own vector is."""
    return RandomEncoder()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write(folder, "harbour.txt", "Harbour strike ends\n\nThe dockers of Porto went back to work on Monday.")
    write(folder, "flood.md", "---\ntitle: Flood in the valley\ndate: 2023-05-02\n---\nThe river rose by four metres.")
    return folder


@pytest.fixture
def local(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_only_what_is_new_is_embedded(corpus: Path, store: Store, encoder: Encoder) -> None:
    counting = Counting(encoder)
    first = refresh(corpus, store, counting, "model")
    assert (first.generation, first.added, first.passages, first.embedded, first.reused) == (1, 2, 2, 2, 0)
    again = refresh(corpus, store, counting, "model")
    assert (again.generation, again.unchanged, again.embedded, again.reused) == (1, 2, 0, 2)
    write(corpus, "harbour.txt", "Harbour strike ends\n\nThe dockers of Porto stayed at home on Monday.")
    (corpus / "flood.md").rename(corpus / "river.md")
    third = refresh(corpus, store, counting, "model")
    assert (third.generation, third.added, third.changed, third.removed, third.embedded) == (2, 1, 1, 1, 1)
    assert counting.embedded == 5  # three passages and two headings
    assert [held.path for held in contents(store)] == ["harbour.txt", "river.md"]
    full = refresh(corpus, store, counting, "model", full=True)
    assert (full.generation, full.unchanged, full.embedded) == (3, 2, 2)


@pytest.mark.parametrize(("data", "said"), [(b"", "is empty"), ("Größe".encode("latin-1"), "is not UTF-8")])
def test_a_bad_file_is_skipped_by_name_and_what_was_known_of_it_stays(
    data: bytes, said: str, corpus: Path, store: Store, encoder: Encoder
) -> None:
    refresh(corpus, store, encoder, "model")
    before = contents(store)
    for name in ("flood.md", "new.txt"):
        (corpus / name).write_bytes(data)
    report = refresh(corpus, store, encoder, "model")
    assert [skip.path for skip in report.skipped] == ["flood.md", "new.txt"]
    assert all(said in skip.reason for skip in report.skipped)
    assert (report.added, report.changed, report.removed, report.unchanged) == (0, 0, 0, 2)
    other = Counting(encoder, other=True)
    assert refresh(corpus, store, other, "other-model").passages == len(before)
    assert contents(store) == before


def test_a_name_that_is_not_utf8_is_named_at_each_run(corpus: Path, store: Store, encoder: Encoder) -> None:
    path = os.fsencode(corpus) + b"/caf\xe9.txt"
    with open(path, "wb") as file:  # noqa: PTH123 - a Path takes no bytes
        file.write(b"Text.")
    # a time at which the file no longer changes, so that what is wrong with it would be kept
    with mock.patch("retrieval.refresh.is_settled", return_value=True):
        reports = [refresh(corpus, store, encoder, "tiny") for _ in range(2)]
    for report in reports:
        assert [skip.reason for skip in report.skipped] == ["has a name that is not UTF-8; rename it"]


def test_a_link_that_leads_out_of_the_corpus_is_followed_only_if_it_may_be(
    tmp_path: Path, corpus: Path, store: Store, encoder: Encoder
) -> None:
    write(tmp_path, "secret.txt", "The code of the safe is kept in a drawer.")
    (corpus / "out.txt").symlink_to(tmp_path / "secret.txt")
    (corpus / "up.txt").symlink_to("../secret.txt")
    (corpus / "on.txt").symlink_to("up.txt")
    (corpus / "in.txt").symlink_to("harbour.txt")
    refresh(corpus, store, encoder, "model", follow_links=True)
    every = ["flood.md", "harbour.txt", "in.txt", "on.txt", "out.txt", "up.txt"]
    assert [held.path for held in contents(store)] == every
    # nor does what was read before stay
    report = refresh(corpus, store, encoder, "model")
    assert [skip.path for skip in report.skipped] == ["on.txt", "out.txt", "up.txt"]
    assert all("a file outside of the corpus" in skip.reason for skip in report.skipped)
    assert [held.path for held in contents(store)] == ["flood.md", "harbour.txt", "in.txt"]
    link = tmp_path / "link"
    link.symlink_to(corpus)
    assert refresh(link, store, encoder, "model").unchanged == 3


@pytest.mark.parametrize("missing", [1, 100, 600, 3000])
def test_an_index_that_does_not_fit_on_the_disk_is_an_error(missing: int, tmp_path: Path) -> None:
    vectors = np.eye(60, 384, dtype=np.float32)
    index = VectorIndex.build(384, 60, lambda: iter([VectorBatch(np.arange(60, dtype=np.int64), vectors)]))
    index.save(tmp_path / "whole.faiss")
    size = (tmp_path / "whole.faiss").stat().st_size
    with pytest.raises(StoreError, match="free some disk space"), no_file_above(size - missing):
        index.save(tmp_path / "short.faiss")
    assert [path.name for path in tmp_path.iterdir()] == ["whole.faiss"]
    with pytest.raises(StoreError, match="No such file or directory"):
        index.save(tmp_path / "nowhere" / "whole.faiss")


@pytest.mark.parametrize("damage", ["emptied", "removed", "only bad files"])
def test_an_empty_corpus_is_an_error_and_the_index_stays(
    damage: str, corpus: Path, store: Store, encoder: Encoder
) -> None:
    refresh(corpus, store, encoder, "model")
    before = contents(store)
    shutil.rmtree(corpus)
    if damage != "removed":
        corpus.mkdir()
    if damage == "only bad files":
        write(corpus, "bad.txt", "")
    with pytest.raises(CorpusError, match=str(corpus)):
        refresh(corpus, store, encoder, "model")
    assert contents(store) == before


def test_an_interrupted_run_goes_on_where_it_stopped(
    tmp_path: Path, store: Store, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BATCH", 64)
    corpus = tmp_path / "many"
    for number in range(150):
        write(corpus, f"{number}.txt", f"Report number {number} came out on a Monday.")
    interrupted = Counting(encoder, fail_after=128)
    with pytest.raises(KeyboardInterrupt):
        refresh(corpus, store, interrupted, "model")
    with pytest.raises(NoIndexError):
        everything(store, encoder)
    # what was staged is taken as it is, and what was embedded is not embedded again
    monkeypatch.setattr("retrieval.refresh.parse", lambda data, path: pytest.fail(f"{path} is parsed again"))
    resumed = Counting(encoder)
    report = refresh(corpus, store, resumed, "model")
    assert (report.added, report.passages, interrupted.embedded) == (150, 150, 128)
    assert resumed.embedded == 150 - 128  # the one sentence of each is also its heading
    assert len(contents(store)) == 150


def test_a_long_article_is_read_once_for_each_batch_of_its_passages(
    tmp_path: Path, local: LocalStore, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "BATCH", 32)
    text = "".join(f"Report number {number} came out on a Monday, and nobody read it.\n\n" for number in range(1000))
    article, fetched = parse(text.encode(), "long.txt"), 0

    def counting(data: bytes) -> str:
        nonlocal fetched
        fetched += len(data)
        return data.decode()

    with local.writer() as writer:
        with writer.transaction():
            writer.stage([NewFile("long.txt", b"hash", None, article)])
        writer.connection.text_factory = counting
        passages = embed_missing(writer, encoder, all_files=False, leaving=(), reembed=False, progress=silent)
    assert passages > 64
    assert fetched < (passages / 32 + 2) * len(text)


def test_each_origin_replaces_and_deletes_its_own_files_alone(tmp_path: Path, store: Store, encoder: Encoder) -> None:
    def refreshed(origin: str) -> tuple[int, int, int]:
        report = refresh(tmp_path / f"at-{origin}", store, encoder, "model", origin=origin)
        return report.added, report.changed, report.removed

    for origin in ("", "berlin", "rome"):
        for name in ("same.txt", "gone.txt", "berlin/own.txt"):
            write(tmp_path / f"at-{origin}", name, f"The council of {origin or 'Oslo'} wrote {name}.")
        write(tmp_path / f"at-{origin}", "empty.txt", "")
        assert refreshed(origin) == (3, 0, 0)
    write(tmp_path / "at-berlin", "same.txt", "The council of Berlin wrote it again.")
    (tmp_path / "at-berlin" / "gone.txt").unlink()
    assert refreshed("berlin") == (0, 1, 1)
    assert [refreshed(origin) for origin in ("", "berlin", "rome")] == [(0, 0, 0)] * 3
    files = ("berlin/own.txt", "gone.txt", "same.txt")
    paths = [*files, "berlin//berlin/own.txt", "berlin//same.txt", *(f"rome//{file}" for file in files)]
    assert [held.path for held in contents(store)] == sorted(paths)


def test_what_an_origin_had_staged_when_it_was_killed_is_not_lost(
    tmp_path: Path, store: Store, encoder: Encoder
) -> None:
    for origin in ("berlin", "rome"):
        write(tmp_path / origin, "a.txt", f"The council of {origin} met.")
        refresh(tmp_path / origin, store, encoder, "model", origin=origin)
        write(tmp_path / origin, "a.txt", f"The council of {origin} met twice.")
    with pytest.raises(KeyboardInterrupt):
        refresh(tmp_path / "berlin", store, Counting(encoder, fail_after=0), "model", origin="berlin")
    refresh(tmp_path / "rome", store, encoder, "model", origin="rome")
    assert [held.text for held in contents(store)] == [
        f"The council of {each} met twice." for each in ("berlin", "rome")
    ]
    assert refresh(tmp_path / "berlin", store, encoder, "model", origin="berlin").changed == 0


def test_another_encoder_embeds_everything_and_the_old_index_refuses_it(
    corpus: Path, store: Store, encoder: Encoder
) -> None:
    refresh(corpus, store, encoder, "first-model")
    other = Counting(encoder, other=True)
    with pytest.raises(IndexMismatchError, match=r"first-model.*bring the index up to date, or set the encoder back"):
        everything(store, other)
    report = refresh(corpus, store, other, "second-model")
    assert (report.unchanged, report.embedded) == (2, 2)
    assert len(contents(store)) == 2
    with pytest.raises(IndexMismatchError):
        everything(store, encoder)


def other_bytes(file: Path, change: Callable[[bytes], bytes]) -> None:
    data = file.read_bytes()
    file.unlink()  # its other names keep the old bytes
    file.write_bytes(change(data))


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "garbage": ("*.faiss", lambda file: other_bytes(file, lambda data: b"no index")),
    "short": ("*.faiss", lambda file: other_bytes(file, lambda data: data[:-1])),
    "lost": ("*.faiss", Path.unlink),
    "one bit": (
        "*.faiss",
        lambda file: other_bytes(file, lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]),
    ),
    "a byte of the words": ("words-*/*.*", lambda file: other_bytes(file, lambda data: data[:-9] + b"\0" + data[-8:])),
    "a file of the words less": ("words-*/*.*", Path.unlink),
    "a file of the words more": ("words-*", lambda folder: write(folder, "more.idx", "x")),
    "the words": ("words-*", shutil.rmtree),
}


@pytest.mark.parametrize(("pattern", "harm"), DAMAGES.values(), ids=DAMAGES)
def test_a_lost_or_damaged_index_file_is_rebuilt_without_embedding(
    pattern: str, harm: Callable[[Path], None], corpus: Path, local: LocalStore, encoder: Encoder
) -> None:
    refresh(corpus, local, encoder, "model")
    before, found = contents(local), everything(local, encoder).hits
    harm(max(local.folder.glob(pattern), key=lambda path: path.stat().st_size))
    assert everything(local, encoder).hits == found
    (finding,) = verify(local, silent).findings
    assert "missing or has been changed" in finding.problem
    assert "{bring the index up to date}" in finding.mend
    counting = Counting(encoder)
    report = refresh(corpus, local, counting, "model")
    assert (report.generation, counting.embedded) == (2, 0)
    assert contents(local) == before
    assert len(list(local.folder.glob("*.faiss"))) == 1


def test_a_database_that_was_only_begun_is_no_index_yet(corpus: Path, local: LocalStore, encoder: Encoder) -> None:
    local.folder.mkdir()
    sqlite3.connect(local.folder / DATABASE).execute("PRAGMA journal_mode = WAL").connection.close()
    with pytest.raises(NoIndexError, match="bring the index up to date"):
        everything(local, encoder)
    assert refresh(corpus, local, encoder, "model").added == 2


def test_a_second_writer_is_told_to_wait(corpus: Path, store: Store, encoder: Encoder) -> None:
    with store.writer(), pytest.raises(BusyError, match="Another process"):
        refresh(corpus, store, encoder, "model")
    assert refresh(corpus, store, encoder, "model").added == 2


def test_a_database_that_another_program_has_locked_is_said_to_be(
    corpus: Path, local: LocalStore, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(corpus, local, encoder, "model")
    write(corpus, "new.txt", "The ferry to Lisbon was late again.")
    monkeypatch.setattr("retrieval.storage.local.BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(local.folder / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="another program has it locked") as writing:
            refresh(corpus, local, encoder, "model")
    with closing(sqlite3.connect(local.folder / DATABASE, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BusyError, match="another program has it locked") as reading:
            everything(local, encoder)
    assert all("disk" not in str(raised.value) and "delete" not in str(raised.value) for raised in (writing, reading))
    assert refresh(corpus, local, encoder, "model").added == 1


def test_a_database_of_another_format_says_what_to_do(corpus: Path, local: LocalStore, encoder: Encoder) -> None:
    local.folder.mkdir()
    with closing(sqlite3.connect(local.folder / DATABASE, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="format 99"):
        refresh(corpus, local, encoder, "model")
    with pytest.raises(StoreError, match="format 99"):
        everything(local, encoder)
    (local.folder / DATABASE).write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match="not a database"):
        refresh(corpus, local, encoder, "model")


PLACES = ["Lisbon", "Oslo"]
NAMES = ["a.txt", "b.md", "c/d.txt"]
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(PLACES), st.integers(1, 3)),
        st.tuples(st.just("edit"), st.sampled_from(NAMES), st.sampled_from(PLACES), st.integers(1, 3)),
        st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just(""), st.just(0)),
        st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES), st.just(0)),
        st.tuples(st.just("refresh"), st.just(""), st.just(""), st.just(0)),
    ),
    min_size=1,
    max_size=15,
)


def report(place: str, paragraphs: int) -> str:
    """An article of as many passages; those of one place are reprints of each other, cut at different lengths."""
    matters = ["the harbour", "the new railway", "the schools"]
    return "\n\n".join(
        " ".join(
            f"The council of {place} spoke about {matter} for the {ordinal} time, and about what the {ordinal} plan "
            f"for {matter} would cost the people of {place} in the end."
            for ordinal in ("first", "second", "third", "fourth")
        )
        for matter in matters[:paragraphs]
    )


@given(CHANGES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_ends_in_what_a_fresh_index_of_the_folder_gives(
    tmp_path_factory: pytest.TempPathFactory,
    new_store: NewStore,
    encoder: Encoder,
    changes: list[tuple[str, str, str, int]],
) -> None:
    folder = tmp_path_factory.mktemp("history")
    corpus, lived = folder / "corpus", new_store()
    write(corpus, "always.txt", "Something is always here.")
    for change, name, other, length in changes:
        path = corpus / name
        if change == "write":
            write(corpus, name, report(other, length))
        elif change == "edit" and path.exists():
            write(corpus, name, f"{path.read_text()}\n\nA word from {other}, {length} days on.")
        elif change == "delete":
            path.unlink(missing_ok=True)
        elif change == "rename" and path.exists():
            (corpus / other).parent.mkdir(exist_ok=True)
            path.rename(corpus / other)
        elif change == "refresh":
            refresh(corpus, lived, encoder, "model")
    refresh(corpus, lived, encoder, "model")
    fresh = LocalStore(folder / "fresh")
    refresh(corpus, fresh, encoder, "model")
    assert contents(lived) == contents(fresh)
