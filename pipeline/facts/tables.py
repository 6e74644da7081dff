"""A person's table: CSV with any delimiter, JSON lines, or a JSON list of objects."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.errors import FactsError
from pipeline.facts import spreadsheets
from pipeline.forms import composed

_KEYS = (
    "path",
    "file",
    "filepath",
    "file_path",
    "filename",
    "file_name",
    "image",
    "image_path",
    "image_file",
    "img",
    "name",
)
"""What the column that names the image is called, the likeliest first."""

_LONGEST = spreadsheets.LONGEST
_START = 2**12  # characters that show what kind of file it is
_MOST_COLUMNS = 500

Values = dict[str, list[str | float]]
"""Column → what a row has in it: nothing, one value or several; texts and numbers."""


@dataclass(frozen=True)
class Table:
    """A file's rows. key: the column that names the image. columns: the others, in their order.
    comma: whether numbers may have a decimal comma."""

    file: Path
    key: str
    columns: tuple[str, ...]
    encoding: str
    kind: str
    comma: bool

    def rows(self) -> Iterator[tuple[int, str, Values]]:
        """(number of the line, the image's name, values) of each row. Raises FactsError for one that cannot be read."""
        for number, row in _rows(self.file, self.encoding, self.kind):
            name = row.get(self.key)
            yield (
                number,
                "" if name is None else str(name),
                {column: values for column in self.columns if (values := _values(row.get(column)))},
            )


def opened(file: Path, key: str | None = None, only: tuple[str, ...] = ()) -> Table:
    """Look at a file and its columns. Raises FactsError where it is no table, or names no image."""
    try:
        encoding = spreadsheets.encoding(file)
        with open(file, encoding=encoding, errors="surrogateescape") as text:
            start = text.read(_START)
    except OSError as error:
        raise FactsError(f"{file} cannot be read ({error.strerror or error}).") from None
    except ValueError as error:
        raise FactsError(f"{file} cannot be read as a table: {error}.") from None
    if "\0" in start:
        raise FactsError(f"{file} is no text; a table is CSV, JSON lines or a JSON list, as spreadsheets and databases export them.")
    first = start.lstrip()[:1]
    kind = "lines" if first == "{" else "list" if first == "[" else "csv"
    names: dict[str, None] = {}
    for number, row in _rows(file, encoding, kind):
        names |= dict.fromkeys(row)
        if kind == "csv" or number > 1_000:
            break
    if not names:
        raise FactsError(f"{file} holds no rows.")
    if len(names) > _MOST_COLUMNS:
        raise FactsError(f"{file} has more than {_MOST_COLUMNS} columns; choose some with --only.")
    key = _key(file, list(names), key)
    wanted = [name for name in names if name != key and name.strip()]
    folded = {name.strip().casefold(): name for name in wanted}
    if missing := [name for name in only if name.casefold() not in folded]:
        raise FactsError(f"{file} has no column “{missing[0]}”; it has: {', '.join(names)}.")
    columns = tuple(folded[name.casefold()] for name in only) or tuple(wanted)
    if not columns:
        raise FactsError(f"{file} has no column besides “{key}”.")
    return Table(file, key, columns, encoding, kind, kind == "csv" and _has_comma(file, encoding))


def _has_comma(file: Path, encoding: str) -> bool:
    with open(file, encoding=encoding, errors="surrogateescape", newline="") as text:
        return spreadsheets.sheet(text).comma


def _key(file: Path, names: list[str], asked: str | None) -> str:
    folded = {name.strip().casefold(): name for name in reversed(names)}
    if asked is not None:
        if asked.casefold() not in folded:
            raise FactsError(f"{file} has no column “{asked}”; it has: {', '.join(names)}.")
        return folded[asked.casefold()]
    return next((folded[name] for name in _KEYS if name in folded), names[0])


def _rows(file: Path, encoding: str, kind: str) -> Iterator[tuple[int, dict]]:
    """(number, {column: value}) of each row."""
    # A name may hold bytes that are no text: they stay what they are.
    with open(
        file, encoding=encoding, errors="surrogateescape", newline="" if kind == "csv" else None
    ) as text:
        try:
            yield from {"csv": _of_csv, "lines": _of_lines, "list": _of_list}[kind](text)
        except (csv.Error, ValueError, RecursionError) as error:
            raise FactsError(f"{file} cannot be read as a table: {error}.") from None


def _of_csv(text: TextIO) -> Iterator[tuple[int, dict]]:
    sheet = spreadsheets.sheet(text)
    names = next(sheet.reader, [])
    called = [name for name in names if name.strip()]  # spreadsheets add empty columns at the end
    if len(set(called)) < len(called):
        twice = next(name for name in called if called.count(name) > 1)
        raise ValueError(f"two columns are called “{twice}”")
    for row in sheet.reader:
        if row:
            yield sheet.line, dict(zip(names, row))


def _of_lines(text: TextIO) -> Iterator[tuple[int, dict]]:
    for number, line in enumerate(iter(lambda: text.readline(_LONGEST), ""), 1):
        if line.strip():
            yield number, _object(number, json.loads(line))


def _of_list(text: TextIO) -> Iterator[tuple[int, dict]]:
    for number, one in enumerate(json.load(text), 1):
        yield number, _object(number, one)


def _object(number: int, value: object) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f"row {number} is no object")
    return value


def _values(value: object) -> list[str | float]:
    """A cell as texts and numbers: of a list each, of an object its JSON."""
    if value is None or value == "":
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, int | float):
        return [float(value)] if math.isfinite(value) else []
    if isinstance(value, list):
        return [one for item in value[:1_000] if not isinstance(item, list) for one in _values(item)]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = composed(text.encode("utf-8", "replace").decode().replace("\0", "").strip())
    return [text] if text else []
