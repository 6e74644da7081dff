"""Tables: all that is known of images as CSV; their vectors as Parquet and NPZ, with ids and paths."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline import maps
from pipeline.export.cells import cells
from pipeline.export.wanted import Wanted, still, vectors, written
from pipeline.library import Library, notes
from pipeline.library.images import printable
from pipeline.maps import naming

_ROWS = 500  # looked up at once
_BATCH = 10_000  # vectors in memory at once
_LATEST = 253_402_300_799  # the last second of the year 9999
_ABOUT = ("id", "path", "label", "state", "width", "height", "bytes", "modified", "tags", "collections", "rated")


def csv_table(library: Library, target: Path, wanted: Wanted = Wanted()) -> int:
    """Everything that is known: a row an image, facts and tables of one's own, and its cluster on each map.

    Several texts in a cell have semicolons between them; no cell is a formula to a spreadsheet. Returns the rows.
    """
    ids = wanted.ids(library)
    facts = [column.name for column in library.facts.columns()]
    clusters = {name: _clusters(library, name, ids) for name in maps.names(library)}
    folder = ("folder",) if wanted.places else ()
    with written(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_ABOUT, *folder, *facts, *(f"cluster on {name}" for name in clusters)])
        count = 0
        for at, row, about, values in _known(library, ids):
            places = [printable(row.root)] if folder else []
            told = [_cell(values.get(name)) for name in facts]
            writer.writerow(cells([*about, *places, *told, *(column[at] for column in clusters.values())]))
            count += 1
    return count


def _known(library: Library, ids: np.ndarray) -> Iterator[tuple]:
    """Of each image that is still known its place among `ids`, its row, `_ABOUT`, and the facts."""
    rated = {one.image_id: one.value for one in notes.ratings(library, notes.BY_ITSELF)}
    for start in range(0, len(ids), _ROWS):
        part = ids[start : start + _ROWS].tolist()
        rows, facts = library.images_by_id(part), library.facts.of_images(part)
        tags, kept = notes.tags_of(library, part), notes.collections_among(library, part)
        for at, number in enumerate(part, start):
            if (row := rows.get(number)) is None:
                continue
            when = datetime.fromtimestamp(min(max(row.mtime, 0), _LATEST), UTC).isoformat(timespec="seconds")
            about = (
                row.id, row.shown, row.label, row.state, row.width, row.height, row.size, when,
                "; ".join(tags.get(number, ())), "; ".join(kept.get(number, ())), rated.get(number),
            )
            yield at, row, about, facts[number].values if number in facts else {}


def _cell(value: object) -> object:
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def _clusters(library: Library, name: str, ids: np.ndarray) -> list[str]:
    """What the cluster of each image on a map is called; "" in none."""
    made = maps.load(library, name)
    called = naming.called(library, made)
    at = np.searchsorted(made.ids, ids).clip(max=max(0, len(made.ids) - 1))
    there = (made.ids[at] == ids) & (made.cluster[at] >= 0)
    return [called[number] if yes else "" for yes, number in zip(there.tolist(), made.cluster[at].tolist())]


def parquet(library: Library, target: Path, wanted: Wanted = Wanted()) -> int:
    """Columns id, path, label, and for each embedding a list of float32, null where an image has none."""
    import pyarrow as pa
    from pyarrow import parquet as format_

    ids, names = wanted.ids(library), wanted.names(library)
    dims = {name: library.embeddings()[name].dim for name in names}
    schema = pa.schema([
        ("id", pa.int64()), ("path", pa.string()), ("label", pa.string()),
        *((name, pa.list_(pa.float32(), dim)) for name, dim in dims.items()),
    ])
    count = 0
    with written(target) as file, format_.ParquetWriter(file, schema, compression="zstd") as writer:
        for start in range(0, len(ids), _BATCH):
            part, rows = still(library, ids[start : start + _BATCH])
            count += len(part)
            columns = [pa.array(part), pa.array([rows[i].shown for i in part.tolist()]),
                       pa.array([rows[i].label for i in part.tolist()], pa.string())]
            for name, dim in dims.items():
                found = vectors(library, name, part)
                lacking = pa.array(np.isnan(found[:, 0]))
                columns.append(pa.FixedSizeListArray.from_arrays(pa.array(found.ravel()), dim, mask=lacking))
            writer.write_batch(pa.record_batch(columns, schema=schema))
    return count


def npz(library: Library, target: Path, wanted: Wanted = Wanted()) -> int:
    """Arrays `ids` (n,) int64, `paths` (n,) text, and for each embedding (n, dim) float32, NaN where an image has none."""
    names = wanted.names(library)
    ids, rows = still(library, wanted.ids(library))
    arrays = {"ids": ids, "paths": np.array([rows[i].shown for i in ids.tolist()])}
    with written(target) as file:
        np.savez(file, **arrays, **{name: vectors(library, name, ids) for name in names})
    return len(ids)
