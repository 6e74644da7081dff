"""Search: pictures with a plus or a minus, how much each embedding counts, and what is closest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Literal

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from typing_extensions import NotRequired, TypedDict

from dashboard import acts, components, facets, words
from dashboard.access import ANNOTATE, READ, RUN, needs
from dashboard.access.asked import Digits, Id, Real, Whole
from dashboard.pages.rated import searches
from dashboard.pages.search import board as search_board
from dashboard.pages.search import results as search_results
from dashboard.pages.search import things as search_things
from dashboard.pages.search import upload as search_upload
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.panel import MODE_ABOUT, MODE_TITLES, examples, query_part, segments, settings_part
from dashboard.pages.search.query import MODES, Settings, query_of, rated_as
from dashboard.pages.search.results import Shown
from dashboard.pages.search.stage import query_view
from dashboard.pools import LONG
from dashboard.reads import Reads, galleries
from dashboard.reads.exactness import Exactnesses, said
from dashboard.reads import facets as passing
from dashboard.routes import ratings as rating_export
from dashboard.uploads.edit import EditedPictures
from pipeline.errors import LikenessError
from pipeline.library import notes
from pipeline.settings import METRICS

PATH = "/search"
TITLE = "Search"
NAV = "Search"

STARTS = 18
"""Examples offered in the empty gallery."""
LATEST = 6
"""Rated searches beside the history."""
PASSING = 48
"""Of those that pass filters."""


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


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names."""
    names = reads.embeddings()
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not names:
        return components.not_compared(reads.data_told, reads.may(RUN))
    settings = Settings.of(params, names)
    board = [entry.data for entry in search_board.from_params(params)]
    return html.Div(
        className="search page-wide",
        children=[
            dcc.Store(id="search-chosen", data=board),
            # Which picture of the board is on the stage; what the browser asks the server; what
            # it gets back (uploads it sends and keeps itself, see search_files.js).
            *(dcc.Store(id=f"search-{name}") for name in (
                "active", "asked", "picture", "shown", "more", "page", "recorded", "listed", "seen",
            )),
            dcc.Store(id="search-by", data=settings.by),
            html.Section(
                id="search-panel", className="search-panel", **{"aria-label": "Query", "data-takes": "plus"},
                children=[query_part(reads), settings_part(reads, names, settings)],
            ),
            facets.panel(settings.where, opens=True),
            html.Section(
                id="search-results", className="search-results", **{"aria-label": "Matches"},
                children=[
                    html.Div(
                        [facets.button(), html.Div(id="search-status", className="search-status", role="status"),
                         html.Div(id="search-tools", className="pictures-tools"),
                         segments("search-mode", "Which matches", MODE_TITLES, settings.mode, quiet=True, about=MODE_ABOUT)],
                        className="search-head",
                    ),
                    facets.chips(),
                    html.Div(id="search-gallery"),
                    html.Div(id="search-below", className="search-below"),
                    html.Div(id="search-end", className="search-end"),
                ],
            ),
        ],
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""
    edited = EditedPictures(reads)
    search_upload.register(app, reads)
    words.register(app, reads)
    rating_export.register(app.server, reads.library)
    _register_matches(app, reads, edited)
    _register_browser(app)


def _register_matches(app: Dash, reads: Reads, edited: EditedPictures) -> None:
    """What is searched with, and what is found."""
    weights = {"type": "search-weight", "embedding": ALL}
    settings_states = [
        (weights, "value"), ("search-metric", "value"), ("search-count", "value"), ("search-mode", "value"),
        ("search-exact", "value"), (facets.WHERE, "data"),
    ]
    exactnesses = Exactnesses(reads)

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
        Input("search-asked", "data"), *(Input(*one) for one in settings_states), State(weights, "id"),
        State("search-seen", "data"), State("search-by", "data"),
        running=[(Output("search-results", "className"), "search-results working", "search-results")],
        prevent_initial_call=False,
    )
    @needs(READ)
    def on_change(asked: _Asked | None, values: _Values, metric: _Metric, count: Digits, mode: _Mode, exact: bool | None,
                  where: str | None, sliders: list[_Slider], seen: list[Id] | None, by: _By):
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
        return *results(reads, edited, asked, settings), view

    @app.callback(
        Output("search-page", "data"),
        Input("search-more", "data"), State("search-shown", "data"), State("search-asked", "data"),
        *(State(*one) for one in settings_states), State(weights, "id"),
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
        page = search_results.page_of(
            reads, query, settings, shown["question"], shown=before, of=shown["of"]
        )
        return {"after": len(before.ids), "matches": page.matches, "shown": page.shown.data}

    @app.callback(
        Output("search-exactness", "children"), Input(weights, "value"), Input("search-metric", "value"),
        Input("search-count", "value"), Input("search-exact", "value"), State(weights, "id"),
    )
    @needs(READ, pool=LONG)
    def on_weights(values: _Values, metric: _Metric, count: Digits, exact: bool | None, sliders: list[_Slider]):
        counting = {part["embedding"]: float(value or 0) for part, value in zip(sliders, values)}
        return "" if metric == "hamming" else said(exactnesses.of(counting, int(count)), bool(exact))

    @app.callback(Output("search-ratings", "children"), *acts.changed(acts.RATINGS))
    @needs(READ)
    def on_rated(_):
        return ratings_view(reads)


def _register_browser(app: Dash) -> None:
    """What the browser does by itself, see search.js."""
    weights = Input({"type": "search-weight", "embedding": ALL}, "value")
    presets = State({"type": "search-preset", "name": ALL}, "id")
    chosen = Output("search-chosen", "data", allow_duplicate=True)
    kinds = ("search-start", "search-example")
    for function, outputs, inputs in (
        ("ask", [Output("search-asked", "data")],
         [Input("search-chosen", "data"), State("search-shown", "data"), State("search-mode", "value")]),
        ("choose", [chosen], [
            *(Input({"type": kind, "image": ALL}, "n_clicks") for kind in kinds),
            State("search-chosen", "data"),
        ]),
        ("preset", [Output({"type": "search-weight", "embedding": ALL}, "value")],
         [Input({"type": "search-preset", "name": ALL}, "n_clicks"),
          State({"type": "search-weight", "embedding": ALL}, "id"), State("search-presets", "data")]),
        ("append", [Output("search-shown", "data", allow_duplicate=True)],
         [Input("search-page", "data"), State("search-shown", "data")]),
    ):
        app.clientside_callback(
            ClientsideFunction("search", function), *outputs, *inputs,
            prevent_initial_call=function != "ask",
        )
    app.clientside_callback(
        ClientsideFunction("search", "dress"), Output("search-picture", "data"),
        Input("search-query", "children"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "list"), Output("search-listed", "data"),
        Input("search-matches", "data"), State("search-shown", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "arrived"), Output("search-recorded", "data"),
        Input("search-shown", "data"), State("search-view", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("inside", "link"), Output("search-inside", "href"), Output("search-inside", "hidden"),
        Input("search-view", "data"), State("search-asked", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "pressed"),
        Output({"type": "search-preset", "name": ALL}, "aria-pressed"),
        Output({"type": "search-figure", "embedding": ALL}, "children"),
        weights, State({"type": "search-weight", "embedding": ALL}, "id"), presets, State("search-presets", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "weighs"),
        Output({"type": "search-weight", "embedding": ALL}, "disabled"),
        Output({"type": "search-preset", "name": ALL}, "disabled"),
        Output("search-metric-about", "children"),
        Input("search-metric", "value"), State({"type": "search-weight", "embedding": ALL}, "id"), presets,
        State("search-metrics", "data"),
    )


def _settings(values, metric, count, mode, exact, where, ids) -> Settings:
    """What the controls say; ids: of the sliders."""
    weights = {part["embedding"]: float(value or 0) for part, value in zip(ids, values)}
    return Settings(weights, metric, int(count), mode, where or "", exact=bool(exact))


def results(reads: Reads, edited: EditedPictures, asked: Mapping, settings: Settings) -> tuple:
    """The line above the gallery, the gallery, what is below, and what is shown.

    What stands there stays after an error.
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
        page = search_results.pages_of(
            reads, query, settings, rated_as(board, settings), seen=seen, of=of, upto=int(asked.get("upto") or 0)
        )
    except LikenessError as error:
        return components.error_note(str(error)), no_update, no_update, no_update
    if not page.matches:
        return None, search_results.nothing(settings, board, len(seen)), None, page.shown.data
    return (
        [search_results.told(page, settings, board), search_things.keep_to(reads, query, settings.where)],
        search_results.gallery(page, settings, board),
        search_results.below(settings, len(seen)), page.shown.data,
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
        [html.H2(head), html.P(text, className="soft"), search_things.choices(reads, where), components.justified(examples(reads, ids, "search-start"))],
        className="search-start",
    )


def ratings_view(reads: Reads) -> list | str:
    """How many ratings there are, and the way to them."""
    count = len(notes.ratings(reads.library))
    if not count and not reads.may(ANNOTATE):
        return "There are no ratings."
    if not count:
        return "Thumbs up or down on a match is kept here."
    latest = searches.by_search(notes.ratings(reads.library)[::-1])[:LATEST]
    return [
        html.A(components.counted(count, "rating"), href=components.link("/rated")), ", search by search",
        html.Ul([html.Li(_rated_search(reads, ratings)) for ratings in latest], className="history-rated"),
    ]


def _rated_search(reads: Reads, ratings: Sequence[notes.Rating]) -> list:
    """A search with words on its matches, and the way to these: first in its list."""
    query = ratings[0].query
    board = search_board.from_question(query)
    title, told = searches.title_of(reads, query, board), components.counted(len(ratings), "rating")
    href = searches.address_of(reads, query, board, by="rating") or components.link("/rated")
    return [html.A(title, href=href, title=f"{title}: {told}"), html.Span(f" {len(ratings):,}", className="num")]
