"""Categories of images straight from the database: their names by size, and a code per image.

One row comes per category: a million rows of Python objects would take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.library import Library

Groups = list[tuple[str, np.ndarray]]
"""Names with the ids (k,) int64 of their images."""


def labels(library: Library) -> Groups:
    """The images of each label, a state at a time: SQLite then reads its index alone, in order."""
    sql = "SELECT label, group_concat(id) FROM images WHERE state = ? AND label IS NOT NULL GROUP BY label"
    found: dict[str, list[np.ndarray]] = {}
    for state in ("ok", "unreadable"):
        for name, ids in library.db.execute(sql, [state]):
            found.setdefault(name, []).append(_ids(ids))
    return [(name, np.concatenate(found[name])) for name in sorted(found)]


def folders(library: Library) -> Groups:
    """The images of each folder in which the library first divides.

    As long as all images lie in one folder, it says nothing, and the next one inside is
    taken. Images beside those folders are in none.
    """
    inside = ""
    while True:
        after = f"substr(path, {len(inside) + 1})"
        found = _groups(library, f"substr({after}, 1, instr({after}, '/'))")
        named = [(inside + name, ids) for name, ids in found if name]
        if len(named) != 1 or len(found) > 1:
            break
        inside = named[0][0]
    if not named and inside:  # all lie in this one
        named = [(inside, found[0][1])] if found else []
    return [(name.rstrip("/"), ids) for name, ids in named]


def _groups(library: Library, expression: str) -> Groups:
    """Images that are not missing by the value of an SQL expression, which nobody types in."""
    sql = (
        f"SELECT {expression} AS name, group_concat(id) FROM images "
        "WHERE state != 'missing' AND name IS NOT NULL GROUP BY name ORDER BY name"
    )
    return [(name, _ids(text)) for name, text in library.db.execute(sql)]


def _ids(text: str) -> np.ndarray:
    return np.fromstring(text, np.int64, sep=",")


def coded(
    groups: Groups, ids: Sequence[int] | np.ndarray, order: Sequence[str] = ()
) -> tuple[list[list], np.ndarray]:
    """[name, count] of some images, largest first, and the code of each: (n,) int16, −1 for none.

    ids: (n,) int64 ascending. Equally large ones go by name. order: names that come first,
    in this order, and have their code even where none of the images is in them.
    """
    ids = np.asarray(ids, np.int64)
    first = {name: place for place, name in enumerate(order)}
    found = []
    for name, members in groups:
        at = np.searchsorted(ids, members).clip(max=max(0, len(ids) - 1))
        at = at[ids[at] == members] if len(ids) else at[:0]
        if name and (len(at) or name in first):
            found.append((name, at))
    found.sort(key=lambda item: (first.get(item[0], len(first)), -len(item[1])))
    codes = np.full(len(ids), -1, np.int16)
    for code, (_, at) in enumerate(found):
        codes[at] = min(code, np.iinfo(np.int16).max)
    return [[name, len(at)] for name, at in found], codes
