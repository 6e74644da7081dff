"""The page that lists the operations and tries them; assets/api/try.js makes it from the document."""

from __future__ import annotations

from html import escape

from flask import Flask, Response, request

from dashboard.access import READ, needs
from dashboard.api.problems import KINDS, ROOT

_STYLES = ("style/base", "style/controls", "style/notes", "style/shell", "api/api")
_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>API · Likeness</title>
    <link rel="icon" href="{root}/_favicon.ico">
    <script src="{root}/assets/shell/theme.js"></script>
    <link rel="stylesheet" href="{root}/bootstrap/bootstrap.min.css">
    {styles}
  </head>
  <body>
    <main class="api" id="api" data-root="{root}{api}">
      <header class="api-head">
        <a class="wordmark" href="{root}/">Likeness</a>
        <h1>API</h1>
        <p class="soft">For programs: what the pages show, asked for as their addresses say it. The document is
          <a href="{root}{api}/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
        <label class="api-token">Token, where the server asks for one
          <input id="api-token" class="text-field" type="password" autocomplete="off" maxlength="1024"></label>
      </header>
      <div id="api-operations" role="status">Reading the document …</div>
      <section class="api-problems">
        <h2>Problems</h2>
        <p class="soft">A refusal is a problem detail (RFC 9457); its type leads here.</p>
        <dl>{problems}</dl>
      </section>
    </main>
    <script src="{root}/assets/api/try.js"></script>
  </body>
</html>"""


def register(server: Flask) -> None:
    """Add the page."""

    @server.get(ROOT)
    @needs(READ)
    def api_page() -> Response:
        root = escape(request.script_root)
        styles = "\n    ".join(f'<link rel="stylesheet" href="{root}/assets/{name}.css">' for name in _STYLES)
        told = "".join(
            f'<dt id="{kind.name}">{kind.status} {escape(kind.title)} <code>{kind.name}</code></dt><dd>{escape(kind.when)}</dd>'
            for kind in KINDS.values()
        )
        return Response(_PAGE.format(root=root, api=ROOT, styles=styles, problems=told), mimetype="text/html")
