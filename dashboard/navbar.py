"""The bar on top of every page: where one can go, and what concerns all pages."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html

from dashboard.components import icon, link, url

FIRST = 5
"""Pages that a phone has room for; the others are behind one word there."""


def navbar(
    links: Sequence[tuple[str, str]], libraries: Sequence[tuple[str, str]] = (), here: str = "/",
    *, further: Sequence[tuple[str, str]] = (), leave: bool = False,
) -> html.Header:
    """The bar on top: wordmark, pages, libraries, keys, theme switch.

    links: (text, path). libraries: (name, mount); where there is more than one, they can be
    switched. here: the mount of this one. further: as links, in the menu of a phone alone; an icon leads to
    collections elsewhere. leave: whether one has signed in, and may sign out.
    """
    pages = [html.A(text, href=link(path), className="nav-page") for text, path in links]
    behind = pages[FIRST:] + [html.A(text, href=link(path), className="nav-page nav-further") for text, path in further]
    return html.Header(
        className="navbar-likeness",
        children=[
            html.A("Skip to content", href="#page", className="skip-link"),
            html.A("Skip to the pictures", href="#page", className="skip-link skip-pictures"),
            html.A("Likeness", href=link("/"), className="wordmark"),
            html.Nav(
                [*pages[:FIRST], _more(behind)],
                className="nav-pages", **{"aria-label": "Pages"},
            ),
            *([_library_switch(libraries, here)] if len(libraries) > 1 else []),
            html.A(
                icon("collection"), href=link("/collections"), id="collections-open", className="button-quiet button-icon",
                title="Collections", **{"aria-label": "Collections", "data-takes": "keep"},
            ),
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


def _more(pages: list[html.A]) -> html.Div:
    """Pages that stand beside the others where there is room, and else in a menu (assets/shell/more.js)."""
    button = html.Button(
        ["More", icon("chevron-down")], id="nav-more", type="button", className="nav-more",
        **{"aria-expanded": "false", "aria-controls": "nav-rest"},
    )
    return html.Div([button, html.Div(pages, id="nav-rest", className="nav-rest")], className="nav-others")


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
