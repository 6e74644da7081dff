"""The left side of the Search page: the query, and how much of what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dash_bootstrap_components as dbc
from dash import dcc, html

from dashboard import components, words
from dashboard.pages.search.query import COUNTS, Settings
from dashboard.reads import Reads, galleries
from pipeline import learned

MAX_UPLOAD = 25 * 2**20
"""Largest picture taken from the person, bytes."""
EXAMPLES = 8

MODE_TITLES = {"closest": "Closest", "discover": "Discover", "distinct": "No near-duplicates"}
MODE_ABOUT = {
    "closest": "The most alike first",
    "discover": "What you have not seen yet: the closest, and some from further out",
    "distinct": "Of pictures that are nearly the same only the closest",
}
_METRIC_TITLES = {
    "cosine": "Cosine", "euclidean": "Euclidean", "manhattan": "Manhattan", "hamming": "Hamming",
}
METRIC_ABOUT = {
    "cosine": "By the angle between two images' vectors: the usual way.",
    "euclidean": "By the straight distance between the vectors: the same order as by cosine, other figures.",
    "manhattan": "By the sum of all differences: many small ones count more than one large one.",
    "hamming": "By perceptual hashes, 192 bits an image: finds the very same picture again. The sliders have no say.",
}


def query_part(reads: Reads) -> html.Div:
    """Where the query stands, and the ways to give one."""
    drop = html.Div(
        [
            html.Div(id="search-file", className="drop-input"),  # the browser puts the field there
            html.Div(
                [
                    components.icon("upload"),
                    html.Span([html.Span("Choose an image", className="drop-action"),
                               html.Span(", drop or paste one", className="drop-other")]),
                ],
                className="drop-text",
            ),
        ],
        className="drop",
    )
    return html.Div(
        className="search-query",
        children=[
            html.H1("Search", className="visually-hidden"),
            words.box(),
            html.Div(id="search-query"),
            html.Div(
                [
                    # The label opens the file dialog and names the field for screen readers.
                    html.Label(drop, className="drop-label"),
                    _source("camera", "Camera", "Take a photo with the camera", "search-camera"),
                    _source("palette", "Colors", "Search by colors", "search-colors"),
                    _source("link-45deg", "Web address", "Fetch an image from a web address",
                            "search-link-open"),
                ],
                className="sources",
            ),
            html.Div(_link_form(), id="search-link-form", hidden=True),
            html.Div(id="search-camera-view", hidden=True),
            html.Div(
                "Getting the models ready …", id="search-ready", className="warming", role="status",
            ),
            html.Div(id="search-note", **{"aria-live": "assertive"}),
            html.Div(
                [html.Span("Or start from", className="field-label"),
                 html.Div(examples(reads, reads.examples(EXAMPLES), "search-example"), className="examples")],
                className="search-examples",
            ),
        ],
    )


def _source(icon: str, word: str, text: str, name: str) -> html.Button:
    """A button that shows its word only while there is no query, and so more room."""
    return html.Button(
        [components.icon(icon), html.Span(word, className="source-word")], id=name, type="button",
        className="button source", title=text, **{"aria-label": text},
    )


def _link_form() -> list:
    return [
        html.Label(
            [html.Span("Web address of an image", className="visually-hidden"),
             dcc.Input(id="search-link", type="text", placeholder="https://…", inputMode="url",
                       autoComplete="off", debounce=True)],
        ),
        html.Button("Fetch", id="search-link-go", type="button", className="button"),
    ]


def examples(reads: Reads, ids: Sequence[int], kind: str) -> list[html.Button]:
    """Images of the library to start from, as buttons with id {"type": kind, "image": id}."""
    shapes = galleries.shape_of(reads, ids)
    return [
        html.Button(
            components.thumb(image_id, ""), id={"type": kind, "image": image_id},
            type="button", className="example", style=components.shaped(shapes[image_id]),
            **{"aria-label": f"Search with example {place}"},
        )
        for place, image_id in enumerate(ids, 1)
    ]


def settings_part(reads: Reads, names: Sequence[str], settings: Settings) -> html.Div:
    """Presets and sliders; metric, number and history folded away.

    On a narrow screen the browser folds the first away too (search.js).
    """
    titles = components.titles_of(names)
    presets = learned.presets(reads.library, names)
    told = {one.title: str(one) for one in learned.kept(reads.library).values()}
    return html.Div(
        className="search-settings",
        children=[
            _fold("What counts", [
                html.Div(
                    [
                        html.Button(title, id={"type": "search-preset", "name": title}, type="button",
                                    className="button", title=told.get(title))
                        for title in presets
                    ],
                    className="presets", role="group", **{"aria-label": "Presets"},
                ),
                dcc.Store(id="search-presets", data=presets),
                html.Div([_slider(name, titles[name], settings.weights[name]) for name in names]),
                html.A("Which weights for which job?", href=components.link("/weights"), className="card-link small"),
                html.Div(
                    [html.Span(id="search-exactness", className="num", role="status",
                               title="Measured with images of this library: of what an exact search finds, the share that the index finds"),
                     html.A("How it was found", id="search-inside", href=components.link("/inside"), className="card-link", hidden=True,
                            title="What the index compared, drawn on the map"),
                     dbc.Switch(id="search-exact", value=settings.exact, label="Exact", class_name="exact-switch")],
                    className="exactness small soft",
                ),
            ], True, "folded folded-first"),
            _fold("Metric and number", [
                segments("search-metric", "Metric", _METRIC_TITLES, settings.metric),
                html.P(METRIC_ABOUT[settings.metric], id="search-metric-about", className="small soft", role="status"),
                dcc.Store(id="search-metrics", data=METRIC_ABOUT),
                segments("search-count", "Matches at a time", {str(n): str(n) for n in COUNTS},
                         str(settings.count)),
            ], settings.metric != "cosine"),
            _fold("History and ratings", [
                html.Div(id="search-history", className="history"),
                html.Div(id="search-ratings", className="small soft"),
            ], False),
        ],
    )


def _fold(title: str, children: Sequence, is_open: bool, look: str = "folded") -> html.Details:
    return html.Details(
        [html.Summary(title), html.Div(list(children), className="fold")], open=is_open, className=look
    )


def _slider(name: str, title: str, weight: float) -> html.Label:
    """A range field of the browser: keyboard, touch and screen readers know it."""
    return html.Label(
        className="weight",
        children=[
            html.Span([html.Span(className=f"dot {components.part_of(name)}"), title], className="weight-title"),
            dcc.Input(
                id={"type": "search-weight", "embedding": name}, type="range",
                min=0, max=1, step=0.05, value=weight, className="weight-range",
            ),
            html.Span(id={"type": "search-figure", "embedding": name}, className="weight-figure"),
        ],
    )


def segments(
    name: str, title: str, options: Mapping[str, str], value: str, *, quiet=False, about: Mapping[str, str] | None = None
) -> html.Div:
    """One of a few choices, side by side; quiet: the title is for screen readers only. about: what each
    choice means, shown where a pointer rests on it."""
    about = about or {}
    return html.Div(
        [
            html.Span(title, className="visually-hidden" if quiet else "field-label", id=f"{name}-label"),
            dbc.RadioItems(
                id=name, value=value, class_name="btn-group segments",
                input_class_name="btn-check", label_class_name="button segment",
                options=[
                    {"value": key, "label": html.Span(text, title=about[key]) if key in about else text}
                    for key, text in options.items()
                ],
            ),
        ],
        role="group", **{"aria-labelledby": f"{name}-label"},
    )
