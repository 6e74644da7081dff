"""What comes of an act, and the ids that one is asked for with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.errors import NoteError


@dataclass(frozen=True)
class Done:
    """What came of an act. said: one sentence, or "" where it shows by itself. changed: kinds
    of notes that are others by now. undo: (act, args) that take it back. more: facts of it."""

    said: str
    changed: tuple[str, ...]
    undo: tuple[str, dict] | None = None
    more: dict = field(default_factory=dict)

    def data(self, act: str) -> dict:
        """As the browser takes it."""
        undo = {"act": self.undo[0], "args": self.undo[1]} if self.undo else None
        return {"act": act, "said": self.said, "changed": list(self.changed), "undo": undo, **self.more}


def packed(ids: list[int]) -> str:
    """Ids as base64 of little-endian int32, as the browser sends them."""
    return base64.b64encode(np.array(ids, "<i4").tobytes()).decode()


def ids_of(args: Mapping) -> list[int]:
    """The ids of an act, ascending: a list, or as `packed` writes them."""
    given = args.get("ids") or []
    if isinstance(given, str):
        try:
            given = np.frombuffer(base64.b64decode(given, validate=True), "<i4").tolist()
        except (binascii.Error, ValueError):
            raise NoteError("The images did not arrive whole; try again.") from None
    return sorted({int(one) for one in given})
