"""Where two embeddings disagree: a walk through the images, from least agreement to most.

Store compare-at: {"image": id, "of": the walk it is on, "step": whether it was the next or
the previous}. The server answers with the image, its neighbors by both, and what is around.
Store compare-shown: what the address should say. It goes with the page, so that an answer
which comes after the person has left does not change the address of another page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import dash_bootstrap_components as dbc
import numpy as np
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update, set_props
from typing_extensions import TypedDict

from dashboard import components
from dashboard.access import READ, needs
from dashboard.access.asked import Id
from dashboard.pages.compare import walked
from dashboard.pools import LONG
from dashboard.reads import Reads
from dashboard.reads.comparison import PATH, Agreements, Step, pair, spread, step
from pipeline.errors import LikenessError
from pipeline.maps import COMBINED
from pipeline.quality.agreement import Agreement

STRIP = 12
"""Images of the strip: those the walk passes next."""
GOTO = "compare-goto"
"""Kind of the buttons that lead to an image of the walk."""
_ORDERS = {"least": "Disagree most", "most": "Agree most"}
_Order = Literal[tuple(_ORDERS)]


class _At(TypedDict):
    """The store compare-at."""

    image: Id | None
    of: str
    step: bool


def layout(reads: Reads, params: Mapping[str, str], image: int | None) -> html.Div:
    """The walk in the state that the address names; the callback brings its content."""
    names = [*reads.embeddings(), COMBINED]
    titles = components.titles_of(names)
    a, b = pair(params.get("a"), params.get("b"), names[:-1] if "combined" not in params.values() else names)
    order = params.get("order") if params.get("order") in _ORDERS else "least"
    return html.Div(
        [
            html.P(
                "Each embedding finds the ten images closest to every image. Where the two lists have little "
                "in common, the embeddings look at different things.", className="soft compare-intro",
            ),
            html.Div(
                [
                    _select("compare-a", "Compare", titles, a),
                    _select("compare-b", "with", titles, b),
                    html.Div(
                        dbc.RadioItems(
                            id="compare-order", value=order, class_name="btn-group segments",
                            input_class_name="btn-check", label_class_name="button segment",
                            options=[{"value": key, "label": text} for key, text in _ORDERS.items()],
                        ),
                        role="group", **{"aria-label": "Order"},
                    ),
                    html.Span(id="walk-tools", className="pictures-tools"),
                ],
                className="compare-tools",
            ),
            html.Div(id="compare-note", role="status"),
            html.Div(id="compare-spread"),
            html.Div(
                [
                    html.Button([components.icon("chevron-left"), "Previous"], id="compare-previous",
                                type="button", className="button", disabled=True),
                    html.Button(["Next", components.icon("chevron-right")], id="compare-next",
                                type="button", className="button", disabled=True),
                    html.Span(id="compare-place", className="soft small", role="status"),
                ],
                className="compare-steps",
            ),
            html.Div(id="compare-walk"),
            dcc.Store(id="compare-at", data={"image": image, "of": f"{a} {b} {order}", "step": True}),
            dcc.Store(id="compare-near"),
            dcc.Store(id="compare-begun"),
            dcc.Store(id="compare-shown"),
            dcc.Interval(id="compare-clock", interval=700, disabled=True),
        ],
        className="compare-disagree",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the view's callbacks."""
    agreements = Agreements(reads)

    @app.callback(
        Output("compare-note", "children"), Output("compare-spread", "children"),
        Output("compare-place", "children"), Output("compare-walk", "children"), Output("compare-near", "data"),
        Output("compare-previous", "disabled"), Output("compare-next", "disabled"),
        Output("compare-clock", "disabled"), Output("compare-shown", "data"),
        Input("compare-a", "value"), Input("compare-b", "value"), Input("compare-order", "value"),
        Input("compare-at", "data"), Input("compare-clock", "n_intervals"),
    )
    @needs(READ, pool=LONG)
    def walk(a: str, b: str, order: _Order, at: _At, _):
        image = at["image"] if at["of"] == f"{a} {b} {order}" else None
        try:
            return show(reads, agreements, a, b, order, image, at["step"])
        except Exception:  # the toast tells it; the clock would have it tried again and again
            set_props("compare-clock", {"disabled": True})
            set_props("compare-note", {"children": None})
            raise

    app.clientside_callback(
        ClientsideFunction("compare", "follow"), Output("compare-view", "data", allow_duplicate=True),
        Input("compare-shown", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("compareWalked", "show"), Output("compare-begun", "data"),
        Input("compare-walked", "data"), State("compare-at", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("compare", "goto"), Output("compare-at", "data"),
        Input("compare-previous", "n_clicks"), Input("compare-next", "n_clicks"),
        Input({"type": GOTO, "by": ALL, "image": ALL}, "n_clicks"),
        State("compare-near", "data"), State("compare-a", "value"), State("compare-b", "value"),
        State("compare-order", "value"),
        prevent_initial_call=True,
    )


def show(
    reads: Reads, agreements: Agreements, a: str, b: str, order: str, image: int | None, stepped: bool
) -> tuple:
    """All that the walk shows of an image: the outputs of its callback, in their order."""
    try:
        found = agreements.of(a, b)
    except LikenessError as error:
        return components.error_note(str(error)), None, None, None, {}, True, True, True, no_update
    address = {"view": "disagree", "a": a, "b": b, "order": order if order != "least" else None}
    if not isinstance(found, Agreement):
        view = components.view(PATH, {**address, "image": image})
        return _busy(found), None, None, None, {}, True, True, False, view
    if not len(found.ids):
        note = components.error_note("There are not two images in which both see something.")
        return note, None, None, None, {}, True, True, True, no_update
    ranking = found.ranking(agreeing=order == "most")
    here = step(found, ranking, image, STRIP)
    own = int(found.ids[here.row])
    titles = components.titles_of([*reads.embeddings(), COMBINED])
    return (
        _told(found, image),
        _spread(found, ranking, here, titles[a], titles[b]),
        f"{here.at + 1:,} of {len(ranking):,}",
        walked.view(reads, found, ranking, here, (a, b), titles, address),
        {"previous": here.previous, "next": here.following},
        here.previous is None, here.following is None, True,
        components.view(PATH, {**address, "image": own}, replace=stepped or image is None),
    )


def _select(name: str, text: str, titles: Mapping[str, str], value: str) -> html.Label:
    options = [{"label": title, "value": key} for key, title in titles.items()]
    return html.Label([text, dbc.Select(id=name, value=value, options=options)], className="compare-field")


def _busy(share: float) -> html.Div:
    """Shown while the agreement is being found, once for a state of the library."""
    return html.Div(
        [
            html.P(f"Comparing the neighbors of every image … {share:.0%}"),
            html.Div(
                html.Div(className="live-done", style={"width": f"{share:.1%}"}), className="live-track"
            ),
        ],
        className="compare-busy",
    )


def _told(found: Agreement, image: int | None):
    """What should be known: that only a sample was asked about, or that an image is not in it."""
    notes = []
    if len(found.ids) < found.among:
        notes.append(
            f"{len(found.ids):,} of {found.among:,} images were compared, drawn evenly. Their "
            "neighbors were looked for among all."
        )
    if image is not None and image not in found.ids:
        notes.append("The image you came with has not been compared. This is where the list starts.")
    return html.P(" ".join(notes), className="small soft") if notes else None


def _spread(found: Agreement, ranking: np.ndarray, here: Step, one: str, other: str) -> html.Div:
    """How many images share so many neighbors, as bars that lead to the first of them."""
    counts = spread(found)
    k = len(counts) - 1
    shared = np.round(found.share[ranking] * k).astype(int)
    mine = round(float(found.share[here.row]) * k)
    bars = []
    for number, count in enumerate(counts.tolist()):
        bar = [html.Span(f"{count:,}", className="compare-bar-count"),
               html.Span(className="compare-bar", style={"--part": f"{count / counts.max():.3f}"}),
               html.Span(str(number), className="compare-bar-name")]
        first = int(found.ids[ranking[np.argmax(shared == number)]]) if count else None
        text = f"{count:,} {'image shares' if count == 1 else 'images share'} {number} of {k}"
        bars.append(html.Button(
            bar, id={"type": GOTO, "by": f"bar{number}", "image": first or 0}, type="button",
            disabled=not count, className="compare-bar-button", title=f"{text}: go to the first",
            **{"aria-label": text, "aria-pressed": str(number == mine).lower()},
        ))
    mean = float(found.share.mean()) * k
    return html.Div(
        [
            html.P([
                html.Span(f"{one} and {other} share "), html.B(f"{mean:.1f} of {k}"),
                html.Span(" closest images on average. How many images share how many:"),
            ], className="small"),
            html.Div(bars, className="compare-bars", role="group", **{"aria-label": "Shared neighbors"}),
        ],
        className="compare-spread",
    )
