"""Words in PostgreSQL: terms as a tsvector with a GIN index, and the passages that cover the most of a question.

No text search configuration of the server is used: the terms are ours (`retrieval.terms`), and stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from retrieval.storage.postgres.database import Connection
from retrieval.storage.reading import Condition
from retrieval.terms import terms

# a lexeme has at most 2,046 bytes; nobody asks for a longer term by more than its beginning
LETTERS = 500


def lexemes(*texts: str) -> list[str]:
    """The different terms of texts, as the index has them, in order."""
    return sorted({term[:LETTERS] for text in texts for term in terms(text) if term})


def best_covered(connection: Connection, weights: Mapping[str, float], count: int, where: Condition) -> list[int]:
    """The `count` passages whose terms have the most weight in all, best first; equal ones by id. Exact.

    Only passages with one of the rarest terms are looked at, and as many terms as it takes: if the last passage found
    so far has at least the weight of all other terms together, a passage without any of the rare ones cannot be better.

        weights caracas 4.6, held 3.2, meeting 1.6; 50 wanted
        with caracas: 10 found, too few            -> with caracas or held: 49, too few
        with caracas, held or meeting: the best 50 of 230
    """
    rarest = sorted(weights, key=lambda term: (-weights[term], term))
    rest = [*accumulate((weights[term] for term in reversed(rarest)), initial=0.0)][::-1]
    score = " + ".join("CASE WHEN a.terms @@ ?::tsquery THEN ?::float8 ELSE 0 END" for _ in rarest)
    scored: list[str | float] = [value for term in rarest for value in (quoted(term), weights[term])]
    for used in range(1, len(rarest) + 1):
        query = f"""SELECT passage, {score} AS score FROM searched a WHERE a.terms @@ ?::tsquery {where.sql}
                    ORDER BY score DESC, passage LIMIT ?"""
        among = " | ".join(map(quoted, rarest[:used]))
        found = connection.execute(query, (*scored, among, *where.values, count)).fetchall()
        if len(found) == count and found[-1][1] >= rest[used]:
            break
    return [row[0] for row in found] if rarest else []


def add_frequencies(connection: Connection, articles: Sequence[int]) -> None:
    """Counts the terms of these articles' passages in. Part of the caller's transaction."""
    connection.execute(
        """INSERT INTO frequencies SELECT term, count(*) FROM searched s, unnest(tsvector_to_array(s.terms)) AS term
           WHERE s.article = ANY(?) GROUP BY term ORDER BY term
           ON CONFLICT (term) DO UPDATE SET passages = frequencies.passages + excluded.passages""",
        (list(articles),),
    )


def remove(connection: Connection, articles: Sequence[int]) -> None:
    """Takes the passages of these articles out of what is searched. Part of the caller's transaction."""
    connection.execute(
        """WITH gone AS (DELETE FROM searched WHERE article = ANY(?) RETURNING terms)
           INSERT INTO frequencies
           SELECT term, -count(*) FROM gone, unnest(tsvector_to_array(gone.terms)) AS term GROUP BY term ORDER BY term
           ON CONFLICT (term) DO UPDATE SET passages = frequencies.passages + excluded.passages""",
        (list(articles),),
    )
    connection.execute("DELETE FROM frequencies WHERE passages <= 0")


def frequencies(connection: Connection, asked: Iterable[str]) -> dict[str, int]:
    """In how many passages each term stands."""
    found = dict.fromkeys(asked, 0)
    rows = connection.execute(
        "SELECT term, passages FROM frequencies WHERE term = ANY(?)", ([term[:LETTERS] for term in found],)
    )
    counted = dict(rows.fetchall())
    return {term: counted.get(term[:LETTERS], 0) for term in found}


def quoted(term: str) -> str:
    """A term as a tsquery, or in a tsvector: in quotation marks nothing of it means anything."""
    return "'" + term[:LETTERS].replace("\\", "\\\\").replace("'", "''") + "'"
