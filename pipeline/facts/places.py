"""Which image a name in a table means: a path, whole or its last names, or a bare name."""

from __future__ import annotations

import posixpath
import unicodedata

from pipeline.library import Library
from pipeline.library.images import from_database, printable

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
                if form and (found := names.find(posixpath.normpath(_form(form)))) is not None:
                    return found
        return None


class _Names:
    """Images by their paths below the scanned folder, and by their bare names."""

    def __init__(self) -> None:
        self._below: dict[str, int] = {}
        self._bare: dict[str, list[tuple[str, int]]] = {}

    def add(self, root: str, path: str, number: int) -> None:
        self._below[path] = number if path not in self._below else SEVERAL
        self._bare.setdefault(posixpath.basename(path), []).append((f"{root}/{path}", number))

    def find(self, name: str) -> int | None:
        found = self._below.get(name, SEVERAL)
        if found != SEVERAL:
            return found
        whole = name.startswith("/")
        ends = [
            number
            for place, number in self._bare.get(posixpath.basename(name), ())
            if (place == name if whole else place.endswith(f"/{name}"))
        ]
        return None if not ends else ends[0] if len(ends) == 1 else SEVERAL


def _form(name: str) -> str:
    """A name as it can be compared: composed letters, and bytes that are no text as they are printed."""
    return unicodedata.normalize("NFC", printable(name))
