"""What an operation of the API is, and how a request becomes its work and the work an answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from dashboard.access import READ
from dashboard.api import problems
from dashboard.pools import QUICK
from dashboard.reads import Reads
from dashboard.reads.clusterings import Clusterings
from dashboard.uploads.edit import EditedPictures

JSON = "application/json"

_LOG = logging.getLogger(__name__)


class Parameters(BaseModel):
    """What an operation takes in its path and its address; anything else is refused."""

    model_config = ConfigDict(extra="forbid", str_max_length=8_000)


@dataclass(frozen=True)
class Asked:
    """A request: the library's reads, what it says, and what it brings along.

    given: the parameters, checked. weights: {embedding: 0–1} named in the address, or None. address:
    parameters of the path and the address as they were written. body: the checked JSON, or the
    picture's bytes.
    """

    reads: Reads
    clusterings: Clusterings
    edited: EditedPictures
    given: Any
    weights: dict[str, float] | None
    address: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True)
class Operation:
    """One operation, from which its route and its part of the document are made.

    work: from a request to a model of `gives`, or a response. takes: its parameters; those whose
    names stand in braces in the path come from there. weighs: whether weights by the names of the library's embeddings
    are among them. values: of parameters that take one of several texts, which there are in a library. body: a model of the JSON it is sent. picture: whether it is sent a form with a picture. media:
    types of answers other than JSON, the schema being text or bytes. right, pool: as `needs` has them.
    """

    name: str
    method: str
    path: str
    summary: str
    work: Callable[[Asked], BaseModel | Response]
    takes: type[Parameters] = Parameters
    gives: type[BaseModel] | None = None
    about: str = ""
    weighs: bool = False
    values: Mapping[str, Callable[[Reads], Sequence[str]]] = field(default_factory=dict)
    body: type[BaseModel] | None = None
    picture: bool = False
    media: tuple[str, ...] = ()
    right: str = READ
    pool: str = QUICK
    group: str = ""
    example: Mapping[str, object] = field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the parameters that stand in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def rule(self) -> str:
        """The path as Flask has it. Names may have slashes in them, which nothing tells from others once it is decoded."""
        return problems.ROOT + re.sub(r"{(\w+)}", r"<\1>", self.path).replace("<name>", "<path:name>")


def answer(operation: Operation, reads: Reads, clusterings: Clusterings, edited: EditedPictures, place: dict) -> Response:
    """Check a request, do the work, and say what came of it."""
    try:
        reads.need(operation.right)
        asked = _asked(operation, reads, clusterings, edited, place)
        found = operation.work(asked)
    except ValidationError as error:
        return problems.of(problems.Wrong.of(error))
    except Exception as error:
        told = problems.of(error)
        if told is None:
            _LOG.error("The operation %s of the API failed", operation.name, exc_info=error)
            told = problems.problem("inside", "Something went wrong inside Likeness; the server's log says what.")
        return told
    if isinstance(found, BaseModel):
        found = Response(found.model_dump_json(exclude_none=True), mimetype=JSON)
    found.headers.setdefault("Cache-Control", "no-store")
    return found


def _asked(operation: Operation, reads: Reads, clusterings, edited, place: dict[str, str]) -> Asked:
    address = request.args.to_dict()
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise problems.Wrong((twice[0], "Give it once; several values have commas between"))
    weights = None
    if operation.weighs:
        names = [name for name in reads.embeddings() if name not in operation.takes.model_fields]
        named = {name: address.pop(name) for name in names if name in address}
        weights = _weights(named, reads.embeddings())
    try:
        given = operation.takes.model_validate({**address, **place})
    except ValidationError as error:
        raise _known(problems.Wrong.of(error), operation, reads) from None
    for name, of in operation.values.items():
        if getattr(given, name) not in (there := of(reads)):
            raise problems.Wrong((name, f"There is no such value; there are: {', '.join(there)}"))
    return Asked(reads, clusterings, edited, given, weights, {**address, **place}, _body(operation))


def _known(wrong: problems.Wrong, operation: Operation, reads: Reads) -> problems.Wrong:
    """With the parameters that there are, where one is none."""
    there = [*operation.takes.model_fields, *(reads.embeddings() if operation.weighs else ())]
    return problems.Wrong(*(
        (name, f"There is no such parameter; there are: {', '.join(there) or 'none'}" if name not in there else said)
        for name, said in wrong.faults
    ))


def _weights(named: Mapping[str, str], names: tuple[str, ...]) -> dict[str, float] | None:
    if not named:
        return None
    shape = create_model("Weights", **{name: (float, ...) for name in named}, __config__=ConfigDict(allow_inf_nan=False))
    try:
        given = shape.model_validate(dict(named)).model_dump()
    except ValidationError as error:
        raise problems.Wrong.of(error) from None
    outside = [name for name, value in given.items() if not 0 <= value <= 1]
    if outside:
        raise problems.Wrong((outside[0], "A weight is a number from 0 to 1"))
    return {name: given.get(name, 0.0) for name in names}


def _body(operation: Operation):
    if operation.picture:
        file = request.files.get("image")
        if file is None:
            raise problems.Wrong(("image", "Send a form (multipart/form-data) with the picture in the field `image`"))
        return file.filename or "That picture", file.read()
    if operation.body is not None:
        sent = request.get_json(silent=True)
        if sent is None:
            raise problems.Wrong(("body", "Send JSON, with the header Content-Type: application/json"))
        return operation.body.model_validate(sent)
    return None
