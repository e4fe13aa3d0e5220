"""Rules of Discord's that the tests of the bot lean on, held against a bot of a few requests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.discord_loopback import MEMBER, Guild, Loopback, Person
from tests.discord_loopback.world import EMBED_LINKS, READ_HISTORY, SEND

pytestmark = pytest.mark.anyio
Call = Callable[..., Awaitable[int]]


@pytest.fixture
async def discord() -> AsyncIterator[Loopback]:
    async with Loopback() as discord:
        discord.guild()
        yield discord
        discord.violations.clear()


@pytest.fixture
async def call(discord: Loopback) -> AsyncIterator[Call]:
    """Sends JSON as the bot. Returns the code of an error, else the status."""
    async with aiohttp.ClientSession(f"http://{discord.host}/api/v10/") as session:

        async def call(method: str, path: str, **data: Any) -> int:
            headers = {"Authorization": f"Bot {discord.token}"}
            async with session.request(method, path, json=data, headers=headers) as response:
                return int((await response.json()).get("code", response.status))

        yield call


async def test_an_interaction_is_acknowledged_once_and_in_time_and_its_token_expires(
    discord: Loopback, guild: Guild, ada: Person, call: Call
) -> None:
    discord.commands = {"ask": {"id": "1", "name": "ask"}}
    asked, late = [await ada.slash(guild.general, "ask") for _ in range(2)]
    callbacks = [f"interactions/{one.id}/{one.token}/callback" for one in (asked, late)]
    edit = ("PATCH", f"webhooks/1/{asked.token}/messages/@original")
    assert [await call("POST", callbacks[0], type=5) for _ in range(2)] == [200, 40060]
    assert asked.thinking and await call(*edit, content="said") == 200 and not asked.thinking
    discord.shifted += 3
    assert await call("POST", callbacks[1], type=5) == 10062 and await call(*edit, content="more") == 200
    discord.shifted += 900
    assert await call(*edit, content="too late") == 50027
    assert len(discord.violations) == 3


async def test_five_messages_are_taken_in_five_seconds_and_one_with_a_known_nonce_is_the_same(
    discord: Loopback, guild: Guild, call: Call
) -> None:
    path = f"channels/{guild.general.id}/messages"
    sent = [await call("POST", path, content="x", nonce=nonce, enforce_nonce=True) for nonce in (1, 1, 2, 3, 4, 5)]
    assert sent == [200] * 5 + [429] and len(guild.general.messages) == 4
    discord.shifted += 5
    assert await call("POST", path, content="x") == 200


async def test_limits_permissions_and_pings_are_held(discord: Loopback, guild: Guild, ada: Person, call: Call) -> None:
    fields = [{"name": "n", "value": "v" * 1000}] * 6
    reply = {"content": "x", "message_reference": {"message_id": "1"}}
    closed = guild.channel("talks", parent=guild.general)
    closed.lock()
    for code, without, data in (
        (50035, 0, {"content": "x" * 2001}),
        (50035, 0, {"embeds": [{"fields": fields}]}),
        (50035, 0, {"embeds": [{"title": "t", "url": "javascript:alert(1)"}]}),
        (50013, SEND, {"content": "x"}),
        (50013, EMBED_LINKS, {"embeds": [{"title": "t"}]}),
        (160002, READ_HISTORY, reply),
    ):
        channel = guild.channel("new", MEMBER & ~without)
        assert await call("POST", f"channels/{channel.id}/messages", **data) == code and channel.messages == []
    assert await call("POST", f"channels/{closed.id}/messages", content="x") == 50083
    assert await call("POST", "channels/7/messages", content="x") == 10003
    assert len(discord.violations) == 3 and await call("GET", "guilds/7") == 0
    discord.violations.clear()
    words = {"content": "@everyone <@5> `<@6>` in /srv/news", "allowed_mentions": {"users": ["5"]}}
    place = guild.channel("words")
    await call("POST", f"channels/{place.id}/messages", **words)
    assert place.messages[0].pings == ["users:5"] and len(discord.violations) == 2
