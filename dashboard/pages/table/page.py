"""Table: a set of images as rows, to be sorted, narrowed, chosen from and taken along, beside their map.

The grid asks for the rows that it shows (dashboard/routes/table.py); what is chosen, the map and
the address are the browser's (assets/table/table.js).
"""

from __future__ import annotations

from collections.abc import Mapping

import dash_ag_grid as dag
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html

from dashboard import components, facets
from dashboard.access import RUN
from dashboard.reads import Reads, table
from pipeline.columns.values import NUMBER

PATH = "/table"
TITLE = "Table"
NAV = "Table"
PACKAGE = "dash_ag_grid"  # its script comes with this page alone

_WIDTHS = {"file": 320, "label": 140, "taken": 150, "date": 150, "size": 156, "keyword": 220}
_WIDTH = 130
_LINE = 52  # px of a row: a thumbnail


def layout(reads: Reads, params: Mapping[str, str]) -> html.Div:
    """The page in the state that the address names."""
    if reads.is_empty():
        return components.no_images(reads.data_told, reads.may(RUN))
    asked = {name: params[name] for name in table.SETS if params.get(name)}
    maps = reads.map_names()
    return html.Div(
        [
            _toolbar(reads, table.named(asked), asked),
            html.Div(
                [
                    facets.panel(params.get("where", ""), opens=False),
                    html.Div([facets.chips(), _grid(reads, params)], className="table-main"),
                    html.Section(
                        html.Div(id="table-graph", className="map-graph", **{"data-map": maps[0] if maps else ""}),
                        id="table-map", className="table-map", hidden=not maps, **{"aria-label": "Map"},
                    ),
                ],
                className="table-body",
            ),
            dcc.Store(id="table-set", data=asked), dcc.Store(id="table-begun"), dcc.Store(id="table-picked"),
        ],
        className="table-page",
    )


def _toolbar(reads: Reads, name: str, asked: Mapping[str, str]) -> html.Div:
    menu = [
        html.Button(one.title, type="button", className="table-column", **{"data-does": "column", "data-column": one.name})
        for one in table.offered(reads)
    ]
    return html.Div(
        [
            html.H1(name or "All images", className="table-title"),
            html.Span(id="table-count", className="soft small num", role="status"),
            facets.button(),
            html.Details(
                [html.Summary([components.icon("layout-three-columns"), html.Span("Columns")], className="button"),
                 html.Div(menu, className="table-columns", id="table-columns", role="group", **{"aria-label": "Columns"})],
                className="table-menu is-menu",
            ),
            html.A(
                [components.icon("images"), html.Span("Pictures")], id="table-gallery", className="button",
                href=components.link("/gallery", **asked), title="The same images as pictures",
            ),
            _does("filetype-csv", "CSV", "csv", "The table as it stands: these rows in this order, these columns"),
        ],
        className="table-toolbar", role="toolbar", **{"aria-label": "Table"},
    )


def _does(icon: str, text: str, act: str, told: str) -> html.Button:
    return html.Button([components.icon(icon), html.Span(text)], type="button", className="button", title=told,
                       **{"data-does": act})


def _grid(reads: Reads, params: Mapping[str, str]) -> dag.AgGrid:
    asked = [name for name in params.get("columns", "").split(",") if name]
    there = table.offered(reads)
    shown = set(asked) or set(table.USUAL) - ({"date"} if any(one.name == "taken" for one in there) else set())
    sort = dict(part.split(":", 1) for part in params.get("sort", "").split(",") if ":" in part)
    picture = {
        "field": "id", "colId": "picture", "headerName": "", "cellRenderer": "LikenessThumb", "width": 68, "pinned": "left",
        "sortable": False, "resizable": False, "suppressMovable": True, "cellClass": "table-picture",
    }
    definitions = [picture] + [
        {
            "field": one.name, "colId": one.name, "headerName": one.title, "hide": one.name not in shown,
            "width": _WIDTHS.get(one.name, _WIDTH), "tooltipField": one.name, "sort": sort.get(one.name),
            **({"type": "rightAligned"} if one.kind == NUMBER else {}),
        } for one in there
    ]  # fmt: skip
    return dag.AgGrid(
        id="table-grid", className="table-grid", rowModelType="infinite", columnDefs=definitions,
        getRowId="params.data.key", style={"height": "100%", "width": "100%"},
        defaultColDef={"sortable": True, "resizable": True, "minWidth": 64},
        dashGridOptions={
            "rowHeight": _LINE, "headerHeight": 36, "cacheBlockSize": 100, "maxBlocksInCache": 30, "blockLoadDebounceMillis": 60,
            "infiniteInitialRowCount": 1, "suppressFieldDotNotation": True, "tooltipShowDelay": 600,
            "rowSelection": {"mode": "multiRow", "headerCheckbox": False, "enableClickSelection": False},
            "selectionColumnDef": {"pinned": "left", "width": 52, "suppressHeaderMenuButton": True, "cellClass": "table-tick"},
            "suppressDragLeaveHidesColumns": True,
        },
    )


def register(app: Dash, reads: Reads) -> None:
    """Add the page's callbacks, all of them the browser's."""
    for function, outputs, inputs in (
        ("begin", [Output("table-begun", "data")], [Input("table-set", "data")]),
        ("rows", [Output("table-grid", "getRowsResponse")], [Input("table-grid", "getRowsRequest"), State("table-set", "data")]),
        ("picked", [Output("table-picked", "data")], [Input("table-grid", "selectedRows")]),
    ):
        app.clientside_callback(
            ClientsideFunction("table", function), *outputs, *inputs, prevent_initial_call=function != "begin"
        )
