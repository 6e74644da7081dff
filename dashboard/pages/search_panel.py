"""The left side of the Search page: the query, and how much of what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html

from dashboard import components
from dashboard.queries import Reads
from pipeline.settings import METRICS

COUNTS = (12, 24, 48, 96)
COUNT = 24
MAX_UPLOAD = 25 * 2**20
"""Largest picture taken from the person, bytes."""
EXAMPLES = 8

_METRIC_TITLES = {
    "cosine": "Cosine", "euclidean": "Euclidean", "manhattan": "Manhattan", "hamming": "Hamming",
}


def query_part(reads: Reads) -> html.Div:
    """Where the query stands, and the ways to give one."""
    drop = dcc.Upload(
        id="search-file", className="drop", className_active="drop drop-active",
        style_active={}, style_reject={}, accept="image/*,.tif,.tiff,.avif",
        max_size=MAX_UPLOAD, disable_click=True,
        children=html.Div(
            [
                components.icon("upload"),
                html.Span([html.Span("Choose an image", className="drop-action"),
                           ", drop or paste one"]),
            ],
            className="drop-text",
        ),
    )
    return html.Div(
        className="search-query",
        children=[
            html.H1("Search", className="visually-hidden"),
            html.Div(id="search-query"),
            # The label opens the file dialog and names the field for screen readers.
            html.Label(drop, className="drop-label"),
            html.Div(id="search-note", **{"aria-live": "assertive"}),
            html.Div(
                [html.Span("Or start from", className="field-label"),
                 html.Div(examples(reads, EXAMPLES, "search-example"), className="examples")],
                className="search-examples",
            ),
        ],
    )


def examples(reads: Reads, count: int, kind: str) -> list[html.Button]:
    """Images of the library to start from, as buttons with id {"type": kind, "image": id}."""
    return [
        html.Button(
            components.thumb(image_id, ""), id={"type": kind, "image": image_id},
            type="button", className="example",
            **{"aria-label": f"Search with example {place}"},
        )
        for place, image_id in enumerate(reads.examples(count), 1)
    ]


def settings_part(names: Sequence[str], params: Mapping[str, str]) -> html.Div:
    """Presets and sliders, metric and number of matches, as the address names them."""
    titles = components.titles_of(names)
    weights = weights_from(params, names)
    presets = [("all", "All"), *titles.items()]
    count = _one_of(params.get("count"), [str(n) for n in COUNTS], str(COUNT))
    metric = _one_of(params.get("metric"), METRICS, METRICS[0])
    return html.Div(
        className="search-settings",
        children=[
            html.H2("What counts"),
            html.Div(
                [
                    html.Button(title, id={"type": "search-preset", "name": name}, type="button",
                                className="button")
                    for name, title in presets
                ],
                className="presets", role="group", **{"aria-label": "Presets"},
            ),
            html.Div([_slider(name, titles[name], weights[name]) for name in names]),
            _segments("search-metric", "Metric", _METRIC_TITLES, metric),
            _segments("search-count", "Matches", {str(n): str(n) for n in COUNTS}, count),
        ],
    )


def _slider(name: str, title: str, weight: float) -> html.Label:
    """A range field of the browser: keyboard, touch and screen readers know it."""
    return html.Label(
        className="weight",
        children=[
            html.Span([html.Span(className=f"dot part-{name}"), title], className="weight-title"),
            dcc.Input(
                id={"type": "search-weight", "embedding": name}, type="range",
                min=0, max=1, step=0.05, value=weight, className="weight-range",
            ),
            html.Span(id={"type": "search-figure", "embedding": name}, className="weight-figure"),
        ],
    )


def _segments(name: str, title: str, options: Mapping[str, str], value: str) -> html.Div:
    """One of a few choices, side by side."""
    return html.Div(
        [
            html.Span(title, className="field-label", id=f"{name}-label"),
            dbc.RadioItems(
                id=name, value=value, class_name="btn-group segments",
                input_class_name="btn-check", label_class_name="button segment",
                options=[{"value": key, "label": text} for key, text in options.items()],
            ),
        ],
        role="group", **{"aria-labelledby": f"{name}-label"},
    )


def weights_from(params: Mapping[str, str], names: Sequence[str]) -> dict[str, float]:
    """The weights that an address names, 0–1; all 1 where it names none."""
    given = {}
    for name in names:
        try:
            given[name] = min(1.0, max(0.0, float(params[name])))
        except (KeyError, ValueError):
            continue
    if not given:
        return dict.fromkeys(names, 1.0)
    return {name: given.get(name, 0.0) for name in names}


def _one_of(value: str | None, known: Sequence[str], default: str) -> str:
    return value if value in known else default
