"""Looking into a component tree as Dash sends it to the browser, and calling its callbacks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from dash import Dash, Output
from dash.development.base_component import Component


def parts(tree) -> Iterator[Component]:
    """Every component of a tree, itself first."""
    if isinstance(tree, (list, tuple)):
        for child in tree:
            yield from parts(child)
    elif isinstance(tree, Component):
        yield tree
        yield from parts(getattr(tree, "children", None))


def text_of(tree) -> str:
    """All text of a tree, joined by blanks."""
    if tree is None:
        return ""
    if isinstance(tree, (list, tuple)):
        return " ".join(filter(None, map(text_of, tree)))
    if isinstance(tree, Component):
        return text_of(getattr(tree, "children", None))
    return str(tree)


def of_kind(tree, kind: str) -> list[Component]:
    """The components whose id is {"type": kind, …}."""
    return [
        part for part in parts(tree)
        if isinstance(getattr(part, "id", None), dict) and part.id.get("type") == kind
    ]


def of_class(tree, name: str) -> list[Component]:
    """The components with a CSS class."""
    return [part for part in parts(tree) if name in (getattr(part, "className", None) or "").split()]


def request_of(app: Dash, name: str, values: Mapping[str, object] = {}, changed: Sequence[str] = ()) -> dict:
    """What a page sends for a callback: values by "id.property", None where none is given; no component fits a pattern."""
    known = app.callback_map[name]
    several = isinstance(known["output"], list | tuple)

    def wanted(output: Output) -> dict | list:
        return [] if isinstance(output.component_id, dict) else {"id": output.component_id, "property": output.component_property}

    given, state = (
        [[] if part["id"].startswith("{") else {**part, "value": values.get(f"{part['id']}.{part['property']}")} for part in known[kind]]
        for kind in ("inputs", "state")
    )
    outputs = [] if known["no_output"] else [wanted(one) for one in known["output"]] if several else wanted(known["output"])
    return {"output": name, "outputs": outputs, "inputs": given, "changedPropIds": list(changed), "state": state}


def call(app: Dash, output: str, inputs: dict[str, object]):
    """The answer of the server to a callback of single-property inputs, over HTTP.

    output: the id of one of its outputs, as in "page.children". inputs: "id.property" →
    value, of its inputs and states in the callback's order, the first being what triggered it.
    """
    name = next(key for key in app.callback_map if output in key)
    body = request_of(app, name, inputs, [next(iter(inputs))])
    answer = app.server.test_client().post("/_dash-update-component", json=body)
    return json.loads(answer.data) if answer.data else None
