"""What the Duplicates page asks of a library: groups of copies and of similar images, reviewed, selected, told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.reads import Reads, galleries
from pipeline.duplicates import KINDS, kept, selection, sides
from pipeline.duplicates.kept import Found
from pipeline.duplicates.review import ANYWHERE, APART, SETTLED, WHERE, Reviewed, Reviewer, folder_of
from pipeline.duplicates.selection import Selection
from pipeline.duplicates.similar import LEAST, USUAL
from pipeline.errors import QueryError
from pipeline.library import ImageRow, notes

COPIES, SIMILAR, SPLIT, OWN = "copies", "similar", "split", "own"
VIEWS = {COPIES: "Copies", SIMILAR: "Similar", SPLIT: "Split check", OWN: "Do I have these?"}
"""`OWN` is of pictures from outside, which have no groups: see `reads.known`."""
PAGE = 24
"""Groups of a page."""


@dataclass(frozen=True)
class Asked:
    """What an address asks for. sides: of a split, as `sides.side` reads them; least: score of similar images; alike:
    whether similar images count in a split check, too."""

    view: str
    where: str
    selection: Selection
    sides: tuple[str, str] | None
    least: float
    alike: bool
    page: int


class Copies:
    """The groups of a library; what takes long is remembered until images or decisions change."""

    def __init__(self, reads: Reads):
        self.reads = reads

    def found(self) -> Found | None:
        """What was found last, or None."""
        library = self.reads.library
        return self.reads.remembered("copies found", (kept.stamp(library), library.generation()), lambda: kept.read(library))

    def folders(self) -> dict[str, sides.Named]:
        """The folders that images lie in, by how they are told."""
        library = self.reads.library
        return self.reads.remembered("folders", library.images_generation(), lambda: sides.folders(library, self.reads.root_names()))

    def reviewed(self, what: str, where: str = ANYWHERE, least: float = USUAL) -> list[Reviewed]:
        """All groups of copies, or of images as similar as `least`; those that were taken apart among them."""
        library, found = self.reads.library, self.found()
        if found is None:
            return []
        seen = found.at, kept.stamp(library), library.generation()
        memo = self.reads.remembered(f"reviewed by group, {where}", seen, dict)  # a decision is on a few of many groups

        def review() -> list[Reviewed]:
            reviewer = Reviewer(library)
            if what == COPIES:
                return reviewer.copies(found.groups, where, memo)
            return reviewer.alike(library, found.similar, found.scores, least, where)

        state = *seen, library.notes_generation("copies"), least, where
        return self.reads.remembered(f"reviewed {what} {where}", state, review)

    def of(self, asked: Asked) -> list[Reviewed]:
        """The groups that an address asks for, on all its pages."""
        return asked.selection.of(self._groups(asked))

    def page(self, asked: Asked) -> dict:
        """What stands on a page, as its script takes it."""
        groups = self._groups(asked)
        chosen = asked.selection.of(groups)
        pages = max(1, -(-len(chosen) // PAGE))
        page = min(max(1, asked.page), pages)
        shown = chosen[(page - 1) * PAGE : page * PAGE]
        states = {state: len(replace(asked.selection, state=state, kinds=frozenset()).before_kinds(groups))
                  for state in selection.STATES}
        kinds = Counter(kind for group in asked.selection.before_kinds(groups) for kind in group.kinds)
        return {
            "total": len(chosen), "page": page, "pages": pages, "first": (page - 1) * PAGE + 1,
            "states": states, "kinds": {kind: kinds[kind] for kind in KINDS},
            "aside": self._aside(), "leaks": self._leaks(asked, chosen),
            "references": [sides.named(folder, self.reads.root_names())
                           for folder in notes.reference_folders(self.reads.library)],
            "groups": self._told(shown),
        }

    def paths(self, groups: Sequence[Reviewed]) -> dict[int, str]:
        """How the images of groups are named to whoever asks."""
        rows = {row.id: row for group in groups for row in group.images}
        return dict(zip(rows, self.reads.told(rows.values())))

    def _groups(self, asked: Asked) -> list[Reviewed]:
        if asked.view == OWN:
            return []
        if asked.view == SIMILAR:
            return self.reviewed(SIMILAR, asked.where, asked.least)
        groups = self.reviewed(COPIES, asked.where)
        if asked.view != SPLIT:
            return groups
        if asked.sides is None:
            return []
        similar = self.reviewed(SIMILAR, asked.where, asked.least) if asked.alike else []
        return [group for group in [*groups, *similar] if group.state != APART]

    def _aside(self) -> dict:
        """How many images were decided to be set aside, and their bytes."""
        settled = [group for group in self.reviewed(COPIES) if group.state == SETTLED]
        kept_ids = {image for group in settled for image in group.keep}
        gone = {row.id: row.size for group in settled for row in group.images if row.id not in kept_ids}
        return {"images": len(gone), "bytes": sum(gone.values())}

    def _leaks(self, asked: Asked, groups: Sequence[Reviewed]) -> list[dict] | None:
        """Of either side of a split: its name, how many images it has, and how many of them are on the other side too."""
        if asked.view != SPLIT or asked.sides is None or asked.selection.split is None:
            return None
        rows = {row.id: row for group in groups for row in group.images}.values()
        return [
            {"side": name, "images": self._count(name), "leaking": sum(map(side, rows))}
            for name, side in zip(asked.sides, asked.selection.split)
        ]

    def _count(self, side: str) -> int:
        if side.startswith(sides.LABEL):
            return self.reads.library.labels().get(side.removeprefix(sides.LABEL), 0)
        known = self.folders().get(side.removeprefix(sides.FOLDER).strip("/"))
        return known.images if known else 0

    def _told(self, groups: Sequence[Reviewed]) -> list[dict]:
        ids = [image for group in groups for image in group.ids]
        called = self.reads.called(ids)
        shapes = galleries.shape_of(self.reads, list(dict.fromkeys(ids)))
        return [
            {
                "best": group.best, "state": group.state, "kinds": [kind for kind in KINDS if kind in group.kinds],
                "spare": group.spare,
                "pairs": {str(pair.other): [pair.one, pair.reason.kind, pair.reason.text] for pair in group.pairs},
                "scores": {str(image): round(score, 3) for image, score in (group.scores or {}).items()},
                "images": [self._image(row, called[row.id], shapes[row.id], group) for row in group.images],
            }
            for group in groups
        ]

    def _image(self, row: ImageRow, called, shape: int, group: Reviewed) -> dict:
        return {
            "id": row.id, "name": called.name, "path": called.path, "folder": sides.named(folder_of(row), self.reads.root_names()),
            "pixels": [row.width or 0, row.height or 0], "bytes": row.size, "modified": row.mtime, "shape": shape / 1000 or 1,
            "keep": row.id in group.keep, "reference": row.id in group.references,
        }


def asked_of(params: Mapping[str, str], roots: Mapping[str, str]) -> Asked:
    """What an address asks for. Raises QueryError for what there is not."""
    view = params.get("view") or COPIES
    if view not in VIEWS:
        raise QueryError(f"There is no view “{view}” of copies.")
    where = params.get("where") or ANYWHERE
    if where not in WHERE:
        raise QueryError(f"Copies do not lie “{where}”; there are: {', '.join(WHERE)}.")
    given = params.get("left", "").strip(), params.get("right", "").strip()
    both = given if view == SPLIT and all(given) else None
    return Asked(
        view, where,
        Selection(
            frozenset(filter(None, params.get("kind", "").split(","))) if view != SIMILAR else frozenset(),
            params.get("state") or (selection.ALL if view == SPLIT else selection.OPEN),
            params.get("by") or "found",
            tuple(sides.side(text, roots) for text in both) if both else None,
        ),
        both, _number(params.get("least"), USUAL, LEAST, 1.0), params.get("alike") == "1",
        int(_number(params.get("page"), 1, 1, 10**9)),
    )


def _number(text: str | None, usual: float, least: float, most: float) -> float:
    try:
        return min(most, max(least, float(text))) if text else usual
    except ValueError:
        raise QueryError(f"“{text}” is no number.") from None
