"""Pictures: a set of images in the gallery, to be sorted, narrowed, looked through and chosen from.

The set is a collection, a tag, images or all there are, and conditions narrow it. The browser asks
for its order and shows it (assets/gallery/page.js).
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from dashboard import components, facets
from dashboard.access import ANNOTATE, RUN
from dashboard.reads import Reads, galleries, table

PATH = "/gallery"
TITLE = "Pictures"
NAV = None  # the Table page leads here, and back

_LEADS = (("collection", "All collections", "/collections"), ("behind", "Quality", "/quality"))
"""Where a set comes from, by the parameter that names it."""


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    asked = {name: params[name] for name in table.SETS if params.get(name)}
    kinds, by = galleries.kinds_of_outliers(reads), params.get("by", galleries.AS_GIVEN)
    known = by in galleries.orders(reads)
    head = html.Div(
        [
            html.H1(table.named(asked) or "All images", className="gallery-title"),
            html.Span(id="gallery-count", className="soft small num", role="status"),
            facets.button(),
            html.A(
                [components.icon("table"), html.Span("Table")], id="gallery-table", className="button",
                href=components.link("/table", **asked), title="The same images as a table",
            ),
            *([_varied()] if reads.may(ANNOTATE) else []),
            *[html.A(text, href=components.link(path), className="card-link") for name, text, path in _LEADS if asked.get(name)],
            html.Span(id="gallery-tools", className="pictures-tools"),
        ],
        className="gallery-head",
    )
    return html.Div(
        [
            facets.panel(params.get("where", ""), opens=False),
            html.Section(
                [head, facets.chips(), html.Div(id="gallery-note"), html.Div(id="gallery-list")],
                className="gallery-main", **{"aria-label": "Pictures"},
            ),
            dcc.Store(id="gallery-set", data=asked | {"by": by if known else galleries.AS_GIVEN, "kinds": kinds}),
            dcc.Store(id="gallery-begun"),
        ],
        className="gallery-page page-wide",
    )


def _varied() -> html.Button:
    """Asks for a choice out of what is shown."""
    return html.Button(
        [components.icon("ui-checks-grid"), html.Span("Varied choice")], id="gallery-varied", type="button", className="button",
        title="Some of these that stand for all, kept as a collection",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callback, the browser's."""
    app.clientside_callback(
        ClientsideFunction("gallery_page", "begin"), Output("gallery-begun", "data"), Input("gallery-set", "data")
    )
