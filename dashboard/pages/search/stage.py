"""What is searched with, as the person sees it: one picture to edit, and the board's strip."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dash import html

from dashboard import components
from dashboard.pages.search.entry import Entry
from dashboard.pages.search.kinds import KINDS
from dashboard.reads import Reads


def query_view(reads: Reads, board: Sequence[Entry], active: int, names: Mapping[str, str]) -> list | None:
    """The active picture of the board with its tools, and the strip of all; None for an empty one.

    names: file names of the uploads, by key. Pictures of uploads are filled in by the browser.
    """
    if not board:
        return None
    active = active if 0 <= active < len(board) else len(board) - 1
    stage = _stage(reads, board[active], active, names)
    return [stage, *([_strip(reads, board, active, names)] if len(board) > 1 else []), _adder(board)]


def _stage(reads: Reads, entry: Entry, place: int, names: Mapping[str, str]) -> html.Figure:
    shown = KINDS[entry.kind].stage(reads, entry, names)
    if not shown.editable:
        return _figure(shown.content, shown.about, entry, place)
    frame = html.Div(
        shown.content, className="stage",
        **_at(entry, place),
        **{"data-edit": json.dumps(
            {"turn": entry.edit.turn, "mirror": entry.edit.mirror, "crop": entry.edit.crop}
        )},
    )
    return _figure(frame, shown.about, entry, place, _edits(entry))


def _figure(content, about: list, entry: Entry, place: int, tools: html.Div | None = None) -> html.Figure:
    clear = _button("x-lg", "Remove the query", "remove", _at(entry, place), "button-quiet query-clear")
    return html.Figure(
        [html.Div([content, clear], className="query-picture"), *([tools] if tools else []),
         html.Figcaption(about, className="query-about")],
        className="query",
    )


def _edits(entry: Entry) -> html.Div:
    buttons = [
        _button("crop", "Crop: drag a rectangle on the image", "crop"),
        _button("arrow-clockwise", "Turn right", "turn"),
        _button("symmetry-vertical", "Mirror", "mirror"),
        _button("palette", "Search by its colors", "colors"),
    ]
    if entry.edit.suffix:
        buttons.append(html.Button(
            "Reset", type="button", className="card-link", title="As it was", **{"data-does": "reset"}
        ))
    return html.Div(buttons, className="edits", role="group", **{"aria-label": "Edit the query"})


def _strip(reads: Reads, board: Sequence[Entry], active: int, names: Mapping[str, str]) -> html.Ul:
    """Every picture of the board with its sign; a click brings it to the stage."""
    tiles = []
    for place, entry in enumerate(board):
        kind = KINDS[entry.kind]
        name = kind.called(reads, entry, names)
        sign, other = ("minus", "plus") if entry.minus else ("plus", "minus")
        tiles.append(html.Li(
            [
                html.Button(
                    kind.thumbnail(reads, entry), type="button", className="tile-picture", title=name,
                    **{"aria-label": f"Show {name}", "aria-pressed": str(place == active).lower(),
                       "data-does": "show"},
                    **_at(entry, place),
                ),
                _button(
                    "dash-lg" if entry.minus else "plus-lg", f"{name} counts as a {sign}; make it a {other}",
                    "sign", _at(entry, place), f"tile-sign tile-{sign}",
                ),
                _button("x", f"Remove {name}", "remove", _at(entry, place), "tile-remove"),
            ],
            className="board-tile",
        ))
    return html.Ul(tiles, className="board", **{"aria-label": "Searched together"})


def _adder(board: Sequence[Entry]) -> html.Div:
    """Whether the next picture joins the search or takes its place."""
    clear = [html.Button(
        "Clear all", type="button", className="card-link", **{"data-does": "clear"}
    )] if len(board) > 1 else []
    return html.Div(
        [html.Button(
            [components.icon("plus-lg"), "Add another"], type="button", className="card-link adder",
            title="The next image joins this search instead of taking its place",
            **{"data-does": "adding", "aria-pressed": "false"},
        ), *clear],
        className="board-actions",
    )


def _button(
    icon: str, text: str, does: str, at: Mapping[str, object] | None = None, look: str = "button edit"
) -> html.Button:
    return html.Button(
        components.icon(icon), type="button", className=look, title=text,
        **{"aria-label": text, "data-does": does}, **(at or {}),
    )


def _at(entry: Entry, place: int) -> dict[str, object]:
    """Which entry of the board a part belongs to; its place alone may be out of date when it is clicked."""
    return {"data-place": place, "data-of": f"{entry.kind}:{entry.key}"}
