"""Bytes become the text that they are, or a refusal; never a garbled quote."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.errors import ArticleError
from retrieval.intake.decoding import decode, tidy

ENGLISH = (
    "“We don’t expect a deal this week,” the minister’s spokeswoman said on Tuesday – a day after the talks in Lisbon "
    "broke off. She called the café owners’ protest “understandable” and said the offer of €40 million still stood."
)
SPANISH = (
    "El ministro de Educación anunció el martes que la reunión con los sindicatos se celebrará mañana en Málaga. Según "
    "el portavoz, quedan muchas cuestiones por resolver, entre ellas la financiación de las guarderías públicas."
)
GERMAN = (
    "Die Bürgermeisterin von Köln erklärte am Dienstag, dass die Brücke über den Fluß für mehrere Wochen gesperrt "
    "werden müsse. Für die Anwohner würden größere Umwege nötig, sagte sie; die Kosten trügen Land und Städte."
)
POLISH = (
    "Minister edukacji zapowiedział we wtorek, że rozmowy ze związkami zawodowymi będą kontynuowane w przyszłym "
    "tygodniu w Łodzi. Według rzecznika wciąż pozostaje wiele nierozstrzygniętych kwestii."
)
RUSSIAN = (
    "Министр образования заявил во вторник, что переговоры с профсоюзами продолжатся на следующей неделе в Казани. По "
    "его словам, стороны ещё не договорились о сроках, однако правительство готово выделить дополнительные средства."
)
JAPANESE = (
    "文部科学大臣は火曜日、教職員組合との協議を来週も大阪で続けると発表した。報道官によると、公立幼稚園の財源や"
    "新しい制度の開始時期など、多くの課題がまだ残されているという。"
)
CHINESE = (
    "教育部长周二宣布，与工会的谈判将于下周在广州继续进行。发言人表示，许多问题仍未解决，其中包括公立幼儿园的经费来源"
    "和新规定的生效时间。政府愿意为学校维修提供更多资金。"
)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"

visible = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t")).map(tidy)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ENGLISH, "cp1252"),
        (SPANISH, "latin-1"),
        (GERMAN, "latin-1"),
        (POLISH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (CHINESE, "gb18030"),
    ],
)
def test_paragraphs_in_older_encodings_are_read(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(ENGLISH.replace("€", "$"), "mac_roman"), (SPANISH, "cp850"), (GERMAN, "mac_roman"), (RUSSIAN, "iso8859_5")],
)
def test_what_no_known_encoding_explains_is_refused_not_garbled(text: str, encoding: str) -> None:
    with pytest.raises(ArticleError, match=r"not UTF-8 \(byte \d+\) and its encoding is unclear; save it as UTF-8"):
        decode(text.encode(encoding))


@pytest.mark.parametrize(
    "data",
    [
        "Zoë".encode("latin-1"),
        "He paid €5 for a café.".encode("cp1252"),
        f"{ENGLISH} {SPANISH}".encode() + b"\xe9",
        f"{ENGLISH}".encode()[:-1] + b"\xe2\x80",
    ],
    ids=["a word", "a short sentence", "UTF-8 with a stray byte", "UTF-8 cut off"],
)
def test_too_little_to_tell_is_refused(data: bytes) -> None:
    with pytest.raises(ArticleError, match="save it as UTF-8"):
        decode(data)


@given(visible)
def test_utf8_is_read_as_it_is(text: str) -> None:
    assert decode(text.encode()) == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@given(text=visible)
@settings(max_examples=30)
def test_a_byte_order_mark_tells_the_encoding(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [ENGLISH, SPANISH, "Zoë"])
def test_utf16_without_a_mark_is_plain_from_its_nuls(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("data", [b"\xff\xfeT\x00e", b"\xff\xfe\x00\xd8a\x00", b"\xef\xbb\xbfcaf\xe9"])
def test_a_mark_that_lies_is_refused(data: bytes) -> None:
    with pytest.raises(ArticleError, match="begins as UTF-"):
        decode(data)


def test_a_declared_encoding_is_used_where_the_bytes_are_not_utf8() -> None:
    assert decode("Zoë “left”".encode("cp1252"), "iso-8859-1") == "Zoë “left”"
    assert decode("Zoë “left”".encode(), "iso-8859-1") == "Zoë “left”"
    assert decode("橋は月曜日に再開した".encode("iso2022_jp"), "ISO-2022-JP") == "橋は月曜日に再開した"
    assert decode("桥周一重新开放".encode("gbk"), "GB2312") == "桥周一重新开放"
    # as browsers read it, because so do the pages that say so
    assert decode(b"\x93left\x94", "latin-1") == "“left”"


@pytest.mark.parametrize(
    "declared", ["rot13", "hex", "unicode_escape", "punycode", "no such", "", "utf-7", "undefined"]
)
def test_what_is_declared_must_be_the_encoding_of_a_text(declared: str) -> None:
    with pytest.raises(ArticleError, match="encoding is unclear"):
        decode(b"Zo\xeb", declared)
    assert decode(b"\\u0041 uryyb", declared) == "\\u0041 uryyb"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (PDF, "is a PDF document, not text"),
        (PNG, "is an image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is an image"),
        (b"PK\x03\x04\x14\x00\x00\x00", "is a ZIP archive or an office document"),
        (b"\x7fELF\x02\x01\x01\x00", "is a program"),
        (b"\x1f\x8b\x08\x00", "is a compressed file"),
        (b"{\\rtf1\\ansi Text.}", "is an RTF document"),
        (random.Random(1).randbytes(4000), "is binary, not text"),
        (b"\x00" * 100, "is binary, not text"),
        (b"\x01\x00\x02\x00\x41\x00" * 50, "is binary, not text"),
        (bytes(range(128, 256)) * 20, "encoding is unclear"),
    ],
)
def test_binary_files_are_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        decode(data)


def test_nuls_and_other_controls_in_good_text_are_dropped() -> None:
    assert decode(f"\x00{ENGLISH}\x00\x07 End.\x1a".encode()) == f"{ENGLISH} End."


def test_what_cannot_be_seen_is_dropped_and_the_rest_is_kept() -> None:
    assert tidy("co\xadop\u200beration\ufeff\r\nnext\rlast") == "cooperation\nnext\nlast"
    # joiners change letters, and an accent may be written as a character of its own
    kept = "می\u200cخواهم 👩\u200d🚀 cafe\u0301 \xa0\u2028\tend"
    assert tidy(kept) == kept


@given(st.binary() | visible.map(str.encode))
def test_no_bytes_give_half_a_character_or_an_invisible_one(data: bytes) -> None:
    try:
        text = decode(data)
    except ArticleError:
        return
    assert not set(text) & {*map(chr, range(0xD800, 0xE000)), *"\x00\x01\x7f\xad\u200b\ufeff\r"}
    assert text.encode().decode() == text == tidy(text)
