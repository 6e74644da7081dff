"""Changing the index by FAISS: rows are appended, measured, and saved with what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from pipeline.index import currency
from pipeline.index.combined import read_rows
from pipeline.index.faiss import effort, store, structures
from pipeline.progress import Progress
from pipeline.settings import IndexOptions

if TYPE_CHECKING:
    from pipeline.index.faiss.engine import FaissIndex

REBUILD_ABOVE = 0.2
"""Share of rows given up above which building anew pays: they are walked through and take memory."""
_MEASURED_FOR = 0.1
"""The measured effort holds until the index has grown or shrunk by more than this."""
_OUTGROWN = 2.0
"""A quantizer learns anew when there are so many times the rows it has learned from."""
_STEP = 4_096


def outworn(index: FaissIndex, options: IndexOptions, added: np.ndarray, removed: np.ndarray) -> str:
    """Why an index should be built anew rather than changed so; empty where it need not be."""
    asked = {name: (getattr(index.options, name), getattr(options, name)) for name in ("type", "storage")}
    if structures.has_links(index.structure):
        graph = zip(structures.graph_of(index.structure), (options.hnsw_m, options.ef_construction))
        asked |= dict(zip(("hnsw-m", "ef-construction"), ((was, now or was) for was, now in graph)))
    for name, (was, now) in asked.items():
        if was != now:
            return f"{name} changes from {was} to {now}"
    alive = int(index.rows.alive.sum())
    going = int((index.rows.positions(np.concatenate([added, removed])) >= 0).sum())
    rows, given_up = len(index.rows) + len(added), len(index.rows) - alive + going
    if given_up > REBUILD_ABOVE * rows:
        return f"{given_up:,} of {rows:,} rows would stand for nothing"
    count = alive - going + len(added)
    learned = index.learned_from < structures.most_training(options)
    if learned and structures.learns(options) and count > _OUTGROWN * index.learned_from:
        return f"there are {count:,} images, and it learned from {index.learned_from:,}"
    return ""


def upsert(index: FaissIndex, ids: np.ndarray, progress: Progress) -> None:
    """Append rows for these images, give up those they had, and save."""
    structures.use_all_cores()
    if index.mapped:  # cannot be changed: read whole
        index.structure, index.exact, index.reduction, index.codes = store.read(index.library, to_change=True)[2]
        index.mapped = False
    having, stamps = currency.stamps(index.library, index.embeddings, ids)
    _give_up(index, ids)
    _fill(index, having, stamps, progress)
    index.holds = None
    _save(index, parts_changed=True)


def delete(index: FaissIndex, ids: np.ndarray) -> None:
    """Give up the rows of these images, and save."""
    _give_up(index, ids)
    if len(currency.stamps(index.library, index.embeddings, ids)[0]):
        index.made_by = {}  # the library still has them: from now on it is behind, whatever the generation says
    index.holds = None
    _save(index)


def settle(index: FaissIndex, generation: int, options: IndexOptions) -> None:
    """Note that it is up to date with a generation, and how it is searched; saved."""
    made_by = currency.made_by(index.library, index.embeddings)
    if (index.generation, index.made_by, index.options) == (generation, made_by, options):
        return
    index.generation, index.made_by, index.options = generation, made_by, options
    index.rows.assume(generation, made_by)
    holds = currency.summaries(index.library, index.embeddings)
    index.holds = holds if index.library.generation() == generation else None  # else something came in between
    _save(index, rows_changed=False)


def _give_up(index: FaissIndex, ids: np.ndarray) -> None:
    at = index.rows.positions(ids)
    alive = index.rows.alive.copy()
    alive[at[at >= 0]] = False
    index.rows = index.rows.changed(alive)


def _fill(index: FaissIndex, ids: np.ndarray, stamps: np.ndarray, progress: Progress) -> None:
    """Append rows for these images, and measure the index where that is due.

    What comes last are images drawn by chance: before they come they are the queries, as an
    uploaded picture is one. A row's own links lead to its neighbors, and would flatter; so
    where few images come, what was measured of a somewhat smaller index stays.
    """
    progress.start("index", len(ids))
    last = min(effort.QUERIES, len(ids) // 2)
    alive = int(index.rows.alive.sum())
    enough = index.exact.lossy or alive + len(ids) - last > structures.EXACT_BELOW
    drawn = np.random.default_rng(0).permutation(len(ids))
    parts = [np.sort(drawn[last:]), np.sort(drawn[:last])] if enough else [np.arange(len(ids))]
    for number, part in enumerate(parts):
        if number and last >= effort.FEW and _is_due(index):
            effort.measure(index, index.true_rows, read_rows(index.library, index.dims, ids[part]))
        _add(index, ids[part], stamps[part], progress)
    if not _is_searched(index):
        index.figures = {}
    elif not index.figures:
        effort.measure(index, index.true_rows)


def _is_searched(index: FaissIndex) -> bool:
    """Whether a search may miss something: small indexes are always scanned."""
    return int(index.rows.alive.sum()) > structures.EXACT_BELOW or index.exact.lossy


def _is_due(index: FaissIndex) -> bool:
    """Whether there is something to measure, and it is not known of about so many rows."""
    size, alive = index.figures.get("size", 0), int(index.rows.alive.sum())
    return _is_searched(index) and (not size or abs(alive - size) > _MEASURED_FOR * size)


def _add(index: FaissIndex, ids: np.ndarray, stamps: np.ndarray, progress: Progress) -> None:
    """Append rows for these images, reading their vectors batch by batch."""
    seen = np.zeros(stamps.shape, bool)
    for part, rows in _read_ahead(index, ids):
        index.exact.append(rows)
        if index.structure is not None:
            reduced = index.reduction.rows(rows) if index.reduction else rows
            index.structure.add(reduced)
            if index.codes is not None:
                index.codes.append(reduced)
        for at, name in enumerate(index.dims):
            seen[part, at] = rows[:, index.columns(name)].any(axis=1)
        progress.advance(len(rows))
    index.rows = index.rows.changed(index.rows.alive, ids, stamps, seen)


def _read_ahead(index: FaissIndex, ids: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows step by step, the next ones read while the last are put in: reading keeps one core busy, and not the others."""
    parts = [slice(start, start + _STEP) for start in range(0, len(ids), _STEP)]
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        reading = [reader.submit(read_rows, index.library, index.dims, ids[part]) for part in parts[:1]]
        try:
            for part, following in zip(parts, [*parts[1:], None]):
                rows = reading.pop().result()
                if following is not None:
                    reading.append(reader.submit(read_rows, index.library, index.dims, ids[following]))
                yield part, rows
        finally:
            reader.submit(index.library.close)  # the connection that this thread opened


def _save(index: FaissIndex, rows_changed: bool = True, parts_changed: bool = False) -> None:
    rows = index.rows
    about = {
        "embeddings": index.embeddings,
        "dims": list(index.dims.values()),
        "options": asdict(index.options),
        "size": int(rows.alive.sum()),
        "learned_from": index.learned_from,
        "measured": index.figures,
        "generation": index.generation,
        "made_by": index.made_by,
        "holds": index.holds,
        "took": index.took,
    }
    arrays = {"ids": rows.ids, "stamps": rows.stamps, "alive": rows.alive, "seen": rows.seen}
    parts = store.Parts(index.structure, index.exact, index.reduction, index.codes) if parts_changed else None
    store.write(index.library, about, arrays if rows_changed else None, parts)
