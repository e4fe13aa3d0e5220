"""The Discord bot: what a message looks like (pure), and the client that sends it."""

TOKEN_VARIABLE = "DISCORD_TOKEN"
