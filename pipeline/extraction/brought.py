"""Vectors that a person brings along, from a file: NPZ, CSV or Parquet, a row an image.

An image is named by its path, whole or its last names, or by its id. Rows are scaled to
length 1, and rows of zeros say that nothing was seen.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from pipeline import arrays as arrays_of
from pipeline.embeddings import about, canonical
from pipeline.embeddings.base import unit_rows
from pipeline.errors import EmbeddingError
from pipeline.facts import spreadsheets
from pipeline.facts.places import SEVERAL, Places
from pipeline.library import Library
from pipeline.pictures.hashes import QUERY

FORMATS = (".npz", ".csv", ".parquet")
_IDS = ("id", "ids", "image_id", "image_ids")
_PATHS = ("path", "paths", "file", "files", "filename", "filenames", "file_name", "image", "images", "name", "names")
_KEYS = (*_IDS, *_PATHS)
"""What the column, or the array, that names images may be called; the others are the numbers."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_TAKEN = frozenset(("combined", "text", "all", "auto", *(
    "image", "images", "collection", "label", "tag", "map", "metric", "mode", "count", "offset", "where", "view",
    "color_by", "group", "grain", "order", "path", "palette", "words", "upload", "these", "minus_words", "minus_upload",
    "minus_collection", "minus_these", "sort", "exact", QUERY, "by", "id", "ids", "limit", "page", "match", "beside", "columns",
)))  # fmt: skip
"""Names that mean something else: maps and choices, words in the addresses of pages, and a picture's hash among its
vectors."""


@dataclass
class Brought:
    """What came of a file.

    rows: of the file. met: images that have a vector now, of `images` there are. empty: rows of zeros.
    unmet, several: names that no image has, or more than one. changed: whether anything is other than before.
    """

    name: str
    rows: int
    dim: int
    met: int = 0
    images: int = 0
    empty: int = 0
    unmet: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)
    changed: bool = True

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.met:,} of {self.images:,} images have a vector of {self.dim:,} numbers"]
        if self.met < self.images:
            parts.append(f"the other {self.images - self.met:,} are compared by what else they have")
        if self.empty:
            parts.append(_rows(self.empty, "is all zeros: nothing was seen there", "are all zeros: nothing was seen there"))
        for names, what in ((self.unmet, "no image"), (self.several, "more than one image")):
            if names:
                parts.append(f"{_rows(len(names), f'names {what}', f'name {what}')}, as “{names[0]}”")
        return "; ".join(parts) + "."


def _rows(count: int, one: str, several: str) -> str:
    return f"1 row {one}" if count == 1 else f"{count:,} rows {several}"


def bring(library: Library, name: str, file: Path) -> Brought:
    """Make a file's rows the vectors of an embedding, in place of those it had; all or nothing.

    Raises EmbeddingError for a name that cannot be one, for a file that cannot be read, where no
    row names an image, and for what is no number, with its row and column.
    """
    checked(library, name)
    keys, rows = _read(file)
    known = {row[0] for row in library.db.execute("SELECT id FROM images WHERE state != 'missing'")} if isinstance(keys[0], int) else None
    places = None if known is not None else Places(library)
    found: dict[int, int] = {}
    told = Brought(name, len(rows), rows.shape[1], images=library.counts()["ok"])
    for at, key in enumerate(keys):
        image = (key if key in known else None) if known is not None else places.find(str(key))
        if image is None or image == SEVERAL:
            (told.unmet if image is None else told.several).append(str(key))
        elif image in found:
            raise EmbeddingError(f"Rows {found[image] + 1:,} and {at + 1:,} of {file} are both of the image “{key}”.")
        else:
            found[image] = at
    if not found:
        raise EmbeddingError(f"None of the {len(rows):,} rows of {file} names an image of this library; the first is “{keys[0]}”.")
    ids = sorted(found)
    chosen = unit_rows(_in_range(rows[[found[image] for image in ids]]))
    told.empty = int((~chosen.any(axis=1)).sum())
    told.changed = _keep(library, name, ids, chosen)
    told.met = library.coverage(name)["current"]
    return told


def _in_range(rows: np.ndarray) -> np.ndarray:
    """Rows (n, d) float32 so that squares neither overflow nor vanish: 1e25 and 1e-25 are numbers like others."""
    most = np.abs(rows).max(axis=1, keepdims=True)
    return np.divide(rows, most, out=rows.copy(), where=(most > 1e9) | ((most > 0) & (most < 1e-9)))


def checked(library: Library, name: str) -> None:
    """Raises EmbeddingError for a name that cannot be that of vectors brought along."""
    if not _NAME.fullmatch(name):
        raise EmbeddingError(f"{name!r} cannot be the name; use small letters, digits, _ and -, at most 40.")
    computed = library.embeddings().get(name)
    if about(canonical(name)).extractor or name in _TAKEN or (computed and computed.extractor):
        raise EmbeddingError(f"{name!r} has a meaning of its own here; choose another name, as my_{name}.")


def forget(library: Library, name: str) -> None:
    """Drop vectors that were brought along; EmbeddingError where there are none of that name."""
    known = [one for one, its in library.embeddings().items() if its.extractor is None]
    if name not in known:
        raise EmbeddingError(f"No vectors named {name!r} were brought along; there are: {', '.join(known) or 'none'}.")
    library.drop_embedding(name)


def _keep(library: Library, name: str, ids: list[int], rows: np.ndarray) -> bool:
    """Put rows in the place of those there were; False where these are the same."""
    if name in library.embeddings():
        before, kept = library.vectors(name)
        if before.tolist() == ids and kept.shape == rows.shape and np.array_equal(kept, rows):
            return False
    with library.db.atomic():
        if name in library.embeddings():
            library.drop_embedding(name)
        library.set_embedding(name, None, rows.shape[1], {})
        library.store([], {name: (None, ids, rows)})
    return True


def _read(file: Path) -> tuple[Sequence[int] | Sequence[str], np.ndarray]:
    """What names the images, whole numbers or texts, and the rows (n, d) float32, finite."""
    reader = {".npz": _npz, ".csv": _csv, ".parquet": _parquet}.get(file.suffix.lower())
    if reader is None:
        raise EmbeddingError(f"{file} is none of {', '.join(FORMATS)}.")
    try:
        keys, rows = reader(file)
    except OSError as error:
        raise EmbeddingError(f"{file} cannot be read ({error.strerror or error}).") from None
    if not len(keys) or not rows.shape[1]:
        raise EmbeddingError(f"{file} holds no vectors.")
    if len(keys) != len(rows):
        raise EmbeddingError(f"{file} names {len(keys):,} images and has {len(rows):,} vectors.")
    if len(bad := np.argwhere(~np.isfinite(rows))):
        row, column = bad[0].tolist()
        raise EmbeddingError(f"Row {row + 1:,} of {file} (“{keys[row]}”) has {rows[row, column]} as number {column + 1:,}.")
    return keys, rows


def _npz(file: Path) -> tuple[Sequence, np.ndarray]:
    try:
        with arrays_of.opened(file) as opened:
            arrays = {key: opened[key] for key in opened.files}
    except (ValueError, EOFError, KeyError, BadZipFile) as error:
        if isinstance(error, ValueError) and "pickle" in str(error):
            raise EmbeddingError(f"{file} holds Python objects; save names as text: np.array(names, dtype=str).") from None
        raise EmbeddingError(f"{file} is no NPZ file, or it is damaged.") from None
    tables = {key: array for key, array in arrays.items() if array.ndim == 2 and array.dtype.kind in "fiu"}
    named = {key: array for key, array in arrays.items() if array.ndim == 1 and key.lower() in _KEYS and array.dtype.kind in "iuU"}
    if len(named) == 2:  # ids and paths, as `export` writes them: paths say the same in another library
        named = {key: array for key, array in named.items() if array.dtype.kind == "U"}
    if len(tables) != 1 or len(named) != 1:
        told = ", ".join(f"{key} {array.shape} {array.dtype}" for key, array in arrays.items()) or "nothing"
        raise EmbeddingError(f"{file} needs one array (n, d) of numbers, and one named ids or paths of n; it has: {told}.")
    (keys,), (rows,) = named.values(), tables.values()
    return keys.tolist(), rows.astype(np.float32)


def _csv(file: Path) -> tuple[Sequence, np.ndarray]:
    with file.open(newline="", encoding=spreadsheets.encoding(file), errors="surrogateescape") as opened:
        try:
            return _of_sheet(spreadsheets.sheet(opened), file)
        except (csv.Error, UnicodeError) as error:
            raise EmbeddingError(f"{file} cannot be read as a table: {error}.") from None


def _of_sheet(sheet: spreadsheets.Sheet, file: Path) -> tuple[Sequence, np.ndarray]:
    head = [name.strip() for name in next(sheet.reader, [])]
    key = next((at for at, name in enumerate(head) if name.lower() in _KEYS), None)
    if key is None:
        raise EmbeddingError(f"{file} has no column that names images (id or path); it has: {', '.join(head[:8])}.")
    names, rows = [], []
    for line in sheet.reader:
        if not line:
            continue
        if len(line) != len(head):
            raise EmbeddingError(f"Row {len(rows) + 1:,} of {file} has {len(line):,} columns, and the head {len(head):,}.")
        names.append(line.pop(key))
        cells = list(map(spreadsheets.with_point, line)) if sheet.comma else line
        rows.append(_numbers(cells, [*head[:key], *head[key + 1 :]], len(rows) + 1, file))
    return _as_ids(head[key], names, file), np.array(rows, np.float32).reshape(len(rows), len(head) - 1)


def _numbers(cells: list[str], columns: list[str], row: int, file: Path) -> np.ndarray:
    try:
        return np.array(cells, np.float32)
    except ValueError:
        for column, cell in zip(columns, cells):
            try:
                float(cell)
            except ValueError:
                raise EmbeddingError(f"Row {row:,} of {file} has “{cell:.40}” in the column “{column}”, which is no number.") from None
        raise


def _parquet(file: Path) -> tuple[Sequence, np.ndarray]:
    if find_spec("pyarrow") is None:
        raise EmbeddingError(f"To read {file} pyarrow is needed: pip install pyarrow. NPZ and CSV are read without it.")
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(file)
    except pyarrow.ArrowInvalid:
        raise EmbeddingError(f"{file} is no Parquet file, or it is damaged.") from None
    key = next((name for name in table.column_names if name.lower() in _KEYS), None)
    if key is None:
        raise EmbeddingError(f"{file} has no column that names images (id or path); it has: {', '.join(table.column_names[:8])}.")
    keys, others = table[key].to_pylist(), [name for name in table.column_names if name != key]
    if len(others) == 1:  # a list in each row
        values = table[others[0]].to_pylist()
        lengths = {len(one) if isinstance(one, list) else 1 for one in values}
        if len(lengths) > 1:
            counts = [len(one or ()) for one in values]
            row = next(at for at, count in enumerate(counts) if count != counts[0])
            raise EmbeddingError(f"Row {row + 1:,} of {file} has {counts[row]:,} numbers, and the first {counts[0]:,}.")
    else:
        values = list(zip(*(table[name].to_pylist() for name in others)))
    try:
        rows = np.array(values, np.float32).reshape(len(values), -1)
    except (TypeError, ValueError):
        raise EmbeddingError(f"{file} has other columns than numbers: {', '.join(others[:8])}.") from None
    return _as_ids(key, keys, file), rows


def _as_ids(key: str, names: list, file: Path) -> Sequence:
    """Names as ids where their column says that they are."""
    if key.lower() not in _IDS:
        return [str(name) for name in names]
    for row, name in enumerate(names, 1):
        if not str(name).strip().isdecimal():
            raise EmbeddingError(f"Row {row:,} of {file} has “{str(name):.40}” in the column “{key}”, which is no id.")
    return [int(name) for name in names]
