"""The searches rated lately, beside the history."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html

from dashboard import components
from dashboard.access import ANNOTATE
from dashboard.pages.rated import searches
from dashboard.pages.search import board as search_board
from dashboard.reads import Reads
from pipeline.library import notes

LATEST = 6
"""So many of them."""


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
