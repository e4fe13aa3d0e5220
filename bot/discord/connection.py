"""The connection to Discord, and why it may be refused."""

import aiohttp
import discord

from bot.discord import TOKEN_VARIABLE
from retrieval.errors import ConfigError, DatelineError

INTENTS = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
REFUSED_TOKEN = (
    f"Discord refused the token in {TOKEN_VARIABLE}; copy it again from the page “Bot” of the application, where "
    "“Reset Token” makes one."
)
REFUSED_INTENTS = (
    f"Discord refused the intents {', '.join(name for name, on in INTENTS if on)}, none of which is privileged; check "
    "on the page “Bot” of the application that it is a bot and not limited."
)
# by the codes that Discord closes a connection with
REFUSALS = {4004: REFUSED_TOKEN, 4013: REFUSED_INTENTS, 4014: REFUSED_INTENTS}


async def connect(client: discord.Client, token: str) -> None:
    """Connects, and returns when the client is closed. Raises ConfigError and DatelineError."""
    try:
        await client.start(token)
    except discord.LoginFailure as error:
        raise ConfigError(REFUSED_TOKEN) from error
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigError(REFUSED_INTENTS) from error
    except discord.ConnectionClosed as error:
        if error.code in REFUSALS:
            raise ConfigError(REFUSALS[error.code]) from error
        raise DatelineError(f"Discord ended the connection with code {error.code}; try again.") from error
    except discord.HTTPException as error:
        said = f"Discord answers with HTTP status {error.status}; wait a few minutes and try again."
        raise DatelineError(said) from error
    except (discord.GatewayNotFound, aiohttp.ClientError, OSError) as error:
        said = f"Discord cannot be reached ({str(error) or type(error).__name__}); check the network and try again."
        raise DatelineError(said) from error
