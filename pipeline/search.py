"""From a query to its matches; the command line and the dashboard ask here alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from pipeline import hashes, images, settings
from pipeline import index as combined
from pipeline.embeddings import Extractor, FittedExtractor, create
from pipeline.errors import EmbeddingError, QueryError
from pipeline.hashes import HashIndex
from pipeline.index import CombinedIndex
from pipeline.library import Library
from pipeline.settings import ExtractorOptions

RERANK = 10
"""Manhattan re-ranks this many times the matches asked for, at least 200."""


@dataclass(frozen=True)
class Query:
    """What is looked for, and how.

    images: ids of library images; vectors: {name: (dim,) float32 unit} of pictures from
    outside, as `Searcher.embed` gives them. Several are averaged, embedding by embedding.
    weights: {name: ≥ 0}; None: all equal. labels, folders (paths below the scanned folder)
    and ids restrict the search; exclude leaves images out. offset pages on.
    """

    images: tuple[int, ...] = ()
    vectors: tuple[dict[str, np.ndarray], ...] = ()
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
        self._extractors: dict[str, Extractor] = {}

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

    def embed(self, picture: bytes | Path) -> dict[str, np.ndarray]:
        """Vectors of a picture from outside: {name: (dim,) float32, norm 1 or 0}.

        Its perceptual hash is among them, under `hashes.QUERY`. Raises ImageError when it
        cannot be decoded, EmbeddingError when the library's own extractor cannot be made ready.
        """
        pixels = images.decode(picture if isinstance(picture, bytes) else images.read(picture))
        vectors = {name: self._extractor(name).extract([pixels])[0] for name in self.embeddings}
        return vectors | {hashes.QUERY: hashes.as_vector(hashes.compute(pixels))}

    def warm_up(self) -> None:
        """Load index and models, so that the first query does not wait for them."""
        gray = np.full((64, 64, 3), 128, np.uint8)
        for name in self.embeddings:
            self._extractor(name).extract([gray])

    def search(self, query: Query) -> Result:
        """The images nearest to the query; raises QueryError for one that cannot be asked."""
        started = time.perf_counter()
        index = self.index()
        weights = _weights(index, query.weights)
        vectors = self._mean(index, query, weights)
        usable = {name: w for name, w in weights.items() if w and name in vectors}
        if not usable:
            named = " and ".join(name for name, weight in weights.items() if weight)
            raise QueryError(f"The query has nothing that {named} could compare; raise another weight.")
        wanted = query.offset + query.top_k
        among = self._among(index, query)
        candidates = wanted
        if query.metric == "hamming":
            ids, distances = self._by_hash(query, wanted, among)
        else:
            if query.metric == "manhattan":
                candidates = len(index) if query.exact else max(RERANK * wanted, 200)
            found = index.search(vectors, usable, candidates, among=among, exact=query.exact)
            ids, distances = _by_metric(index, query.metric, found, vectors, usable)
        ids = ids[query.offset : wanted]
        matches = self._matches(ids, vectors, usable, distances)
        ms = (time.perf_counter() - started) * 1000
        return Result(query.metric, weights, round(ms, 2), matches)

    def _mean(
        self, index: CombinedIndex, query: Query, weights: dict[str, float]
    ) -> dict[str, np.ndarray]:
        """Unit mean vector per embedding; embeddings in which the query is empty are left out."""
        if query.metric not in settings.METRICS:
            raise QueryError(
                f"There is no metric {query.metric!r}; there are: {', '.join(settings.METRICS)}."
            )
        if query.top_k < 1 or query.offset < 0:
            raise QueryError("Ask for at least one match.")
        if not query.images and not query.vectors:
            raise QueryError("A search needs at least one image.")
        means = {}
        for name in index.embeddings:
            rows = [given[name] for given in query.vectors if name in given]
            if query.images:
                rows.extend(self.library.vectors(name, query.images)[1])
            total = np.sum(rows, axis=0) if rows else np.zeros(1)
            norm = np.linalg.norm(total)
            if norm > 1e-6:
                means[name] = (total / norm).astype(np.float32)
        if query.images and not means:
            raise QueryError("That image has no vectors in this library; run the pipeline again.")
        return means

    def _by_hash(
        self, query: Query, k: int, among: np.ndarray | None
    ) -> tuple[np.ndarray, dict[int, float]]:
        """Ids by Hamming distance of all 192 bits, which finds more than the DCT's 64, and
        the distances by id. The weights have no say."""
        rows = hashes.read(self.library, query.images)[1]
        given = [vectors[hashes.QUERY] for vectors in query.vectors if hashes.QUERY in vectors]
        row = hashes.mean(rows, given)
        if row is None:
            raise QueryError("The query has no hash yet; run the pipeline, or give the image again.")
        stored = hashes.stamp(self.library)
        with self._lock:
            if self._hashes is None or self._hashes[0] != stored:
                self._hashes = stored, HashIndex.of(self.library)
            index = self._hashes[1]
        ids, distances = index.search(row, k, among)
        return ids, dict(zip(ids.tolist(), map(float, distances)))

    def _among(self, index: CombinedIndex, query: Query) -> np.ndarray | None:
        """Ids that the filters leave, or None without filters."""
        among = None if query.ids is None else np.asarray(query.ids, np.int64)
        if query.labels or query.folders:
            chosen = self._inside(query.labels, query.folders)
            among = chosen if among is None else np.intersect1d(among, chosen)
        if query.exclude:
            among = np.setdiff1d(index.ids if among is None else among, query.exclude)
        return among

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

    def _extractor(self, name: str) -> Extractor:
        """The extractor that made the library's current vectors of an embedding."""
        current = self.library.embeddings()[name]
        with self._lock:
            kept = self._extractors.get(name)
            if kept is None or kept.fingerprint != current.extractor:
                kept = self._extractors[name] = open_extractor(self.library, name, self._device)
            return kept


def open_extractor(library: Library, name: str, device: str = "auto") -> Extractor:
    """The extractor that the library's current vectors come from, with its codebook.

    Raises EmbeddingError when this version of Likeness makes other vectors than those.
    """
    current = library.embeddings()[name]
    options = dict(current.options, device=device)
    if options.get("dreamsim_weights"):
        options["dreamsim_weights"] = Path(options["dreamsim_weights"])
    extractor = create(name, ExtractorOptions(**options))
    fitted = library.fitted(name)
    # A codebook of another version may be made of other arrays: only its own is loaded.
    if isinstance(extractor, FittedExtractor) and fitted and extractor.made(current.extractor):
        extractor.load_arrays(fitted[0])
    if extractor.fingerprint != current.extractor:
        raise EmbeddingError(
            f"The {name} vectors of this library were made by another version ({current.extractor}). "
            "Bring them up to date with: python -m pipeline run FOLDER_OF_IMAGES"
        )
    return extractor


def _weights(index: CombinedIndex, given: dict[str, float] | None) -> dict[str, float]:
    """The weights of the index's embeddings, checked; None means all equal."""
    if given is None:
        return dict.fromkeys(index.embeddings, 1.0)
    for name in given:
        if name not in index.embeddings:
            raise QueryError(
                f"{name!r} is not in the index; there are: {', '.join(index.embeddings)}."
            )
    weights = {name: float(given.get(name, 0.0)) for name in index.embeddings}
    if min(weights.values()) < 0 or not any(weights.values()):
        raise QueryError("Weights are numbers from 0 up, at least one above 0.")
    return weights


def _by_metric(
    index: CombinedIndex,
    metric: str,
    found: combined.Neighbors,
    vectors: dict[str, np.ndarray],
    weights: dict[str, float],
) -> tuple[np.ndarray, dict[int, float]]:
    """Ids in the metric's order and its distances by id.

    Euclidean: √(Σ wₘ‖qₘ−xₘ‖² / Σ wₘ) = √(2 − 2·score) on unit vectors, the cosine's
    order. Manhattan: Σ wₘ‖qₘ−xₘ‖₁ / Σ wₘ, computed for the candidates and sorted.
    """
    ids = found.ids
    if metric == "cosine":
        return ids, {}
    if metric == "euclidean":
        distances = np.sqrt(np.maximum(0, 2 - 2 * found.scores))
    else:
        rows = index.rows(index.rows_of(ids)) * np.sqrt(len(index.dims))
        blocks = dict(zip(index.embeddings, np.split(rows, np.cumsum(index.dims)[:-1], axis=1)))
        distances = np.zeros(len(ids))
        for name, weight in weights.items():
            distances += weight * np.abs(blocks[name] - vectors[name]).sum(axis=1)
        distances /= sum(weights.values())
        order = np.argsort(distances, kind="stable")
        ids, distances = ids[order], distances[order]
    return ids, {int(i): round(float(d), 6) for i, d in zip(ids, distances)}


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
