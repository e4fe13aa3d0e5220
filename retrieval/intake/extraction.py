"""Which blocks of a page are its article.

trafilatura (Barbaresi, "Trafilatura: a web scraping library and command-line tool", ACL 2021) tells an article from the
menus, teasers and comments around it. It is asked twice, for precision and without; each block carries a mark that
comes back in what is kept. It loses a second container of the body, lists, and paragraphs that are mostly links, and
keeps boxes that are not part of the text. So its verdict is compared, block by block, with how the page is built:

    the article     the smallest element around nearly all the prose that was kept
    its look        the tags and classes of a block and of the two elements around it: what most of the prose has
    in it           what precision keeps, and what has its look; between its first and its last sentence also lists,
                    long paragraphs, and what the second extraction or the page's JSON-LD articleBody has
    outside of it   prose that has its look, and a long paragraph where nothing around it has a name
    standfirst      what stands between headline and text, if it is the page's description, is named for what it is,
                    or stands first there
    not             a teaser (a linked headline and what shares its box), a line that is one link, and what does not
                    have the look and whose element is named for something else: a caption, a form, a biography
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from retrieval.errors import ArticleError
from retrieval.intake.blocks import HEADINGS, Block, blocks
from retrieval.intake.cleaning import PROSE_WORDS, SENTENCE_END
from retrieval.intake.marks import mark, marked_in

TEASER = "teaser of another story"
ONE_LINK = "link without a sentence"
BESIDE = "part of the page beside its article"
OUTSIDE = "outside of the article"

# shares of the words of the prose
MOSTLY = 0.95
LOOK = 0.1
# shares of a block that is links
LINKED_HEADLINE = 0.45
ONE_LINK_SHARE = 0.8
FEW_LINKS = 0.3
LONG_WORDS = 20
# of a teaser, with its headline
TEASER_WORDS = 80
STANDFIRST_WORDS = 6
SHINGLE = 8
# trafilatura reads the text of an element again for each one around it: characters, times how deep they stand
MAX_NESTED_TEXT = 100_000_000
# of a body that the page declares, no more characters are looked at
MAX_BODY = 1_000_000

_DIGITS = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_ITEMS = frozenset({"li", "dt", "dd", "tr"})
_ASIDE = frozenset({"aside", "nav", "footer", "form", "figure", "figcaption", "dialog"})
_WHOLE_PAGE = frozenset({"html", "body", "main", "article"})
# elements of these names may yet hold an article: a slide show, a column under its author's name
_NAMED_OTHERWISE = re.compile(
    r"byline|author|credit|share|social|subscri|comment|promo|breadcrumb|figure|image|img|photo|video|gallery|carousel"
    r"|slide|tool-?tip|disclaimer|twitter|player|tool-?bar|whatsapp|popular|trending|slogan|bio(?![a-z])|paywall-"
    r"|access-wall"
    r"|(?:^|[-_ ])ads?(?:[-_ ]|$)",
    re.IGNORECASE,
)
# and of these, none
_NAMED_BOX = re.compile(
    r"caption|news-?letter|sign-?up|related|recirc|pull-?quote|fact-?box|info-?box|biograph|cookie|consent",
    re.IGNORECASE,
)
_HIDDEN = frozenset({"hidden", "visually-hidden", "visuallyhidden", "sr-only", "screen-reader-text"})
_NAMED_STANDFIRST = re.compile(
    r"stand-?first|dek(?![a-z])|deck|excerpt|sub-?title|sub-?head(?!er)|summary|strap-?line|intro(?![a-z])|lede|abstract"
    r"|tag-?line|key-?point|bullet",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What the page says in its head of the words that it shows: headline, descriptions, article body; "" for none."""

    title: str
    descriptions: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A block of a page, and why it is not of its article, None where it is."""

    block: Block
    reason: str | None


def judge(tree: Any, declared: Declared) -> list[Verdict]:
    """Every block of the page, in its order. The text of the tree carries marks afterwards.

    Raises ArticleError where the page is too large to tell.
    """
    found = blocks(tree)
    if sum(len(block.text) * sum(1 for _ in block.element.iterancestors()) for block in found) > MAX_NESTED_TEXT:
        raise ArticleError("has a long text in elements nested deep; save its article alone")
    mark(found)
    precise, broad = ({found[number] for number in marked_in(tree, precision=precision)} for precision in (True, False))
    teasers = _teasers(tree, found)
    kept = [block for block in found if block in precise | broad and block not in teasers]
    if not kept:
        return [Verdict(block, TEASER if block in teasers else OUTSIDE) for block in found]
    judge = _Judge(tree, found, kept, precise, teasers, declared)
    return [Verdict(block, judge.reason(block)) for block in found]


def _teasers(tree: Any, found: list[Block]) -> frozenset[Block]:
    """The blocks in elements that hold linked headlines, and few words besides."""
    headlines = Counter(
        block.element.getparent()
        for block in found
        if block.element.tag in HEADINGS and block.link_share >= LINKED_HEADLINE
    )
    words = _words_inside(tree, found)
    inside = _inside(tree, lambda element: words[element] <= TEASER_WORDS * headlines[element])
    return frozenset(block for block in found if block.element in inside)


class _Judge:
    # what an element is is looked at once, not for each block in it: it may have long names, and nest
    def __init__(
        self,
        tree: Any,
        found: list[Block],
        kept: list[Block],
        precise: set[Block],
        teasers: frozenset[Block],
        declared: Declared,
    ) -> None:
        self._kept = frozenset(kept)
        self._precise = precise
        self._teasers = teasers
        self._steps = {element: _step(element) for element in tree.iter()}
        self._otherwise, self._boxes, self._standfirsts = (
            {element for element in tree.iter() if names.search(_names(element))}
            for names in (_NAMED_OTHERWISE, _NAMED_BOX, _NAMED_STANDFIRST)
        )
        self._aside = _inside(tree, lambda element: element.tag in _ASIDE or _is_hidden(element))
        self._in_named = _inside(tree, lambda element: bool(element.get("class") or element.get("id")))
        prose = [block for block in kept if _is_prose(block)] or kept
        self._article = frozenset(_smallest_around(tree, prose).iter())
        prose = [block for block in prose if block.element in self._article]
        first, last = found.index(prose[0]), found.index(prose[-1])
        self._below_first, self._between = frozenset(found[first + 1 :]), frozenset(found[first + 1 : last])
        self._siblings = {block.element.getparent() for block in prose}
        self._looks = self._looks_of([block for block in prose if not self._is_named(block, self._boxes)] or prose)
        self._title = _plain(declared.title)
        self._descriptions = {_plain(text) for text in declared.descriptions}
        self._body = _shingles(declared.body[:MAX_BODY])
        self._standfirst = self._find_standfirst(found[:first], found[first])

    def reason(self, block: Block) -> str | None:
        """Why a block is not part of the article; None where it is."""
        if block in self._standfirst:
            return None
        if block.link_share >= ONE_LINK_SHARE and not _ends(block):
            return ONE_LINK
        if block in self._teasers:
            return TEASER
        inside = block.element in self._article
        if self._has_look(block) and (inside or self._is_second_container(block)):
            return None
        if self._is_beside(block):
            return BESIDE
        if inside and (block in self._precise or self._belongs(block)):
            return None
        if self._is_in_declared_body(block) or self._is_plain(block):
            return None
        return OUTSIDE

    def _looks_of(self, prose: list[Block]) -> set[tuple[str, ...]]:
        words = Counter[tuple[str, ...]]()
        for block in prose:
            words[self._look(block)] += block.words
        return {look for look, count in words.items() if count >= LOOK * words.total()}

    def _look(self, block: Block) -> tuple[str, ...]:
        return tuple(self._steps[element] for element in _near(block.element, 3))

    def _has_look(self, block: Block) -> bool:
        return self._look(block) in self._looks and (block in self._precise or block.words > 2)

    def _is_second_container(self, block: Block) -> bool:
        return _is_prose(block) and any(" " in step for step in self._look(block))

    def _belongs(self, block: Block) -> bool:
        """Whether a block of the article that precision does not keep is part of its text."""
        between = block in self._between
        is_item = block.element.tag in _ITEMS and block.link_share < ONE_LINK_SHARE
        if is_item and block in self._below_first:
            owner = block.element.getparent()
            return between or (owner is not None and owner.getparent() in self._siblings)
        return between and (block in self._kept or _is_long(block))

    def _is_in_declared_body(self, block: Block) -> bool:
        own = _shingles(block.text)
        said = block.words >= SHINGLE and len(own & self._body) >= ONE_LINK_SHARE * len(own)
        return said and block.link_share < LINKED_HEADLINE

    def _is_plain(self, block: Block) -> bool:
        """Whether it is a long paragraph around which no element has a name: pages made by hand, or cut by a tool."""
        return _is_long(block) and block.element not in self._in_named

    def _is_beside(self, block: Block) -> bool:
        named = self._is_named(block, self._otherwise) or self._is_named(block, self._boxes)
        return named or block.element in self._aside

    def _is_named(self, block: Block, named: set[Any]) -> bool:
        return any(element in named for element in _near(block.element, 4) if element.tag not in _WHOLE_PAGE)

    def _find_standfirst(self, above: list[Block], first: Block) -> set[Block]:
        """The blocks `above` the `first` of the prose that belong to the article."""
        headline = None
        for block in (*above, first):
            tag = block.element.tag
            if tag == "h1" or (tag in HEADINGS and _plain(block.text) == self._title):
                headline = block
        found, below = set[Block](), False
        for block in above:
            if self._is_description(block) or (below and self._may_be_standfirst(block, alone=not found)):
                found.add(block)
            below = below or block is headline
        return found

    def _is_description(self, block: Block) -> bool:
        said = block.words >= STANDFIRST_WORDS and _plain(block.text) in self._descriptions
        return said and not self._is_beside(block)

    def _may_be_standfirst(self, block: Block, *, alone: bool) -> bool:
        if block.words < STANDFIRST_WORDS or block.link_share >= FEW_LINKS or _plain(block.text) == self._title:
            return False
        if any(element in self._standfirsts for element in _near(block.element, 2)):
            return block.element not in self._otherwise
        if self._is_beside(block):
            return False
        if block in self._precise and _is_prose(block):
            return True
        return alone and (block in self._precise or block.element.tag in {"p", *HEADINGS})


def _words_inside(tree: Any, found: Iterable[Block]) -> Counter[Any]:
    """How many words of the blocks stand in each element."""
    words = Counter[Any]()
    for block in found:
        words[block.element] += block.words
    for element in reversed(list(tree.iter())):
        words[element.getparent()] += words[element]
    return words


def _inside(tree: Any, chosen: Callable[[Any], bool]) -> set[Any]:
    """The elements that are chosen, and those in them."""
    inside = set[Any]()
    for element in tree.iter():
        if element.getparent() in inside or chosen(element):
            inside.add(element)
    return inside


def _smallest_around(tree: Any, prose: list[Block]) -> Any:
    """The smallest element with most of the words of these blocks in it."""
    words = _words_inside(tree, prose)
    element = below = tree
    while below is not None:
        element = below
        below = next((child for child in element if words[child] >= MOSTLY * words[tree]), None)
    return element


def _near(element: Any, number: int) -> Iterator[Any]:
    """The element and those around it, the nearest first, so many in all."""
    return islice(chain((element,), element.iterancestors()), number)


def _step(element: Any) -> str:
    """Its tag and its classes, without their numbers: "post-2101" is "post-"."""
    names = _DIGITS.sub("", element.get("class", "")).split()
    return " ".join((element.tag, *sorted(names)))


def _names(element: Any) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _is_hidden(element: Any) -> bool:
    names, style = element.get("class", "").split(), element.get("style", "").replace(" ", "")
    # "hidden md:block" is hidden on small screens only
    return (not _HIDDEN.isdisjoint(names) and not any(":" in name for name in names)) or "display:none" in style


def _is_prose(block: Block) -> bool:
    return block.words >= PROSE_WORDS and _ends(block)


def _is_long(block: Block) -> bool:
    return block.words >= LONG_WORDS and block.link_share < FEW_LINKS


def _ends(block: Block) -> bool:
    return SENTENCE_END.search(block.text) is not None


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _plain(text).split()
    return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}
