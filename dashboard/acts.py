"""What a person does to a library's notes: one registry of acts, one way to ask for them.

The browser posts {"act": name, "args": {…}} to /act (assets/shell/acts.js) and gets what is
to be said, which kinds of notes are others by now, and the act that undoes it. Programs may
do the same. GET /changes says how often each kind has changed, so that pages notice what
others do. An act does what it says or raises; what a page then shows is asked for anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from dash import Input, dcc
from flask import Flask, Response, jsonify

from dashboard import copy_acts, sent, weight_acts
from dashboard.access import ANNOTATE, READ, needs
from dashboard.access.rights import RightsError
from dashboard.done import Done, ids_of, packed
from dashboard.reads import Reads
from dashboard.reads.clusterings import Clusterings
from pipeline.errors import LikenessError, NoteError
from pipeline.library import notes
from pipeline.maps.granularity import step_of

TAGS, COLLECTIONS, NAMES, RATINGS, FACTS = "tags", "collections", "names", "ratings", "facts"
COPIES, WEIGHTS = copy_acts.COPIES, weight_acts.WEIGHTS
_COUNTED = {
    TAGS: "tags", COLLECTIONS: "collections", NAMES: "cluster_names", RATINGS: "ratings", FACTS: "facts", COPIES: "copies",
}
"""Kind of notes → what counts its changes (`Library.notes_generation`)."""


@dataclass(frozen=True)
class Act:
    """right: what it takes. perform: does it, from its arguments, and says what came of it. computes: whether that may
    take seconds, in which others are to write; else nobody does between what it reads and what it writes."""

    right: str
    perform: Callable[[Clusterings, Mapping], Done]
    computes: bool = False


def perform(clusterings: Clusterings, name: str, args: Mapping) -> Done:
    """Do an act; raises LikenessError where it is unknown, not allowed or impossible."""
    act = ACTS.get(name)
    if act is None:
        raise NoteError(f"There is no act “{name}”.")
    clusterings.reads.need(act.right)
    try:
        with nullcontext() if act.computes else clusterings.reads.library.db.atomic():
            return act.perform(clusterings, args)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise NoteError(f"The act “{name}” was asked for without what it needs ({error}).") from None


def register(server: Flask, reads: Reads) -> None:
    """Add the route that acts are posted to."""
    clusterings = Clusterings(reads)

    @server.post("/act")
    @needs(READ)  # and then what the act itself needs
    def act() -> Response:
        asked = sent.fields()
        name = str(asked.get("act"))
        try:
            done = perform(clusterings, name, asked.get("args") or {})
            return jsonify({**done.data(name), "now": changes(reads)})
        except RightsError as error:
            refused = jsonify({"error": str(error)})
            refused.status_code = 403
            return refused
        except LikenessError as error:
            return jsonify({"error": str(error)})

    @server.get("/changes")
    @needs(READ)
    def count() -> Response:
        answer = jsonify(changes(reads))
        answer.headers["Cache-Control"] = "no-store"
        return answer


def stores() -> list[dcc.Store]:
    """One for each kind of notes: the browser writes to it when they are others (assets/shell/acts.js)."""
    return [dcc.Store(id=_store(kind)) for kind in (*_COUNTED, WEIGHTS)]


def changed(*kinds: str) -> list[Input]:
    """The inputs of a callback that is to run when notes of these kinds are others, an argument each.

    Of two calls of one callback Dash forgets the answer of the first, so that none may say that there is
    nothing to do for what the last act has changed.
    """
    return [Input(_store(kind), "data") for kind in kinds]


def _store(kind: str) -> str:
    return f"acted-{kind}"


def changes(reads: Reads) -> dict[str, int]:
    """Kind of notes → a number that rises with every change of them."""
    return {kind: reads.library.notes_generation(name) for kind, name in _COUNTED.items()}


# Collections


def _keep(clusterings: Clusterings, args: Mapping) -> Done:
    """Keep images as a collection, or add them to one: name, ids; description and created of one made again."""
    library, ids = clusterings.reads.library, ids_of(args)
    known = _named(clusterings, args["name"])
    before = set(notes.members(library, known)) if known else set()
    name = notes.collect(library, args["name"], ids, created=args.get("created"))
    if not known and args.get("description"):
        notes.describe_collection(library, name, str(args["description"]))
    added = sorted(set(notes.members(library, name)) - before)
    undo = ("take-out", {"collection": name, "ids": packed(added)}) if known else (
        "drop-collection", {"collection": name})
    said = f"Added {_counted(added)} to “{name}”." if known else f"Kept {_counted(added)} as “{name}”."
    return Done(said, (COLLECTIONS,), undo, {"collection": name})


def _take_out(clusterings: Clusterings, args: Mapping) -> Done:
    """Take images out of a collection: collection, ids."""
    library, name = clusterings.reads.library, args["collection"]
    out = sorted(set(notes.members(library, name)) & set(ids_of(args)))
    notes.uncollect(library, name, out)
    return Done(f"Took {_counted(out)} out of “{name}”.", (COLLECTIONS,), ("keep", {"name": name, "ids": packed(out)}),
                {"from": name})


def _rename_collection(clusterings: Clusterings, args: Mapping) -> Done:
    """Give a collection another name: collection, name."""
    old = _named(clusterings, args["collection"]) or args["collection"]
    new = notes.rename_collection(clusterings.reads.library, old, args["name"])
    return Done(f"Renamed to “{new}”.", (COLLECTIONS,),
                ("rename-collection", {"collection": new, "name": old}), {"collection": new})


def _drop_collection(clusterings: Clusterings, args: Mapping) -> Done:
    """Forget a collection: collection. Undone, it has all its images again, the missing too."""
    library = clusterings.reads.library
    name = _named(clusterings, args["collection"]) or args["collection"]
    whole = _whole(clusterings, name)
    notes.drop_collection(library, name)
    return Done(f"Deleted “{name}”; its images stay.", (COLLECTIONS,), ("keep", whole), {"dropped": name})


def _describe_collection(clusterings: Clusterings, args: Mapping) -> Done:
    """Say something of a collection: collection, description; an empty one takes it back."""
    library = clusterings.reads.library
    before = _whole(clusterings, args["collection"])
    notes.describe_collection(library, before["name"], str(args["description"]))
    return Done(f"Described “{before['name']}”.", (COLLECTIONS,),
                ("describe-collection", {"collection": before["name"], "description": before["description"]}))


def _merge_collections(clusterings: Clusterings, args: Mapping) -> Done:
    """Put all of a collection into another one, which stays alone: collection, into."""
    library = clusterings.reads.library
    gone, other = (_whole(clusterings, args[key]) for key in ("collection", "into"))
    added = notes.merge_collections(library, gone["name"], other["name"])
    undo = gone | {"collection": other["name"], "out": packed(added), "was": other["description"]}
    return Done(f"Merged “{gone['name']}” into “{other['name']}”: {_counted(added)} more.", (COLLECTIONS,),
                ("part-collections", undo), {"collection": other["name"], "merged": gone["name"]})


def _part_collections(clusterings: Clusterings, args: Mapping) -> Done:
    """Take two merged collections apart: collection, the ids `out` that leave it, how it `was` described;
    name, ids, description and created of the one that stands alone again."""
    library, name = clusterings.reads.library, args["collection"]
    _keep(clusterings, args)
    notes.uncollect(library, name, ids_of({"ids": args["out"]}))
    notes.describe_collection(library, name, str(args["was"]))
    return Done(f"“{args['name']}” and “{name}” are two again.", (COLLECTIONS,),
                ("merge-collections", {"collection": args["name"], "into": name}), {"from": name})


def _whole(clusterings: Clusterings, name: str) -> dict:
    """A collection as `_keep` makes it again: name as it is spelled, ids, description, created."""
    library = clusterings.reads.library
    wanted = " ".join(name.split()).lower()
    known = next((one for one in notes.collections(library) if one.name.lower() == wanted), None)
    if known is None:
        raise NoteError(f"There is no collection “{name.strip()}”.")
    ids = packed(notes.members(library, known.name))
    return {"name": known.name, "ids": ids, "description": known.description, "created": known.created}


def _counted(ids: list[int]) -> str:
    return f"{len(ids):,} {'image' if len(ids) == 1 else 'images'}"


def _named(clusterings: Clusterings, name: str) -> str | None:
    """A collection's name as it is spelled, or None where there is none of that name."""
    known = {one.name.lower(): one.name for one in notes.collections(clusterings.reads.library)}
    return known.get(" ".join(name.split()).lower())


# Tags


def _tag(clusterings: Clusterings, args: Mapping) -> Done:
    """Put a tag on images: name, ids."""
    library, ids = clusterings.reads.library, ids_of(args)
    had = notes.tags_of(library, ids)
    name = notes.tag(library, ids, args["name"])
    new = [one for one in ids if name not in had.get(one, ())]
    return Done(f"Tagged {_counted(new)} “{name}”.", (TAGS,), ("untag", {"name": name, "ids": packed(new)}), {"tag": name})


def _untag(clusterings: Clusterings, args: Mapping) -> Done:
    """Take a tag off images: name, ids."""
    library, ids, name = clusterings.reads.library, ids_of(args), args["name"]
    had = [one for one, tags in notes.tags_of(library, ids).items() if name in tags]
    notes.untag(library, ids, name)
    return Done(f"Took the tag “{name}” off {_counted(had)}.", (TAGS,), ("tag", {"name": name, "ids": packed(sorted(had))}),
                {"off": name})


# Clusters and matches


def _name_cluster(clusterings: Clusterings, args: Mapping) -> Done:
    """Name a cluster of a map: map, grain, cluster, name; an empty name takes one back."""
    shown = clusterings.at(args["map"], step_of(args.get("grain")))
    number = int(args["cluster"])
    before = clusterings.own_names(shown).get(number, "")
    clusterings.rename(shown, number, args["name"])
    given = clusterings.own_names(shown).get(number)
    said = f"Named the cluster “{given}”." if given else "Took the cluster's name back."
    return Done(said, (NAMES,), ("name-cluster", {**args, "name": before}))


def _rate(clusterings: Clusterings, args: Mapping) -> Done:
    """A word on a match: question, image, value (1, −1 or 0), rank, score; parts, as a match has them, where known."""
    reads, image = clusterings.reads, int(args["image"])
    if reads.image(image) is None:
        raise NoteError("That image is not in the library any more.")
    before = {one.image_id: one for one in notes.ratings(reads.library, args["question"])}.get(image)
    notes.rate(
        reads.library, args["question"], image, int(args["value"]), int(args["rank"]), float(args["score"]), args.get("parts")
    )
    word = "{}" if args["question"] == notes.BY_ITSELF else "a {} match"
    said = {1: f"Rated as {word.format('good')}.", -1: f"Rated as {word.format('bad')}.", 0: "Took the rating back."}
    undo = {**args, "value": 0} if before is None else {
        "question": before.query, "image": image, "value": before.value, "rank": before.rank, "score": before.score,
        "parts": {name: figure for name, (figure, _) in before.parts.items()},
    }
    return Done(said[int(np.sign(int(args["value"])))], (RATINGS,), ("rate", undo))


def _rate_all(clusterings: Clusterings, args: Mapping) -> Done:
    """Words on several matches, taken back as one: words, each as `_rate` has it."""
    words = list(args["words"])
    if not words:
        raise NoteError("Nothing is to be rated.")
    done = [_rate(clusterings, one) for one in words]
    given = {int(np.sign(int(one["value"]))) for one in words}
    said = {(1,): "Rated {} as good.", (-1,): "Rated {} as bad.", (0,): "Took back the rating of {}."}.get(tuple(given), "Rated {}.")
    undo = ("rate-all", {"words": [one.undo[1] for one in reversed(done)]})
    counted = f"{len(words):,} {'match' if len(words) == 1 else 'matches'}"
    return Done(said.format(counted), (RATINGS,), undo)


def _rate_these(clusterings: Clusterings, args: Mapping) -> Done:
    """A word on images by themselves, outside a search: ids and value (1, −1 or 0), or values: {id: value}."""
    library = clusterings.reads.library
    given = {int(one): value for one, value in args["values"].items()} if "values" in args else dict.fromkeys(
        ids_of(args), args["value"])
    given = {one: int(np.sign(int(value))) for one, value in given.items()}
    there = library.images_by_id(list(given))
    if not there:
        raise NoteError("None of these images is in the library any more.")
    had = {one.image_id: one.value for one in notes.ratings(library, notes.BY_ITSELF)}
    for one in there:
        notes.rate(library, notes.BY_ITSELF, one, given[one], 1, 1.0)
    words = {given[one] for one in there}
    said = {(1,): "Rated {} as good.", (-1,): "Rated {} as bad."}.get(tuple(words), "Took back the rating of {}.")
    undo = ("rate-these", {"values": {str(one): had.get(one, 0) for one in there}})
    return Done(said.format(_counted(sorted(there))), (RATINGS,), undo)


ACTS: Mapping[str, Act] = {
    "keep": Act(ANNOTATE, _keep),
    "take-out": Act(ANNOTATE, _take_out),
    "rename-collection": Act(ANNOTATE, _rename_collection),
    "drop-collection": Act(ANNOTATE, _drop_collection),
    "describe-collection": Act(ANNOTATE, _describe_collection),
    "merge-collections": Act(ANNOTATE, _merge_collections),
    "part-collections": Act(ANNOTATE, _part_collections),
    "tag": Act(ANNOTATE, _tag),
    "untag": Act(ANNOTATE, _untag),
    "name-cluster": Act(ANNOTATE, _name_cluster, computes=True),
    "rate": Act(ANNOTATE, _rate),
    "rate-all": Act(ANNOTATE, _rate_all),
    "rate-these": Act(ANNOTATE, _rate_these),
    "settle-copies": Act(ANNOTATE, copy_acts.settle),
    "settle-all-copies": Act(ANNOTATE, copy_acts.settle_all, computes=True),
    "part-copies": Act(ANNOTATE, copy_acts.part),
    "open-copies": Act(ANNOTATE, copy_acts.open_again),
    "decide-again": Act(ANNOTATE, copy_acts.decide_again),
    "set-reference": Act(ANNOTATE, copy_acts.set_reference),
    "learn-weights": Act(ANNOTATE, weight_acts.learn, computes=True),
    "put-weights": Act(ANNOTATE, weight_acts.put),
}
