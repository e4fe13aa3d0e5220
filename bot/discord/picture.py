"""A picture of an answer as Discord shows it: `python -m bot.discord.picture QUESTION --out FILE.png`."""

import argparse
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

from bot.assistant import Assistant
from bot.discord.cards import answer_card
from bot.discord.text import ZERO_WIDTH
from bot.discord.types import COLOURS, Card
from bot.mends import terminal_message
from bot.settings import Settings
from bot.streams import complain
from retrieval.errors import DatelineError
from retrieval.progress import silent

SCALE = 2  # pixels of the picture for each of the screen; all sizes below are the screen's
WIDTH = 560
MARGIN = 16
AVATAR = 40
PADDING = 14
LINE = 1.4  # of a font's size
BODY, SMALL = 14, 12
PAGE, BOX, EDGE, BUTTON = "#313338", "#2b2d31", "#4e5058", "#4e5058"
TEXT, BRIGHT, LINKED = "#dbdee1", "#f2f3f5", "#00a8fc"
BARS = {tone: f"#{colour:06x}" for tone, colour in COLOURS.items()}
BUTTONS = ("More evidence", "In context", "👍", "👎", "Ask privately")
# no font at hand has the emoji: a hand and its cuff as corners, in a square of 16
THUMB = (
    ((5, 7), (8, 1), (10, 1), (10, 6), (15, 6), (15, 9), (13, 15), (5, 15)),
    ((1, 7), (4, 7), (4, 15), (1, 15)),
)
THUMB_COLOUR = "#ffcc4d"
# what the markdown of a card is made of: the ends of bold, links, and escaped characters
_PART = re.compile(r"(\*\*|\[(?:\\.|[^\[\]\\])+\]\(https?://[^\s()]+\))")
_ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
_LEAD = re.compile(r"(?P<quote>> )|(?P<number>\d+\. )")


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters in one style."""

    text: str
    bold: bool = False
    colour: str = TEXT


def picture(card: Card) -> Image.Image:
    """The card as a message of the bot, with the buttons of an answer below it."""
    left, top = MARGIN + AVATAR + 16, MARGIN + 26
    inside = left + 4 + PADDING
    width = WIDTH - MARGIN - PADDING - inside
    layer = Image.new("RGBA", (WIDTH * SCALE, 4000 * SCALE))
    pen = Pen(ImageDraw.Draw(layer))
    y = float(top + PADDING)
    if card.title:
        y = pen.lines(card.title, inside, y, width, BODY + 1, bold=True) + 6
    y = pen.lines(card.description, inside, y, width, BODY)
    if card.fields:
        y = _fields(pen, card, inside, y + 8, width)
    if card.footer:
        y = pen.lines(card.footer, inside, y + 8, width, SMALL, raw=True)
    bottom = y + PADDING
    end = _buttons(pen, left, bottom + 8)

    image = Image.new("RGB", (WIDTH * SCALE, round((end + MARGIN) * SCALE)), PAGE)
    under = Pen(ImageDraw.Draw(image))
    under.box(left, top, WIDTH - MARGIN, bottom, BARS[card.tone])
    under.box(left + 4, top, WIDTH - MARGIN, bottom, BOX)
    under.box(MARGIN, MARGIN, MARGIN + AVATAR, MARGIN + AVATAR, BARS["answer"], radius=AVATAR / 2)
    under.text(MARGIN + 13, MARGIN + 8, Piece("D", True, BRIGHT), 19)
    under.text(left, MARGIN, Piece("Dateline", True, BRIGHT), BODY + 1)
    at = left + under.length(Piece("Dateline", True), BODY + 1) + 6
    under.box(at, MARGIN + 2, at + 32, MARGIN + 17, "#5865f2", radius=3)
    under.text(at + 5, MARGIN + 3, Piece("APP", True, BRIGHT), 10)
    image.paste(layer.crop((0, 0, *image.size)), mask=layer.crop((0, 0, *image.size)))
    return image


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in the screen's units."""

    draw: ImageDraw.ImageDraw

    def length(self, piece: Piece, size: float) -> float:
        return _font(piece.bold, size).getlength(piece.text) / SCALE

    def text(self, x: float, y: float, piece: Piece, size: float) -> None:
        self.draw.text((x * SCALE, y * SCALE), piece.text, piece.colour, _font(piece.bold, size))

    def box(self, x: float, y: float, right: float, bottom: float, colour: str, radius: float = 4) -> None:
        self.draw.rounded_rectangle((x * SCALE, y * SCALE, right * SCALE, bottom * SCALE), radius * SCALE, colour)

    def thumb(self, x: float, y: float, up: bool) -> None:
        for corners in THUMB:
            points = [(x + across, y + (down if up else 16 - down)) for across, down in corners]
            self.draw.polygon([(right * SCALE, below * SCALE) for right, below in points], THUMB_COLOUR)

    def lines(
        self, text: str, x: float, y: float, width: float, size: float, bold: bool = False, raw: bool = False
    ) -> float:
        """Markdown (or raw text) wrapped to `width`; where it ends."""
        for line in text.split("\n"):
            if not line:
                y += size * 0.6
                continue
            left, began = x, y
            lead = None if raw else _LEAD.match(line)
            if lead is not None:
                number = Piece(lead["number"] or "", bold)
                left += 14 if lead["quote"] else self.length(number, size) + 2
                self.text(x, y, number, size)
                line = line[lead.end() :]
            at = left
            for piece in map(Piece, _words(line)) if raw else _pieces(line, bold):
                if at > left and at + self.length(replace(piece, text=piece.text.rstrip()), size) > x + width:
                    at, y = left, y + size * LINE
                self.text(at, y, piece, size)
                at += self.length(piece, size)
            y += size * LINE
            if lead is not None and lead["quote"]:
                self.box(x, began, x + 4, y - 2, EDGE, radius=2)
        return y


def _pieces(markup: str, bold: bool) -> Iterator[Piece]:
    """ "He met **Maduro**\\\\." -> "He " | "met " | "Maduro" (bold) | "." """
    for part in _PART.split(markup.replace(ZERO_WIDTH, "")):
        if part == "**":
            bold = not bold
        elif part.startswith("["):
            yield from (replace(piece, colour=LINKED) for piece in _pieces(part[1 : part.rindex("](")], bold))
        else:
            yield from (Piece(word, bold, BRIGHT if bold else TEXT) for word in _words(_ESCAPED.sub(r"\1", part)))


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*|\s+", text)


def _fields(pen: Pen, card: Card, x: float, y: float, width: float) -> float:
    """At most three side by side, as Discord has them on a wide screen."""
    columns = min(len(card.fields), 3)
    column = width / columns
    for first in range(0, len(card.fields), columns):
        ends = []
        for number, field in enumerate(card.fields[first : first + columns]):
            below = pen.lines(field.name, x + number * column, y, column - 12, BODY, bold=True)
            ends.append(pen.lines(field.value, x + number * column, below + 2, column - 12, BODY))
        y = max(ends) + 8
    return y


def _buttons(pen: Pen, x: float, y: float) -> float:
    for label in BUTTONS:
        thumb = label in ("👍", "👎")
        piece = Piece(label, colour=BRIGHT)
        right = x + 28 + (16 if thumb else pen.length(piece, BODY - 1))
        pen.box(x, y, right, y + 32, BUTTON, radius=8)
        if thumb:
            pen.thumb(x + 14, y + 8, up=label == "👍")
        else:
            pen.text(x + 14, y + 8, piece, BODY - 1)
        x = right + 8
    return y + 32


@cache
def _font(bold: bool, size: float) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(get_data_path(), "fonts", "ttf", name), size * SCALE)


def main(arguments: list[str]) -> int:
    """See the module; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bot.discord.picture", description=__doc__)
    parser.add_argument("question", help="asked of the articles that config.toml names; they must be indexed")
    parser.add_argument("--out", type=Path, required=True, help="the PNG file to write")
    options = parser.parse_args(arguments)
    if options.out.suffix != ".png" or not options.out.parent.is_dir():
        parser.error(f"{options.out} is not a place for a picture, expected FILE.png in a folder that is there")
    try:
        answer = Assistant.open(Settings.load(), silent).ask(options.question)
    except DatelineError as error:
        complain(terminal_message(error))
        return 1
    picture(answer_card(answer)).quantize(64).save(options.out, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
