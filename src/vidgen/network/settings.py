"""How this machine reaches others: the certificates that it trusts and the proxy that it goes through, as the environment says.

Read and checked before anything is sent: a setting that cannot work is one line that names it, and never a lost request.
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
"""Variables that name trusted certificates; the first that is set counts, none: those that come with certifi."""
SCHEMES = {"http": "http", "https": "https", "socks": "socks5", "socks5": "socks5", "socks5h": "socks5h"}
"""Kinds of proxies, and what the HTTP library calls them. Desktops write ``socks://`` for SOCKS 5."""
KEY_LOG = "SSLKEYLOGFILE"
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_ENTRY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(\d+))?")


@dataclass(frozen=True)
class Network:
    """``certificates`` that are trusted, and the ``proxy`` that https goes through (None: none)."""

    certificates: ssl.SSLContext
    proxy: str | None = None

    def proxied(self, url: str) -> bool:
        """Whether an address is asked for through the proxy, which then resolves its name."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        return self.proxy is not None and not is_loopback(host) and not _bypassed(host, parts.port or 443)


def network() -> Network:
    """What the environment says now. Raises InputError ``network.bad_setting`` where that cannot work."""
    return Network(_certificates(), _proxy())


def bare_network() -> Network:
    """The certificates that come with certifi and no proxy, whatever the environment says."""
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
    """Whether OpenSSL finds certificates in a folder: they stand there under the hashes of their names."""
    return folder.is_dir() and any(_HASHED.fullmatch(file.name) for file in folder.iterdir())


def _check_key_log() -> None:
    """Python writes TLS keys where this says, and opens no connection where it cannot."""
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
    """The address of the proxy for https. Providers are asked over https alone, so that ``HTTP_PROXY`` does not matter."""
    found = getproxies()
    kind = next((kind for kind in ("https", "all") if found.get(kind, "").strip()), None)
    return None if kind is None else _readable(_source(f"{kind}_proxy"), found[kind].strip())


def _source(name: str) -> str:
    """The variable as it is written in the environment, or that it is a setting of the system."""
    return spelling_of(name) or "the system's proxy settings"


def _readable(source: str, value: str) -> str:
    """A proxy's address as the HTTP library takes it. What may be a password is never shown."""
    scheme, mark, rest = value.rpartition("://") if "://" in value else ("http", "", value)
    known = SCHEMES.get(scheme.lower())
    shown = f"{scheme}://{rest.rpartition('@')[2]}"
    hint = f"{source}=http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT; or unset it"
    if known is None:
        raise _bad(source, f"{shown} is not a kind of proxy that can be used", hint)
    try:
        parts = urlsplit(f"{known}://{rest}")
        if parts.hostname and _plain(parts) and _taken(parts.geturl()):
            return parts.geturl()
    except ValueError:
        pass
    raise _bad(source, f"{shown} cannot be read as a proxy's address", hint)


def _plain(parts: SplitResult) -> bool:
    """Whether an address is a host and perhaps a port, in letters that addresses have. Raises ValueError for no port."""
    fits = re.fullmatch(r"[\w.:-]+(%\w+)?", parts.hostname or "") is not None
    return fits and parts.port != 0 and not parts.query and not parts.fragment and parts.path in ("", "/")


def _taken(url: str) -> bool:
    """Whether the HTTP library can read an address, too."""
    import httpx

    try:
        return bool(httpx.URL(url).raw_host)
    except (httpx.InvalidURL, UnicodeError):
        return False


def _bypassed(host: str, port: int) -> bool:
    """Whether ``NO_PROXY`` (or the system's own list) says that a host is asked without the proxy. Entries that mean nothing
    are passed over, as other programs do.
    """
    given = getproxies_environment()
    if not given:
        return bool(proxy_bypass(f"{host}:{port}"))
    return any(_covers(entry, host.lower(), port) for entry in re.split(r"[\s,]+", given.get("no", "").lower()) if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether one entry covers a host: ``*``, a name with or without its subdomains' dot, an address, a network, a port."""
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
