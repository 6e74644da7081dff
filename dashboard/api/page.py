"""The page that lists the operations and tries them; assets/api/try.js makes it from the document."""

from __future__ import annotations

from html import escape

from flask import Flask, Response, request

from dashboard import plain_page
from dashboard.access import READ, needs
from dashboard.api.problems import KINDS, ROOT

_BODY = """<main class="api" id="api" data-root="{root}{api}">
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
    <script src="{root}/assets/api/try.js"></script>"""


def register(server: Flask) -> None:
    """Add the page."""

    @server.get(ROOT)
    @needs(READ)
    def api_page() -> Response:
        root = escape(request.script_root)
        told = "".join(
            f'<dt id="{kind.name}">{kind.status} {escape(kind.title)} <code>{kind.name}</code></dt><dd>{escape(kind.when)}</dd>'
            for kind in KINDS.values()
        )
        return plain_page.answer("API", "api/api", _BODY.format(root=root, api=ROOT, problems=told))
