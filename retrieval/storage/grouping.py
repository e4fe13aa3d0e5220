"""Source groups in the database: an article and its reprints bear the same `source_group`.

A group is a connected component of "is a reprint of" among the live articles, and bears the smallest article id in it.
So it depends on the articles only, and not on the order in which they came.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.progress import Progress
from retrieval.reprints import BANDS, are_reprints, bands
from retrieval.storage.sql import Connection

Signature = NDArray[np.uint32]

ROWS = 100_000


def join_groups(connection: Connection, articles: Sequence[int], progress: Progress) -> None:
    """Finds the groups of live articles, by number, that have none yet but their own; some of them may be gone."""
    with progress("Comparing articles", len(articles)) as advance:
        for number in sorted(articles):
            found = connection.execute("SELECT id, signature FROM articles WHERE number = ?", (number,)).fetchone()
            if found is not None:
                _join(connection, number, *found)
            advance(1)


def insert_bands(connection: Connection, articles: Sequence[int]) -> None:
    """Stores what articles are compared by; in the order of the table, whose pages are then written once each."""
    keys = np.empty(len(articles) * BANDS, dtype=np.int64)
    owners = np.empty(len(articles) * BANDS, dtype=np.int64)
    count = 0
    for number in articles:
        (stored,) = connection.execute("SELECT signature FROM articles WHERE number = ?", (number,)).fetchone()
        found = bands(_loaded(stored))
        keys[count : count + len(found)] = found
        owners[count : count + len(found)] = number
        count += len(found)
    order = np.lexsort((owners[:count], keys[:count]))
    for start in range(0, count, ROWS):
        some = order[start : start + ROWS]
        rows = zip(keys[some].tolist(), owners[some].tolist(), strict=True)
        connection.executemany("INSERT INTO bands VALUES (?, ?) ON CONFLICT DO NOTHING", rows)


def _join(connection: Connection, number: int, article_id: str, signature: bytes) -> None:
    groups = {article_id} | _groups_of_reprints(connection, number, signature)
    smallest = min(groups)
    if smallest != article_id:
        connection.execute("UPDATE articles SET source_group = ? WHERE number = ?", (smallest, number))
    connection.executemany(
        "UPDATE articles SET source_group = ? WHERE source_group = ?",
        [(smallest, group) for group in groups - {smallest}],
    )


def articles_to_regroup(connection: Connection, files: Iterable[int]) -> list[int]:
    """The live articles, by number, whose group may fall apart when these files are deleted; each is made its own
    group, to be joined again after the deletion."""
    query = """SELECT other.number FROM articles gone JOIN live_articles other ON other.source_group = gone.source_group
               WHERE gone.file = ? AND other.file != gone.file"""
    numbers = sorted({row[0] for file in files for row in connection.execute(query, (file,))})
    connection.executemany("UPDATE articles SET source_group = id WHERE number = ?", [(each,) for each in numbers])
    return numbers


def _groups_of_reprints(connection: Connection, number: int, signature: bytes) -> set[str]:
    own = _loaded(signature)
    if not are_reprints(own, own):
        return set()  # there is not a word in it
    same = connection.execute(
        "SELECT source_group FROM live_articles WHERE signature = ? AND number < ? LIMIT 1", (signature, number)
    ).fetchone()
    if same is not None:
        # a twin that was joined before: whatever this one is a reprint of, that one is too
        return {same[0]}
    query = """SELECT DISTINCT a.source_group, a.signature FROM bands mine JOIN bands theirs ON theirs.band = mine.band
               JOIN live_articles a ON a.number = theirs.article WHERE mine.article = ? AND theirs.article != ?"""
    groups: set[str] = set()
    for group, other in connection.execute(query, (number, number)):
        if group not in groups and are_reprints(own, _loaded(other)):
            groups.add(group)
    return groups


def _loaded(signature: bytes) -> Signature:
    return np.frombuffer(signature, dtype="<u4").astype(np.uint32)
