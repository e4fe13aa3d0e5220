"""Which blocks of a page are its article.

trafilatura (Barbaresi, "Trafilatura: a web scraping library and command-line tool", ACL 2021) tells an article from the
menus, teasers and comments around it. It is asked twice, for precision and without; each block carries a mark that
comes back in what is kept. It loses a second container of the body, lists, and paragraphs that are mostly links, and
keeps boxes that are none of the text. So its verdict is compared, block by block, with how the page is built:

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
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from retrieval.intake.blocks import HEADINGS, Block, blocks
from retrieval.intake.marks import mark, marked_in

TEASER = "teaser of another story"
ONE_LINK = "link, and no sentence"
BESIDE = "part of the page beside its article"
OUTSIDE = "outside of the article"

# shares of the words of the prose
MOSTLY = 0.95
LOOK = 0.1
# shares of a block that is links
LINKED_HEADLINE = 0.45
ONE_LINK_SHARE = 0.8
FEW_LINKS = 0.3
PROSE_WORDS = 8
LONG_WORDS = 20
# of a teaser, with its headline
TEASER_WORDS = 80
STANDFIRST_WORDS = 6
SHINGLE = 8

_SENTENCE_END = re.compile(r"[.!?…。！？]['\"”’»)\]]*$")
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
    """Every block of the page, in its order. The text of the tree carries marks afterwards."""
    found = blocks(tree)
    mark(found)
    precise, broad = marked_in(tree, precision=True), marked_in(tree, precision=False)
    teasers = _teasers(found)
    kept = sorted((precise | broad) - teasers)
    if not kept:
        return [Verdict(block, TEASER if number in teasers else OUTSIDE) for number, block in enumerate(found)]
    judge = _Judge(found, kept, precise, teasers, declared)
    return [Verdict(block, judge.reason(number)) for number, block in enumerate(found)]


def _teasers(found: list[Block]) -> frozenset[int]:
    """The blocks in elements that hold linked headlines, and few words besides."""
    headlines = Counter(
        block.element.getparent()
        for block in found
        if block.element.tag in HEADINGS and block.link_share >= LINKED_HEADLINE
    )
    inside: dict[Any, list[int]] = defaultdict(list)
    for number, block in enumerate(found):
        for box in headlines.keys() & _around(block.element):
            inside[box].append(number)
    return frozenset(
        number
        for box, numbers in inside.items()
        if sum(found[number].words for number in numbers) <= TEASER_WORDS * headlines[box]
        for number in numbers
    )


class _Judge:
    def __init__(
        self, found: list[Block], kept: list[int], precise: frozenset[int], teasers: frozenset[int], declared: Declared
    ) -> None:
        self._blocks = found
        self._kept = frozenset(kept)
        self._precise = precise
        self._teasers = teasers
        self._around = [_around(block.element) for block in found]
        prose = [number for number in kept if self._is_prose(number)] or kept
        article = self._smallest_around(prose)
        self._inside = [article in around for around in self._around]
        prose = [number for number in prose if self._inside[number]]
        self._first, self._last = prose[0], prose[-1]
        self._siblings = {self._blocks[number].element.getparent() for number in prose}
        self._looks = self._looks_of([number for number in prose if not self._is_box(number)] or prose)
        self._title = _plain(declared.title)
        self._descriptions = {_plain(text) for text in declared.descriptions}
        self._body = _shingles(declared.body)
        self._headline = self._find_headline()
        self._standfirst = self._find_standfirst()

    def reason(self, number: int) -> str | None:
        """Why a block is no part of the article; None where it is one."""
        block = self._blocks[number]
        if number in self._standfirst:
            return None
        if block.link_share >= ONE_LINK_SHARE and not _ends(block):
            return ONE_LINK
        if number in self._teasers:
            return TEASER
        if self._has_look(number) and (self._inside[number] or self._is_second_container(number)):
            return None
        if self._is_beside(number):
            return BESIDE
        if self._inside[number] and (number in self._precise or self._belongs(number)):
            return None
        if self._is_in_declared_body(number) or self._is_plain(number):
            return None
        return OUTSIDE

    def _is_prose(self, number: int) -> bool:
        block = self._blocks[number]
        return block.words >= PROSE_WORDS and _ends(block)

    def _smallest_around(self, prose: list[int]) -> Any:
        words = Counter[Any]()
        for number in prose:
            for element in self._around[number]:
                words[element] += self._blocks[number].words
        total = sum(self._blocks[number].words for number in prose)
        element = self._blocks[prose[0]].element.getroottree().getroot()
        while True:
            below = next((child for child in element if words[child] >= MOSTLY * total), None)
            if below is None:
                return element
            element = below

    def _looks_of(self, prose: list[int]) -> set[tuple[str, ...]]:
        words = Counter[tuple[str, ...]]()
        for number in prose:
            words[self._look(number)] += self._blocks[number].words
        return {look for look, count in words.items() if count >= LOOK * words.total()}

    def _look(self, number: int) -> tuple[str, ...]:
        element = self._blocks[number].element
        look: list[str] = []
        while element is not None and len(look) < 3:
            # classes may be numbered: "post-2101"
            names = sorted(_DIGITS.sub("", element.get("class", "")).split())
            look.append(" ".join((element.tag, *names)))
            element = element.getparent()
        return tuple(look)

    def _has_look(self, number: int) -> bool:
        return self._look(number) in self._looks and (number in self._precise or self._blocks[number].words > 2)

    def _is_second_container(self, number: int) -> bool:
        return self._is_prose(number) and any(" " in step for step in self._look(number))

    def _belongs(self, number: int) -> bool:
        """Whether a block of the article that precision does not keep is part of its text."""
        block = self._blocks[number]
        between = self._first < number < self._last
        is_item = block.element.tag in _ITEMS and block.link_share < ONE_LINK_SHARE
        if is_item and number > self._first:
            owner = block.element.getparent()
            return between or (owner is not None and owner.getparent() in self._siblings)
        is_long = block.words >= LONG_WORDS and block.link_share < FEW_LINKS
        return between and (number in self._kept or is_long)

    def _is_in_declared_body(self, number: int) -> bool:
        block = self._blocks[number]
        own = _shingles(block.text)
        said = block.words >= SHINGLE and len(own & self._body) >= ONE_LINK_SHARE * len(own)
        return said and block.link_share < LINKED_HEADLINE

    def _is_plain(self, number: int) -> bool:
        """Whether it is a long paragraph around which no element has a name: pages made by hand, or cut by a tool."""
        block = self._blocks[number]
        return (
            block.words >= LONG_WORDS
            and block.link_share < FEW_LINKS
            and not any(element.get("class") or element.get("id") for element in self._around[number])
        )

    def _is_beside(self, number: int) -> bool:
        if any(element.tag in _ASIDE or _is_hidden(element) for element in self._around[number]):
            return True
        return self._is_named(number, _NAMED_OTHERWISE) or self._is_box(number)

    def _is_box(self, number: int) -> bool:
        return self._is_named(number, _NAMED_BOX)

    def _is_named(self, number: int, names: re.Pattern[str]) -> bool:
        near = self._blocks[number].element, *self._blocks[number].element.iterancestors()
        return any(names.search(_names(element)) for element in near[:4] if element.tag not in _WHOLE_PAGE)

    def _find_headline(self) -> int | None:
        headlines = [
            number
            for number, block in enumerate(self._blocks[: self._first + 1])
            if block.element.tag == "h1" or (block.element.tag in HEADINGS and _plain(block.text) == self._title)
        ]
        return headlines[-1] if headlines else None

    def _find_standfirst(self) -> set[int]:
        found: set[int] = set()
        for number in range(self._first):
            below = self._headline is not None and number > self._headline
            if self._is_description(number) or (below and self._may_be_standfirst(number, alone=not found)):
                found.add(number)
        return found

    def _is_description(self, number: int) -> bool:
        block = self._blocks[number]
        said = block.words >= STANDFIRST_WORDS and _plain(block.text) in self._descriptions
        return said and not self._is_beside(number)

    def _may_be_standfirst(self, number: int, *, alone: bool) -> bool:
        block = self._blocks[number]
        if block.words < STANDFIRST_WORDS or block.link_share >= FEW_LINKS or _plain(block.text) == self._title:
            return False
        parent = block.element.getparent()
        if any(_NAMED_STANDFIRST.search(_names(element)) for element in (block.element, parent) if element is not None):
            return not _NAMED_OTHERWISE.search(_names(block.element))
        if self._is_beside(number):
            return False
        if number in self._precise and self._is_prose(number):
            return True
        return alone and (number in self._precise or block.element.tag in HEADINGS or block.element.tag == "p")


def _around(element: Any) -> frozenset[Any]:
    return frozenset((element, *element.iterancestors()))


def _names(element: Any) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _is_hidden(element: Any) -> bool:
    names = element.get("class", "").split()
    # "hidden md:block" is hidden on small screens only
    return (not _HIDDEN.isdisjoint(names) and not any(":" in name for name in names)) or "display:none" in element.get(
        "style", ""
    ).replace(" ", "")


def _ends(block: Block) -> bool:
    return _SENTENCE_END.search(block.text) is not None


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = _plain(text).split()
    return {tuple(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)}
