"""The right side of the Search page: matches, page after page, and what is said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b

import numpy as np
from dash import dcc, html

from dashboard import components, figures
from dashboard.pages.search.entry import Entry, Kind
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.query import Settings
from dashboard.reads import Called, Reads, galleries
from pipeline.library import notes
from pipeline.search import Match, Query, after, cutoff, diversity
from pipeline.search.diversity import Found

MOST = 960
"""Matches that one page grows to: beyond, a person narrows the search rather than scrolls."""


@dataclass(frozen=True)
class Shown:
    """What the gallery shows: under which search (of), ids in order, after which of them the
    scores bend, whether more may follow, and what ratings of it are kept under (question)."""

    of: str
    ids: tuple[int, ...]
    bend: int | None
    more: bool
    question: dict

    @property
    def data(self) -> dict:
        """As the browser keeps it."""
        return asdict(self) | {"ids": list(self.ids)}


@dataclass(frozen=True)
class Page:
    """Matches to be shown after those that are there, what is then shown, and the search's time.

    matches: what the browser makes cards of, assets/search/search_gallery.js. partly: {embedding
    that counts and that only some images have: how many, of how many}. unknown: words that had no say. away:
    how many images were not searched, since their drive is not there."""

    matches: list[dict]
    shown: Shown
    ms: float
    partly: dict[str, tuple[int, int]]
    unknown: tuple[str, ...] = ()
    away: int = 0


def page_of(
    reads: Reads,
    query: Query,
    settings: Settings,
    rated: dict,
    *,
    seen: Sequence[int] = (),
    shown: Shown | None = None,
    of: str = "",
) -> Page:
    """The first matches of a query, or those after the ones shown.

    No match is shown twice: the search itself leaves out what is shown. rated: what
    ratings of this search are kept under. seen: images that discovering has shown before.
    """
    ids = shown.ids if shown else ()
    if shown is None and settings.mode == "closest":
        # One figure for a whole list, taken where the list begins.
        result, curve = reads.searcher.search_with_curve(query, cutoff.DEPTH)
        found, bend = Found(result), cutoff.bend(curve)
    else:
        found, bend = _found(reads, query, settings, ids, seen), shown.bend if shown else None
    words = {one.image_id: one.value for one in notes.ratings(reads.library, rated)}
    new = [match.id for match in found.result.matches]
    called = reads.called(new)
    shapes = galleries.shapes(reads, np.array(new, np.int64)).tolist()
    matches = [
        _match(match, called[match.id], rank, found, shape, words.get(match.id, 0))
        for rank, (match, shape) in enumerate(zip(found.result.matches, shapes), len(ids) + 1)
    ]
    ids = (*ids, *new)
    full = len(found.result.matches) == settings.count
    more = settings.mode != "discover" and full and len(ids) < MOST
    shown = Shown(of, ids, bend, more, rated)
    result = found.result
    return Page(matches, shown, result.ms, result.partly, tuple(result.unknown), sum(result.away.values()))


def _found(
    reads: Reads, query: Query, settings: Settings, shown: Sequence[int], seen: Sequence[int]
) -> Found:
    if settings.mode == "discover":
        # From the question and what was seen: a reload draws the same ones.
        text = repr((query.images, [entry.minus for entry in query.entries], replace(query.filter, exclude=()), len(seen)))
        seed = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
        return diversity.discover(reads.searcher, query, seen, seed)
    if settings.mode == "distinct":
        return diversity.distinct(reads.searcher, query, shown)
    return Found(reads.search(after(query, shown)))


def pages_of(
    reads: Reads, query: Query, settings: Settings, rated: dict, *, seen: Sequence[int], of: str, upto: int
) -> Page:
    """The first matches, and as many pages after them as hold so many: where one comes back to a list
    it is as long as it was."""
    page = page_of(reads, query, settings, rated, seen=seen, of=of)
    while page.shown.more and len(page.shown.ids) < min(upto, MOST):
        more = page_of(reads, query, settings, rated, shown=page.shown, of=of)
        page = replace(page, matches=page.matches + more.matches, shown=more.shown)
    return page


def gallery(page: Page, settings: Settings, board: Sequence[Entry]) -> list:
    """What the browser makes the gallery of: its place, the legend of the bars, and the matches."""
    weights = settings.weights
    parts = [
        {"name": name, "title": components.title_of(name), "part": components.part_of(name), "counts": weight > 0}
        for name, weight in weights.items()
    ]
    data = {
        "of": page.shown.of, "bend": page.shown.bend, "parts": parts, "matches": page.matches, "by": settings.by,
        "scored": "Score: how far it stands out of this library for what is asked, 0 to 1" if _stands_out(board)
        else "Score: how alike, weighed by what counts; 1 is the same",
    }
    # Of what no match has there is no bar: by hashes nothing is weighed.
    barred = [name for name in weights if any(name in match["parts"] for match in page.matches)]
    return [
        *([components.legend(barred)] if barred else []),
        html.Div(id="search-list"), dcc.Store(id="search-matches", data=data),
    ]


def _stands_out(board: Sequence[Entry]) -> bool:
    return any(KINDS[one.kind].stands_out for one in board)


def _match(match: Match, called: Called, rank: int, found: Found, shape: int, rating: int) -> dict:
    """A match for the browser: shape is its width by height in thousandths, rating the word on it (1, 0 or −1)."""
    said = {"further": True} if match.id in found.further else {}
    if match.id in found.alike:
        said["alike"] = found.alike[match.id]
    if match.distance is not None:
        said["distance"] = match.distance
    if match.written:
        said["written"] = match.written
    return {
        "id": match.id, "rank": rank, "score": match.score, "parts": match.parts, "shape": shape, "rating": rating,
        "label": match.label or "", "name": called.name, "path": called.path, **said,
    }


def told(page: Page, settings: Settings, board: Sequence[Entry]) -> html.Div:
    """The line above the gallery: how many, how fast, and what a score is a score of."""
    found = len(page.shown.ids)
    count = f"{found} {'match' if found == 1 else 'matches'} in {figures.span(page.ms)}"
    lines = [html.Span(f"First {count}" if page.shown.more else count)]
    if settings.mode == "discover" and found:
        further = min(diversity.FURTHER, max(0, found - diversity.CLOSEST))
        text = f"{found - further} closest that you have not seen, {further} drawn from further out"
        lines.append(html.Span(text))
    if settings.mode == "distinct":
        lines.append(html.Span("Of pictures that are nearly the same, the closest stands for all"))
    if page.unknown:
        lines.append(html.Span(f"Not known here: {', '.join(page.unknown)}"))
    if page.away:
        lines.append(html.Span(
            f"{page.away:,} images are not searched: their drive is not there",
            title="They are kept as they were, and found again as soon as it is connected",
        ))
    for name, (count, of) in page.partly.items():
        lines.append(html.Span(
            f"{components.title_of(name)} is known of {count:,} of {of:,} images; the others count there as average",
            title="They can be far down for it. An update of the library looks at them, too",
        ))
    minus = sum(one.minus for one in board)
    if _stands_out(board):
        lines.append(html.Span(
            "Scores: how far a match stands out of this library for what is asked, 0 to 1",
            title="0.5 is one standard deviation above the average image, 0.18 the average; parts likewise, "
                  "and the score is their geometric mean",
        ))
    elif len(board) > 1:
        plus = len(board) - minus
        text = f"Scores: how like {_average(plus, 'plus', 'pluses')}"
        if minus:
            text += f", less half of how like {_average(minus, 'minus', 'minuses')}"
        lines.append(html.Span(text))
    elif board and KINDS[board[0].kind].told:
        lines.append(html.Span(KINDS[board[0].kind].told))
    return html.Div(lines, className="told")


def _average(count: int, one: str, several: str) -> str:
    return f"the average of the {count} {several}" if count > 1 else f"the {one}"


def nothing(settings: Settings, board: Sequence[Entry], seen: int) -> html.Div:
    """What stands in place of matches where there are none."""
    if settings.where:
        text, action = "No other image passes all filters.", "Clear the filters"
        button = html.Button(action, className="button", type="button", **{"data-facets": "clear"})
    elif settings.mode == "discover" and seen:
        text = "You have seen everything there is."
        button = html.Button("Start over", className="button", type="button", **{"data-does": "forget"})
    else:
        text, button = KINDS[board[0].kind].nothing if len(board) == 1 else Kind.nothing, None
    return html.Div([html.H2("No matches"), html.P(text, className="soft"), button], className="search-none")


def below(settings: Settings, seen: int) -> list:
    """What follows the gallery: more of it, new ones, or its end."""
    if settings.mode == "discover":
        again = html.Button(
            [components.icon("shuffle"), "Again"], className="button", type="button",
            title="New images, none of those you have seen", **{"data-does": "again"},
        )
        over = html.Button(
            "Start over", className="card-link", type="button",
            title=f"Forget the {components.counted(seen, 'image')} seen before", **{"data-does": "forget"},
        )
        return [again, *([over] if seen else [])]
    return []
