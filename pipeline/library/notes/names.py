"""What all notes share: names of one line, images that exist, the time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from pipeline.errors import NoteError
from pipeline.forms import composed, decomposed
from pipeline.library import Library

LONGEST = 80
"""Characters of a name or a tag: what fits on a chip."""
LONGEST_SAID = 500
"""Characters of a description: a paragraph."""


def clean(name: str, kind: str) -> str:
    """A name on one line without outer spaces; NoteError when nothing or too much is left."""
    text = composed(_on_one_line(name))
    if not text:
        raise NoteError(f"A {kind} needs a name.")
    if len(text) > LONGEST:
        raise NoteError(f"That name is too long for a {kind}: at most {LONGEST} characters.")
    return text


def spellings(name: str) -> list[str]:
    """How a name may stand in the library: as it is given, as `clean` has it, and with letters in parts, as names were
    kept before that were typed so."""
    line = _on_one_line(name)
    return list(dict.fromkeys((name.strip(), composed(line), decomposed(line))))


def _on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def said(text: str, kind: str) -> str:
    """A description on one line, which may be empty; NoteError when it is too long."""
    text = _on_one_line(text)
    if len(text) > LONGEST_SAID:
        raise NoteError(f"That is too long for the description of a {kind}: at most {LONGEST_SAID} characters.")
    return text


def each(library: Library, sql: str, first, images: Iterable[int], *, only_known: bool = True) -> None:
    """Run a statement once per image with (first, image)."""
    wanted = [int(image) for image in images]
    if only_known:
        known = library.images_by_id(wanted)
        wanted = [image for image in wanted if image in known]
    library.db.conn.executemany(sql, [(first, image) for image in wanted])


def noted_in(library: Library, root: str) -> dict[str, int]:
    """How many images of a scanned folder are tagged, in collections, rated and decided on: what goes with it."""
    number = library.root_id(root)
    tables = {"tagged": "tags", "collected": "collection_images", "rated": "ratings", "decided": "copy_decision_images"}
    sql = "SELECT count(DISTINCT n.image_id) FROM {} n JOIN images i ON i.id = n.image_id WHERE i.root_id = ?"
    return {kind: library.db.execute(sql.format(table), [number]).fetchone()[0] for kind, table in tables.items()}


def now() -> str:
    """This moment as notes keep it: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
