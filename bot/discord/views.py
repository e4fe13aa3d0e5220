"""Buttons below messages, and the form for a private question. All of them work after a restart.

A button's id says all that is needed: what it does, with which remembered answer, at which passage; or which followed
question it stops, and which news its message tells.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, Self

import discord

from bot.discord.replies import Interaction
from bot.discord.text import cut, visible
from bot.following.types import Followed, Notice
from bot.question import MAX_CHARACTERS
from reader.types import Answer

Act = Literal["evidence", "turn", "context", "good", "bad", "private"]
FORM = "dateline:form"
FORM_QUESTION = "question"
ANSWER_ID = r"dateline:(?P<act>evidence|turn|context|good|bad|private):(?P<id>[\w-]{1,40}):(?P<page>\d{1,4})"
# numbers in hexadecimal: those of ten news have to fit into 100 characters
STOP_ID = r"dateline:stop:(?P<id>[\da-f]{1,15}):(?P<news>[\da-f.]{0,70})"
MAX_LABEL = 70
Button = discord.ui.Button[Any]


class AnswerButton(discord.ui.DynamicItem[Button], template=ANSWER_ID):
    """A button below an answer; what it does is the client's to know."""

    def __init__(self, act: Act, id: str, page: int = 0, label: str | None = None, emoji: str | None = None) -> None:
        super().__init__(discord.ui.Button(custom_id=f"dateline:{act}:{id}:{page}", label=label, emoji=emoji, row=0))
        self.act: Act = act
        self.answer = id
        self.page = page

    @classmethod
    async def from_custom_id(cls, interaction: Interaction, item: Any, match: re.Match[str]) -> Self:
        return cls(match["act"], match["id"], int(match["page"]))  # type: ignore[arg-type]

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.pressed(interaction, self.act, self.answer, self.page)


class StopButton(discord.ui.DynamicItem[Button], template=STOP_ID):
    """Stops following question `id`; `news` are the numbers of the news that its message shows."""

    def __init__(self, id: int, news: Iterable[int] = (), label: str = "Stop") -> None:
        numbers = ".".join(f"{number:x}" for number in news)
        super().__init__(discord.ui.Button(custom_id=f"dateline:stop:{id:x}:{numbers}", label=label))
        self.question = id

    @classmethod
    async def from_custom_id(cls, interaction: Interaction, item: Any, match: re.Match[str]) -> Self:
        return cls(int(match["id"], 16))

    async def callback(self, interaction: Interaction) -> None:
        await interaction.client.following.stop(interaction, self.question)


class Form(discord.ui.Modal, title="Ask Dateline privately"):
    """Asks for a question. What is sent off reaches the client's `on_interaction`, also after a restart."""

    question: discord.ui.TextInput["Form"] = discord.ui.TextInput(
        label="Question", custom_id=FORM_QUESTION, max_length=MAX_CHARACTERS, style=discord.TextStyle.paragraph
    )

    def __init__(self) -> None:
        super().__init__(custom_id=FORM, timeout=None)


def view_of(buttons: Iterable[AnswerButton | StopButton]) -> discord.ui.View:
    """Buttons below a message."""
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def answer_view(id: str, answer: Answer) -> discord.ui.View:
    """The buttons below an answer."""
    buttons = [AnswerButton("good", id, emoji="👍"), AnswerButton("bad", id, emoji="👎")]
    if answer.evidence.hits:
        buttons = [
            AnswerButton("evidence", id, label="More evidence"),
            AnswerButton("context", id, _cited_hit(answer), label="In context"),
            *buttons,
        ]
    return view_of([*buttons, AnswerButton("private", id, label="Ask privately")])


def evidence_view(id: str, page: int, pages: int) -> discord.ui.View | None:
    """The buttons below a passage; None where there is nothing to turn to and nothing to show."""
    buttons = []
    if page > 0:
        buttons.append(AnswerButton("turn", id, page - 1, label="Previous"))
    if page + 1 < pages:
        buttons.append(AnswerButton("turn", id, page + 1, label="Next"))
    if page < pages:
        buttons.append(AnswerButton("context", id, page, label="In context"))
    return view_of(buttons) if buttons else None


def news_view(notices: Sequence[Notice]) -> discord.ui.View:
    """A button for each question that these tell of."""
    news: dict[int, list[Notice]] = {}
    for notice in notices:
        news.setdefault(notice.followed.id, []).append(notice)
    buttons = []
    for id, several in news.items():
        label = f"Stop: {cut(visible(several[0].followed.question).strip(), MAX_LABEL)}"
        buttons.append(StopButton(id, (each.id for each in several), "Stop" if len(news) == 1 else label))
    return view_of(buttons)


def list_view(several: Sequence[Followed]) -> discord.ui.View:
    """A button for each question of a list."""
    return view_of(StopButton(each.id, label=f"Stop {each.id}") for each in several)


def answer_in(message: discord.Message) -> str | None:
    """The id of the answer that a message shows, from its buttons."""
    return next((match["id"] for match in _buttons_in(message, ANSWER_ID)), None)


def news_in(message: discord.Message) -> set[int]:
    """The numbers of the news that a message tells, from its buttons."""
    numbers = (number for match in _buttons_in(message, STOP_ID) for number in match["news"].split("."))
    return {int(number, 16) for number in numbers if number}


def submitted_question(data: Any) -> str:
    """What was written into the form, from an interaction's data; empty if there is none."""
    for row in data.get("components", ()):
        inner = row.get("components", [row["component"]] if "component" in row else [])
        for field in inner:
            if field.get("custom_id") == FORM_QUESTION:
                return str(field.get("value", ""))
    return ""


def _buttons_in(message: discord.Message, pattern: str) -> Iterator[re.Match[str]]:
    for row in message.components:
        for child in getattr(row, "children", ()):
            if (match := re.fullmatch(pattern, getattr(child, "custom_id", None) or "")) is not None:
                yield match


def _cited_hit(answer: Answer) -> int:
    """Which of the passages holds the first citation; the best one where none does."""
    for citation in answer.citations:
        for number, hit in enumerate(answer.evidence.hits):
            passage = hit.passage
            if passage.article_id == citation.article_id and passage.start <= citation.answer_start < passage.end:
                return number
    return 0
