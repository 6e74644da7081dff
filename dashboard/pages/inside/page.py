"""The Inside page: what the index compared to answer a search, drawn on the library's own map.

The address is that of the search; `map=NAME` says on which map, `effort=N` how far the index is walked.
The browser asks for it (`/inside/told`), since pictures from outside are kept by it alone, and draws it
(assets/inside).
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import Dash, html

from dashboard import components
from dashboard.access import RUN
from dashboard.pages import one_search
from dashboard.pages.inside import told
from dashboard.pages.search import board as search_board
from dashboard.reads import Reads

PATH = "/inside"
TITLE = "Inside the index"
NAV = None


def layout(reads: Reads, params: Mapping[str, str]):
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    board = search_board.from_params(params)
    if not board:
        return components.empty_state(
            "See how a search is answered",
            "Search for something, then choose “How it was found” beside the sliders; or begin with any image.",
            action=html.A("Begin with an image", href=components.link(PATH, image=reads.examples(1)[0]), className="button button-main"),
        )
    return html.Div(
        [
            *one_search.stores("inside", board),
            html.Div(html.P("Following the search …", className="soft"), id="inside", className="inside", **{"aria-busy": "true"}),
        ],
        className="page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the route that the walk comes from, and the browser's callback."""
    one_search.register(app, reads, "inside", told.told)
