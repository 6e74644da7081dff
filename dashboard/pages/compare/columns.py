"""One picture through every embedding: a column of matches each, with links between them.

Everything here follows from the address; of a picture from outside the vectors are the browser's, which
sends them. The browser makes a gallery of each column (assets/compare/columns.js) and draws the lines
between them (assets/compare/lines.js).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from pydantic import Field
from typing_extensions import TypedDict

from dashboard import components
from dashboard.access import READ, needs
from dashboard.pages.compare import start
from dashboard.pages.compare.start import COUNTS, EXAMPLES, address, count_of, links
from dashboard.pages.search.entry import Asked, Entry
from dashboard.pages.search.kinds import KINDS
from dashboard.reads import Called, Reads, galleries
from dashboard.reads.comparison import DEPTH, Column, columns, overlaps
from dashboard.uploads.edit import EditedPictures
from pipeline import embeddings
from pipeline.errors import LikenessError
from pipeline.library import ImageRow
from pipeline.maps import COMBINED
from pipeline.search import Entry as QueryEntry


class _Asked(TypedDict):
    """What this tab holds of the picture (assets/compare/given.js)."""

    name: str | None
    uploads: dict[str, dict[str, str]]


class _Upload(TypedDict):
    """The store compare-upload."""

    key: str
    count: Annotated[int, Field(ge=1, le=max(COUNTS))]


def _sees(name: str) -> str:
    """What an embedding, or the combination, compares by."""
    return "all together, as Search weighs them" if name == COMBINED else embeddings.about(name).sees


def layout(reads: Reads, params: Mapping[str, str], image: int | None) -> html.Div:
    """The columns of a picture, or pictures to choose from."""
    count = count_of(params)
    upload = KINDS["upload"].key(params.get("upload", ""))
    if upload:  # what the browser has of it follows
        wait = html.Div("Looking at the picture …", className="soft compare-intro")
        return html.Div([dcc.Store(id="compare-upload", data={"key": upload, "count": count}),
                         dcc.Store(id="compare-asked"), html.Div(wait, id="compare-given")])
    row = None if image is None else reads.image(image)
    if row is None:
        missing = None if image is None else "That image is not in the library any more."
        return start.layout(reads, count, missing)
    return html.Div(_body(reads, row.id, _query(reads, row), count, {"image": row.id}))


def register(app: Dash, reads: Reads) -> None:
    """Add the view's callbacks."""
    edited = EditedPictures(reads)
    start.register(app, reads)

    @app.callback(Output("compare-given", "children"), Input("compare-asked", "data"), State("compare-upload", "data"),
                  prevent_initial_call=True)
    @needs(READ)
    def on_given(asked: _Asked | None, upload: _Upload):
        if not asked:
            return no_update
        one = Entry("upload", upload["key"])
        names = {one.key: asked["name"]} if asked.get("name") else {}
        try:
            entry, _ = KINDS[one.kind].query(Asked(reads, edited, asked["uploads"]), one)
        except LikenessError:
            said = "That picture was given in another browser tab; give it again."
            return start.layout(reads, upload["count"], said)
        return _body(reads, entry, _given(one, names), upload["count"], {"upload": one.key})

    app.clientside_callback(
        ClientsideFunction("compareGiven", "given"), Output("compare-asked", "data"), Input("compare-upload", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("compareColumns", "columns"), Output("compare-drawn", "data"), Input("compare-matches", "data"),
    )


def _body(reads: Reads, subject: int | QueryEntry, about: html.Figure, count: int, of: Mapping[str, object]) -> list:
    """What is compared, how much the columns have in common, and the columns. of: as an address names it."""
    shown = columns(reads, subject, count)
    titles = components.titles_of([column.name for column in shown])
    return [
        html.P(
            "Each column finds the closest images in its own way. Lines connect the same image across "
            "columns. Point at one to see all its places.",
            className="soft compare-intro",
        ),
        html.Div([about, _overlaps(shown, titles, count), _examples(reads, count, of)], className="compare-band"),
        html.Div(
            html.Div(
                [_column(column, titles) for column in shown],
                id="compare-columns", className="compare-columns", style={"--columns": len(shown)},
            ),
            className="compare-scroll", role="region", **{"aria-label": "Closest images, column by column"},
        ),
        dcc.Store(id="compare-matches", data=_told(shown, titles, _called(reads, shown, subject), reads)),
        dcc.Store(id="compare-drawn"),
    ]


def _called(reads: Reads, shown: Sequence[Column], subject: int | QueryEntry) -> dict[int, Called]:
    """What the matches are called beside one another and beside the image compared."""
    ids = {match.id for column in shown for match in column.matches or ()}
    return reads.called(sorted(ids | ({subject} if isinstance(subject, int) else set())))


def _query(reads: Reads, row: ImageRow) -> html.Figure:
    """The image compared, and where else to go with it."""
    name, path = components.name_of(row.path), reads.told([row])[0]
    return html.Figure(
        [
            html.Div(components.thumb(row.id, f"Compared: {name}"), className="compare-subject"),
            html.Figcaption(
                [html.Div(row.label or name, className="query-name", title=path),
                 html.Div(name, className="soft small query-name", title=path) if row.label else None,
                 components.image_links(row.id, name=name, leave_out=("compare",), words=True)],
            ),
        ],
        className="compare-query",
    )


def _overlaps(shown: Sequence[Column], titles: Mapping[str, str], count: int) -> html.Div:
    """How many images each two columns have in common, as half a table."""
    common = overlaps(shown)
    count = max(len(column.matches) for column in shown) or count  # a small library has fewer
    names = [column.name for column in shown]
    head = html.Tr([html.Th("In common", scope="col", className="compare-corner")]
                   + [html.Th(_title(n, titles), scope="col") for n in names[1:]])
    rows = [
        html.Tr(
            [html.Th(_title(one, titles), scope="row")]
            + [html.Td(_share(one, other, common.get((one, other)), titles, count) if after > at else None)
               for after, other in enumerate(names) if after]
        )
        for at, one in enumerate(names[:-1])
    ]
    return html.Div(
        html.Table([html.Thead(head), html.Tbody(rows)], className="compare-overlaps"),
        className="table-scroll",
    )


def _title(name: str, titles: Mapping[str, str]) -> html.Span:
    return html.Span([html.Span(className=f"dot {components.part_of(name)}"), titles[name]], className="compare-title")


def _share(one: str, other: str, common: int | None, titles: Mapping[str, str], count: int):
    """A cell: the number, the darker the more; pointing at it shows which images."""
    if common is None:
        return html.Span("–", title="One of the two has nothing to show")
    return html.Button(
        [html.B(str(common)), f" of {count}"], type="button", className="compare-share",
        style={"--share": f"{common / count:.0%}"},
        title=f"{common} of {count} images are in both: {titles[one]} and {titles[other]}",
        **{"data-both": f"{one} {other}"},
    )


def _given(one: Entry, names: Mapping[str, str]) -> html.Figure:
    """The picture from outside, and where else to go with it."""
    name = KINDS[one.kind].called(None, one, names)
    return html.Figure(
        [
            html.Div(KINDS[one.kind].thumbnail(None, one), className="compare-subject"),
            html.Figcaption([
                html.Div(name, className="query-name", title=name),
                html.Div("Your picture; it stays in this browser tab", className="soft small"),
                html.A([components.icon("search"), "Use as query"], className="card-link",
                       href=components.link("/search", upload=one.key)),
            ]),
        ],
        className="compare-query",
    )


def _examples(reads: Reads, count: int, of: Mapping[str, object]) -> html.Div:
    ids = [i for i in reads.examples(EXAMPLES + 1) if i != of.get("image")][:EXAMPLES]
    counts = [
        html.Span(str(n), className="button segment", **{"aria-current": "true"}) if n == count
        else html.A(str(n), href=address(n, **of), className="button segment", title=f"Show {n} a column")
        for n in COUNTS
    ]
    return html.Div(
        [
            html.Div([html.Span("Images a column", className="field-label"),
                      html.Div([html.Div(counts, className="compare-counts"),
                                html.Span(id="compare-tools", className="pictures-tools")], className="compare-how")]),
            html.Div([html.Div([html.Span("Or start from", className="field-label"), start.shuffle(count), start.upload()],
                               className="compare-others"),
                      html.Div(links(reads, ids, count), id="compare-examples", className="examples")],
                     className="compare-examples"),
        ],
        className="compare-side",
    )


def _column(column: Column, titles: Mapping[str, str]) -> html.Section:
    heading = f"compare-column-{column.name}"
    return html.Section(
        [
            html.Div(
                [html.H2(_title(column.name, titles), id=heading),
                 html.Span(className="small compare-where", **{"aria-live": "polite"}),
                 html.P(_sees(column.name), className="soft small compare-sees")],
                className="compare-top",
            ),
            components.error_note(column.error) if column.error else html.Div(className="compare-pictures"),
        ],
        className="compare-column", **{"aria-labelledby": heading, "data-column": column.name},
    )


def _told(
    shown: Sequence[Column], titles: Mapping[str, str], called: Mapping[int, Called], reads: Reads
) -> dict:
    """What the browser makes the galleries of: {"depth": how far down a place is looked up, "columns": [{"name",
    "title", "part", "matches"}], "places": {column: {image shown anywhere: its rank there}}}; a match is {"id",
    "rank", "score", "shape": width by height in thousandths, "name", "label"}."""
    ids = sorted(called)
    shapes = dict(zip(ids, galleries.shapes(reads, np.array(ids, np.int64)).tolist()))
    return {
        "depth": DEPTH,
        "columns": [
            {
                "name": column.name, "title": titles[column.name], "part": components.part_of(column.name),
                "matches": [
                    {"id": match.id, "rank": rank, "score": match.score, "shape": shapes[match.id],
                     "name": called[match.id].name, "label": match.label or ""}
                    for rank, match in enumerate(column.matches or (), 1)
                ],
            }
            for column in shown
        ],
        "places": {
            column.name: {str(i): column.places[i] for i in ids if i in column.places} for column in shown if column.places
        },
    }
