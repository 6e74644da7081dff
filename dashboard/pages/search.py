"""Search: an image, how much each embedding counts, and what is closest."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from hashlib import blake2b

import numpy as np
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update

from dashboard import components
from dashboard.pages.search_panel import COUNT, MAX_UPLOAD, examples, query_part, settings_part
from dashboard.queries import Reads
from pipeline import images
from pipeline.errors import ImageError, LikenessError, QueryError
from pipeline.search import Query, Result
from pipeline.settings import METRICS

PATH = "/search"
TITLE = "Search"
NAV = "Search"

STARTS = 18
"""Examples offered in the empty gallery."""
PREVIEW_SIDE = 768
"""Long side of the preview of an uploaded picture, px: sharp on a dense screen."""


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names."""
    names = reads.embeddings()
    if reads.is_empty():
        return components.empty_state(
            "No images yet", "Give Likeness a folder of images, then come back to this page.",
            components.command("run FOLDER", reads.library.data),
        )
    if not names:
        return components.empty_state(
            "Nothing to search in yet",
            "The images have been found, but not compared. This finishes the work:",
            components.command("run FOLDER", reads.library.data),
        )
    return html.Div(
        className="search page-wide",
        children=[
            dcc.Store(id="search-chosen", data=_chosen(params)),
            # What was uploaded outlives the page, in this browser tab only.
            dcc.Store(id="search-upload", storage_type="session"),
            dcc.Store(id="search-preview", storage_type="session"),
            html.Section(
                id="search-panel", className="search-panel", **{"aria-label": "Query"},
                children=[query_part(reads), settings_part(names, params)],
            ),
            html.Section(
                className="search-results", **{"aria-label": "Matches"},
                children=[
                    html.Div(id="search-status", className="search-status", role="status"),
                    html.Div(id="search-gallery"),
                ],
            ),
        ],
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""
    weights = Input({"type": "search-weight", "embedding": ALL}, "value")

    @app.callback(
        Output("search-upload", "data"), Output("search-preview", "data"),
        Output("search-chosen", "data", allow_duplicate=True),
        Output("search-note", "children"), Output("search-file", "contents"),
        Input("search-file", "contents"), State("search-file", "filename"),
        running=[(Output("search-panel", "className"), "search-panel busy", "search-panel")],
        prevent_initial_call=True,
    )
    def on_upload(contents: str | None, filename: str | None):
        if not contents:
            return (no_update,) * 5
        try:
            upload, preview = receive(reads, contents, filename or "That file")
        except LikenessError as error:
            return no_update, no_update, no_update, components.error_note(str(error)), None
        return upload, preview, {"upload": upload["key"]}, None, None

    @app.callback(
        Output("search-file", "disabled"), Input("search-file", "id"),
    )
    def on_open(_):
        with suppress(LikenessError):  # an upload will tell the person
            reads.warm_up()
        return False

    @app.callback(
        Output("search-query", "children"),
        Input("search-chosen", "data"), Input("search-preview", "data"),
    )
    def on_query(chosen: dict | None, preview: dict | None):
        return query_view(reads, chosen, preview)

    @app.callback(
        Output("search-status", "children"), Output("search-gallery", "children"),
        Output("view", "data", allow_duplicate=True),
        Input("search-chosen", "data"), Input("search-upload", "data"), weights,
        Input("search-metric", "value"), Input("search-count", "value"),
        State({"type": "search-weight", "embedding": ALL}, "id"),
        prevent_initial_call="initial_duplicate",
    )
    def on_change(chosen, upload, values, metric, count, ids):
        given = {part["embedding"]: float(value or 0) for part, value in zip(ids, values)}
        # Another picture is a step that Back returns from; a slider's way is not.
        replace = "search-chosen.data" not in ctx.triggered_prop_ids
        view = components.view(
            PATH, address(chosen, given, metric, int(count)), replace=replace
        )
        return *results(reads, chosen, upload, given, metric, int(count)), view

    for function, output, source, state in (
        ("choose", Output("search-chosen", "data", allow_duplicate=True),
         [Input({"type": kind, "image": ALL}, "n_clicks")
          for kind in ("search-start", "search-example", "search-match", "search-match-action")], []),
        ("clear", Output("search-chosen", "data", allow_duplicate=True),
         [Input({"type": "search-clear", "of": ALL}, "n_clicks")], []),
        ("preset", Output({"type": "search-weight", "embedding": ALL}, "value"),
         [Input({"type": "search-preset", "name": ALL}, "n_clicks")],
         [State({"type": "search-weight", "embedding": ALL}, "id")]),
    ):
        app.clientside_callback(
            ClientsideFunction("search", function), output, *source, *state,
            prevent_initial_call=True,
        )
    app.clientside_callback(
        ClientsideFunction("search", "pressed"),
        Output({"type": "search-preset", "name": ALL}, "aria-pressed"),
        Output({"type": "search-figure", "embedding": ALL}, "children"),
        weights, State({"type": "search-weight", "embedding": ALL}, "id"),
        State({"type": "search-preset", "name": ALL}, "id"),
    )


def receive(reads: Reads, contents: str, filename: str) -> tuple[dict, dict]:
    """An uploaded file (data URL) as {key, name, vectors} and its preview {key, name, src}.

    The vectors, little-endian float32 as base64, stay in the browser: a slider then needs
    no second look at the picture, and the server keeps nothing. Raises LikenessError with
    one sentence when the file cannot be used.
    """
    try:
        data = base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise QueryError(f"“{filename}” did not arrive whole; try again.") from None
    if len(data) > MAX_UPLOAD:
        raise QueryError(f"“{filename}” is larger than {MAX_UPLOAD // 2**20} MB.")
    try:
        vectors = reads.embed(data)
        shown = images.encode_jpeg(images.decode(data, PREVIEW_SIDE), quality=85)
    except ImageError as error:
        raise QueryError(f"“{filename}” cannot be searched with: {error}.") from None
    key = blake2b(data, digest_size=6).hexdigest()
    packed = {
        name: base64.b64encode(vector.astype("<f4").tobytes()).decode()
        for name, vector in vectors.items()
    }
    source = "data:image/jpeg;base64," + base64.b64encode(shown).decode()
    return (
        {"key": key, "name": filename, "vectors": packed},
        {"key": key, "name": filename, "src": source},
    )


def results(
    reads: Reads,
    chosen: dict | None,
    upload: dict | None,
    weights: Mapping[str, float],
    metric: str,
    count: int,
) -> tuple:
    """The line above the gallery and the gallery; what stands there stays after an error."""
    query = _query(chosen, upload)
    if query is None:
        return None, _start(reads)
    if not any(weights.values()):
        return components.error_note("Nothing counts: move at least one slider up."), no_update
    try:
        result = reads.search(Query(**query, weights=dict(weights), metric=metric, top_k=count))
    except QueryError as error:
        return components.error_note(str(error)), no_update
    cards = [
        components.match_card(
            match, rank, result.weights, kind="search-match", action="Use as query",
            href=components.link("/", image=match.id),
        )
        for rank, match in enumerate(result.matches, 1)
    ]
    return _told(result), components.gallery(cards)


def _start(reads: Reads) -> html.Div:
    """What stands in place of the matches before there is a query."""
    return html.Div(
        [
            html.H2("Find images like yours"),
            html.P("Choose, drop or paste one, or start from one of the library.", className="soft"),
            html.Div(examples(reads, STARTS, "search-start"), className="gallery"),
        ],
        className="search-start",
    )


def _told(result: Result) -> html.Span:
    found = len(result.matches)
    return html.Span(f"{found} {'match' if found == 1 else 'matches'} in {result.ms:.0f} ms")


def query_view(reads: Reads, chosen: dict | None, preview: dict | None):
    """The picture that is searched with, or nothing."""
    if not chosen:
        return None
    if "image" in chosen:
        row = reads.image(chosen["image"])
        if row is None:
            return components.error_note("That image is not in the library any more.")
        picture = html.Img(src=components.url(f"/image/{row.id}"), alt=f"Query: {components.name_of(row.path)}")
        about = [
            html.Span(row.label or components.name_of(row.path), className="query-name", title=row.path),
            dcc.Link("On the map", href=components.link("/", image=row.id), className="card-link"),
        ]
    elif preview and preview["key"] == chosen["upload"]:
        picture = html.Img(src=preview["src"], alt=f"Query: {preview['name']}")
        about = [html.Span(preview["name"], className="query-name", title=preview["name"])]
    else:
        return None
    clear = html.Button(
        components.icon("x-lg"), id={"type": "search-clear", "of": "query"}, type="button",
        className="button-quiet query-clear", title="Remove the query",
        **{"aria-label": "Remove the query"},
    )
    return html.Figure(
        [html.Div([picture, clear], className="query-picture"),
         html.Figcaption(about, className="query-about")],
        className="query",
    )


def address(
    chosen: dict | None, weights: Mapping[str, float], metric: str, count: int
) -> dict[str, object]:
    """The parameters of the address that restore a state; what is the default is left out."""
    params: dict[str, object] = dict(chosen or {})
    if any(value != 1 for value in weights.values()):
        params |= {name: f"{value:g}" for name, value in weights.items()}
    if metric != METRICS[0]:
        params["metric"] = metric
    if count != COUNT:
        params["count"] = count
    return params


def _chosen(params: Mapping[str, str]) -> dict | None:
    image = params.get("image", "")
    if image.isdecimal() and len(image) < 19:  # longer than any id that SQLite can hold
        return {"image": int(image)}
    return {"upload": params["upload"]} if params.get("upload") else None


def _query(chosen: dict | None, upload: dict | None) -> dict | None:
    """What is searched by, as arguments of Query; None when there is nothing yet."""
    if chosen and "image" in chosen:
        return {"images": (chosen["image"],), "exclude": (chosen["image"],)}
    if chosen and upload and upload["key"] == chosen["upload"]:
        vectors = {
            name: np.frombuffer(base64.b64decode(packed), "<f4").astype(np.float32)
            for name, packed in upload["vectors"].items()
        }
        return {"vectors": (vectors,)}
    return None
