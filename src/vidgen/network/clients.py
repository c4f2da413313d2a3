"""HTTP clients with the machine's network settings: each request goes directly or through the proxy."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import httpx

from vidgen.network.settings import Network

TUNNEL_S = 45.0
"""Timeout in seconds for a proxy's connection. Without it a silent SOCKS proxy would block for ever."""

CONNECTIONS = 64
SECRET_PATH = {"secret_path": True}
"""Extension of a request to an address that lets in whoever has it: its path is not logged."""
LOG = logging.getLogger(__name__)


class _Routes(httpx.AsyncBaseTransport):
    """Sends requests to this machine and to ``NO_PROXY`` hosts directly, and all others through the proxy, if there is one."""

    def __init__(self, network: Network, limits: httpx.Limits) -> None:
        self._network = network
        shared: dict[str, Any] = {"verify": network.certificates, "limits": limits, "trust_env": False}
        self._direct = httpx.AsyncHTTPTransport(**shared)
        self._through = self._direct
        if network.proxy:
            proxy = httpx.Proxy(network.proxy, ssl_context=network.certificates if network.proxy[:6] == "https:" else None)
            self._through = httpx.AsyncHTTPTransport(**shared, proxy=proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        began = time.monotonic()
        try:
            answer = await self._routed(request)
        except BaseException as error:
            log_request(request, type(error).__name__, began)
            raise
        log_request(request, answer.status_code, began)
        return answer

    async def _routed(self, request: httpx.Request) -> httpx.Response:
        if not self._network.proxied(str(request.url)):
            return await self._direct.handle_async_request(request)
        on_trace = request.extensions.get("trace")
        try:
            async with asyncio.timeout(TUNNEL_S) as limit:

                async def trace(event: str, info: Any) -> None:
                    if starts_sending(event, info):
                        limit.reschedule(None)
                    if on_trace:
                        await on_trace(event, info)

                request.extensions = {**request.extensions, "trace": trace}
                return await self._through.handle_async_request(request)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("the proxy does not answer", request=request) from error
        except (httpx.HTTPError, httpx.InvalidURL):
            raise
        except Exception as error:  # socksio and httpcore raise errors of their own for a proxy with another protocol
            raise httpx.ProxyError(
                f"the proxy does not use the expected protocol ({type(error).__name__})", request=request
            ) from error

    async def aclose(self) -> None:
        await self._direct.aclose()
        await self._through.aclose()


def log_request(request: httpx.Request, outcome: object, began: float) -> None:
    """Log a request: method, address without query, status or what broke it, and seconds until the answer began."""
    url, seconds = request.url, time.monotonic() - began
    path = "/..." if request.extensions.get("secret_path") else url.path
    LOG.debug("%s %s://%s%s: %s after %.2f s", request.method, url.scheme, url.netloc.decode(), path, outcome, seconds)


def starts_sending(event: str, info: Any) -> bool:
    """Whether an httpcore trace event is the start of sending the request itself, not of a CONNECT for its tunnel."""
    sent = info.get("request") if isinstance(info, dict) else None
    return event.endswith("send_request_headers.started") and getattr(sent, "method", b"") != b"CONNECT"


def async_client(network: Network, *, timeout: httpx.Timeout, headers: dict[str, str]) -> httpx.AsyncClient:
    """A client that follows no redirects."""
    routes = _Routes(network, httpx.Limits(max_connections=CONNECTIONS))
    return httpx.AsyncClient(transport=routes, timeout=timeout, headers=headers, follow_redirects=False, trust_env=False)


def client(network: Network, url: str, *, timeout: httpx.Timeout, headers: dict[str, str]) -> httpx.Client:
    """A client for one address."""
    proxy = network.proxy if network.proxied(url) else None
    return _Logged(verify=network.certificates, proxy=proxy, timeout=timeout, headers=headers, trust_env=False)


class _Logged(httpx.Client):
    """A client each of whose requests is logged."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        began = time.monotonic()
        try:
            answer = super().send(request, **options)
        except BaseException as error:
            log_request(request, type(error).__name__, began)
            raise
        log_request(request, answer.status_code, began)
        return answer
