"""A file's bytes become articles: decoded, read by their format, cleaned, and told apart by an id.

    bytes ──decoding──► text ──plain, markdown, html, mail, records──► drafts ──headers, cleaning──► articles

What a file's format says by its markup is read, or left out and named; the words of a line are never changed.
"""

from retrieval.errors import ArticleError
from retrieval.intake import dates, html, language, mail, markdown, plain, records
from retrieval.intake.cleaning import clean
from retrieval.intake.decoding import decode
from retrieval.intake.files import FORMATS, Format, article_id, is_utf8, suffix_of
from retrieval.intake.front_matter import read_front_matter
from retrieval.intake.headers import HEADLINE_WORDS, read_header
from retrieval.intake.metadata import MAX_CHARACTERS, first, merged, without_source
from retrieval.intake.types import Draft, Metadata, Record, text_lines
from retrieval.sentences import PARAGRAPH_BREAK
from retrieval.types import Article, FileContents, Intake, Skipped


def parse(data: bytes, relative_path: str) -> FileContents:
    """The articles that a file's bytes hold; of a file of records also what is not an article, as "feed.jsonl:12".

    What is dropped is named by its line in the file or, for a record or a message, in the text taken out of it; for a
    page by the number of its paragraph. Raises ArticleError where the file as a whole holds no article.
    """
    if not is_utf8(relative_path):
        raise ArticleError("has a name that is not UTF-8; rename it")
    form = FORMATS.get(suffix_of(relative_path), Format.TEXT)
    if form is Format.MAIL or (form is Format.TEXT and mail.begins_message(data)):
        return _alone(mail.read(data), relative_path)
    if form is Format.TEXT and html.begins_page(data):
        form = Format.PAGE
    if form in {Format.TEXT, Format.PAGE}:
        data = mail.without_quoting(data)
    text = decode(data, html.declared_charset(data) if form is Format.PAGE else None)
    match form:
        case Format.RECORDS:
            return _records(text, relative_path)
        case Format.PAGE:
            return _alone(_page(text), relative_path)
        case Format.MARKDOWN:
            return _alone(markdown.read(text), relative_path)
        case _:
            return _alone(plain.read(text), relative_path)


def _page(text: str) -> Draft:
    """The article of a page; one that begins with front matter is that of a site's generator, and all of it is."""
    front = read_front_matter(text)
    if front.end == 0:
        return html.read(text)
    body = text[front.end :]
    if html.begins_page(body.encode()):
        draft = html.read(body)
    else:
        draft = Draft(Metadata(), text_lines(html.fragment_text(markdown.without_templates(body))))
    said = merged(front.reading.metadata, draft.metadata)
    return Draft(said, draft.lines, front.reading.dropped + draft.dropped, from_page=True)


def _alone(draft: Draft, path: str) -> FileContents:
    return FileContents((_intake(draft, article_id(path), path, alone=True),), ())


def _records(text: str, path: str) -> FileContents:
    intakes: list[Intake] = []
    skipped: list[Skipped] = []
    places: dict[str, int] = {}
    for record in records.read(text, path):
        if isinstance(record, Skipped):
            skipped.append(record)
        elif record.place == 0:
            return _alone(records.draft(record), path)
        else:
            try:
                intakes.append(_from_record(record, path, places))
            except ArticleError as error:
                skipped.append(Skipped(f"{path}:{record.place}", error.text()))
    if not intakes:
        example = f"; {skipped[0].path} {skipped[0].reason}" if skipped else ""
        raise ArticleError(f"holds no article{example}")
    return FileContents(tuple(intakes), tuple(skipped))


def _from_record(record: Record, path: str, places: dict[str, int]) -> Intake:
    """The article of one record among many; `places` tells where each key was met, and learns of this one."""
    draft = records.draft(record)
    kind, key = records.key(record.fields, draft)
    if key in places:
        raise ArticleError(f"has the same {kind} as {path}:{places[key]}, which is used; delete one of them")
    # by what it is, not where it stands: a line put in above it must not make another article of it
    intake = _intake(draft, article_id(f"{path}#{key}"), path, alone=False)
    places[key] = record.place
    return intake


def _intake(draft: Draft, key: str, path: str, *, alone: bool) -> Intake:
    """The article that `key` names, cleaned; `alone` is whether it is the only one of its file."""
    if not draft.text.strip():
        raise ArticleError("has no text; write the article into it or delete it")
    header = Draft(Metadata(), draft.lines) if draft.from_page else read_header(draft.lines)
    lines, boilerplate = clean(header.lines)
    dropped = tuple(sorted(draft.dropped + header.dropped + boilerplate, key=lambda drop: drop.line))
    text = "\n".join(line.text for line in lines)
    if not text:
        raise ArticleError(f"holds nothing but boilerplate ({', '.join(sorted({drop.reason for drop in dropped}))})")
    said = merged(draft.metadata, header.metadata)
    title = said.title if said.title is not None else headline(text)
    article = Article(
        id=key,
        title=without_source(title, said.source),
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
    alone = marked or "\n" not in PARAGRAPH_BREAK.split(text.strip(), maxsplit=1)[0]
    words = line.removeprefix("# ").split()
    line = " ".join(words)
    too_long = len(words) > HEADLINE_WORDS or len(line) > MAX_CHARACTERS
    return line if alone and not too_long and not line.endswith((".", ":", ";", ",", '."', ".”", ',"')) else ""
