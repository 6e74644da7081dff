"""What is known of good and bad matches: questions with what each embedding says of their candidates, from labels or
thumbs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.errors import LikenessError, QueryError
from pipeline.index import Index
from pipeline.library import Library, notes
from pipeline.library.notes import Rating
from pipeline.search import Entry, ImageEntry, PaletteEntry, Query, Searcher, WordsEntry

LABELS, THUMBS = "labels", "thumbs"
CANDIDATES, QUESTIONS = 2_000, 200
"""Of a labeled library so many images are compared with so many of them."""
_SIDES = ("plus", "minus")
_LEAST = 1e-12  # as `search.scale.joined` has it


@dataclass(frozen=True, eq=False)
class Question:
    """figures: (c, m) float32 of c candidates by m embeddings, whose weighted sum ranks them as a search does:
    cosines, or of words the logarithm of how far one stands out; 0 of an embedding that has no say. good: (c,) bool,
    some True and some False. base: (m,) float32, the weights that such a search usually has; None: those of pictures."""

    figures: np.ndarray
    good: np.ndarray
    base: np.ndarray | None = None


def count(library: Library) -> dict[str, tuple[int, int]]:
    """What there is to learn from: {LABELS: (labels, images that have one), THUMBS: (searches, thumbs)}."""
    sql = "SELECT count(DISTINCT label), count(label) FROM images WHERE state = 'ok'"
    searches = _searches(notes.ratings(library))
    return {
        LABELS: tuple(library.db.execute(sql).fetchone()),
        THUMBS: (len(searches), sum(len(one.ratings) for one in searches)),
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
        figures = np.stack([one[row] for one in products], axis=1)
        others = np.arange(len(ids)) != at
        found.append(Question(figures[others], (labels == labels[at])[others]))
    return found


def _products(vectors: np.ndarray, asked: np.ndarray) -> np.ndarray:
    return vectors[asked] @ vectors.T


def from_thumbs(searcher: Searcher) -> list[Question]:
    """Searches that have thumbs up and down: which of their matches are good.

    Searches by library images, words and palettes are asked anew, of the vectors as they are now. Of others, by
    pictures from outside, changed ones or averages, what each match's parts were is kept with its rating.
    """
    index, made = searcher.index(), {name: one.extractor for name, one in searcher.library.embeddings().items()}
    held, found = set(index.ids().tolist()), []
    for one in _searches(notes.ratings(searcher.library)):
        given = [rating for rating in one.ratings if rating.image_id in held]
        if not {rating.value > 0 for rating in given} == {True, False}:
            continue
        if one.entries is None:
            figures, base = _as_kept(given, index.embeddings, made), None
        else:
            figures, base = _asked_anew(searcher, one.entries, np.array([rating.image_id for rating in given], np.int64))
        if figures is not None:
            found.append(Question(figures, np.array([rating.value > 0 for rating in given], bool), base))
    return found


def _asked_anew(searcher: Searcher, entries: tuple[Entry, ...], ids: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Figures of images (c,) whose weighted sum ranks them as a search would, (c, m), and the usual weights of such a
    search (m,); None and None where it cannot be asked any more."""
    names = searcher.index().embeddings
    try:
        usual = searcher.asked(Query(entries))[0]
        asked = searcher.asked(Query(entries, weights=dict.fromkeys(names, 1.0)))[1]
    except LikenessError:
        return None, None
    order = np.argsort(ids)
    known = asked.figures(searcher.library, ids[order])
    figures = np.zeros((len(ids), len(names)), np.float32)
    for at, name in enumerate(names):
        if name not in asked.weights:
            continue  # the search says nothing of it
        values = np.where(np.isnan(known[name]), (asked.missing or {}).get(name, 0.0), known[name])
        # On one scale the score is a weighted geometric mean: of logarithms it is a sum.
        figures[order, at] = values if asked.scale is None else np.log(np.maximum(asked.scale[name].standing(values), _LEAST))
    return figures, np.array([usual[name] for name in names], np.float32)


def _as_kept(given: Sequence[Rating], names: Sequence[str], made: Mapping[str, str]) -> np.ndarray | None:
    """What is kept of rated matches, of vectors as they are made now: (c, m), the mean of the others where one lacks
    it; None where nothing is."""
    figures = np.full((len(given), len(names)), np.nan, np.float32)
    for row, rating in enumerate(given):
        for at, name in enumerate(names):
            figure, by = rating.parts.get(name, (np.nan, ""))
            figures[row, at] = figure if by == made.get(name) else np.nan
    known = ~np.isnan(figures)
    if not known.any():
        return None
    means = np.where(known, figures, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, figures, means).astype(np.float32)


@dataclass(frozen=True)
class _Search:
    """entries: what was asked with, where that can be asked again from here. ratings: of its matches."""

    entries: tuple[Entry, ...] | None
    ratings: list[Rating]


def _searches(ratings: Sequence[Rating]) -> list[_Search]:
    """The searches that something can be learned from."""
    groups: dict[str, list[Rating]] = {}
    for one in ratings:
        if one.query.get("plus"):
            key = json.dumps([sorted(map(str, one.query.get(side) or ())) for side in _SIDES])
            groups.setdefault(key, []).append(one)
    found = [_Search(_entries(group[0].query), group) for group in groups.values()]
    return [one for one in found if one.entries is not None or _is_kept(one.ratings)]


def _is_kept(ratings: Sequence[Rating]) -> bool:
    """Whether a search that is not asked again is known by its parts. With words among what was asked they say how far
    a match stands out, by what was weighed then alone."""
    tokens = [str(token) for side in _SIDES for token in ratings[0].query.get(side) or ()]
    return not any(token.startswith(("words:", "palette:")) for token in tokens) and any(one.parts for one in ratings)


def _entries(query: Mapping) -> tuple[Entry, ...] | None:
    """What was asked with, as `dashboard` writes it down; None where more than the library and the text is needed."""
    found = [_entry(str(token), side == "minus") for side in _SIDES for token in query.get(side) or ()]
    return None if None in found else tuple(found)


def _entry(token: str, minus: bool) -> Entry | None:
    kind, _, key = token.partition(":")
    if kind == "image" and re.fullmatch(r"\d{1,18}", key, re.ASCII):
        return ImageEntry(int(key), minus)
    if kind == "words" and key:
        return WordsEntry(key, minus)
    colors = re.findall(r"([0-9a-f]{6})\.(\d{1,3})", key) if kind == "palette" else []
    try:
        return PaletteEntry(tuple(f"#{color}" for color, _ in colors), tuple(float(share) for _, share in colors), minus) if colors else None
    except QueryError:
        return None
