"""The Quality page: what was measured of this library last, and the run that measures it.

The figures are those of `evaluate`; while a run is going on the page looks every second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components
from dashboard.access import READ, RUN, needs
from dashboard.figures import day_and_time
from dashboard.pages.library import runs as runs_of
from dashboard.pages.quality import confusion, tables
from dashboard.reads import Reads
from pipeline.errors import LikenessError
from pipeline.quality import kept

PATH = "/quality"
TITLE = "Quality"
NAV = "Quality"

TICK, IDLE = 1_000, 15_000  # ms between two looks while a run goes on, and while none does


def layout(reads: Reads, params: Mapping[str, str]):
    """The page; it keeps itself up to date."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    live, body, interval, seen = tick(reads, None)
    button = html.Button(
        "Measure", id="quality-measure", type="button", className="button button-main",
        title="Measures embeddings, index and maps anew; takes minutes for many images",
    )
    return html.Div(
        [
            html.Div([html.H1("Quality"), *([button] if reads.may(RUN) else [])], className="quality-head"),
            html.Div(live, id="quality-live"),
            html.Div(id="quality-note"),
            html.Div(body, id="quality-body"),
            dcc.Store(id="quality-seen", data=seen),
            dcc.Interval(id="quality-tick", interval=interval),
        ],
        className="quality page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""
    shown = [Output(f"quality-{part}", prop) for part, prop in (
        ("live", "children"), ("body", "children"), ("tick", "interval"), ("seen", "data"))]

    @app.callback(*shown, Input("quality-tick", "n_intervals"), State("quality-seen", "data"), prevent_initial_call=True)
    @needs(READ)
    def on_tick(_, seen: str | None):
        return tick(reads, seen)

    app.clientside_callback(
        ClientsideFunction("quality", "mistakes"), Output("quality-mistakes-begun", "data"), Input("quality-mistakes", "data"),
    )
    if not reads.may(RUN):
        return
    again = [Output(one.component_id, one.component_property, allow_duplicate=True) for one in shown]

    @app.callback(
        Output("quality-note", "children"), *again, Input("quality-measure", "n_clicks"), State("quality-seen", "data"),
        prevent_initial_call=True,
    )
    @needs(RUN)
    def on_measure(_, seen: str | None):
        note = None
        try:
            reads.jobs.evaluate()
        except LikenessError as error:
            note = components.error_note(str(error))
        return note, *tick(reads, seen)


def tick(reads: Reads, seen: str | None) -> tuple:
    """The run that goes on, the figures where they are others than seen, when to look again, and what was seen."""
    job = reads.jobs.last() if reads.jobs else None
    runs = [run for run in reads.runs() if run.state == "running"]
    if reads.data_told is None:
        runs = []  # what others run is not told
    going = runs_of.is_going_on(runs, job)
    measured = kept.read(reads.library)
    state = f"{measured.at if measured else ''} {measured.stale if measured else ''}"
    return runs_of.live(runs, job), body(reads, measured) if state != seen else no_update, TICK if going else IDLE, state


def body(reads: Reads, measured: kept.Measured | None) -> list:
    """Everything that was measured."""
    if measured is None:
        told = "Nothing has been measured yet. Measuring tells how exact the search is, how far the maps can be believed, and "
        told += "how good each embedding is" + ("; with many images it takes minutes." if reads.may(RUN) else ". It is done with:")
        command = [] if reads.may(RUN) else [html.Pre(html.Code(components.command("evaluate", reads.data_told)), className="command")]
        return [html.Div([html.P(told, className="soft"), *command], className="quality-none")]
    figures = measured.figures
    moment = datetime.fromisoformat(measured.at).astimezone()
    on = f"Measured on {measured.images:,} images, {day_and_time(moment)}."
    stale = [html.Span(f" Changed since: {', '.join(measured.stale)}.", className="state stale")] if measured.stale else []
    return [
        html.P([on, *stale], className="soft quality-on"),
        html.Div(
            list(filter(None, [
                tables.embeddings_part(figures), tables.copies_part(figures), tables.search_part(figures),
                tables.kinds_part(figures, components.link("/inside")), tables.maps_part(figures), tables.agreement_part(figures),
            ])),
            className="quality-parts",
        ),
        *filter(None, [confusion.confusion_part(reads, measured), confusion.mistakes_part(measured)]),
    ]
