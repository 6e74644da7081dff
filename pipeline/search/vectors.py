"""What a query's entries make together, embedding by embedding, and how much each embedding counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline import embeddings
from pipeline.search import joining, words
from pipeline.search.extractors import Extractors
from pipeline.search.query import Entry, Query, WordsEntry
from pipeline.search.scale import Sample
from pipeline.search.words import Understood


def joined(
    extractors: Extractors, entries: Sequence[Entry], names: Sequence[str], sample: Sample | None = None
) -> dict[str, np.ndarray]:
    """The entries as one vector (dim,) float32 of norm 1 of each embedding that they say something of.

    sample: what each says is brought to one scale before, so that a word has as much say as a
    picture, whose cosines spread further. Words for colors and palettes say which colors there
    are to be: those of pictures beside them do not count then (R-precision of a picture of a
    thing and another color on the sample gallery: 0.52 with both, 0.75 so).
    """
    found = {}
    for name in names:
        said = [(entry, row) for entry in entries for row in entry.rows(extractors, name)]
        role = embeddings.about(name).role
        if role == "text":  # what words are written about is looked up, and need not be seen as well
            said = [(entry, row) for entry, row in said if not _is_seen(extractors, names, entry)]
        if role == "color" and any(entry.scaled for entry, _ in said):
            said = [(entry, row) for entry, row in said if entry.scaled]
        sides: tuple[list, list] = ([], [])
        for entry, row in said:
            sides[entry.minus].append(row if sample is None else row / sample.spread(name, row).deviation)
        vector = joining.join(np.array(sides[0]), np.array(sides[1]), minus_alone=sample is not None)
        if vector is not None:
            found[name] = vector
    return found


def weights(extractors: Extractors, names: Sequence[str], query: Query) -> Mapping[str, float] | None:
    """The query's; where it has none, what words speak of counts in full, and all else as usual."""
    if query.weights is not None or not query.scaled:
        return query.weights
    spoken = [entry for entry in query.entries if entry.scaled]
    return embeddings.usual(names) | {
        name: 1.0 for name in _seeing(names) if any(len(entry.rows(extractors, name)) for entry in spoken)
    }


def understood(extractors: Extractors, names: Sequence[str], text: str) -> Understood:
    """Which embeddings of pictures have a say in which of some words, and which words none knows.

    What is written is not asked here: see `writing`.
    """
    seeing = _seeing(names)
    whole = [name for name in seeing if extractors.text(name, text) is not None]
    parsed, heard, unknown = words.parse(text), {text: tuple(whole)} if whole else {}, []
    for part in parsed.parts:
        by = [name for name in seeing if name not in whole and extractors.text(name, part.name) is not None]
        if by:
            heard[part.text] = (*heard.get(part.text, ()), *by)
        elif not whole:
            unknown.append(part.text)
    return Understood(heard, tuple(dict.fromkeys([*unknown, *([] if whole else parsed.unknown)])))


def _seeing(names: Sequence[str]) -> list[str]:
    return [name for name in names if embeddings.about(name).role != "text"]


def _is_seen(extractors: Extractors, names: Sequence[str], entry: Entry) -> bool:
    """Whether an entry is words in which an embedding of pictures has a say."""
    return isinstance(entry, WordsEntry) and bool(understood(extractors, names, entry.text).heard)
