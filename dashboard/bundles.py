"""Our own scripts and style sheets, those of each kind as one file.

There are more than a hundred, and a browser takes longer to ask for each of them than to read
them all. They follow one another as Dash would have them. Every script is a function of its
own, and one sees nothing of another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from flask import Flask, Response

from dashboard.access import READ, needs

PATH = "/bundle/"
ALONE = r"^(theme|try)\.js$"
"""Scripts that come by themselves: one before all others, one of a page that is not Dash's."""
_TYPES = {"js": "text/javascript", "css": "text/css"}
_TAGS = {"js": '<script src="{}"></script>', "css": '<link rel="stylesheet" href="{}">'}
_OWN = {"js": r'<script src="{}assets/[^"]+"></script>\n*', "css": r'<link rel="stylesheet" href="{}assets/[^"]+">\n*'}


def register(server: Flask, folder: Path, mount: str) -> Callable[[str, str], str]:
    """Add the route, for the scripts and style sheets below `folder`.

    Returns a function of Dash's tags of a kind, `js` or `css`: the tags with those of
    our own files, where the first of them was, as one.
    """

    @server.get(f"{PATH}<digest>.<kind>")
    @needs(READ)
    def bundle(digest: str, kind: str) -> Response:
        if kind not in _TYPES:
            return Response(status=404)
        text, now = _bundle(folder, kind)
        # A page from before an update asks by an old name.
        kept = "private, max-age=31536000, immutable" if digest == now else "no-store"
        return Response(text, mimetype=_TYPES[kind], headers={"Cache-Control": kept})

    def bundled(tags: str, kind: str) -> str:
        one = _TAGS[kind].format(f"{mount}{PATH[1:]}{_bundle(folder, kind)[1]}.{kind}")
        own = re.compile(_OWN[kind].format(re.escape(mount)))
        return own.sub("", own.sub(lambda _: one, tags, count=1))

    return bundled


def _bundle(folder: Path, kind: str) -> tuple[str, str]:
    """The text of a kind, and what it is called by."""
    files = sorted(folder.rglob(f"*.{kind}"), key=lambda file: (file.parent.parts, file.name))
    return _joined(tuple((file, file.stat().st_mtime_ns) for file in files if not re.search(ALONE, file.name)))


@lru_cache(maxsize=4)
def _joined(files: tuple[tuple[Path, int], ...]) -> tuple[str, str]:
    text = "\n".join(file.read_text("utf-8") for file, _ in files)
    return text, blake2b(text.encode(), digest_size=12).hexdigest()
