"""Where comparing one picture begins: a file, one of the library, or whatever comes up."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from dash import Dash, Input, Output, State, html

from dashboard import components
from dashboard.access import READ, needs
from dashboard.access.asked import Digits
from dashboard.reads import Reads, galleries
from dashboard.reads.comparison import PATH

COUNTS = (10, 15, 20)
STARTS = 18
"""Examples offered where no image is chosen."""
EXAMPLES = 8


def count_of(params: Mapping[str, str]) -> int:
    """How many images a column shows, as an address says it."""
    return int(params["count"]) if params.get("count") in map(str, COUNTS) else COUNTS[0]


def address(count: int, **of: object) -> str:
    """The address of a picture's columns. of: `image` or `upload`."""
    return components.link(PATH, **of, count=count if count != COUNTS[0] else None)


def layout(reads: Reads, count: int, missing: str | None) -> html.Div:
    """What stands in place of the columns before there is a picture."""
    return html.Div(
        [
            components.error_note(missing) if missing else None,
            html.H2("How alike two images are depends on how you look"),
            html.P(
                "Give an image or choose one. Each embedding shows what it finds closest, side by side.",
                className="soft",
            ),
            html.Div([upload(), shuffle(count)], className="compare-others"),
            html.Div(links(reads, reads.examples(STARTS), count), id="compare-examples", className="justified"),
        ],
        className="compare-start",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the callback that offers others."""

    @app.callback(
        Output("compare-examples", "children"), Input("compare-shuffle", "n_clicks"),
        State("compare-examples", "children"), State("compare-shuffle", "value"), prevent_initial_call=True,
    )
    @needs(READ)
    def on_shuffle(_, shown: list, count: Digits):
        return links(reads, drawn(reads, len(shown)), int(count))


def drawn(reads: Reads, count: int) -> list[int]:
    """Ids of any images that can be compared, at most so many."""
    ids = reads.searcher.index().ids()
    return [int(ids[at]) for at in random.sample(range(len(ids)), min(count, len(ids)))]


def links(reads: Reads, ids: Sequence[int], count: int) -> list[html.A]:
    """Images to compare, each leading to its columns."""
    shapes = galleries.shape_of(reads, ids)
    return [
        html.A(
            components.thumb(i, f"Compare example {place}"), href=address(count, image=i), className="example",
            style=components.shaped(shapes[i]),
        )
        for place, i in enumerate(ids, 1)
    ]


def shuffle(count: int) -> html.Button:
    """Offers others of the library. count: how many images a column of theirs shows."""
    return html.Button(
        [components.icon("shuffle"), "Shuffle"], id="compare-shuffle", type="button", className="button",
        value=str(count), title="Other images of the library",
    )


def upload() -> html.Label:
    """Takes a file; the browser puts the field there. A picture can be dropped and pasted, too."""
    return html.Label(
        [components.icon("upload"), "Your own image", html.Span(className="compare-file")], className="button",
        title="Choose an image, drop or paste one: it stays in this browser",
    )
