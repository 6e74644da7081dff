"""The bar on top of every page: where one can go, and what concerns all pages."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html

from dashboard.components import icon, link, url


def navbar(
    links: Sequence[tuple[str, str]], libraries: Sequence[tuple[str, str]] = (), here: str = "/",
    *, leave: bool = False,
) -> html.Header:
    """The bar on top: wordmark, pages, libraries, keys, theme switch.

    links: (text, path). libraries: (name, mount); where there is more than one, they can be
    switched. here: the mount of this one. leave: whether one has signed in, and may sign out.
    """
    return html.Header(
        className="navbar-likeness",
        children=[
            html.A("Skip to content", href="#page", className="skip-link"),
            html.A("Likeness", href=link("/"), className="wordmark"),
            html.Nav(
                [html.A(text, href=link(path), className="nav-page") for text, path in links],
                className="nav-pages", **{"aria-label": "Pages"},
            ),
            *([_library_switch(libraries, here)] if len(libraries) > 1 else []),
            html.Button(
                [icon("keyboard")], id="keys-open", className="button-quiet button-icon",
                type="button", title="Keys (?)", **{"aria-label": "Keys"},
            ),
            html.Button(
                [icon("circle-half")], id="theme-switch", className="button-quiet button-icon",
                type="button", title="Switch between light and dark",
                **{"aria-label": "Switch between light and dark"},
            ),
            *([_leave()] if leave else []),
        ],
    )


def _leave() -> html.Form:
    """Ends the session; a form, since a link would let any other page do it."""
    button = html.Button(
        icon("box-arrow-right"), type="submit", className="button-quiet button-icon", title="Sign out",
        **{"aria-label": "Sign out"},
    )
    return html.Form(button, action=url("/logout"), method="POST")


def _library_switch(libraries: Sequence[tuple[str, str]], here: str) -> html.Div:
    """Which library is shown; the browser goes to the same page of another (shell.js)."""
    choice = dbc.Select(
        id="library-switch", value=here, className="library-switch",
        options=[{"label": name, "value": mount} for name, mount in libraries],
    )
    return html.Div([html.Label("Library", htmlFor="library-switch", className="visually-hidden"), choice])
