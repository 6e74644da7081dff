"""The sections of the Library page: what is in it, what is current, what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from dash import html

from dashboard import components
from pipeline.library.images import printable

FAILURES_SHOWN = 200

UPDATE, INDEX, ALL_FOLDERS = "library-update", "library-index", "library-all"
"""Types of the buttons that start something; `library.actions` answers them."""
FORGET, RELOCATE = "library-forget-folder", "library-relocate-folder"
"""Types of the buttons of a folder; `library.folders` answers them."""


def section(title: str, *children, note: str | None = None) -> html.Section:
    """A part of the page under a heading."""
    head = [html.H2(title)] + ([html.P(note, className="soft small")] if note else [])
    return html.Section([*head, *children], className="card-section")


def _table(heads: Sequence[str], rows: Sequence[Sequence], figures: Sequence[int] = ()) -> html.Div:
    """A table; the columns numbered in `figures` are right-aligned."""
    kind = ["num" if at in figures else "" for at in range(len(heads))]
    return html.Div(
        html.Table([
            html.Thead(html.Tr([
                html.Th(text, className=kind[at], scope="col") for at, text in enumerate(heads)
            ])),
            html.Tbody([
                html.Tr([html.Td(cell, className=kind[at]) for at, cell in enumerate(row)])
                for row in rows
            ]),
        ], className="table-plain"),
        className="table-scroll",
    )


def counts_part(counts: Mapping[str, int]) -> html.Div:
    """How many images are well, unreadable and missing."""
    told = (
        ("ok", "images", ""),
        ("unreadable", "could not be read", "tile-bad"),
        ("missing", "no longer in their folder", "tile-warn"),
    )
    return html.Div(
        [
            html.Div(
                [html.Span(f"{counts[state]:,}", className="tile-figure"), html.Span(text)],
                className=f"tile {kind if counts[state] else ''}",
            )
            for state, text, kind in told
        ],
        className="tiles",
    )


def coverage_part(report: Mapping, data: Path | None, actions: bool = False) -> html.Section:
    """How many images each embedding has seen; actions: whether they can be updated from the page."""
    covered = report["embeddings"]
    titles = components.titles_of(list(covered))
    rows = []
    for name, found in covered.items():
        total = max(1, sum(found.values()))
        figures = ", ".join(
            f"{found[state]:,} {text}" for state, text in
            (("current", "up to date"), ("stale", "out of date"), ("missing", "missing"))
            if found[state] or state == "current"
        )
        bar = html.Div(
            [
                html.Div(className=f"coverage-{state} {components.part_of(name)}",
                         style={"width": f"{found[state] / total:.2%}"})
                for state in ("current", "stale")
            ],
            className="coverage", role="img", **{"aria-label": f"{titles[name]}: {figures}"},
        )
        rows.append(html.Div(
            [html.Div([html.Span(titles[name]), html.Span(name, className="soft small")],
                      className="coverage-head"),
             bar, html.Div(figures, className="small soft"),
             *([html.Div(report["networks"][name], className="small soft")] if name in report["networks"] else [])],
            className="coverage-row",
        ))
    behind = any(found["stale"] or found["missing"] for found in covered.values())
    if not covered:
        rows.append(html.P("No image has been compared yet.", className="soft"))
    if behind or not covered:
        button = _button("Bring up to date", {"type": ALL_FOLDERS, "at": "coverage"}) if actions else None
        rows.append(_advice("To bring them up to date:", components.command("embed", data), button))
    return section("What images are compared by", *rows)


def index_part(index: Mapping | None, data: Path | None, actions: bool = False) -> html.Section:
    """What the search index holds; actions: whether it can be updated from the page."""
    button = _button("Update index and maps", {"type": INDEX, "at": "index"}) if actions else None
    if index is None:
        return section(
            "Search index", html.P("There is none yet, so nothing can be searched.", className="soft"),
            _advice("To make it:", components.command("index", data), button),
        )
    titles = components.titles_of(index["embeddings"])
    by = _and(list(titles.values()))
    where = f"It is in {index['engine'].capitalize()}: {index['where']}. " if actions and index["engine"] != "faiss" else ""
    told = html.P([f"{index['size']:,} images by {by}. {where}", _state(index["stale"])])
    advice = [_advice("To bring it up to date:", components.command("index", data), button)]
    return section("Search index", told, *(advice if index["stale"] else []))


def maps_part(
    maps: Mapping[str, Mapping], data: Path | None, actions: bool = False, with_index: bool = False
) -> html.Section:
    """The maps with their figures; actions: whether they can be updated from the page.

    with_index: whether what mends the index, said beside, mends them as well."""
    button = _button("Update index and maps", {"type": INDEX, "at": "maps"}) if actions else None
    advice = [] if with_index else [_advice("To make them:", components.command("map", data), button)]
    if not maps:
        return section("Maps", html.P("No map has been made yet.", className="soft"), *advice)
    titles = components.titles_of(list(maps))
    rows = [
        [[html.Div(titles[name]), _state(found["stale"], found["damaged"])],
         f"{found['points']:,}", f"{found['clusters']:,}", f"{found['noise']:,}"]
        for name, found in maps.items()
    ]
    table = _table(["Map", "Images", "Clusters", "In no cluster"], rows, figures=(1, 2, 3))
    if with_index or not any(found["stale"] for found in maps.values()):
        return section("Maps", table)
    return section("Maps", table, _advice("To bring them up to date:", components.command("map", data), button))


def folders_part(
    roots: Mapping[str, int], data: Path | None, actions: bool = False, away: Mapping[str, int] = {}
) -> html.Section:
    """The scanned folders; actions: with buttons that update, relocate and forget them, else with the command.

    away: how many images of a folder lie on a drive that is not there now.
    """
    if actions:
        rows = [
            [_folder(root, away), f"{count:,}", html.Div([
                _button("Update", {"type": UPDATE, "root": root, "at": "folders"},
                        f"Look for new and changed images in {root}"),
                _button("Relocate", {"type": RELOCATE, "root": root}, f"Say where {root} lies now"),
                _button("Forget", {"type": FORGET, "root": root}, f"Take {root} out of the library"),
            ], className="row-actions")]
            for root, count in roots.items()
        ]
        every = [html.Div(_button("Update all", {"type": ALL_FOLDERS, "at": "folders"},
                                  "Look for new and changed images in all folders"),
                          className="row-actions folders-all")] if len(roots) > 1 else []
        return section("Folders", _table(["Folder", "Images", ""], rows, figures=(1,)), *every)
    rows = [[_folder(root, away), f"{count:,}"] for root, count in roots.items()]
    first = next(iter(roots), "FOLDER")
    return section(
        "Folders", _table(["Folder", "Images"], rows, figures=(1,)),
        _advice(
            "To look for new and changed images:",
            components.command(f"run {quote(first)}", data),
        ),
    )


def take_part(maps: Mapping[str, Mapping]) -> html.Section:
    """Files to take along: what other programs open, and maps that anybody can."""
    titles = components.titles_of(list(maps))
    files = [
        ("csv", "All that is known, as a table", "CSV, a row an image"),
        ("parquet", "Vectors with ids and paths", "Parquet"), ("npz", "The same for NumPy", "NPZ"),
        ("projector", "For TensorBoard's projector", "A zip of vectors, names and a picture of all thumbnails"),
    ]
    rows = [
        html.Li([html.A(text, href=components.url(f"/export/library/{kind}"), download=""), html.Span(f" · {more}", className="soft small")])
        for kind, text, more in files
    ]
    rows += [
        html.Li([html.A(f"The map “{titles[name]}” as a page", href=components.url(f"/export/map/{name}.html"), download=""),
                 html.Span(" · one HTML file with its pictures, opens without a server", className="soft small")])
        for name, about in maps.items() if not about["damaged"]
    ]
    note = "For programs there is an API as well: "
    return section("Take it along", html.Ul(rows, className="taken-along"), html.P([note, html.A("/api", href=components.url("/api"), target="_blank")], className="soft small"))


def _folder(root: str, away: Mapping[str, int]) -> html.Div:
    """The place of a folder, and whether it is there."""
    name = html.Span(printable(root), className="path")
    if root not in away:
        return html.Div(name)
    title = "They are kept as they were, left out of searches, and found again as soon as the drive is connected"
    return html.Div([name, html.Div(f"{away[root]:,} images on a drive that is not there now", title=title, className="state state-warn")])


def failures_part(
    failures: Sequence[tuple], count: int, data: Path | None, pictured: set[int] = frozenset()
) -> html.Section:
    """The first of `count` files that could not be read, each with its path as it is shown;
    pictured: ids of those with a thumbnail of better days."""
    rows = [
        [
            html.Div([
                *([html.Div(components.thumb(row.id, ""), className="row-thumb")]
                  if row.id in pictured else []),
                html.A(path, href=components.link("/detail", image=row.id), className="path",
                       title=printable(row.place) if data else path),
            ], className="row-file"),
            row.reason or "unknown",
        ]
        for row, path in failures
    ]
    left = count - len(rows)
    more = [html.P(f"And {left:,} more: {components.command('status', data)}", className="soft small")]
    return section(
        "Could not be read", _table(["File", "Why"], rows), *(more if left else []),
        note="Everything else went on without them. A repaired file is read again by the next run.",
    )


def _state(stale: bool, damaged: bool = False) -> html.Span:
    if damaged:
        return html.Span("Damaged", className="state state-warn")
    if stale:
        return html.Span("Out of date", className="state state-warn")
    return html.Span("Up to date", className="state state-good")


def _advice(text: str, command: str, button: html.Button | None = None) -> html.Div:
    """The command that mends something, or the button that does."""
    if button:
        return html.Div(button)
    return html.Div([html.P(text, className="small soft"), html.Pre(html.Code(command), className="command")],
                    className="advice")


def _button(text: str, key: Mapping[str, str], said: str | None = None) -> html.Button:
    named = {"aria-label": said, "title": said} if said else {}
    return html.Button(text, id=dict(key), type="button", className="button", **named)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
