"""Write a map as one HTML file: points, clusters with names, thumbnails under the pointer, a search by label.

Scripts, styles and pictures are inside; the file's own content security policy lets it load nothing.
"""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from html import escape
from pathlib import Path

import numpy as np

from dashboard.map_page.sheets import packed
from dashboard.marks import PALETTE
from dashboard.reads import cluster_colors
from pipeline import embeddings, maps
from pipeline.errors import SettingsError
from pipeline.export.wanted import Wanted, written
from pipeline.library import Library
from pipeline.maps import naming

MOST = 10_000
"""Pictures of a page; of a larger map an even draw, in which every cluster has its share."""

_HERE = Path(__file__).parent
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{hash}'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header><h1>{title}</h1><p id="told">{told}</p>
<input id="find" type="search" placeholder="Find a label, cluster or file" aria-label="Find a label, cluster or file" autocomplete="off"></header>
<nav id="clusters" aria-label="Clusters"></nav>
<main><canvas id="map" tabindex="0" role="img" aria-label="{title}: {told}"></canvas><div id="tip" hidden><canvas></canvas><p></p></div>
<p id="help">Wheel or pinch to zoom, drag to move, double click to see all</p></main>
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def write(library: Library, name: str, target: Path, wanted: Wanted = Wanted(), *, most: int = MOST) -> int:
    """Write a map's page; returns the pictures on it. Raises LibraryError where there is no such map."""
    chosen = maps.load(library, maps.known(library, name))
    at = _at(chosen, wanted.ids(library) if wanted.where or wanted.collection else None, most)
    if not len(at):
        raise SettingsError("None of these images has a place on this map.")
    ids = chosen.ids[at]
    title = "All combined" if name == maps.COMBINED else embeddings.about(name).title
    told = f"{len(chosen.ids):,} pictures in {chosen.clusters:,} clusters"
    told += f", {len(at):,} of them here" if len(at) < len(chosen.ids) else ""
    script = (_HERE / "map.js").read_text("utf-8")
    digest = base64.b64encode(sha256(script.encode()).digest()).decode()
    text = _PAGE.format(
        title=escape(f"{title} · Likeness"), told=escape(told), hash=f"sha256-{digest}", script=script,
        style=(_HERE / "map.css").read_text("utf-8"), data=_data(library, chosen, at, ids),
    )
    with written(target, "w", encoding="utf-8") as file:
        file.write(text)
    return len(at)


def _at(chosen: maps.Map, only: np.ndarray | None, most: int) -> np.ndarray:
    """The rows of a map that are shown, ascending."""
    at = np.arange(len(chosen.ids)) if only is None else np.flatnonzero(np.isin(chosen.ids, only))
    if len(at) <= most:
        return at
    by_cluster = at[np.argsort(chosen.cluster[at], kind="stable")]
    return np.sort(by_cluster[np.linspace(0, len(at) - 1, most).round().astype(int)])


def _data(library: Library, chosen: maps.Map, at: np.ndarray, ids: np.ndarray) -> str:
    """What the script draws, as JSON that may stand in a page."""
    rows = library.images_by_id(ids.tolist())
    labels = sorted({row.label for row in rows.values() if row.label})
    number = {label: code for code, label in enumerate(labels)}
    xy = chosen.xy[at]
    span = max(float(np.ptp(chosen.xy, axis=0).max()), 1e-9)
    places = ((xy - chosen.xy.min(axis=0)) / span * 65_535).round().astype(np.uint16)
    sheets = packed(library, ids)
    data = {
        "count": len(ids), "xy": _packed(places), "cluster": _packed(chosen.cluster[at].astype(np.int16)),
        "label": _packed(np.array([number.get(rows[i].label, -1) if i in rows else -1 for i in ids.tolist()], np.int16)),
        "files": [rows[i].shown if i in rows else "" for i in ids.tolist()], "labels": labels,
        "names": naming.called(library, chosen), "colors": [PALETTE[one] for one in cluster_colors.first(chosen)],
        "side": sheets.side, "columns": sheets.columns, "sizes": _packed(sheets.sizes),
        "sheets": [f"data:image/webp;base64,{base64.b64encode(one).decode()}" for one in sheets.files],
    }
    # No text may end the script that it stands in.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()).decode()
