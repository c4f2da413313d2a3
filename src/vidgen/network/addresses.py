"""Check that an address from a third party (such as a result URL) is public and uses https.

Proxies with fake DNS (Clash, Surge, sing-box) resolve every public name to an address in a range that no host uses, and
intercept the connection. Such an address is allowed for a public name at port 443, where the certificate proves the host, and
never for a literal IP address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from urllib.parse import urlsplit

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
FAKE_DNS = (ipaddress.ip_network("198.18.0.0/15"), ipaddress.ip_network("fc00::/18"))
"""Ranges of fake DNS: reserved for benchmarks (RFC 2544), and part of the unassigned half of fc00::/7 (RFC 4193)."""
LOCAL_ENDINGS = (
    "localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa", "localdomain", "test"
)  # fmt: skip
"""Top-level domains that are never public."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_public_name(host: str) -> bool:
    """Whether a host is a possible public DNS name, not an IP address in any notation."""
    name = host.lower().rstrip(".")
    last = name.rpartition(".")[2]
    literal = ":" in name or re.fullmatch(r"\d+|0x[0-9a-f]*", last)
    return "." in name and not literal and not any(name.endswith(f".{end}") for end in LOCAL_ENDINGS)


async def why_not_public(url: str, *, proxied: bool) -> str | None:
    """The reason not to fetch from an address, as one clause; None if it may be fetched.

    ``proxied``: the proxy resolves the name, so its address here does not matter. A name that cannot be resolved is allowed;
    the request will fail with its own error.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        return "it is not a valid address"
    if parts.scheme != "https" or not host:
        return "it is not an https address"
    if proxied and is_public_name(host):
        return None
    found = await _addresses(host)
    for address in found:
        fake = any(address in network for network in FAKE_DNS) and is_public_name(host) and port == 443
        target = _ipv4_target(address)
        if not fake and (not target.is_global or target.is_multicast):
            return f"{host} resolves to {address}, which is not public"
    if not found and not is_public_name(host):
        return f"{host} is not a public name"
    return None


async def _addresses(host: str) -> list[IP]:
    try:
        resolved = await asyncio.get_running_loop().getaddrinfo(host, None)
        return sorted({ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in resolved}, key=str)
    except (OSError, ValueError):  # UnicodeError, for invalid names, is a ValueError
        return []


def _ipv4_target(address: IP) -> IP:
    """The IPv4 address inside an IPv6 one (mapped, 6to4, NAT64); any other address unchanged."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
