"""Names that images have, and which images a condition on them lets pass.

Images are rows 0 … n - 1, in the order of their ids.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

import numpy as np

from pipeline.columns.conditions import NONE, Condition, Contains, OneOf
from pipeline.errors import QueryError
from pipeline.forms import composed, folded

_NEAREST = 3


@dataclass(frozen=True, eq=False)
class Categories:
    """Names, and which images have which.

    names: k texts. codes: (m,) int32 into names. rows: (m,) int32 ascending, the image of each
    code, where an image may have several names or none; None: m = n, and −1 is none. parents:
    (k,) int32, the name that a name is a part of (a folder's), −1 without: an image of the part
    has the whole, too. folds: whether upper and lower case are alike.
    """

    size: int
    names: Sequence[str]
    codes: np.ndarray
    rows: np.ndarray | None = None
    parents: np.ndarray | None = None
    folds: bool = False

    @cached_property
    def _known(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.names)}

    @cached_property
    def _folded(self) -> dict[str, int]:
        return {folded(name): code for code, name in enumerate(self.names)}

    @cached_property
    def _alike(self) -> dict[str, list[int]]:
        """Codes by the composed form of their names: several where some read alike."""
        found: dict[str, list[int]] = {}
        for code, name in enumerate(self.names):
            found.setdefault(composed(name), []).append(code)
        return found

    def code(self, name: str) -> int | None:
        """The code of a name, or None."""
        if self.parents is not None:
            name = str(PurePosixPath(name.strip("/")))
        found = self._known.get(name)
        return next(iter(self.codes_of(name)), None) if found is None else found

    def codes_of(self, name: str) -> list[int]:
        """The codes of a name and of all that read alike."""
        if self.parents is not None:
            name = str(PurePosixPath(name.strip("/")))
        if alike := self._alike.get(composed(name)):
            return alike
        return [self._folded[folded(name)]] if self.folds and folded(name) in self._folded else []

    def nearest(self, name: str) -> list[str]:
        """The names most like one that there is not."""
        return [self.names[self._folded[one]] for one in difflib.get_close_matches(folded(name), self._folded, _NEAREST, 0.5)]

    def passing(self, condition: Condition, noun: str) -> np.ndarray:
        """(n,) bool; raises QueryError for names that there are not."""
        match condition:
            case OneOf(_, values):
                return self._having(values, noun)
            case Contains(_, text):
                wanted = folded(text)
                return self._with(np.array([wanted in folded(name) for name in self.names], bool))
        raise QueryError(f"A {noun} has no bounds: name those that are wanted.")

    def _having(self, values: Iterable[str], noun: str) -> np.ndarray:
        chosen, none = np.zeros(len(self.names), bool), False
        for value in values:
            if codes := self.codes_of(value):
                chosen[codes] = True
            elif self.parents is not None and PurePosixPath(value.strip("/")) == PurePosixPath():
                return np.ones(self.size, bool)  # the scanned folder itself
            elif value == NONE:
                none = True
            else:
                raise QueryError(f"There is no {noun} “{value}”; {self._hint(value)}.")
        if self.parents is not None:
            chosen = self._with_parts(chosen)
        passed = self._with(chosen)
        return passed | ~self._any if none else passed

    def _hint(self, value: str) -> str:
        if near := self.nearest(value):
            return f"the nearest are: {', '.join(near)}"
        some = list(self.names[:_NEAREST])
        return f"there are: {', '.join(some)}{' and others' if len(self.names) > _NEAREST else ''}" if some else "there are none"

    def _with_parts(self, chosen: np.ndarray) -> np.ndarray:
        """Names (k,) bool with all that is part of one of them."""
        while True:
            wider = chosen | (chosen[self.parents] & (self.parents >= 0))
            if (wider == chosen).all():
                return chosen
            chosen = wider

    def _with(self, chosen: np.ndarray) -> np.ndarray:
        """Images (n,) that have one of the chosen names (k,) bool."""
        picked = np.append(chosen, False)[self.codes]  # −1 is the last
        if self.rows is None:
            return picked
        passed = np.zeros(self.size, bool)
        passed[self.rows[picked]] = True
        return passed

    @cached_property
    def _any(self) -> np.ndarray:
        return self._with(np.ones(len(self.names), bool))

    def counts(self, passed: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """How many images (of those in a mask (n,)) have each name: (k,) int64; and how many none."""
        if passed is None:
            return self._all
        codes = self.codes[passed if self.rows is None else passed[self.rows]]
        found = np.bincount(codes + 1, minlength=len(self.names) + 1)
        none = int(found[0]) if self.rows is None else int((passed & ~self._any).sum())
        return self._rolled(found[1:]), none

    @cached_property
    def _all(self) -> tuple[np.ndarray, int]:
        return self.counts(np.ones(self.size, bool))

    def _rolled(self, counts: np.ndarray) -> np.ndarray:
        """With what is part of a name counted to it: deepest first, as names come before their parts."""
        if self.parents is not None:
            for code in range(len(counts) - 1, -1, -1):
                if self.parents[code] >= 0:
                    counts[self.parents[code]] += counts[code]
        return counts

    def told(self, row: int) -> str | list[str] | None:
        """What an image has: its name, its names, or None."""
        if self.rows is None:
            return self.names[self.codes[row]] if self.codes[row] >= 0 else None
        at = slice(*np.searchsorted(self.rows, np.array([row, row + 1], self.rows.dtype)))  # of another, all are copied
        return [self.names[code] for code in self.codes[at]]

    @cached_property
    def order(self) -> np.ndarray:
        """What images are sorted by: (n,) float64, the place of their (first) name; NaN for none."""
        place = np.empty(len(self.names) + 1)
        place[sorted(range(len(self.names)), key=lambda code: self.names[code].casefold())] = np.arange(len(self.names))
        place[-1] = np.nan
        if self.rows is None:
            return place[self.codes]
        first = np.full(self.size, np.nan)
        np.fmin.at(first, self.rows, place[self.codes])
        return first


def coded(values: Iterable[str | None], size: int, folds: bool = False) -> Categories:
    """Categories of one value an image, in the order of the rows; None is none."""
    known: dict[str, int] = {}
    codes = np.fromiter(
        (-1 if value is None else known.setdefault(value, len(known)) for value in values), np.int32, size
    )
    return Categories(size, list(known), codes, folds=folds)


def grouped(groups: Mapping[str, np.ndarray], size: int, folds: bool = False) -> Categories:
    """Categories of any number an image. groups: name → rows (m,) of its images."""
    rows = np.concatenate([np.zeros(0, np.int32), *groups.values()]).astype(np.int32)
    lengths = [len(one) for one in groups.values()]
    codes = np.repeat(np.arange(len(groups), dtype=np.int32), lengths)
    order = np.argsort(rows, kind="stable")
    return Categories(size, list(groups), codes[order], rows[order], folds=folds)


def tree(paths: Iterable[str], size: int) -> Categories:
    """Categories of the folder of each image, with the folders around it; "" is in none."""
    known: dict[str, int] = {}
    parents: list[int] = []

    def enter(path: str) -> int:
        new = []  # from the inside out: a path of one-letter folders has more of them than calls may be within another
        while path and path not in known:
            new.append(path)
            path = path.rpartition("/")[0]
        code = known[path] if path else -1
        for folder in reversed(new):
            parents.append(code)
            code = known[folder] = len(known)
        return code

    codes = np.fromiter(map(enter, paths), np.int32, size)
    return Categories(size, list(known), codes, parents=np.array(parents, np.int32))
