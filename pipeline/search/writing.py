"""Words that are written about pictures, beside words for what is in them.

What a text says is looked for in both. A picture about which all of the words are written
ranks beside those that look like them: either is enough, and both are more. Words that no
embedding knows have to be written, where they are written anywhere; where they are not, the others
are searched for, and that they had no say is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.index import Filter
from pipeline.index.filters import passing
from pipeline.library import Library
from pipeline.search import words
from pipeline.search.query import Query, WordsEntry
from pipeline.search.words import Understood

SURE = 0.9
"""What a text counts for that says it best: as one that stands out by two and a half deviations."""


@dataclass(frozen=True)
class Written:
    """hits: {image: (score 0–1, where)} of images about which all words are written. only: the
    images that may be found, as words that nothing else knows are written about them. never:
    images about which words with a minus are written. unknown: words that nothing knows."""

    hits: dict[int, tuple[float, str]] = field(default_factory=dict)
    only: frozenset[int] | None = None
    never: frozenset[int] = frozenset()
    unknown: tuple[str, ...] = ()

    def narrowed(self, given: Filter) -> Filter:
        """A filter that also keeps to the words that have to be written."""
        if self.only is not None:
            both = self.only if given.ids is None else self.only & set(given.ids)
            given = replace(given, ids=tuple(sorted(both)))
        return given.without(*sorted(self.never)) if self.never else given

    def passing(self, library: Library, filter: Filter) -> np.ndarray:
        """Those of the hits that a filter lets pass: (n,) int64 ascending."""
        return passing(library, np.array(sorted(self.hits), np.int64), filter)

    def joined(self, ids: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """What images (n,) are worth by what they look like, and by what is written about them."""
        by_text = np.array([SURE * self.hits[i][0] if i in self.hits else 0.0 for i in ids.tolist()])
        return 1 - (1 - scores) * (1 - by_text)


def look_up(library: Library, query: Query, understood: Callable[[str], Understood]) -> Written:
    """What of a query's words is written about which images."""
    entries = [entry for entry in query.entries if isinstance(entry, WordsEntry)]
    only, never, silent, needed = None, set(), [], []
    for entry in entries:
        for word in understood(entry.text).unknown:
            found = set(_found(library, word))
            if not found:
                silent.append(word)
            elif entry.minus:
                never |= found
            else:
                only = found if only is None else only & found
                needed.append(word)
    hits = {}
    if all(entry.minus or isinstance(entry, WordsEntry) for entry in query.entries):
        asked = " ".join(_asked(entry.text) for entry in entries if not entry.minus)
        hits = _found(library, asked) or _found(library, " ".join(needed))
    return Written(hits, only and frozenset(only), frozenset(never), tuple(dict.fromkeys(silent)))


def _found(library: Library, text: str) -> dict[int, tuple[float, str]]:
    return {image: (score, where) for image, score, where in library.facts.find(text)} if text else {}


def _asked(text: str) -> str:
    """What of a text has to be written: phrases in quotes as they are, else without words that say nothing."""
    return text if '"' in text else words.parse(text).said
