"""What kind of thing do you want? The kinds that a library shows, to begin with, and the kind of
what is searched with, to keep to: a search by gist then stays among shoes, or among dogs."""

from __future__ import annotations

import numpy as np
from dash import html

from dashboard import components
from dashboard.reads import Reads
from dashboard.reads import facets as passing
from pipeline import columns, things
from pipeline.columns import OneOf
from pipeline.errors import LikenessError
from pipeline.search import Query

MOST = 10
"""Kinds offered to begin with."""
_FEWEST = 3  # images of a kind that is offered
_ALIKE = 0.7  # share of common images from which two kinds are one choice
COLUMN = "thing"


def offered(reads: Reads, where: str) -> list[tuple[str, int]]:
    """Kinds and how many of the images that pass some filters are surely of them, most first.

    Of two kinds that are of nearly the same images (dogs and animals where all animals are
    dogs) only the narrower is named. Raises LikenessError for filters that there are not.
    """
    table = columns.of(reads.library).now()
    if not len(table) or COLUMN not in {one.name for one in passing.offered(reads)}:
        return []
    values = table.values(COLUMN)
    passed = table.all_passing(passing.asked(reads, where))
    counts, _ = values.counts(passed)
    wide = {kind.name: len(kind.classes) for kind in things.kinds()}
    chosen: list[tuple[str, int, np.ndarray]] = []
    order = sorted(np.flatnonzero(counts >= _FEWEST).tolist(), key=lambda code: (-counts[code], wide[values.names[code]]))
    for code in order[: 6 * MOST]:
        name = values.names[code]
        mask = table.passing(OneOf(COLUMN, (name,)))
        if passed is not None:
            mask = mask & passed
        twin = next((at for at, (_, _, other) in enumerate(chosen) if _common(mask, other) >= _ALIKE), None)
        if twin is None:
            chosen.append((name, int(counts[code]), mask))
        elif wide[name] < wide[chosen[twin][0]]:
            chosen[twin] = (name, int(counts[code]), mask)
    return [(name, count) for name, count, _ in chosen[:MOST]]


def _common(one: np.ndarray, other: np.ndarray) -> float:
    """Images in both as a share of those in either."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def choices(reads: Reads, where: str) -> html.Div | None:
    """The kinds of a library as buttons, each a filter; None where nothing is seen, or a kind is chosen."""
    if _named(reads, where):
        return None
    found = offered(reads, where)
    if len(found) < 2:
        return None
    plural = {kind.name: kind.plural for kind in things.kinds()}
    buttons = [
        html.Button(
            [plural[name], html.Span(f" {count:,}", className="soft")], type="button", className="chip chip-button",
            title=f"Looks like {plural[name]}: {components.counted(count, 'image')}", **{"data-thing": name},
        )
        for name, count in found
    ]
    return html.Div(
        [html.P("What kind of thing do you want?", id="search-things-title", className="search-things-title"),
         html.Div(buttons, className="chips", role="group", **{"aria-labelledby": "search-things-title"})],
        className="search-things",
    )


def keep_to(reads: Reads, query: Query, where: str) -> html.Button | None:
    """A button that keeps the matches to the kind of what is searched with, where that is sure of all of it."""
    if _named(reads, where) or not things.available(reads.library):
        return None
    plus = [reads.searcher.rows(entry, things.NAME) for entry in query.entries if not entry.minus and not entry.scaled]
    rows = np.concatenate(plus) if plus and all(len(part) for part in plus) else np.zeros((0, 0))
    if not len(rows):
        return None
    share = things.shares(rows.astype(np.float32)).min(axis=0)
    sure = [kind for kind, own in zip(things.kinds(), share.tolist()) if own >= things.SURE]
    if not sure:
        return None
    kind = min(sure, key=lambda one: len(one.classes))
    return html.Button(
        f"Only {kind.plural}", type="button", className="chip chip-button",
        title="Keep to images that surely look like this kind of thing", **{"data-thing": kind.name},
    )


def _named(reads: Reads, where: str) -> bool:
    """Whether the filters name a kind already; nonsense names none."""
    try:
        return any(one.column == COLUMN for one in passing.asked(reads, where))
    except LikenessError:
        return False
