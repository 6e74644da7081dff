"""Acts on weights: learned from labels or thumbs, and forgotten again."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.done import Done
from dashboard.reads.clusterings import Clusterings
from pipeline import learned
from pipeline.errors import NoteError

WEIGHTS = "weights"


def learn(clusterings: Clusterings, args: Mapping) -> Done:
    """Learn weights: from, labels or thumbs."""
    reads, source = clusterings.reads, str(args["from"])
    before = learned.kept(reads.library).get(source)
    found = learned.learn(reads.searcher, source)
    return Done(str(found), (WEIGHTS,), _back(source, before))


def put(clusterings: Clusterings, args: Mapping) -> Done:
    """Have other learned weights in the place of those that there are: from, what, as `Learned.as_json` has it, or null."""
    library, source = clusterings.reads.library, str(args["from"])
    if source not in learned.SOURCES:
        raise NoteError(f"Weights are not learned from {source!r:.80}.")
    before = learned.kept(library).get(source)
    learned.put(library, source, learned.Learned.from_json(args["what"]) if args["what"] else None)
    said = f"{'Put back' if args['what'] else 'Forgot'} what was learned from {source}."
    return Done(said, (WEIGHTS,), _back(source, before))


def _back(source: str, before: learned.Learned | None) -> tuple[str, dict]:
    return "put-weights", {"from": source, "what": before.as_json() if before else None}
