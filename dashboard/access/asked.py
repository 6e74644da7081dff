"""Whether what is asked of a callback is whole, and of the kinds that its function names.

A page sends what its own controls hold. Whoever sends something else is told in one sentence what is wrong with
it, and the log stays for faults of the program itself. A callback's parameters say by their annotations what
they take; one without an annotation, or whose name begins with an underscore, takes anything.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_type_hints

from dash import Dash, ctx
from flask import Response, request
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import NotRequired, TypedDict

Id = Annotated[int, Field(ge=0, lt=2**63)]
"""An image's number, as far as SQLite counts."""
Whole = Annotated[int, Field(gt=-(2**53), lt=2**53)]
"""A whole number that a browser can hold exactly."""
Real = Annotated[float, Field(allow_inf_nan=False)]
Digits = Annotated[str, Field(pattern="^[0-9]{1,4}$")]
"""A small number, as fields of choices hold it."""

CALLBACK = "/_dash-update-component"

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half a letter of those that take two in JSON's notation; browsers write whole ones as they are."""

_PATTERN = dict[str, str | int | float | bool]


class _Sent(TypedDict):
    """A property of a component, and its value; None where it has none."""

    id: str | _PATTERN
    property: str
    value: NotRequired[Any]


class _Wanted(TypedDict):
    """A property of a component that is to be answered."""

    id: str | _PATTERN
    property: str


class _Body(TypedDict):
    """What Dash's page sends. A list in a list: all components that fit a pattern."""

    output: str
    outputs: NotRequired[_Wanted | list[_Wanted | list[_Wanted]]]
    inputs: list[_Sent | list[_Sent]]
    state: NotRequired[list[_Sent | list[_Sent]]]
    changedPropIds: NotRequired[list[str]]


_BODY = TypeAdapter(_Body)


def pressed(key: str) -> str | None:
    """What stands under a key of the id of the component that a callback of a pattern was asked for; None: for none."""
    found = ctx.triggered_id
    return str(found[key]) if isinstance(found, dict) and key in found else None


def check(app: Dash) -> None:
    """Have requests that no page would send answered with 400 before Dash sees them."""

    @app.server.before_request
    def check_first() -> Response | None:
        if request.url_rule is None or request.url_rule.rule != CALLBACK:
            return None
        try:
            wrong = fault(app, request.get_json(silent=True))
            if wrong is None and _HALF.search(request.get_data()):
                wrong = _letters(request.get_json())
        except RecursionError:
            wrong = "it goes too deep"
        if wrong is None:
            return None
        return Response(f"This is nothing that a page of the dashboard asks: {wrong}.", status=400, mimetype="text/plain")


def _letters(body: object) -> str | None:
    """Whether all texts are of whole letters; halves of letters can be written in JSON, but nowhere else."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "it has half a letter"
    return None


def fault(app: Dash, body: object) -> str | None:
    """What is wrong with the body of a request to a callback, the first thing of it; None: nothing."""
    try:
        asked = _BODY.validate_python(body, strict=True)
    except ValidationError as error:
        return _told("", error)
    entry = app.callback_map.get(asked["output"])
    if entry is None or "callback" not in entry:
        return "there is no such callback"
    state = asked.get("state", [])
    if not _are_sent(asked):
        return "what is said to have changed is not among it"
    if (len(asked["inputs"]), len(state)) != (len(entry["inputs"]), len(entry["state"])):
        return "it has not as many values as the callback takes"
    declared = [*entry["inputs"], *entry["state"]]
    for one, sent in zip(declared, [*asked["inputs"], *state]):
        if not _fits(one, sent):
            return f"{one['id']}.{one['property']} is not among it"
    if not _answers(entry, asked.get("outputs")):
        return "its outputs are not those of the callback"
    values = [[one.get("value") for one in sent] if isinstance(sent, list) else sent.get("value") for sent in [*asked["inputs"], *state]]
    for (name, kind), value in zip(kinds(entry["callback"]), values):
        try:
            if kind is not None:
                kind.validate_python(value, strict=True)
        except ValidationError as error:
            return _told(name, error)
    return None


def _are_sent(asked: dict) -> bool:
    """Whether all that is said to have changed (`id.property`, a pattern's id as JSON) is among the inputs."""
    parts = [one for sent in asked["inputs"] for one in (sent if isinstance(sent, list) else [sent])]
    for name, _, kind in (one.rpartition(".") for one in asked.get("changedPropIds", ())):
        try:
            known = json.loads(name) if name.startswith("{") else name
        except ValueError:
            return False
        if not any(one["id"] == known and one["property"] == kind for one in parts):
            return False
    return True


def _fits(declared: dict, sent: dict | list) -> bool:
    """Whether what was sent is the property that a callback has as input or state; of a pattern, all that fit."""
    if _is_several(declared["id"]) != isinstance(sent, list):
        return False
    pattern = declared["id"].startswith("{")
    return all(
        one["property"] == declared["property"] and (isinstance(one["id"], dict) if pattern else one["id"] == declared["id"])
        for one in (sent if isinstance(sent, list) else [sent])
    )


def _is_several(name: str) -> bool:
    """Whether a component's id, as Dash writes it, is a pattern that any number of components may fit."""
    return name.startswith("{") and ["ALL"] in json.loads(name).values()


def _answers(entry: dict, wanted: dict | list | None) -> bool:
    """Whether the outputs that are wanted are as many as the callback has, and lists where these are patterns."""
    if entry["no_output"]:
        return True
    several = isinstance(entry["output"], list | tuple)
    declared = entry["output"] if several else [entry["output"]]
    outputs = wanted if several else [wanted]
    return isinstance(outputs, list) and len(outputs) == len(declared) and all(
        isinstance(one, list if _is_several(output.component_id_str()) else dict) for output, one in zip(declared, outputs)
    )


@cache
def kinds(callback: Callable) -> tuple[tuple[str, TypeAdapter | None], ...]:
    """Name and kind of each of a callback's parameters, in the order in which their values are sent."""
    function = inspect.unwrap(callback)
    hints = get_type_hints(function, include_extras=True)
    return tuple(
        (name, TypeAdapter(hints[name]) if name in hints and not name.startswith("_") else None)
        for name, one in inspect.signature(function).parameters.items() if one.kind is not one.VAR_POSITIONAL
    )


def _told(name: str, error: ValidationError) -> str:
    """The first fault in words: where, and what."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    way = [one for one in first["loc"] if not str(one).startswith("_")]  # of several kinds, which one was tried last
    where = ".".join(map(str, [*([name] if name else []), *way]))[:200]
    return f"{where or 'it'} — {first['msg'][:1].lower()}{first['msg'][1:]}"
