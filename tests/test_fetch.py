"""Fetching a page: what comes back, what is refused, and that no server can hold on."""

import gzip
import socket
from threading import Thread

import pytest

from retrieval.fetch import Validators, fetch
from tests.web import LOOPBACK, SHORT, Reply, Site, refused


def test_a_page_comes_with_its_type_charset_and_validators(web: Site) -> None:
    url = web.page("/a?b=c", "Grüße", "Text/HTML; Charset=UTF-8", ETag='"1"', Last_Modified="Tue, 20 Feb 2024")
    page = fetch(f"{url}#part", LOOPBACK)
    assert (page.url, page.body.decode(), page.unchanged) == (url, "Grüße", False)
    assert (page.content_type, page.charset) == ("text/html", "utf-8")
    assert page.validators == Validators('"1"', "Tue, 20 Feb 2024")
    ((path, headers),) = web.asked
    assert path == "/a?b=c"
    assert headers["user-agent"].startswith("Dateline/")
    assert headers["user-agent"].endswith(" (news article reader)")
    assert web.root.endswith(headers["host"])


def test_a_type_and_charset_that_are_not_stated_are_not_guessed(web: Site) -> None:
    web.replies["/a"] = Reply(body=(b"text",))
    page = fetch(f"{web.root}/a", LOOPBACK)
    assert (page.content_type, page.charset, page.validators) == ("", None, Validators())


def test_a_page_that_has_not_changed_is_not_sent_again(web: Site) -> None:
    url = web.page("/a", "text", ETag='"1"')
    first = fetch(url, LOOPBACK)
    again = fetch(url, LOOPBACK, first.validators)
    assert (again.unchanged, again.body, again.validators) == (True, b"", first.validators)
    assert not fetch(url, LOOPBACK, Validators(etag='"0"', modified="x")).unchanged
    assert web.asked[-1][1]["if-modified-since"] == "x"


def test_not_modified_is_an_error_where_nobody_asked(web: Site) -> None:
    assert "gives no page (304 Not Modified)" in refused(web.fails("/a", 304))


@pytest.mark.parametrize("etag", ["é", '"a\tb"'])
def test_validators_that_cannot_be_sent_back_are_dropped(web: Site, etag: str) -> None:
    assert fetch(web.page("/a", "text", ETag=etag), LOOPBACK).validators == Validators()


def test_a_packed_page_is_unpacked(web: Site) -> None:
    assert fetch(web.page("/a", gzip.compress(b"text"), Content_Encoding="gzip"), LOOPBACK).body == b"text"


def test_the_environment_names_no_proxy(web: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch(web.page("/a", "text"), LOOPBACK).body == b"text"


def test_redirects_are_followed_to_the_final_address(web: Site) -> None:
    for hop in range(1, 5):
        web.moves(f"/{hop}", f"{hop + 1}")
    web.moves("/5", "/end#part")
    url = web.page("/end", "text")
    assert fetch(f"{web.root}/1", LOOPBACK).url == url


def test_more_than_five_redirects_are_too_many(web: Site) -> None:
    for hop in range(1, 7):
        web.moves(f"/{hop}", f"/{hop + 1}")
    web.page("/7", "text")
    assert "redirects more than 5 times" in refused(f"{web.root}/1")
    assert "redirects more than 5 times" in refused(web.moves("/loop", "/loop"))


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("file:///etc/passwd", "redirects to file:///etc/passwd, which is not a web address"),
        ("ftp://example.org/a", "which is not a web address"),
        ("https://me:secret@example.org/", "which contains a user name or password"),
        ("http://[x]/", "which is not a web address"),
        ("/gone", "which is not there (404 Not Found)"),
        ("/" + "a" * 3000, "which is 3001 characters long"),
    ],
)
def test_a_redirect_is_checked_as_the_first_address_is(web: Site, target: str, said: str) -> None:
    message = refused(web.moves("/a", target))
    assert message.startswith(f"{web.root}/a redirects to ")
    assert said in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("example.org/a", "is not a web address; write https://example.org/a."),
        ("localhost:8000/a", "write https://localhost:8000/a."),
        ("notaurl", "notaurl is not a web address, expected one such as https://example.org/news/1."),
        ("not a.url", "not a.url is not a web address, expected one such as https://"),
        ("file:///etc/passwd", "is not a web address; expected one such as https://"),
        ("https://", "is not a web address"),
        ("http://example.org:99999/", "is not a web address"),
        ("http://example.org:0/", "is not a web address"),
        ("http://[x]/", "is not a web address"),
        ("http://a\nb/", "is not a web address"),
        ("http://example.org/\udcff", "is not a web address"),
        ("https://me:secret@example.org/a", "https://example.org/a contains a user name or password"),
        ("https://me@example.org/a", "remove what comes before the @"),
        ("https://example.org/" + "a" * 2000, "is 2020 characters long, expected at most 2000"),
        ("http://" + "a" * 70 + ".org", "has an invalid host name"),
    ],
)
def test_what_is_no_web_address_is_refused_with_the_mend(url: str, said: str) -> None:
    message = refused(url)
    assert said in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Length": "1000001"}, b"x" * 1_000_001),
        ({}, b"x" * 1_000_001),
        ({"Content-Length": str(10**15)}, b"x" * 2_000_000),
        ({"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000))),
    ],
    ids=["announced", "unannounced", "announced wrongly", "packed"],
)
def test_a_page_that_is_too_large_is_refused(web: Site, headers: dict[str, str], body: bytes) -> None:
    web.replies["/a"] = Reply(headers=headers, body=(body,))
    message = refused(f"{web.root}/a")
    assert "is larger than the 1 MB allowed; allow larger pages, up to 20." in message


def test_a_page_of_just_the_size_is_not(web: Site) -> None:
    assert len(fetch(web.page("/a", b"x" * 1_000_000), LOOPBACK).body) == 1_000_000


def test_a_page_packed_twice_is_refused(web: Site) -> None:
    twice = gzip.compress(gzip.compress(b"text"))
    assert "compressed more than once" in refused(web.page("/a", twice, Content_Encoding="gzip, gzip"))


@pytest.mark.parametrize("path", ["/pieces", "/late"])
def test_a_server_that_drips_is_left(web: Site, path: str) -> None:
    web.replies["/pieces"] = Reply(body=(b"x",) * 30, pause=0.1)
    web.replies["/late"] = Reply(headers={"Content-Length": "2"}, body=(b"x", b"x"), pause=3)
    said = f"{web.root}{path} took longer than 0.5 seconds; try again later, or allow more time."
    assert refused(web.root + path, SHORT) == said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n"] * 30], "took longer than 0.5 seconds"),
        ([b"SSH-2.0-OpenSSH_9.2\r\n"], "cannot be fetched ("),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ntext"], "cannot be fetched ("),
        ([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\ntext"], "cannot be fetched ("),
        ([b""], "cannot be fetched ("),
    ],
)
def test_a_server_that_speaks_badly_is_one_sentence(lines: list[bytes], said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.settimeout(0.1)
                for line in lines:
                    connection.sendall(line)
                    try:
                        if connection.recv(1000) == b"":
                            return
                    except TimeoutError:
                        continue

        thread = Thread(target=serve)
        thread.start()
        assert said in refused(f"http://127.0.0.1:{listening.getsockname()[1]}/", SHORT)
        thread.join()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "is not there (404 Not Found); check the address."),
        (410, "is not there (410 Gone); check the address."),
        (403, "is not shown to everybody (403 Forbidden); save the page in a browser and add the file."),
        (429, "has been asked for too often (429 Too Many Requests); try again later."),
        (500, "cannot be had now (500 Internal Server Error); try again later."),
        (300, "gives no page (300 Multiple Choices); check that a browser shows one there."),
        (302, "gives no page (302 Found); check that a browser shows one there."),
    ],
)
def test_a_status_that_is_no_page_is_named(web: Site, status: int, said: str) -> None:
    assert f"{web.root}/a {said}" in refused(web.fails("/a", status))
