"""The rows as they are, in one file: what ranks the candidates that a structure finds.

The file is mapped, so that a row which nobody asks for is in no memory, and rows are only ever
appended: an index says how many of them count, and a process that has fewer mapped keeps
those. They are float32, float16, or int8 (a level per dimension, learned).
"""

from __future__ import annotations

import hashlib
import mmap
import os
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np

from pipeline.errors import LibraryError
from pipeline.index.bitmap import Bitmap
from pipeline.index.faiss.structures import threads_for
from pipeline.index.ranking import scan

_QUANTIZERS = {"float16": faiss.ScalarQuantizer.QT_fp16, "int8": faiss.ScalarQuantizer.QT_8bit}
_MAPPED = 1_000_000_000
"""Bytes of the file that a process keeps mapped in, at most; the system keeps what it has room for."""
_READ = 1 << 22
_AROUND = 1 << 21
"""Bytes that Linux may map in around each place that is read."""
_TOGETHER = 512
"""Queries whose candidates are read together."""
_APART = 8
"""Rows of a large file are read one by one where they lie so many times their own number apart."""


class ExactRows:
    """Rows (count, dim) of a file. Safe to read from several threads; appending is one writer's.

    levels: what the storage int8 has learned, else empty. sums: for each time that rows were
    appended, how many there were then, and a check sum of those that came. OSError where
    they are not all there.
    """

    def __init__(self, file: Path, storage: str, dim: int, levels: np.ndarray, sums: Sequence[Sequence] = ()):
        self.file, self.storage, self.dim = file, storage, dim
        self.levels = np.asarray(levels, np.float32)
        self.sums = [(int(last), str(digest)) for last, digest in sums]
        self.count = self.sums[-1][0] if self.sums else 0
        self._codec = _codec(storage, dim, self.levels)
        self.width = self._codec.code_size if self._codec else 4 * dim
        if file.stat().st_size < self.count * self.width:
            raise OSError(f"{file.name} is cut off")
        self._digest = _digest()
        self._mapped: tuple[mmap.mmap, np.ndarray] | None = None
        self._touched = 0

    @classmethod
    def create(cls, file: Path, storage: str, dim: int, sample: np.ndarray) -> ExactRows:
        """An empty file. sample: rows (n, dim) float32 that int8 learns its levels from."""
        levels = np.zeros(0, np.float32)
        if storage == "int8":
            learned = faiss.ScalarQuantizer(dim, _QUANTIZERS[storage])
            learned.train(sample)
            levels = faiss.vector_to_array(learned.trained)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
        return cls(file, storage, dim, levels)

    @property
    def lossy(self) -> bool:
        """Whether rows come back other than they went in."""
        return self._codec is not None

    def __len__(self) -> int:
        return self.count

    # Writing

    def append(self, rows: np.ndarray) -> None:
        """Put rows (n, dim) float32 behind those that count."""
        rows = np.ascontiguousarray(rows, np.float32)
        written = (self._codec.compute_codes(rows) if self._codec else rows).tobytes()
        try:
            with open(self.file, "r+b") as file:
                file.truncate(self.count * self.width)  # a writer that was killed may have left more
                file.seek(self.count * self.width)
                file.write(written)
        except OSError as error:
            raise LibraryError(f"The index cannot be written ({error.strerror}).") from None
        self._digest.update(written)
        self.count += len(rows)

    def seal(self) -> None:
        """Wait until what was appended is on the disk, and note its check sum."""
        if self.count == (self.sums[-1][0] if self.sums else 0):
            return
        try:
            with open(self.file, "r+b") as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise LibraryError(f"The index cannot be written ({error.strerror}).") from None
        self.sums.append((self.count, self._digest.hexdigest()))
        self._digest = _digest()

    def damage(self) -> str:
        """What is wrong with the file, all of which is read; empty where nothing is."""
        with open(self.file, "rb") as file:
            first = 0
            for last, expected in self.sums:
                digest = _digest()
                for start in range(first * self.width, last * self.width, _READ):
                    digest.update(file.read(min(_READ, last * self.width - start)))
                if digest.hexdigest() != expected:
                    return f"{self.file.name} has changed since it was written"
                first = last
        return ""

    # Reading

    def __getitem__(self, at: np.ndarray) -> np.ndarray:
        """The rows at positions (k,) int64: a copy (k, dim) float32."""
        return self.columns(at, slice(None))

    def columns(self, at: np.ndarray, columns: slice) -> np.ndarray:
        """The same of some columns, of which alone a storage as float32 is read."""
        at = np.asarray(at, np.int64)
        if not len(at):
            return np.zeros((0, self.dim), np.float32)[:, columns]
        if self._codec:
            return self._codec.decode(self._stored(at, 0, self.width))[:, columns]
        first, last, _ = columns.indices(self.dim)
        return self._stored(at, 4 * first, 4 * last).view(np.float32)

    def products(self, queries: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Products of queries (q, dim) float32, each with rows of its own (q, c) int64: (q, c)
        float32, −inf where a position is −1."""
        products = np.full(at.shape, -np.inf, np.float32)
        if not at.size or not self.count:
            return products
        if not self._codec and not self._is_large:
            _inner(queries, self._codes().view(np.float32), at, products)
            return products
        asked = np.flatnonzero(queries.any(axis=0))
        columns = slice(asked[0], asked[-1] + 1) if len(asked) else slice(0, 1)
        for first in range(0, len(queries), _TOGETHER):  # what several of them look at is read once
            part = slice(first, first + _TOGETHER)
            rows, places = np.unique(at[part], return_inverse=True)
            none = int(rows[0] < 0)
            _inner(queries[part, columns], self.columns(rows[none:], columns), places.reshape(at[part].shape) - none, products[part])
        return products

    def scan(self, queries: np.ndarray, k: int, mask: Bitmap) -> tuple[np.ndarray, np.ndarray]:
        """The k best for queries (q, dim) by reading every row of the mask: products, rows (q, k)."""
        if self._codec or self._is_large:
            return scan(self.__getitem__, queries, k, mask)
        products = np.empty((len(queries), k), np.float32)
        rows = np.empty((len(queries), k), np.int64)
        chosen = None if mask.whole else faiss.IDSelectorBitmap(mask.packed)
        queries = np.ascontiguousarray(queries, np.float32)
        stored = self._codes().view(np.float32)
        with threads_for(len(queries)):
            faiss.knn_inner_product(
                faiss.swig_ptr(queries), faiss.swig_ptr(stored), self.dim, len(queries), self.count, k,
                faiss.swig_ptr(products), faiss.swig_ptr(rows), chosen,
            )  # fmt: skip
        return products, rows

    @property
    def _is_large(self) -> bool:
        """Whether the file is not to be mapped in as a whole."""
        return self.count * self.width > _MAPPED

    def _stored(self, at: np.ndarray, first: int, last: int) -> np.ndarray:
        """Bytes first … last − 1 of the rows at positions (k,), k > 0: a copy (k, last − first) uint8.

        Of a large file, rows that lie apart are read into memory of our own: where one is touched in a
        mapped file, Linux may map in some 2 MB around it.
        """
        lowest, highest = int(at.min()), int(at.max())
        if not self._is_large or not hasattr(os, "preadv") or highest - lowest < _APART * len(at):
            return self._codes((highest - lowest + 1) * self.width)[:, first:last][at]
        rows = np.empty((len(at), last - first), np.uint8)
        for row, place in zip(rows, (at * self.width + first).tolist()):
            os.preadv(self._opened, (row,), place)
        return rows

    @cached_property
    def _opened(self) -> int:
        """The file, open as long as this object is there: what was deleted meanwhile can still be read."""
        opened = os.open(self.file, os.O_RDONLY)
        weakref.finalize(self, os.close, opened)
        return opened

    def _codes(self, reading: int = 0) -> np.ndarray:
        """All rows as stored, (count, width) uint8, mapped, of which so many bytes are about to be read."""
        if self._mapped is None or len(self._mapped[1]) != self.count:
            with open(self.file, "rb") as file:
                mapped = mmap.mmap(file.fileno(), self.count * self.width, access=mmap.ACCESS_READ)
            self._mapped = mapped, np.frombuffer(mapped, np.uint8).reshape(self.count, self.width)
        mapped, codes = self._mapped
        self._touched += reading + _AROUND
        if self._touched > _MAPPED // 2 and self._is_large and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)  # they stay in the system's cache, and are no more this process's
            self._touched = 0
        return codes


def _inner(queries: np.ndarray, rows: np.ndarray, at: np.ndarray, products: np.ndarray) -> None:
    """Products of queries (q, dim), each with some of rows (n, dim) float32, at (q, c) or −1, into an array (q, c)."""
    queries, rows = np.ascontiguousarray(queries, np.float32), np.ascontiguousarray(rows)
    at = np.ascontiguousarray(at, np.int64)
    with threads_for(len(queries)):
        faiss.fvec_inner_products_by_idx(*map(faiss.swig_ptr, (products, queries, rows, at)), rows.shape[1], *at.shape)


def _digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)


def _codec(storage: str, dim: int, levels: np.ndarray) -> faiss.ScalarQuantizer | None:
    if storage == "float32":
        return None
    codec = faiss.ScalarQuantizer(dim, _QUANTIZERS[storage])
    faiss.copy_array_to_vector(levels, codec.trained)
    return codec
