"""Compare: what each embedding makes of an image, of the whole library, and where they differ.

Three views of one page: the columns (`?image=ID`), two linked maps (`?view=maps`) and the
images that two embeddings disagree on (`?view=disagree`).
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import Dash, html

from dashboard import components
from dashboard.access import RUN
from dashboard.pages.compare import columns as compare_columns
from dashboard.pages.compare import disagree as compare_disagree
from dashboard.pages.compare import maps as compare_maps
from dashboard.reads import Reads
from dashboard.reads.comparison import PATH

__all__ = ["NAV", "PATH", "TITLE", "layout", "register"]

TITLE = "Compare"
NAV = "Compare"

_VIEWS = {
    "": ("One image", compare_columns),
    "maps": ("Two maps", compare_maps),
    "disagree": ("Where they disagree", compare_disagree),
}


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names."""
    data = reads.data_told
    if reads.is_empty():
        return components.no_images(data, reads.may(RUN))
    names = reads.embeddings()
    if not names:
        return components.not_compared(data, reads.may(RUN))
    if len(names) == 1:
        return components.empty_state(
            "One way of looking, so far",
            f"This library knows its images by {components.title_of(names[0]).lower()} alone. "
            "Comparing takes at least two embeddings. This adds the others:",
            components.command("run FOLDER --embeddings color,sift,efficientnet", data),
        )
    chosen = params.get("view") if params.get("view") in _VIEWS else ""
    image = params.get("image", "")
    image = int(image) if image.isdecimal() and len(image) < 19 else None
    return html.Div(
        [
            html.Div([html.H1(TITLE), _views(chosen, image)], className="compare-head"),
            _VIEWS[chosen][1].layout(reads, params, image),
        ],
        className="compare page-wide",
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks."""
    for _, part in _VIEWS.values():
        part.register(app, reads)


def _views(chosen: str, image: int | None) -> html.Nav:
    """The three views; the image goes along from one to the other."""
    entries = [
        html.Span(text, className="button compare-view", **{"aria-current": "page"})
        if key == chosen
        else html.A(
            text, href=components.link(PATH, view=key, image=image), className="button compare-view"
        )
        for key, (text, _) in _VIEWS.items()
    ]
    return html.Nav(entries, className="compare-views", **{"aria-label": "Views"})
