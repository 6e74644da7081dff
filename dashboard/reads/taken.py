"""Images of a label whose neighbors carry another one: what stands behind a cell of the Quality page's table.

An address names them as [embedding, label, label of the neighbors], JSON.
"""

from __future__ import annotations

import json

import numpy as np

from dashboard.reads.reads import Reads
from pipeline.quality import kept


def text(embedding: str, label: str, said: str) -> str:
    """How an address names them."""
    return json.dumps([embedding, label, said], ensure_ascii=False, separators=(",", ":"))


def named(given: str) -> str:
    """What the set is called."""
    _, label, said = _read(given)
    return f"{label} near {said}" if label != said else f"{label} near its own"


def ids(reads: Reads, given: str) -> list[int]:
    """The images, those with most such neighbors first; none where nothing of the kind was measured."""
    embedding, label, said = _read(given)
    measured = kept.read(reads.library)
    told = (measured.figures.get("labels") or {}).get("names", []) if measured else []
    if said not in told or f"ids:{embedding}" not in measured.arrays:
        return []
    found, votes = measured.arrays[f"ids:{embedding}"], measured.arrays[f"votes:{embedding}"][:, told.index(said)].astype(int)
    own = np.array([one == label for one in reads.labels_of(found.tolist())], bool)
    behind = np.flatnonzero(own & (votes > 0))
    return found[behind[np.argsort(-votes[behind], kind="stable")]].tolist()


def _read(given: str) -> tuple[str, str, str]:
    try:
        embedding, label, said = json.loads(given)
    except (ValueError, TypeError, RecursionError):
        return "", "", ""
    return str(embedding), str(label), str(said)
