"""Which addresses may be asked for what somebody else named: public ones, over https, and this machine where that is meant.

Proxies that work by made-up DNS answers (Clash, Surge, sing-box) give every public name an address out of a range that no
host in the world has, and take the connection from there. Such an answer is as good as none: it is let through for a public
name at port 443, where only the holder of that name's certificate can answer, and never for an address that is written out.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from urllib.parse import urlsplit

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
MADE_UP = (ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("fc00::/18"))
"""Ranges of made-up answers: kept for benchmarks (RFC 2544), and the half of fc00::/7 that nobody may use yet (RFC 4193)."""
LOCAL_ENDINGS = (
    "localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa", "localdomain", "test"
)  # fmt: skip
"""Names that never lead to a public host."""


def is_loopback(host: str) -> bool:
    """Whether a host is this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public_name(host: str) -> bool:
    """Whether a host is a name (no address, however it is written) of which the public DNS may know."""
    name = host.lower().rstrip(".")
    last = name.rpartition(".")[2]
    written_out = ":" in name or re.fullmatch(r"\d+|0x[0-9a-f]*", last)
    return "." in name and not written_out and not any(name.endswith(f".{end}") for end in LOCAL_ENDINGS)


async def why_not_public(url: str, *, proxied: bool) -> str | None:
    """Why a result is not fetched from an address: one clause; None where it may be.

    ``proxied``: the proxy resolves the name, so that what it leads to here means nothing. A name that cannot be resolved is
    let through: that is said when it is tried.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        return "it cannot be read"
    if parts.scheme != "https" or not host:
        return "it is not an https address"
    if proxied and is_public_name(host):
        return None
    found = await _addresses(host)
    for address in found:
        made_up = any(address in network for network in MADE_UP) and is_public_name(host) and port == 443
        reached = _reached(address)
        if not made_up and (not reached.is_global or reached.is_multicast):
            return f"{host} leads to {address}, which is not public"
    if not found and not is_public_name(host):
        return f"{host} is not a public name"
    return None


async def _addresses(host: str) -> list[IP]:
    try:
        told = await asyncio.get_running_loop().getaddrinfo(host, None)
        return sorted({ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in told}, key=str)
    except (OSError, ValueError):  # UnicodeError, for names that no DNS takes, is a ValueError
        return []


def _reached(address: IP) -> IP:
    """The IPv4 address that a gateway makes of an IPv6 one (mapped, 6to4, NAT64); any other as it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
