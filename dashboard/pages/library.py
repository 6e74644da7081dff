"""Library: what is in it, what is current, what could not be read, what ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from shlex import quote

from dash import Dash, Input, Output, dcc, html, no_update

from dashboard import components
from dashboard.queries import Reads, Run

PATH = "/library"
TITLE = "Library"
NAV = "Library"

TICK = 1000
"""Milliseconds between two looks at a run that is going on."""
FAILURES_SHOWN = 200

_STAGES = {"scan": "Looking for images", "embed": "Computing vectors", "index": "Building the index",
           "map": "Laying out the maps"}


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page; while a run is going on it keeps itself up to date."""
    runs = reads.runs()
    return html.Div(
        className="library page-wide",
        children=[
            html.H1("Library", className="visually-hidden"),
            html.Div(_runs_part(runs, live=True), id="library-live", role="status"),
            html.Div(body(reads), id="library-body"),
            dcc.Interval(id="library-tick", interval=TICK, disabled=not _going_on(runs)),
        ],
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""

    @app.callback(
        Output("library-live", "children"), Output("library-body", "children"),
        Output("library-tick", "disabled"),
        Input("library-tick", "n_intervals"),
        prevent_initial_call=True,
    )
    def on_tick(_):
        return tick(reads)


def tick(reads: Reads) -> tuple:
    """The run that is going on; once it has ended, the whole page and no further tick."""
    runs = reads.runs()
    if _going_on(runs):
        return _runs_part(runs, live=True), no_update, False
    return None, body(reads), True


def body(reads: Reads) -> list:
    """Everything but the run that is going on."""
    report = reads.status()
    counts = report["images"]
    runs = reads.runs()
    data = reads.library.data
    if not any(counts.values()):
        if _going_on(runs):
            return []
        return [components.empty_state(
            "This library is empty", "Give Likeness a folder of images:",
            components.command("run FOLDER", data),
        )]
    parts = [
        _counts_part(counts),
        html.Div(className="library-columns", children=[
            html.Div([_coverage_part(report, data), _index_part(report["index"], data)]),
            html.Div([_maps_part(report["maps"], data)]),
        ]),
        _folders_part(reads.roots(), data),
    ]
    failures = reads.failures()
    if failures:
        parts.append(_failures_part(failures))
    parts.append(_runs_part(runs, live=False))
    return parts


def _section(title: str, *children, note: str | None = None) -> html.Section:
    head = [html.H2(title)] + ([html.P(note, className="soft small")] if note else [])
    return html.Section([*head, *children], className="card-section")


def _table(heads: Sequence[str], rows: Sequence[Sequence], figures: Sequence[int] = ()) -> html.Div:
    """A table; the columns numbered in `figures` are right-aligned."""
    kind = ["num" if at in figures else "" for at in range(len(heads))]
    return html.Div(
        html.Table([
            html.Thead(html.Tr([
                html.Th(text, className=kind[at], scope="col") for at, text in enumerate(heads)
            ])),
            html.Tbody([
                html.Tr([html.Td(cell, className=kind[at]) for at, cell in enumerate(row)])
                for row in rows
            ]),
        ], className="table-plain"),
        className="table-scroll",
    )


def _counts_part(counts: Mapping[str, int]) -> html.Div:
    told = (
        ("ok", "images", ""),
        ("unreadable", "could not be read", "tile-bad"),
        ("missing", "no longer in their folder", "tile-warn"),
    )
    return html.Div(
        [
            html.Div(
                [html.Span(f"{counts[state]:,}", className="tile-figure"), html.Span(text)],
                className=f"tile {kind if counts[state] else ''}",
            )
            for state, text, kind in told
        ],
        className="tiles",
    )


def _coverage_part(report: Mapping, data: Path) -> html.Section:
    covered = report["embeddings"]
    titles = components.titles_of(list(covered))
    rows = []
    for name, found in covered.items():
        total = max(1, sum(found.values()))
        figures = ", ".join(
            f"{found[state]:,} {text}" for state, text in
            (("current", "up to date"), ("stale", "out of date"), ("missing", "missing"))
            if found[state] or state == "current"
        )
        bar = html.Div(
            [
                html.Div(className=f"coverage-{state} part-{name}",
                         style={"width": f"{found[state] / total:.2%}"})
                for state in ("current", "stale")
            ],
            className="coverage", role="img", **{"aria-label": f"{titles[name]}: {figures}"},
        )
        rows.append(html.Div(
            [html.Div([html.Span(titles[name]), html.Span(name, className="soft small")],
                      className="coverage-head"),
             bar, html.Div(figures, className="small soft")],
            className="coverage-row",
        ))
    behind = any(found["stale"] or found["missing"] for found in covered.values())
    if not covered:
        rows.append(html.P("No image has been compared yet.", className="soft"))
    if behind or not covered:
        words = f"embed --embeddings {','.join(covered)}" if covered else "embed"
        rows.append(_advice("To bring them up to date:", components.command(words, data)))
    return _section("What images are compared by", *rows)


def _index_part(index: Mapping | None, data: Path) -> html.Section:
    if index is None:
        return _section(
            "Search index", html.P("There is none yet, so nothing can be searched.", className="soft"),
            _advice("To make it:", components.command("index", data)),
        )
    titles = components.titles_of(index["embeddings"])
    by = _and(list(titles.values()))
    told = html.P([f"{index['size']:,} images by {by}. ", _state(index["stale"])])
    advice = [_advice("To bring it up to date:", components.command("index", data))]
    return _section("Search index", told, *(advice if index["stale"] else []))


def _maps_part(maps: Mapping[str, Mapping], data: Path) -> html.Section:
    if not maps:
        return _section(
            "Maps", html.P("No map has been made yet.", className="soft"),
            _advice("To make them:", components.command("map", data)),
        )
    titles = components.titles_of(list(maps))
    rows = [
        [[html.Div(titles[name]), _state(found["stale"])],
         f"{found['points']:,}", f"{found['clusters']:,}", f"{found['noise']:,}"]
        for name, found in maps.items()
    ]
    advice = [_advice("To bring them up to date:", components.command("map", data))]
    behind = any(found["stale"] for found in maps.values())
    return _section(
        "Maps",
        _table(["Map", "Images", "Clusters", "In no cluster"], rows, figures=(1, 2, 3)),
        *(advice if behind else []),
    )


def _folders_part(roots: Mapping[str, int], data: Path) -> html.Section:
    rows = [[html.Span(root, className="path"), f"{count:,}"] for root, count in roots.items()]
    first = next(iter(roots), "FOLDER")
    return _section(
        "Folders", _table(["Folder", "Images"], rows, figures=(1,)),
        _advice(
            "To look for new and changed images:",
            components.command(f"run {quote(first)}", data),
        ),
    )


def _failures_part(failures: Sequence) -> html.Section:
    rows = [
        [html.Span(row.path, className="path", title=str(row.file)), row.reason or "unknown"]
        for row in failures[:FAILURES_SHOWN]
    ]
    left = len(failures) - len(rows)
    more = [html.P(f"And {left:,} more: python -m pipeline status", className="soft small")]
    return _section(
        "Could not be read", _table(["File", "Why"], rows), *(more if left else []),
        note="Everything else went on without them. A repaired file is read again by the next run.",
    )


def _runs_part(runs: Sequence[Run], *, live: bool):
    """The run that is going on with its progress, or a list of the latest runs."""
    if live:
        return [_live_run(run) for run in runs if run.state == "running"][:1] or None
    ended = [run for run in runs if run.state != "running"]
    if not ended:
        return None
    states = {"done": "Done", "failed": "Failed", "stopped": "Stopped"}
    items = [
        html.Li([
            html.Div(
                [html.Span(run.command), html.Span(states[run.state], className=f"state run-{run.state}"),
                 html.Span([_when(run.started), _took(run)], className="soft small run-when")],
                className="run-head",
            ),
            *([html.Div(run.message, className="run-message small soft")] if run.message else []),
        ])
        for run in ended
    ]
    return _section("Latest runs", html.Ul(items, className="runs"))


def _live_run(run: Run) -> html.Section:
    stage = _STAGES.get(run.stage or "", (run.stage or "Starting").capitalize())
    done = f"{run.done:,} of {run.total:,}" if run.total else ""
    failed = f", {run.failed:,} could not be read" if run.failed else ""
    return html.Section(
        [
            html.Div([html.H2(stage), html.Span(done + failed, className="num soft")], className="live-head"),
            html.Div(
                html.Div(className="live-done", style={"width": f"{run.share:.1%}"}),
                className="live-track", role="progressbar",
                **{"aria-label": stage, "aria-valuemin": "0", "aria-valuemax": "100",
                   "aria-valuenow": f"{run.share * 100:.0f}"},
            ),
        ],
        className="card-section live",
    )


def _going_on(runs: Sequence[Run]) -> bool:
    return any(run.state == "running" for run in runs)


def _state(stale: bool) -> html.Span:
    if stale:
        return html.Span("Out of date", className="state state-warn")
    return html.Span("Up to date", className="state state-good")


def _advice(text: str, command: str) -> html.Div:
    return html.Div([html.P(text, className="small soft"), html.Pre(html.Code(command), className="command")],
                    className="advice")


def _when(text: str) -> html.Time:
    """A time of `runs` (UTC, ISO 8601) in the server's own zone."""
    moment = datetime.fromisoformat(text).astimezone()
    shown = f"{moment:%b} {moment.day}, {moment:%H:%M}"
    return html.Time(shown, dateTime=text, title=f"{moment:%Y-%m-%d %H:%M:%S}")


def _took(run: Run) -> str:
    if not run.finished:
        return ""
    seconds = (datetime.fromisoformat(run.finished) - datetime.fromisoformat(run.started)).total_seconds()
    if seconds < 60:
        return f" · {seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f" · {minutes} min {seconds:02d} s"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
