"""Files that survive a crash: complete or absent, and flushed to the disk."""

import os
import secrets
from pathlib import Path


def write_atomically(target: Path, data: bytes) -> None:
    """Writes a file that holds all of `data` or is left as it was; its folder is created. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        flush(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    flush(target.parent)


def flush(path: Path) -> None:
    """Flushes a file's content, or the names in a folder, to the disk (fsync). Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
