"""Fetching one page from the web, safely with hostile servers.

The address may have come from anybody, so the page must not be a way into this machine's own network. A host is
resolved once, all its addresses are checked, and the connection goes to an address that was checked: there is no second
look-up that could answer otherwise (DNS rebinding). Every redirect is treated as a new address.
"""

import asyncio
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from ipaddress import IPv4Address, IPv6Network, ip_address

import httpx2

from retrieval.errors import FetchError, reason

MAX_REDIRECTS = 5
MAX_URL = 2000
_NOT_MODIFIED = 304
_PORTS = range(1, 2**16)
# "example.org", "example.org:8000/a", "localhost/a"; not "talks"
_HOST = re.compile(r"(?:[^\s./:]+(?:\.[^\s./:]+)+|localhost)\.?(?::[0-9]+)?(?:[/?#]|$)")
_ALLOCATED = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one page may cost: seconds in all, megabytes once unpacked; and whether it may come from private addresses.

    Private is what is not reachable from the whole internet: this machine, its network, reserved addresses.
    """

    timeout_seconds: float = 30.0
    max_megabytes: float = 20.0
    private_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said to recognise this version of a page by: its ETag and Last-Modified, as it wrote them."""

    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What a server sent. `url` is the address after all redirects, without a fragment.

    `content_type` is in lower case and has no parameters, "" where there is none; `charset` is the server's word for
    it. Where the page is `unchanged` since the validators asked with, `body` is empty.
    """

    url: str
    body: bytes
    content_type: str
    charset: str | None
    validators: Validators
    unchanged: bool


def fetch(url: str, limits: FetchLimits, validators: Validators | None = None) -> Page:
    """The page at `url`; with `validators`, only if it has changed since. Raises FetchError.

    It blocks for at most `limits.timeout_seconds` and runs an event loop, so in a coroutine call it in a thread.
    """
    return asyncio.run(_in_time(_checked(url), limits, validators))


async def _in_time(url: httpx2.URL, limits: FetchLimits, validators: Validators | None) -> Page:
    try:
        async with asyncio.timeout(limits.timeout_seconds):
            return await _follow(url, limits, validators)
    except TimeoutError as error:
        raise FetchError(
            str(url),
            f"took longer than {limits.timeout_seconds:g} seconds; try again later, or {{allow more time}}",
        ) from error


async def _follow(asked: httpx2.URL, limits: FetchLimits, validators: Validators | None) -> Page:
    url = asked
    try:
        for _ in range(MAX_REDIRECTS + 1):
            response, body = await _get(url, limits, validators)
            if not response.has_redirect_location:
                return _page(url, response, body)
            url = _checked(response.headers["location"], base=url)
    except FetchError as error:
        if error.url == str(asked):
            raise
        raise FetchError(str(asked), f"redirects to {error.url}, which {error.problem}") from error
    raise FetchError(str(asked), f"redirects more than {MAX_REDIRECTS} times; give the address that a browser ends at")


def _checked(text: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """`text` as a URL that may be asked for, without its fragment; relative to `base` if there is one."""
    if len(text) > MAX_URL:
        raise FetchError(
            f"{text[:60]}…", f"is {len(text)} characters long, expected at most {MAX_URL}; shorten the address"
        )
    if base is None and "://" not in text:
        mend = f"; write https://{text}" if _HOST.match(text) else ", expected one such as https://example.org/news/1"
        raise FetchError(text, f"is not a web address{mend}")
    try:
        url = httpx2.URL(text) if base is None else base.join(text)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise FetchError(repr(text), f"is not a web address ({error}); check how it is written") from error
    if url.scheme not in ("http", "https") or not url.host or (url.port is not None and url.port not in _PORTS):
        raise FetchError(text, "is not a web address; expected one such as https://example.org/news/1")
    if url.userinfo:
        shown = url.copy_with(userinfo=b"")
        raise FetchError(str(shown), "contains a user name or password; remove what comes before the @")
    return url.copy_with(fragment=None)


async def _get(url: httpx2.URL, limits: FetchLimits, validators: Validators | None) -> tuple[httpx2.Response, bytes]:
    """One request, no redirect followed: the closed response and its body, empty unless it is the page."""
    addresses = await _resolve(url, limits)
    timeout = httpx2.Timeout(None, connect=limits.timeout_seconds / len(addresses))
    try:
        # a client of its own: a connection kept open belongs to an address, and its certificate to another name
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False) as client:
            response = await _connect(client, url, addresses, _headers(url, validators))
            async with aclosing(response):
                return response, await _read(url, response, limits) if response.is_success else b""
    except httpx2.TimeoutException as error:
        raise TimeoutError from error
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise FetchError(str(url), f"cannot be fetched ({_cause(error)}); check the address and the network") from error


async def _connect(
    client: httpx2.AsyncClient, url: httpx2.URL, addresses: list[str], headers: dict[str, str]
) -> httpx2.Response:
    """The answer of the first of `addresses` that can be reached; Host and certificate are the name's in `url`."""

    def request(address: str) -> httpx2.Request:
        there = url.copy_with(host=address)
        return client.build_request("GET", there, headers=headers, extensions={"sni_hostname": _host(url)})

    for address in addresses[:-1]:
        with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
            return await client.send(request(address), stream=True)
    return await client.send(request(addresses[-1]), stream=True)


def _headers(url: httpx2.URL, validators: Validators | None) -> dict[str, str]:
    headers = {"Host": url.netloc.decode("ascii"), "User-Agent": f"Dateline/{_version()} (news article reader)"}
    if validators is not None and validators.etag is not None:
        headers["If-None-Match"] = validators.etag
    if validators is not None and validators.modified is not None:
        headers["If-Modified-Since"] = validators.modified
    return headers


async def _read(url: httpx2.URL, response: httpx2.Response, limits: FetchLimits) -> bytes:
    """The body, unpacked; refused as soon as it is too long, whatever its Content-Length says."""
    if "," in response.headers.get("content-encoding", ""):
        raise FetchError(str(url), "is compressed more than once; save the page in a browser and add the file")
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > limits.max_megabytes * 1e6:
                problem = f"is larger than the {limits.max_megabytes:g} MB allowed; {{allow larger pages}}, up to 20"
                raise FetchError(str(url), problem)
    return bytes(body)


def _page(url: httpx2.URL, response: httpx2.Response, body: bytes) -> Page:
    asked_conditionally = response.request.headers.keys() & {"if-none-match", "if-modified-since"}
    unchanged = response.status_code == _NOT_MODIFIED and bool(asked_conditionally)
    if not response.is_success and not unchanged:
        raise FetchError(str(url), _refusal(response))
    return Page(
        url=str(url),
        body=body,
        content_type=response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        charset=response.charset_encoding,
        validators=Validators(_echo(response, "etag"), _echo(response, "last-modified")),
        unchanged=unchanged,
    )


def _refusal(response: httpx2.Response) -> str:
    status = f"{response.status_code} {response.reason_phrase[:100]}".strip()
    match response.status_code:
        case 404 | 410:
            return f"is not there ({status}); check the address"
        case 401 | 402 | 403 | 407 | 451:
            return f"is not shown to everybody ({status}); save the page in a browser and add the file"
        case 429:
            return f"has been asked for too often ({status}); try again later"
    if response.is_server_error:
        return f"cannot be had now ({status}); try again later"
    return f"gives no page ({status}); check that a browser shows one there"


def _echo(response: httpx2.Response, name: str) -> str | None:
    """A header's value if it can be sent back."""
    value = response.headers.get(name)
    return value if value is not None and value.isascii() and value.isprintable() else None


async def _resolve(url: httpx2.URL, limits: FetchLimits) -> list[str]:
    """The addresses of the URL's host, at least one. Raises FetchError if any is private and that is not allowed."""
    look_up = partial(socket.getaddrinfo, _host(url), None, type=socket.SOCK_STREAM)
    resolver = ThreadPoolExecutor(1)
    try:
        found = await asyncio.get_running_loop().run_in_executor(resolver, look_up)
    except OSError as error:
        raise FetchError(str(url), f"cannot be found ({reason(error)}); check its spelling and the network") from error
    except UnicodeError as error:
        raise FetchError(str(url), "has an invalid host name; check its spelling") from error
    finally:
        # a name server that does not answer is not waited for
        resolver.shutdown(wait=False)
    addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
    private = [address for address in addresses if not is_public(address)]
    if private and not limits.private_addresses:
        problem = f"leads to the private address {private[0]}; if that is meant, {{allow private addresses}}"
        raise FetchError(str(url), problem)
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's, as is the IPv4 address that an IPv6 one may stand for."""
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast
    translated = IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None
    for embedded in (found.ipv4_mapped, found.sixtofour, translated):
        if embedded is not None:
            return is_public(str(embedded))
    return found.is_global and found in _ALLOCATED


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii")


def _cause(error: Exception) -> str:
    """What went wrong, in the system's words where it was the system: "Connection refused"."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, ConnectionError) and below.errno is not None:
            return os.strerror(below.errno)
        below = below.__cause__ if below.__cause__ is not None else below.__context__
    return " ".join(str(error).split())[:200] or type(error).__name__


def _version() -> str:
    try:
        return version("dateline")
    except PackageNotFoundError:
        return "0"
