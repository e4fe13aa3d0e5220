"""A page as the blocks of text that a reader sees: paragraphs, headings, items, rows of tables, in their order.

    <div><p>A <b>b</b></p>c<ul><li>d</li></ul><table><tr><td>1<td>2</table></div>  ->  A b · c · d · 1 | 2

A row of a table is one block, unless the table lays out the page: then each cell is read as any other element is.
"""

from dataclasses import dataclass
from typing import Any

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer
form header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul
"""
BLOCKS = HEADINGS.union(_BLOCKS.split())
# what these hold is not text of the page, or is never read
_SILENT = """
audio button canvas head iframe input math noscript object option script select style svg template textarea title video
"""
SILENT = frozenset(_SILENT.split())
MAX_CELL_WORDS = 30


@dataclass(frozen=True, slots=True)
class TextNode:
    """A text of the tree: the one that `element` begins with or, where `is_tail`, the one behind it."""

    element: Any
    is_tail: bool

    @property
    def text(self) -> str:
        """The text as it stands in the page."""
        text = self.element.tail if self.is_tail else self.element.text
        return text if text is not None else ""

    def replace(self, text: str) -> None:
        """Writes `text` in its place."""
        if self.is_tail:
            self.element.tail = text
        else:
            self.element.text = text


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block's text on one line, its number of words, the element around it, its share of links, where it begins.

    Blocks with the same text are two.
    """

    text: str
    words: int
    element: Any
    link_share: float
    begins: TextNode


def blocks(root: Any) -> list[Block]:
    """The blocks below `root`, in the order of the page."""
    reader = _Reader()
    reader.read(root, root, in_link=False)
    reader.close(root)
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: list[Block] = []
        self._pieces: list[str] = []
        self._begins: TextNode | None = None
        self._linked = 0

    # it calls itself no deeper than libxml2 lets elements nest
    def read(self, element: Any, block: Any, *, in_link: bool) -> None:
        """Reads `element`, whose block is `block`."""
        if not isinstance(element.tag, str) or element.tag in SILENT or element.get("hidden") is not None:
            return
        if element.tag in BLOCKS or element.tag == "br":
            self.close(block)
        inner = element if element.tag in BLOCKS else block
        # without an address it is the end of a link, not one
        in_link = in_link or (element.tag == "a" and element.get("href") is not None)
        self._add(TextNode(element, is_tail=False), in_link)
        cells = element.tag == "tr" and _is_data(element)
        for place, child in enumerate(element):
            if cells and child.tag in {"td", "th"}:
                self._cell(child, inner, " | " if place else "")
            else:
                self.read(child, inner, in_link=in_link)
            self._add(TextNode(child, is_tail=True), in_link)
        if inner is element:
            self.close(element)

    def close(self, block: Any) -> None:
        """What was read since the last one is a block, if it says anything."""
        words = "".join(self._pieces).split()
        if words and self._begins is not None:
            text = " ".join(words)
            self.found.append(Block(text, len(words), block, min(1.0, self._linked / len(text)), self._begins))
        self._pieces, self._begins, self._linked = [], None, 0

    def _add(self, node: TextNode, in_link: bool) -> None:
        said = node.text.strip()
        if said:
            self._begins = node if self._begins is None else self._begins
            self._linked += len(said) if in_link else 0
        self._pieces.append(node.text)

    def _cell(self, cell: Any, row: Any, before: str) -> None:
        self._pieces.append(before)
        self._add(TextNode(cell, is_tail=False), in_link=False)
        for child in cell:
            self.read(child, row, in_link=False)
            self._add(TextNode(child, is_tail=True), in_link=False)


def _is_data(row: Any) -> bool:
    """Whether the cells of a table's row are short texts that belong together."""
    cells = [cell for cell in row if cell.tag in {"td", "th"}]
    return len(cells) > 1 and not any(
        any(below.tag in BLOCKS or below.tag == "br" for below in cell.iterdescendants())
        or len(cell.text_content().split()) > MAX_CELL_WORDS
        for cell in cells
    )
