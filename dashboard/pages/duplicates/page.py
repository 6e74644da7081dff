"""The Duplicates page: groups of copies and of similar images, and what a person decides on them.

Copies are looked for by a run that is started here; what was found is kept. The browser asks for the groups
(`routes/copies`), draws them and posts the decisions (assets/duplicates); the address says which groups are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components, figures
from dashboard.access import READ, RUN, needs
from dashboard.pages.library import runs as runs_of
from dashboard.reads import Reads
from dashboard.reads.copies import PAGE, VIEWS, Copies
from dashboard.routes import copies as routes
from pipeline.duplicates import KINDS
from pipeline.duplicates.kept import Found
from pipeline.duplicates.review import WHERE
from pipeline.duplicates.selection import ORDERS, STATES
from pipeline.duplicates.similar import LEAST, USUAL
from pipeline.errors import LikenessError

PATH = "/duplicates"
TITLE = "Duplicates"
NAV = "Duplicates"

TICK, IDLE = 1_000, 15_000  # ms between two looks while a run goes on, and while none does
KEPT = ("view", "kind", "where", "state", "by", "least", "left", "right", "alike", "page")
"""Parameters of the address."""

KIND_TITLES = {
    "same file": "Same file", "saved again": "Saved again", "recolored": "Recolored", "part": "Crop", "turned": "Turned",
    "mirrored": "Mirrored", "laid over": "Something laid over", "framed": "Framed",
}


def layout(reads: Reads, params: Mapping[str, str]):
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    if not reads.embeddings():
        return components.not_compared(reads.data_told, reads.may(RUN))
    live, on, interval, seen = tick(reads, Copies(reads), None)
    look = html.Button(
        [components.icon("search"), html.Span("Look for copies")], id="duplicates-look", type="button",
        className="button button-main" if seen == "none" else "button",
        title="Compares the pictures that may be copies; takes minutes for many thousands",
    )
    return html.Div(
        [
            html.Header([html.H1(TITLE), html.Div(on, id="duplicates-on"), *([look] if reads.may(RUN) else [])],
                        className="duplicates-head"),
            html.Div(live, id="duplicates-live"),
            html.Div(id="duplicates-note"),
            html.Div(id="duplicates-controls", className="duplicates-controls"),
            html.Div(id="duplicates-leaks-told"),
            html.Div(id="duplicates-list", className="duplicates-list", **{"aria-busy": "true"}),
            dcc.Store(id="duplicates-begin", data=_begin(reads, params)),
            dcc.Store(id="duplicates-begun"),
            dcc.Store(id="duplicates-seen", data=seen),
            dcc.Interval(id="duplicates-tick", interval=interval),
        ],
        className="duplicates page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's routes and callbacks."""
    copies = Copies(reads)
    routes.register(app.server, copies)
    shown = [Output(f"duplicates-{part}", prop) for part, prop in (
        ("live", "children"), ("on", "children"), ("tick", "interval"), ("seen", "data"))]

    @app.callback(*shown, Input("duplicates-tick", "n_intervals"), State("duplicates-seen", "data"), prevent_initial_call=True)
    @needs(READ)
    def on_tick(_, seen: str | None):
        return tick(reads, copies, seen)

    app.clientside_callback(
        ClientsideFunction("duplicates", "begin"), Output("duplicates-begun", "data"),
        Input("duplicates-begin", "data"), Input("duplicates-seen", "data"),
    )
    if not reads.may(RUN):
        return
    again = [Output(one.component_id, one.component_property, allow_duplicate=True) for one in shown]

    @app.callback(
        Output("duplicates-note", "children"), *again, Input("duplicates-look", "n_clicks"), State("duplicates-seen", "data"),
        prevent_initial_call=True,
    )
    @needs(RUN)
    def on_look(_, seen: str | None):
        note = None
        try:
            reads.jobs.duplicates()
        except LikenessError as error:
            note = components.error_note(str(error))
        return note, *tick(reads, copies, seen)


def tick(reads: Reads, copies: Copies, seen: str | None) -> tuple:
    """The run that goes on, what was found when, when to look again, and what was seen."""
    job = reads.jobs.last() if reads.jobs else None
    runs = [run for run in reads.runs() if run.state == "running"]
    if reads.data_told is None:
        runs = []  # what others run is not told
    found = copies.found()
    state = f"{found.at} {found.current}" if found else "none"
    live = runs_of.live(runs, job)
    return live, on(reads, found) if state != seen else no_update, TICK if runs_of.is_going_on(runs, job) else IDLE, state


def on(reads: Reads, found: Found | None):
    """What was looked through, and whether it is still so."""
    if found is None:  # the list says so
        if reads.may(RUN):
            return None
        return [html.P("Copies are looked for with:", className="soft"),
                html.Pre(html.Code(components.command("duplicates", reads.data_told)), className="command")]
    moment = datetime.fromisoformat(found.at).astimezone()
    said = f"Looked for among {components.counted(found.images, 'image')}, {figures.day_and_time(moment)}."
    changed = [] if found.current else [html.Span(" Images have changed since.", className="state stale")]
    return html.P([said, *changed], className="soft small")


def _begin(reads: Reads, params: Mapping[str, str]) -> dict:
    """What the page's script starts from: the address, and what there is to choose from."""
    return {
        "asked": {name: params[name] for name in KEPT if params.get(name)},
        "views": VIEWS, "states": STATES, "where": WHERE, "orders": ORDERS,
        "kinds": {kind: KIND_TITLES[kind] for kind in KINDS},
        "least": [LEAST, USUAL], "size": PAGE, "script": reads.may(RUN),
    }
