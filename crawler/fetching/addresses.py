"""The address guard: which addresses may be connected to. Fetching reaches the public web, never the user's network.

It judges the address that a connection is about to be made to, not the address in a URL: a name, a redirect or a
spelling such as ``0x7f.1`` says nothing until it is resolved.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from crawler.errors import BadSettings

Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]
"""Networks that may be connected to although they are not public, and at any port."""

WEB_PORTS = frozenset({80, 443, 8000, 8008, 8080, 8443})
"""Where web servers listen. Other ports are those of mail, databases and shells, which must not be spoken to."""

# The IANA registries of special-purpose addresses, and the multicast and reserved space. Kept here, because
# ``ipaddress.is_global`` of Python 3.11 lets embedded, multicast and newer special addresses pass.
_NOT_PUBLIC_4 = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relays"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_NOT_PUBLIC_6 = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("2001::/23", "protocol assignments"),  # Teredo is among them
        ("2001:db8::/32", "documentation"),
        ("3fff::/20", "documentation"),
    )
)
_PUBLIC_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_LOWER_32_BITS = 0xFFFF_FFFF


def refusal(address: str, allowed: Networks = (), port: int = 443) -> str | None:
    """Why ``address`` at ``port`` may not be connected to; None when it may.

    address: an IP address as it is handed to the socket. An IPv6 address that stands for an IPv4 one (mapped, 6to4,
    NAT64) is judged by that one. Of the rest of IPv6 only 2000::/3 is public, without Teredo; the network-specific
    NAT64 prefix 64:ff9b:1::/48, IPv4-compatible and zoned addresses are not.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an IP address"
    if isinstance(parsed, IPv6Address) and parsed.scope_id:
        return "an address with a zone"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped  # the system connects to the IPv4 address
    if any(parsed in network for network in allowed):
        return None
    why = _not_public(parsed)
    if why:
        return f"not a public address ({why})"
    return None if port in WEB_PORTS else f"port {port} is not one of a web server"


def networks(texts: Iterable[str]) -> Networks:
    """Networks from their usual writing, such as ``10.0.0.0/8`` or ``127.0.0.1``. Raises BadSettings."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip()))
        except ValueError as error:
            raise BadSettings(f"allow_private: {text!r}: {error}", hint='write it as "10.0.0.0/8"') from error
    return tuple(dict.fromkeys(found))


def _not_public(address: IPv4Address | IPv6Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((why for network, why in _NOT_PUBLIC_4 if address in network), None)
    if address in _NAT64:
        return _not_public(IPv4Address(int(address) & _LOWER_32_BITS))
    if address not in _PUBLIC_6:
        return "not global unicast"
    if address.sixtofour:
        return _not_public(address.sixtofour)
    return next((why for network, why in _NOT_PUBLIC_6 if address in network), None)
