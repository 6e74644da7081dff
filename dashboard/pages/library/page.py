"""Library: what is in it, what is current, what could not be read, what ran and runs.

A look every few seconds notices what other processes do; while a run is going on it is
taken every second. Where the page may start runs, `library_actions` adds the controls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePath

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update

from dashboard import components
from dashboard.access import READ, RUN, needs
from dashboard.pages.library import runs as runs_of
from dashboard.pages.library import actions, copies, parts
from dashboard.reads import Reads, Run

PATH = "/library"
TITLE = "Library"
NAV = "Library"

TICK = 1000
"""Milliseconds between two looks at a run that is going on."""
IDLE = 5000
"""Milliseconds between two looks when none is."""


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page; it keeps itself up to date."""
    live, content, interval, seen = tick(reads, None)
    return html.Div(
        className="library page-wide",
        children=[
            html.H1("Library", className="visually-hidden"),
            html.Div(live, id="library-live"),
            *actions.controls(reads),
            html.Div(id="library-note"),
            html.Div(content, id="library-body"),
            dcc.Store(id="library-seen", data=seen),
            dcc.Store(id="library-walked"),
            dcc.Interval(id="library-tick", interval=interval),
        ],
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""
    shown = (
        Output("library-live", "children"), Output("library-body", "children"),
        Output("library-tick", "interval"), Output("library-seen", "data"),
    )

    @app.callback(
        *shown, Input("library-tick", "n_intervals"), State("library-seen", "data"),
        prevent_initial_call=True,
    )
    @needs(READ)
    def on_tick(_, seen: str | None):
        return tick(reads, seen)

    app.clientside_callback(
        ClientsideFunction("library_walks", "show"), Output("library-walked", "data"), Input("library-body", "children"),
    )
    if reads.may(RUN):
        actions.register(app, reads, lambda seen: tick(reads, seen))


def tick(reads: Reads, seen: str | None) -> tuple:
    """The run that is going on, the rest where it has changed, when to look again, and what was seen."""
    job = reads.jobs.last() if reads.jobs else None
    runs = _told(reads, reads.runs())
    going = runs_of.is_going_on(runs, job)
    ended = [run for run in runs if run.state != "running"]
    roots = reads.roots()
    away = sum(reads.library.presence.folders().values())
    state = f"{ended[0].id if ended else 0} {going} {len(roots)} {sum(roots.values())} {away}"
    fresh = body(reads) if state != seen else no_update
    live = runs_of.live(runs, job)
    return live, fresh, TICK if going else IDLE, state


def _told(reads: Reads, runs: list[Run]) -> list[Run]:
    """Runs without the folders they were about and what they said, where those are not told."""
    if reads.data_told is not None:
        return runs
    return [replace(run, parameters={}, message=None) for run in runs]


def body(reads: Reads) -> list:
    """Everything but the run that is going on."""
    report = reads.status()
    counts = report["images"]
    runs = _told(reads, reads.runs())
    data = reads.data_told
    may = reads.may(RUN)
    going = runs_of.is_going_on(runs, reads.jobs.last() if reads.jobs else None)
    if not any(counts.values()):
        if going:
            return []
        told = components.empty_state(
            "This library is empty",
            "Add a folder of images above." if may else "Give Likeness a folder of images:",
            None if may else components.command("run FOLDER", data),
        )
        return [told, *filter(None, [runs_of.ended(runs)])]
    roots, away = reads.roots(), reads.library.presence.folders()
    if data is None:
        roots, away = map(_by_name, (roots, away))
    index = report["index"]
    behind = index is None or index["stale"]
    content = [
        parts.counts_part(counts),
        html.Div(className="library-columns", children=[
            html.Div([
                parts.coverage_part(report, data, may), parts.index_part(index, data, may),
            ]),
            html.Div([parts.maps_part(report["maps"], data, may, with_index=may and behind)]),
        ]),
        parts.folders_part(roots, data, may, away),
    ]
    if report["index"] is not None:
        content.append(copies.copies_part(reads))
    content.append(html.Div(id="library-walks"))  # the browser fills it: assets/library/walks.js
    content.append(parts.take_part(report["maps"]))
    failures = reads.failures(parts.FAILURES_SHOWN)
    if failures:
        pictured = reads.pictured([row.id for row in failures])
        shown = list(zip(failures, reads.told(failures)))
        content.append(parts.failures_part(shown, counts["unreadable"], data, pictured))
    content.append(runs_of.ended(runs))
    return [html.Fieldset(content, disabled=going, className="library-parts")]


def _by_name(folders: Mapping[str, int]) -> dict[str, int]:
    """Folders by their last name alone; those of one name count together."""
    found: Counter[str] = Counter()
    for root, count in folders.items():
        found[PurePath(root).name or root] += count
    return dict(found)
