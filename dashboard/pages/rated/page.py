"""The Rated page: every word given on a match, under the search that it was given in.

Each can be changed or taken back here, each search asked again; all pictures together are one list to choose from
(assets/rated/rated.js). It stands anew after every act.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html

from dashboard import acts, components
from dashboard.access import ANNOTATE, READ, RUN, needs
from dashboard.chips import act
from dashboard.pages.rated import searches
from dashboard.pages.search import board as search_board
from dashboard.pages.search.kinds import KINDS
from dashboard.reads import Called, Reads, galleries
from pipeline.library import notes
from pipeline.library.notes import Rating

PATH = "/rated"
TITLE = "Ratings"
NAV = None

MOST = 600
"""Ratings that are shown; the exports have all."""

WIDE = 24
"""Of more pictures a search takes the whole width."""

_VALUES = {"": "All", "good": "Good", "bad": "Bad"}


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names: `value` is good, bad, or neither for all."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    value = params.get("value") if params.get("value") in _VALUES else ""
    return html.Div(
        [
            dcc.Store(id="rated-value", data=value),
            html.Div(body(reads, value), id="rated-body", className="rated-body keeps-typed"),
            dcc.Store(id="rated-drawn"), dcc.Store(id="rated-begun"),
        ],
        className="rated page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callback."""

    @app.callback(
        Output("rated-body", "children"), *acts.changed(acts.RATINGS), State("rated-value", "data"),
        prevent_initial_call=True,
    )
    @needs(READ)
    def on_acted(_, value: str):
        return body(reads, value)

    app.clientside_callback(
        ClientsideFunction("typed", "drawn"), Output("rated-drawn", "data"), Input("rated-body", "children"),
    )
    app.clientside_callback(
        ClientsideFunction("rated", "begin"), Output("rated-begun", "data"), Input("rated-value", "data"),
    )


def body(reads: Reads, value: str) -> list:
    """Counts and what can be done with all of them, then search by search, the latest first."""
    ratings = notes.ratings(reads.library)[::-1]
    good = sum(one.value > 0 for one in ratings)
    counts = {"": len(ratings), "good": good, "bad": len(ratings) - good}
    if not ratings:
        told = "Thumbs up or down on a picture or on a match of a search is kept here." if reads.may(ANNOTATE) else "There are none."
        return [components.empty_state("Nothing rated yet", told, action=html.A(
            "Go to Search", href=components.link("/search"), className="button button-main"))]
    wanted = [one for one in ratings if not value or (one.value > 0) == (value == "good")]
    shown = wanted[:MOST]
    called = reads.called({one.image_id for one in shown})
    pictured = reads.pictured({one.image_id for one in shown})
    shapes = galleries.shape_of(reads, list(called))
    found = [_search(reads, group, called, pictured, shapes) for group in searches.by_search(shown)]
    left = len(wanted) - len(shown)
    return [
        _head(counts, value),
        *([_keep(wanted, value)] if reads.may(ANNOTATE) and wanted else []),
        *(found or [html.P("None of these.", className="soft")]),
        *([html.P(f"And {left:,} more, which the exports have.", className="soft small")] if left else []),
    ]


def _head(counts: Mapping[str, int], value: str) -> html.Div:
    segments = [
        html.A(
            f"{text} {counts[key]:,}", href=components.link(PATH, value=key), className="button segment",
            **({"aria-current": "true"} if key == value else {}),
        )
        for key, text in _VALUES.items()
    ]
    files = [
        html.A(text, href=components.url(f"/export/ratings.{kind}"), download=f"ratings.{kind}", className="button")
        for text, kind in (("CSV", "csv"), ("JSON", "json"))
    ]
    return html.Div(
        [html.H1(TITLE), html.Div(segments, className="rated-values"),
         html.A("Collections", href=components.link("/collections"), className="card-link"),
         html.Span(id="rated-tools", className="pictures-tools"), html.Div(files, className="rated-files", role="group", **{"aria-label": "Export all ratings"})],
        className="rated-head",
    )


def _keep(wanted: Sequence[Rating], value: str) -> html.Form:
    """These images as a collection of their own."""
    ids = sorted({one.image_id for one in wanted})
    which = {"good": "good matches", "bad": "bad matches"}.get(value, "rated images")
    return html.Form(
        [
            html.Label(
                [html.Span("Name of a collection", className="visually-hidden"),
                 dcc.Input(id="rated-name", type="text", value="", maxLength=notes.LONGEST, autoComplete="off",
                           placeholder="Name of a collection", className="text-field")],
            ),
            html.Button(f"Keep the {len(ids):,} {which}", type="submit", className="button"),
        ],
        className="rated-keep", **act("keep", {"ids": ids}), **{"data-field": "name"},
    )


def _search(
    reads: Reads, ratings: Sequence[Rating], called: Mapping[int, Called], pictured: set[int], shapes: Mapping[int, int],
) -> html.Section:
    """What was asked, the way back to it, and what was thought of its matches."""
    query = ratings[0].query  # asked the way it was asked last
    board = search_board.from_question(query)
    head = [
        html.Span(KINDS[one.kind].thumbnail(reads, one), className=f"rated-asked{' rated-minus' * one.minus}")
        for one in board[: searches.TILES]
    ]
    href = searches.address_of(reads, query, board)
    again = [html.A("Search again", href=href, className="card-link")] if href else []
    title = searches.title_of(reads, query, board)
    cards = [
        _card(reads, one, called[one.image_id], one.image_id in pictured, shapes.get(one.image_id, 0), not place)
        for place, one in enumerate(ratings)
    ]
    return html.Section(
        [
            html.Header([*head, html.H2(title), *again], className="rated-search"),
            html.Div(html.Div(cards, className="justified", role="row"), role="grid",
                     **{"aria-multiselectable": "true", "aria-label": title}),
        ],
        className=f"card-section{' is-wide' * (len(ratings) > WIDE)}",
    )


def _card(reads: Reads, rating: Rating, called: Called, pictured: bool, shape: int, first: bool) -> html.Div:
    """One picture, which may be chosen as in any gallery (assets/gallery/standing.js). first: whether Tab leads to it."""
    matched = rating.query != notes.BY_ITSELF
    name = called.name or rating.path
    picture = components.thumb(rating.image_id, name) if pictured else html.Span(name, className="soft small")
    good, bad = ("Good match", "Bad match") if matched else ("Good", "Bad")
    words = html.Div(
        [_word(rating, value, icon, text, name) for value, icon, text in (
            (1, "hand-thumbs-up", good), (-1, "hand-thumbs-down", bad))],
        className="rated-tools",
    ) if reads.may(ANNOTATE) else html.Div(good if rating.value > 0 else bad, className="small soft")
    asked = {"question": rating.query, "image": rating.image_id, "rank": rating.rank, "score": rating.score}
    return html.Div(
        [
            html.A(picture, href=components.link("/detail", image=rating.image_id), className="picture card-picture",
                   title=called.path or name, tabIndex=0 if first else -1),
            html.Button(components.icon("check-lg"), type="button", className="picture-choose", title=f"Choose: {name}",
                        tabIndex=-1, **{"aria-label": f"Choose: {name}"}),
            html.Div(
                [
                    html.Span(f"{rating.rank}" if matched else "", className="soft small num",
                           title="Its place among the matches" if matched else None), words],
                className="picture-words rated-words",
            ),
        ],
        className="rated-match picture-card is-standing", role="gridcell", style=components.shaped(shape),
        **{"data-image": rating.image_id, "data-word": rating.value, "data-asked": json.dumps(asked)},
    )


def _word(rating: Rating, value: int, icon: str, text: str, name: str) -> html.Button:
    """By keys it is the menu's, so that Tab leads from search to search."""
    return html.Button(
        components.icon(icon), type="button", className="icon-button", title=text, tabIndex=-1,
        **{"data-does": "good" if value > 0 else "bad", "aria-label": f"{text}: {name}",
           "aria-pressed": str(rating.value == value).lower()},
    )
