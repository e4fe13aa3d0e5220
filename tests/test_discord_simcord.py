"""The real bot on simcord, somebody else's simulation of Discord: a second opinion beside the loopback server."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from simcord.env import Env

from bot.discord.check import check_servers
from bot.discord.client import DatelineClient
from bot.discord.parts import Parts
from bot.settings import DiscordSettings
from retrieval.types import Sources, StoreStatus
from tests.conftest import settings_for
from tests.discord_fake import Assistant, Indexer
from tests.discord_syntax import foreign

Story = Callable[[Env, Any, Any], Awaitable[None]]


def client(folder: Path, assistant: Assistant | None = None, **settings: Any) -> DatelineClient:
    """The bot with a fake assistant; what it stores is in the folder."""
    base = settings_for(folder / "corpus", folder)
    base = dataclasses.replace(base, discord=DiscordSettings(**{"cooldown_seconds": 0.0, **settings}))
    answers = Assistant() if assistant is None else assistant
    bot = DatelineClient(Parts.open(base, answers, Indexer(base)))  # type: ignore[arg-type]
    bot.following.look_seconds = 3600.0  # simcord waits for whatever wakes within seconds
    return bot


def played(folder: Path, story: Story, **settings: Any) -> None:
    """Runs a story in a server with one channel; the bot has two shards."""

    async def play() -> None:
        async with simcord.run(client(folder, **settings), shard_count=2) as env:
            guild = env.create_guild()
            await story(env, guild, guild.create_text_channel("general"))

    asyncio.run(play())


def shown(message: Any) -> str:
    """What an embed says."""
    (embed,) = message.embeds
    return "\n".join([embed.title or "", embed.description or "", *(f"{f.name} {f.value}" for f in embed.fields)])


class Newsroom(Assistant):
    """An assistant over articles of these sources."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def sources(self) -> Sources:
        """These."""
        return Sources(1, self._names)


def test_a_source_is_shown_as_it_can_be_seen_and_is_found_when_it_is_chosen(tmp_path: Path) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        await env.restart_bot(client(tmp_path, Newsroom("The \u202eWire\n", "\u3164", "x" * 101, "É" * 100)))
        ada = guild.add_member(env.create_user("ada"))
        offered = await ada.autocomplete(channel, "ask", "source", "")
        assert [one["name"] for one in offered] == ["The Wire", "É" * 100]
        asked = await ada.slash(channel, "ask", question="filter", source=offered[0]["value"])
        assert "The\\_Wire" in shown(asked.response)
        many = Newsroom(*(f"Wire {number}" for number in range(40)))
        await env.restart_bot(client(tmp_path, many))
        assert len(await ada.autocomplete(channel, "ask", "source", "wire")) == 25

    played(tmp_path, story)


@pytest.mark.parametrize(
    ("settings", "offers"), [({}, True), ({"guilds": (7,)}, False), ({"channels": (7,)}, False)], ids=str
)
def test_sources_are_offered_only_where_questions_are_answered(
    settings: dict[str, Any], offers: bool, tmp_path: Path
) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        ada = guild.add_member(env.create_user("ada"))
        assert bool(await ada.autocomplete(channel, "ask", "source", "exa")) == offers

    played(tmp_path, story, **settings)


def test_a_message_that_is_too_long_to_ask_about_is_no_question_of_whoever_asks(tmp_path: Path) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        ada, bo = (guild.add_member(env.create_user(name)) for name in ("ada", "bo"))
        assert env.bot.user is not None
        fits = await ada.send(channel, f"list {'Who ' * 6} {env.bot.user.mention}")
        about = await bo.context_menu(channel, "Ask Dateline about this", fits)
        assert "**Bo**" in shown(about.response)
        long = await bo.context_menu(channel, "Ask Dateline about this", await ada.send(channel, "Who? " * 7))
        picture = await ada.send(channel, "", attachments=[("a.png", b"png")])
        wordless = await bo.context_menu(channel, "Ask Dateline about this", picture)
        assert wordless.ephemeral and "no words of its own" in shown(wordless.response)
        assert long.ephemeral and "longer than 30 characters; ask about a part of it with /ask" in shown(long.response)

    played(tmp_path, story, max_question_length=30)


def test_a_menu_asks_too_and_what_is_hostile_does_nothing(tmp_path: Path) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        ada = guild.add_member(env.create_user("ada"))
        about = await ada.context_menu(channel, "Ask Dateline about this", await ada.send(channel, "list Who met?"))
        assert "**Bo**" in shown(about.response)
        hostile = await ada.send(channel, "span @everyone <@1> **c** [b](https://evil.example/b) Who met?")
        about = await ada.context_menu(channel, "Ask Dateline about this", hostile)
        assert "evil" in shown(about.response) and foreign(shown(about.response)) == set()

    played(tmp_path, story)


def test_discord_takes_the_commands_and_their_options(tmp_path: Path) -> None:
    def parts(one: dict[str, Any]) -> list[dict[str, Any]]:
        return [one, *(part for option in one.get("options", []) for part in parts(option))]

    async def story(env: Env, guild: Any, channel: Any) -> None:
        tree = env.bot.tree  # type: ignore[attr-defined]
        for one in [part for command in tree.get_commands() for part in parts(command.to_dict(tree))]:
            assert 1 <= len(one["name"]) <= 32 and len(one.get("description", "")) <= 100, one
            required = [option.get("required", False) for option in one.get("options", [])]
            assert required == sorted(required, reverse=True) and len(required) <= 25, one

    played(tmp_path, story)


def test_who_may_run_it_and_who_may_not(tmp_path: Path) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
        ada = guild.add_member(env.create_user("ada"))
        chief = guild.add_member(env.create_user("chief"), roles=[managers])
        with pytest.raises(simcord.SetupError, match="default-member-permissions"):
            await ada.slash(channel, "dateline status")
        status = await chief.slash(channel, "dateline status")
        assert status.ephemeral and "fake/encoder" in shown(status.response)

    played(tmp_path, story)


def test_where_the_encoder_is_on_this_machine_is_not_shown(tmp_path: Path) -> None:
    class Elsewhere(Assistant):
        def status(self) -> StoreStatus:
            return dataclasses.replace(super().status(), model="/srv/models/e5-small")

    async def story(env: Env, guild: Any, channel: Any) -> None:
        await env.restart_bot(client(tmp_path, Elsewhere()))
        managers = guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
        chief = guild.add_member(env.create_user("chief"), roles=[managers])
        said = shown((await chief.slash(channel, "dateline status")).response)
        assert "e5-small" in said and "/srv" not in said

    played(tmp_path, story)


async def found(env: Env, **settings: Any) -> list[str]:
    """What the check finds in Discord."""
    all = [finding async for finding in check_servers(env.bot, DiscordSettings(**settings))]
    return [f"{'ok' if one.level == 'ok' else 'FAIL'} {one.message}" for one in all]


def test_the_check_knows_in_which_channels_it_can_answer(tmp_path: Path) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        everyone = env.bot.get_guild(guild.id).default_role  # type: ignore[union-attr]

        def without(name: str, **denied: bool) -> Any:
            return guild.create_text_channel(name, overwrites={everyone: discord.PermissionOverwrite(**denied)})

        rules, quiet = without("rules", send_messages=False), without("quiet", send_messages_in_threads=False)
        hidden = without("hidden", view_channel=False)
        others = [
            guild.create_forum_channel("help"),
            guild.create_voice_channel("lounge"),
            guild.create_stage_channel("stage"),
            guild.create_news_channel("news"),
        ]
        here = f"of {guild.name}"
        mentions = "some mentions cannot be answered in place; missing permissions"
        assert await found(env) == [
            f"ok In {guild.name} the bot can answer in 6 channels.",
            f"ok In #rules {here} {mentions}: send messages.",
            f"ok In #quiet {here} {mentions}: send messages in threads.",
        ]
        named = [channel, *others, rules, quiet, hidden]
        assert await found(env, channels=tuple(one.id for one in named)) == [
            *(f"ok In #{one.name} {here} the bot can answer." for one in (channel, *others)),
            f"FAIL In #rules {here}, one of [discord] channels, the bot lacks permissions: send messages.",
            f"FAIL In #quiet {here}, one of [discord] channels, the bot lacks permissions: send messages in threads.",
            f"FAIL In #hidden {here}, one of [discord] channels, the bot lacks permissions: view channel.",
        ]
        general: Any = env.bot.get_channel(channel.id)
        thread = await general.create_thread(name="talk", type=discord.ChannelType.public_thread)
        assert await found(env, channels=(thread.id,)) == [f"ok In #talk {here} the bot can answer."]
        await thread.edit(archived=True)
        assert env.bot.get_channel(thread.id) is None  # Discord tells nothing of it unless it is asked
        assert await found(env, channels=(thread.id,)) == [f"ok In #talk {here} the bot can answer."]

    played(tmp_path, story)


def test_the_check_names_each_id_that_is_nowhere_and_where_it_stands(tmp_path: Path) -> None:
    async def story(env: Env, guild: Any, channel: Any) -> None:
        other = env.create_guild("Second")
        category, editors = guild.create_category("all"), guild.create_role("Editors")
        everyone = env.bot.get_guild(other.id).default_role  # type: ignore[union-attr]
        mute = {everyone: discord.PermissionOverwrite(send_messages=False)}
        there = other.create_text_channel("rules", overwrites=mute)

        assert (await found(env))[1:] == [
            "FAIL In Second there is no channel in which the bot can answer; it needs the permissions view channel, "
            "send messages, embed links, read message history."
        ]
        assert await found(env, channels=(channel.id,), admin_roles=(editors.id,)) == [
            f"ok In #general of {guild.name} the bot can answer.",
            "ok No question is answered in Second: none of [discord] channels is in it.",
            f"ok In {guild.name} the role Editors may run the bot.",
        ]
        wrong = await found(
            env, guilds=(guild.id, 7), channels=(channel.id, 8, there.id, category.id), admin_roles=(9, everyone.id)
        )
        mends = ["ok" if one.startswith("ok") else one[: one.index(";")] for one in wrong]
        assert mends == [
            "FAIL The server 7 in [discord] guilds of config.toml has not invited the bot",
            "ok",
            "FAIL The channel 8 in [discord] channels of config.toml cannot be seen by the bot",
            f"FAIL The channel {there.id} in [discord] channels of config.toml is #rules of Second, a server that is "
            "not in [discord] guilds",
            f"FAIL The channel {category.id} in [discord] channels of config.toml is not a channel that messages can "
            "be written in",
            "FAIL The role 9 in [discord] admin_roles of config.toml is in no server that the bot serves",
            f"FAIL The role {other.id} in [discord] admin_roles of config.toml is in no server that the bot serves",
        ]
        assert all("correct the id" in one for one in wrong if one.startswith("FAIL"))

    played(tmp_path, story)


def test_a_person_who_installed_it_asks_anywhere_only_if_that_is_switched_on(tmp_path: Path) -> None:
    async def installs(**settings: Any) -> tuple[Any, Any]:
        tree = client(tmp_path, **settings).tree
        return tree.allowed_installs, tree.allowed_contexts

    server_only, anywhere = asyncio.run(installs(direct_messages=False)), asyncio.run(installs(user_install=True))
    assert (server_only[0].user, server_only[1].dm_channel, server_only[1].private_channel) == (False, False, False)
    assert (anywhere[0].user, anywhere[1].dm_channel, anywhere[1].private_channel) == (True, True, True)
