"""The extractors that made a library's vectors, for pictures from outside; loaded once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from pipeline.embeddings import Extractor, opened
from pipeline.library import Library

_SAID = 512
"""Texts and palettes whose vectors are kept, a few kilobytes each."""


class Extractors:
    """Those of a library, kept while they are the current ones. Safe to share between threads."""

    def __init__(self, library: Library, device: str = "auto"):
        self.library, self._device = library, device
        self._lock = threading.Lock()
        self._kept: dict[str, Extractor | None] = {}
        self._said: OrderedDict[tuple, np.ndarray | None] = OrderedDict()

    def of(self, name: str) -> Extractor | None:
        """The extractor that made the library's current vectors of an embedding; None where none did."""
        current = self.library.embeddings()[name]
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or not (kept.fingerprint == current.extractor or kept.adopts(current.extractor)):
                kept = self._kept[name] = opened(self.library, name, self._device)
            return kept

    def vectors(self, names: Sequence[str], pixels: np.ndarray) -> dict[str, np.ndarray]:
        """What they make of a picture (h, w, 3) uint8 RGB: {name: (dim,) float32, norm 1 or 0}."""
        extractors = {name: self.of(name) for name in names}
        return {name: it.extract([pixels])[0] for name, it in extractors.items() if it is not None}

    def text(self, name: str, text: str) -> np.ndarray | None:
        """What an embedding makes of words: (dim,) float32 of norm 1, or None."""
        return self._remembered(name, text, lambda extractor: extractor.encode_text(text))

    def palette(self, name: str, colors: tuple[str, ...], shares: tuple[float, ...]) -> np.ndarray | None:
        """What an embedding makes of colors with shares that sum to 1: (dim,) float32 of norm 1, or None."""
        return self._remembered(name, (colors, shares), lambda extractor: extractor.encode_palette(colors, shares))

    def _remembered(self, name: str, what: Hashable, encode: Callable[[Extractor], np.ndarray | None]):
        """A text is asked for again with every page of its matches."""
        extractor = self.of(name)
        if extractor is None:
            return None
        key = (name, extractor.fingerprint, what)
        with self._lock:
            if key in self._said:
                self._said.move_to_end(key)
                return self._said[key]
        found = encode(extractor)
        with self._lock:
            self._said[key] = found
            while len(self._said) > _SAID:
                self._said.popitem(last=False)
        return found

    def warm_up(self, names: Sequence[str]) -> None:
        """Load the models, so that the first query does not wait for them."""
        gray = np.full((64, 64, 3), 128, np.uint8)
        self.vectors(names, gray)
        for name in names:
            self.text(name, "red")
