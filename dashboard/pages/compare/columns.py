"""One image through every embedding: a column of matches each, with links between them.

Everything here follows from the address. The browser adds the lines between the columns and
what pointing at a match shows (assets/compare/compare.js).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from dashboard import components
from dashboard.reads import Called, Reads
from dashboard.reads.comparison import DEPTH, PATH, Column, columns, elsewhere, overlaps
from pipeline import embeddings
from pipeline.library import ImageRow
from pipeline.maps import COMBINED
from pipeline.search import Match

COUNTS = (10, 15, 20)
STARTS = 18
"""Examples offered where no image is chosen."""
EXAMPLES = 8



def _sees(name: str) -> str:
    """What an embedding, or the combination, compares by."""
    return "all of them together, as Search weighs them at first" if name == COMBINED else embeddings.about(name).sees


def layout(reads: Reads, params: Mapping[str, str], image: int | None) -> html.Div:
    """The columns of an image, or images to choose from."""
    count = int(params["count"]) if params.get("count") in map(str, COUNTS) else COUNTS[0]
    row = None if image is None else reads.image(image)
    if row is None:
        missing = None if image is None else "That image is not in the library any more."
        return _start(reads, count, missing)
    shown = columns(reads, row.id, count)
    titles = components.titles_of([column.name for column in shown])
    return html.Div(
        [
            html.P(
                "Each column finds the closest images in its own way. Lines connect the same image across "
                "columns. Point at one to see all its places.",
                className="soft compare-intro",
            ),
            html.Div(
                [_query(reads, row), _overlaps(shown, titles, count), _examples(reads, row.id, count)],
                className="compare-band",
            ),
            _columns(shown, titles, _called(reads, shown), count),
            dcc.Store(id="compare-drawn"),
        ],
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the view's callbacks."""
    app.clientside_callback(
        ClientsideFunction("compare", "columns"),
        Output("compare-drawn", "data"), Input("compare-drawn", "id"),
    )


def _address(image: int, count: int) -> str:
    return components.link(PATH, image=image, count=count if count != COUNTS[0] else None)


def _start(reads: Reads, count: int, missing: str | None) -> html.Div:
    """What stands in place of the columns before there is an image."""
    return html.Div(
        [
            components.error_note(missing) if missing else None,
            html.H2("How alike two images are depends on how you look"),
            html.P(
                "Choose an image. Each embedding shows what it finds closest, side by side.",
                className="soft",
            ),
            html.Div(_links(reads.examples(STARTS), count), className="gallery"),
        ],
        className="compare-start",
    )


def _links(ids: Sequence[int], count: int) -> list[dcc.Link]:
    return [
        html.A(
            components.thumb(i, f"Compare example {place}"), href=_address(i, count), className="example"
        )
        for place, i in enumerate(ids, 1)
    ]


def _called(reads: Reads, shown: Sequence[Column]) -> dict[int, Called]:
    return reads.called(sorted({match.id for column in shown for match in column.matches or ()}))


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


def _examples(reads: Reads, image: int, count: int) -> html.Div:
    ids = [i for i in reads.examples(EXAMPLES + 1) if i != image][:EXAMPLES]
    counts = [
        html.Span(str(n), className="button segment", **{"aria-current": "true"}) if n == count
        else html.A(str(n), href=_address(image, n), className="button segment", title=f"Show {n} a column")
        for n in COUNTS
    ]
    return html.Div(
        [
            html.Div([html.Span("Images a column", className="field-label"),
                      html.Div(counts, className="compare-counts")]),
            html.Div([html.Span("Or start from", className="field-label"),
                      html.Div(_links(ids, count), className="examples")], className="compare-examples"),
        ],
        className="compare-side",
    )


def _columns(
    shown: Sequence[Column], titles: Mapping[str, str], called: Mapping[int, Called], count: int
) -> html.Div:
    return html.Div(
        html.Div(
            [_column(column, shown, titles, called, count) for column in shown],
            id="compare-columns", className="compare-columns",
            style={"--columns": len(shown)}, **{"data-depth": DEPTH},
        ),
        className="compare-scroll", tabIndex=0, role="region",
        **{"aria-label": "Closest images, column by column"},
    )


def _column(
    column: Column, shown: Sequence[Column], titles: Mapping[str, str], called: Mapping[int, Called], count: int
) -> html.Section:
    heading = f"compare-column-{column.name}"
    if column.error:
        content = components.error_note(column.error)
    else:
        content = html.Ol([
            _match(match, called[match.id], rank, column, shown, titles, count) for rank, match in enumerate(column.matches, 1)
        ])
    return html.Section(
        [
            html.Div(
                [html.H2(_title(column.name, titles), id=heading),
                 html.Span(className="small compare-where", **{"aria-live": "polite"}),
                 html.P(_sees(column.name), className="soft small compare-sees")],
                className="compare-top",
            ),
            content,
        ],
        className="compare-column", **{"aria-labelledby": heading, "data-column": column.name},
    )


def _match(
    match: Match, called: Called, rank: int, column: Column, shown: Sequence[Column], titles: Mapping[str, str],
    count: int,
) -> html.Li:
    """One match: picture, rank, score, and its rank in the other columns."""
    name = called.name
    title = f"{match.label} · {name}" if match.label else name
    places = {other.name: other.places[match.id] for other in shown if match.id in (other.places or {})}
    others = [
        html.Button(
            [html.Span(className=f"dot {components.part_of(other)}"),
             html.Span([ordinal(place), html.Span(f" in {titles[other]}", className="compare-in")])],
            type="button", className="compare-also",
            title=f"Also {ordinal(place)} in {titles[other]}: show it there",
            **{"data-jump": other},
        )
        for other, place in elsewhere(column, match, shown)
    ]
    return html.Li(
        [
            html.A(
                components.thumb(match.id, f"{titles[column.name]}, {ordinal(rank)}: {title}"),
                href=_address(match.id, count), className="compare-picture",
                title=f"{title}: compare this one",
            ),
            html.Div(
                [
                    html.Div(
                        [html.Span(str(rank), className="match-rank"),
                         html.Span(f"{match.score:.3f}", className="match-score",
                                   title="Score: 1 is the same, 0 has nothing in common")],
                        className="compare-figures",
                    ),
                    html.Div(match.label or name, className="compare-label", title=called.path),
                    *(others or [html.Span("only here", className="compare-only")]),
                ],
                className="compare-facts",
            ),
        ],
        className="compare-match",
        **{"data-match": match.id, "data-places": json.dumps(places)},
    )


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
