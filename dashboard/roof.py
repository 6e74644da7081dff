"""Several libraries under one roof: the first at /, the others at /in/NAME/.

Each has an app of its own, made when it is first asked for, so that nothing of one
library can reach the pages of another.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from dashboard import plain_page
from dashboard.access import Access, plan_of
from dashboard.app import create_app
from dashboard.pools import Plan
from pipeline.errors import LikenessError, SettingsError
from pipeline.library import DATABASE, Library


@dataclass(frozen=True)
class Place:
    """A library under the roof: its name on the screen, its mount (`/` or `/in/NAME/`), its directory."""

    name: str
    mount: str
    data: Path


def libraries_in(folder: Path) -> list[Path]:
    """The sub-directories of a folder that are libraries, by name; SettingsError where there is none."""
    found = sorted(child.parent for child in folder.glob(f"*/{DATABASE}"))
    if not found:
        raise SettingsError(
            f"No library lies in {folder}. Make one there with: "
            f"python -m pipeline run FOLDER_OF_IMAGES --data {folder / 'NAME'}"
        )
    return found


def places(directories: Sequence[Path]) -> list[Place]:
    """Where each library is mounted; a directory given twice is shown once."""
    found: list[Place] = []
    names: set[str] = set()
    mounts: set[str] = set()
    for data in dict.fromkeys(path.resolve() for path in directories):
        name = _free(data.name or "library", names, " ")
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", data.name).strip(".-") or "library"
        mount = f"/in/{_free(plain, mounts, '-')}/"
        found.append(Place(name, mount if found else "/", data))
    return found


def open_roof(
    directories: Sequence[Path], access: Access = Access(), *, warm: bool = False, prefix: str = ""
) -> Callable:
    """The WSGI application of one or several libraries, as `planned` makes it."""
    return planned(directories, access, warm=warm, prefix=prefix)[0]


def planned(
    directories: Sequence[Path], access: Access = Access(), *, warm: bool = False, prefix: str = ""
) -> tuple[Callable, Plan]:
    """The WSGI application of one or several libraries, and which requests it answers apart from
    the quick ones; the first library is made where there is none.

    warm: make the models of each ready in the background when it is first opened. prefix:
    the path below which a reverse proxy shows all of it, `/likeness` say, whether or not the
    proxy takes it off the paths that it passes on.

    Raises LibraryError when another one is no library.
    """
    under = places(directories)
    known = [(place.name, prefix + place.mount) for place in under]
    first, *others = under

    def app_of(place: Place, create: bool = False):
        library = Library(place.data, create=create)
        mount = prefix + place.mount
        return create_app(library, mount, libraries=known, access=access, warm=warm)

    front = app_of(first, create=True)
    for place in others:
        Library(place.data).close()
    mounts = {
        place.mount.rstrip("/"): _Later(place.name, prefix, lambda place=place: app_of(place).server) for place in others
    }
    application = DispatcherMiddleware(front.server, mounts) if others else front.server
    if prefix:
        application = Prefixed(application, prefix)
    if access.trusted:
        application = ProxyFix(application, x_for=1, x_proto=1, x_host=1)
    return application, plan_of(front)


def checked_prefix(given: str) -> str:
    """A path prefix with a slash before and none behind, or nothing; SettingsError where it is no path."""
    plain = given.strip().strip("/")
    if plain and not re.fullmatch(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*", plain):
        raise SettingsError(f"{given!r} is no path that a proxy may show this under, as in /likeness.")
    return f"/{plain}" if plain else ""


class Prefixed:
    """A WSGI application that is shown below a path, taken off by a proxy or not."""

    def __init__(self, application: Callable, prefix: str):
        self._application = application
        self._prefix = prefix

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            path = path[len(self._prefix) :]
        environ |= {"SCRIPT_NAME": self._prefix, "PATH_INFO": path or "/", "likeness.prefix": self._prefix}
        return self._application(environ, start_response)


class _Later:
    """The WSGI application of a library, made at its first request."""

    def __init__(self, name: str, prefix: str, make: Callable):
        self._name = name
        self._prefix = prefix
        self._make = make
        self._lock = threading.Lock()
        self._app: Callable | None = None

    def __call__(self, environ, start_response):
        with self._lock:
            if self._app is None:
                try:
                    self._app = self._make()
                except LikenessError:  # its directory has gone; it may return
                    return self._away(environ)(environ, start_response)
        return self._app(environ, start_response)

    def _away(self, environ) -> Response:
        """That the library is not there, without where it lay: nobody has signed in."""
        said = f"The library {self._name} is not there at the moment."
        if "text/html" not in environ.get("HTTP_ACCEPT", ""):
            return Response(said, status=503, mimetype="text/plain")
        body = f'''<main class="empty-state">
      <h1>{escape(said)}</h1>
      <p>Its drive may be away. Reload this page once it is back.</p>
      <a class="button button-main" href="{escape(self._prefix)}/">Go to the first library</a>
    </main>'''
        return plain_page.answer("Not there", "", body, 503, self._prefix)


def _free(name: str, taken: set[str], between: str) -> str:
    """The name, or with the next free number where it is taken."""
    candidate, number = name, 2
    while candidate.lower() in taken:
        candidate, number = f"{name}{between}{number}", number + 1
    taken.add(candidate.lower())
    return candidate
