"""Quality figures of a library: what its embeddings, its index and its maps are worth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline import index as indexes
from pipeline import maps, settings
from pipeline.library import Library
from pipeline.progress import Progress, Silent
from pipeline.quality import effort, kept, kinds, labels, retrieval
from pipeline.quality.map_quality import quality
from pipeline.quality.retrieval import Rows
from pipeline.quality.robustness import rank1

QUERIES = 200
"""Images drawn as queries where each costs a search of its own; shares vary by some 2 points."""


def evaluate(
    library: Library, progress: Progress = Silent(), queries: int = QUERIES, seed: int = 0
) -> dict:
    """All figures, as `evaluate --json` prints them.

    {"embeddings": {name: {"precision_at_10", "map", "rank1": {transform: x}}},
    "combined": the same, "chance": precision@10 of random neighbors,
    "index": {"recall_at_10": {weights: x}},
    "effort": {weights: [{"effort", "recall", "ms"}]}, "kinds": [as of `kinds.beside`], "labels": {"names", "confusion": {name: rows}, "mistakes"},
    "maps": {name: {"trustworthiness", "continuity"}}, "agreement": {"a|b": x}}.
    All in [0, 1]. Without two labels precision_at_10, map and chance are left out and
    rank1 is {} where the extractor cannot be had; both are said. `queries` images, drawn
    by `seed`, are changed and searched for. What is found is kept (`kept`). Raises StaleIndexError without an index.
    """
    state, index = kept.state_of(library), indexes.load(library)
    if indexes.about(library)["stale"]:
        progress.say("The index is older than the vectors; bring it up to date with: python -m pipeline index")
    with threadpool_limits(settings.cores()):
        rows = retrieval.read(library, index)
        figures, chance, told, arrays = _by_label(library, rows, progress)
        found = rank1(library, rows, queries, seed, progress)
        for name, row in figures.items():
            row["rank1"] = {transform: _figure(x) for transform, x in found[name].items()}
        recall = retrieval.index_recall(index, rows, queries, seed, progress)
        whole = figures.pop(maps.COMBINED)
        measured = {
            "embeddings": figures,
            "combined": whole,
            **chance,
            "index": {"recall_at_10": {weights: _figure(x) for weights, x in recall.items()}} | _index(index),
            "effort": effort.curves(index, rows, seed, progress),
            "kinds": kinds.beside(index, rows, _measured_before(library), seed),
            "labels": told,
            "maps": _maps(library, rows, progress),
            "agreement": _agreement(rows, progress),
        }
    kept.keep(library, measured, arrays, state, len(rows.ids))
    return measured


def _index(index: indexes.Index) -> dict:
    """What is measured, and how much room it takes on the disk, where it is a file or a folder of them."""
    return {"type": index.state.options.type, "storage": index.state.options.storage, "bytes": kinds.room(index)}


def _measured_before(library: Library) -> list[dict]:
    found = kept.read(library)
    return found.figures.get("kinds", []) if found else []


def _figure(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _by_label(library: Library, rows: Rows, progress: Progress) -> tuple[dict, dict, dict, dict]:
    """{embedding or `combined`: precision and mAP}, {"chance"}, what labels say of neighbors, and the arrays that
    it rests on; all empty without labels."""
    figures: dict[str, dict] = {name: {} for name in rows.columns}
    told: dict = {}
    arrays: dict[str, np.ndarray] = {}
    numbers = {label: number for number, label in enumerate(library.labels())}
    if len(numbers) < 2:
        progress.say("Without precision and mAP: these need images in folders by class, at least two.")
        return figures, {}, told, arrays
    found = library.images_by_id(rows.ids.tolist())
    given = np.array([numbers.get(found[i].label, -1) if i in found else -1 for i in rows.ids.tolist()], np.int64)
    told = {"names": list(numbers), "confusion": {}}
    progress.start("labels", len(figures))
    for name, row in figures.items():
        mine = np.flatnonzero((given >= 0) & rows.present[name])
        if len(mine) > 1:
            vectors, own = rows.of(name)[mine], given[mine]
            precision, average = retrieval.label_figures(vectors, own)
            row |= {"precision_at_10": _figure(precision), "map": _figure(average)}
            votes = labels.votes(vectors, own, len(numbers))
            arrays |= {f"ids:{name}": rows.ids[mine][votes.at], f"votes:{name}": votes.counts}
            told["confusion"][name] = labels.confusion(votes, own).round(4).tolist()
            if name == maps.COMBINED:
                at, said, often = labels.mistakes(votes, own)
                arrays["mistakes"] = np.stack([rows.ids[mine][at], own[at], said, often], axis=1)
                told |= {"mistakes": len(at), "asked": len(votes.at)}
        progress.advance()
    labeled = given[given >= 0]
    return figures, {"chance": _figure(retrieval.chance(labeled))} if len(labeled) > 1 else {}, told, arrays


def _maps(library: Library, rows: Rows, progress: Progress) -> dict[str, dict]:
    """Trustworthiness and continuity of each 2-D map whose vectors the index has."""
    names = [name for name in maps.names(library) if name in rows.columns]
    progress.start("maps", len(names))
    figures = {}
    for name in names:
        saved = maps.load(library, name)
        at = rows.positions(saved.ids)
        judged = quality(rows.of(name)[at[at >= 0]], saved.xy[at >= 0]) or (None, None)
        figures[name] = dict(zip(("trustworthiness", "continuity"), map(_figure, judged)))
        progress.advance()
    return figures


def _agreement(rows: Rows, progress: Progress) -> dict[str, float | None]:
    pairs = list(combinations(rows.names, 2))
    progress.start("agreement", len(pairs))
    figures = {}
    for first, second in pairs:
        figures[f"{first}|{second}"] = _figure(retrieval.shared(rows.of(first), rows.of(second)))
        progress.advance()
    return figures


def as_text(figures: dict) -> str:
    """What `evaluate` gives as aligned tables, each under a line that explains it."""
    found = {**figures["embeddings"], "combined": figures["combined"]}
    by_label = {}
    if "chance" in figures:
        for name, row in found.items():
            by_label[name] = {"precision@10": row.get("precision_at_10"), "mAP": row.get("map")}
        by_label["by chance"] = {"precision@10": figures["chance"]}
    changed = {name: row["rank1"] for name, row in found.items() if row["rank1"]}
    recall = {weights: {"recall@10": x} for weights, x in figures["index"]["recall_at_10"].items()}
    beside = {
        f"{one['type']} {one['storage']}": {
            "build s": one["build_s"], "MB": one["bytes"] and one["bytes"] / 1e6, "recall@10": one["recall_at_10"], "query ms": one["query_ms"],
        }
        for one in figures["kinds"]
    }  # fmt: skip
    shared = {pair.replace("|", " and "): {"shared": x} for pair, x in figures["agreement"].items()}
    tables = [
        _table("Labels: the share of the 10 nearest with the same label, and the mean average precision "
               "of the whole ranking", by_label),
        _table("Changed copies: how often the original comes first (exact search)", changed),
        _table("Index: the share of the 10 true neighbors it finds by itself, by weights; a small library "
               "is scanned instead", recall),
        _table("Kinds of index that were built here and measured, by the usual weights", beside),
        _table("Maps: how far neighbors on the map are true ones, and true neighbors are so on the map",
               figures["maps"]),
        _table("Agreement: the share of the 10 nearest by one embedding that the other names, too", shared),
    ]
    return "\n\n".join(table for table in tables if table)


def _table(title: str, rows: dict[str, dict[str, float | None]]) -> str:
    """A title and aligned columns, those of the first row; nothing without rows."""
    if not rows:
        return ""
    columns = list(next(iter(rows.values())))
    first = max(12, *(len(name) for name in rows))
    lines = [title, "  " + " " * first + "".join(f"{column:>17}" for column in columns)]
    for name, row in rows.items():
        cells = (row.get(column) for column in columns)
        lines.append(f"  {name:<{first}}" + "".join(f"{'–' if x is None else f'{x:.3f}':>17}" for x in cells))
    return "\n".join(lines)
