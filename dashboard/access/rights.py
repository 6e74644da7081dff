"""What a visitor may do: read, annotate, run.

Every callback and every route says with `needs` which right it takes. `seal` puts the
check in front of all of them; what says nothing takes the highest, so that something
forgotten is closed and not open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps

from dash import Dash
from flask import Flask, Response, abort, request

from dashboard.pools import QUICK, Plan
from pipeline.errors import LikenessError, SettingsError

READ, ANNOTATE, RUN = "read", "annotate", "run"
RIGHTS = (READ, ANNOTATE, RUN)

Rights = frozenset[str]

_LOG = logging.getLogger(__name__)
_MARK = "_likeness_need"

TOLD = {
    READ: "You may not look at this library.",
    ANNOTATE: "You may look at this library, but not change what is noted in it.",
    RUN: "You may not add folders to this library or update it.",
}

DASH_ROUTES = {
    "/": READ,
    "/<path:path>": READ,
    "/_dash-layout": READ,
    "/_dash-dependencies": READ,
    "/_dash-update-component": READ,  # and then what the callback itself needs
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": READ,
    "/_reload-hash": READ,
    "/_favicon.ico": READ,
    "/assets/<path:filename>": READ,
    "/static/<path:filename>": READ,  # Flask's own, with nothing in it
}
"""What the routes need that Dash makes: the pages themselves, and their code."""


@dataclass(frozen=True)
class Need:
    """right: what it takes. pool: whose threads it works on (`dashboard.pools`)."""

    right: str
    pool: str = QUICK


def needs(right: str, *, pool: str = QUICK) -> Callable:
    """A decorator, right above a callback's or route's function, under `@app.callback(...)`."""
    if right not in RIGHTS:
        raise ValueError(f"no right {right!r}")

    def mark(function: Callable) -> Callable:
        setattr(function, _MARK, Need(right, pool))
        return function

    return mark


def need_of(function: Callable | None) -> Need | None:
    """What a function, or the one that it is wrapped around, says that it needs."""
    while function is not None:
        found = getattr(function, _MARK, None)
        if found is not None:
            return found
        function = getattr(function, "__wrapped__", None)
    return None


class RightsError(LikenessError):
    """Something that the visitor may not do."""


def rights_of(text: str) -> Rights:
    """`annotate,run` as rights; reading is always among them. Raises SettingsError."""
    named = {part.strip().lower() for part in text.split(",")} - {""}
    unknown = sorted(named - set(RIGHTS))
    if unknown:
        raise SettingsError(f"There is no right {unknown[0]!r}; there are: {', '.join(RIGHTS)}.")
    return frozenset(named | {READ})


def callbacks(app: Dash) -> Mapping[str, Need | None]:
    """Output of each callback that the server answers → what it says that it needs."""
    return {
        name: need_of(entry["callback"]) for name, entry in app.callback_map.items() if "callback" in entry
    }


def routes(server: Flask) -> Mapping[str, Need | None]:
    """Each route of a server → what it says that it needs."""
    found = {}
    for rule in server.url_map.iter_rules():
        known = DASH_ROUTES.get(rule.rule)
        found[rule.rule] = Need(known) if known else need_of(server.view_functions.get(rule.endpoint))
    return found


def plan_of(app: Dash) -> Plan:
    """Which requests of an app work on other threads than the quick ones."""
    apart = {name: need.pool for name, need in callbacks(app).items() if need and need.pool != QUICK}
    ways = {
        rule.partition("<")[0]: need.pool
        for rule, need in routes(app.server).items() if need and need.pool != QUICK
    }
    return Plan(apart, ways)


def seal(app: Dash, rights: Iterable[str]) -> None:
    """Check before every callback and every route whether it is among the rights."""
    held = frozenset(rights)
    for name, need in callbacks(app).items():
        entry = app.callback_map[name]
        entry["callback"] = _checked(entry["callback"], _right(need, f"callback of {name}"), held)
    takes = {rule: _right(need, f"route {rule}") for rule, need in routes(app.server).items()}

    @app.server.before_request
    def check() -> Response | None:
        if request.url_rule is not None:
            _check(takes.get(request.url_rule.rule, RUN), held)
        return None


def _checked(function: Callable, right: str, held: Rights) -> Callable:
    @wraps(function)
    def check_first(*args, **kwargs):
        _check(right, held)
        return function(*args, **kwargs)

    return check_first


def _check(right: str, held: Rights) -> None:
    if right not in held:
        abort(Response(TOLD[right], status=403, mimetype="text/plain"))


def _right(need: Need | None, what: str) -> str:
    if need is None:
        _LOG.error("The %s says not which right it needs, and so takes all.", what)
        return RUN
    return need.right
