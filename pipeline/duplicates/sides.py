"""Sides of a split and folders of reference, by the names that a person gives them: `label:train`, `folder:photos/2024`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.duplicates.review import Folder
from pipeline.duplicates.selection import Side
from pipeline.errors import QueryError
from pipeline.library import ImageRow, Library
from pipeline.library.images import from_database, printable

LABEL, FOLDER = "label:", "folder:"
_TOLD = 8  # sides that are named where one is none
USUAL = ("train", "training", "test", "testing", "val", "valid", "validation")
"""Labels and folders that are offered first: what data sets call their parts."""


def named(folder: Folder, roots: Mapping[str, str]) -> str:
    """A folder as it is told. roots: how scanned folders are named; with one, or none, the path below it is enough, and
    of one that has just been forgotten there is no more."""
    root, path = folder
    if len(roots) < 2 or root not in roots:
        return printable(path)
    return printable(f"{roots[root]}/{path}".rstrip("/"))


@dataclass
class Named:
    """Folders that are told by one name: several where scanned folders are not told apart. images: in or below them."""

    folders: list[Folder] = field(default_factory=list)
    images: int = 0


def folders(library: Library, roots: Mapping[str, str]) -> dict[str, Named]:
    """The folders that images lie in or below, by how they are told."""
    sql = (
        "SELECT r.path, rtrim(i.path, replace(i.path, '/', '')) AS folder, count(*) FROM images i "
        "JOIN roots r ON r.id = i.root_id WHERE i.state = 'ok' AND typeof(i.path) = 'text' GROUP BY r.id, folder"
    )
    every: Counter[Folder] = Counter()
    for root, path, count in library.db.execute(sql):
        parts = path.strip("/").split("/") if path else []
        for depth in range(len(parts) + 1):
            every[from_database(root), "/".join(parts[:depth])] += count
    found: dict[str, Named] = {}
    for folder in sorted(every):
        if name := named(folder, roots):
            one = found.setdefault(name, Named())
            one.folders.append(folder)
            one.images += every[folder]
    return dict(sorted(found.items()))


def side(text: str, roots: Mapping[str, str]) -> Side:
    """The images of a side. Raises QueryError for what names none."""
    if text.startswith(LABEL):
        label = text.removeprefix(LABEL)
        return lambda row: row.label == label
    if text.startswith(FOLDER):
        wanted = text.removeprefix(FOLDER).strip("/")

        def lies_in(row: ImageRow) -> bool:
            return f"{named((row.root, row.path), roots)}/".startswith(f"{wanted}/")

        return lies_in
    raise QueryError(f"“{text}” names no side; write {LABEL}NAME or {FOLDER}PATH.")


def side_of(library: Library, text: str, roots: Mapping[str, str]) -> Side:
    """The same of a library. Raises QueryError, too, where it has no image of that side: of a name that is misspelled
    nothing would be on both sides."""
    found, named = side(text, roots), folders(library, roots)
    by_label = text.startswith(LABEL)
    if not (text.removeprefix(LABEL) in library.labels() if by_label else text.removeprefix(FOLDER).strip("/") in named):
        known = [name for name, _ in offered(library.labels(), named)]
        more = f", and {len(known) - _TOLD:,} more" if len(known) > _TOLD else ""
        raise QueryError(f"No image is of “{text}”; there are: {', '.join(known[:_TOLD]) or 'none'}{more}.")
    return found


def offered(labels: Mapping[str, int], folders: Mapping[str, Named]) -> list[tuple[str, int]]:
    """What a side can be and how many images that is; those first that data sets are usually parted by."""
    names = [(f"{LABEL}{name}", count) for name, count in labels.items()]
    names += [(f"{FOLDER}{name}", one.images) for name, one in folders.items()]
    return sorted(names, key=lambda one: one[0].partition(":")[2].rpartition("/")[2].lower() not in USUAL)
