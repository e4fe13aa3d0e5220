"""Standard input, output and error. Cheap to import, since usage errors are printed here too."""

import io
import re
import sys
from collections.abc import Iterator
from typing import TextIO

import click

_SPACE = re.compile(r"\s+")
# C0 and C1 controls (escape sequences start with one), overrides and isolates of writing direction, lone surrogates
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """`text` on one line, fit for any terminal: white space becomes one space, what could act on a terminal U+FFFD.

    "Two\\nlines, \\x1b[31mred" -> "Two lines, \\ufffd[31mred"
    """
    return _HARMFUL.sub("\ufffd", _SPACE.sub(" ", text))


def complain(message: str) -> None:
    """One sentence on standard error."""
    click.echo(f"dateline: {harmless(message)}", err=True)


def write_json(document: str) -> None:
    """One line on standard output: UTF-8 whatever the locale says, and flushed."""
    click.echo(document.encode())


def input_lines() -> Iterator[str]:
    """The lines of standard input as UTF-8; other bytes become lone surrogates, which no question may hold."""
    if sys.stdin is None:
        return
    for number, line in enumerate(sys.stdin.buffer):
        yield line.decode("utf-8-sig" if number == 0 else "utf-8", errors="surrogateescape").rstrip("\r\n")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at the other end of the stream, which is None where the shell closed it."""
    return stream is not None and stream.isatty()


def never_fail_to_encode() -> None:
    """Characters that the locale's encoding lacks are written as backslash escapes, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
