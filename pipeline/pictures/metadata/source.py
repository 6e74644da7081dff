"""A file's bytes by their place, read as far as they are asked for."""

from __future__ import annotations

import io
from typing import BinaryIO

_MOST = 96 * 2**20
"""Bytes read of one file at all: no block that is kept comes near it."""


class Source:
    """Bytes between two places of a file; what lies outside is not there, and reading never raises for it.

    `asked` counts the bytes that were given out, shared by all parts of one file.
    """

    def __init__(self, file: BinaryIO, start: int, end: int, asked: list[int]):
        self._file, self._start, self._asked = file, start, asked
        self.size = max(0, end - start)

    @classmethod
    def of(cls, data: bytes | BinaryIO) -> Source:
        """Of bytes, or of a file that is open."""
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        return cls(file, 0, file.seek(0, io.SEEK_END), [0])

    def part(self, start: int, size: int | None = None) -> Source:
        """What begins at a place, with its own places."""
        start = min(max(0, start), self.size)
        size = self.size - start if size is None else min(max(0, size), self.size - start)
        return Source(self._file, self._start + start, self._start + start + size, self._asked)

    def read(self, at: int = 0, count: int | None = None) -> bytes:
        """`count` bytes from a place, or as many as there are."""
        count = self.size if count is None else count
        count = min(count, self.size - at, _MOST - self._asked[0])
        if at < 0 or count <= 0:
            return b""
        self._asked[0] += count
        self._file.seek(self._start + at)
        return self._file.read(count)

    def number(self, at: int, size: int, order: str = "big") -> int:
        """A whole number of `size` bytes; 0 where the bytes are not there."""
        return int.from_bytes(self.read(at, size), order)
