"""Fetches a result that is paid for: over breaks, redirects and wrong lengths, from the byte reached where a server allows it.

A whole address is asked without the key; a path is on the API itself and is asked with it (another host that it leads to,
without). Files go to and come from public https addresses; this machine only where the API itself is on it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from vidgen.engines.cloud.encodings import decode_file
from vidgen.engines.cloud.failures import ProviderError
from vidgen.engines.cloud.waits import requested_pause_s
from vidgen.errors import ProcessingError

if TYPE_CHECKING:
    import httpx

    from vidgen.engines.cloud.api import Api

MAX_RESULT_BYTES = 4 << 30
MAX_REDIRECTS = 5
TRIES = 5
_GONE = (401, 403, 404, 410)
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass
class _Got:
    """What of a result is here: ``done`` bytes as they came, of the version that the server calls ``mark``."""

    out: Path
    done: int = 0
    mark: str = ""
    encodings: str = ""
    sure: bool = True
    """Whether the server said where the result ends."""
    breaks: list[int] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """Headers that ask for the rest; where nothing of it can be gone on with, for all."""
        if not (self.done and self.mark):
            self.done = 0
        return {"Range": f"bytes={self.done}-", "If-Range": self.mark} if self.done else {}


async def fetch_result(api: Api, url: str, out: Path, *, is_whole: Callable[[Path], bool] = lambda file: True) -> None:
    """Fetch a result into ``out`` and take its encodings off; repeated over blips.

    ``is_whole``: whether a file is a clip to its end, for servers that say a wrong length, or none.

    Raises ProviderError ``expired`` where the address is no longer good (401, 403, 404, 410): ask for a fresh one.
    """
    import httpx

    got = _Got(out)
    for attempt in range(1, TRIES + 1):
        try:
            await _try(api, url, got)
            if got.sure or attempt == TRIES or await asyncio.to_thread(_whole, got, is_whole):
                await asyncio.to_thread(decode_file, out, got.encodings, most_bytes=MAX_RESULT_BYTES)
                return
            got.done, error = 0, api.failure("provider_fault", "the result broke off")
        except httpx.HTTPError as broken:
            got.breaks.append(got.done)
            if got.done and got.breaks[-2:] == [got.done] * 2 and await asyncio.to_thread(_whole, got, is_whole):
                return  # twice the same: what is wrong is the length that was told
            error = api.failure("provider_fault", f"the result could not be downloaded ({type(broken).__name__})")
        except OSError as broken:
            text = f"{out.parent}: the result cannot be kept: {broken.strerror or broken}"
            raise ProcessingError("media.not_kept", text, hint="free disk space, then run the same command again") from broken
        except (httpx.InvalidURL, ValueError) as broken:
            raise api.failure("provider_fault", "the address of its result, or the result itself, cannot be read") from broken
        except ProviderError as refused:
            if refused.kind != "provider_fault":
                raise
            error = refused
        if attempt == TRIES:
            raise error
        await api.rest(error, attempt)


def _whole(got: _Got, is_whole: Callable[[Path], bool]) -> bool:
    """Whether what is here is all of it; the encodings are off then, and what is not is requested from its start."""
    decode_file(got.out, got.encodings, most_bytes=MAX_RESULT_BYTES)
    if is_whole(got.out):
        return True
    got.done = 0
    return False


async def _try(api: Api, url: str, got: _Got) -> None:
    from vidgen.network.clients import SECRET_PATH

    own = "://" not in url
    for _ in range(MAX_REDIRECTS + 1):
        sent = {**_HEADERS, **got.headers}
        if own:
            url, sent = api.url(url), {**sent, **api.sent_headers()}
        else:
            await api.check_public(url)
        async with api.http().stream("GET", url, headers=sent, extensions={} if own else SECRET_PATH) as answer:
            if answer.has_redirect_location:
                url = urljoin(url, answer.headers["location"])
                own = own and urlsplit(url)[:2] == urlsplit(api.address.url)[:2]
                continue
            if answer.status_code in _GONE:
                raise api.failure("expired", f"HTTP {answer.status_code}")
            if _place(api, answer, got):
                await _save(api, answer, got)
            return
    raise api.failure("provider_fault", "the result is behind too many redirects")


def _place(api: Api, answer: httpx.Response, got: _Got) -> bool:
    """Whether a body is what was requested, to be written from ``got.done`` on; False: everything is here already."""
    status = answer.status_code
    part = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", answer.headers.get("content-range", "").strip())
    if status in (200, 203):
        got.done = 0
        return True
    if status == 206 and part and part[1] is not None and int(part[1]) == got.done:
        return True
    if status == 416 and got.done and part and part[2] == str(got.done):
        return False
    got.done, got.mark = 0, ""
    pause_s = requested_pause_s(answer.headers)
    raise api.failure("provider_fault", f"the result came with HTTP {status}", retry_after_s=pause_s, status=status)


async def _save(api: Api, answer: httpx.Response, got: _Got) -> None:
    headers = answer.headers
    tag = headers.get("etag", "")
    got.mark = tag if tag and not tag.startswith("W/") else headers.get("last-modified", "")
    got.encodings = headers.get("content-encoding", "")
    got.sure = "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()
    with got.out.open("r+b" if got.done else "wb") as file:
        file.seek(got.done)
        file.truncate()
        async for chunk in answer.aiter_raw():
            got.done += len(chunk)
            if got.done > MAX_RESULT_BYTES:
                raise api.failure("bad_request", "the result is larger than 4 GiB")
            file.write(chunk)
