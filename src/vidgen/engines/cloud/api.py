"""The one HTTP client of all providers: what is paid for is sent exactly once, and keys go to the configured host alone.

- A create request is sent once. What was surely refused is an error of its kind; what may have been accepted (no answer, a
  server error, an answer that cannot be read) is ``unknown_submit``. Only a connection that was never made is neither.
- Reading and downloading are free, so they are repeated with growing pauses.
- Plain http only to this machine. The key never leaves for another host: results are fetched without it, redirects of the
  API are not followed, redirects of results only to public https addresses.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from vidgen import __version__
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.errors import InputError, ProcessingError

if TYPE_CHECKING:
    import httpx

CONNECT_S, ANSWER_S = 15.0, 120.0
TRIES = 5
"""How often what is free is tried."""
MAX_RESULT_BYTES = 4 << 30
MAX_REDIRECTS = 5
LONGEST_PAUSE_S = 60.0
"""However long a provider asks to be left alone."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Classify = Callable[[int, Any], Kind]
"""From HTTP status and decoded body (JSON value or text) to the kind of failure."""


@dataclass(frozen=True)
class Address:
    """Where a provider's API is. Raises InputError for anything but https, or http to this machine."""

    url: str
    source: str
    """Where the address was set: an environment variable, or ``built in``."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        fine = parts.scheme == "https" or (parts.scheme == "http" and _loopback(parts.hostname or ""))
        if not fine or not parts.hostname or parts.username:
            raise InputError(
                "provider.bad_address",
                f"{self.source}: {_bare(self.url)} is not an https address",
                hint="https://HOST/..., or http:// for this machine (127.0.0.1)",
            )

    @property
    def local(self) -> bool:
        """Whether it is on this machine: then results may be, too."""
        return _loopback(urlsplit(self.url).hostname or "")


@dataclass
class Api:
    """One provider's API for one run.

    Args:
        provider: its name in messages. address: its base, without a slash at the end.
        headers: made for each request, so that short-lived tokens are fresh. secrets: never shown in any message.
        key_name: the environment variable that holds the key, for hints.
        classify: what an answer other than 2xx means.
    """

    provider: str
    address: Address
    headers: Callable[[], Mapping[str, str]]
    classify: Classify
    key_name: str = ""
    secrets: tuple[str, ...] = ()
    pause_s: float = 1.0
    _client: httpx.AsyncClient | None = field(default=None, repr=False)

    async def create(self, path: str, **body: Any) -> Any:
        """Send the one paid request (``json=``, or ``data=`` and ``files=``) and return its decoded answer."""
        import httpx

        try:
            answer = await self._http().post(self._url(path), headers=self._headers(), **body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise self.failure("provider_fault", f"no connection: {error}", unsent=True) from error
        except httpx.HTTPError as error:
            raise self.failure("unknown_submit", f"no answer ({type(error).__name__})") from error
        decoded = _decoded(answer)
        if 200 <= answer.status_code < 300:
            if not isinstance(decoded, dict):
                raise self.failure("unknown_submit", "its answer cannot be read")
            return decoded
        if answer.status_code >= 500 or answer.status_code in (408, 409) or answer.status_code < 400:
            raise self.failure("unknown_submit", f"HTTP {answer.status_code}: {words_of(decoded)}")
        raise self.refusal(answer.status_code, decoded, answer.headers.get("retry-after"))

    async def send(self, method: str, path: str, *, tries: int = 1, **body: Any) -> Any:
        """A request that costs nothing, whose repetition does no harm where ``tries`` is above 1. Decoded answer."""
        import httpx

        for attempt in range(1, tries + 1):
            try:
                answer = await self._http().request(method, self._url(path), headers=self._headers(), **body)
                decoded = _decoded(answer)
                if 200 <= answer.status_code < 300:
                    return decoded
                error = self.refusal(answer.status_code, decoded, answer.headers.get("retry-after"))
            except httpx.HTTPError as broken:
                error = self.failure("provider_fault", f"no answer ({type(broken).__name__})")
            if error.kind not in ("rate", "provider_fault") or attempt == tries:
                raise error
            await asyncio.sleep(min(error.retry_after_s or self._backoff(attempt), LONGEST_PAUSE_S))
        raise AssertionError("unreachable")

    async def get(self, path: str) -> Any:
        """Read something; repeated over blips."""
        return await self.send("GET", path, tries=TRIES)

    async def download(self, url: str, out: Path) -> None:
        """Fetch a result into ``out``; repeated over blips. A whole address is asked without the key; a path is on the API
        itself and is asked with it (another host that it leads to, without).

        Raises ProviderError ``expired`` where the address is no longer good (401, 403, 404, 410): ask for a fresh one.
        """
        import httpx

        for attempt in range(1, TRIES + 1):
            try:
                await self._stream(url, out)
                return
            except httpx.HTTPError as broken:
                error = self.failure("provider_fault", f"the result could not be downloaded ({type(broken).__name__})")
            except (httpx.InvalidURL, ValueError) as broken:
                raise self.failure("provider_fault", "the address of its result cannot be read") from broken
            except OSError as broken:
                text = f"{out.parent}: the result cannot be kept: {broken.strerror or broken}"
                raise ProcessingError(
                    "media.not_kept", text, hint="free disk space, then run the same command again"
                ) from broken
            except ProviderError as refused:
                if refused.kind != "provider_fault":
                    raise
                error = refused
            if attempt == TRIES:
                raise error
            await asyncio.sleep(self._backoff(attempt))

    async def upload(self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any) -> None:
        """Send a file where the API said to, without the key; repeated over blips. Nothing is bought by it."""
        import httpx

        for attempt in range(1, TRIES + 1):
            await self._check_public(url)
            try:
                answer = await self._http().request(method, url, headers=dict(headers or {}), **body)
                if 200 <= answer.status_code < 300:
                    return
                kind: Kind = "provider_fault" if answer.status_code >= 500 or answer.status_code == 429 else "bad_request"
                error = self.failure(kind, f"a file could not be uploaded: HTTP {answer.status_code}")
            except httpx.HTTPError as broken:
                error = self.failure("provider_fault", f"a file could not be uploaded ({type(broken).__name__})")
            if error.kind != "provider_fault" or attempt == TRIES:
                raise error
            await asyncio.sleep(self._backoff(attempt))

    async def _stream(self, url: str, out: Path) -> None:
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        own = "://" not in url
        for _ in range(MAX_REDIRECTS + 1):
            if own:
                url, sent = self._url(url), {**headers, **self._headers()}
            else:
                await self._check_public(url)
                sent = headers
            async with self._http().stream("GET", url, headers=sent) as answer:
                if answer.is_redirect:
                    url = urljoin(url, answer.headers.get("location", ""))
                    own = own and urlsplit(url)[:2] == urlsplit(self.address.url)[:2]
                    continue
                if answer.status_code in (401, 403, 404, 410):
                    raise self.failure("expired", f"HTTP {answer.status_code}")
                if answer.status_code != 200:
                    raise self.failure("provider_fault", f"the result came with HTTP {answer.status_code}")
                await self._save(answer, out)
                return
        raise self.failure("provider_fault", "the result is behind too many redirects")

    async def _save(self, answer: httpx.Response, out: Path) -> None:
        promised = answer.headers.get("content-length")
        got = 0
        with out.open("wb") as file:
            async for chunk in answer.aiter_raw():
                got += len(chunk)
                if got > MAX_RESULT_BYTES:
                    raise self.failure("bad_request", "the result is larger than 4 GiB")
                file.write(chunk)
        if promised and promised.isdigit() and got != int(promised):
            raise self.failure("provider_fault", f"the result broke off at {got} of {promised} bytes")

    async def _check_public(self, url: str) -> None:
        """Files go to and come from public https addresses; this machine only where the API itself is on it."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if self.address.local and _loopback(host):
            return
        if parts.scheme != "https" or await _private(host):
            raise self.failure("bad_request", f"it gave what is not a public https address: {_bare(url)}")

    def refusal(self, status: int, decoded: Any, retry_after: str | None = None) -> ProviderError:
        """The failure that an answer other than 2xx is."""
        seconds = float(retry_after) if retry_after and retry_after.replace(".", "", 1).isdigit() else None
        words = f"HTTP {status}: {words_of(decoded)}"
        return self.failure(self.classify(status, decoded), words, retry_after_s=seconds, status=status)

    def failure(self, kind: Kind, words: str, **more: Any) -> ProviderError:
        """A failure of this provider, with every secret taken out of its words. ``more``: as ``ProviderError`` takes it."""
        return ProviderError(kind, self.provider, self.clean(words), key=self.key_name, **more)

    def _headers(self) -> dict[str, str]:
        """Headers with the key. A key that was copied with a line break or with typographic marks is refused here: HTTP
        libraries quote such a header in their errors.
        """
        found = dict(self.headers())
        if not all(value.isascii() and value.isprintable() for value in found.values()):
            raise self.failure("auth", "the key has a line break or a letter that no key has; copy it again", unsent=True)
        return found

    def clean(self, words: str) -> str:
        """Words of the provider without any secret that they may repeat."""
        for secret in self.secrets:
            words = words.replace(secret, "[key]") if secret else words
        words = re.sub(r"\beyJ[\w-]{8,}(\.[\w-]+){2}", "[key]", words)  # a token made from a key
        return re.sub(r"(?i)\b(bearer|key)\s+[A-Za-z0-9._~+/=-]{8,}", r"\1 [key]", words)

    def _url(self, path: str) -> str:
        """The address of a path; an absolute address must be on the API's own host, since the key goes there."""
        if "://" not in path:
            return f"{self.address.url.rstrip('/')}/{path.lstrip('/')}"
        if urlsplit(path)[:2] != urlsplit(self.address.url)[:2]:
            raise self.failure("bad_request", f"it names another host, which is not asked with the key: {_bare(path)}")
        return path

    def _backoff(self, attempt: int) -> float:
        return min(30.0, self.pause_s * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)

    def _http(self) -> httpx.AsyncClient:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
                follow_redirects=False,
                headers={"User-Agent": f"vidgen/{__version__}"},
                limits=httpx.Limits(max_connections=64),
                trust_env=not self.address.local,
            )
        return self._client

    async def close(self) -> None:
        """Let go of its connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def words_of(decoded: Any) -> str:
    """A provider's own words out of an error's body, in whatever form it has."""
    if isinstance(decoded, str):
        return decoded
    if isinstance(decoded, list):
        return "; ".join(filter(None, map(words_of, decoded)))
    if not isinstance(decoded, dict):
        return ""
    for name in ("message", "error", "detail", "msg", "failure", "failure_reason"):
        if words := words_of(decoded.get(name)):
            issues = decoded.get("issues")
            return words + "".join(f"; {_issue(issue)}" for issue in issues[:5]) if isinstance(issues, list) else words
    return ""


def _issue(issue: Any) -> str:
    """One of several problems that an answer lists: where, and what."""
    path = issue.get("path") if isinstance(issue, dict) else None
    where = ".".join(map(str, path)) if isinstance(path, list) else str(path or "")
    return ": ".join(filter(None, (where, words_of(issue))))


def _decoded(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:2000]


def _bare(url: str) -> str:
    """An address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:200]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _private(host: str) -> bool:
    """Whether a host name leads to an address that is not public."""
    try:
        told = await asyncio.get_running_loop().getaddrinfo(host, None)
        found = {_reached(ipaddress.ip_address(info[4][0])) for info in told}
    except (OSError, ValueError):
        return False  # it cannot be reached then, which is said when it is tried
    return any(not address.is_global or address.is_multicast for address in found)


def _reached(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that a gateway makes of an IPv6 one (mapped, 6to4, NAT64); any other as it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
