"""What is searched with, and what is found: the answers to what the browser asks (assets/search/page.js)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Literal

from dash import ALL, Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component
from typing_extensions import NotRequired, TypedDict

from dashboard import components, facets
from dashboard.access import READ, needs
from dashboard.access.asked import Digits, Id, Real, Whole
from dashboard.pages.search import board as search_board
from dashboard.pages.search import results as found
from dashboard.pages.search import things
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.panel import examples
from dashboard.pages.search.query import MODES, Settings, query_of, rated_as
from dashboard.pages.search.results import Shown
from dashboard.pages.search.stage import query_view
from dashboard.pools import LONG
from dashboard.reads import Reads, galleries
from dashboard.reads import facets as passing
from dashboard.reads.exactness import Exactnesses, said
from dashboard.uploads.edit import EditedPictures
from pipeline.errors import LikenessError
from pipeline.settings import METRICS

PATH = "/search"

STARTS = 18
"""Examples offered in the empty gallery."""
PASSING = 48
"""Of those that pass filters."""

_WEIGHTS = {"type": "search-weight", "embedding": ALL}
_SETTINGS = [
    (_WEIGHTS, "value"), ("search-metric", "value"), ("search-count", "value"), ("search-mode", "value"),
    ("search-exact", "value"), (facets.WHERE, "data"),
]
"""What the controls say, as `_settings` takes it."""


class _Asked(TypedDict):
    """What the browser asks (assets/search/page.js): the board, the vectors and names of its uploads."""

    board: list[dict]
    uploads: dict[str, dict[str, str]]
    names: dict[str, str]
    first: NotRequired[bool]
    upto: NotRequired[Whole]


class _Shown(TypedDict):
    """`results.Shown` as the browser keeps it."""

    of: str
    ids: list[Id]
    bend: Whole | None
    more: bool
    question: dict


class _Slider(TypedDict):
    """The id of a slider."""

    embedding: str


_Values = list[Real | None]
_Metric, _Mode, _By = Literal[tuple(METRICS)], Literal[MODES], Literal[tuple(galleries.SORTS)]


def register(app: Dash, reads: Reads) -> None:
    """Add the callbacks."""
    edited = EditedPictures(reads)
    _register_first(app, reads, edited)
    _register_more(app, reads, edited)
    _register_exactness(app, reads)


def _register_first(app: Dash, reads: Reads, edited: EditedPictures) -> None:
    """The pictures on the board, and the first of what is found."""

    @app.callback(
        Output("search-query", "children"), Input("search-asked", "data"), Input("search-active", "data"),
        prevent_initial_call=True,
    )
    @needs(READ)
    def on_query(asked: _Asked | None, active: Whole | None):
        board = search_board.from_data((asked or {}).get("board"))
        return query_view(reads, board, -1 if active is None else active, (asked or {}).get("names", {}))

    @app.callback(
        Output("search-status", "children"), Output("search-gallery", "children"),
        Output("search-below", "children"), Output("search-shown", "data"),
        Output("search-view", "data"),
        Input("search-asked", "data"), *(Input(*one) for one in _SETTINGS), State(_WEIGHTS, "id"),
        State("search-seen", "data"), State("search-by", "data"), State("search-shown", "data"),
        running=[(Output("search-results", "className"), "search-results working", "search-results")],
        prevent_initial_call=False,
    )
    @needs(READ)
    def on_change(asked: _Asked | None, values: _Values, metric: _Metric, count: Digits, mode: _Mode, exact: bool | None,
                  where: str | None, sliders: list[_Slider], seen: list[Id] | None, by: _By, shown: _Shown | None):
        if asked is None:
            return (no_update,) * 5
        asked = {**asked, "seen": seen or []}
        settings = replace(_settings(values, metric, count, mode, exact, where, sliders), by=by)
        board = search_board.from_data(asked["board"])
        # Another picture is a step that Back returns from; a slider's way is not, and neither is
        # how the page writes the address that it was opened with.
        stays = asked.get("first", False) or "search-asked.data" not in ctx.triggered_prop_ids
        view = components.view(
            PATH, search_board.to_params(board) | settings.params(), replace=stays
        )
        return *results(reads, edited, asked, settings, stands=shown is not None), view


def _register_more(app: Dash, reads: Reads, edited: EditedPictures) -> None:
    """What follows, as the end of the list comes into sight."""

    @app.callback(
        Output("search-page", "data"),
        Input("search-more", "data"), State("search-shown", "data"), State("search-asked", "data"),
        *(State(*one) for one in _SETTINGS), State(_WEIGHTS, "id"),
        running=[(Output("search-end", "className"), "search-end waiting", "search-end")],
        prevent_initial_call=True,
    )
    @needs(READ)
    def on_more(_, shown: _Shown | None, asked: _Asked | None, values: _Values, metric: _Metric, count: Digits, mode: _Mode,
                exact: bool | None, where: str | None, sliders: list[_Slider]):
        settings = _settings(values, metric, count, mode, exact, where, sliders)
        # Where something else is asked by now, its answer is under way or there is none.
        if not shown or not asked or not shown["more"] or shown["of"] != _generation(asked, settings):
            return no_update
        board = search_board.from_data(asked["board"])
        query = query_of(reads, edited, board, asked["uploads"], settings)
        before = Shown(**shown | {"ids": tuple(shown["ids"])})
        page = found.page_of(
            reads, query, settings, shown["question"], shown=before, of=shown["of"]
        )
        return {"after": len(before.ids), "matches": page.matches, "shown": page.shown.data}


def _register_exactness(app: Dash, reads: Reads) -> None:
    """How exact a search is by the weights as they stand."""
    exactnesses = Exactnesses(reads)

    @app.callback(
        Output("search-exactness", "children"), Input(_WEIGHTS, "value"), Input("search-metric", "value"),
        Input("search-count", "value"), Input("search-exact", "value"), State(_WEIGHTS, "id"),
    )
    @needs(READ, pool=LONG)
    def on_weights(values: _Values, metric: _Metric, count: Digits, exact: bool | None, sliders: list[_Slider]):
        counting = {part["embedding"]: float(value or 0) for part, value in zip(sliders, values)}
        return "" if metric == "hamming" else said(exactnesses.of(counting, int(count)), bool(exact))


def _settings(values, metric, count, mode, exact, where, ids) -> Settings:
    """What the controls say; ids: of the sliders."""
    weights = {part["embedding"]: float(value or 0) for part, value in zip(ids, values)}
    return Settings(weights, metric, int(count), mode, where or "", exact=bool(exact))


def results(reads: Reads, edited: EditedPictures, asked: Mapping, settings: Settings, stands: bool = True) -> tuple:
    """The line above the gallery, the gallery, what is below, and what is shown.

    stands: an answer is there. It stays after an error; where none is, as of an address with a word that is not
    known, there are images to start from.
    """
    board = search_board.from_data(asked["board"])
    seen = asked.get("seen", [])
    if all(KINDS[one.kind].gone(reads, one) for one in board):
        return None, _start(reads, settings.where), None, None  # nothing asked, or of what is gone: beside it that is said
    if not any(settings.weights.values()) and settings.metric != "hamming":
        note = components.error_note("Nothing counts: move at least one slider up.")
        return note, no_update, no_update, no_update
    try:
        query = query_of(reads, edited, board, asked["uploads"], settings)
        of = _generation(asked, settings)
        page = found.pages_of(
            reads, query, settings, rated_as(board, settings), seen=seen, of=of, upto=int(asked.get("upto") or 0)
        )
    except LikenessError as error:
        gallery = no_update if stands else _start(reads, settings.where)
        return components.error_note(str(error)), gallery, no_update, no_update
    if not page.matches:
        return None, found.nothing(settings, board, len(seen)), None, page.shown.data
    return (
        [found.told(page, settings, board), things.keep_to(reads, query, settings.where)],
        found.gallery(page, settings, board),
        found.below(settings, len(seen)), page.shown.data,
    )


def _generation(asked: Mapping, settings: Settings) -> str:
    """Tells the answer to one search from that to another."""
    seen = len(asked.get("seen", [])) if settings.mode == "discover" else 0
    asks = replace(settings, by=Settings.by).params()  # however it is sorted, it is the same answer
    text = json.dumps([asked["board"], asks, seen], sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _start(reads: Reads, where: str) -> Component:
    """What stands in place of the matches before there is a query: images to start from, of those that pass."""
    try:
        ids = reads.examples(STARTS) if not where else passing.spread(reads, where, PASSING)
    except LikenessError as error:
        return components.error_note(str(error))
    if not where:
        head = "Find images"
        text = "Say in words what you look for, choose, drop or paste an image, or start from one of the library."
    else:
        head = components.counted(passing.count(reads, where), "image")
        text = "These pass the filters. Choose one to find those like it." if ids else "No image passes all filters."
    return html.Div(
        [html.H2(head), html.P(text, className="soft"), things.choices(reads, where), components.justified(examples(reads, ids, "search-start"))],
        className="search-start",
    )
