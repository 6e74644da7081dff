"""Who may ask a server, and for what.

A server on this machine alone lets its person read folders and start runs, so no other
site open in the same browser may speak to it: neither under a name of its own that has
been pointed here (DNS rebinding), nor by sending a form or script across.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, Response, request

_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Access:
    """names: the host names that are answered; None: any. actions: whether runs may be
    started and folders removed from the page. local: whether it listens on this machine alone.
    """

    names: frozenset[str] | None = None
    actions: bool = False
    local: bool = False

    @classmethod
    def listening_on(cls, host: str, allow_actions: bool = False) -> Access:
        """What fits a server that listens on `host`: on this machine alone everything, else
        pictures and searches, and actions where they are asked for."""
        local = _is_loopback(host)
        if not local and not allow_actions:
            return cls()
        names = {"localhost"} if local else {"localhost", host.lower(), socket.gethostname().lower()}
        return cls(frozenset(names), True, local)

    def answers(self, host: str) -> bool:
        """Whether a request for this Host header is meant for us.

        An address in figures cannot be pointed elsewhere, so it is no rebinding.
        """
        if self.names is None:
            return True
        name = _name(host)
        if name in self.names:
            return True
        return _is_loopback(name) if self.local else _is_address(name)


def guard(server: Flask, access: Access) -> None:
    """Refuse requests under foreign names, and changes that another site asks for."""

    @server.before_request
    def check() -> Response | None:
        if not access.answers(request.headers.get("Host", "")):
            way = "as localhost" if access.local else "by the address in figures of its machine"
            return _refusal(400, f"This dashboard does not answer under this name; open it {way}.")
        if request.method not in _READING and not _from_here():
            return _refusal(403, "Another site may not ask this of the dashboard.")
        return None

    @server.after_request
    def keep_apart(response: Response) -> Response:
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return response


def _from_here() -> bool:
    """Whether the page that sends the request is one of this server.

    Browsers say so themselves, or, where the connection is not secure, name its origin;
    programs that are no browsers say neither.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host")


def _name(host: str) -> str:
    """The name out of a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _refusal(status: int, text: str) -> Response:
    return Response(text, status=status, mimetype="text/plain")
