"""How often a changed copy of an image still finds its original first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.embeddings import Extractor, opened
from pipeline.errors import EmbeddingError, ImageError
from pipeline.library import Library
from pipeline.maps import COMBINED
from pipeline.pictures import decoding
from pipeline.progress import Progress, Silent
from pipeline.quality.retrieval import TIED, Rows
from pipeline.quality.transforms import TRANSFORMS

Transforms = dict[str, Callable[[np.ndarray], np.ndarray]]

_PICTURES = 8  # decoded at a time: some forty copies, a good batch for a network


def rank1(
    library: Library,
    rows: Rows,
    queries: int,
    seed: int = 0,
    progress: Progress = Silent(),
    transforms: Transforms = TRANSFORMS,
) -> dict[str, dict[str, float]]:
    """Rank-1 of the original: {embedding or `combined`: {transform: share in [0, 1]}}.

    `queries` images are drawn, decoded once and changed in each way; each copy is embedded
    as the library's vectors were and compared with every image (exact, cosine; combined:
    the usual weights). Of t images tied for first place the original counts 1/t. An embedding
    whose extractor cannot be had gets {}, and so does the combination; that is said.
    """
    names = [*rows.names, COMBINED]
    extractors = _ready(library, rows.names, progress)
    credits: dict[str, list[np.ndarray]] = {name: [] for name in names}
    chosen = np.random.default_rng(seed).permutation(len(rows.ids))[: queries if extractors else 0]
    progress.start("transforms", len(chosen))
    unread = 0
    for start in range(0, len(chosen), _PICTURES):
        part = chosen[start : start + _PICTURES]
        own, copies = _copies(library, rows, part, transforms)
        unread += len(part) - len(own)
        if len(own):
            for name, vectors in _embedded(extractors, copies, rows).items():
                found = _credit(vectors, rows.of(name), np.repeat(own, len(transforms)))
                found = found.reshape(len(own), len(transforms))
                credits[name].append(found[rows.present[name][own]])
        progress.advance(len(part), len(part) - len(own))
    if unread:
        progress.say(f"{unread} of {len(chosen)} query images could not be read and were left out.")
    return {name: _shares(credits[name], transforms) for name in names}


def _ready(library: Library, names: list[str], progress: Progress) -> dict[str, Extractor]:
    """The extractors that made the library's vectors, their networks loaded."""
    extractors = {}
    for name in names:
        try:
            extractor = opened(library, name)
            if extractor is None:
                raise EmbeddingError("its vectors were brought along, and changed copies have none.")
            extractor.extract([np.full((64, 64, 3), 128, np.uint8)])
        except EmbeddingError as error:
            progress.say(f"Without rank-1 of {name} and of the combination: {error}")
        else:
            extractors[name] = extractor
    return extractors


def _copies(
    library: Library, rows: Rows, part: np.ndarray, transforms: Transforms
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Positions of the images that can be read (p,), and p × transforms changed pictures."""
    found = library.images_by_id(rows.ids[part].tolist())
    own, copies = [], []
    for position in part.tolist():
        row = found.get(int(rows.ids[position]))
        if row is None:  # forgotten since
            continue
        try:
            picture = decoding.decode(decoding.read(row.place))
        except ImageError:
            continue
        own.append(position)
        copies += [change(picture) for change in transforms.values()]
    return np.array(own, np.int64), copies


def _embedded(
    extractors: dict[str, Extractor], copies: list[np.ndarray], rows: Rows
) -> dict[str, np.ndarray]:
    """Vectors of the copies (c, d) by name; the combination where no embedding is missing."""
    vectors = {name: extractor.extract(copies) for name, extractor in extractors.items()}
    if len(vectors) == len(rows.names):
        vectors[COMBINED] = rows.joined(vectors)
    return vectors


def _credit(vectors: np.ndarray, everyone: np.ndarray, own: np.ndarray) -> np.ndarray:
    """1/t for each query (c, d) whose original shares the first place with t − 1 others, else 0.

    everyone: (n, d) float32. own: (c,) int64, position of the original. Returns (c,).
    """
    products = vectors @ everyone.T
    mine = products[np.arange(len(own)), own][:, None]
    better = (products > mine + TIED).any(axis=1)
    tied = np.count_nonzero(np.abs(products - mine) <= TIED, axis=1)
    return np.where(better, 0.0, 1 / tied)


def _shares(credits: list[np.ndarray], transforms: Transforms) -> dict[str, float]:
    """Means of credits [(p, transforms)] by transform; empty where nothing was measured."""
    if not sum(len(found) for found in credits):
        return {}
    return dict(zip(transforms, np.concatenate(credits).mean(axis=0).tolist()))
