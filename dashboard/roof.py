"""Several libraries under one roof: the first at /, the others at /in/NAME/.

Each has an app of its own, made when it is first asked for, so that nothing of one
library can reach the pages of another.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.wrappers import Response

from dashboard.access import Access
from dashboard.app import create_app
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
    directories: Sequence[Path], access: Access = Access(), *, warm: bool = False
) -> Callable:
    """The WSGI application of one or several libraries; the first is made where there is none.

    warm: make the models of each ready in the background when it is first opened.

    Raises LibraryError when another one is no library.
    """
    under = places(directories)
    known = [(place.name, place.mount) for place in under]
    first, *others = under

    def app_of(place: Place, create: bool = False):
        library = Library(place.data, create=create)
        return create_app(library, place.mount, libraries=known, access=access, warm=warm).server

    front = app_of(first, create=True)
    if not others:
        return front
    for place in others:
        Library(place.data).close()
    mounts = {
        place.mount.rstrip("/"): _Later(lambda place=place: app_of(place)) for place in others
    }
    return DispatcherMiddleware(front, mounts)


class _Later:
    """A WSGI application that is made at its first request."""

    def __init__(self, make: Callable):
        self._make = make
        self._lock = threading.Lock()
        self._app: Callable | None = None

    def __call__(self, environ, start_response):
        with self._lock:
            if self._app is None:
                try:
                    self._app = self._make()
                except LikenessError as error:  # its directory has gone; it may return
                    return Response(str(error), status=503)(environ, start_response)
        return self._app(environ, start_response)


def _free(name: str, taken: set[str], between: str) -> str:
    """The name, or with the next free number where it is taken."""
    candidate, number = name, 2
    while candidate.lower() in taken:
        candidate, number = f"{name}{between}{number}", number + 1
    taken.add(candidate.lower())
    return candidate
