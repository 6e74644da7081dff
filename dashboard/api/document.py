"""The OpenAPI document, made from the operations."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic.json_schema import models_json_schema

from dashboard.api.operation import JSON, Operation
from dashboard.api.problems import KINDS, MIMETYPE, Problem
from dashboard.reads import Reads
from pipeline import VERSION

_REF = "#/components/schemas/{model}"
_ABOUT = (
    "What the pages of a library show, for programs. Parameters are those of the pages' addresses, answers those of the "
    "command line's `--json`. A server with a password takes `Authorization: Bearer …` (LIKENESS_TOKEN, or the "
    "password). Refusals are problem details (RFC 9457)."
)


def document(operations: Sequence[Operation], reads: Reads, server: str, locked: bool) -> dict:
    """OpenAPI 3.1. reads: of the library whose embeddings are weights, and whose values parameters take. server: address of the API. locked: whether it asks for a token."""
    models = [one.gives for one in operations if one.gives] + [one.body for one in operations if one.body] + [Problem]
    refs, shared = models_json_schema(
        [(model, "serialization") for model in dict.fromkeys(models)], ref_template=_REF
    )
    schemas = {model.__name__: refs[model, "serialization"] for model in dict.fromkeys(models)}
    paths: dict[str, dict] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _told(one, schemas, reads)
    made = {
        "openapi": "3.1.0",
        "info": {"title": "Likeness", "version": VERSION, "summary": "See how your pictures relate.", "description": _ABOUT,
                 "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": server}],
        "tags": [{"name": name} for name in dict.fromkeys(one.group for one in operations)],
        "paths": paths,
        "components": {"schemas": shared.get("$defs", {})},
    }  # fmt: skip
    if locked:
        made["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"token": []}]
    return made


def _told(one: Operation, schemas: dict, reads: Reads) -> dict:
    """An operation object."""
    told = {
        "operationId": one.name, "summary": one.summary, "tags": [one.group], "x-right": one.right,
        "parameters": _parameters(one, reads), "responses": _answers(one, schemas),
    }
    if one.about:
        told["description"] = one.about
    if one.body:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": schemas[one.body.__name__]}}}
    if one.picture:
        form = {
            "type": "object", "required": ["image"],
            "properties": {"image": {"type": "string", "format": "binary", "description": "The picture, 25 MB at most."}},
        }
        told["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return told


def _parameters(one: Operation, reads: Reads) -> list[dict]:
    schema = one.takes.model_json_schema()
    found = []
    for name, about in schema.get("properties", {}).items():
        about = {key: value for key, value in about.items() if key != "title"}
        place = "path" if name in one.places else "query"
        row = {"name": name, "in": place, "required": name in schema.get("required", ()) or place == "path"}
        if said := about.pop("description", None):
            row["description"] = said
        kinds = about.get("anyOf", [])
        if {"type": "null"} in kinds:  # in an address nothing is null: it is left out
            rest = [kind for kind in kinds if kind != {"type": "null"}]
            about = {**{key: value for key, value in about.items() if key not in ("anyOf", "default")}, **rest[0]}
        row["schema"] = {**about, "enum": list(one.values[name](reads))} if name in one.values else about
        if name in one.example:
            row["example"] = one.example[name]
        found.append(row)
    weights = [name for name in reads.embeddings() if name not in schema.get("properties", {})] if one.weighs else []
    return found + [
        {"name": name, "in": "query", "required": False, "schema": {"type": "number", "minimum": 0, "maximum": 1},
         "description": f"How much `{name}` counts. Once one embedding is named, the others count 0."}
        for name in weights
    ]


def _answers(one: Operation, schemas: dict) -> dict:
    content = {JSON: {"schema": schemas[one.gives.__name__]}} if one.gives else {}
    content |= {media: {"schema": {"type": "string", "format": "binary"}} for media in one.media}
    problem = {"schema": schemas[Problem.__name__]}
    kinds: dict[int, list[str]] = {}
    for kind in KINDS.values():
        kinds.setdefault(kind.status, []).append(kind.title)
    wanted = {400, 403, 503, 500} | ({404} if one.takes.model_fields else set()) | ({413, 422} if one.picture else set())
    return {
        "200": {"description": one.summary, "content": content},
        **{str(status): {"description": "; ".join(kinds[status]), "content": {MIMETYPE: problem}} for status in sorted(wanted)},
    }
