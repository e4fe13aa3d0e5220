"""Cards as Discord's embeds: the only place that turns one into the other."""

import discord

from bot.discord.types import Card, Tone

COLOURS: dict[Tone, int] = {
    "answer": 0x2F6FDE,
    "unsure": 0xFEE75C,
    "differing": 0xC27C0E,
    "none": 0x747F8D,
    "notice": 0x747F8D,
}


def embed_of(card: Card) -> discord.Embed:
    """The embed that shows the card; its texts are within Discord's limits already."""
    embed = discord.Embed(
        title=card.title if card.title else None,
        description=card.description if card.description else None,
        url=card.url,
        colour=COLOURS[card.tone],
    )
    for field in card.fields:
        embed.add_field(name=field.name, value=field.value, inline=field.inline)
    if card.footer:
        embed.set_footer(text=card.footer)
    return embed
