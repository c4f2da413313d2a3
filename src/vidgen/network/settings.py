"""Network settings from the environment: trusted certificates and proxy.

They are checked before anything is sent, so that an invalid setting is a clear error and not a lost request.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, getproxies_environment, proxy_bypass

from vidgen.errors import InputError
from vidgen.network.addresses import is_loopback
from vidgen.settings import settings, spelling_of, variable

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables for trusted certificates; the first one that is set is used, else certifi's certificates."""
SCHEMES = {"http": "http", "https": "https", "socks": "socks5", "socks5": "socks5", "socks5h": "socks5h"}
"""Proxy schemes, and the names in the HTTP library. Desktops write ``socks://`` for SOCKS 5."""
KEY_LOG = "SSLKEYLOGFILE"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_ENTRY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?")


@dataclass(frozen=True)
class Network:
    """Trusted ``certificates``, and the ``proxy`` for https (None: no proxy)."""

    certificates: ssl.SSLContext
    proxy: str | None = None

    def proxied(self, url: str) -> bool:
        """Whether a URL is requested through the proxy, which then resolves the host name."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        return self.proxy is not None and not is_loopback(host) and not _bypassed(host, parts.port or 443)


def network() -> Network:
    """The current settings of the environment. Raises InputError ``network.bad_setting`` for an invalid one."""
    return Network(_certificates(), _proxy())


def bare_network() -> Network:
    """certifi's certificates and no proxy, regardless of the environment."""
    import certifi

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=certifi.where())
    return Network(context)


def _bad(source: str, text: str, hint: str) -> InputError:
    return InputError("network.bad_setting", f"{source}: {text}; nothing was sent", hint=hint, where=source)


def _certificates() -> ssl.SSLContext:
    import certifi

    _check_key_log()
    name = next(filter(variable, CERTIFICATES), "")
    trusted = variable(name) if name else certifi.where()
    hint = f"name a file of certificates (PEM), or unset {name} to use those that come with vidgen"
    try:
        if name == "SSL_CERT_DIR" or Path(trusted).is_dir():
            if not any(_is_hashed(Path(folder)) for folder in trusted.split(os.pathsep) if folder):
                raise _bad(name, f"{trusted} is no folder of certificates", f"openssl rehash FOLDER makes one; {hint}")
            return ssl.create_default_context(capath=trusted)
        return ssl.create_default_context(cafile=trusted)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = "has no certificates" if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None) or "cannot be read"
        raise _bad(name or "certifi", f"{trusted}: {why}", hint if name else "reinstall certifi") from error


def _is_hashed(folder: Path) -> bool:
    """Whether OpenSSL finds certificates in a folder: they must be named by hash."""
    return folder.is_dir() and any(_HASHED.fullmatch(file.name) for file in folder.iterdir())


def _check_key_log() -> None:
    """Check ``SSLKEYLOGFILE``: Python opens no TLS connection if it cannot write there."""
    file = settings().ssl_key_log
    if not file:
        return
    try:
        with open(file, "a"):  # noqa: PTH123 - as Python's ssl does
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file name"
        raise _bad(
            KEY_LOG, f"{file} cannot be written: {why}", f"unset {KEY_LOG}, or name a file that can be written"
        ) from error


def _proxy() -> str | None:
    """The proxy for https. ``HTTP_PROXY`` does not matter, because providers are only used over https."""
    found = getproxies()
    kind = next((kind for kind in ("https", "all") if found.get(kind, "").strip()), None)
    return None if kind is None else _proxy_url(_source(f"{kind}_proxy"), found[kind].strip())


def _source(name: str) -> str:
    """The name of the variable as in the environment, else ``the system's proxy settings``."""
    return spelling_of(name) or "the system's proxy settings"


def _proxy_url(source: str, value: str) -> str:
    """A proxy's address for the HTTP library. Error messages never show user name or password."""
    scheme, mark, rest = value.rpartition("://") if "://" in value else ("http", "", value)
    known = SCHEMES.get(scheme.lower())
    shown = f"{scheme}://{rest.rpartition('@')[2]}"
    hint = f"{source}=http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT; or unset it"
    if known is None:
        raise _bad(source, f"{shown} is not a kind of proxy that can be used", hint)
    try:
        parts = urlsplit(f"{known}://{rest}")
        if parts.hostname and _plain(parts) and _accepted(parts.geturl()):
            return parts.geturl()
    except ValueError:
        pass
    raise _bad(source, f"{shown} cannot be read as a proxy's address", hint)


def _plain(parts: SplitResult) -> bool:
    """Whether an address is only a host and an optional port. Raises ValueError for an invalid port."""
    fits = re.fullmatch(r"[\w.:-]+(%\w+)?", parts.hostname or "") is not None
    return fits and parts.port != 0 and not parts.query and not parts.fragment and parts.path in ("", "/")


def _accepted(url: str) -> bool:
    """Whether the HTTP library accepts an address."""
    import httpx

    try:
        return bool(httpx.URL(url).raw_host)
    except (httpx.InvalidURL, UnicodeError):
        return False


def _bypassed(host: str, port: int) -> bool:
    """Whether ``NO_PROXY`` (or the system's list) exempts a host from the proxy. Invalid entries are ignored."""
    given = getproxies_environment()
    if not given:
        return bool(proxy_bypass(f"{host}:{port}"))
    return any(_covers(entry, host.lower(), port) for entry in re.split(r"[\s,]+", given.get("no", "").lower()) if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of ``NO_PROXY`` matches a host: ``*``, a domain with or without a leading dot, an address, a network."""
    if entry == "*":
        return True
    entry = entry.partition("://")[2] or entry
    found = _ENTRY.fullmatch(entry)
    name = (found[1] if found else entry).strip("[]").lstrip("*").strip(".")
    if not name or (found and found[2] and int(found[2]) != port):
        return False
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return host == name or host.endswith(f".{name}")
