"""Operations on the library as a whole: its state, its collections, and what may be noted."""

from __future__ import annotations

from pydantic import Field

from dashboard import acts
from dashboard.access import ANNOTATE
from dashboard.access.rights import RIGHTS
from dashboard.api.models import Collection, Collections, Done, Ids, Members, Status
from dashboard.api.operation import Asked, Operation, Parameters
from dashboard.pools import LONG
from pipeline import VERSION
from pipeline.errors import NoteError
from pipeline.library import notes


class Named(Parameters):
    """A collection, by its name."""

    name: str = Field(min_length=1, description="The collection's name.")


class Out(Named):
    """Images that leave it."""

    ids: str = Field(pattern=r"^\d{1,18}(,\d{1,18})*$", description="The images, by their ids, with commas between.")


def status(asked: Asked) -> Status:
    """The library at a glance."""
    told = asked.reads.status()
    told |= {"likeness": VERSION, "rights": [right for right in RIGHTS if asked.reads.may(right)]}
    return Status.model_validate(told)


def collections(asked: Asked) -> Collections:
    """All collections."""
    found = notes.collections(asked.reads.library)
    return Collections(collections=[
        Collection(name=one.name, count=one.count, description=one.description or "") for one in found
    ])


def members(asked: Asked) -> Members:
    """A collection with its images."""
    name, library = asked.given.name, asked.reads.library
    ids = notes.collected(library, name)
    wanted = name.strip().casefold()
    one = next((one for one in notes.collections(library) if one.name.casefold() == wanted), None)
    if one is None:
        raise NoteError(f"There is no collection “{name.strip()}” any more.")
    return Members(name=one.name, count=len(ids), description=one.description or "", ids=ids)


def add(asked: Asked) -> Done:
    """Put images into a collection, made where there is none of that name."""
    there = asked.reads.library.images_by_id(asked.body.ids)
    gone = [one for one in asked.body.ids if one not in there]
    if gone:
        raise NoteError(f"There is no image {gone[0]}.")
    return _done(asked, "keep", {"name": asked.given.name, "ids": asked.body.ids})


def remove(asked: Asked) -> Done:
    """Take images out of a collection."""
    ids = [int(one) for one in asked.given.ids.split(",")]
    return _done(asked, "take-out", {"collection": asked.given.name, "ids": ids})


def drop(asked: Asked) -> Done:
    """Forget a collection; its images stay."""
    return _done(asked, "drop-collection", {"collection": asked.given.name})


def _done(asked: Asked, act: str, args: dict) -> Done:
    done = acts.perform(asked.clusterings, act, args)
    return Done(said=done.said, undo={"act": done.undo[0], "args": done.undo[1]} if done.undo else None)


OPERATIONS = (
    Operation("status", "GET", "/status", "The library at a glance", status, gives=Status,
              about="What is there and what of it is current, as `status --json` says it.", group="Library"),
    Operation("collections", "GET", "/collections", "The collections", collections, gives=Collections, group="Collections"),
    Operation("collection", "GET", "/collections/{name}", "A collection with its images", members, Named, Members,
              group="Collections", example={"name": "Favorites"}),
    Operation("add_to_collection", "POST", "/collections/{name}/images", "Put images into a collection", add, Named, Done,
              about="It is made where there is none of that name.", body=Ids, right=ANNOTATE, pool=LONG,
              group="Collections", example={"name": "Favorites"}),
    Operation("take_out_of_collection", "DELETE", "/collections/{name}/images", "Take images out of a collection", remove,
              Out, Done, right=ANNOTATE, group="Collections", example={"name": "Favorites", "ids": "1"}),
    Operation("drop_collection", "DELETE", "/collections/{name}", "Forget a collection; its images stay", drop, Named, Done,
              right=ANNOTATE, group="Collections", example={"name": "Favorites"}),
)
