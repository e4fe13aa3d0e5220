"""How much of the article is extracted from web pages, how much else, and which rules leave out lines of the article.

    dateline evaluate pages FOLDER [--lines] [--json]

FOLDER holds pages, and beside each page its article: `pier.html` and `pier.gold.txt`, one paragraph, heading or item a
line, as somebody read them off the page. Pages without gold lines are passed over.

A gold line is lost where no more than half of its runs of four words stand in the article that was taken; a line of the
article is too many where the same is true of it and the gold lines, the title being one of these. For each reason that
a line was left out for: how many lines it left out, and how many of these are gold lines. `--lines` shows them all.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.commands import Parser, output, table
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


def shown(scores: Sequence[PageScore], *, with_lines: bool) -> str:
    """Tables for people: the pages where a line is lost or too many, and the reasons that lines are left out for."""
    amiss = [page for page in scores if page.lost or page.extra]
    rows = [("page", "gold", "lost", "extra"), *(_counts(page.name, [page]) for page in amiss)]
    rows += [_counts(f"all {len(scores):,} pages", scores)]
    lines = [f"{page.name}: - {line[:150]}" for page in amiss for line in page.lost]
    lines += [f"{page.name}: + {line[:150]}" for page in amiss for line in page.extra]
    left_out = sum((Counter(page.left_out) for page in scores), Counter[str]())
    wrongly = sum((Counter(page.wrongly) for page in scores), Counter[str]())
    reasons = [("left out for the reason", "lines", "wrongly")]
    reasons += [(reason, f"{count:,}", f"{wrongly[reason]:,}") for reason, count in left_out.most_common()]
    return "\n".join([*(lines if with_lines else ()), *table(rows), *table(reasons)])


def _counts(name: str, scores: Sequence[PageScore]) -> tuple[str, ...]:
    counts = zip(*((page.gold, len(page.lost), len(page.extra)) for page in scores), strict=True)
    return (name, *(f"{sum(each):,}" for each in counts))


def _gold(page: Path) -> Path:
    return page.with_name(page.stem + GOLD)


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    parser = Parser("pages", __doc__, "--json")
    parser.offer("folder", type=Path, metavar="FOLDER")
    parser.offer("--lines", action="store_true", help="show each line that is lost or too many")
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
    if not options.json:
        print(shown(scores, with_lines=options.lines))
    for each in scores if options.json else ():
        output(each, str, as_json=True)
