"""Many people ask the bot with the real models at the same moment: how soon is each of them acknowledged?

    python -m tests.discord_crowd [PEOPLE]

prints it: the time from Discord's side of the connection, on this machine as busy as it is. Discord allows 3 s.
"""

import asyncio
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.assistant import index_corpus
from bot.settings import Settings
from retrieval.progress import silent
from tests.discord_loopback import Loopback, Violation
from tests.discord_loopback.process import ROOT

QUESTION = "Who attended the Caracas meeting?"


@dataclass(frozen=True, slots=True)
class Crowd:
    """What people saw: seconds until each was acknowledged, and the text of each answer."""

    acknowledged: list[float]
    answers: list[str]
    violations: list[Violation]
    heartbeats: int
    status: int


def configured_for(folder: Path) -> str:
    """The path of a configuration file in the folder, for the articles of the repository; few may wait."""
    file = folder / "config.toml"
    settings = f'[corpus]\npath = "{ROOT / "corpus"}"\n[retrieval]\npassages = 4\n'
    file.write_text(f"{settings}[discord]\ncooldown_seconds = 0\nqueue_size = 4\n")
    return str(file)


async def crowd(config: str, people: int) -> Crowd:
    """Lets so many people ask at once, and waits until each has an answer or a refusal."""
    async with Loopback(heartbeat_interval=0.5) as discord:
        guild = discord.guild()
        bot = await discord.start("--config", config, "discord", timeout=120)
        asking = [discord.person(f"Person {number}") for number in range(people)]
        asked = [await person.slash(guild.general, "ask", question=QUESTION) for person in asking]
        acknowledged = [await one.acknowledged() for one in asked]
        answers = [await one.finally_(timeout=120, until=lambda m: "Reading" not in m.text) for one in asked]
        texts = [answer.text for answer in answers]
        return Crowd(acknowledged, texts, discord.violations, len(discord.heartbeats), await bot.stop())


def main() -> None:
    """Indexes, asks, and prints."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as name:
        config = configured_for(Path(name))
        index_corpus(Settings.load(Path(config)), silent)
        seen = asyncio.run(crowd(config, people))
    *_, p95 = statistics.quantiles(seen.acknowledged, n=20)
    print(
        f"{people} people, acknowledged after {statistics.median(seen.acknowledged) * 1000:.0f} ms (median), "
        f"{p95 * 1000:.0f} ms (95 %), {max(seen.acknowledged) * 1000:.0f} ms (worst); "
        f"{len(seen.violations)} rules broken"
    )


if __name__ == "__main__":
    main()
