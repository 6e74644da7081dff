"""Bring a table along: its columns take the place of those of the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import FactsError
from pipeline.facts import kinds, tables
from pipeline.facts.places import SEVERAL, Places
from pipeline.library import Library
from pipeline.library.facts import OWN
from pipeline.progress import Progress, Silent

_BATCH = 20_000  # rows


@dataclass
class Brought:
    """What came of a table.

    rows: of the file. met: rows that met an image. images: how many images those are.
    unmet: names that no image has, as they stand; several: names that more than one image has.
    columns: name → kind.
    """

    rows: int = 0
    met: int = 0
    images: int = 0
    unmet: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)


def bring(
    library: Library,
    file: Path,
    *,
    key: str | None = None,
    only: Sequence[str] = (),
    given: Mapping[str, str] = {},
    progress: Progress = Silent(),
) -> Brought:
    """Take a table's columns into the library, all or nothing.

    key: the column that names the image; None: found. only: columns to take; none: all.
    given: column → kind, where the kind found is not the wanted one. Raises FactsError where
    the table cannot be read or no row meets an image, and for a value that is not of its given kind.
    """
    table = tables.opened(file, key, tuple(only))
    given = _named(table, given)
    places = Places(library)
    told, census = _looked_through(table, places)
    if not told.met:
        raise FactsError(
            f"None of the {told.rows:,} rows of {file} names an image of this library (by “{table.key}”); "
            f"the first is “{(told.unmet + told.several + [''])[0]}”. Another column: --key NAME."
        )
    told.columns = {_called(column): given.get(column) or census[column].kind for column in table.columns}
    with library.db.atomic():
        numbers = _columns(library, told.columns)
        progress.start("facts", told.rows)
        rows, seen = [], set()
        for number, name, values in table.rows():
            image = places.find(name)
            if image is not None and image != SEVERAL:
                seen.add(image)
                for column, found in values.items():
                    rows += _stored(
                        table,
                        number,
                        column,
                        told.columns[_called(column)],
                        found,
                        numbers,
                        image,
                        column in given,
                    )
            if len(rows) >= _BATCH:
                _write(library, rows)
                rows = []
            progress.advance()
        _write(library, rows)
    told.images = len(seen)
    return told


def drop(library: Library, names: Sequence[str]) -> None:
    """Forget columns that were brought along. Raises FactsError for one there is not, and drops none then."""
    with library.db.atomic():
        for name in names:
            name = name.removeprefix(OWN)
            if not library.db.execute("DELETE FROM own_columns WHERE name = ?", [name]).rowcount:
                known = ", ".join(
                    row[0] for row in library.db.execute("SELECT name FROM own_columns ORDER BY position")
                )
                raise FactsError(
                    f"There is no column “{name}” that was brought along; there are: {known or 'none'}."
                )


def _named(table: tables.Table, given: Mapping[str, str]) -> dict[str, str]:
    """Kinds by the columns' names as the file has them."""
    folded = {column.strip().casefold(): column for column in table.columns}
    for name, kind in given.items():
        if name.casefold() not in folded:
            raise FactsError(f"{table.file} has no column “{name}”; it has: {', '.join(table.columns)}.")
        if kind not in kinds.KINDS:
            raise FactsError(f"“{kind}” is no kind of column; there are: {', '.join(kinds.KINDS)}.")
    return {folded[name.casefold()]: kind for name, kind in given.items()}


def _looked_through(table: tables.Table, places: Places) -> tuple[Brought, dict[str, kinds.Census]]:
    """Who meets an image, and what the columns hold."""
    told, census = Brought(), {column: kinds.Census(table.comma) for column in table.columns}
    for _, name, values in table.rows():
        told.rows += 1
        image = places.find(name)
        if image is None or image == SEVERAL:
            (told.unmet if image is None else told.several).append(name)
            continue
        told.met += 1
        for column, found in values.items():
            for value in found:
                census[column].add(value)
    return told, census


def _called(column: str) -> str:
    """A column's name as it is kept; in a table that Likeness has written, own columns say that they are. Bytes in it
    that are no text are question marks, as in values."""
    return column.encode("utf-8", "replace").decode().strip().removeprefix(OWN)


def _columns(library: Library, columns: Mapping[str, str]) -> dict[str, int]:
    """Make the columns anew, in the places of those of the same names; name → id."""
    db, numbers = library.db, {}
    last = db.execute("SELECT coalesce(max(position), 0) FROM own_columns").fetchone()[0]
    for name, kind in columns.items():
        before = db.execute("SELECT position FROM own_columns WHERE name = ?", [name]).fetchone()
        db.execute("DELETE FROM own_columns WHERE name = ?", [name])
        last += before is None
        numbers[name] = db.execute(
            "INSERT INTO own_columns (name, kind, position) VALUES (?, ?, ?)",
            [name, kind, before[0] if before else last],
        ).lastrowid
    return numbers


def _stored(
    table, number: int, column: str, kind: str, found: list, numbers, image: int, strict: bool
) -> list[tuple]:
    """The rows of one cell; raises FactsError for a value that a person says is of a kind it is not."""
    rows = []
    for value in found:
        kept = kinds.stored(kind, value, table.comma)
        if kept is not None:
            rows.append((numbers[_called(column)], image, kept))
        elif strict and not kinds.is_nothing(value):
            raise FactsError(f"“{value}” (row {number} of {table.file}, column “{column}”) is no {kind}.")
    return rows


def _write(library: Library, rows: list[tuple]) -> None:
    """One statement for all: at the end of each, SQLite's full text writes what it has gathered."""
    db = library.db.conn
    db.execute("CREATE TEMP TABLE IF NOT EXISTS brought (column_id, image_id, value)")
    db.executemany("INSERT INTO temp.brought VALUES (?, ?, ?)", rows)
    db.execute(
        "INSERT OR IGNORE INTO own_facts (column_id, image_id, value) SELECT column_id, image_id, value FROM temp.brought"
    )
    db.execute("DELETE FROM temp.brought")
