"""Runs on the Library page: the one that is going on, and the latest ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dash import html

from dashboard import components, figures
from dashboard.jobs import Job
from dashboard.pages.library.parts import section
from dashboard.reads import Run

_STAGES = {"scan": "Looking for images", "embed": "Computing vectors", "index": "Building the index",
           "map": "Laying out the maps", "neighbors": "Finding neighbors for the map", "layout": "Laying out the map",
           "clusters": "Finding clusters on the map", "things": "Looking at what pictures show",
           "colors of things": "Looking at the colors of things", "facts": "Reading what files say of themselves", "appearance": "Looking at sharpness and light", "outliers": "Finding outliers",
           "labels": "Asking the labels", "recall": "Comparing with exact search",
           "effort": "Walking the index further and further", "maps": "Judging the maps", "agreement": "Comparing the embeddings",
           "duplicates": "Looking at pairs that may be copies", "similar": "Looking for similar images"}
_COMMANDS = {"run": "Update", "scan": "Look for images", "embed": "Compute vectors",
             "index": "Build the index", "map": "Lay out the maps", "evaluate": "Measure the quality",
             "duplicates": "Look for copies"}

STOP = "library-stop"
"""Type of the button that stops the run going on."""


def is_going_on(runs: Sequence[Run], job: Job | None) -> bool:
    """Whether a run is at work, in whatever process, or about to be."""
    return any(run.state == "running" for run in runs) or bool(job and job.running)


def live(runs: Sequence[Run], job: Job | None):
    """The run that is going on with its progress; or why the one started here has failed."""
    going = next((run for run in runs if run.state == "running"), None)
    if job and job.running:
        return _live(going, job)
    if going:
        return _live(going, None)
    if job and job.error:
        return components.error_note(f"{job.title} ended with an error: {job.error}")
    return None


def ended(runs: Sequence[Run]) -> html.Section | None:
    """The latest runs, newest first."""
    over = [run for run in runs if run.state != "running"]
    if not over:
        return None
    states = {"done": "Done", "failed": "Failed", "stopped": "Stopped"}
    items = [
        html.Li([
            html.Div(
                [html.Span(_named(run)), html.Span(states[run.state], className=f"state run-{run.state}"),
                 html.Span([_when(run.started), _took(run)], className="soft small run-when")],
                className="run-head",
            ),
            *([html.Div(run.message, className="run-message small soft")] if run.message else []),
        ])
        for run in over
    ]
    return section("Latest runs", html.Ul(items, className="runs"))


def _live(run: Run | None, job: Job | None) -> html.Section:
    """Stage and progress; `run` is None as long as the process only starts."""
    stage, done, share = "Starting", "", 0.0
    if run:
        stage = _called(run.stage or "starting")
        failed = f", {run.failed:,} could not be read" if run.failed else ""
        done = f"{run.done:,} of {run.total:,}{failed}" if run.total else ""
        share = run.share
    if job and job.stopping:
        stage = "Stopping"
    return html.Section(
        [
            html.Div([html.H2(stage), html.Span(done, className="num soft")], className="live-head"),
            html.Div(
                html.Div(className="live-done", style={"width": f"{share:.1%}"}),
                className="live-track", role="progressbar",
                **{"aria-label": stage, "aria-valuemin": "0", "aria-valuemax": "100",
                   "aria-valuenow": f"{share * 100:.0f}"},
            ),
            html.Div(_foot(run, job), className="live-foot"),
        ],
        className="card-section live",
    )


def _called(stage: str) -> str:
    """A stage in words; of a large map it is `neighbors of NAME`."""
    of, _, name = stage.partition(" of ")
    if stage not in _STAGES and name and of in _STAGES:
        return f"{_STAGES[of]}: {components.title_of(name)}"
    return _STAGES.get(stage, stage.capitalize())


def _foot(run: Run | None, job: Job | None) -> list:
    """What the run is about, and the button that stops it, where it was started here."""
    if job is None:
        return [html.Span(f"{_named(run)} · not started from this page", className="small soft path")]
    if job.stopping:
        told, text = "It ends after the present step; what is done is kept.", "End at once"
    else:
        told, text = job.title, "Stop"
    return [
        html.Span(told, className="small soft path"),
        html.Button(text, id={"type": STOP, "at": "live"}, type="button", className="button"),
    ]


def _named(run: Run) -> str:
    """What a run did, in words: its stages are the command's, and `run` goes through all."""
    folder = run.parameters.get("folder")
    done = _COMMANDS.get(run.command, run.command)
    return f"{done}: {folder}" if folder else done


def _when(text: str) -> html.Time:
    """A time of `runs` (UTC, ISO 8601) in the server's own zone."""
    moment = datetime.fromisoformat(text).astimezone()
    return html.Time(figures.day_and_time(moment), dateTime=text, title=f"{moment:%Y-%m-%d %H:%M:%S}")


def _took(run: Run) -> str:
    if not run.finished:
        return ""
    seconds = (datetime.fromisoformat(run.finished) - datetime.fromisoformat(run.started)).total_seconds()
    if seconds < 0:  # the clock was set back meanwhile
        return ""
    if seconds < 60:
        return f" · {seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    return f" · {minutes} min {seconds:02d} s"


