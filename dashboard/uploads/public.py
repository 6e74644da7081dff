"""Which numbers of the network belong to the open internet."""

from __future__ import annotations

import ipaddress

Number = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_V6 = ipaddress.ip_network("2000::/3")
"""What IPv6 has given out for the open internet; everything else in it is of another kind."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""How a network without IPv4 writes the open internet's IPv4 (RFC 6052). Its sibling for use
inside, 64:ff9b:1::/48, leads wherever that network likes."""
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
    "2001::/23",  # Teredo, ORCHID, benchmarks
    "2001:db8::/32", "2002::/16",  # documentation; 6to4, whose relays nobody vouches for
    "3fff::/20",
)))


def is_public(number: Number) -> bool:
    """Whether an address belongs to the open internet, as does the one hidden in it."""
    if number.version == 6:
        if number.ipv4_mapped is not None:
            return is_public(number.ipv4_mapped)
        if number in _NAT64:
            return is_public(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF))
        if number not in _GLOBAL_V6 or number.scope_id is not None:
            return False
    inside = (
        number.is_private or number.is_loopback or number.is_link_local or number.is_multicast
        or number.is_reserved or number.is_unspecified or not number.is_global
    )
    return not inside and not any(number in one for one in _NOT_PUBLIC if one.version == number.version)
