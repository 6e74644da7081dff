"""The index that searches ask: loaded once, anew when another was saved, the library's own where a server does not answer."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from pipeline import index as indexes
from pipeline.errors import IndexUnreachableError, LikenessError
from pipeline.index import Index
from pipeline.library import Library
from pipeline.search.scale import Sample

_AGAIN, _REFUSED = 60.0, 5.0
"""Seconds after which an engine that did not answer is asked again: while the library's own index answers for it, and
where there is none."""


class LoadedIndex:
    """Safe to share between threads."""

    def __init__(self, library: Library):
        self._library = library
        self._lock = threading.Lock()
        self._kept: tuple[Index, Sample] | None = None
        self._version: object = None
        self._refused: IndexUnreachableError | None = None
        self._again = 0.0  # when what did not answer is asked again

    def now(self) -> tuple[Index, Sample]:
        """The index as it is saved now, and a sample of its rows. Raises StaleIndexError where there is none,
        IndexUnreachableError where its server does not answer and the library has none of its own."""
        with self._lock:
            version = indexes.version(self._library)
            if self._kept is None or version != self._version or not self._kept[0].answers:
                self._load(version)
            elif self._kept[0].engine != indexes.chosen(self._library) and time.monotonic() >= self._again:
                self._again = time.monotonic() + _AGAIN
                threading.Thread(target=self._return, args=[version], name="index", daemon=True).start()
            return self._kept

    def held(self) -> HeldIndex:
        """The one there is now, to go on with."""
        return HeldIndex(self)

    def _load(self, version: object) -> None:
        """Load what is saved. Where nothing answers, all who ask within some seconds are told so at once."""
        if self._refused and version == self._version and time.monotonic() < self._again:
            raise self._refused
        self._kept, self._version, self._refused = None, version, None
        try:
            index = indexes.load(self._library)
        except IndexUnreachableError as error:
            self._refused, self._again = error, time.monotonic() + _REFUSED
            raise
        self._kept, self._again = (index, Sample(index)), time.monotonic() + _AGAIN

    def _return(self, version: object) -> None:
        """Go back from the library's own index to the engine that did not answer, if it does now. Nobody waits for it."""
        with suppress(LikenessError):
            index = indexes.load(self._library)
            if index.engine == indexes.chosen(self._library):
                kept = index, Sample(index)
                with self._lock:
                    self._kept, self._version = kept, version


class HeldIndex:
    """One index, whatever is saved meanwhile; another one only where it does not answer any more."""

    def __init__(self, loaded: LoadedIndex):
        self._loaded, self._kept = loaded, loaded.now()

    def now(self) -> tuple[Index, Sample]:
        """As `LoadedIndex.now`."""
        if not self._kept[0].answers:
            self._kept = self._loaded.now()
        return self._kept

    def held(self) -> HeldIndex:
        """It is."""
        return self
