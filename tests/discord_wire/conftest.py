"""One bot for each module, whose assistant is `tests.discord_fake`; it must break no rule."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.discord_loopback import Loopback, Person
from tests.discord_wire import manager, named, started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shared bot keeps its things."""
    return tmp_path_factory.mktemp("bot")


@pytest.fixture(scope="module")
async def server(folder: Path) -> AsyncIterator[Loopback]:
    """A server with a guild and the shared bot."""
    async with Loopback(heartbeat_interval=0.5) as discord:
        guild = discord.guild()
        await started(discord, folder, named(guild), FAKE_GATE=str(folder / "gate"))
        yield discord


@pytest.fixture
async def discord(server: Loopback, folder: Path) -> AsyncIterator[Loopback]:
    """The same, for one test, which must break no rule."""
    (folder / "gate").unlink(missing_ok=True)
    yield server
    assert server.violations == []
    assert server.unanswered == []
    assert "event=internal_error" not in server.bots[0].output


@pytest.fixture
def chief(discord: Loopback) -> Person:
    """Somebody who may manage the server."""
    return manager(discord)
