"""What is known of good and bad matches: questions with the cosines of their candidates, from labels or thumbs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.index import Index
from pipeline.library import Library, notes
from pipeline.library.notes import Rating

LABELS, THUMBS = "labels", "thumbs"
CANDIDATES, QUESTIONS = 2_000, 200
"""Of a labeled library so many images are compared with so many of them."""
_IMAGE = re.compile(r"image:(\d{1,18})")


@dataclass(frozen=True, eq=False)
class Question:
    """cosines: (c, m) float32 of c candidates by m embeddings, 0 where one is missing. good: (c,) bool, some
    True and some False."""

    cosines: np.ndarray
    good: np.ndarray


def count(library: Library) -> dict[str, tuple[int, int]]:
    """What there is to learn from: {LABELS: (labels, images that have one), THUMBS: (searches, thumbs)}."""
    sql = "SELECT count(DISTINCT label), count(label) FROM images WHERE state = 'ok'"
    searches = _searches(notes.ratings(library))
    return {
        LABELS: tuple(library.db.execute(sql).fetchone()),
        THUMBS: (len(searches), sum(len(given) for _, given in searches)),
    }


def from_labels(library: Library, index: Index, seed: int = 0) -> list[Question]:
    """Images as questions: which of the others have the same label. The same seed draws the same ones."""
    sql = "SELECT id, label FROM images WHERE state = 'ok' AND label IS NOT NULL ORDER BY id"
    rows = [row for row in library.db.execute(sql)]
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.permutation(len(rows))[:CANDIDATES])
    ids = np.array([rows[at][0] for at in drawn], np.int64)
    _, labels = np.unique([rows[at][1] for at in drawn] or [""], return_inverse=True)
    held = np.isin(ids, index.ids())
    ids, labels = ids[held], labels[: len(held)][held]
    sizes = np.bincount(labels, minlength=1)
    asked = np.flatnonzero((sizes[labels] > 1) & (sizes[labels] < len(ids)))
    asked = np.sort(generator.permutation(asked)[:QUESTIONS])
    products = [_products(index.vectors(ids, name, exact=True), asked) for name in index.embeddings]
    found = []
    for row, at in enumerate(asked.tolist()):
        cosines = np.stack([one[row] for one in products], axis=1)
        others = np.arange(len(ids)) != at
        found.append(Question(cosines[others], (labels == labels[at])[others]))
    return found


def _products(vectors: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return vectors[asked] @ vectors.T


def from_thumbs(library: Library, index: Index) -> list[Question]:
    """Searches by images of the library that have thumbs up and down: which of their matches are good."""
    found, held = [], set(index.ids().tolist())
    for images, given in _searches(notes.ratings(library)):
        rated = np.array([one for one in given if one in held], np.int64)
        asked = np.array([one for one in images if one in held], np.int64)
        good = np.array([given[one] > 0 for one in rated.tolist()], bool)
        if len(asked) and good.any() and not good.all():
            found.append(Question(np.stack([_cosines(index, name, asked, rated) for name in index.embeddings], axis=1), good))
    return found


def _cosines(index: Index, name: str, asked: np.ndarray, rated: np.ndarray) -> np.ndarray:
    """Of images with the mean of those asked with: (c,)."""
    mean = index.vectors(asked, name, exact=True).mean(axis=0)
    return index.vectors(rated, name, exact=True) @ (mean / max(float(np.linalg.norm(mean)), 1e-9))


def _searches(ratings: Sequence[Rating]) -> list[tuple[list[int], dict[int, int]]]:
    """What was asked with images of the library alone, as they are: (these images, {image: 1 or −1})."""
    groups: dict[str, tuple[list[int], dict[int, int]]] = {}
    for one in ratings:
        images = _images(one.query)
        if images:
            key = json.dumps(sorted(images))
            groups.setdefault(key, (images, {}))[1][one.image_id] = one.value
    return list(groups.values())


def _images(query: Mapping) -> list[int]:
    tokens = [str(one) for one in query.get("plus") or ()]
    found = [match for match in map(_IMAGE.fullmatch, tokens) if match]
    return [int(match[1]) for match in found] if len(found) == len(tokens) and not query.get("minus") else []
