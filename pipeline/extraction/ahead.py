"""The bytes of pictures that are looked at one after the other; those in stores are fetched before their turn."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from pipeline.pictures import decoding
from pipeline.stores import is_address

_AHEAD = 4
"""Objects on their way at once: a store answers after some 50 ms, the time in which a process looks at three."""

_fetching = ThreadPoolExecutor(_AHEAD, "fetch")


class Ahead:
    """places: files and addresses, in the order of their turns."""

    def __init__(self, places: Sequence[str]):
        self._places = places
        self._coming: dict[int, Future[bytes]] = {}
        self._sent = 0

    def read(self, at: int) -> bytes:
        """The bytes of one; raises as `decoding.read`. Those before it are taken for done with."""
        for other in range(max(at, self._sent), min(at + _AHEAD, len(self._places))):
            if is_address(self._places[other]):
                self._coming[other] = _fetching.submit(decoding.read, self._places[other])
            self._sent = other + 1
        coming = self._coming.pop(at, None)
        return decoding.read(self._places[at]) if coming is None else coming.result()
