"""Asking trafilatura which blocks of a page it keeps, by marks in their text that come back in what it returns.

A mark is two characters of CJK Extension G in front of a block's first letter: pages do not use them, and trafilatura
takes them for letters.
"""

import logging
import re
from collections.abc import Sequence
from typing import Any

from retrieval.intake.blocks import Block

_NO_TEXT = (
    "//figcaption",
    "//blockquote[contains(@class, 'twitter-tweet') or contains(@class, 'instagram-media')"
    " or contains(@class, 'tiktok-embed')]",
)
_FIRST, _BASE = 0x30000, 4096
_MARK = re.compile("([\U00030000-\U00030fff])([\U00030000-\U00030fff])")


def mark(found: Sequence[Block]) -> None:
    """Writes the number of each block in front of its text, in the tree."""
    for number, block in enumerate(found):
        said = block.begins.text
        begin = len(said) - len(said.lstrip())
        high, low = divmod(number, _BASE)
        block.begins.replace(f"{said[:begin]}{chr(_FIRST + high)}{chr(_FIRST + low)}{said[begin:]}")


def marked_in(tree: Any, *, precision: bool) -> frozenset[int]:
    """The numbers of the blocks that trafilatura keeps of a marked tree."""
    from trafilatura import bare_extraction

    # what it would say here is said by the ArticleError
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    document = bare_extraction(
        tree, favor_precision=precision, include_comments=False, prune_xpath=list(_NO_TEXT), with_metadata=False
    )
    text = getattr(document, "text", None) or ""
    return frozenset((ord(high) - _FIRST) * _BASE + ord(low) - _FIRST for high, low in _MARK.findall(text))
