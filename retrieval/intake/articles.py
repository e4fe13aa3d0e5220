"""A file's bytes become articles: decoded, read by their format, cleaned, and told apart by an id.

    bytes ──decoding──► text ──markdown, html, records──► drafts ──headers──► metadata, lines ──cleaning──► articles

Every line of an article's text is a line of its file's (or, for a page, of the text taken out of it): lines are left
out, never changed.
"""

import re
from pathlib import PurePosixPath

from retrieval.errors import ArticleError
from retrieval.intake import dates, html, language, markdown, records
from retrieval.intake.cleaning import clean, text_lines
from retrieval.intake.decoding import decode
from retrieval.intake.files import article_id
from retrieval.intake.headers import read_header
from retrieval.intake.metadata import first, merged
from retrieval.intake.types import Draft, Header, Metadata, Record
from retrieval.types import Article, FileContents, Intake, Skipped

MAX_LINES = 200_000
HEADLINE_WORDS = 25
# a line of white space parts paragraphs as an empty one does
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")


def parse(data: bytes, relative_path: str) -> FileContents:
    """The articles that a file's bytes hold; of a file of records, also those that are none, as "feed.jsonl:12".

    What is dropped is named by its line in the file or, for a page or a record, in the text taken out of it.
    Raises ArticleError where the file as a whole holds no article.
    """
    if any("\ud800" <= character <= "\udfff" for character in relative_path):
        raise ArticleError("has a name that is not UTF-8; rename it")
    suffix = PurePosixPath(relative_path).suffix.lower()
    is_page = suffix in {".html", ".htm"} or (suffix == ".txt" and html.begins_page(data))
    text = decode(data, html.declared_charset(data) if is_page else None)
    if suffix in {".json", ".jsonl"}:
        return _records(text, relative_path)
    read = html.read if is_page else markdown.read if suffix == ".md" else _plain
    return FileContents((_intake(read(text), article_id(relative_path), relative_path, alone=True),), ())


def _plain(text: str) -> Draft:
    return Draft(Metadata(), text)


def _records(text: str, path: str) -> FileContents:
    intakes: list[Intake] = []
    skipped: list[Skipped] = []
    places: dict[str, int] = {}
    for record in records.read(text, path):
        if isinstance(record, Skipped):
            skipped.append(record)
        elif record.place == 0:
            return FileContents((_intake(records.draft(record.fields), article_id(path), path, alone=True),), ())
        else:
            try:
                intakes.append(_from_record(record, path, places))
            except ArticleError as error:
                skipped.append(Skipped(f"{path}:{record.place}", str(error)))
    if not intakes:
        example = f"; {skipped[0].path} {skipped[0].reason}" if skipped else ""
        raise ArticleError(f"holds no article{example}")
    return FileContents(tuple(intakes), tuple(skipped))


def _from_record(record: Record, path: str, places: dict[str, int]) -> Intake:
    """The article of one record among many; `places` tells where each key was met, and learns of this one."""
    draft = records.draft(record.fields)
    kind, key = records.key(record.fields, draft)
    if key in places:
        raise ArticleError(f"has the same {kind} as {path}:{places[key]}, which is taken; delete one")
    # by what it is, not where it stands: a line put in above it must not make another article of it
    intake = _intake(draft, article_id(f"{path}#{key}"), path, alone=False)
    places[key] = record.place
    return intake


def _intake(draft: Draft, key: str, path: str, *, alone: bool) -> Intake:
    """The article that `key` names, cleaned; `alone` is whether it is the only one of its file."""
    if not draft.text.strip():
        raise ArticleError("has no text; write the article into it or delete it")
    if (count := draft.text.count("\n")) > MAX_LINES:
        raise ArticleError(f"has {count:,} lines, more than the {MAX_LINES:,} allowed; split it")
    lines = text_lines(draft.text, draft.first_line)
    header = Header(Metadata(), lines, ()) if draft.from_page else read_header(lines)
    cleaned = clean(header.lines, headlines=not draft.from_page)
    dropped = tuple(sorted(header.dropped + cleaned.dropped, key=lambda drop: drop.line))
    text = "\n".join(line.text for line in cleaned.lines)
    if not text:
        raise ArticleError(f"holds nothing but boilerplate ({', '.join(sorted({drop.reason for drop in dropped}))})")
    said = merged(draft.metadata, header.metadata)
    article = Article(
        id=key,
        title=said.title if said.title is not None else headline(text),
        source=said.source,
        url=said.url,
        published=first(
            said.published,
            dates.day_in_address(said.url) if said.url is not None else None,
            dates.day_in_name(path) if alone else None,
        ),
        language=said.language if said.language is not None else language.detect(text),
        path=path,
        text=text,
    )
    return Intake(article, dropped)


def headline(text: str) -> str:
    """The first line, where it stands alone and reads as a headline: short, and no sentence.

    "Talks in Antalya\\n\\nThe two ministers met." -> "Talks in Antalya";  "They met.\\n\\nThen" -> ""
    """
    line = text.strip().partition("\n")[0].strip()
    marked = line.startswith("# ")
    alone = marked or "\n" not in _BLANK_LINE.split(text.strip(), maxsplit=1)[0]
    line = line.removeprefix("# ").strip()
    if not alone or len(line.split()) > HEADLINE_WORDS or line.endswith((".", ":", ";", ",", '."', ".”", ',"')):
        return ""
    return line
