"""What the points of a map can be colored by: one number per point.

`COLORINGS` is the registry: an entry says how it is called, where it is offered, and what it
says of a map's images, in the order of their ids. Numbers are codes of categories by size, or
figures on a scale from low to high. The clusters and labels of a map travel with it; the
browser asks for the others when they are chosen (dashboard/routes/maps.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from dashboard import components
from dashboard.marks import drawing_order
from dashboard.reads import Reads, categories, cluster_colors
from pipeline import columns, settings
from pipeline.columns.categories import Categories
from pipeline.columns.values import TEXT
from pipeline.errors import LikenessError
from pipeline.maps import Map, distortion
from pipeline.quality import agreement

CLUSTER, LABEL, FOLDER, DATE = "cluster", "label", "folder", "date"
AGREEMENT, DISTORTION, OTHER_MAP, COLUMN = "agreement", "distortion", "map", "column"
NOTHING = 255
"""The figure of a point that nothing is known of; the scale has 0 to 254."""
_NARROW = 0.25
"""Share of a scale that the middle nine tenths of the images must have, else colors go by rank."""
_MARKS = 17
_AROUND = 5  # measured images that say of the places between them


@dataclass(frozen=True)
class Coloring:
    """values(reads, map, which): what each image of a map is colored by, in the order of ids.

    {"kind": "categories", "codes": (n,) int16, −1 for none, "names": [[name, count]], largest
    first, "none": what an image without says, "colors": numbers in the palette by code, where they
    are not the codes themselves}, or {"kind": "scale", "codes": (n,) uint8,
    "low", "high", "form", "none", "note"}, with "marks" where its steps are not even. Raises LikenessError where it cannot be had.

    offered(reads): (which, title) of each choice, "" for the coloring itself; none where
    there is nothing to say. An address names one as NAME or NAME-WHICH.
    """

    values: Callable[[Reads, Map, str], dict]
    offered: Callable[[Reads], list[tuple[str, str]]]


def choices(reads: Reads) -> list[dict]:
    """The colorings as options of a select: {"label", "value", "disabled"}."""
    options = [{"label": "Cluster", "value": CLUSTER, "disabled": False}]
    for name, coloring in COLORINGS.items():
        offered = coloring.offered(reads)
        options += [
            {"label": title, "value": f"{name}-{which}" if which else name, "disabled": False}
            for which, title in offered
        ]
        if name == LABEL and not offered:  # people look for it: it is shown that there is none
            options.append({"label": "Label", "value": LABEL, "disabled": True})
    return options


def coloring(reads: Reads, name: str, by: str) -> dict:
    """What a coloring says of a map's points, in drawing order: `Coloring.values` with "by".

    Raises LikenessError where there is no such map or coloring, or it cannot be had.
    """
    kind, _, which = by.partition("-")
    if kind not in COLORINGS:
        raise LikenessError("A map cannot be colored by that.")
    shown = reads.map(name)
    found = COLORINGS[kind].values(reads, shown, which)
    return {**found, "by": by, "codes": found["codes"][drawing_order(shown.cluster)]}


def _labels(reads: Reads, shown: Map, which: str) -> dict:
    """Numbered by size on this map, or as they are on another one."""
    groups = categories.labels(reads.library)
    order = [name for name, _ in categories.coded(groups, reads.map(which).ids)[0]] if which else []
    names, codes = categories.coded(groups, shown.ids, order)
    return {"kind": "categories", "codes": codes, "names": names, "none": "no label"}


def _folders(reads: Reads, shown: Map, _: str) -> dict:
    names, codes = categories.coded(categories.folders(reads.library), shown.ids)
    return {"kind": "categories", "codes": codes, "names": names, "none": "no folder"}


def _dated(reads: Reads, shown: Map, _: str) -> dict:
    return scale(_dates(reads, shown.ids), "date", "no date", "When the files were last changed.")


def _clusters_of(reads: Reads, shown: Map, which: str) -> dict:
    """The clusters of another map. Their names are another question: a person may change them."""
    owner = reads.map(which)
    at = np.searchsorted(owner.ids, shown.ids).clip(max=max(0, len(owner.ids) - 1))
    codes = np.where(owner.ids[at] == shown.ids, owner.cluster[at], -1).astype(np.int16)
    sizes = np.bincount(codes[codes >= 0], minlength=owner.clusters).tolist()
    names = [[f"Cluster {number + 1}", size] for number, size in enumerate(sizes)]
    colors = cluster_colors.first(owner).tolist()
    return {"kind": "categories", "codes": codes, "names": names, "none": "in no cluster", "colors": colors}


def _distortion(reads: Reads, shown: Map, _: str) -> dict:
    """By the distortion of each; an image of a large map that was not asked about has that of those around it."""
    found = distortion.distortion(reads.library, reads.searcher.index(), shown)
    note = "Of an image's ten nearest on the map, those that are not among its ten nearest in truth."
    if len(found.ids) in (0, found.among):
        return _shares(shown, found.ids, found.share, found.among, note)
    note += f" Measured for {len(found.ids):,} of {found.among:,} images; each other has the mean of the {_AROUND} measured around it."
    return scale(_spread(shown, found.ids, found.share), "percent", "not measured", note, low=0.0)


def _spread(shown: Map, ids: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The share of each image (n,) float64: of those in ids its own, else the mean of the nearest of these on the map."""
    from scipy.spatial import KDTree

    measured = np.searchsorted(shown.ids, ids)
    near = KDTree(shown.xy[measured]).query(shown.xy, min(_AROUND, len(ids)), workers=settings.cores())[1]
    values = share[near.reshape(len(shown.ids), -1)].mean(axis=1, dtype=np.float64)
    values[measured] = share
    return values


def _agreement(reads: Reads, shown: Map, one: str) -> dict:
    """The mean over pairs of embeddings: all pairs, or those with one."""
    index = reads.searcher.index()
    pairs = [pair for pair in combinations(index.embeddings, 2) if not one or one in pair]
    if not pairs:
        raise LikenessError("There is nothing to agree with: this needs two embeddings in the index.")
    total, counted, among = np.zeros(len(shown.ids)), np.zeros(len(shown.ids)), 0
    for pair in pairs:
        found = agreement.compare(reads.library, index, *pair)
        at = np.searchsorted(shown.ids, found.ids).clip(max=len(shown.ids) - 1)
        there = shown.ids[at] == found.ids
        total[at[there]] += found.share[there]
        counted[at[there]] += 1
        among = max(among, found.among)
    known = np.flatnonzero(counted)
    note = "Of an image's ten nearest by one embedding, those that the other names too."
    return _shares(shown, shown.ids[known], total[known] / counted[known], among, note)


def _shares(shown: Map, ids: np.ndarray, share: np.ndarray, among: int, note: str) -> dict:
    """Shares (n,) of some images on a scale from 0 to the largest; says where they are a sample."""
    values = np.full(len(shown.ids), np.nan)
    values[np.searchsorted(shown.ids, ids)] = share
    if len(ids) < among:
        note += f" Measured for {len(ids):,} of {among:,} images; the others are gray."
    return scale(values, "percent", "not measured", note, low=0.0)


def scale(values: np.ndarray, form: str, none: str, note: str, low: float | None = None) -> dict:
    """Figures (n,) float64 as 0–254 from the lowest to the highest; NaN as NOTHING.

    Where most images lie within a narrow part of the scale, it goes by rank: as many images at
    each step, and "marks" has the figures at 17 even steps from 0 to 254.
    """
    known = np.isfinite(values)
    least = low if low is not None else float(values[known].min()) if known.any() else 0.0
    most = float(values[known].max()) if known.any() else least
    codes = np.full(len(values), NOTHING, np.uint8)
    found = {
        "kind": "scale", "codes": codes, "low": least, "high": most, "form": form, "none": none, "note": note,
    }
    if known.any() and np.subtract(*np.quantile(values[known], [0.95, 0.05])) < _NARROW * (most - least):
        codes[known] = np.round(_ranks(values[known]) * (NOTHING - 1))
        marks = np.quantile(values[known], np.linspace(0, 1, _MARKS)).tolist()
        return {**found, "low": marks[0], "marks": marks, "note": f"{note} Each color has equally many images.".strip()}
    codes[known] = np.round((values[known] - least) / ((most - least) or 1.0) * (NOTHING - 1))
    return found


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks (n,) as shares 0–1; equal values have the middle of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return ((ends - (counts + 1) / 2) / max(1, len(values) - 1))[place]


def _column(reads: Reads, shown: Map, name: str) -> dict:
    """A column of what is known of images (pipeline/columns). Of several names of an image, the rarest."""
    table = columns.of(reads.library).now()
    column, values = table.column(name), table.values(name)
    at = np.searchsorted(table.ids, shown.ids).clip(max=max(0, len(table) - 1))
    there = table.ids[at] == shown.ids if len(table) else np.zeros(len(shown.ids), bool)
    none = f"no {column.called}"
    if not isinstance(values, Categories):
        figures = np.where(there, values.values[at], np.nan) if len(table) else np.full(len(shown.ids), np.nan)
        form = "date" if values.dates else "bytes" if name == "size" else "number"
        return scale(figures, form, none, f"{column.title}.")
    rows = np.arange(len(values.codes)) if values.rows is None else values.rows
    rank = np.argsort(-np.bincount(values.codes[values.codes >= 0], minlength=len(values.names)), kind="stable")
    place = np.empty(len(rank), np.int64)
    place[rank] = np.arange(len(rank))
    best = np.full(len(table), -1)
    known = values.codes >= 0
    np.maximum.at(best, rows[known], place[values.codes[known]])
    codes = np.where(there, best[at], -1) if len(table) else np.full(len(shown.ids), -1)
    counts = np.bincount(codes[codes >= 0], minlength=len(rank))
    order = np.argsort(-counts, kind="stable")  # numbered by their size on this map
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    codes = np.where(codes >= 0, numbers[codes], -1).clip(max=np.iinfo(np.int16).max).astype(np.int16)
    names = [[str(values.names[rank[one]]), int(counts[one])] for one in order if counts[one]]
    return {"kind": "categories", "codes": codes, "names": names, "none": none}


def _columns(reads: Reads) -> list[tuple[str, str]]:
    """Those that have no coloring of their own; a text has no color."""
    return [
        (name, column.title) for name, column in columns.known(reads.library).items()
        if name not in (LABEL, FOLDER, DATE) and column.kind != TEXT and column.offered(reads.library)
    ]


def _dates(reads: Reads, ids: np.ndarray) -> np.ndarray:
    """When files were last changed, seconds since 1970: (n,) float64, NaN where it is not known."""
    rows = reads.library.db.execute("SELECT id, mtime FROM images ORDER BY id").fetchall()
    table = np.array(rows, np.float64).reshape(-1, 2)
    at = np.searchsorted(table[:, 0], ids).clip(max=max(0, len(table) - 1))
    there = (table[at, 0] == ids) & (table[at, 1] > 0) & (table[at, 1] < 253_402_300_800)  # the year 10,000
    return np.where(there, table[at, 1], np.nan)


def _offers_agreement(reads: Reads) -> list[tuple[str, str]]:
    names = reads.embeddings()
    if len(names) < 2:
        return []
    if len(names) == 2:
        return [("", "Agreement")]
    titles = components.titles_of(names)
    return [("", "Agreement of all embeddings"), *((n, f"Agreement: {titles[n]} with the others") for n in names)]


def _always(title: str) -> Callable[[Reads], list[tuple[str, str]]]:
    return lambda reads: [("", title)]


COLORINGS = {
    LABEL: Coloring(_labels, lambda reads: [("", "Label")] if reads.library.labels() else []),
    FOLDER: Coloring(_folders, _always("Folder")),
    DATE: Coloring(_dated, _always("Date of the file")),
    AGREEMENT: Coloring(_agreement, _offers_agreement),
    DISTORTION: Coloring(
        _distortion, lambda reads: [("", "Distortion of the map")] if reads.embeddings() else []
    ),
    COLUMN: Coloring(_column, _columns),
    OTHER_MAP: Coloring(_clusters_of, lambda reads: []),  # Compare asks for it
}
