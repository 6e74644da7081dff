"""Perceptual hashes: three 64-bit summaries of a picture, compared by counting bits.

    average     gray above the mean, on 8 × 8                     (Krawetz 2011)
    difference  gray rises to the right, on 8 rows of 9           (Krawetz 2013)
    dct         low frequencies of the DCT above their median     (Zauner 2010)

The three side by side are the 192 bits that `search` ranks by under the metric `hamming`
and that `duplicates` looks through. A FAISS binary index scans them exactly; it is built
in memory from the table `hashes`.

Bits stand most significant first, row by row from the top left: `SELECT hex(dct) FROM
hashes` shows a hash as other tools print it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import cv2
import faiss
import numpy as np

from pipeline import settings
from pipeline.library import Library
from pipeline.vector_tables import chunks

VERSION = 2
"""Raised whenever the same picture would give another hash: older rows are then stale."""

NAMES = ("average", "difference", "dct")
BITS = 64 * len(NAMES)
BYTES = BITS // 8

QUERY = "hash"
"""Key of a picture's hash among its vectors, see `as_vector`."""

_SIDE = 32  # px: what all three are computed from; the DCT's size in Zauner's thesis


def compute(image: np.ndarray) -> np.ndarray:
    """One decoded picture (h, w, 3) uint8 RGB → (24,) uint8: average, difference, dct."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    gray = cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    coarse = cv2.resize(gray, (8, 8), interpolation=cv2.INTER_AREA)
    steps = np.diff(cv2.resize(gray, (9, 8), interpolation=cv2.INTER_AREA), axis=1)
    # Without the first row and column: brightness and plain gradients say little.
    waves = cv2.dct(gray)[1:9, 1:9]
    bits = np.stack([coarse > coarse.mean(), steps > 0, waves > np.median(waves)])
    return np.packbits(bits)


def as_vector(row: np.ndarray) -> np.ndarray:
    """A hash (24,) uint8 as a vector (192,) float32 of L2 norm 1, ±1/√192 a bit.

    So it travels among the vectors of a picture from outside; the cosine of two is
    1 − 2 · distance / 192.
    """
    return (np.unpackbits(row).astype(np.float32) * 2 - 1) / np.float32(np.sqrt(BITS))


def mean(rows: np.ndarray, vectors: Sequence[np.ndarray]) -> np.ndarray | None:
    """What most of the hashes (n, 24) uint8 and of the vectors say, bit by bit: (24,) uint8.

    None when there are none of either.
    """
    votes = [as_vector(row) for row in rows] + list(vectors)
    return np.packbits(np.sum(votes, axis=0) > 0) if votes else None


def store(library: Library, rows: Iterable[tuple[int, np.ndarray]]) -> None:
    """Write hashes (image id, (24,) uint8)."""
    now = time.time_ns()
    with library.db.atomic():
        library.db.conn.executemany(
            "INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?, ?, ?)",
            [
                (image_id, *(part.tobytes() for part in row.reshape(len(NAMES), 8)), VERSION, now)
                for image_id, row in rows
            ],
        )


def pending(library: Library) -> list[int]:
    """Ids of `ok` images whose hash is missing or stale."""
    sql = (
        "SELECT id FROM images WHERE state = 'ok' "
        "AND id NOT IN (SELECT image_id FROM hashes WHERE version = ?)"
    )
    return [row[0] for row in library.db.execute(sql, [VERSION])]


def read(library: Library, ids: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Current hashes of `ok` images: ids (n,) int64 ascending, rows (n, 24) uint8.

    With `ids`, of those among them that have one.
    """
    sql = (
        "SELECT h.image_id, CAST(h.average || h.difference || h.dct AS BLOB) FROM hashes h "
        "JOIN images i ON i.id = h.image_id AND i.state = 'ok' WHERE h.version = ? {} ORDER BY h.image_id"
    )
    if ids is None:
        found = library.db.execute(sql.format(""), [VERSION]).fetchall()
    else:
        found = []
        for chunk in chunks(sorted({int(i) for i in ids})):
            marks = ",".join("?" * len(chunk))
            asked = sql.format(f"AND h.image_id IN ({marks})")
            found += library.db.execute(asked, [VERSION, *chunk]).fetchall()
    rows = np.frombuffer(b"".join(row[1] for row in found), np.uint8)
    return np.array([row[0] for row in found], np.int64), rows.reshape(len(found), BYTES)


def stamp(library: Library) -> int:
    """When a hash was stored last, ns since 1970; 0 when there is none."""
    return library.db.execute("SELECT max(stored_ns) FROM hashes").fetchone()[0] or 0


class HashIndex:
    """Exact search by Hamming distance in memory: 24 bytes an image.

    ids: (n,) int64 ascending; rows: (n, 24) uint8.
    """

    def __init__(self, ids: np.ndarray, rows: np.ndarray):
        self.ids = ids
        self.rows = np.ascontiguousarray(rows)
        self._flat = faiss.IndexBinaryFlat(BITS)
        self._flat.add(self.rows)

    @classmethod
    def of(cls, library: Library) -> HashIndex:
        """Of every current hash of a library."""
        return cls(*read(library))

    def __len__(self) -> int:
        return len(self.ids)

    def search(
        self, row: np.ndarray, k: int, among: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest to a hash (24,) uint8: ids (k,) int64 and distances (k,) int, in bits.

        among: image ids to search in. The nearest come first, and of equally near ones the
        lower id, so that pages follow one another. Fewer than k come back when there are fewer.
        """
        mask = np.ones(len(self), bool) if among is None else np.isin(self.ids, among)
        k = min(k, int(mask.sum()))
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        query = row.reshape(1, -1)
        last = self._flat.search(query, k, params=faiss.SearchParameters(sel=selector))[0][0, -1]
        # All that are as near as the last: which of them FAISS returns depends on k.
        _, distances, found = self._flat.range_search(query, int(last) + 1)
        kept = mask[found]
        distances, found = distances[kept].astype(np.int64), found[kept]
        order = np.lexsort((found, distances))[:k]
        return self.ids[found[order]], distances[order]

    def neighbors(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k nearest of every hash, itself among them: positions (n, k) int64 and
        distances (n, k) int32."""
        faiss.omp_set_num_threads(settings.cores())
        distances, found = self._flat.search(self.rows, min(k, len(self)))
        return found, distances
