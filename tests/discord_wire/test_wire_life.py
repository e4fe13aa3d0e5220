"""From start to end: refusals to start, `--check`, health, syncing, leaving, and a crowd at the real models."""

import asyncio
import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.settings import Settings
from retrieval.encoder import SentenceTransformerEncoder
from retrieval.refresh import refresh
from retrieval.storage.store import Store
from tests.conftest import ROOT
from tests.discord_crowd import configured_for, crowd
from tests.discord_loopback import Fault, Loopback
from tests.discord_wire import FAKE, OPEN, answer_to, configured, says, started

pytestmark = pytest.mark.anyio


async def test_told_to_end_it_finishes_tells_and_leaves(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        bot = await started(discord, tmp_path, FAKE_GATE=str(tmp_path / "gate"))
        people = [discord.person(f"Person {number}") for number in range(3)]
        asked = [await person.slash(guild.general, "ask", question="hold Who?") for person in people]
        for one in asked:
            await one.acknowledged()
        bot.process.send_signal(signal.SIGTERM)
        for one in asked[1:]:
            assert "being restarted" in (await one.finally_()).text
        late = await (await people[1].slash(guild.general, "ask", question="Who?")).finally_()
        assert "being restarted" in late.text
        assert asked[0].thinking
        (tmp_path / "gate").touch()
        await asked[0].finally_(until=says("**hold**"))
        assert await bot.exited() == 0
        assert discord.violations == [] and discord.unanswered == []


async def test_told_to_end_while_it_logs_in_it_ends(tmp_path: Path) -> None:
    async with Loopback() as discord:
        discord.guild()
        plan = discord.fault("PUT /applications/*/commands", [Fault.hang(30.0)])
        bot = await discord.start("--config", configured(tmp_path), "discord", call=FAKE, ready=False)
        await discord.until(lambda: not plan.left, 30, "the bot logs in")
        assert await bot.stop() == 0
        assert "dateline: " not in bot.output and discord.violations == []


async def test_it_says_in_a_sentence_why_it_cannot_start(tmp_path: Path) -> None:
    async def ends(discord: Loopback, name: str, content: str = OPEN, **env: str) -> tuple[int, str]:
        (tmp_path / name).mkdir()
        file = configured(tmp_path / name, content)
        bot = await discord.start("--config", file, "discord", call=FAKE, env=env, ready=False)
        status = await bot.exited()
        said = [line for line in bot.lines if line.startswith("dateline: ")]
        assert len(said) == 1 and "Traceback" not in bot.output, bot.output
        return status, said[0]

    async with Loopback() as discord:
        discord.guild()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            missing, wrong, nothing, port = await asyncio.gather(
                ends(discord, "missing", DISCORD_TOKEN=""),
                ends(discord, "wrong", DISCORD_TOKEN="MTA.wrong.token"),
                ends(discord, "nothing", '[storage]\npath = "none"\n'),
                ends(discord, "port", f"[discord]\nhealth_port = {taken.getsockname()[1]}\n"),
            )
        assert missing[0] == 2 and "DISCORD_TOKEN is not set" in missing[1]
        assert wrong[0] == 2 and "Discord refused the token" in wrong[1]
        assert nothing[0] == 1 and "run `dateline index`" in nothing[1]
        assert port[0] == 2 and "health_port" in port[1]
        assert discord.violations == []


@pytest.mark.parametrize(("code", "said"), [(4004, "refused the token"), (4014, "refused the intents")])
async def test_a_connection_that_is_refused_ends_it_with_a_sentence(code: int, said: str, tmp_path: Path) -> None:
    async with Loopback() as discord:
        discord.guild()
        bot = await started(discord, tmp_path)
        await discord.until(lambda: "event=ready" in bot.output, 20, "the bot is ready")
        discord.close(code)
        assert await bot.exited() == 2
        assert said in bot.lines[-1]


async def test_the_check_tries_everything_and_serves_nobody(tmp_path: Path) -> None:
    async with Loopback() as discord:
        guild = discord.guild()
        (tmp_path / "lacking").mkdir()
        fine, other = (
            configured(tmp_path, ""),
            configured(tmp_path / "lacking", f"[discord]\nguilds = [{guild.id}, 7]\n"),
        )

        async def checked(file: str, **env: str) -> tuple[int, str]:
            bot = await discord.start("--config", file, "discord", "--check", call=FAKE, ready=False, env=env)
            return await bot.exited(), bot.output

        passed, refused = await asyncio.gather(checked(fine), checked(fine, DISCORD_TOKEN="MTA.wrong.token"))
        lacking = await checked(other)
        assert passed[0] == 0, passed[1]
        assert all(line.startswith("ok  ") for line in passed[1].splitlines()) and "Newsroom" in passed[1]
        assert refused[0] == 1 and "FAIL  Discord refused the token" in refused[1]
        assert lacking[0] == 1 and "FAIL  The server 7" in lacking[1]
        assert discord.syncs == 0


async def test_whoever_watches_it_sees_how_it_is_doing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with Loopback() as discord, aiohttp.ClientSession() as session:
        guild = discord.guild()
        await started(discord, tmp_path, OPEN.replace("[discord]\n", f"[discord]\nhealth_port = {port}\n"))
        await answer_to(discord.person("Ada"), guild)

        async def state() -> tuple[int, dict[str, Any]]:
            async with session.get(f"http://127.0.0.1:{port}/health") as response:
                return response.status, json.loads(await response.text())

        while (await state())[0] != 200:  # until every server is known
            await asyncio.sleep(0.1)
        told = (await state())[1]
        assert (told["ready"], told["queue"], told["generation"]) == (True, 0, 1)
        assert abs(told["last_answer"] - time.time()) < 60
        async with session.get(f"http://127.0.0.1:{port}/metrics") as response:
            metrics = await response.text()
        assert 'dateline_questions_total{outcome="list"} 1.0' in metrics and "dateline_ready 1.0" in metrics
        discord.offline()
        discord.drop_socket()
        while (await state())[0] != 503:
            await asyncio.sleep(0.1)
        assert (await state())[1]["ready"] is False


async def test_commands_are_synced_again_only_when_told(tmp_path: Path) -> None:
    async with Loopback() as discord:
        discord.guild()
        for more, syncs in (((), 1), ((), 1), (("--sync",), 2)):
            bot = await discord.start("--config", configured(tmp_path), "discord", *more, call=FAKE)
            assert await bot.stop() == 0
            assert discord.syncs == syncs
        configured(tmp_path, "[discord]\ndirect_messages = false\n")
        await discord.start("--config", str(tmp_path / "config.toml"), "discord", call=FAKE)
        assert discord.syncs == 3


async def test_fifty_people_ask_the_real_models_at_once(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    store = Store(tmp_path / ".dateline")
    await asyncio.to_thread(refresh, ROOT / "corpus", store, encoder, Settings().encoder.model)
    seen = await crowd(configured_for(tmp_path), people=50)
    # everybody within 3 s, and no heartbeat late, or it would be a violation
    assert seen.violations == [] and len(seen.acknowledged) == 50 and seen.heartbeats > 5
    answered = [answer for answer in seen.answers if "Too many questions are waiting" not in answer]
    assert 5 <= len(answered) < 50
    assert all("Sergei Lavrov" in answer for answer in answered)
    assert seen.status == 0
