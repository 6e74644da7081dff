"""The routes of the API: one a path of its operations, the document, and the page to try it."""

from __future__ import annotations

from collections.abc import Sequence

from dash import Dash
from flask import Response, jsonify, request

from dashboard import components
from dashboard.access import READ, Access, needs
from dashboard.api import copies, images, library, maps, page, problems, search
from dashboard.api.document import document
from dashboard.api.operation import Operation, answer
from dashboard.reads import Reads
from dashboard.reads.clusterings import Clusterings
from dashboard.uploads.edit import EditedPictures

OPERATIONS = (*search.OPERATIONS, *copies.OPERATIONS, *images.OPERATIONS, *maps.OPERATIONS, *library.OPERATIONS)


def register(app: Dash, reads: Reads, access: Access) -> None:
    """Add the API to an app."""
    server = app.server
    clusterings, edited = Clusterings(reads), EditedPictures(reads)
    problems.tell(server)
    rules: dict[str, list[Operation]] = {}
    for one in OPERATIONS:
        rules.setdefault(one.rule, []).append(one)
    for rule, several in rules.items():
        server.add_url_rule(
            rule, f"api-{several[0].name}", _view(several, reads, clusterings, edited),
            methods=[one.method for one in several],
        )

    @server.get(f"{problems.ROOT}/openapi.json")
    @needs(READ)
    def openapi() -> Response:
        made = document(OPERATIONS, reads, components.url(problems.ROOT), access.door is not None)
        told = jsonify(made)
        told.headers["Cache-Control"] = "no-store"
        return told

    @server.route(f"{problems.ROOT}/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @needs(READ)
    def nowhere(rest: str) -> Response:
        allowed = _methods(f"{problems.ROOT}/{rest}", server)
        if allowed:
            told = problems.problem("wrong-method", f"{request.method} is not for this address; there are: {', '.join(allowed)}.")
            told.headers["Allow"] = ", ".join(allowed)
            return told
        return problems.problem("not-there", f"The API has no operation at {request.path}; {components.url(problems.ROOT)} lists them.")

    page.register(server)


def _view(several: Sequence[Operation], reads: Reads, clusterings: Clusterings, edited: EditedPictures):
    """What answers at a path: the operation of the request's method."""
    by_method = {one.method: one for one in several}

    @needs(READ, pool=several[0].pool)  # and then what the operation itself needs
    def view(**place: str) -> Response:
        one = by_method.get("GET" if request.method == "HEAD" else request.method)
        return answer(one, reads, clusterings, edited, place)

    return view


def _methods(path: str, server) -> list[str]:
    """The methods that an operation at a path has."""
    urls = server.url_map.bind("")
    found = []
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        endpoint, _ = urls.match(path, method=method)
        if endpoint != "nowhere":
            found.append(method)
    return found
