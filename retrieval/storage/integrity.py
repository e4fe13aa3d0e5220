"""Whether index files are unchanged: by length and time first, by content only where the time differs.

So the check is free where nothing has changed. A change of neither, as by a failing disk, is found by a full check,
which reads all of the file.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as it was written: length in bytes, time of modification in nanoseconds since 1970, SHA-256 digest."""

    length: int
    modified: int
    digest: bytes


def recorded(path: Path) -> FileRecord:
    """The record of a file as it is now; reads all of it. Raises OSError."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
        found = os.fstat(file.fileno())
    return FileRecord(found.st_size, found.st_mtime_ns, digest)


def is_untouched(path: Path, record: FileRecord) -> bool:
    """Whether length and time are those of the record. Raises OSError."""
    found = path.stat()
    return (found.st_size, found.st_mtime_ns) == (record.length, record.modified)


def check_record(path: Path, record: FileRecord, *, full: bool = False) -> FileRecord | None:
    """The record with the file's time of today; None if it is lost or is not what was written."""
    try:
        if not full and is_untouched(path, record):
            return record
        found = recorded(path)
    except OSError:
        return None
    return found if (found.length, found.digest) == (record.length, record.digest) else None
