"""Which image a name in a table means: a path or an address, whole or its last names, or a bare name."""

from __future__ import annotations

import posixpath

from pipeline.forms import composed
from pipeline.library import Library
from pipeline.library.images import from_database, printable
from pipeline.stores import is_address

SEVERAL = -1
"""Several images are called so."""


class Places:
    """Names of a library's images that are in their folders, or were when it was scanned last."""

    def __init__(self, library: Library):
        self._names = _Names()
        self._read_otherwise = _Names()
        """Of bytes that are no UTF-8, as they stand in a table that is none either."""
        for number, root, path in library.db.execute(
            "SELECT i.id, r.path, i.path FROM images i JOIN roots r ON r.id = i.root_id "
            "WHERE i.state != 'missing' ORDER BY i.id"
        ):
            root = _form(from_database(root))
            self._names.add(root, _form(from_database(path)), number)
            if isinstance(path, bytes):
                self._read_otherwise.add(root, _form(path.decode("cp1252", "replace")), number)

    def find(self, name: str) -> int | None:
        """The image's id; None where there is none, SEVERAL where more than one ends with the name."""
        for names in (self._names, self._read_otherwise):
            for form in dict.fromkeys((name, name.strip(), name.replace("\\", "/"))):
                if form and (found := names.find(_plain(_form(form)))) is not None:
                    return found
        return None


class _Names:
    """Images by their paths below the scanned folders, and by their bare names."""

    def __init__(self) -> None:
        self._below: dict[str, dict[str, int]] = {}
        self._bare: dict[str, list[tuple[str, int]]] = {}

    def add(self, root: str, path: str, number: int) -> None:
        below = self._below.setdefault(root, {})
        below[path] = number if path not in below else SEVERAL
        self._bare.setdefault(posixpath.basename(path), []).append((f"{root}/{path}", number))

    def find(self, name: str) -> int | None:
        if name.startswith("/") or is_address(name):
            inside = (below.get(name[len(root) + 1 :]) for root, below in self._below.items() if name.startswith(f"{root}/"))
            return next((number for number in inside if number is not None), None)
        whole = {below[name] for below in self._below.values() if name in below}
        if len(whole) == 1 and SEVERAL not in whole:
            return whole.pop()
        ends = [number for place, number in self._bare.get(posixpath.basename(name), ()) if place.endswith(f"/{name}")]
        return None if not ends else ends[0] if len(ends) == 1 else SEVERAL


def _plain(name: str) -> str:
    """A path without `.` and `..`; an address as it is."""
    return name if is_address(name) else posixpath.normpath(name)


def _form(name: str) -> str:
    """A name as it can be compared: composed letters, and bytes that are no text as they are printed."""
    return composed(printable(name))
