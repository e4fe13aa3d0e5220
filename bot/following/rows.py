"""Rows of followed questions, as both their tables' readers need them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from bot.following.types import Asker, Followed
from bot.json import scope_of

# where news of a question is shown
Frontend = Literal["terminal", "discord"]
COLUMNS = "id, question, scope, person, channel, server, private, followed, generation, suspended"


def shown_in(frontend: Frontend) -> str:
    """The condition for questions whose news is shown there."""
    return "person IS NULL" if frontend == "terminal" else "person IS NOT NULL"


def followed_of(row: Sequence[Any]) -> Followed:
    """The question of a row of `COLUMNS`."""
    id, question, scope, person, channel, server, private, followed, generation, suspended = row
    by = None if person is None else Asker(person, channel, server, bool(private))
    when = datetime.fromisoformat(followed)
    return Followed(id, question, scope_of(scope), by, when, generation, bool(suspended))
