"""From a query to its matches; the command line and the dashboard ask here alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline import index as combined
from pipeline import settings
from pipeline.embeddings import Extractor, opened
from pipeline.errors import QueryError
from pipeline.index import CombinedIndex
from pipeline.library import Library
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import decoding, hashes
from pipeline.search import metrics, rocchio
from pipeline.search.hash_index import HashIndex

RERANK = 10
"""Manhattan re-ranks this many times the matches asked for, at least 200."""


@dataclass(frozen=True)
class Query:
    """What is looked for, and how.

    images: ids of library images; vectors: {name: (dim,) float32 unit} of pictures from
    outside, as `Searcher.embed` gives them. minus_images and minus_vectors are what it
    shall not be like. Several are joined embedding by embedding into one query vector, the
    pluses' mean less a share of the minuses' (`rocchio.toward`); scores are cosines to that.
    weights: {name: ≥ 0}; None: all equal. labels, folders (paths below the scanned folder)
    and ids restrict the search; exclude leaves images out. offset pages on; pages of one
    size never repeat a match.
    """

    images: tuple[int, ...] = ()
    vectors: tuple[dict[str, np.ndarray], ...] = ()
    minus_images: tuple[int, ...] = ()
    minus_vectors: tuple[dict[str, np.ndarray], ...] = ()
    weights: dict[str, float] | None = None
    top_k: int = settings.TOP_K
    offset: int = 0
    metric: str = "cosine"
    exact: bool = False
    labels: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None
    exclude: tuple[int, ...] = ()


@dataclass(frozen=True)
class Match:
    """One result: score = Σ wₘ·cosₘ / Σ wₘ in [−1, 1], and the cosine of each embedding.

    distance is the metric's figure where it is not the cosine: smaller is nearer.
    """

    id: int
    path: str
    label: str | None
    score: float
    parts: dict[str, float]
    distance: float | None = None


@dataclass(frozen=True)
class Result:
    """The matches, best first, with what they were searched by and how long it took."""

    metric: str
    weights: dict[str, float]
    ms: float
    matches: list[Match] = field(default_factory=list)


class Searcher:
    """Answers queries on a library; keeps the index and the extractors loaded.

    Safe to share between threads. Notices when another process has saved a new index.
    """

    def __init__(self, library: Library, device: str = "auto"):
        self.library = library
        self._device = device
        self._lock = threading.Lock()
        self._index: CombinedIndex | None = None
        self._version = 0.0
        self._hashes: tuple[int, HashIndex] | None = None
        self._extractors: dict[str, Extractor | None] = {}

    def index(self) -> CombinedIndex:
        """The combined index as it is on disk now; raises StaleIndexError without one."""
        with self._lock:
            version = combined.version(self.library)
            if self._index is None or version != self._version:
                self._index = combined.load(self.library)
                self._version = version
            return self._index

    @property
    def embeddings(self) -> tuple[str, ...]:
        """Names of the embeddings that the index holds."""
        return self.index().embeddings

    def embed(self, picture: bytes | Path | np.ndarray) -> dict[str, np.ndarray]:
        """Vectors of a picture from outside: {name: (dim,) float32, norm 1 or 0}.

        picture: encoded, a file, or decoded (h, w, 3) uint8 RGB. Its perceptual hash is
        among the vectors, under `hashes.QUERY`. Raises ImageError when it cannot be decoded,
        EmbeddingError when the library's own extractor cannot be made ready.
        """
        if isinstance(picture, np.ndarray):
            pixels = decoding.resize(picture, decoding.WORK_SIDE)
        else:
            pixels = decoding.decode(picture if isinstance(picture, bytes) else decoding.read(picture))
        extractors = {name: self._extractor(name) for name in self.embeddings}
        vectors = {name: it.extract([pixels])[0] for name, it in extractors.items() if it is not None}
        return vectors | {hashes.QUERY: hashes.as_vector(hashes.compute(pixels))}

    def mean(self, ids: Sequence[int]) -> dict[str, np.ndarray]:
        """The mean of library images, to be searched by like one picture from outside."""
        none = np.zeros((0, 0))
        names = (*self.embeddings, hashes.QUERY)
        means = {name: rocchio.toward(self._rows(name, ids, ()), none) for name in names}
        return {name: vector for name, vector in means.items() if vector is not None}

    def warm_up(self) -> None:
        """Load index and models, so that the first query does not wait for them."""
        gray = np.full((64, 64, 3), 128, np.uint8)
        for name in self.embeddings:
            if (extractor := self._extractor(name)) is not None:
                extractor.extract([gray])

    def search(self, query: Query) -> Result:
        """The images nearest to the query; raises QueryError for one that cannot be asked."""
        return self.survey(query, 0)[0]

    def survey(self, query: Query, length: int) -> tuple[Result, np.ndarray]:
        """The matches, and what the first `length` are ranked by, best first: scores that fall,
        or the metric's distances, which rise: (≤ length,). One walk finds both."""
        started = time.perf_counter()
        index, weights, vectors, usable = self._asked(query)
        ids, figures = self._page(index, query, vectors, usable, length)
        curve = figures[:length]
        ids, figures = ids[: query.top_k], figures[: query.top_k]
        distances = {}
        if query.metric != "cosine":
            distances = {int(i): round(float(d), 6) for i, d in zip(ids, figures)}
        matches = self._matches(ids, vectors, usable, distances)
        ms = (time.perf_counter() - started) * 1000
        return Result(query.metric, weights, round(ms, 2), matches), curve

    def hash_index(self) -> HashIndex:
        """The perceptual hashes as they are stored now."""
        stored = self.library.generation()
        with self._lock:
            if self._hashes is None or self._hashes[0] != stored:
                self._hashes = stored, HashIndex.of(self.library)
            return self._hashes[1]

    def among(self, query: Query) -> np.ndarray | None:
        """Ids (n,) int64 that the query's filters leave, or None without filters."""
        among = None if query.ids is None else np.unique(np.asarray(query.ids, np.int64))
        if query.labels or query.folders:
            chosen = self._inside(query.labels, query.folders)
            among = chosen if among is None else np.intersect1d(among, chosen)
        if query.exclude:
            among = self.index().ids if among is None else among
            among = among[~np.isin(among, query.exclude)]
        return among

    def _asked(self, query: Query) -> tuple[CombinedIndex, dict, dict, dict]:
        """The index, all weights, the query vector by embedding, and the weights that count."""
        index = self.index()
        metrics.checked(query.metric)
        if query.top_k < 1 or query.offset < 0:
            raise QueryError("Ask for at least one match.")
        if not query.images and not query.vectors:
            minus = query.minus_images or query.minus_vectors
            raise QueryError(f"A search needs at least one image{' with a plus' if minus else ''}.")
        weights = metrics.weights_of(index, query.weights)
        vectors = {}
        for name in index.embeddings:
            vector = rocchio.toward(*self._sides(name, query))
            if vector is not None:
                vectors[name] = vector
        if query.images and not vectors:
            raise QueryError("That image has no vectors in this library yet; update the library first.")
        usable = {name: w for name, w in weights.items() if w and name in vectors}
        if not usable:
            named = " and ".join(name for name, weight in weights.items() if weight)
            raise QueryError(f"The query has nothing that {named} could compare; raise another weight.")
        return index, weights, vectors, usable

    def _sides(self, name: str, query: Query) -> tuple[np.ndarray, np.ndarray]:
        """The pluses' and the minuses' vectors of an embedding: (n, dim), (m, dim)."""
        return (
            self._rows(name, query.images, query.vectors),
            self._rows(name, query.minus_images, query.minus_vectors),
        )

    def _rows(self, name: str, ids: Sequence[int], given: Sequence[dict]) -> np.ndarray:
        """Vectors of library images and of given pictures, where they have one: (n, dim)."""
        rows = [vectors[name] for vectors in given if name in vectors]
        if ids and name == hashes.QUERY:
            rows.extend(hashes.as_vector(row) for row in stored_hashes.read(self.library, ids)[1])
        elif ids:
            rows.extend(self.library.vectors(name, ids)[1])
        return np.array(rows) if rows else np.zeros((0, 0))

    def _page(self, index: CombinedIndex, query: Query, vectors: dict, usable: dict, least: int):
        """Ids (k,) and figures (k,) of the page that was asked for, a first one of `least` at least.

        A longer walk of the graph can find in the middle what a shorter one missed, and so
        move a match from one page to the next. Pages are therefore walked one after the
        other, each without what the earlier ones had.
        """
        among = self.among(query)
        same = query.exact or query.metric == "hamming"  # these rank alike however many are asked
        size = query.offset + query.top_k if same else query.top_k
        if not query.offset and least > size:
            return self._round(index, query, vectors, usable, among, least)
        pages: list[tuple[np.ndarray, np.ndarray]] = []
        found = 0
        while found < query.offset + query.top_k:
            ids, figures = self._round(index, query, vectors, usable, among, size)
            pages.append((ids, figures))
            found += len(ids)
            if len(ids) < size:
                break
            among = index.ids if among is None else among
            among = among[~np.isin(among, ids)]
        page = slice(query.offset, query.offset + query.top_k)
        return tuple(np.concatenate(part)[page] for part in zip(*pages))

    def _round(self, index: CombinedIndex, query: Query, vectors: dict, usable: dict, among, k: int):
        """The k nearest among these ids (None: all): ids (≤ k,) and figures (≤ k,)."""
        if query.metric == "hamming":
            return self._by_hash(query, k, among)
        candidates = k
        if query.metric == "manhattan":
            candidates = len(index) if query.exact else max(RERANK * k, 200)
        found = index.search(vectors, usable, candidates, among=among, exact=query.exact)
        ids, figures = metrics.measure(index, query.metric, found, vectors, usable)
        return ids[:k], figures[:k]

    def _by_hash(self, query: Query, k: int, among: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Ids by Hamming distance of all 192 bits, which finds more than the DCT's 64, and
        the distances. The weights have no say."""
        asked = rocchio.toward(*self._sides(hashes.QUERY, query))
        if asked is None:
            raise QueryError("The query has no hash yet; update the library, or give the image again.")
        ids, distances = self.hash_index().search(hashes.mean((), [asked]), k, among)
        return ids, distances.astype(np.float64)

    def _inside(self, labels: Sequence[str], folders: Sequence[str]) -> np.ndarray:
        """Ids (n,) of images with one of the labels and below one of the folders, where given."""
        sql = "SELECT id FROM images WHERE state = 'ok'"
        starts = [f"{PurePosixPath(folder.strip('/'))}/" for folder in folders]
        if labels:
            sql += f" AND label IN ({','.join('?' * len(labels))})"
        if "./" in starts:  # the scanned folder itself
            starts = []
        if starts:
            sql += f" AND ({' OR '.join(['substr(path, 1, length(?)) = ?'] * len(starts))})"
        twice = [start for start in starts for _ in range(2)]
        rows = self.library.db.execute(sql, [*labels, *twice]).fetchall()
        return np.array([row[0] for row in rows], np.int64)

    def _matches(
        self,
        ids: np.ndarray,
        vectors: dict[str, np.ndarray],
        weights: dict[str, float],
        distances: dict[int, float],
    ) -> list[Match]:
        """The matches in the order of `ids`, their parts from the stored vectors and so exact."""
        rows = self.library.images_by_id(ids.tolist())
        parts: dict[int, dict[str, float]] = {i: {} for i in ids.tolist()}
        for name, vector in vectors.items():
            having, stored = self.library.vectors(name, ids.tolist())
            for image_id, cosine in zip(having.tolist(), (stored @ vector).tolist()):
                parts[image_id][name] = cosine
        total = sum(weights.values())
        matches = []
        for image_id in ids.tolist():
            if image_id not in rows:
                continue  # removed since the index was saved
            mine = parts[image_id]
            score = sum(w * mine.get(name, 0.0) for name, w in weights.items()) / total
            row = rows[image_id]
            matches.append(
                Match(
                    image_id,
                    row.path,
                    row.label,
                    round(score, 6),
                    {name: round(value, 6) for name, value in mine.items()},
                    distances.get(image_id),
                )
            )
        return matches

    def _extractor(self, name: str) -> Extractor | None:
        """The extractor that made the library's current vectors of an embedding; None where none did."""
        current = self.library.embeddings()[name]
        with self._lock:
            kept = self._extractors.get(name)
            if kept is None or kept.fingerprint != current.extractor:
                kept = self._extractors[name] = opened(self.library, name, self._device)
            return kept


def query_from(searcher: Searcher, given: Sequence[str]) -> tuple[tuple[int, ...], tuple[dict, ...]]:
    """Files named on the command line → (ids of library images, vectors of the others)."""
    ids, vectors = [], []
    for text in given:
        path = Path(text)
        if not path.is_file():
            raise QueryError(f"There is no file {text}.")
        row = searcher.library.image_at(path)
        if row:
            ids.append(row.id)
        else:
            vectors.append(searcher.embed(path))
    return tuple(ids), tuple(vectors)
