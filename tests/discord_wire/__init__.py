"""The real bot, in its own process, on a loopback server that keeps Discord's rules: what people see in the end.

The tests of a module share one bot, whose assistant is `tests.discord_fake` (see conftest.py); those that need other
settings start their own, and the last one of test_wire_life.py runs the real models.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.discord_loopback import MANAGE_GUILD, MEMBER, Bot, Guild, Loopback, Message, Person

FAKE, QUICK = "tests.discord_fake:main", "tests.discord_fake:quick"
CALLBACKS = "POST /interactions/*/callback"
EDITS = "PATCH /webhooks/*/messages/*"
POSTS = "POST /channels/*/messages"
MESSAGE_EDITS = "PATCH /channels/*/messages/*"
OPEN = '[discord]\ncooldown_seconds = 0\n[logging]\nlevel = "info"\n'


def having(line: str, content: str = OPEN) -> str:
    """These settings with one more for Discord."""
    return content.replace("[discord]\n", f"[discord]\n{line}\n")


# managers of the server may change the articles
NAMED = having("guilds = [GUILD]")


def configured(folder: Path, content: str = OPEN) -> str:
    """The path of a configuration file in the folder, which gets a storage folder and a corpus."""
    (folder / ".dateline").mkdir(exist_ok=True)
    (folder / "corpus").mkdir(exist_ok=True)
    file = folder / "config.toml"
    file.write_text(content)
    return str(file)


def named(guild: Guild) -> str:
    """The settings of a server whose managers may change the articles."""
    return NAMED.replace("GUILD", str(guild.id))


async def started(discord: Loopback, folder: Path, content: str = OPEN, **env: str) -> Bot:
    """A bot of its own, with these settings."""
    return await discord.start("--config", configured(folder, content), "discord", call=FAKE, env=env)


@asynccontextmanager
async def alone(folder: Path, content: str = OPEN, **env: str) -> AsyncIterator[tuple[Loopback, Guild, Bot]]:
    """A Discord, a server and a bot of one test's own; in the settings, GUILD stands for the server's id."""
    async with Loopback() as discord:
        guild = discord.guild()
        yield discord, guild, await started(discord, folder, content.replace("GUILD", str(guild.id)), **env)


def manager(discord: Loopback) -> Person:
    """Somebody who may manage the server."""
    return discord.person("Chief", permissions=MEMBER | MANAGE_GUILD)


def says(words: str) -> Callable[[Message], bool]:
    """Whether a message says these words."""
    return lambda message: words in message.text


async def answer_to(person: Person, guild: Guild, question: str = "list Who met?") -> Message:
    """The finished answer to a slash command."""
    asked = await person.slash(guild.general, "ask", question=question)
    return await asked.finally_(timeout=20)


def button(message: Message, act: str) -> str:
    """The button that does this."""
    return next(label for label, custom_id in message.buttons.items() if f":{act}:" in custom_id)
