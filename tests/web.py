"""A web server on loopback that serves what a test tells it to."""

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from retrieval.errors import FetchError, render_message
from retrieval.fetch import FetchLimits, fetch

LOOPBACK = FetchLimits(timeout_seconds=20, max_megabytes=1, private_addresses=True)
SHORT = replace(LOOPBACK, timeout_seconds=0.5)
STORY = (
    "The foreign ministers of both countries met in Geneva on Tuesday and agreed to open a second border crossing. "
    "They will meet again in March, the host of the talks said after a dinner in the old town."
)


@dataclass(frozen=True)
class Reply:
    """One answer: `body` in pieces, `pause` seconds apart; a Content-Length is sent only if `headers` has one."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: tuple[bytes, ...] = ()
    pause: float = 0


@dataclass
class Site:
    """`replies` by path; `asked` is what came in: each path with the request's headers."""

    root: str
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def page(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> str:
        """Serves `body` at `path` from now on; returns the URL. In header names "_" is "-"."""
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[path] = Reply(headers={"Content-Type": kind, **named}, body=(data,))
        return self.root + path

    def story(self, path: str, title: str = "Ministers meet in Geneva") -> str:
        """Serves a news page at `path`; returns the URL."""
        text = "".join(f"<p>{number}. {STORY}</p>\n" for number in range(1, 6))
        return self.page(
            path,
            f"<!DOCTYPE html><html><head><title>{title}</title></head><body><article><h1>{title}</h1>\n{text}"
            "</article></body></html>",
        )

    def moves(self, path: str, target: str) -> str:
        """Redirects from `path` to `target`; returns the URL."""
        self.replies[path] = Reply(status=302, headers={"Location": target})
        return self.root + path

    def fails(self, path: str, status: int) -> str:
        """Answers with an error; returns the URL."""
        self.replies[path] = Reply(status=status)
        return self.root + path


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        reply = self.site.replies.get(self.path, Reply(status=404))
        etag = reply.headers.get("ETag")
        fresh = etag is not None and self.headers.get("If-None-Match") == etag
        # the client leaves as soon as it has seen enough
        with suppress(ConnectionError):
            self.send_response(304 if fresh else reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for piece in () if fresh else reply.body:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(reply.pause)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def site(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A running server; with `tls`, an https one."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Handler.site = Site(root=f"http{'s' if tls is not None else ''}://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Handler.site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refused(url: str, limits: FetchLimits = LOOPBACK) -> str:
    """The one sentence that says why the page at `url` is not had."""
    with pytest.raises(FetchError) as caught:
        fetch(url, limits)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(render_message(f"{caught.value.problem}."))
    return message
