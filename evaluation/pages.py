"""How much of the article is extracted from web pages, how much else, and which rules leave out lines of the article.

    dateline evaluate pages FOLDER [--lines] [--json]

FOLDER holds pages, and beside each page its article: `pier.html` and `pier.gold.txt`, one paragraph, heading or item a
line, as somebody read them off the page. Pages without gold lines are passed over.

A gold line is lost where no more than half of its runs of four words stand in the article that was taken; a line of the
article is too many where the same is true of it and the gold lines, the title being one of these. For each reason that
a line was left out for: how many lines it left out, and how many of these are gold lines. `--lines` shows them all.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluation.commands import Parser, explained
from retrieval.errors import ArticleError, UsageError
from retrieval.intake.articles import parse
from retrieval.progress import on_stderr

GOLD = ".gold.txt"
PAGES = (".html", ".htm")
RUN = 4
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class PageScore:
    """One page: how many gold lines it has, those lost, the lines too many; and what was left out, by the reason."""

    name: str
    gold: int
    lost: tuple[str, ...]
    extra: tuple[str, ...]
    left_out: dict[str, int]
    wrongly: dict[str, int]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of text, looked up by their runs of words."""

    texts: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Lines":
        """The lines that have a word."""
        written = tuple(text for text in texts if _WORD.search(text))
        return cls(written, tuple(tuple(_WORD.findall(text.casefold())) for text in written))

    def missing_in(self, others: "Lines") -> tuple[str, ...]:
        """The lines of which `others` have no more than half."""
        known = {length: _runs(others.words, length) for length in range(1, RUN + 1)}
        return tuple(
            text
            for text, words in zip(self.texts, self.words, strict=True)
            if 2 * len(_runs([words], RUN) & known[min(RUN, len(words))]) <= len(_runs([words], RUN))
        )


def _runs(lines: Iterable[tuple[str, ...]], length: int) -> set[tuple[str, ...]]:
    """Each run of so many words of a line, or the whole of a shorter one."""
    return {
        words[at : at + min(length, len(words))] for words in lines for at in range(max(1, len(words) - length + 1))
    }


def score(page: Path, gold: Sequence[str]) -> PageScore:
    """How much of `gold` is taken out of the page, and what besides; all is lost where the page is refused."""
    try:
        (intake,) = parse(page.read_bytes(), page.name).intakes
    except ArticleError:
        return PageScore(page.name, len(gold), tuple(gold), (), {}, {})
    taken, wanted = Lines.of(intake.article.text.split("\n")), Lines.of(gold)
    left_out = [(drop.reason, drop.text) for drop in intake.dropped]
    stray = set(Lines.of(text for _, text in left_out).missing_in(wanted))
    return PageScore(
        page.name,
        len(wanted.texts),
        wanted.missing_in(taken),
        taken.missing_in(Lines.of((*gold, intake.article.title))),
        dict(Counter(reason for reason, _ in left_out)),
        dict(Counter(reason for reason, text in left_out if text not in stray)),
    )


@explained
def main(arguments: Sequence[str] | None = None) -> int:
    """Measures every page of a folder."""
    parser = Parser("pages", __doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--lines", action="store_true", help="show each line that is lost or too many")
    parser.add_argument("--json", action="store_true", help="print one JSON object a page")
    options = parser.parse_args(arguments)
    pages = [page for page in sorted(options.folder.glob("*")) if page.suffix in PAGES and _gold(page).is_file()]
    if not pages:
        raise UsageError(f"{options.folder} holds no page with gold lines beside it; expected a.html and a{GOLD}.")
    scores: list[PageScore] = []
    with on_stderr("Reading pages", len(pages)) as advance:
        for page in pages:
            gold = [line for line in _gold(page).read_text(encoding="utf-8").split("\n") if line.strip()]
            scores.append(score(page, gold))
            advance(1)
    if options.json:
        for each in scores:
            print(json.dumps(asdict(each), ensure_ascii=False))
    else:
        _show(scores, with_lines=options.lines)
    return 0


def _gold(page: Path) -> Path:
    return page.with_name(page.stem + GOLD)


def _show(scores: Sequence[PageScore], *, with_lines: bool) -> None:
    print(f"{'gold':>6} {'lost':>6} {'extra':>6}  page")
    for page in scores:
        if page.lost or page.extra:
            print(f"{page.gold:>6,} {len(page.lost):>6,} {len(page.extra):>6,}  {page.name}")
        for line in page.lost if with_lines else ():
            print(f"    - {line[:150]}")
        for line in page.extra if with_lines else ():
            print(f"    + {line[:150]}")
    gold, lost, extra = (sum(each) for each in zip(*((p.gold, len(p.lost), len(p.extra)) for p in scores), strict=True))
    print(f"{gold:>6,} {lost:>6,} {extra:>6,}  all {len(scores):,} pages")
    print(f"\n{'left out':>9} {'wrongly':>8}  for the reason")
    left_out = sum((Counter(page.left_out) for page in scores), Counter[str]())
    wrongly = sum((Counter(page.wrongly) for page in scores), Counter[str]())
    for reason, count in left_out.most_common():
        print(f"{count:>9,} {wrongly[reason]:>8,}  {reason}")


if __name__ == "__main__":
    sys.exit(main())
