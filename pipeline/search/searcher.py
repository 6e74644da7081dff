"""From a query to its matches; the command line and the dashboard ask here alike."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.embeddings import Extractor
from pipeline.errors import IndexUnreachableError, QueryError
from pipeline.index import Filter, Index, filters
from pipeline.library import Library
from pipeline.pictures import decoding, hashes
from pipeline.search import metrics, readings, vectors, words, writing
from pipeline.search.asked import Asked
from pipeline.search.extractors import Extractors
from pipeline.search.hash_index import Hashes
from pipeline.search.loaded import LoadedIndex
from pipeline.search.query import Entry, ImageEntry, Match, Query, Result, WordsEntry
from pipeline.search.scale import Sample, Spread
from pipeline.search.words import Understood

RERANK = 10
"""Manhattan re-ranks this many times the matches asked for, at least 200."""
CANDIDATES = 1_000
"""So many of each embedding and of their sum are ranked anew for a query on one scale, or three times
the matches asked for."""


class Searcher:
    """Answers queries on a library; keeps the index and the extractors loaded.

    Safe to share between threads. Notices when another process has changed the library or
    saved a new index.
    """

    def __init__(self, library: Library, device: str = "auto"):
        self.library = library
        self.hashes = Hashes(library)
        self._extractors = Extractors(library, device)
        self._index = LoadedIndex(library)

    def index(self) -> Index:
        """The index as it is saved now; raises StaleIndexError without one."""
        return self._loaded()[0]

    def _loaded(self) -> tuple[Index, Sample]:
        """The same, and a sample of its rows. A search goes on with those it began with."""
        return self._index.now()

    def held(self) -> Searcher:
        """The same, by the index that is saved now whatever is saved meanwhile: for what takes several searches, or
        reads the index beside them."""
        same = copy.copy(self)
        same._index = self._index.held()
        return same

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
        return self._extractors.vectors(self.embeddings, pixels) | {hashes.QUERY: hashes.as_vector(hashes.compute(pixels))}

    def mean(self, ids: Sequence[int]) -> dict[str, np.ndarray]:
        """The mean of library images, to be searched by like one picture from outside."""
        return vectors.joined(self._extractors, tuple(map(ImageEntry, ids)), (*self.embeddings, hashes.QUERY))

    def rows(self, entry: Entry, name: str) -> np.ndarray:
        """What an entry of a query says of an embedding: (n, dim) float32, none where it says nothing."""
        return entry.rows(self._extractors, name)

    def warm_up(self) -> None:
        """Load index and models, so that the first query does not wait for them."""
        self._extractors.warm_up(self.embeddings)

    def search(self, query: Query) -> Result:
        """The images nearest to the query; raises QueryError for one that cannot be asked."""
        return self.search_with_curve(query, 0)[0]

    def search_with_curve(self, query: Query, depth: int) -> tuple[Result, np.ndarray]:
        """The matches, and what the first `depth` are ranked by, best first: scores that fall,
        or the metric's distances, which rise: (≤ depth,). One search finds both."""
        try:
            return self._searched(query, depth)
        except IndexUnreachableError:  # in the middle of it: the library's own index may answer
            return self._searched(query, depth)

    def _searched(self, query: Query, depth: int) -> tuple[Result, np.ndarray]:
        started = time.perf_counter()
        index, sample = self._loaded()
        weights, asked = self._weighed(index, sample, query)
        query = replace(query, filter=asked.written.narrowed(query.filter))
        ids, figures = self._page(index, query, asked, depth)
        curve = figures[:depth]
        ids, figures = ids[: query.top_k], figures[: query.top_k]
        distances = {}
        if query.metric != "cosine":
            distances = {int(i): round(float(d), 6) for i, d in zip(ids, figures)}
        matches = self._matches(ids, asked, distances)
        ms = (time.perf_counter() - started) * 1000
        unknown, away = _nearest(asked.written.unknown), self.library.presence.folders()
        known = {} if query.metric == "hamming" else index.lacking(tuple(asked.weights))
        partly = {name: (count, len(index)) for name, count in known.items()}
        return Result(query.metric, weights, round(ms, 2), matches, asked.scale, unknown, away, partly), curve

    def asked(self, query: Query) -> tuple[dict[str, float], Asked]:
        """The weights of all embeddings, and the query as it is asked of the index."""
        return self._weighed(*self._loaded(), query)

    def _weighed(self, index: Index, sample: Sample, query: Query) -> tuple[dict[str, float], Asked]:
        metrics.checked(query.metric)
        weights = metrics.weights_of(index.embeddings, vectors.weights(self._extractors, index.embeddings, query))
        return weights, self._asked(index, sample, query, weights)

    def extractor(self, name: str) -> Extractor | None:
        """The extractor that made the library's vectors of an embedding; None where none did, or can."""
        return self._extractors.of(name)

    def spread(self, name: str, vector: np.ndarray) -> Spread:
        """Of the cosines of a vector (dim,) of norm 1 with the library's, by one embedding."""
        return self._loaded()[1].spread(name, vector)

    def _asked(self, index: Index, sample: Sample, query: Query, weights: dict[str, float]) -> Asked:
        """The query's vector by embedding, the weights that count, and on which scale."""
        if query.top_k < 1 or query.offset < 0:
            raise QueryError("Ask for at least one match.")
        if all(entry.minus for entry in query.entries):
            raise QueryError(f"A search needs at least one {'entry with a plus' if query.entries else 'image'}.")
        if query.scaled and query.metric != "cosine":
            raise QueryError(f"Words and palettes are searched for by cosine; {query.metric} compares pictures alone.")
        asked = vectors.joined(self._extractors, query.entries, index.embeddings, sample if query.scaled else None)
        if query.images and not asked:
            raise QueryError(self._not_compared(query.images[0]))
        usable = {name: w for name, w in weights.items() if w and name in asked}
        written = writing.look_up(self.library, query, self.understood) if query.written else writing.Written()
        if not usable and not written.hits:
            if unknown := _nearest(written.unknown):
                names = list(self.library.embeddings())
                raise QueryError(" ".join(words.told(word, near, names) for word, near in unknown.items()))
            if silent := [text for text in map(self._silent, query.entries) if text is not None]:
                raise QueryError(f"“{silent[0]:.40}” says nothing to look for by; write what is to be seen, as in red dress.")
            named = " and ".join(name for name, weight in weights.items() if weight)
            raise QueryError(f"The query has nothing that {named} could compare; raise another weight.")
        lacking = index.lacking(tuple(usable))
        if not query.scaled and not lacking:
            return Asked(asked, usable)
        read = readings.readings(self.library, self._extractors, query.entries, usable, sample) if query.scaled else {}
        spreads = {
            name: read[name].spread if name in read else sample.spread(name, asked[name])
            for name in (usable if query.scaled else lacking)
        }
        missing = {name: spread.mean for name, spread in spreads.items()}
        if query.scaled:
            asked = {name: asked[name] for name in usable}
        far = lacking if query.metric == "manhattan" else ()
        apart = {name: sample.apart(name, asked[name]) for name in far}
        return Asked(asked, usable, spreads if query.scaled else None, missing if lacking else None, written, apart, read)

    def understood(self, text: str) -> Understood:
        """Which embeddings have a say in which of some words, and which words none of them knows."""
        return vectors.understood(self._extractors, self.embeddings, text)

    def _silent(self, entry) -> str | None:
        """The text of words in which there is none that means anything, as in “!!!”; None of all others."""
        if not isinstance(entry, WordsEntry):
            return None
        said = self.understood(entry.text)
        return None if said.heard or said.unknown else entry.text

    def _not_compared(self, image: int) -> str:
        row = self.library.image(image)
        if row is None:
            return f"There is no image {image} in this library."
        return f"The image {row.shown} has no vectors in this library yet; update the library first."

    def _page(self, index: Index, query: Query, asked: Asked, least: int):
        """Ids (k,) and figures (k,) of the page that was asked for, a first one of `least` at least.

        A longer walk of a graph can find in the middle what a shorter one missed, and so
        move a match from one page to the next. Pages are therefore walked one after the
        other, each without what the earlier ones had.
        """
        same = query.exact or query.metric == "hamming"  # these rank alike however many are asked
        size = query.offset + query.top_k if same else query.top_k
        if not query.offset and least > size:
            return self._round(index, query, asked, query.filter, least)
        pages: list[tuple[np.ndarray, np.ndarray]] = []
        found, passing = 0, query.filter
        while found < query.offset + query.top_k:
            ids, figures = self._round(index, query, asked, passing, size)
            pages.append((ids, figures))
            found += len(ids)
            if len(ids) < size:
                break
            passing = passing.without(*ids.tolist())
        page = slice(query.offset, query.offset + query.top_k)
        return tuple(np.concatenate(part)[page] for part in zip(*pages))

    def _round(self, index: Index, query: Query, asked: Asked, passing: Filter, k: int):
        """The k nearest that pass a filter: ids (≤ k,) and figures (≤ k,)."""
        if query.metric == "hamming":
            hash_asked = vectors.joined(self._extractors, query.entries, [hashes.QUERY]).get(hashes.QUERY)
            if hash_asked is None:
                raise QueryError("The query has no hash yet; update the library, or give the image again.")
            ids, distances = self.hashes.search(hashes.mean((), [hash_asked]), k, passing)
            return ids, distances.astype(np.float64)
        if asked.scale is not None:
            return self._standing_out(index, query, asked, passing, k)
        candidates = k
        if query.metric == "manhattan":
            candidates = len(index) if query.exact else max(RERANK * k, 200)
        found = index.search(asked.vectors, asked.weights, candidates, passing, query.exact, asked.missing)
        ids, figures = metrics.measure(self.library, query.metric, found, asked.vectors, asked.weights, asked.apart)
        return ids[:k], figures[:k]

    def _standing_out(self, index: Index, query: Query, asked: Asked, passing: Filter, k: int):
        """The same on one scale, among those that stand out most by the sum and by each embedding, and
        those about which the words are written."""
        count = len(index) if query.exact else max(3 * k, CANDIDATES)
        sums = {name: weight / asked.scale[name].deviation for name, weight in asked.weights.items()}
        ways = [sums, *({name: 1.0} for name in sums)] if len(sums) > 1 else [sums] if sums else []
        missing = asked.missing and {name: asked.missing.get(name, 0.0) for name in sums}
        found = [index.search(asked.vectors, way, count, passing, query.exact, missing).ids for way in ways]
        found += [self._promising(index, asked, passing, name, count) for name in asked.readings]
        ids = np.unique(np.concatenate([asked.written.passing(self.library, passing), *found]))
        scores = asked.written.joined(ids, self._looks(asked, ids))
        best = np.argsort(-scores, kind="stable")[:k]
        return ids[best], scores[best]

    def _promising(self, index: Index, asked: Asked, passing: Filter, name: str, count: int) -> np.ndarray:
        """Ids of the best by a reading, where that is known without vectors, and of those for which it
        speaks that are nearest by the rest."""
        best, rest = asked.readings[name].best, {other: 1.0 for other in asked.weights if other != name}
        if best is None:
            return np.zeros(0, np.int64)
        ids = filters.passing(self.library, best[0], passing)
        worth = best[1][np.searchsorted(best[0], ids)]
        first = ids[np.argsort(-worth, kind="stable")[:count]]
        speaking = ids[asked.scale[name].standing(worth) >= 0.5]
        if not rest or not len(speaking):
            return first
        return np.union1d(first, index.search(asked.vectors, rest, count, replace(passing, ids=tuple(speaking.tolist()))).ids)

    def _looks(self, asked: Asked, ids: np.ndarray) -> np.ndarray:
        """What images (n,), ascending, are worth by what they look like: (n,) float64."""
        cosines = asked.figures(self.library, ids)
        scores = np.broadcast_to(asked.score(cosines), len(ids)) if asked.weights else np.zeros(len(ids))
        seen = [~np.isnan(one) for one in cosines.values()]
        return np.where(np.any(seen, axis=0), scores, 0.0) if seen else scores

    def _matches(self, ids: np.ndarray, asked: Asked, distances: dict) -> list[Match]:
        """The matches in the order of `ids`, their parts from the stored vectors and so exact."""
        rows = self.library.images_by_id(ids.tolist())
        parts: dict[int, dict[str, float]] = {i: {} for i in ids.tolist()}
        ascending = np.sort(ids)
        for name, figures in asked.figures(self.library, ascending).items():
            for image_id, figure in zip(ascending.tolist(), figures.tolist()):
                if not np.isnan(figure):
                    parts[image_id][name] = figure
        matches = []
        for image_id, mine in parts.items():
            if image_id in rows:  # else it went this very moment
                row, score = rows[image_id], np.array([asked.score(mine) if mine else 0.0])
                if asked.scale is not None:
                    score = asked.written.joined(np.array([image_id]), score)
                shown = {name: round(asked.part(name, value), 6) for name, value in mine.items()}
                matches.append(Match(
                    image_id, row.path, row.label, round(float(score[0]), 6), shown, distances.get(image_id),
                    asked.written.hits.get(image_id, (0, None))[1],
                ))  # fmt: skip
        return matches


def _nearest(unknown: Sequence[str]) -> dict[str, list[str]]:
    """Words that are not known, and the nearest that are."""
    return {word: words.near(word) for word in unknown}


def after(query: Query, shown: Sequence[int]) -> Query:
    """The same query for what follows these matches."""
    return replace(query, offset=0, filter=query.filter.without(*shown))
