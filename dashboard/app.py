"""The application: shell, routing between pages, errors, and the files of the shell.

The URL is the state. A page says what it shows by writing `components.view(...)` to its own
store, `search-view` on the page of the folder `search`; the browser then follows (replacing
or adding a step of history). The store goes with the page, so that a late answer moves
nothing. A page is asked for when a link, Back or Forward leads to another address than the
one that is shown (assets/shell/shell.js).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import dash_bootstrap_components as dbc
import flask_bootstrap
from dash import ClientsideFunction, Dash, Input, Output, ctx, dcc, html, set_props
from flask import Flask, Response, request
from flask_compress import Compress
from typing_extensions import TypedDict

from dashboard import acts, api, bundles, components, document, navbar
from dashboard import facets as facet_panel
from dashboard.access import READ, Access, guard, needs
from dashboard.jobs import Jobs
from dashboard.pages.collections import page as collections_page
from dashboard.pages.compare import page as compare_page
from dashboard.pages.duplicates import page as duplicates_page
from dashboard.pages.gallery import page as gallery_page
from dashboard.pages.graph import page as graph_page
from dashboard.pages.image import page as detail_page
from dashboard.pages.inside import page as inside_page
from dashboard.pages.library import page as library_page
from dashboard.pages.map import page as map_page
from dashboard.pages.quality import page as quality_page
from dashboard.pages.rated import page as rated_page
from dashboard.pages.search import page as search_page
from dashboard.pages.table import page as table_page
from dashboard.pages.weights import page as weights_page
from dashboard.pages.why import page as why_page
from dashboard.reads import Reads
from dashboard.routes import exports, facets, gallery, operation, small_maps, table, take
from dashboard.routes import images as image_routes
from pipeline.errors import LikenessError, sentence
from pipeline.library import Library

PAGES = (
    map_page, search_page, table_page, compare_page, graph_page, duplicates_page, quality_page, library_page, detail_page,
    rated_page, gallery_page, collections_page, why_page, inside_page, weights_page,
)

WARM_AFTER = 1.5
"""Seconds from the start until the models are loaded: the first page needs the cores more. A
network is then ready within another second, but for one that has to be converted first."""

MAX_REQUEST = 36 * 2**20
"""Largest body of a request, bytes: an upload of 25 MB grows by a third as base64."""

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
_BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5"
_COMPRESSION = {
    "COMPRESS_MIMETYPES": [
        "application/json", "application/javascript", "text/javascript", "text/css", "text/html", "image/svg+xml",
    ],
    "COMPRESS_ALGORITHM": ["zstd", "gzip"],
    "COMPRESS_LEVEL": 1,  # maps are sent as they are made: a tighter fit costs more time than it saves
    "COMPRESS_ZSTD_LEVEL": 3,
    "COMPRESS_MIN_SIZE": 1_000,  # below, the header costs what is saved
    "COMPRESS_STREAMS": False,  # what is streamed is large and dense
}
_HOOKS = {"request_pre": "likeness.answers.asked", "request_post": "likeness.answers.came"}
"""What Dash calls in the browser before and after it asks for a callback (assets/shell/answers.js)."""
_LOG = logging.getLogger(__name__)


def create_app(
    library: Library,
    prefix: str = "/",
    *,
    libraries: Sequence[tuple[str, str]] = (),
    access: Access = Access(),
    warm: bool = False,
) -> Dash:
    """The dashboard of a library. May be called several times in one process.

    prefix: the path it is mounted at, with slashes around; `components.url` and the
    browser's `likeness.url` put it before every address. libraries: (name, mount) of all
    that can be switched to, this one among them. access: who may ask, and for what.
    warm: make the models ready in the background, once the first page has been answered.
    """
    reads = Reads(library, Jobs(library, access.folders) if access.runs else None, access.rights)
    app = Dash(
        __name__,
        assets_folder=str(_ASSETS),
        assets_ignore=bundles.ALONE,
        external_stylesheets=[f"{prefix}bootstrap/bootstrap.min.css"],
        hooks=_HOOKS,
        index_string=document.TEXT.replace("{mount}", prefix),
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
            {"name": "likeness-pages", "content": " ".join(page.PATH for page in PAGES)},
        ],
        on_error=_show_error,
        requests_pathname_prefix=prefix,
        routes_pathname_prefix="/",
        serve_locally=True,
        suppress_callback_exceptions=True,
        title="Likeness",
        update_title=None,
    )
    app.enable_dev_tools(debug=False, dev_tools_disable_version_check=True)  # it asks a server
    app.server.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    # For each request: its links know where the app is mounted.
    app.layout = partial(_shell, libraries, prefix, access)
    operation.register(app.server, library)
    _serve_files(app.server)
    image_routes.register(app.server, library)
    exports.register(app.server, reads)
    take.register(app.server, reads)
    facets.register(app.server, reads)
    facet_panel.register(app)
    gallery.register(app.server, reads)
    table.register(app.server, reads)
    small_maps.register(app.server, reads)
    acts.register(app.server, reads)
    api.register(app, reads, access)
    document.write(app, reads, PAGES, bundles.register(app.server, _ASSETS, prefix))
    _route(app, reads)
    for page in PAGES:
        page.register(app, reads)
    guard(app, access)
    if warm:
        later = threading.Timer(WARM_AFTER, _warm_up, [reads])
        later.daemon = True
        later.start()
    return app


def _warm_up(reads: Reads) -> None:
    with suppress(LikenessError):  # an upload will tell the person
        reads.warm_up()


def _shell(libraries: Sequence[tuple[str, str]], prefix: str, access: Access) -> html.Div:
    """What every page stands in."""
    links = [(page.NAV, page.PATH) for page in PAGES if page.NAV]
    further = [(page.TITLE, page.PATH) for page in (collections_page, rated_page)]
    return html.Div(
        className="shell", **{"data-rights": " ".join(sorted(access.rights))},
        children=[
            dcc.Store(id="route"),
            dcc.Store(id="arrived"),
            *acts.stores(),
            dcc.Store(id="theme"),
            navbar.navbar(links, libraries, prefix, further=further, leave=access.door is not None),
            html.Main(id="page", className="page", tabIndex=-1),
            html.Div(id="said", className="said", role="status"),
            html.Div(
                dbc.Toast(
                    id="toast", header="That did not work", is_open=False,
                    dismissable=True, duration=10_000,
                ),
                className="toasts", role="alert",
            ),
        ],
    )


class _Route(TypedDict):
    """Where the browser is."""

    path: str
    search: str


def _route(app: Dash, reads: Reads) -> None:
    """Keep the address and the page in step (see the head of this file)."""
    app.clientside_callback(
        ClientsideFunction("shell", "begin"), Output("route", "data"), Input("route", "id")
    )
    # With an output: Dash runs a callback for what a page brings along only where it has one.
    app.clientside_callback(
        ClientsideFunction("shell", "arrive"), Output("arrived", "data"), Input("here", "data")
    )
    for page in PAGES:
        app.clientside_callback(
            ClientsideFunction("shell", "follow"), Input(_view_of(page), "data"), prevent_initial_call=True
        )
    app.clientside_callback(
        ClientsideFunction("shell", "theme"), Output("theme", "data"), Input("theme", "id"),
    )

    def instead(error: Exception) -> list:
        route = ctx.inputs["route.data"]
        told = components.empty_state("This page cannot be shown", _said(error))
        return _standing(route, told, None, "Likeness")

    @app.callback(
        Output("page", "children"), Input("route", "data"), prevent_initial_call=True, on_error=instead,
    )
    @needs(READ)
    def show(route: _Route):
        return _standing(route, *render(reads, route["path"], route["search"]))


def _view_of(page) -> str:
    """Id of the store through which a page moves the address."""
    return f"{page.__name__.split('.')[-2]}-view"


def _standing(route: dict, content, page, title: str) -> list:
    """What stands in the page's place: what it is of, how it moves the address, its content."""
    at = {"path": route["path"].rstrip("/") or "/", "search": route["search"]}
    view = [dcc.Store(id=_view_of(page), data=at)] if page else []
    return [dcc.Store(id="here", data={**at, "title": title}), *view, content]


def render(reads: Reads, path: str, search: str) -> tuple:
    """What stands at an address, the module of its page or None, and its title."""
    path = path.rstrip("/") or "/"
    page = next((page for page in PAGES if page.PATH == path), None)
    if page is None:
        missing = components.empty_state(
            "There is no such page", "The address may be misspelled.",
            action=html.A("Go to the Map", href=components.link("/"), className="button button-main"),
        )
        return missing, None, "Not found · Likeness"
    params = dict(parse_qsl(search.lstrip("?")))
    try:
        content = page.layout(reads, params)
    except LikenessError as error:
        content = components.empty_state(f"{page.TITLE} cannot be shown", str(error))
    return content, page, f"{page.TITLE} · Likeness"


def _show_error(error: Exception) -> None:
    """One sentence in the toast for whatever a callback raises."""
    set_props("toast", {"is_open": True, "children": _said(error)})


def _said(error: Exception) -> str:
    """An error in one sentence; the log has what is not meant for the screen."""
    if (said := sentence(error)) is not None:
        return said
    _LOG.error("A callback failed", exc_info=error)
    return "Something went wrong inside Likeness; the server's log says what."


def _serve_files(server: Flask) -> None:
    """Bootstrap's style sheet and icons from the package, and compressed answers."""
    server.config.update(_COMPRESSION)
    Compress(server)

    @server.get("/bootstrap/bootstrap.min.css")
    @needs(READ)
    def style_sheet() -> Response:
        # The source map it names is not served.
        text = (_BOOTSTRAP / "css" / "bootstrap.min.css").read_text().split("/*# sourceMappingURL")[0]
        return _kept(text, "text/css")

    @server.get("/bootstrap/icons/<name>.svg")
    @needs(READ)
    def icon(name: str) -> Response:
        picture = _icons().get(name)
        return _kept(picture, "image/svg+xml") if picture else Response(status=404)


@lru_cache(maxsize=1)
def _icons() -> dict[str, str]:
    """Bootstrap's icons by name, each as an SVG of its own, cut from the package's sprite."""
    name_space = "{http://www.w3.org/2000/svg}"
    ElementTree.register_namespace("", name_space.strip("{}"))
    pictures = {}
    for symbol in ElementTree.parse(_BOOTSTRAP / "icons" / "bootstrap-icons.svg").getroot():
        drawing = ElementTree.Element(f"{name_space}svg", viewBox=symbol.get("viewBox", "0 0 16 16"))
        drawing.extend(symbol)
        pictures[symbol.get("id", "")] = ElementTree.tostring(drawing, encoding="unicode")
    return pictures


def _kept(text: str, kind: str) -> Response:
    """A file of an installed package: it changes only with the package."""
    response = Response(text, mimetype=kind)
    response.set_etag(blake2b(text.encode(), digest_size=12).hexdigest())
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response.make_conditional(request)
