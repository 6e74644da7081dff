"""The names and addresses of hosts.

A page of another site can have its own name pointed at this machine and then read what a
server here answers (DNS rebinding): the browser takes both for one site. What gives it away
is the name, which stands in the header Host.
"""

from __future__ import annotations

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

LOCAL = "localhost"
ANY = ("0.0.0.0", "::", "")


def name_of(host: str) -> str:
    """The name out of a Host header, without its port, in lower case; nothing where it is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a name or address means this machine alone."""
    return name == LOCAL or (is_address(name) and ip_address(name).is_loopback)


def is_address(name: str) -> bool:
    """Whether this is an address in figures, which nobody can point elsewhere."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def of_this_machine() -> set[str]:
    """What this machine calls itself."""
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"} if name else set()


def addresses() -> list[str]:
    """Addresses of this machine in its networks, as far as it knows them by itself."""
    found: dict[str, None] = {}
    try:
        for one in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM):
            number = one[4][0].partition("%")[0]
            if not ip_address(number).is_loopback and not ip_address(number).is_link_local:
                found[number] = None
    except (OSError, ValueError):
        pass
    return list(found)
