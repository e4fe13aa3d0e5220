"""Source groups in the database: an article and its reprints have the same `source_group`.

A group is a connected component of "is a reprint of" among the live articles, named after its smallest article id.
So it depends on the articles only, and not on the order in which they came.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.progress import Progress
from retrieval.reprints import BANDS, are_reprints, bands
from retrieval.storage.sql import Connection, fill_temp_table, marks, select_among

Signature = NDArray[np.uint32]

ROWS = 100_000
AT_ONCE = 1000


def join_groups(connection: Connection, articles: Sequence[int], progress: Progress) -> None:
    """Finds the groups of live articles, by number, that have none yet but their own; some of them may be gone."""
    numbers = sorted(articles)
    with progress("Comparing articles", len(numbers)) as advance:
        for first in range(0, len(numbers), AT_ONCE):
            some = numbers[first : first + AT_ONCE]
            _rename(connection, _reprints(connection, some))
            advance(len(some))


def insert_bands(connection: Connection, articles: Sequence[int]) -> None:
    """Stores the bands of articles, in the order of the table, so that each of its pages is written once."""
    keys = np.empty(len(articles) * BANDS, dtype=np.int64)
    owners = np.empty(len(articles) * BANDS, dtype=np.int64)
    count = 0
    query = "SELECT number, signature FROM articles WHERE number IN ({})"
    for number, stored in select_among(connection, query, articles):
        found = bands(_loaded(stored))
        keys[count : count + len(found)] = found
        owners[count : count + len(found)] = number
        count += len(found)
    order = np.lexsort((owners[:count], keys[:count]))
    for start in range(0, count, ROWS):
        rows = order[start : start + ROWS]
        connection.executemany(
            "INSERT INTO bands VALUES (?, ?)", zip(keys[rows].tolist(), owners[rows].tolist(), strict=True)
        )


def articles_to_regroup(connection: Connection, files: Iterable[int]) -> list[int]:
    """The live articles, by number, whose group may fall apart when these files are deleted; each is made its own
    group, to be joined again after the deletion."""
    fill_temp_table(connection, "leaving", files)
    query = """SELECT DISTINCT other.number FROM articles gone
               JOIN live_articles other ON other.source_group = gone.source_group
               WHERE gone.file IN (SELECT id FROM leaving) AND other.file NOT IN (SELECT id FROM leaving)"""
    numbers = [row[0] for row in connection.execute(query)]
    connection.executemany("UPDATE articles SET source_group = id WHERE number = ?", [(each,) for each in numbers])
    return numbers


def _reprints(connection: Connection, articles: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Pairs of groups of which an article of the first, one of these, is a reprint of one of the second."""
    query = f"""SELECT number, source_group, signature,
                       (SELECT twin.source_group FROM live_articles twin
                        WHERE twin.signature = a.signature AND twin.number < a.number LIMIT 1)
                FROM articles a WHERE number IN ({marks(articles)})"""
    own: dict[int, tuple[str, Signature]] = {}
    for number, group, stored, twins in connection.execute(query, articles).fetchall():
        signature = _loaded(stored)
        if not are_reprints(signature, signature):
            continue  # there is not a word in it
        if twins is None:
            own[number] = group, signature
        else:
            # joined before: whatever this one is a reprint of, that one is too
            yield group, twins
    query = f"""SELECT DISTINCT mine.article, a.source_group, a.signature
                FROM bands mine JOIN bands theirs ON theirs.band = mine.band AND theirs.article != mine.article
                JOIN live_articles a ON a.number = theirs.article WHERE mine.article IN ({marks(own)})"""
    joined = set[tuple[str, str]]()
    for number, other, stored in connection.execute(query, [*own]):
        group, signature = own[number]
        if (group, other) not in joined and are_reprints(signature, _loaded(stored)):
            joined.add((group, other))
            yield group, other


def _rename(connection: Connection, pairs: Iterable[tuple[str, str]]) -> None:
    """Merges each pair of groups under the smaller name."""
    names: dict[str, str] = {}

    def name(group: str) -> str:
        while group in names:
            group = names[group]
        return group

    for pair in pairs:
        smaller, larger = sorted(map(name, pair))
        if smaller != larger:
            names[larger] = smaller
    connection.executemany(
        "UPDATE articles SET source_group = ? WHERE source_group = ?", [(name(group), group) for group in names]
    )


def _loaded(signature: bytes) -> Signature:
    return np.frombuffer(signature, dtype="<u4").astype(np.uint32)
