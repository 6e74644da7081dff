"""A page of our own that Dash does not make: the look of the others without their scripts."""

from __future__ import annotations

from html import escape

from flask import Response, request

_STYLES = ("style/base", "style/controls", "style/notes", "style/shell")
_TEXT = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{title} · Likeness</title>
    <link rel="icon" href="{root}/_favicon.ico">
    <script src="{root}/assets/shell/theme.js"></script>
    <link rel="stylesheet" href="{root}/bootstrap/bootstrap.min.css">
    {styles}
  </head>
  <body>
    {body}
  </body>
</html>"""


def answer(title: str, style: str, body: str, status: int = 200, root: str | None = None) -> Response:
    """The page as an answer.

    style: its own sheet below `assets`, without the ending, or nothing. body: markup; what others
    wrote has been escaped in it. root: the path that `assets` is below, where it is not that of the request.
    """
    root = escape(request.script_root if root is None else root)
    styles = "\n    ".join(f'<link rel="stylesheet" href="{root}/assets/{name}.css">' for name in (*_STYLES, style) if name)
    text = _TEXT.format(title=escape(title), root=root, styles=styles, body=body)
    return Response(text, status=status, mimetype="text/html")
