"""Which pictures a person said to be no copies of one another."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.library import Library, notes
from pipeline.library.notes import APART, Decision


class Apart:
    """Says of two images whether they were said to be no copies, by decisions that are read once."""

    def __init__(self, decisions: Iterable[Decision]):
        self._of: dict[int, list[Decision]] = {}
        for one in decisions:
            if one.verdict == APART:
                for image in one.parts:
                    self._of.setdefault(image, []).append(one)

    @classmethod
    def of(cls, library: Library) -> Apart:
        """By all decisions of a library."""
        return cls(notes.decisions(library))

    def __call__(self, one: int, other: int) -> bool:
        return any(
            other in decision.parts and decision.parts[one] != decision.parts[other] for decision in self._of.get(one, ())
        )

    def any(self, one: int, others: Iterable[int]) -> bool:
        """Whether an image is apart from any of some others."""
        return one in self._of and any(self(one, other) for other in others)
