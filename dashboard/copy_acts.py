"""Acts on copies: what is kept, what is no copy, and which folders are of reference."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dashboard.done import Done
from dashboard.reads.clusterings import Clusterings
from dashboard.reads.copies import COPIES as VIEW
from dashboard.reads.copies import Copies, asked_of
from pipeline.duplicates import sides
from pipeline.duplicates.review import OPEN
from pipeline.errors import NoteError
from pipeline.library import notes
from pipeline.library.notes import Decision
from pipeline.progress import counted

COPIES = "copies"


def settle(clusterings: Clusterings, args: Mapping) -> Done:
    """Keep some of several copies, the others may be set aside: keep, aside."""
    made, replaced = notes.settle(clusterings.reads.library, args["keep"], args.get("aside") or [])
    kept, count = sum(part == notes.KEPT for part in made.parts.values()), len(made.parts)
    said = f"All {count:,} are kept." if kept == count else f"{kept:,} of {count:,} {'is' if kept == 1 else 'are'} kept."
    return _done(said, [made], replaced)


def settle_all(clusterings: Clusterings, args: Mapping) -> Done:
    """Decide on all groups of copies that an address shows and that are open, as it is suggested: asked, its parameters;
    marked: [[ids of a group, those to be kept]], where that was marked otherwise."""
    reads = clusterings.reads
    asked = asked_of({str(name): str(value) for name, value in args["asked"].items()}, reads.root_names())
    if asked.view != VIEW:
        raise NoteError("Only copies are decided on all at once.")
    marked = {frozenset(map(int, ids)): {int(one) for one in keep} for ids, keep in args.get("marked") or []}
    groups = [group for group in Copies(reads).of(asked) if group.state == OPEN]
    if not groups:
        raise NoteError("Nothing is left to decide here.")
    kept = [marked.get(frozenset(group.ids), group.keep) & set(group.ids) for group in groups]
    made, replaced = notes.settle_all(
        reads.library, [(keep, set(group.ids) - keep) for group, keep in zip(groups, kept)])
    aside = sum(part == notes.ASIDE for one in made for part in one.parts.values())
    return _done(f"{counted(len(made), 'group')} decided: {counted(aside, 'picture')} set aside.", made, replaced)


def part(clusterings: Clusterings, args: Mapping) -> Done:
    """No image of one side is a copy of one of another: sides."""
    made, replaced = notes.part(clusterings.reads.library, args["sides"])
    whole = len(set(made.parts.values())) == len(made.parts)
    return _done("They are no copies of one another." if whole else "It is no copy of the others.", [made], replaced)


def open_again(clusterings: Clusterings, args: Mapping) -> Done:
    """Take back what was decided on some images: ids."""
    gone = notes.withdraw(clusterings.reads.library, args["ids"])
    return _done("Nothing is decided on them any more.", [], gone)


def decide_again(clusterings: Clusterings, args: Mapping) -> Done:
    """Take back decisions `gone`, and make those of `back` again, as they were."""
    gone, back = (_read(args[key]) for key in ("gone", "back"))
    notes.restore_decisions(clusterings.reads.library, gone, back)
    return _done("Decided as before." if back else "Nothing is decided on them any more.", back, gone)


def set_reference(clusterings: Clusterings, args: Mapping) -> Done:
    """Make a folder, as it is told, one of reference, or an ordinary one: folder, on."""
    library, name, on = clusterings.reads.library, str(args["folder"]).strip().strip("/"), bool(args["on"])
    found = sides.folders(library, clusterings.reads.root_names()).get(name)
    known = found.folders if found else [
        folder for folder in notes.reference_folders(library) if sides.named(folder, clusterings.reads.root_names()) == name
    ]
    if not known:
        raise NoteError(f"No images lie in a folder “{name}”.")
    changed = [notes.set_reference(library, *folder, on) for folder in known]
    said = f"Pictures in “{name}” are never set aside." if on else f"“{name}” is an ordinary folder again."
    return Done(said if any(changed) else "", (COPIES,) if any(changed) else (),
                ("set-reference", {"folder": name, "on": not on}) if any(changed) else None)


def _done(said: str, made: Iterable[Decision], gone: Iterable[Decision]) -> Done:
    """gone, made: what was decided before, and what is now."""
    made, gone = [_written(one) for one in made], [_written(one) for one in gone]
    undo = ("decide-again", {"gone": made, "back": gone})
    return Done(said, (COPIES,), undo)


def _written(one: Decision) -> dict:
    return {"verdict": one.verdict, "made": one.made, "parts": [[image, part] for image, part in one.parts.items()]}


def _read(given: Iterable[Mapping]) -> list[Decision]:
    found = []
    for one in given:
        if one["verdict"] not in (notes.SETTLED, notes.APART):
            raise NoteError("That is no decision on copies.")
        found.append(Decision(one["verdict"], {int(image): int(part) for image, part in one["parts"]}, str(one["made"])))
    return found
