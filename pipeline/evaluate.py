"""Quality figures of a library whose images carry labels."""

from __future__ import annotations

import numpy as np

from pipeline import index as combined
from pipeline import maps
from pipeline.errors import LibraryError
from pipeline.library import Library
from pipeline.progress import Progress, Silent


def evaluate(library: Library, progress: Progress = Silent()) -> dict:
    """Precision@10 per embedding and of the combination, as `evaluate --json` prints it.

    precision@k is the share of an image's k nearest others (exact search, cosine) that
    carry its label, averaged over all labeled images. Also the chance level: the
    precision of random neighbors. Raises LibraryError when fewer than two labels exist.
    """
    labels = library.labels()
    if len(labels) < 2:
        raise LibraryError(
            "Precision needs labels: put the images into folders by class, at least two, and scan again."
        )
    index = combined.load(library)
    of_row = _labels_of_rows(library, index)
    names = [*index.embeddings, maps.COMBINED]
    progress.start("evaluate", len(names))
    figures = {}
    for name in names:
        rows = np.flatnonzero(index.alive & (of_row >= 0))
        figures[name] = {"precision_at_10": round(_precision(index, name, rows, of_row, 10), 4)}
        progress.advance()
    counts = np.bincount(of_row[of_row >= 0]).astype(float)
    total = counts.sum()
    chance = float((counts * (counts - 1)).sum() / (total * (total - 1)))
    whole = figures.pop(maps.COMBINED)
    return {"embeddings": figures, "combined": whole, "chance": round(chance, 4)}


def _labels_of_rows(library: Library, index: combined.CombinedIndex) -> np.ndarray:
    """Label number of each row of the index (n,) int64, −1 without one."""
    numbers = {label: number for number, label in enumerate(library.labels())}
    rows = library.images_by_id(index.ids.tolist())
    return np.array(
        [numbers.get(rows[i].label, -1) if i in rows else -1 for i in index.ids.tolist()], np.int64
    )


def _precision(index, name: str, rows: np.ndarray, of_row: np.ndarray, k: int) -> float:
    k = min(k, len(rows) - 1)
    nearest, _ = maps.neighbors(index, name, rows, k + 1)
    mine = of_row[rows]
    return float((mine[nearest[:, 1:]] == mine[:, None]).mean())
