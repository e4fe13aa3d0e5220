"""Where a fetch connects to: the address that was checked, and never one of this machine's own network unasked."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from retrieval.fetch import FetchLimits, fetch, is_public
from tests.web import LOOPBACK, SHORT, Site, refused, site

PUBLIC_ONLY = FetchLimits(timeout_seconds=20)
Names = Callable[..., list[str]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Lets a name resolve to one list of addresses after another (the last again and again); returns what was asked."""
    real = socket.getaddrinfo

    def resolves(name: str, *answers: list[str]) -> list[str]:
        asked: list[str] = []

        def look_up(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if host != name:
                return real(host, port, *args, **kwargs)
            asked.append(host)
            addresses = answers[min(len(asked), len(answers)) - 1]
            return [entry for address in addresses for entry in real(address, port, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return resolves


def test_a_redirect_to_a_private_address_is_refused(web: Site, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.fetch.is_public", lambda address: address == "127.0.0.1")
    url = web.moves("/a", "http://127.0.0.2:9/admin")
    message = refused(url, PUBLIC_ONLY)
    assert message.startswith(f"{url} redirects to http://127.0.0.2:9/admin, which leads to the private address 127.")


def test_a_host_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*args: object, **kwargs: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "cannot be found (Name or service not known)" in refused("https://nowhere.example/")
    monkeypatch.undo()
    assert "cannot be fetched (Connection refused)" in refused("http://127.0.0.1:1/")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "2130706433", "0x7f.1", "017700000001", "127。0。0。1", "0", "0.0.0.0", "localhost"),
        *("[::1]", "[::]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    ],
)
def test_a_private_address_is_refused_however_it_is_written(web: Site, host: str) -> None:
    port = web.root.rpartition(":")[2]
    assert "leads to the private address" in refused(f"http://{host}:{port}/", PUBLIC_ONLY)
    assert not web.asked


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["fe80::1"], ["169.254.169.254"]])
def test_a_name_that_leads_to_a_private_address_is_refused(names: Names, addresses: list[str]) -> None:
    names("news.example", addresses)
    message = refused("http://news.example/a", PUBLIC_ONLY)
    assert f"http://news.example/a leads to the private address {addresses[-1]};" in message
    assert "if that is meant, allow private addresses" in message


def test_a_name_is_resolved_once_and_the_connection_goes_there(web: Site, names: Names) -> None:
    url = web.page("/a", "text").replace("127.0.0.1", "news.example")
    asked = names("news.example", ["127.0.0.1"], ["127.0.0.99"])
    page = fetch(url, LOOPBACK)
    assert (page.url, page.body) == (url, b"text")
    assert asked == ["news.example"]
    assert web.asked[0][1]["host"] == url.split("/")[2]


def test_the_next_address_of_a_name_is_tried(web: Site, names: Names) -> None:
    names("news.example", ["::1", "127.0.0.1"])
    assert fetch(web.page("/a", "text").replace("127.0.0.1", "news.example"), LOOPBACK).body == b"text"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1111", True),
        ("64:ff9b::5db8:d70e", True),
        ("::ffff:93.184.215.14", True),
        ("100.64.0.1", False),
        ("192.168.1.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("2002:a00:1::", False),
        ("2001:0:a00:1::1", False),
        ("::7f00:1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("fe80::1%lo", False),
    ],
)
def test_what_counts_as_public(address: str, public: bool) -> None:
    assert is_public(address) == public


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Event()

    def look_up(*args: object, **kwargs: object) -> list[object]:
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "took longer than 0.5 seconds" in refused("https://news.example/", SHORT)
    answered.set()


def test_the_certificate_is_the_names_not_the_addresss(
    tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificate, is not installed")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    named = ["-days", "2", "-subj", "/CN=news.example", "-addext", "subjectAltName=DNS:news.example"]
    subprocess.run([*made, *named], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusted = ssl.get_default_verify_paths()._replace(openssl_cafile=str(tmp_path / "cert.pem"))
    names("news.example", ["127.0.0.1"])
    with site(context) as web:
        url = web.page("/a", "text").replace("127.0.0.1", "news.example")
        assert "CERTIFICATE_VERIFY_FAILED" in refused(url)
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: trusted)
        assert fetch(url, LOOPBACK).body == b"text"
        assert "IP address mismatch" in refused(f"{web.root}/a")
