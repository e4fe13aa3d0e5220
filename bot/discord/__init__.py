"""The Discord bot: what a message looks like and remembers (pure), and the client that sends it."""

TOKEN_VARIABLE = "DISCORD_TOKEN"
