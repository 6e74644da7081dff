"""Search: pictures with a plus or a minus, how much each embedding counts, and what is closest."""

from __future__ import annotations

from collections.abc import Mapping

from dash import Dash, Output, dcc, html

from dashboard import acts, components, facets, words
from dashboard.access import READ, RUN, needs
from dashboard.pages.search import answer, browser, rated, upload
from dashboard.pages.search import board as search_board
from dashboard.pages.search.panel import MODE_ABOUT, MODE_TITLES, query_part, segments, settings_part
from dashboard.pages.search.query import Settings
from dashboard.reads import Reads
from dashboard.routes import ratings as rating_export

PATH = answer.PATH
TITLE = "Search"
NAV = "Search"


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
    upload.register(app, reads)
    words.register(app, reads)
    rating_export.register(app.server, reads.library)
    answer.register(app, reads)
    browser.register(app)

    @app.callback(Output("search-ratings", "children"), *acts.changed(acts.RATINGS))
    @needs(READ)
    def on_rated(_):
        return rated.ratings_view(reads)
