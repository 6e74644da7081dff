"""What the API says where it has no answer: problem details (RFC 9457), whoever refused.

{"type": where this kind of problem is told of, "title", "status", "detail": one sentence, "instance": the path
asked for, "errors": [{"parameter", "detail"}] where parameters are wrong}.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, request
from pydantic import BaseModel, Field, ValidationError

from dashboard import components
from dashboard.access import RightsError
from pipeline.errors import (
    EmbeddingError, ImageError, IndexUnreachableError, LibraryError, LikenessError, NoteError, QueryError, SettingsError, StaleIndexError,
    sentence,
)  # fmt: skip

MIMETYPE = "application/problem+json"
ROOT = "/api"


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its name in the address that tells of it, its status, and when it comes."""

    name: str
    status: int
    title: str
    when: str


KINDS = {
    one.name: one
    for one in (
        Kind("wrong-parameters", 400, "Parameters are wrong", "A parameter is unknown, missing, or has a value it cannot have; `errors` names each."),
        Kind("wrong-query", 400, "This cannot be asked", "The parameters are each right, but together no question: no entry with a plus, a column there is not."),
        Kind("not-signed-in", 401, "Sign in first", "The server asks for a password, and the request carries no token: `Authorization: Bearer …`."),
        Kind("not-allowed", 403, "Not allowed", "It takes a right that visitors of this server do not have, or comes from another site."),
        Kind("not-there", 404, "There is no such thing", "No image, map, collection or operation of that name."),
        Kind("wrong-method", 405, "Not by this method", "The address is right, the method is not; the header Allow names those that are."),
        Kind("too-large", 413, "Too much at once", "The body is larger than the server takes."),
        Kind("no-picture", 422, "No picture that can be read", "The bytes that were sent, or the image's file, cannot be decoded."),
        Kind("too-many-tries", 429, "Too many wrong tries", "Wrong tokens cost time; the header Retry-After says how much."),
        Kind("not-ready", 503, "The library is not ready for this", "No index or vectors yet, a model's weights are not to be had, or the disk does not answer."),
        Kind("inside", 500, "Something went wrong inside", "A fault of the program; the server's log has it."),
    )
}  # fmt: skip
"""By name, as the page of the API lists them."""

_OF_ERRORS: Sequence[tuple[type[Exception], str]] = (
    (RightsError, "not-allowed"), (StaleIndexError, "not-ready"), (EmbeddingError, "not-ready"), (IndexUnreachableError, "not-ready"),
    (ImageError, "no-picture"), (NoteError, "not-there"), (LibraryError, "not-there"),
    (QueryError, "wrong-query"), (SettingsError, "wrong-query"), (LikenessError, "wrong-query"),
)  # fmt: skip


class Fault(BaseModel):
    """What is wrong with one parameter."""

    parameter: str
    detail: str


class Problem(BaseModel):
    """Why there is no answer (RFC 9457)."""

    type: str = Field(description="Where this kind of problem is told of.")
    title: str
    status: int
    detail: str = Field(description="What is wrong here, in one sentence.")
    instance: str | None = Field(None, description="The path that was asked for.")
    errors: list[Fault] | None = Field(None, description="Of each parameter that is wrong, what is.")


class Wrong(Exception):
    """Parameters that are wrong: (name, what is wrong with it) of each."""

    def __init__(self, *faults: tuple[str, str]):
        super().__init__("; ".join(f"{name}: {said}" for name, said in faults))
        self.faults = faults

    @classmethod
    def of(cls, error: ValidationError) -> Wrong:
        """From what pydantic says."""
        return cls(*((".".join(map(str, one["loc"])) or "body", one["msg"]) for one in error.errors()))


def of(error: Exception) -> Response | None:
    """The answer to an error; None for one of the program's own."""
    if isinstance(error, Wrong):
        first, said = error.faults[0]
        return problem("wrong-parameters", f"{first}: {said}.", faults=error.faults)
    if isinstance(error, (sqlite3.Error, OSError)):
        said = sentence(error)
        return problem("not-ready", said) if said else None
    name = next((name for kind, name in _OF_ERRORS if isinstance(error, kind)), None)
    return problem(name, str(error)) if name else None


def problem(name: str, detail: str, status: int = 0, faults: Sequence[tuple[str, str]] = ()) -> Response:
    """A problem of a kind as an answer."""
    kind = KINDS[name]
    told = Problem(
        type=f"{components.url(ROOT)}#{name}", title=kind.title, status=status or kind.status, detail=detail,
        instance=request.path, errors=[Fault(parameter=one, detail=said) for one, said in faults] or None,
    )
    return Response(told.model_dump_json(exclude_none=True), status=told.status, mimetype=MIMETYPE)


def tell(server: Flask) -> None:
    """Have all refusals below /api, the guard's and Flask's own among them, be problems."""

    @server.after_request
    def told(response: Response) -> Response:
        if not request.path.startswith(f"{ROOT}/") or response.status_code < 400 or response.mimetype == MIMETYPE:
            return response
        said = response.get_data(as_text=True).strip() if response.mimetype == "text/plain" else ""
        name = next((one.name for one in KINDS.values() if one.status == response.status_code), None)
        if name is None:
            name = "wrong-query" if response.status_code < 500 else "inside"
        with_it = problem(name, said or f"{HTTPStatus(response.status_code).phrase}.", response.status_code)
        response.set_data(with_it.get_data())
        response.mimetype = MIMETYPE
        return response


def line(error: Exception) -> bytes:
    """The last line of a stream of lines that breaks off: there is no status to say it by any more."""
    return json.dumps({"error": sentence(error) or "Something went wrong inside Likeness."}).encode() + b"\n"
