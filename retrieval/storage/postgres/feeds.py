"""What is remembered of feeds, on a PostgreSQL server."""

import json
from collections.abc import Mapping
from typing import Any

from retrieval.storage.postgres.database import Connection, Server
from retrieval.storage.postgres.schema import prepare


class ServerFeedStates:
    """The `retrieval.feeds.FeedStates` of a server: what one machine has taken, no other takes again."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)

    def load(self) -> dict[str, Any]:
        """See `FeedStates`."""
        with self._server.translated(), self._server.connect(reading=False).raw as raw:
            connection = Connection(raw)
            prepare(connection, self._server)
            rows = connection.execute("SELECT url, memory FROM feeds").fetchall()
        return {url: json.loads(memory) for url, memory in rows}

    def save(self, url: str, memory: Mapping[str, Any]) -> None:
        """See `FeedStates`."""
        with self._server.translated(), self._server.connect(reading=False).raw as raw:
            Connection(raw).execute(
                "INSERT INTO feeds VALUES (?, ?) ON CONFLICT (url) DO UPDATE SET memory = excluded.memory",
                (url, json.dumps(memory)),
            )
