"""Fetches one file over https: redirects, proxies, retries, and going on where a connection broke."""

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
"""Hears ``(bytes done, bytes in all or None)`` of the download that is under way; a count may start again at 0."""

TRIES = 4
RETRY_WAIT_S = 0.5
CONNECT_S, READ_S = 20.0, 30.0
REDIRECTS = 8
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


class TransferError(Exception):
    """The file could not be fetched; one line that says why."""


class _Broken(Exception):
    """This try failed in a way that another try may cure."""


@dataclass
class _Job:
    """What is known of one download while it runs. ``mark``: the server's name for this version of the file."""

    url: str
    into: Path
    limit: int
    on_bytes: OnBytes | None
    done: int = 0
    mark: str = ""


def is_loopback(url: str) -> bool:
    """Whether an address names this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(url: str) -> bool:
    """https anywhere, plain http on this machine alone."""
    scheme = urlsplit(url).scheme
    return scheme == "https" or (scheme == "http" and is_loopback(url))


def fetch(url: str, into: Path, *, limit: int, on_bytes: OnBytes | None = None) -> None:
    """Write the body of ``url`` to ``into``; at most ``limit`` bytes are taken.

    Proxies come from the environment as usual (``HTTPS_PROXY``, ``NO_PROXY``). A try that breaks off is repeated, from the byte
    reached where the server can do that. Raises TransferError; OSError where ``into`` cannot be written.
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
    """One try, through its redirects."""
    headers = {"Range": f"bytes={job.done}-", "If-Range": job.mark} if job.done and job.mark else {}
    url = job.url
    for _ in range(REDIRECTS):
        _check(url, job.url)
        with client.stream("GET", url, headers=headers) as answer:
            if answer.has_redirect_location:
                url = urljoin(url, answer.headers["location"])
                continue
            _body(answer, job)
            return
    raise TransferError(f"{job.url} leads to more than {REDIRECTS} other addresses")


def _check(url: str, start: str) -> None:
    """An address is followed only where it is as safe as the first one: never from https to http, not even on this machine."""
    if not is_allowed(url) or (urlsplit(url).scheme == "http" and urlsplit(start).scheme != "http"):
        said = "is not https" if url == start else f"leads to {url}, which is not https"
        raise TransferError(f"{start} {said}; nothing was fetched from there")


def _body(answer: httpx.Response, job: _Job) -> None:
    status = answer.status_code
    if status == 416 or status in _AGAIN:
        job.done = 0 if status == 416 else job.done
        raise _Broken(f"the server answered {status} {answer.reason_phrase}")
    if status not in (200, 206):
        raise TransferError(f"{job.url}: the server answered {status} {answer.reason_phrase}")
    resumed = status == 206 and answer.headers.get("content-range", "").startswith(f"bytes {job.done}-")
    if status == 206 and not resumed:
        job.done, job.mark = 0, ""
        raise _Broken("the server sent another part of the file than was asked for")
    job.done = job.done if resumed else 0
    job.mark = _mark(answer)
    length = answer.headers.get("content-length", "")
    total = job.done + int(length) if length.isdigit() else None
    if total is not None and total > job.limit:
        raise TransferError(f"{job.url} has {total} bytes, more than the {job.limit} that are expected")
    _write(answer, job, total)


def _mark(answer: httpx.Response) -> str:
    tag: str = answer.headers.get("etag", "")
    return tag if tag and not tag.startswith("W/") else str(answer.headers.get("last-modified", ""))


def _write(answer: httpx.Response, job: _Job, total: int | None) -> None:
    with job.into.open("r+b") as out:
        out.seek(job.done)
        out.truncate()
        for block in answer.iter_raw():
            job.done += len(block)
            if job.done > job.limit:
                raise TransferError(f"{job.url} has more than the {job.limit} bytes that are expected")
            out.write(block)
            if job.on_bytes:
                job.on_bytes(job.done, total)
