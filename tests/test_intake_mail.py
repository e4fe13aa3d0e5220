"""Mails and pages saved as one file become articles: decoded, and with what their headers say."""

from datetime import UTC, datetime

import pytest

from retrieval.errors import ArticleError
from retrieval.intake.articles import parse
from tests.intake import only, said

HEAD = (
    'From: "Quay Letter" <letter@quay.example>\nTo: you@example.org\n'
    "Subject: =?utf-8?Q?Crane_sold_=E2=80=93_to_Oban?=\n"
    "Date: Tue, 12 Mar 2024 06:30:12 +0000\nMessage-ID: <1@quay.example>\nMIME-Version: 1.0\n"
)
QUOTED = (
    "The harbour crane was sold to Oban on Monday for =C2=A32.1 million, the =\nharbour master, Zo=C3=AB Lund, told "
    "the coun=\ncil, and will be taken down in the sum=\nmer."
)
WORDS = (
    "The harbour crane was sold to Oban on Monday for £2.1 million, the harbour master, Zoë Lund, told the council, "
    "and will be taken down in the summer."
)
SENT = datetime(2024, 3, 12, 6, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ["letter.eml", "letter.txt"])
def test_a_mail_is_its_text_and_what_its_headers_say(name: str) -> None:
    letter = (
        f'{HEAD}Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n\n{QUOTED}\n'
    )
    article = only(letter, name)
    assert article.text == WORDS
    assert said(article)[:4] == ("Crane sold – to Oban", "Quay Letter", None, SENT)


def test_a_mail_with_a_page_alone_is_the_words_of_the_page() -> None:
    letter = (
        f'{HEAD}Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\nSee a browser.\n'
        '--b\nContent-Type: text/html; charset="utf-8"\n\n<html><body><table><tr><td><p>'
        f"{WORDS}</p><p>Pier 4 stays open.</p></td></tr></table></body></html>\n--b--\n"
    )
    assert only(letter, "letter.eml").text == f"{WORDS}\n\nPier 4 stays open."


def test_a_page_saved_as_one_file_is_the_page() -> None:
    page = (
        "From: <Saved by Blink>\nSnapshot-Content-Location: https://quay.example/crane\nSubject: Crane sold to Oban\n"
        "Date: Tue, 12 Mar 2024 06:30:12 +0000\nMIME-Version: 1.0\n"
        'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\nContent-Type: text/html\n'
        "Content-Transfer-Encoding: quoted-printable\nContent-Location: https://quay.example/crane\n\n"
        "<html><head><meta charset=3D'utf-8'></head><body><nav>Home</nav><article><h1>Crane sold to Oban</h1>\n"
        f"<p>{QUOTED}</p><p>It had stood on the quay since 1931, longer than any other crane in the country.</p>"
        "</article></body></html>\n"
        "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n"
    )
    article = only(page, "crane.mhtml")
    assert WORDS in article.text
    assert said(article)[:4] == ("Crane sold to Oban", None, "https://quay.example/crane", None)


def test_a_text_that_is_quoted_and_does_not_say_so_is_decoded() -> None:
    assert only(QUOTED, "crane.txt").text == WORDS
    assert only("a =\nb =\nc =\n1 = 2", "sums.txt").text == "a =\nb =\nc =\n1 = 2"


@pytest.mark.parametrize(
    "body", ["", "Content-Type: image/png\n\n", "Content-Type: multipart/mixed; boundary=b\n\n--b--\n"]
)
def test_a_mail_without_words_is_refused_in_a_sentence(body: str) -> None:
    with pytest.raises(ArticleError, match="without a text"):
        parse((HEAD + body).encode(), "letter.eml")


@pytest.mark.parametrize(
    ("letter", "complaint"),
    [
        (
            "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(3000)),
            "parts within parts",
        ),
        (
            "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(60)) + "a\n" * 300_000,
            "parts within parts",
        ),
        ("\n" + "a\n" * 9_000_000, "more than the 400,000 allowed of a message"),
        (f"Content-Type: text/plain; {'a=b; ' * 20_000}\n\nText.", "a header of more than 10,000 bytes"),
    ],
)
def test_a_mail_made_to_choke_on_is_refused(letter: str, complaint: str) -> None:
    with pytest.raises(ArticleError, match=complaint):
        parse(letter.encode(), "letter.eml")


def test_the_name_of_an_encoding_may_be_anything() -> None:
    letter = f'From: a\nMIME-Version: 1.0\nContent-Type: text/plain; charset="a\0b"\n\n{WORDS}'
    assert only(letter, "letter.eml").text == WORDS


def test_a_header_out_of_bounds_is_as_good_as_absent() -> None:
    letter = f"From: {'a <a@b.example>, ' * 5000}\nSubject: Crane sold\nMIME-Version: 1.0\n\n{WORDS}"
    assert said(only(letter, "letter.eml"))[:2] == ("Crane sold", None)
