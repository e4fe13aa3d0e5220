"""Buttons below answers and passages, and the form for a private question. All of them work after a restart.

A button's id says all that is needed: what it does, with which remembered answer, at which passage.
"""

import re
from typing import Any, Literal, Self

import discord

from bot.question import MAX_CHARACTERS
from reader.types import Answer

Act = Literal["evidence", "turn", "context", "good", "bad", "private"]
FORM = "dateline:form"
FORM_QUESTION = "question"
_ID = r"dateline:(?P<act>evidence|turn|context|good|bad|private):(?P<id>[\w-]{1,40}):(?P<page>\d{1,4})"


class AnswerButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=_ID):
    """One button; what it does is the client's to know (`Presses`)."""

    def __init__(self, act: Act, id: str, page: int = 0, label: str | None = None, emoji: str | None = None) -> None:
        super().__init__(
            discord.ui.Button(custom_id=f"dateline:{act}:{id}:{page}", label=label, emoji=emoji, row=0),
        )
        self.act: Act = act
        self.answer = id
        self.page = page

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str]
    ) -> Self:
        """The button that was pressed, made anew from its id."""
        return cls(match["act"], match["id"], int(match["page"]))  # type: ignore[arg-type]

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Tells the client."""
        await interaction.client.pressed(interaction, self.act, self.answer, self.page)


class Form(discord.ui.Modal, title="Ask Dateline privately"):
    """Asks for a question. What is sent off reaches the client's `on_interaction`, also after a restart."""

    question: discord.ui.TextInput["Form"] = discord.ui.TextInput(
        label="Question", custom_id=FORM_QUESTION, max_length=MAX_CHARACTERS, style=discord.TextStyle.paragraph
    )

    def __init__(self) -> None:
        super().__init__(custom_id=FORM, timeout=None)


def answer_view(id: str, answer: Answer) -> discord.ui.View:
    """The buttons below an answer."""
    buttons = [AnswerButton("good", id, emoji="👍"), AnswerButton("bad", id, emoji="👎")]
    if answer.evidence.hits:
        buttons = [
            AnswerButton("evidence", id, label="More evidence"),
            AnswerButton("context", id, _cited_hit(answer), label="In context"),
            *buttons,
        ]
    return _view(*buttons, AnswerButton("private", id, label="Ask privately"))


def evidence_view(id: str, page: int, pages: int) -> discord.ui.View | None:
    """The buttons below a passage; None where there is nothing to turn to and nothing to show."""
    buttons = []
    if page > 0:
        buttons.append(AnswerButton("turn", id, page - 1, label="Previous"))
    if page + 1 < pages:
        buttons.append(AnswerButton("turn", id, page + 1, label="Next"))
    if page < pages:
        buttons.append(AnswerButton("context", id, page, label="In context"))
    return _view(*buttons) if buttons else None


def answer_id(message: discord.Message) -> str | None:
    """The id of the answer that a message shows, from its buttons."""
    for row in message.components:
        for child in getattr(row, "children", ()):
            match = re.fullmatch(_ID, getattr(child, "custom_id", None) or "")
            if match is not None:
                return match["id"]
    return None


def submitted_question(data: Any) -> str:
    """What was written into the form, from an interaction's data; empty if there is none."""
    for row in data.get("components", ()):
        inner = row.get("components", [row["component"]] if "component" in row else [])
        for field in inner:
            if field.get("custom_id") == FORM_QUESTION:
                return str(field.get("value", ""))
    return ""


def _view(*buttons: AnswerButton) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    return view


def _cited_hit(answer: Answer) -> int:
    """Which of the passages holds the first citation; the best one where none does."""
    for citation in answer.citations:
        for number, hit in enumerate(answer.evidence.hits):
            passage = hit.passage
            if passage.article_id == citation.article_id and passage.start <= citation.answer_start < passage.end:
                return number
    return 0
