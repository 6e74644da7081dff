"""What stands before every request: the right name, the right site, and somebody who may come in.

A server on this machine alone lets its person read folders and start runs, so no other
site open in the same browser may speak to it: neither under a name of its own that has
been pointed here (DNS rebinding), nor by sending a form or script across. Nor may others
reach it through a proxy that it was not told of: to it they would all be this machine.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from dash import Dash
from flask import Response, request

from dashboard.access import asked, headers, login
from dashboard.access.access import Access
from dashboard.access.rights import seal

_READING = ("GET", "HEAD", "OPTIONS")
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


def guard(app: Dash, access: Access) -> None:
    """Put everything before an app; to be called when all its callbacks and routes are there.

    Refused are requests under foreign names, changes that another site asks for, whoever has
    not come in, and what takes a right that is not given.
    """
    server = app.server

    @server.before_request
    def check() -> Response | None:
        if access.local and any(name in request.headers for name in _FORWARDED):
            return refusal(
                403, "This dashboard is for its own machine alone, and this came through a proxy; "
                "start it with --trust-proxy to let others in."
            )
        if not access.answers(request.headers.get("Host", "")):
            return refusal(400, f"This dashboard does not answer under this name; {_way(access)}.")
        if request.method not in _READING and not _from_here():
            return refusal(403, "Another site may not ask this of the dashboard.")
        return None

    if access.door is not None:
        login.register(server, access.door)
    asked.check(app)
    seal(app, access.rights)
    headers.add(app, access)


def refusal(status: int, text: str) -> Response:
    """A plain answer of one sentence."""
    return Response(text, status=status, mimetype="text/plain")


def _way(access: Access) -> str:
    if access.local:
        return "open it as localhost, or start it with --name for another"
    return "open it by the address in figures of its machine, or start it with --name for this one"


def _from_here() -> bool:
    """Whether the page that sends the request is one of this server.

    Browsers say so themselves, or, where the connection is not secure, name its origin;
    programs that are no browsers say neither.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    except ValueError:  # it is none
        return False
