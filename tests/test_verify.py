"""Verification finds what is wrong with a store, and the command that it names mends it."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from retrieval.encoder import Encoder
from retrieval.errors import StoreError
from retrieval.progress import silent
from retrieval.refresh import refresh
from retrieval.storage.database import DATABASE
from retrieval.storage.index import VectorBatch, VectorIndex
from retrieval.storage.integrity import recorded
from retrieval.storage.local import LocalStore
from retrieval.storage.row_checks import EMBED_AGAIN, REBUILD
from retrieval.storage.segments import segment_path
from retrieval.storage.verify import verify
from tests.stores import contents, write

PARAGRAPH = " ".join(f"The harbour of Porto counted ship {number} on its way to the sea." for number in range(15))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    write(folder, "harbour.txt", f"Harbour counts ships\n\n{PARAGRAPH}")
    write(folder, "flood.md", "---\ntitle: Flood in the valley\ndate: 2023-05-02\n---\nThe river rose by four metres.")
    return folder


@pytest.fixture
def store(tmp_path: Path, corpus: Path, encoder: Encoder) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    refresh(corpus, store, encoder, "model")
    return store


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("UPDATE articles SET text = replace(text, 'ship', 'boat')", "is not what was read"),
        ("UPDATE articles SET published = '2001-01-01T00:00:00+00:00' WHERE path = 'flood.md'", "is not what was read"),
        ("UPDATE articles SET heading_hash = x'00'", "heading of"),
        ("UPDATE passages SET end = end - 1 WHERE id = 1", "is not a slice"),
        ("UPDATE passages SET end = 99999", "is not a slice"),
        ("DELETE FROM passages WHERE id = 1", "leave words out"),
        ("DELETE FROM passages WHERE id = (SELECT max(id) FROM passages)", "passages"),
        ("DELETE FROM embeddings WHERE rowid = 1", "vectors"),
        ("UPDATE embeddings SET vector = zeroblob(4 * 384)", "vectors"),
        ("UPDATE embeddings SET vector = CAST(x'0000c07f' || substr(vector, 5) AS BLOB) WHERE rowid = 2", "vectors"),
        ("UPDATE embeddings SET vector = substr(vector, 5) WHERE rowid = 2", "vectors"),
        ("UPDATE passages SET segment = NULL WHERE id = 2", "in both"),
        ("UPDATE articles SET source_group = 'zzz'", "source groups"),
        ("UPDATE articles SET last_passage = last_passage + 1", "outside the range of ids"),
        ("UPDATE generations SET passages = 1", "expected 1 in both"),
    ],
)
def test_each_damage_is_found_and_mended(
    damage: str, problem: str, corpus: Path, store: LocalStore, encoder: Encoder
) -> None:
    before = contents(store)
    with sqlite3.connect(store.folder / DATABASE) as connection:
        connection.execute(damage)
    connection.close()
    findings = verify(store, silent).findings
    assert any(problem in finding.problem for finding in findings), findings
    full = any(finding.mend == EMBED_AGAIN for finding in findings)
    assert full or any(finding.mend == REBUILD for finding in findings)
    refresh(corpus, store, encoder, "model", full=full)
    assert verify(store, silent).findings == ()
    assert contents(store) == before


@pytest.mark.parametrize("damage", ["another vector", "another passage", "one twice"])
def test_an_index_file_that_does_not_match_the_database_is_found_and_mended(
    damage: str, corpus: Path, store: LocalStore, encoder: Encoder
) -> None:
    before = contents(store)
    path = segment_path(store.folder, 1)
    (batch,) = VectorIndex.load(path).batches()
    ids, vectors = batch.ids, batch.vectors
    if damage == "another vector":
        vectors = np.roll(vectors, 1, axis=0)
    elif damage == "another passage":
        ids = ids + 1
    else:
        ids = np.maximum(ids, 2)
    VectorIndex.build(vectors.shape[1], len(ids), lambda: iter([VectorBatch(ids, vectors)])).save(path)
    assert "has been changed" in verify(store, silent).findings[0].problem
    # as if it had been written like this
    saved = recorded(path)
    with sqlite3.connect(store.folder / DATABASE) as connection:
        connection.execute("UPDATE segments SET bytes = ?, digest = ?", (saved.length, saved.digest))
    connection.close()
    (finding,) = verify(store, silent).findings
    assert path.name in finding.problem
    assert finding.mend == EMBED_AGAIN
    refresh(corpus, store, encoder, "model", full=True)
    assert contents(store) == before


def test_a_file_that_is_no_database_any_more_is_an_error_with_a_mend(store: LocalStore) -> None:
    data = bytearray((store.folder / DATABASE).read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    for path in store.folder.glob(f"{DATABASE}-*"):
        path.unlink()
    (store.folder / DATABASE).write_bytes(data)
    try:
        mends = [finding.mend for finding in verify(store, silent).findings]
    except StoreError as error:
        mends = [str(error)]
    assert any("delete the folder" in mend and "bring the index up to date" in mend for mend in mends)
