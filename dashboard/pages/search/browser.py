"""What the browser does by itself on the Search page (assets/search)."""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Dash, Input, Output, State


def register(app: Dash) -> None:
    """Add the callbacks that ask no server."""
    weights = Input({"type": "search-weight", "embedding": ALL}, "value")
    presets = State({"type": "search-preset", "name": ALL}, "id")
    chosen = Output("search-chosen", "data", allow_duplicate=True)
    kinds = ("search-start", "search-example")
    for function, outputs, inputs in (
        ("ask", [Output("search-asked", "data")],
         [Input("search-chosen", "data"), State("search-shown", "data"), State("search-mode", "value")]),
        ("choose", [chosen], [
            *(Input({"type": kind, "image": ALL}, "n_clicks") for kind in kinds),
            State("search-chosen", "data"),
        ]),
        ("preset", [Output({"type": "search-weight", "embedding": ALL}, "value")],
         [Input({"type": "search-preset", "name": ALL}, "n_clicks"),
          State({"type": "search-weight", "embedding": ALL}, "id"), State("search-presets", "data")]),
        ("append", [Output("search-shown", "data", allow_duplicate=True)],
         [Input("search-page", "data"), State("search-shown", "data")]),
    ):
        app.clientside_callback(
            ClientsideFunction("search", function), *outputs, *inputs,
            prevent_initial_call=function != "ask",
        )
    app.clientside_callback(
        ClientsideFunction("search", "dress"), Output("search-picture", "data"),
        Input("search-query", "children"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "list"), Output("search-listed", "data"), Input("search-matches", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "arrived"), Output("search-recorded", "data"),
        Input("search-shown", "data"), State("search-view", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("inside", "link"), Output("search-inside", "href"), Output("search-inside", "hidden"),
        Input("search-view", "data"), State("search-asked", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "pressed"),
        Output({"type": "search-preset", "name": ALL}, "aria-pressed"),
        Output({"type": "search-figure", "embedding": ALL}, "children"),
        weights, State({"type": "search-weight", "embedding": ALL}, "id"), presets, State("search-presets", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("search", "weighs"),
        Output({"type": "search-weight", "embedding": ALL}, "disabled"),
        Output({"type": "search-preset", "name": ALL}, "disabled"),
        Output("search-metric-about", "children"),
        Input("search-metric", "value"), State({"type": "search-weight", "embedding": ALL}, "id"), presets,
        State("search-metrics", "data"),
    )
