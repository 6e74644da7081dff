"""The Why page: a match beside what it was found with.

The address is that of the search with `match=ID`; `beside=N` says which of several pictures is looked at.
The browser asks for the reasons (`/why/told`), since pictures from outside are kept by it alone, and
draws them (assets/why).
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import Dash, html

from dashboard import components
from dashboard.access import RUN
from dashboard.pages import one_search
from dashboard.pages.search import board as search_board
from dashboard.pages.why import told
from dashboard.reads import Reads

PATH = "/why"
TITLE = "Why"
NAV = None


def layout(reads: Reads, params: Mapping[str, str]):
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    board, match = search_board.from_params(params), told.match_of(params)
    row = reads.image(match) if match is not None else None
    if row is None or row.state != "ok" or not board:
        return components.empty_state(
            "There is nothing to explain here",
            "Choose “Why is it a match?” on a match of a search, or “Why are these together?” on two chosen pictures.",
            action=html.A("Go to Search", href=components.link("/search"), className="button button-main"),
        )
    return html.Div(
        [
            *one_search.stores("why", board),
            html.Div(id="why", className="why", role="region", **{"aria-label": "Why this is a match", "aria-busy": "true"}),
        ],
        className="page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the route that the reasons come from, and the browser's callback."""
    one_search.register(app, reads, "why", told.told)
