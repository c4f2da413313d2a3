"""Download one file over https, with redirects, proxies, retries and resuming."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    import httpx

OnBytes = Callable[[int, int | None], None]
"""Called with (bytes done, total bytes or None) during a download; the count may restart at 0."""

TRIES = 4
RETRY_WAIT_S = 0.5
CONNECT_S, READ_S = 20.0, 30.0
REDIRECTS = 8
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class TransferError(Exception):
    """The download failed; the message is one line."""


class _Broken(Exception):
    """This attempt failed, but a retry may succeed."""


@dataclass
class _Job:
    """The state of one download. ``mark``: ETag or date of the server's version of the file."""

    url: str
    into: Path
    limit: int
    on_bytes: OnBytes | None
    done: int = 0
    mark: str = ""


def is_loopback(url: str) -> bool:
    """Whether the host of a URL is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(url: str) -> bool:
    """Whether a URL may be used: https anywhere, plain http only on this machine."""
    scheme = urlsplit(url).scheme
    return scheme == "https" or (scheme == "http" and is_loopback(url))


def fetch(url: str, into: Path, *, limit: int, on_bytes: OnBytes | None = None) -> None:
    """Download ``url`` to ``into``, at most ``limit`` bytes.

    Proxies come from the environment (``HTTPS_PROXY``, ``NO_PROXY``). A broken connection is retried, and resumed if the
    server supports it. Raises TransferError, or OSError if ``into`` cannot be written.
    """
    import httpx

    from vidgen.network.clients import client as client_for
    from vidgen.network.settings import bare_network, network

    job = _Job(url, into, limit, on_bytes)
    into.write_bytes(b"")
    timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
    settings = network() if url.startswith("https:") else bare_network()
    with client_for(settings, url, timeout=timeout, headers={"Accept-Encoding": "identity"}) as client:
        for left in reversed(range(TRIES)):
            try:
                _once(client, job)
                return
            except (_Broken, httpx.TransportError) as error:
                if not left:
                    raise TransferError(f"{url}: {error or type(error).__name__}, {TRIES} times") from None
                time.sleep(RETRY_WAIT_S * 2 ** (TRIES - 1 - left))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise TransferError(f"{url}: {error}") from None


def _once(client: httpx.Client, job: _Job) -> None:
    """One attempt, following redirects."""
    headers = {"Range": f"bytes={job.done}-", "If-Range": job.mark} if job.done and job.mark else {}
    url = job.url
    for _ in range(REDIRECTS):
        _check(url, job.url)
        with client.stream("GET", url, headers=headers) as response:
            if response.has_redirect_location:
                url = urljoin(url, response.headers["location"])
                continue
            _body(response, job)
            return
    raise TransferError(f"{job.url} has more than {REDIRECTS} redirects")


def _check(url: str, start: str) -> None:
    """Raise TransferError for an address that is less safe than the first one: never from https to http, even on loopback."""
    if not is_allowed(url) or (urlsplit(url).scheme == "http" and urlsplit(start).scheme != "http"):
        reason = "is not https" if url == start else f"redirects to {url}, which is not https"
        raise TransferError(f"{start} {reason}; nothing was downloaded from there")


def _body(response: httpx.Response, job: _Job) -> None:
    status = response.status_code
    if status == 416 or status in _AGAIN:
        job.done = 0 if status == 416 else job.done
        raise _Broken(f"the server answered {status} {response.reason_phrase}")
    if status not in (200, 206):
        raise TransferError(f"{job.url}: the server answered {status} {response.reason_phrase}")
    resumed = status == 206 and response.headers.get("content-range", "").startswith(f"bytes {job.done}-")
    if status == 206 and not resumed:
        job.done, job.mark = 0, ""
        raise _Broken("the server sent a different part of the file than requested")
    job.done = job.done if resumed else 0
    job.mark = _mark(response)
    length = response.headers.get("content-length", "")
    total = job.done + int(length) if length.isdigit() else None
    if total is not None and total > job.limit:
        raise TransferError(f"{job.url} has {total} bytes, more than the {job.limit} that are expected")
    _write(response, job, total)


def _mark(response: httpx.Response) -> str:
    tag: str = response.headers.get("etag", "")
    return tag if tag and not tag.startswith("W/") else str(response.headers.get("last-modified", ""))


def _write(response: httpx.Response, job: _Job, total: int | None) -> None:
    with job.into.open("r+b") as out:
        out.seek(job.done)
        out.truncate()
        for block in response.iter_raw():
            job.done += len(block)
            if job.done > job.limit:
                raise TransferError(f"{job.url} has more than the {job.limit} bytes that are expected")
            out.write(block)
            if job.on_bytes:
                job.on_bytes(job.done, total)
