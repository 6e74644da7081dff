"""Which of the reviewed groups are shown: by kind, by what is decided, and between two sides of a split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.duplicates.review import APART, OPEN, SETTLED, Reviewed
from pipeline.errors import QueryError
from pipeline.library import ImageRow

DECIDED, ALL = "decided", "all"
STATES = {OPEN: "To decide", DECIDED: "Decided", ALL: "All"}
ORDERS = {
    "found": "As found", "most": "Most pictures", "space": "Most space", "date": "Newest first",
    "oldest": "Oldest first", "name": "By name", "size": "Largest files first",
}

Side = Callable[[ImageRow], bool]
"""Whether an image is of one side of a split."""


@dataclass(frozen=True)
class Selection:
    """What of the groups is wanted. kinds: any of these, none: whatever kind. split: the two sides that a group is in."""

    kinds: frozenset[str] = frozenset()
    state: str = OPEN
    order: str = "found"
    split: tuple[Side, Side] | None = None

    def of(self, groups: Iterable[Reviewed]) -> list[Reviewed]:
        """The groups that are wanted, in the order wanted. Raises QueryError where an order is none."""
        found = self.before_kinds(groups)
        return ordered([group for group in found if not self.kinds or group.kinds & self.kinds], self.order)

    def before_kinds(self, groups: Iterable[Reviewed]) -> list[Reviewed]:
        """The same, of whatever kind and in their own order."""
        if self.state not in STATES:
            raise QueryError(f"Copies are not “{self.state}”; there are: {', '.join(STATES)}.")
        groups = [group for group in groups if _is_in(group, self.state)]
        if self.split is not None:
            groups = [group for group in groups if all(any(map(side, group.images)) for side in self.split)]
        return groups


def ordered(groups: Sequence[Reviewed], by: str) -> list[Reviewed]:
    """Groups in one of `ORDERS`."""
    if by not in ORDERS:
        raise QueryError(f"Groups are not sorted by “{by}”; there are: {', '.join(ORDERS)}.")
    key = _KEYS.get(by)
    return sorted(groups, key=key) if key else list(groups)


_KEYS: dict[str, Callable[[Reviewed], object]] = {
    "most": lambda group: -len(group.images),
    "space": lambda group: -group.spare,
    "date": lambda group: -max(row.mtime for row in group.images),
    "oldest": lambda group: min(row.mtime for row in group.images),
    "name": lambda group: group.images[0].path.rpartition("/")[2].casefold(),
    "size": lambda group: -max(row.size for row in group.images),
}


def _is_in(group: Reviewed, state: str) -> bool:
    """Pictures that all lie in folders of reference are not to be decided on."""
    if state == OPEN:
        return group.state == OPEN and len(group.references) < len(group.images)
    return state == ALL or group.state in (SETTLED, APART)
