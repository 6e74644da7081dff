"""The panel of filters that Map and Search share, the button that opens it, and the chips of what is in force.

The browser fills them in (assets/facets/). Store: facets-where, the conditions as the address
has them; pages take it as an input.
"""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from dashboard import components

WHERE = "facets-where"


def panel(where: str, opens: bool) -> html.Aside:
    """The panel. where: conditions of the address. opens: whether it is open until a person closes it,
    where there is room."""
    return html.Aside(
        [
            dcc.Store(id=WHERE, data=where),
            dcc.Store(id="facets-shown"),
            html.Div(
                [
                    html.H2("Filters"),
                    html.Span(id="facets-count", className="facets-count", role="status"),
                    html.A(
                        components.icon("table"), id="facets-table", href=components.link("/table"), className="button-quiet button-icon",
                        title="These images as a table", **{"aria-label": "These images as a table"},
                    ),
                    html.Button(
                        "Clear", type="button", className="card-link", hidden=True, title="Take off all filters",
                        **{"data-facets": "clear"},
                    ),
                    html.Button(
                        components.icon("x-lg"), type="button", className="button-quiet button-icon",
                        title="Close the filters; they stay in force",
                        **{"data-facets": "close", "aria-label": "Close the filters"},
                    ),
                ],
                className="facets-head",
            ),
            html.Div(id="facets-note", className="facets-note"),
            html.Div(id="facets-list", className="facets-list"),
            html.Div(
                html.Button("Show", type="button", className="button button-main", **{"data-facets": "close"}),
                className="facets-foot",
            ),
        ],
        id="facets", className="facets", hidden=True,
        **{"aria-label": "Filters", "data-opens": str(opens).lower()},
    )


def button() -> html.Button:
    """Opens and closes the panel; tells how many filters are in force."""
    return html.Button(
        [components.icon("funnel"), html.Span("Filters"), html.Span(id="facets-active", className="facets-active", hidden=True)],
        id="facets-open", type="button", className="button", title="Filters",
        **{"aria-expanded": "false", "aria-controls": "facets", "data-facets": "toggle"},
    )


def chips() -> html.Div:
    """What is in force, each with a button that takes it off."""
    return html.Div(id="facets-chips", className="facets-chips", role="group", **{"aria-label": "Filters in force"})


def register(app: Dash) -> None:
    """Have the browser follow the conditions of the page."""
    app.clientside_callback(
        ClientsideFunction("facets", "arrived"), Output("facets-shown", "data"), Input(WHERE, "data")
    )
