"""What answers say to the browser about themselves: what a page may load, and who may show it.

Everything comes from this server. Scripts that stand in the page itself are known by their
hash. Styles may stand in elements, since the charts write theirs there; they can load
nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import Dash
from flask import Response

from dashboard.access.access import Access

_NONE = "'none'"


def policy(scripts: Sequence[str], frames: Sequence[str]) -> str:
    """The content security policy of the pages. scripts: hashes of those inside a page.

    frames: origins whose pages may show this one in a frame.
    """
    parts = {
        "default-src": (_NONE,),
        "script-src": ("'self'", *scripts),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "media-src": ("'self'", "blob:"),
        "font-src": ("'self'", "data:"),
        "connect-src": ("'self'",),
        "worker-src": ("'self'", "blob:"),
        "frame-src": ("'self'",),
        "form-action": ("'self'",),
        "base-uri": (_NONE,),
        "frame-ancestors": tuple(frames) or (_NONE,),
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in parts.items())


def add(app: Dash, access: Access) -> None:
    """Give every answer of an app its headers; to be called when all callbacks are there."""
    pages = policy(app.csp_hashes(), access.frames)
    # A picture or a text opened by itself may run nothing, whatever is in it.
    alone = f"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors {' '.join(access.frames) or _NONE}"

    @app.server.after_request
    def tell(response: Response) -> Response:
        given = response.headers
        given.setdefault("Content-Security-Policy", pages if response.mimetype == "text/html" else alone)
        given["X-Content-Type-Options"] = "nosniff"
        given["Referrer-Policy"] = "same-origin"
        given["Cross-Origin-Resource-Policy"] = "same-origin"
        given["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
        if not access.frames:  # it knows no list of origins
            given["X-Frame-Options"] = "DENY"
        return response
