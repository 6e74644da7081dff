"""The HTML document that Dash fills: what the browser loads, how early, and what only with its page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from html import escape
from types import ModuleType

from dash import Dash
from flask import request

from dashboard.reads import Reads
from pipeline.errors import LikenessError

TEXT = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <title>{%title%}</title>
    {%favicon%}
    <script src="{mount}assets/shell/theme.js"></script>
    {needed}
    {%css%}
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""
"""theme.js runs before anything is drawn, so that a dark page does not flash white."""

_SCRIPT = re.compile(r'<script src="([^"]+)"></script>')


def write(app: Dash, reads: Reads, pages: Sequence[ModuleType], bundled: Callable[[str, str], str]) -> None:
    """Say in the document of an app what the page at its address needs.

    bundled: see `bundles.register`.

    What the page will ask for (`needed`) is asked for while the scripts that make it are
    still on their way. The script of a component package that one page alone uses
    (`PACKAGE`) is left out of the others; the browser fetches it with the page
    (assets/shell/shell.js), and finds its address in the document.
    """
    whole = app.interpolate_index

    def interpolate_index(**parts: str) -> str:
        here = request.path.rstrip("/") or "/"
        page = next((page for page in pages if page.PATH == here), None)
        parts["scripts"], later = _parted(bundled(parts["scripts"], "js"), pages, page)
        parts["css"] = bundled(parts["css"], "css")
        scripts = f'<meta name="likeness-scripts" content="{escape(json.dumps(later))}">'
        return whole(**parts).replace("{needed}", "\n    ".join([scripts, *_early(reads, page)]), 1)

    app.interpolate_index = interpolate_index


def _parted(scripts: str, pages: Sequence[ModuleType], here: ModuleType | None) -> tuple[str, dict[str, str]]:
    """The scripts without those of other pages alone, and these: {path of the page: address}."""
    packages = {page.PACKAGE: page for page in pages if hasattr(page, "PACKAGE") and page is not here}
    later: dict[str, str] = {}

    def part(found: re.Match) -> str:
        page = next((page for package, page in packages.items() if f"/{package}/" in found[1]), None)
        if page is None:
            return found[0]
        later[page.PATH] = found[1]
        return ""

    return _SCRIPT.sub(part, scripts), later


def _early(reads: Reads, page: ModuleType | None) -> list[str]:
    found: list[tuple[str, str]] = []
    with suppress(LikenessError):  # the page itself will say it
        found = page.needed(reads, request.args.to_dict()) if hasattr(page, "needed") else []
    return [
        f'<link rel="preload" as="{kind}" href="{escape(address)}"{" crossorigin" * (kind == "fetch")}>'
        for kind, address in found
    ]
