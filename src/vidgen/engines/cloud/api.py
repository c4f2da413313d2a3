"""The one HTTP client of all providers: what is paid for is sent exactly once, and keys go to the configured host alone.

- A create request is sent once. What was surely refused is an error of its kind; what may have been accepted (no answer, a
  server error, an answer that cannot be read) is ``unknown_submit``. What broke before the first byte of the request left is
  neither: it was surely not sent.
- Reading and downloading are free, so they are repeated with growing pauses, or those that the provider asks for.
- Plain http only to this machine. The key never leaves for another host: results are fetched without it, redirects of the
  API are not followed, redirects of results only to public https addresses.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vidgen import __version__
from vidgen.engines.cloud.failures import Kind, ProviderError
from vidgen.engines.cloud.waits import clock_off_s, requested_pause_s
from vidgen.errors import InputError
from vidgen.escapes import without_secrets
from vidgen.logs import hide
from vidgen.network.addresses import is_loopback, why_not_public
from vidgen.network.settings import Network, bare_network, network

if TYPE_CHECKING:
    import httpx

CONNECT_S, ANSWER_S = 15.0, 120.0
TRIES = 5
"""How often what is free is tried."""
LONGEST_PAUSE_S = 60.0
"""How long what is free is left alone here; a provider that asks for more is an error, which its caller waits over."""
CLOCK_OFF_S = 120.0
"""A clock that is off by more may be why a provider does not take a token."""

Classify = Callable[[int, Any], Kind]
"""From HTTP status and decoded body (JSON value or text) to the kind of failure."""


@dataclass(frozen=True)
class Address:
    """Where a provider's API is. Raises InputError for anything but https, or http to this machine."""

    url: str
    source: str
    """Where the address was set: an environment variable, or ``built in``."""

    def __post_init__(self) -> None:
        if not _is_base(self.url):
            raise InputError(
                "provider.bad_address",
                f"{self.source}: {_bare(self.url)} is not an https address",
                hint="https://HOST/..., or http:// for this machine (127.0.0.1); no user, no question mark",
                where=self.source,
            )

    @property
    def local(self) -> bool:
        """Whether it is on this machine: then results may be, too."""
        return is_loopback(urlsplit(self.url).hostname or "")


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
    _network: Network | None = field(default=None, repr=False)
    _client: httpx.AsyncClient | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """No log has its secrets."""
        hide(*self.secrets)

    def check(self) -> None:
        """Whether anything could be sent at all. Raises InputError for settings of the network that cannot work, ProviderError
        for a key that cannot be one. Asks no network.
        """
        self.network()
        self.sent_headers()

    async def create(self, path: str, **body: Any) -> Any:
        """Send the one paid request (``json=``, or ``data=`` and ``files=``) and return its decoded answer."""
        decoded = _decoded(await self._accepted(path, **body))
        if not isinstance(decoded, dict):
            raise self.failure("unknown_submit", "its answer cannot be read")
        return decoded

    async def create_file(self, path: str, **body: Any) -> bytes:
        """Send the one paid request, whose answer is the result itself."""
        return (await self._accepted(path, **body)).content

    async def _accepted(self, path: str, **body: Any) -> httpx.Response:
        """Send a paid request once; its answer, which is 2xx."""
        import httpx

        from vidgen.network.clients import starts_sending

        left = False

        async def trace(event: str, info: Any) -> None:
            nonlocal left
            left = left or starts_sending(event, info)

        client, url, headers = self.http(), self.url(path), self.sent_headers()
        try:
            answer = await client.post(url, headers=headers, extensions={"trace": trace}, **body)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            if not left or isinstance(error, httpx.LocalProtocolError):
                raise self._unreached(error) from error
            raise self.failure("unknown_submit", f"no answer ({type(error).__name__})") from error
        if 200 <= answer.status_code < 300:
            return answer
        decoded = _decoded(answer)
        if answer.status_code >= 500 or answer.status_code in (408, 409) or answer.status_code < 400:
            raise self.failure("unknown_submit", f"HTTP {answer.status_code}: {message_of(decoded)}")
        raise self.refusal(answer.status_code, decoded, answer.headers)

    async def send(self, method: str, path: str, *, tries: int = 1, **body: Any) -> Any:
        """A request that costs nothing, whose repetition does no harm where ``tries`` is above 1. Decoded answer."""
        import httpx

        for attempt in range(1, tries + 1):
            try:
                answer = await self.http().request(method, self.url(path), headers=self.sent_headers(), **body)
                decoded = _decoded(answer)
                if 200 <= answer.status_code < 300:
                    return decoded
                error = self.refusal(answer.status_code, decoded, answer.headers)
            except httpx.HTTPError as broken:
                error = self._unreached(broken)
            if error.kind not in ("rate", "provider_fault") or attempt == tries:
                raise error
            await self.rest(error, attempt)
        raise AssertionError("unreachable")

    async def get(self, path: str) -> Any:
        """Read something; repeated over blips."""
        return await self.send("GET", path, tries=TRIES)

    async def upload(self, method: str, url: str, headers: Mapping[str, str] | None = None, **body: Any) -> None:
        """Send a file where the API said to, without the key; repeated over blips. Nothing is bought by it."""
        import httpx

        from vidgen.network.clients import SECRET_PATH

        for attempt in range(1, TRIES + 1):
            await self.check_public(url)
            try:
                answer = await self.http().request(method, url, headers=dict(headers or {}), extensions=SECRET_PATH, **body)
                if 200 <= answer.status_code < 300:
                    return
                kind: Kind = "provider_fault" if answer.status_code >= 500 or answer.status_code == 429 else "bad_request"
                message, pause_s = f"a file could not be uploaded: HTTP {answer.status_code}", requested_pause_s(answer.headers)
                error = self.failure(kind, message, retry_after_s=pause_s)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as broken:
                error = self.failure("provider_fault", f"a file could not be uploaded: {self._why(broken)}")
            if error.kind != "provider_fault" or attempt == TRIES:
                raise error
            await self.rest(error, attempt)

    async def rest(self, error: ProviderError, attempt: int) -> None:
        """Wait before the next try, as long as the provider asks. Raises the error where it asks for too long."""
        if (error.retry_after_s or 0.0) > LONGEST_PAUSE_S:
            raise error
        await asyncio.sleep(error.retry_after_s or self._backoff(attempt))

    async def check_public(self, url: str) -> None:
        """Files go to and come from public https addresses; this machine only where the API itself is on it."""
        import httpx

        try:
            here = self.address.local and is_loopback(httpx.URL(url).host)
        except (httpx.InvalidURL, ValueError) as error:
            raise self.failure("provider_fault", "the address of its result cannot be read") from error
        if here:
            return
        if why := await why_not_public(url, proxied=self.network().proxied(url)):
            hint = "if that is a proxy's made-up answer, name the proxy: HTTPS_PROXY=http://127.0.0.1:PORT"
            refused = self.failure("bad_request", f"it gave what is not a public https address: {_bare(url)} ({why})")
            refused.hint = hint if "leads to" in why else refused.hint
            raise refused

    def refusal(self, status: int, decoded: Any, headers: Mapping[str, str] | None = None) -> ProviderError:
        """The failure that an answer other than 2xx is."""
        kind, received = self.classify(status, decoded), headers or {}
        off = clock_off_s(received)
        error = self.failure(
            kind,
            f"HTTP {status}: {message_of(decoded)}",
            retry_after_s=requested_pause_s(received, decoded) if kind in ("rate", "provider_fault") else None,
            status=status,
        )
        if kind == "auth" and abs(off) > CLOCK_OFF_S:
            side = "ahead of" if off > 0 else "behind"
            error.hint = f"this machine's clock is {abs(off):.0f} s {side} the provider's: set it; else {error.hint}"
        return error

    def failure(self, kind: Kind, message: str, **more: Any) -> ProviderError:
        """A failure of this provider, with every secret taken out of its words. ``more``: as ``ProviderError`` takes it."""
        return ProviderError(kind, self.provider, self.clean(message), key=self.key_name, **more)

    def sent_headers(self) -> dict[str, str]:
        """Headers with the key. A key that was copied with a line break or with typographic marks is refused here: HTTP
        libraries quote such a header in their errors.
        """
        try:
            found = dict(self.headers())
        except UnicodeError:  # a token cannot be made from such a key
            found = {"": "\n"}
        if not all(value.isascii() and value.isprintable() for value in (*found.values(), *self.secrets)):
            raise self.failure("auth", "the key has a line break or a letter that no key has; copy it again", unsent=True)
        return found

    def clean(self, message: str) -> str:
        """Words of the provider without any secret that they may repeat."""
        return without_secrets(message, self.secrets)

    def url(self, path: str) -> str:
        """The address of a path; an absolute address must be on the API's own host, since the key goes there."""
        if "://" not in path:
            return f"{self.address.url.rstrip('/')}/{path.lstrip('/')}"
        if urlsplit(path)[:2] != urlsplit(self.address.url)[:2]:
            raise self.failure("bad_request", f"it names another host, which is not asked with the key: {_bare(path)}")
        return path

    def network(self) -> Network:
        """Certificates and proxy. A plain API on this machine needs neither, whatever the settings are."""
        if self._network is None:
            try:
                self._network = network()
            except InputError:
                if not self.address.url.startswith("http://"):
                    raise
                self._network = bare_network()
        return self._network

    def http(self) -> httpx.AsyncClient:
        """The client. Raises InputError for settings of the network that cannot work."""
        import httpx

        from vidgen.network.clients import async_client

        if self._client is None:
            timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S)
            self._client = async_client(self.network(), timeout=timeout, headers={"User-Agent": f"vidgen/{__version__}"})
        return self._client

    async def close(self) -> None:
        """Let go of its connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _backoff(self, attempt: int) -> float:
        return min(30.0, self.pause_s * 2.0 ** (attempt - 1)) * random.uniform(0.75, 1.25)

    def _unreached(self, error: Exception) -> ProviderError:
        """Why there is no connection, or no answer, and whether a proxy was in between."""
        import httpx

        message = self._why(error)
        passing = isinstance(error, httpx.TransportError) and not isinstance(
            error, httpx.ProxyError | httpx.LocalProtocolError | httpx.UnsupportedProtocol
        )
        lasting = not passing or "CERTIFICATE_VERIFY_FAILED" in message
        found = self.failure("provider_fault", message, unsent=True, lasting=lasting, says="cannot be reached")
        if "CERTIFICATE_VERIFY_FAILED" in message:
            found.hint = "set this machine's clock; where a company's proxy opens connections: SSL_CERT_FILE=FILE.pem"
        elif lasting:
            found.hint = "check the proxy's settings (HTTPS_PROXY, ALL_PROXY, NO_PROXY) and the provider's address"
        return found

    def _why(self, error: Exception) -> str:
        """What broke a connection, in one line, and whether it went through a proxy."""
        message = f"{error}" or type(error).__name__
        return f"{message} (through the proxy)" if self.network().proxied(self.address.url) else message


def _is_base(url: str) -> bool:
    """Whether paths can be put after an address, and it is safe to send a key there."""
    import httpx

    try:
        parts = urlsplit(url)
        httpx.URL(url)
        host, port = parts.hostname or "", parts.port
    except (ValueError, httpx.InvalidURL):
        return False
    fine = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    strange = "@" in parts.netloc or parts.query or parts.fragment or port == 0 or re.search(r"[\s\\]", url)
    return bool(fine and host and not strange)


def message_of(decoded: Any) -> str:
    """A provider's own words out of an error's body, in whatever form it has."""
    if isinstance(decoded, str):
        return decoded
    if isinstance(decoded, list):
        return "; ".join(filter(None, map(message_of, decoded)))
    if not isinstance(decoded, dict):
        return ""
    for name in ("message", "error", "detail", "msg", "failure", "failure_reason"):
        if message := message_of(decoded.get(name)):
            issues = decoded.get("issues")
            return message + "".join(f"; {_issue(issue)}" for issue in issues[:5]) if isinstance(issues, list) else message
    return ""


def _issue(issue: Any) -> str:
    """One of several problems that an answer lists: where, and what."""
    path = issue.get("path") if isinstance(issue, dict) else None
    where = ".".join(map(str, path)) if isinstance(path, list) else str(path or "")
    return ": ".join(filter(None, (where, message_of(issue))))


def _decoded(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:2000]


def _bare(url: str) -> str:
    """An address without what may be secret in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "what was given"
    return f"{parts.scheme}://{host}{parts.path}"[:200] if host else parts.path[:200] if "@" not in url else "what was given"
