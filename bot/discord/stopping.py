"""The button that ends the following of a question. It works after a restart, and its id says what its message told."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Self

import discord

from bot.discord.text import cut, visible
from bot.following.types import Followed, Notice

# numbers in hexadecimal: those of ten news have to fit into 100 characters
STOP_ID = r"dateline:stop:(?P<id>[\da-f]{1,15}):(?P<news>[\da-f.]{0,70})"
MAX_LABEL = 70


class StopButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=STOP_ID):
    """Stops following question `id`; `news` are the numbers of what is told about it above."""

    def __init__(self, id: int, news: Iterable[int] = (), label: str = "Stop") -> None:
        numbers = ".".join(f"{number:x}" for number in news)
        super().__init__(discord.ui.Button(custom_id=f"dateline:stop:{id:x}:{numbers}", label=label))
        self.question = id

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """The button that was pressed, made anew from its id."""
        return cls(int(match["id"], 16))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Tells the client."""
        await interaction.client.stop_following(interaction, self.question)


def stop_view(buttons: Iterable[StopButton]) -> discord.ui.View:
    """Buttons below a message."""
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def news_view(notices: Sequence[Notice]) -> discord.ui.View:
    """A button for each question that these tell of."""
    told: dict[int, list[Notice]] = {}
    for notice in notices:
        told.setdefault(notice.followed.id, []).append(notice)
    return stop_view(
        StopButton(id, (each.id for each in several), "Stop" if len(told) == 1 else _label(several[0].followed))
        for id, several in told.items()
    )


def list_view(several: Sequence[Followed]) -> discord.ui.View:
    """A button for each question of a list."""
    return stop_view(StopButton(each.id, label=f"Stop {each.id}") for each in several)


def told_in(message: discord.Message) -> set[int]:
    """The numbers of the news that a message tells, from its buttons."""
    found: set[int] = set()
    for row in message.components:
        for child in getattr(row, "children", ()):
            match = re.fullmatch(STOP_ID, getattr(child, "custom_id", None) or "")
            if match is not None:
                found.update(int(number, 16) for number in match["news"].split(".") if number)
    return found


def _label(followed: Followed) -> str:
    return f"Stop: {cut(visible(followed.question).strip(), MAX_LABEL)}"
