"""How exact searches by some weights are, measured once for an index and kept in memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from dashboard import figures
from dashboard.reads.reads import Reads
from pipeline.index import shares
from pipeline.quality.effort import Exactness, exactness

_KEPT = 200


class Exactnesses:
    """Of one library. Safe to share between threads; one is measured at a time."""

    def __init__(self, reads: Reads):
        self._reads = reads
        self._lock = threading.Lock()
        self._index: object = None
        self._known: OrderedDict[tuple, Exactness | None] = OrderedDict()

    def of(self, weights: Mapping[str, float], count: int) -> Exactness | None:
        """Of searches for so many images by these weights, of which proportions count; None where nothing counts."""
        if not any(weights.values()):
            return None
        index = self._reads.searcher.index()
        key = (count, *((name, round(share, 3)) for name, share in shares(weights, list(weights)).items()))
        with self._lock:
            if self._index is not index:
                self._index = index
                self._known.clear()
            if key not in self._known:
                self._known[key] = exactness(index, dict(weights), count)
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            return self._known[key]


def said(found: Exactness | None, exact: bool) -> str:
    """“99.8% of exact, 1.2 ms”; what an exact search takes where that is chosen."""
    if found is None:
        return ""
    if exact:
        return f"All compared: exact, {figures.span(found.exact_ms)}"
    share = f"{100 * found.recall:.1f}".removesuffix(".0")
    return f"{share}% of exact, {figures.span(found.ms)}"
