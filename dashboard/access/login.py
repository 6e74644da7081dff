"""The way in: the page that asks for the password, and what programs say instead.

Without a session a page leads to /login, and everything else is answered with 401. A
program sends `Authorization: Bearer …` with each request: LIKENESS_TOKEN, or the password
where there is no token.
"""

from __future__ import annotations

import math
from html import escape
from urllib.parse import quote, urlsplit

from flask import Flask, Response, redirect, request

from dashboard import plain_page
from dashboard.access.password import SESSION, Door
from dashboard.access.rights import READ, needs

PATH, LEAVE = "/login", "/logout"

_FREE = ("/_favicon.ico", "/healthz", PATH)
_FREE_BELOW = ("/assets/", "/bootstrap/")
"""What is answered to everybody: the page itself, its look, and whether the server is well."""

_LONGEST = 1_024  # characters of a password

_BODY = """<main class="login">
      <form class="card-section login-card" method="post" action="{root}/login">
        <h1 class="wordmark">Likeness</h1>
        <label for="password" class="field-label">Password of this server</label>
        <input id="password" name="password" type="password" class="text-field" required autofocus
               autocomplete="current-password" maxlength="1024"{described}>
        {note}
        <input type="hidden" name="next" value="{next}">
        <button type="submit" class="button button-main">Sign in</button>
      </form>
    </main>"""


def register(server: Flask, door: Door) -> None:
    """Let nobody in who does not know the password, and add the routes /login and /logout."""

    @server.before_request
    def ask() -> Response | None:
        if request.path in _FREE or request.path.startswith(_FREE_BELOW) or _is_inside(door):
            return None
        given = _bearer()
        if given is not None:
            return _program(door, given)
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return _seen(redirect(f"{request.script_root}{PATH}?next={quote(_here(), safe='')}", 303))
        return _refused("Sign in first.")

    @server.get(PATH)
    @needs(READ)
    def login() -> Response:
        if _is_inside(door):
            return _seen(redirect(request.script_root + _next(request.args.get("next", "")), 303))
        return _page(request.args.get("next", ""))

    @server.post(PATH)
    @needs(READ)
    def sign_in() -> Response:
        where, onward = request.remote_addr or "", request.form.get("next", "")
        wait = door.tries.wait(where)
        if wait > 0:
            return _page(onward, _later(wait), 429, wait)
        given = request.form.get("password", "")
        if len(given) > _LONGEST or not door.knows(given):
            door.tries.failed(where)
            return _page(onward, "That is not the password.", 401)
        door.tries.succeeded(where)
        answer = _seen(redirect(request.script_root + _next(onward), 303))
        _set(answer, door.open(), SESSION)
        return answer

    @server.post(LEAVE)
    @needs(READ)
    def leave() -> Response:
        door.close(request.cookies.get(_cookie(), ""))
        answer = _seen(redirect(f"{request.script_root}{PATH}", 303))
        _set(answer, "", 0)
        return answer


def _program(door: Door, given: str) -> Response | None:
    where = request.remote_addr or ""
    wait = door.tries.wait(where)
    if wait > 0:
        return _refused(_later(wait), 429, wait)
    if len(given) <= _LONGEST and door.knows_token(given):
        return None
    door.tries.failed(where)
    return _refused("That is not the token of this server.")


def _is_inside(door: Door) -> bool:
    return door.is_open(request.cookies.get(_cookie(), ""))


def _bearer() -> str | None:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else None


def _cookie() -> str:
    """The cookie's name. A browser keeps one jar for all ports of a machine, where several may serve."""
    return f"likeness-{request.environ.get('SERVER_PORT', '')}"


def _set(answer: Response, key: str, seconds: int) -> None:
    # For every library of this server: below its outermost path.
    answer.set_cookie(
        _cookie(), key, max_age=seconds, path=request.environ.get("likeness.prefix", "") or "/",
        httponly=True, samesite="Lax", secure=request.scheme == "https",
    )


def _here() -> str:
    """The path asked for, with its parameters."""
    asked = request.query_string.decode("latin-1")
    return request.path + (f"?{asked}" if asked else "")


def _next(given: str) -> str:
    """Where to go on after signing in: a page of this server, whatever is asked for."""
    try:
        parts = urlsplit(given.replace("\\", "/"))
    except ValueError:  # brackets that are no address
        return "/"
    onward = quote(parts.path, safe="/~._-") + (f"?{parts.query}" if parts.query else "")
    fine = onward.startswith("/") and not onward.startswith(("//", PATH)) and not (parts.scheme or parts.netloc)
    return onward if fine and onward.isprintable() else "/"


def _page(onward: str, said: str = "", status: int = 200, wait: float = 0.0) -> Response:
    note = f'<p id="said" class="error-note" role="alert">{escape(said)}</p>' if said else ""
    described = ' aria-describedby="said" aria-invalid="true"' if said else ""
    root = escape(request.script_root)
    body = _BODY.format(root=root, next=escape(_next(onward)), note=note, described=described)
    return _timed(_seen(plain_page.answer("Sign in", "shell/login", body, status)), wait)


def _refused(text: str, status: int = 401, wait: float = 0.0) -> Response:
    answer = _seen(Response(text, status=status, mimetype="text/plain"))
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Likeness"'
    return _timed(answer, wait)


def _timed(answer: Response, wait: float) -> Response:
    if wait > 0:
        answer.headers["Retry-After"] = str(math.ceil(wait))
    return answer


def _seen(answer: Response) -> Response:
    """Never to be kept: it depends on who asks."""
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _later(wait: float) -> str:
    seconds = math.ceil(wait)
    told = f"{seconds} seconds" if seconds < 90 else f"{math.ceil(seconds / 60)} minutes"
    return f"Too many wrong tries from here; try again in {told}."
