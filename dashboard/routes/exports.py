"""A set of images as a file: /export/csv, /export/json, /export/zip.

The set is a collection or a tag by name (GET), or ids (POST); never paths. Everything is
streamed: a zip of a thousand photographs takes no more memory than one of ten. A zip keeps
the folders, and its table says of each file what the others say. What collections the images are
in, and how these are described, goes with JSON and zip.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import time
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote

import numpy as np
from flask import Flask, Response, request

from dashboard.access import READ, needs
from dashboard.pools import TRANSFER
from dashboard.reads import Reads
from pipeline.export.cells import cells
from pipeline import maps, stores
from pipeline.errors import LikenessError, NoteError
from pipeline.library import ImageRow, Library, notes
from pipeline.maps import granularity, naming

MISSING = "not included.txt"
"""The text in a zip that says which images could not be put in, and why."""

TABLE = "images.csv"
"""The table in a zip: what is known of each image, under the name it has there."""

COLLECTIONS = "collections.csv"
"""The table in a zip of the collections that its images are in, where there are any."""

_COLUMNS = ("id", "file", "label", "cluster", "cluster_name", "tags", "collections")
_CHUNK = 2**18  # bytes read from a file at once
_ROWS = 500  # images looked up at once
_LONGEST = 120  # characters of a name without its ending
_MOST_IDS = 24 * 2**20  # bytes of a form: some three million ids
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)  # on Windows


@dataclass(frozen=True)
class Chosen:
    """What is exported: a name for the file, ids (k,) int64, and where they lie on a map.

    cluster: number per id as the screen counts, from 1; 0 without. titles: by that number.
    """

    name: str
    ids: list[int]
    cluster: list[int]
    titles: dict[int, str]


def register(server: Flask, reads: Reads) -> None:
    """Add the three routes to a server."""
    library = reads.library
    writers = {
        "csv": (_csv, "text/csv; charset=utf-8"),
        "json": (_json, "application/json"),
        "zip": (_zip, "application/zip"),
    }

    @server.route("/export/<any(csv, json, zip):kind>", methods=["GET", "POST"])
    @needs(READ, pool=TRANSFER)
    def export(kind: str) -> Response:
        request.max_form_memory_size = _MOST_IDS
        try:
            chosen = choose(library, request.values.to_dict())
        except LikenessError as error:
            return Response(str(error), status=404, mimetype="text/plain")
        if request.values.get("check"):  # the page asks first: an answer that fails would take its place
            return Response(status=204)
        write, mimetype = writers[kind]
        # Passed on as it comes: compressing it would collect all of it first.
        answer = Response(write(reads, chosen), mimetype=mimetype, direct_passthrough=True)
        answer.headers["Content-Disposition"] = _attachment(f"{chosen.name}.{kind}")
        answer.headers["Cache-Control"] = "no-store"
        return answer


def choose(library: Library, given: dict[str, str]) -> Chosen:
    """What a request asks for: `collection`, `tag` or `ids`, and `map` with `grain`.

    Raises NoteError when that is nothing.
    """
    if given.get("collection"):
        name, ids = given["collection"], notes.collected(library, given["collection"])
    elif given.get("tag"):
        name, ids = given["tag"], notes.tagged(library, given["tag"])
    else:
        asked = {int(text) for text in given.get("ids", "").split(",") if text.isdecimal() and len(text) < 19}
        name = "likeness selection"
        ids = [int(i) for i in np.intersect1d(list(asked), _ok(library))] if asked else []
    if not ids:
        raise NoteError("There is no image to export.")
    cluster, titles = _clusters(library, ids, given.get("map", ""), given.get("grain", ""))
    return Chosen(name.strip(), ids, cluster, titles)


def _ok(library: Library) -> np.ndarray:
    """Ids of the images that are in their folders, (n,) int64."""
    return np.array([row[0] for row in library.db.execute("SELECT id FROM images WHERE state = 'ok'")])


def _clusters(library: Library, ids: list[int], name: str, grain: str) -> tuple[list[int], dict[int, str]]:
    """The cluster of each image on a map, counted from 1 and 0 without, and the clusters' names."""
    if name not in maps.names(library):
        return [0] * len(ids), {}
    made = maps.load(library, name)
    made = granularity.recluster(made, granularity.step_of(grain))
    at = np.searchsorted(made.ids, ids).clip(max=len(made.ids) - 1)
    cluster = np.where(made.ids[at] == ids, made.cluster[at] + 1, 0)
    known = dict(library.db.execute("SELECT id, label FROM images"))
    own = notes.cluster_names(library, name, made.ids, made.cluster)
    titles = naming.titles(made, [known.get(i) for i in made.ids.tolist()], own, naming.seen_in(library, made))
    return cluster.tolist(), {number: title for number, title in enumerate(titles, 1)}


def _records(reads: Reads, chosen: Chosen) -> Iterator[tuple[ImageRow, dict]]:
    """Each image with what is said about it, `_columns` as keys; what may be several texts is a list."""
    names = _columns(reads)[len(_COLUMNS) :]
    for start in range(0, len(chosen.ids), _ROWS):
        part = chosen.ids[start : start + _ROWS]
        rows = reads.library.images_by_id(part)
        tags, kept = notes.tags_of(reads.library, part), notes.collections_among(reads.library, part)
        facts = reads.library.facts.of_images(part)
        for image, cluster in zip(part, chosen.cluster[start:]):
            if image in rows:
                row = rows[image]
                about = (
                    row.id, reads.where(row.place, row.path), row.label, cluster or None,
                    chosen.titles.get(cluster), tags.get(image, []), kept.get(image, []),
                )
                told = facts[image].values if image in facts else {}
                yield row, dict(zip(_COLUMNS, about)) | {name: _plain(told.get(name)) for name in names}


def _columns(reads: Reads) -> list[str]:
    """The columns of a table: what Likeness knows, then what files and a person's own tables say."""
    return [*_COLUMNS, *(column.name for column in reads.library.facts.columns())]


def _plain(value: object) -> object:
    """A fact as a cell holds it: one value, or a list of several texts."""
    if not isinstance(value, list):
        return value
    return value[0] if len(value) == 1 else [one if isinstance(one, str) else f"{one:.10g}" for one in value]


def _csv(reads: Reads, chosen: Chosen) -> Iterator[bytes]:
    part = _line(_columns(reads))
    for _, record in _records(reads, chosen):
        part += _line(record.values())
        if len(part) > _CHUNK:
            yield part
            part = b""
    yield part


def _line(values: Iterable[object]) -> bytes:
    """A row of a table; several texts in a cell have semicolons between them."""
    line = io.StringIO()
    csv.writer(line).writerow(cells("; ".join(one) if isinstance(one, list) else one for one in values))
    return line.getvalue().encode()


def _json(reads: Reads, chosen: Chosen) -> Iterator[bytes]:
    yield f'{{"name": {json.dumps(chosen.name, ensure_ascii=False)}, "images": ['.encode()
    among: set[str] = set()
    for number, (_, record) in enumerate(_records(reads, chosen)):
        among.update(record["collections"])
        entry = json.dumps(record, ensure_ascii=False)
        yield f"{',' if number else ''}\n{entry}".encode()
    yield f'\n], "collections": {json.dumps(_described(reads, among), ensure_ascii=False)}}}\n'.encode()


def _described(reads: Reads, names: set[str]) -> list[dict]:
    """What is said of some collections."""
    return [
        {"name": one.name, "description": one.description, "created": one.created}
        for one in notes.collections(reads.library) if one.name in names
    ]


def _zip(reads: Reads, chosen: Chosen) -> Iterator[bytes]:
    """The original files in their folders, stored as they are: photographs do not get smaller by it."""
    sink = _Sink()
    failures = []
    among: set[str] = set()
    taken = {MISSING: 1, TABLE: 1, COLLECTIONS: 1}
    with tempfile.TemporaryFile() as table, zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        table.write(_line(_columns(reads)))
        for row, record in _records(reads, chosen):
            (told,) = reads.told([row])
            try:
                with stores.opened(row.place) as file:
                    name = unique(told, taken)
                    with archive.open(_entry(name, file, row.mtime), "w") as entry:
                        while part := file.read(_CHUNK):
                            entry.write(part)
                            yield sink.taken()
                table.write(_line((record | {"file": name}).values()))
                among.update(record["collections"])
            except OSError as error:
                failures.append(f"{reads.where(row.place, row.path)}: {error.strerror or error}\n")
        table.seek(0)
        archive.writestr(TABLE, table.read())
        if described := _described(reads, among):
            archive.writestr(COLLECTIONS, b"".join(_line(row) for row in (described[0], *(one.values() for one in described))))
        if failures:
            archive.writestr(MISSING, "".join(failures))
    yield sink.taken()


class _Sink:
    """A file that cannot seek, for `zipfile` to write to; what it wrote is taken out in between."""

    def __init__(self):
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What has been written since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def _entry(name: str, file: IO[bytes], mtime: float) -> zipfile.ZipInfo:
    """The head of a file in the zip, with its own time; a zip knows the years 1980 to 2107."""
    when = time.localtime(min(max(mtime, 0), 5e9))[:6]  # files carry years that no calendar has
    entry = zipfile.ZipInfo(name, min(max(when, (1980, 1, 1, 0, 0, 0)), (2107, 12, 31, 23, 59, 58)))
    entry.file_size = file.seek(0, io.SEEK_END)  # from 4 GB on the head must be another one
    file.seek(0)
    entry.external_attr = 0o644 << 16
    return entry


def unique(path: str, taken: dict[str, int]) -> str:
    """A path below a folder, fit for any system and unlike any in `taken`, which gets it too.

    taken: paths in folded case, since Windows and macOS do not tell upper from lower, and
    the last number each was given.
    """
    *folders, last = [_fit(part) for part in PurePosixPath(path).parts]
    stem, suffix = PurePosixPath(last).stem, PurePosixPath(last).suffix
    stem = "/".join([*folders, stem])
    name = stem + suffix
    folded = name.casefold()
    while name.casefold() in taken:
        taken[folded] += 1
        name = f"{stem} ({taken[folded]}){suffix}"
    taken[name.casefold()] = 1
    return name


def _fit(part: str) -> str:
    """The name of a file or folder as any system takes it."""
    name = unicodedata.normalize("NFC", part)
    name = "".join("_" if c in '<>:"/\\|?*' or not c.isprintable() else c for c in name).rstrip(". ")
    name = f"_{name}" if not name or _RESERVED.match(name) else name
    return PurePosixPath(name).stem[:_LONGEST] + PurePosixPath(name).suffix[:16]


def _attachment(name: str) -> str:
    """A Content-Disposition that old and new browsers understand (RFC 6266)."""
    name = unique(name.replace("/", "_"), {})
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
