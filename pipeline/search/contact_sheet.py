"""A search result as one HTML page that needs nothing beside it."""

from __future__ import annotations

import base64
from html import escape

from pipeline.library import Library
from pipeline.library.images import printable
from pipeline.search import Result

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Likeness: {title}</title>
<style>
:root {{ color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif }}
body {{ margin: 24px; max-width: 1400px }}
ol {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(176px, 1fr)); gap: 16px;
      padding: 0; list-style: none }}
img {{ width: 100%; height: 176px; object-fit: contain; background: #8881; border-radius: 6px }}
figure {{ margin: 0 }} figcaption {{ overflow-wrap: anywhere }} small {{ opacity: .75 }}
</style>
<h1>{title}</h1><p>{subtitle}</p>
<ol>
{items}
</ol></html>
"""


def contact_sheet(library: Library, result: Result, title: str) -> str:
    """The matches of a search as an HTML document, thumbnails inside, best first."""
    items = []
    for rank, match in enumerate(result.matches, 1):
        path = escape(printable(match.path))
        jpeg = base64.b64encode(library.thumbnail(match.id) or b"").decode()
        parts = " · ".join(f"{name} {value:.3f}" for name, value in match.parts.items())
        items.append(
            f'<li><figure><img alt="{path}" src="data:image/jpeg;base64,{jpeg}">'
            f"<figcaption><b>{rank}. {match.score:.3f}</b> {path}<br>"
            f"<small>{parts}</small></figcaption></figure></li>"
        )
    weights = ", ".join(f"{name} {weight:g}" for name, weight in result.weights.items())
    subtitle = f"{len(items)} matches by {result.metric}, weights: {weights}, {result.ms:.0f} ms"
    return _PAGE.format(title=escape(printable(title)), subtitle=escape(subtitle), items="\n".join(items))
