"""From what stands on the Search page to a query of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from dashboard.pages.search.entry import Asked, Entry
from dashboard.pages.search.kinds import KINDS
from dashboard.reads import Reads, facets, galleries
from dashboard.uploads.edit import EditedPictures
from pipeline import columns, embeddings
from pipeline.search import Filter, Query
from pipeline.settings import METRICS

COUNTS = (12, 24, 48, 96)
COUNT = 24
MODES = ("closest", "discover", "distinct")
_OLDER = {"label": "label", "folder": "folder", "in": "collection", "tag": "tag"}
"""Parameters that had one filter each → columns."""


@dataclass(frozen=True)
class Settings:
    """How is searched: weights 0–1 by embedding, metric, matches at a time, mode, and the
    conditions on what is found, as the address writes them. by: what the matches shown are sorted by
    (`galleries.SORTS`); it changes nothing of what is found. exact: every image is compared."""

    weights: dict[str, float]
    metric: str = METRICS[0]
    count: int = COUNT
    mode: str = MODES[0]
    where: str = ""
    by: str = galleries.AS_GIVEN
    exact: bool = False

    @classmethod
    def of(cls, params: Mapping[str, str], names: Sequence[str]) -> Settings:
        """As an address names them; nonsense is passed over."""
        return cls(
            weights_from(params, names),
            _one_of(params.get("metric"), METRICS, METRICS[0]),
            int(_one_of(params.get("count"), [str(n) for n in COUNTS], str(COUNT))),
            _one_of(params.get("mode"), MODES, MODES[0]),
            where_from(params),
            _one_of(params.get("by"), galleries.SORTS, galleries.AS_GIVEN),
            params.get("exact") == "1",
        )

    def params(self) -> dict[str, object]:
        """The parameters of the address; what is the default is left out."""
        params: dict[str, object] = {}
        if self.weights != embeddings.usual(list(self.weights)):
            params |= {name: f"{value:g}" for name, value in self.weights.items()}
        params["metric"] = self.metric if self.metric != METRICS[0] else None
        params["count"] = self.count if self.count != COUNT else None
        params["mode"] = self.mode if self.mode != MODES[0] else None
        params["exact"] = 1 if self.exact else None
        return params | {"where": self.where or None, "by": self.by if self.by != galleries.AS_GIVEN else None}


def weights_from(params: Mapping[str, str], names: Sequence[str]) -> dict[str, float]:
    """The weights that an address names, 0–1; the usual ones where it names none."""
    given = {}
    for name in names:
        try:
            value = float(params[name])
        except (KeyError, ValueError):
            continue
        if isfinite(value):
            given[name] = min(1.0, max(0.0, value))
    if not given:
        return embeddings.usual(names)
    return {name: given.get(name, 0.0) for name in names}


def where_from(params: Mapping[str, str]) -> str:
    """The conditions that an address names, as it writes them; those of older addresses, too."""
    if params.get("where"):
        return params["where"]
    return columns.printed(
        one for name, column in _OLDER.items() if params.get(name) for one in columns.one_of(column, _split(params[name]))
    )


def _split(text: str) -> list[str]:
    """Values with commas between; a comma within has a backslash before it."""
    values, letters = [""], iter(text)
    for letter in letters:
        if letter == ",":
            values.append("")
        else:
            values[-1] += next(letters, "") if letter == "\\" else letter
    return list(filter(None, values))


def query_of(
    reads: Reads, edited: EditedPictures, board: Sequence[Entry], uploads: Mapping, settings: Settings
) -> Query:
    """The query of a board. uploads: {token: {embedding: vector as base64}} of its uploads.

    The images of the board, and those of its collections, are not looked for. Raises
    QueryError, or NoteError, with one sentence where something of it is gone.
    """
    asked = Asked(reads, edited, uploads)
    parts = [KINDS[entry.kind].query(asked, entry) for entry in board]
    exclude = set().union(*(known for _, known in parts))
    entries = tuple(part for part, _ in parts)
    return Query(
        entries=entries, weights=_weights(settings.weights),
        # Other metrics compare pictures with pictures alone.
        metric=METRICS[0] if any(part.scaled for part in entries) else settings.metric, top_k=settings.count, exact=settings.exact,
        filter=Filter(facets.asked(reads, settings.where), exclude=tuple(sorted(exclude))),
    )


def _weights(given: Mapping[str, float]) -> dict[str, float] | None:
    """None where nothing else than usual was chosen, and where nothing counts (Hamming)."""
    return None if not any(given.values()) or given == embeddings.usual(list(given)) else dict(given)


def rated_as(board: Sequence[Entry], settings: Settings) -> dict:
    """What ratings of this search are kept under: the same question gives the same text."""
    asked: dict[str, object] = {
        "plus": sorted(f"{one.kind}:{one.token}" for one in board if not one.minus),
        "minus": sorted(f"{one.kind}:{one.token}" for one in board if one.minus),
        "metric": settings.metric,
    }
    if settings.metric != "hamming":  # it does not weigh
        asked["weights"] = {name: round(value, 2) for name, value in settings.weights.items()}
    return asked


def _one_of(value: str | None, known: Sequence[str], default: str) -> str:
    return value if value in known else default
