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
from dashboard.reads import Reads, categories
from pipeline.errors import LikenessError
from pipeline.maps import Map, distortion
from pipeline.quality import agreement

CLUSTER, LABEL, FOLDER, DATE = "cluster", "label", "folder", "date"
AGREEMENT, DISTORTION, OTHER_MAP = "agreement", "distortion", "map"
NOTHING = 255
"""The figure of a point that nothing is known of; the scale has 0 to 254."""


@dataclass(frozen=True)
class Coloring:
    """values(reads, map, which): what each image of a map is colored by, in the order of ids.

    {"kind": "categories", "codes": (n,) int16, −1 for none, "names": [[name, count]], largest
    first, "none": what an image without says}, or {"kind": "scale", "codes": (n,) uint8,
    "low", "high", "form", "none", "note"}. Raises LikenessError where it cannot be had.

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
    return {"kind": "categories", "codes": codes, "names": names, "none": "in no cluster"}


def _distortion(reads: Reads, shown: Map, _: str) -> dict:
    found = distortion.distortion(reads.library, reads.searcher.index(), shown)
    note = "Of an image's ten nearest on the map, those that are not among its ten nearest in truth."
    return _shares(shown, found.ids, found.share, found.among, note)


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
    """Figures (n,) float64 as 0–254 from the lowest to the highest; NaN as NOTHING."""
    known = np.isfinite(values)
    least = low if low is not None else float(values[known].min()) if known.any() else 0.0
    most = float(values[known].max()) if known.any() else least
    codes = np.full(len(values), NOTHING, np.uint8)
    codes[known] = np.round((values[known] - least) / ((most - least) or 1.0) * (NOTHING - 1))
    return {
        "kind": "scale", "codes": codes, "low": least, "high": most, "form": form, "none": none, "note": note,
    }


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
    OTHER_MAP: Coloring(_clusters_of, lambda reads: []),  # Compare asks for it
}
