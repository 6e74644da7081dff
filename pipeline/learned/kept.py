"""Learned weights as a library remembers them, one per source, and the presets that they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline import embeddings
from pipeline.errors import QueryError
from pipeline.learned import weights
from pipeline.learned.questions import LABELS, THUMBS, from_labels, from_thumbs
from pipeline.learned.weights import Learned
from pipeline.library import Library
from pipeline.search import Searcher

SOURCES = (LABELS, THUMBS)
_STEP = "weights"


def learn(searcher: Searcher, source: str) -> Learned:
    """Learn from a source of the searcher's library and keep it; raises QueryError where it says too little."""
    if source not in SOURCES:
        raise QueryError(f"Weights are not learned from {source!r}; there are: {', '.join(SOURCES)}.")
    searcher = searcher.held()  # another run may build the index with other embeddings meanwhile
    questions = from_labels(searcher.library, searcher.index()) if source == LABELS else from_thumbs(searcher)
    found = weights.learned(source, questions, searcher.embeddings)
    put(searcher.library, source, found)
    return found


def put(library: Library, source: str, found: Learned | None) -> None:
    """Keep learned weights in place of those before; None: forget them. Raises QueryError for those of another source."""
    if found is not None and found.source != source:
        raise QueryError(f"These weights were not learned from {source}.")
    with library.db.atomic():  # the other source's may be put at the same moment
        there = library.choice(_STEP) or {}
        library.choose(_STEP, {**there, source: found and found.as_json()})


def kept(library: Library) -> dict[str, Learned]:
    """What was learned, by source; what is of embeddings that the library has no more is left out."""
    found = {}
    for source, given in (library.choice(_STEP) or {}).items():
        if given is None or source not in SOURCES:
            continue
        one = Learned.from_json(given)
        if one.weights.keys() <= library.embeddings().keys():
            found[source] = one
    return found


def presets(library: Library, names: Sequence[str]) -> dict[str, Mapping[str, float]]:
    """As `embeddings.presets`, and what was learned: {title: {name: 0 ≤ w ≤ 1}}."""
    found: dict[str, Mapping[str, float]] = dict(embeddings.presets(names))
    for one in kept(library).values():
        if any(one.weights.get(name) for name in names):
            found[one.title] = {name: one.weights.get(name, 0.0) for name in names}
    return found
