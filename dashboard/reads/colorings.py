"""What the points of a map can be colored by, each an array in drawing order.

Cluster and label travel with the map. The rest is asked for when it is chosen, and answers
with one number per point: categories by size, or figures on a scale from low to high.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from dashboard import components
from dashboard.figures import drawing_order, typed
from dashboard.reads import Reads, categories
from pipeline.errors import LikenessError
from pipeline.maps import Map, distortion
from pipeline.quality import agreement

CLUSTER, LABEL, FOLDER, DATE = "cluster", "label", "folder", "date"
AGREEMENT, DISTORTION = "agreement", "distortion"
NOTHING = 255
"""The figure of a point that nothing is known of; the scale has 0 to 254."""


def choices(reads: Reads) -> list[dict]:
    """The colorings as options of a select: {"label", "value", "disabled"}."""
    names = reads.embeddings()
    titles = components.titles_of(names)
    options = [
        ("Cluster", CLUSTER, True),
        ("Label", LABEL, bool(reads.library.labels())),
        ("Folder", FOLDER, True),
        ("Date of the file", DATE, True),
    ]
    if len(names) > 1:
        options.append(("Agreement of all embeddings" if len(names) > 2 else "Agreement", AGREEMENT, True))
    if len(names) > 2:
        options += [(f"Agreement: {titles[n]} with the others", f"{AGREEMENT}-{n}", True) for n in names]
    if names:
        options.append(("Distortion of the map", DISTORTION, True))
    return [{"label": text, "value": value, "disabled": not there} for text, value, there in options]


def answer(reads: Reads, name: str, by: str) -> dict | None:
    """A coloring for the browser, or None where the map itself says it.

    {"map", "by", "kind", "codes": typed, one per point in drawing order, "none": what a
    point without says}, and for categories "names": [[name, count]], largest first; for a
    scale "low", "high", "form" and a "note". {"map", "by", "error"} where it cannot be had.
    """
    if by in (CLUSTER, LABEL):
        return None
    shown = reads.map(name)
    try:
        found = _coloring(reads, shown, by)
    except LikenessError as error:
        return {"map": name, "by": by, "error": str(error)}
    found["codes"] = typed(found["codes"][drawing_order(shown.cluster)])
    return {"map": name, "by": by, **found}


def _coloring(reads: Reads, shown: Map, by: str) -> dict:
    """The coloring of a map's images in the order of their ids."""
    if by == FOLDER:
        names, codes = categories.coded(categories.folders(reads.library), shown.ids)
        return {"kind": "categories", "codes": codes, "names": names, "none": "no folder"}
    if by == DATE:
        return scale(_dates(reads, shown.ids), "date", "no date", "When the files were last changed.")
    if by == DISTORTION:
        found = distortion.distortion(reads.library, reads.searcher.index(), shown)
        note = "Of an image's ten nearest on the map, those that are not among its ten nearest in truth."
        return _shares(shown, found.ids, found.share, found.among, note)
    return _agreement(reads, shown, by)


def _agreement(reads: Reads, shown: Map, by: str) -> dict:
    """The mean over pairs of embeddings: all pairs, or those with the one named in `by`."""
    index = reads.searcher.index()
    one = by.removeprefix(AGREEMENT).lstrip("-")
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
    there = (table[at, 0] == ids) & (table[at, 1] > 0)
    return np.where(there, table[at, 1], np.nan)
