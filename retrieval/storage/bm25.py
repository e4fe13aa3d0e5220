"""The word index: BM25 over the terms of passages, with tantivy.

A generation's word index is a folder of its own, `words-<id>`, that nothing writes to any more once the generation is
published: readers keep theirs while the next is made, and a crash leaves a folder that the database does not name. The
next one begins with hard links to the files of the one before, which tantivy never changes but only adds to or leaves
out, so that an article more costs kilobytes.

What is indexed of a passage: the terms of its article's heading and of its text (`retrieval.terms`), and what filters
ask for. The formula is Okapi BM25 with k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, The Probabilistic Relevance
Framework: BM25 and Beyond, 2009).
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tantivy

from retrieval.disk import flush
from retrieval.errors import StoreError
from retrieval.storage.integrity import FileRecord, is_untouched, recorded

WRITER_BYTES = 64 * 1024 * 1024
_LOCKS = ".tantivy-*.lock"


@dataclass(frozen=True, slots=True)
class WordEntry:
    """A passage as the word index has it: `day` is the UTC day of its article."""

    passage: int
    article: int
    source: str | None
    day: date | None
    terms: Sequence[str]


@dataclass(frozen=True, slots=True)
class WordFilter:
    """What a word search may find: articles by number, sources as they are stored, inclusive days; None is anything."""

    article: int | None = None
    sources: Sequence[str] | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A word index on the disk: its folder, and the files in it by name."""

    folder: Path
    files: Mapping[str, FileRecord]


class WordIndex:
    """One generation's words."""

    def __init__(self, index: tantivy.Index) -> None:
        self._searcher = index.searcher()
        self._schema = _schema()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    @classmethod
    def load(cls, folder: Path) -> "WordIndex":
        """Raises StoreError if the folder is missing or damaged."""
        try:
            return cls(tantivy.Index.open(str(folder)))
        except (ValueError, OSError) as error:
            text = "The word index %s is damaged; {bring the index up to date} to rebuild it."
            raise StoreError(text, folder) from error

    @classmethod
    def in_memory(cls, entries: Iterable[WordEntry]) -> "WordIndex":
        """An index that is on no disk."""
        index = tantivy.Index(_schema())
        _write(index, (), entries)
        index.reload()
        return cls(index)

    def frequency(self, term: str) -> int:
        """In how many passages a term stands."""
        return int(self._searcher.doc_freq("terms", term))

    def passages(self) -> list[int]:
        """The ids of all passages."""
        return self._ids(tantivy.Query.all_query(), len(self))

    def search(self, terms: Sequence[str], k: int, where: WordFilter) -> list[int]:
        """The ids of the `k` passages with the highest BM25, best first; a passage has at least one of the terms."""
        if not terms or not k:
            return []
        should = [
            (tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "terms", term, "freq")) for term in terms
        ]
        query = tantivy.Query.boolean_query(should)
        conditions = self._conditions(where)
        if conditions:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, each) for each in (query, *conditions)])
        return self._ids(query, k)

    def _ids(self, query: tantivy.Query, k: int) -> list[int]:
        if not k:
            return []
        found = self._searcher.search(query, k, count=False).hits
        values = self._searcher.fast_field_values("passage", [at for _, at in found])
        return [value for value in values if isinstance(value, int)]

    def _conditions(self, where: WordFilter) -> list[tantivy.Query]:
        """Queries that select what passes `where`, and add nothing to the score."""
        conditions = []
        if where.article is not None:
            conditions.append(tantivy.Query.term_query(self._schema, "article", where.article))
        if where.sources is not None:
            conditions.append(tantivy.Query.term_set_query(self._schema, "source", list(where.sources)))
        if where.since is not None or where.until is not None:
            since, until = where.since or date.min, where.until or date.max
            conditions.append(
                tantivy.Query.range_query(
                    self._schema, "day", tantivy.FieldType.Integer, since.toordinal(), until.toordinal()
                )
            )
        return [tantivy.Query.const_score_query(condition, 0.0) for condition in conditions]


def write_words(folder: Path, before: Written | None, gone: Iterable[int], new: Iterable[WordEntry]) -> Written:
    """Makes the folder of a new word index from the one `before`, or from nothing: without the articles `gone`, by
    number, and with the passages `new`.

    What is read for it is what is new. Raises StoreError; what was written so far does no harm.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir()
        if before is None:
            index = tantivy.Index(_schema(), path=str(folder))
        else:
            for file in word_files(before.folder):
                _link(file, folder / file.name)
            index = tantivy.Index.open(str(folder))
        _write(index, gone, new)
        for lock in folder.glob(_LOCKS):
            lock.unlink()
        flush(folder)
        flush(folder.parent)
        known = {} if before is None else before.files
        files: dict[str, FileRecord] = {}
        for file in word_files(folder):
            record = known.get(file.name)
            files[file.name] = record if record is not None and is_untouched(file, record) else recorded(file)
        return Written(folder, files)
    except (ValueError, OSError) as error:
        text = "The word index cannot be written to %s (%s); free some disk space there, or fix its permissions."
        raise StoreError(text, folder.parent) from error


def word_files(folder: Path) -> list[Path]:
    """The files that make up a word index. Raises OSError if its folder is not there."""
    locks = set(folder.glob(_LOCKS))
    return sorted(path for path in folder.iterdir() if path not in locks)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage", fast=True)
    builder.add_integer_field("article", indexed=True)
    builder.add_text_field("source", tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("day", indexed=True, fast=True)
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _write(index: tantivy.Index, gone: Iterable[int], new: Iterable[WordEntry]) -> None:
    writer = index.writer(heap_size=WRITER_BYTES, num_threads=1)
    for article in gone:
        writer.delete_documents_by_term("article", article)
    for entry in new:
        fields = {"source": entry.source, "day": entry.day and entry.day.toordinal()}
        writer.add_document(
            tantivy.Document(
                passage=entry.passage,
                article=entry.article,
                terms=" ".join(entry.terms),
                **{name: value for name, value in fields.items() if value is not None},
            )
        )
    writer.commit()
    # an unfinished merge of small files would change the folder later
    writer.wait_merging_threads()


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file, to)
    except OSError:  # a file system without hard links
        shutil.copy2(file, to)
