"""The board: what is searched with together, each with a plus or a minus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dashboard.pages.search.entry import AS_IT_IS, Entry
from dashboard.pages.search.kinds import KINDS
from dashboard.uploads.edit import Edit

EDITED = "~"  # what an edit begins with (`Edit.suffix`)

MOST = 24
"""Entries on a board; the strip stays readable and the address short."""


def from_data(data: Iterable[Mapping] | None) -> list[Entry]:
    """The board out of what the browser sent; entries it cannot have are passed over."""
    entries = []
    for one in data or ():
        kind = KINDS.get(str(one.get("kind")))
        key = kind and kind.key(str(one.get("key")))
        if key:
            edit = Edit.of(one) if kind.editable else AS_IT_IS
            entries.append(Entry(kind.name, key, bool(one.get("minus")), edit))
    return entries[:MOST]


def from_params(params: Mapping[str, str]) -> list[Entry]:
    """The board that an address names."""
    entries = [entry for kind in KINDS.values() for entry in kind.read(params)]
    return list({(one.kind, one.token): one for one in entries}.values())[:MOST]


def from_question(question: Mapping) -> list[Entry]:
    """The board that ratings are kept under (`query.rated_as`); what is gone is passed over."""
    entries = []
    for side in ("plus", "minus"):
        for text in question.get(side) or ():
            name, _, token = str(text).partition(":")
            key, mark, edit = token.partition(EDITED)
            kind = KINDS.get(name)
            known = kind and kind.key(key if kind.editable else token)
            if known:
                suffix = Edit.read(edit) if kind.editable and mark else AS_IT_IS
                entries.append(Entry(kind.name, known, side == "minus", suffix))
    return entries[:MOST]


def to_params(entries: Sequence[Entry]) -> dict[str, object]:
    """The parameters that restore a board; one library image stays a plain `image`."""
    params: dict[str, object] = {}
    for kind in KINDS.values():
        mine = [one for one in entries if one.kind == kind.name]
        params |= kind.write(mine, alone=len(mine) == len(entries))
    return params
