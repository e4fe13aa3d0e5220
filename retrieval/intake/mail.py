"""E-mail (.eml) and pages saved as one file (.mhtml): both are MIME messages, read by the standard library's email.

From: "Harbour Briefing" <briefing@harbour.example>      source
Subject: =?utf-8?Q?Pier_9_to_close?=                     title
Date: Tue, 12 Mar 2024 06:30:12 +0000                    published; of a saved page the day of saving, left out
Snapshot-Content-Location: https://example.org/a         url
"""

import email
import quopri
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr
from itertools import islice

from retrieval.errors import ArticleError
from retrieval.intake import dates, html
from retrieval.intake.decoding import decode
from retrieval.intake.metadata import first, merged, one_line, web_address
from retrieval.intake.types import Draft, Metadata, text_lines

# a plain part with so small a share of the other's words says "view this in a browser"
MIN_PLAIN_SHARE = 0.5

_PARAMETERS = re.compile(rb"^content-[\w-]{1,30}:[^\n]*(?:\n[ \t][^\n]*)*+", re.MULTILINE | re.IGNORECASE)
MAX_HEAD, MAX_HEADER = 65_536, 10_000
# 20 MB of an attachment have some 270,000 lines
MAX_LINES, MAX_MULTIPARTS = 400_000, 50
_HEADER = re.compile(rb"[A-Za-z][\w-]*:[^\n]*\n(?:[ \t][^\n]*\n)*")
_TELLING = (b"mime-version:", b"message-id:", b"content-transfer-encoding:", b"received:", b"delivered-to:")
_SOFT_BREAK = re.compile(rb"[^=\r\n]=\r?\n")
_ESCAPE = re.compile(rb"=(?:C[2-9A-F]|[DE][0-9A-F]|20|3D|09)", re.IGNORECASE)
MIN_SOFT_BREAKS = 3
# RFC 2045 allows 76
_LONG_LINE = re.compile(rb"[^\r\n]{81}")


def begins_message(data: bytes) -> bool:
    """Whether the bytes begin with the headers of an e-mail, whatever the file's name says."""
    head = data[:MAX_HEAD].replace(b"\r\n", b"\n")
    at, headers = 0, list[bytes]()
    while match := _HEADER.match(head, at):
        headers.append(match[0].lower())
        at = match.end()
    return any(line.startswith(b"from:") for line in headers) and any(line.startswith(_TELLING) for line in headers)


def without_quoting(data: bytes) -> bytes:
    """The bytes, decoded where they are quoted-printable and do not say so: b"Zo=C3=AB" -> "Zoë"."""
    quoted = (
        _ESCAPE.search(data) is not None
        and next(islice(_SOFT_BREAK.finditer(data), MIN_SOFT_BREAKS - 1, None), None) is not None
        and _LONG_LINE.search(data) is None
    )
    return quopri.decodestring(data) if quoted else data


def read(data: bytes) -> Draft:
    """The article of a message. Raises ArticleError where it has no text."""
    if (count := data.count(b"\n")) > MAX_LINES:
        raise ArticleError(
            f"has {count:,} lines, more than the {MAX_LINES:,} allowed of a message; save its text alone"
        )
    headers = [header[0] for header in _PARAMETERS.finditer(data)]
    if any(len(header) > MAX_HEADER for header in headers):
        raise ArticleError(f"has a header of more than {MAX_HEADER:,} bytes; save its text alone")
    # each line is compared with the boundaries of all the parts that it is in
    if sum(b"boundary" in header.lower() for header in headers) > MAX_MULTIPARTS:
        raise ArticleError(f"has parts within parts, more than {MAX_MULTIPARTS} times; save its article alone")
    try:
        # the newer policy reads a header in the square of its length
        message = email.message_from_bytes(data, policy=compat32)
        parts = [part for part in message.walk() if not part.is_multipart()]
    except RecursionError as error:
        raise ArticleError("has parts within parts, deeper than a message; save its article alone") from error
    saved = _header(message, "Snapshot-Content-Location") is not None or (
        message.get_content_type() == "multipart/related" and _header(message, "To") is None
    )
    page = next((part for part in parts if part.get_content_type() in {"text/html", "application/xhtml+xml"}), None)
    said = Metadata(
        title=_header(message, "Subject"),
        url=first(
            web_address(_header(message, "Snapshot-Content-Location")),
            web_address(_header(page, "Content-Location")) if page is not None else None,
        ),
    )
    if saved and page is not None:
        draft = html.read(_text(page))
        return Draft(merged(draft.metadata, said), draft.lines, draft.dropped, from_page=True)
    sent = _header(message, "Date")
    letter = Metadata(source=_sender(message), published=dates.moment(sent) if sent is not None else None)
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    text = _text(plain) if plain is not None else ""
    shown = html.fragment_text(_text(page)) if page is not None else ""
    if len(text.split()) < len(shown.split()) * MIN_PLAIN_SHARE:
        text = shown
    if not text.strip():
        raise ArticleError("is an e-mail without a text; leave it out of the corpus")
    return Draft(merged(said, letter), text_lines(text))


def _header(message: Message, name: str) -> str | None:
    written = str(message[name]) if name in message else ""
    if not 0 < len(written) <= MAX_HEADER:
        return None
    try:
        return one_line(str(make_header(decode_header(written))))
    except (HeaderParseError, LookupError, ValueError):
        return None


def _sender(message: Message) -> str | None:
    """The name in From; an address alone is not a publisher's name."""
    sender = _header(message, "From")
    return one_line(parseaddr(sender)[0]) if sender is not None else None


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return decode(data, part.get_content_charset()) if data.strip() else ""
