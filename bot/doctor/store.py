"""The index, in its folder or on a server, and the articles that it is made of."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bot.doctor.models import encoder_fingerprint
from bot.doctor.types import Finding, from_error
from bot.phrases import counted, listed
from bot.settings import Settings
from retrieval.errors import CorpusError, DatelineError, NoIndexError
from retrieval.intake.files import find
from retrieval.storage.database import DATABASE
from retrieval.storage.opening import open_store


def corpus_findings(settings: Settings) -> Iterator[Finding]:
    """Whether the folder of articles can be read, and what in it is not."""
    corpus = settings.corpus.path
    try:
        found = find(corpus)
    except CorpusError as error:
        yield from_error("Articles", error)
        return
    if not found.files:
        yield Finding("Articles", "warning", f"There is no article in {corpus}.", "Put some there: `dateline add`.")
        return
    closed = [file.relative_to(corpus).as_posix() for file in found.files if not os.access(file, os.R_OK)]
    if closed:
        message = f"{counted(len(closed), 'file')} of {corpus} cannot be read: {listed(closed)}."
        yield Finding("Articles", "problem", message, "Fix the permissions, or fix or remove the links.")
    else:
        yield Finding("Articles", "ok", f"{counted(len(found.files), 'file')} in {corpus}.")
    if found.unread:
        kinds = listed([f"{each.files:,} {each.kind}" for each in found.unread])
        yield Finding(
            "Articles", "warning", f"Files that are not read: {kinds}.", "corpus/README.md lists the supported formats."
        )


def store_findings(settings: Settings) -> Iterator[Finding]:
    """Whether there is an index, of the configured encoder, with all its files; `dateline verify` reads all of it."""
    if settings.storage.url is None and not settings.storage.path.exists():
        yield Finding("Index", "warning", f"There is no index in {settings.storage.path} yet.", "Run `dateline index`.")
        return
    try:
        with open_store(settings.storage.path, settings.storage.url).snapshot() as snapshot:
            generation = snapshot.generation
            passages = counted(generation.passages, "passage")
            made = f"Generation {generation.id}, {passages}, made with {generation.model}"
    except NoIndexError as error:
        yield from_error("Index", error, "warning")
    except DatelineError as error:
        yield from_error("Index", error)
    else:
        if encoder_fingerprint(settings.encoder.model) in (None, generation.fingerprint):
            yield Finding("Index", "ok", f"{made}.")
        else:
            message = f"The index was made with {generation.model}, and another encoder is configured."
            yield Finding("Index", "problem", message, "Run `dateline index`, or set [encoder] model back.")
        if settings.storage.url is None:
            yield from _index_files(settings.storage.path)
        else:
            yield from _server(settings.storage.url)


def _index_files(folder: Path) -> Iterator[Finding]:
    """Whether the files beside the database are those that were written, by length and time."""
    from retrieval.storage.segments import damaged, segment_path, segment_records
    from retrieval.storage.words import check_words, words_record

    uri = f"{(folder / DATABASE).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        lost = [segment_path(folder, record.id) for record in segment_records(connection) if damaged(folder, record)]
        words = words_record(connection, folder)
        if words is not None and check_words(words) is None:
            lost.append(words.folder)
    if lost:
        names = ", ".join(path.name for path in lost)
        mend = "Run `dateline index`, which rebuilds them; until then each start does so in memory."
        yield Finding("Index", "warning", f"Index files are missing or damaged: {names}.", mend)


def _server(url: str) -> Iterator[Finding]:
    """The server's versions, and what this role may do."""
    from retrieval.storage.postgres.database import Server

    server = Server(url)
    try:
        with server.translated(), server.connect(reading=True).raw as connection:
            row = connection.execute(
                """SELECT current_setting('server_version'), current_user, pg_is_in_recovery(),
                   has_table_privilege('articles', 'INSERT'),
                   (SELECT extversion FROM pg_extension WHERE extname = 'vector')"""
            ).fetchone()
    except DatelineError as error:
        yield from_error("Server", error)
        return
    if row is None:
        return
    postgres, role, is_standby, may_write, vector = row
    rights = "may add articles" if may_write and not is_standby else "may only read"
    standby = ", a standby" if is_standby else ""
    message = f"PostgreSQL {postgres}{standby}, pgvector {vector}; the role {role} {rights}."
    old = tuple(int(part) for part in str(vector).split(".")[:3] if part.isdigit()) < (0, 8, 6)
    mend = "Update pgvector to 0.8.6 or later: before, an index could be damaged by insertions during VACUUM."
    yield Finding("Server", "warning" if old else "ok", message, mend if old else None)
