"""What a person decided on copies, and folders of reference.

A decision is on a set of images, by their ids, so that it stays when files move or are renamed and when copies are
looked for anew. `SETTLED`: these are copies, some of them are kept, the others may be set aside. `APART`: the set is in
parts, and no image of one part is a copy of one of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.errors import NoteError
from pipeline.library import Library
from pipeline.library.images import from_database, to_database
from pipeline.library.notes.names import now

SETTLED, APART = "settled", "apart"
KEPT, ASIDE = 1, 0
"""Parts of what is settled."""


@dataclass(frozen=True)
class Decision:
    """parts: image → its part, of two images at least."""

    verdict: str
    parts: Mapping[int, int]
    made: str


def settle(library: Library, keep: Iterable[int], aside: Iterable[int]) -> tuple[Decision, list[Decision]]:
    """Keep some of several copies; the others may be set aside. Returns the decision and those it replaced.

    NoteError where nothing would be kept, or where fewer than two of the images are there.
    """
    (made,), replaced = settle_all(library, [(keep, aside)])
    return made, replaced


def settle_all(
    library: Library, groups: Iterable[tuple[Iterable[int], Iterable[int]]]
) -> tuple[list[Decision], list[Decision]]:
    """The same for several groups at once, (keep, aside) each: all of them, or none."""
    every = [{int(image): ASIDE for image in aside} | {int(image): KEPT for image in keep} for keep, aside in groups]
    if any(KEPT not in parts.values() for parts in every):
        raise NoteError("One of the copies must be kept.")
    return _decide(library, SETTLED, every)


def part(library: Library, sides: Sequence[Iterable[int]]) -> tuple[Decision, list[Decision]]:
    """Say that no image of one side is a copy of one of another. Returns the decision and those it replaced."""
    parts = {int(image): number for number, side in enumerate(sides) for image in side}
    if len(set(parts.values())) < 2:
        raise NoteError("Name two pictures at least that are no copies of one another.")
    (made,), replaced = _decide(library, APART, [parts])
    return made, replaced


def restore_decisions(library: Library, gone: Iterable[Decision], back: Iterable[Decision]) -> None:
    """Take some decisions back, and make others again as they were."""
    with library.db.atomic():
        wanted = {(one.verdict, frozenset(one.parts.items())) for one in gone}
        numbers = [number for number, one in _numbered(library) if (one.verdict, frozenset(one.parts.items())) in wanted]
        library.db.conn.executemany("DELETE FROM copy_decisions WHERE id = ?", [(number,) for number in numbers])
        for one in back:
            _insert(library, one)


def decisions(library: Library) -> list[Decision]:
    """All decisions, the oldest first."""
    return [one for _, one in _numbered(library)]


def no_copies_of(library: Library, image: int) -> set[int]:
    """The images that were said to be no copies of one."""
    sql = (
        "SELECT other.image_id FROM copy_decision_images one JOIN copy_decisions d ON d.id = one.decision_id "
        "JOIN copy_decision_images other ON other.decision_id = d.id AND other.part <> one.part "
        "WHERE one.image_id = ? AND d.verdict = ?"
    )
    return {other for (other,) in library.db.execute(sql, [image, APART])}


def withdraw(library: Library, images: Iterable[int]) -> list[Decision]:
    """Forget what was decided on some of these images and no others. Returns it."""
    wanted = {int(image) for image in images}
    with library.db.atomic():
        found = [(number, one) for number, one in _numbered(library) if one.parts.keys() <= wanted]
        library.db.conn.executemany("DELETE FROM copy_decisions WHERE id = ?", [(number,) for number, _ in found])
    return [one for _, one in found]


def reference_folders(library: Library) -> list[tuple[str, str]]:
    """Folders whose images are never set aside: (scanned folder, path below it, '' for all of it)."""
    sql = "SELECT r.path, f.path FROM reference_folders f JOIN roots r ON r.id = f.root_id ORDER BY r.path, f.path"
    return [(from_database(root), from_database(path)) for root, path in library.db.execute(sql)]


def set_reference(library: Library, root: str, path: str, on: bool) -> bool:
    """Make a folder one of reference, or an ordinary one. Returns whether that is a change."""
    values = [library.root_id(root), to_database(path)]
    if on:
        sql = "INSERT OR IGNORE INTO reference_folders VALUES (?, ?)"
    else:
        sql = "DELETE FROM reference_folders WHERE root_id = ? AND path = ?"
    return library.db.execute(sql, values).rowcount > 0


def _decide(library: Library, verdict: str, every: list[dict[int, int]]) -> tuple[list[Decision], list[Decision]]:
    """Decide on sets of images; what was decided on the same ones or fewer is replaced."""
    with library.db.atomic():
        known = library.images_by_id(sorted({image for parts in every for image in parts}))
        made = [
            Decision(verdict, {image: parts[image] for image in sorted(parts) if image in known}, now()) for parts in every
        ]
        if any(len(one.parts) < 2 for one in made):
            raise NoteError("These pictures are not in the library any more.")
        of = {image: one.parts.keys() for one in made for image in one.parts}
        replaced = {
            number: one for number, one in _numbered(library) if one.parts.keys() <= of.get(next(iter(one.parts)), set())
        }
        library.db.conn.executemany("DELETE FROM copy_decisions WHERE id = ?", [(number,) for number in replaced])
        for one in made:
            _insert(library, one)
    return made, list(replaced.values())


def _insert(library: Library, one: Decision) -> None:
    """Of a set of images that has shrunk to one nothing is said."""
    made = datetime.fromisoformat(one.made).isoformat(timespec="seconds")
    known = library.images_by_id(list(one.parts))
    if len(known) < 2:
        return
    number = library.db.execute("INSERT INTO copy_decisions (verdict, made) VALUES (?, ?)", [one.verdict, made]).lastrowid
    library.db.conn.executemany(
        "INSERT INTO copy_decision_images VALUES (?, ?, ?)",
        [(number, image, kind) for image, kind in one.parts.items() if image in known],
    )


def _numbered(library: Library) -> list[tuple[int, Decision]]:
    sql = (
        "SELECT d.id, d.verdict, d.made, m.image_id, m.part FROM copy_decisions d "
        "JOIN copy_decision_images m ON m.decision_id = d.id ORDER BY d.id, m.image_id"
    )
    found: dict[int, Decision] = {}
    for number, verdict, made, image, kind in library.db.execute(sql):
        found.setdefault(number, Decision(verdict, {}, made)).parts[image] = kind
    return list(found.items())
