"""What a filter names, and what to say where the articles have no such thing."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from difflib import get_close_matches

from retrieval.errors import UsageError, did_you_mean
from retrieval.terms import plain
from retrieval.types import Article, SearchFilter

SUGGESTED = 3


def folded(source: str) -> str:
    """What a source is compared by: " Agencia  EFÉ" -> "agencia efe"."""
    return " ".join(plain(source).split())


def merged(counts: Mapping[str, int]) -> dict[str, int]:
    """How many articles each source has, most first; spellings of one source are one, the commonest stands for all.

    {"REUTERS": 1, "Reuters": 3, "EFE": 2} -> {"Reuters": 4, "EFE": 2}
    """
    spellings: dict[str, list[str]] = {}
    for source in sorted(counts, key=lambda source: (-counts[source], source)):
        if folded(source):
            spellings.setdefault(folded(source), []).append(source)
    sums = {several[0]: sum(counts[source] for source in several) for several in spellings.values()}
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def matches(where: SearchFilter, article: Article) -> bool:
    """Whether an article passes `where`. One without a date is in no period, and one without a source from
    none."""
    if where.article_id not in (None, article.id):
        return False
    if where.source is not None and (article.source is None or folded(article.source) != folded(where.source)):
        return False
    if where.since is None and where.until is None:
        return True
    if article.published is None:
        return False
    day = article.published.astimezone(UTC).date()
    return (where.since is None or where.since <= day) and (where.until is None or day <= where.until)


def unknown_article(article_id: str, known: Sequence[str]) -> UsageError:
    """There is no article of this id."""
    mend = did_you_mean(article_id, known, "{name one of its articles}.")
    return UsageError(f"There is no article {article_id!r} in the index; {mend}")


def unknown_source(source: str, known: Sequence[str]) -> UsageError:
    """No article comes from this source; "reuter" is near "Reuters", and so is "agency" to "Example Agency"."""
    names = {folded(name): name for name in known}
    asked = folded(source)
    near = [*get_close_matches(asked, names, n=SUGGESTED), *(key for key in names if asked and asked in key)]
    close = [names[key] for key in dict.fromkeys(near)][:SUGGESTED]
    mend = f"did you mean {' or '.join(close)}?" if close else "{name one of its sources}."
    return UsageError(f"There are no articles from {source!r} in the index; {mend}")
