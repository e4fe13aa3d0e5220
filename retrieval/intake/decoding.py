"""Bytes become text, or are refused: a wrong guess would be a garbled quote.

1. what begins like a PDF, an image, an archive ... is not text
2. a byte order mark, or NULs in every other byte, mean UTF-16 or UTF-32
3. bytes that are UTF-8 are UTF-8: text of another encoding almost never is
4. the encoding that an HTML page declares
5. a guess, where two witnesses agree: charset-normalizer, that the text is not garbled; py3langid, that it is in a
   language that is written in that encoding
"""

import codecs
import re

from retrieval.errors import ArticleError
from retrieval.intake.language import probabilities

_SIGNATURES = {
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a compressed file",
    b"7z\xbc\xaf": "a compressed file",
}
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# what a text may hold by accident, as a share of its characters
_MAX_CONTROLS = 0.05
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

# NULs and other controls, soft hyphens, zero-width spaces and byte order marks cannot be seen; half a pair is nothing
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b\ufeff\ud800-\udfff]")

# encoding -> the languages that it was in use for
_LEGACY = {
    "cp1252": "en es fr de it pt nl da sv no nn fi is fo ca eu gl an ext oc lb fy af id ms ga pcm",
    "cp1250": "pl cs sk hu sl hr bs ro de",
    "cp1251": "ru uk be bg sr mk",
    "koi8_r": "ru",
    "cp1253": "el",
    "cp1254": "tr crh az",
    "cp1255": "he",
    "cp1256": "ar fa ur",
    "cp1257": "lt lv et",
    "cp932": "ja",
    "euc_jp": "ja",
    "gb18030": "zh",
    "big5": "zh",
    "cp949": "ko",
}
# what browsers read these as (https://encoding.spec.whatwg.org/#names-and-labels): pages that declare Latin-1 hold
# Windows' curly quotes
BROWSER_CODECS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_TEXT_CODECS = re.compile(r"cp\d+|iso8859-\d+|iso2022_jp|koi8-[rtu]|gb18030|big5|big5hkscs|euc_jp|mac-[a-z]+|tis-620")

_MIN_PROBABILITY = 0.98
_MAX_MESS = 0.1
# what another encoding makes of accented letters: a capital or a sign within a word ("cafÃ©", "LŽon", "erkl„rte"), a
# sign that ends one ("clich‚"), and one that stands alone ("25 ¡ C")
_CASED = [chr(code) for code in range(0xC0, 0x530)]
_LOWER = "a-z" + "".join(filter(str.islower, _CASED))
_UPPER = "".join(filter(str.isupper, _CASED))
_LETTER = f"[A-Z{_LOWER}{_UPPER}]"
_GARBLED = re.compile(
    rf"[{_LOWER}][{_UPPER}]|[A-Z][{_UPPER}][{_LOWER}]|{_LETTER}[^\x00-\x7f\w\s’‘·–—…]{_LETTER}"
    rf"|{_LETTER}(?:[‚„ƒˆ˜†‡‰¨¸¢¦¬±¶¼½¾‹]|‘(?!\w))|ƒ{_LETTER}|¤|[¡‚„] |(?<!\S)[œøžšõÐÛÕÒ](?!\S)"
)


def decode(data: bytes, declared: str | None = None) -> str:
    """The text that the bytes of a file hold, with \\n line ends and without invisible characters.

    `declared` is the encoding that the file names for itself. Raises ArticleError if the bytes are not text, or are in
    an encoding that cannot be told.
    """
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise ArticleError(f"is {kind}, not text; put its text into a .txt file, or leave it out of the corpus")
    wide = _wide(data)
    text = _strictly(data, wide) if wide is not None else data.decode("latin-1")
    controls = len(_CONTROL.findall(text))
    if controls > len(text) * _MAX_CONTROLS:
        raise ArticleError(f"is binary, not text (it holds {controls:,} control codes); leave it out of the corpus")
    return tidy(text if wide is not None else _narrow(data, declared))


def tidy(text: str) -> str:
    """The text with \\n line ends, and without what cannot be seen: "wor\\u00adking\\r\\n" -> "working\\n"."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _wide(data: bytes) -> str | None:
    """The Unicode encoding that a byte order mark, or NULs in every other byte, tell of."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    even, odd = data[::2].count(0), data[1::2].count(0)
    if max(even, odd) * 10 < len(data) * 4 or min(even, odd) * 20 > len(data):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise ArticleError(f"begins as {name} but is not (byte {error.start:,}); save it as UTF-8") from error


def _narrow(data: bytes, declared: str | None) -> str:
    encoding = _declared_codec(declared)
    # ISO-2022-JP is 7-bit, and so always UTF-8 as well
    text = _text_in(data, encoding) if encoding == "iso2022_jp" else None
    if text is not None:
        return text
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = _text_in(data, encoding) if encoding is not None else None
        text = text if text is not None else _guess(data)
        if text is None:
            where = f"is not UTF-8 (byte {error.start:,})"
            raise ArticleError(f"{where} and its encoding is unclear; save it as UTF-8") from error
        return text


def _text_in(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _declared_codec(label: str | None) -> str | None:
    """The codec for an encoding's name; None where it is not a text encoding, or a Unicode one."""
    try:
        name = codecs.lookup(label).name if label is not None else ""
    except (LookupError, ValueError):
        return None
    name = BROWSER_CODECS.get(name, name)
    return name if _TEXT_CODECS.fullmatch(name) else None


def _guess(data: bytes) -> str | None:
    """The text of `data` in the one encoding that convinces; None where none does, or two do and differ."""
    from charset_normalizer import from_bytes

    found = set[str]()
    for match in from_bytes(data, cp_isolation=list(_LEGACY), enable_fallback=False):
        # encodings that give the same text are one match
        for encoding in match.could_be_from_charset:
            if match.chaos <= _MAX_MESS and _convinces(str(match), _LEGACY.get(encoding, "")):
                found.add(str(match))
    return found.pop() if len(found) == 1 else None


def _convinces(text: str, languages: str) -> bool:
    likely = probabilities(text)
    fitting = sum(likely.get(language, 0.0) for language in languages.split())
    # Hebrew taken for KOI8-R is Russian in capitals
    return fitting >= _MIN_PROBABILITY and _GARBLED.search(text) is None and not text.isupper()
