"""The extractors that made a library's vectors, for pictures from outside; loaded once."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from pipeline.embeddings import Extractor, opened
from pipeline.library import Library


class Extractors:
    """Those of a library, kept while they are the current ones. Safe to share between threads."""

    def __init__(self, library: Library, device: str = "auto"):
        self._library, self._device = library, device
        self._lock = threading.Lock()
        self._kept: dict[str, Extractor | None] = {}

    def of(self, name: str) -> Extractor | None:
        """The extractor that made the library's current vectors of an embedding; None where none did."""
        current = self._library.embeddings()[name]
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or not (kept.fingerprint == current.extractor or kept.adopts(current.extractor)):
                kept = self._kept[name] = opened(self._library, name, self._device)
            return kept

    def vectors(self, names: Sequence[str], pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What they make of a picture (h, w, 3) uint8 RGB: {name: (dim,) float32, norm 1 or 0}."""
        extractors = {name: self.of(name) for name in names}
        return {name: it.extract([pixels])[0] for name, it in extractors.items() if it is not None}

    def warm_up(self, names: Sequence[str]) -> None:
        """Load the models, so that the first query does not wait for them."""
        gray = np.full((64, 64, 3), 128, np.uint8)
        self.vectors(names, gray)
