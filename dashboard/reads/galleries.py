"""What a gallery asks of the pictures it shows: their order, their shapes, what is known of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.reads import Called, Reads, table
from pipeline import appearance, columns, outliers
from pipeline.errors import QueryError
from pipeline.library import ImageRow, notes
from pipeline.library.facts import KNOWN
from pipeline.search import Filter, diversity, metrics

AS_GIVEN = "given"
TYPICAL, UNUSUAL, VARIED, ALONE = "typical", "unusual", "varied", "outliers"
SORTS = {
    AS_GIVEN: "As found", TYPICAL: "Most typical", UNUSUAL: "Least typical", ALONE: "Outliers", VARIED: "Most varied", "date": "Newest", "oldest": "Oldest",
    "name": "Name", "size": "Largest file", "rating": "Rating",
    "blurred": "Blurriest", "dark": "Darkest", "bright": "Brightest",
}
"""By the name in addresses; what each is called on the screen. Those of outliers of one kind: see `kinds_of_outliers`."""

_LOOKS = {"blurred": "sharpness", "dark": "brightness", "bright": "brightness"}
"""Orders by a figure of how pictures look."""
_TO_LOOK, _TO_FIND_OUTLIERS = "python -m pipeline embed", "python -m pipeline map"
_UPWARD = ("oldest", "blurred", "dark")
FACTS_AT_ONCE = 200
"""Images that are told of in one answer: some screens full."""
_MOST_COMPARED = 20_000
"""Images of which the most typical are found: of more, comparing takes seconds."""
_MOST_AVERAGED = 2_000
_VARIED = 200
"""So many come first that are unlike one another; the others follow as they were."""
_VARIED_AMONG = 2_000
"""Images, drawn evenly, that these are chosen from: half a second of the processor."""
_LONG = 300  # characters of a fact: a prompt may be a page


def among(reads: Reads, ids: np.ndarray | None, asked: Mapping[str, str]) -> np.ndarray:
    """Those of some images, (n,) int64 in any order, that are there and meet the conditions `where`
    of an address; without ids, of the set that it names (`table.SETS`), or of all images."""
    known, rows = table.chosen(reads, {} if ids is not None else asked, asked.get("where", ""), ())
    there = known.ids[rows]
    return there if ids is None else ids[np.isin(ids, there)]


def ordered(reads: Reads, ids: np.ndarray, by: str, weights: dict[str, float] | None = None) -> np.ndarray:
    """Images (n,) int64 in another order; those of which nothing is known come last, and what is
    alike stays as it was. weights: what the most typical are found by; None: as a search does.

    Raises QueryError for an order there is not, and for one by what nobody has looked for yet.
    """
    if by not in SORTS and by not in (known := orders(reads)):
        raise QueryError(f"Pictures are not sorted by “{by}”; there are: {', '.join(known)}.")
    by, _, kind = by.partition(":")
    if by == AS_GIVEN or not len(ids):
        return ids
    if by in (TYPICAL, UNUSUAL):
        return _by_likeness(reads, ids, by == UNUSUAL, weights)
    if by == VARIED:
        return _varied(reads, ids, weights)
    if by == ALONE:
        return ids[np.argsort(-_apart(reads, ids, kind or next(iter(weights or ()), None)), kind="stable")]
    if by == "name":
        return ids[sorted(range(len(ids)), key=_names(reads, ids).__getitem__)]
    figures = _figures(reads, ids, by)
    return ids[np.argsort(figures if by in _UPWARD else -figures, kind="stable")]  # NaN is last


def orders(reads: Reads) -> list[str]:
    """The orders that there are in a library, by their names in addresses."""
    return [*SORTS, *(f"{ALONE}:{kind}" for kind in kinds_of_outliers(reads))]


def kinds_of_outliers(reads: Reads) -> list[str]:
    """What outliers are told apart by, as the condition `outlier=` has it: the title of each embedding of which
    distances are known. `outliers:TITLE` is the order by one alone."""
    return [one.title for one in outliers.kept(reads.library)]


def varied(reads: Reads, ids: np.ndarray, count: int) -> np.ndarray:
    """So many of images (n,) int64 that stand for all of them, in the order in which they are given."""
    return ids[np.isin(ids, diversity.varied(reads.searcher.index(), ids, count))]


def shapes(reads: Reads, ids: np.ndarray) -> np.ndarray:
    """Width by height of images (n,), in thousandths, uint16; 0 where it is not known."""
    found = reads.library.db.execute("SELECT id, width, height FROM images WHERE width > 0 AND height > 0 ORDER BY id")
    rows = np.array(found.fetchall() if len(ids) > FACTS_AT_ONCE else _few(reads, ids), np.int64).reshape(-1, 3)
    at = np.searchsorted(rows[:, 0], ids).clip(max=max(0, len(rows) - 1))
    if not len(rows):
        return np.zeros(len(ids), np.uint16)
    ratio = np.where(rows[at, 0] == ids, 1000 * rows[at, 1] / rows[at, 2], 0)
    return ratio.clip(max=65_535).astype(np.uint16)


def shape_of(reads: Reads, ids: Sequence[int]) -> dict[int, int]:
    """Image → its shape, as `shapes` has it."""
    return dict(zip(ids, shapes(reads, np.array(ids, np.int64)).tolist()))


def _few(reads: Reads, ids: np.ndarray) -> list[tuple[int, int, int]]:
    rows = reads.library.images_by_id(ids.tolist())
    return [(one, rows[one].width, rows[one].height) for one in sorted(rows) if rows[one].width and rows[one].height]


def told(reads: Reads, ids: Sequence[int]) -> list[dict]:
    """What is known of some images, for cards and the viewer: [{"id", "name", "label", "path",
    "pixels", "bytes", "modified", "tags", "collections", "rated": the word on it by itself (1, 0 or −1),
    "facts": [[title, value]]}]."""
    ids = list(ids)[:FACTS_AT_ONCE]
    library = reads.library
    rows = library.images_by_id(ids)
    called = reads.called(ids)
    tags, kept = notes.tags_of(library, ids), notes.collections_among(library, ids)
    said = library.facts.of_images(ids)
    rated = {one.image_id: one.value for one in notes.ratings(library, notes.BY_ITSELF)}
    return [
        _about(rows[one], called[one], tags.get(one, []), kept.get(one, []), said[one].values if one in said else {})
        | {"rated": rated.get(one, 0)}
        for one in ids if one in rows
    ]


def _about(row: ImageRow, called: Called, tags: list[str], kept: list[str], facts: dict) -> dict:
    values = [
        [KNOWN[name].title if name in KNOWN else name.partition(".")[2], _text(value)]
        for name, value in facts.items()
    ]
    return {
        "id": row.id, "name": called.name, "label": row.label or "", "path": called.path,
        "pixels": [row.width, row.height] if row.width and row.height else None, "bytes": row.size,
        "modified": row.mtime, "tags": tags, "collections": kept, "facts": values,
    }


def _text(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]} …"


def _figures(reads: Reads, ids: np.ndarray, by: str) -> np.ndarray:
    """What images (n,) are sorted by, float64, NaN where it is not known."""
    if by == "size":
        return _column(reads, ids, "size")
    if by in _LOOKS:
        looks = appearance.at_hand(reads.library).of(ids, _LOOKS[by])
        if np.isnan(looks).all():
            raise QueryError(f"How sharp and how bright these pictures are is not known yet. To find it: {_TO_LOOK}")
        return looks
    if by == "rating":  # one's own words before the stars that files have, which are 5 at most
        words = {one.image_id: one.value for one in notes.ratings(reads.library)}
        return np.nan_to_num(_fact(reads, ids, "rating")) + 10.0 * np.array([words.get(one, 0) for one in ids.tolist()])
    # When it was taken, where the file says so; else the file's own date.
    taken = _fact(reads, ids, "taken")
    return np.where(np.isnan(taken), _column(reads, ids, "date"), taken)


def _column(reads: Reads, ids: np.ndarray, name: str) -> np.ndarray:
    """What a column of figures says of images (n,): float64, NaN where nothing, or one is gone by now."""
    known = columns.of(reads.library).now()
    at, there = _rows_of(known, ids)
    return np.where(there, known.values(name).values[at], np.nan) if len(known) else np.full(len(ids), np.nan)


def _rows_of(known: columns.Table, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows (n,) of images, and which of them are there, (n,) bool: others may have forgotten some."""
    at = np.searchsorted(known.ids, ids).clip(max=max(0, len(known) - 1))
    return at, known.ids[at] == ids if len(known) else np.zeros(len(ids), bool)


def _apart(reads: Reads, ids: np.ndarray, name: str | None) -> np.ndarray:
    """How far images (n,) are from all others, see `outliers.far`."""
    found = outliers.far(reads.library, ids, name)
    if np.isnan(found).all():
        raise QueryError(f"How far these pictures are from all others is not known yet. To find it: {_TO_FIND_OUTLIERS}")
    compared = [len(one.ids) for one in outliers.kept(reads.library) if name in (None, one.name, one.title)]
    if max(compared) < outliers.LEAST:
        raise QueryError(f"Of fewer than {outliers.LEAST} pictures none is called an outlier.")
    return found


def _fact(reads: Reads, ids: np.ndarray, name: str) -> np.ndarray:
    known, values = reads.library.facts.column(name)
    if not len(known):
        return np.full(len(ids), np.nan)
    at = np.searchsorted(known, ids).clip(max=len(known) - 1)
    return np.where(known[at] == ids, values.astype(np.float64)[at], np.nan)


def _names(reads: Reads, ids: np.ndarray) -> list[tuple]:
    """What images are sorted by name with: the file's, figures in it as numbers; then its folder."""
    known = columns.of(reads.library).now()
    paths = known.values("file").texts
    keys = []
    for at, there in zip(*map(np.ndarray.tolist, _rows_of(known, ids))):
        folder, _, name = (there and paths[at] or "").casefold().rpartition("/")
        parts = re.split(r"(\d+)", name)
        keys.append(([(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts], folder))
    return keys


def _by_likeness(reads: Reads, ids: np.ndarray, unusual: bool, weights: dict[str, float] | None) -> np.ndarray:
    """From the most like the average of the images to the least, or the other way."""
    if len(ids) > _MOST_COMPARED:
        raise QueryError(f"The most typical are found among {_MOST_COMPARED:,} pictures at most; narrow them first.")
    some = _evenly(ids, _MOST_AVERAGED)
    searcher = reads.searcher.held()
    index = searcher.index()
    mean = {name: vector for name, vector in searcher.mean(some.tolist()).items() if name in index.dims}
    counted = {name: weight for name, weight in metrics.weights_of(index.embeddings, weights).items() if weight and name in mean}
    if not counted:
        return ids  # nothing is known to compare by
    found = index.search(mean, counted, len(ids), Filter(ids=tuple(ids.tolist())), exact=True).ids
    found = found[found >= 0]
    rest = ids[~np.isin(ids, found)]
    return np.concatenate([found[::-1] if unusual else found, rest])


def _varied(reads: Reads, ids: np.ndarray, weights: dict[str, float] | None) -> np.ndarray:
    """First those that are as unlike one another as can be, by one embedding or by all as usual."""
    index = reads.searcher.index()
    name = next(iter(weights)) if weights else None
    some = _evenly(ids[np.isin(ids, index.ids(name))], _VARIED_AMONG)
    first = some[diversity.farthest_first(index.vectors(some, name), _VARIED)]
    return np.concatenate([first, ids[~np.isin(ids, first)]])


def _evenly(ids: np.ndarray, most: int) -> np.ndarray:
    return ids[np.linspace(0, len(ids) - 1, min(len(ids), most)).astype(int)]
