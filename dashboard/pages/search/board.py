"""The board: the pictures that are searched with together, each with a plus or a minus."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dashboard.uploads.edit import Edit

MOST = 24
"""Pictures on a board; the strip stays readable and the address short."""

IMAGE, UPLOAD, COLLECTION = "image", "upload", "collection"
_AS_IT_IS = Edit()
_KEYS = {IMAGE: r"\d{1,18}", UPLOAD: r"[0-9a-f]{1,32}"}  # ids that SQLite can hold; digests

_COLLECTIONS = {"collection": False, "minus_collection": True}  # parameter → whether it is a minus


@dataclass(frozen=True)
class Entry:
    """One picture of the board: a library image by id, an upload by its digest, or the mean
    of a collection by name. What the browser holds of it is `data`."""

    kind: str
    key: str
    minus: bool = False
    edit: Edit = _AS_IT_IS

    @property
    def token(self) -> str:
        """Names the picture as edited, without its sign."""
        return self.key + self.edit.suffix

    @property
    def data(self) -> dict:
        """The entry as the browser keeps it; `of` reads it."""
        return {
            "kind": self.kind, "key": self.key, "minus": self.minus, "token": self.token,
            "turn": self.edit.turn, "mirror": self.edit.mirror,
            "crop": list(self.edit.crop) if self.edit.crop else None,
        }

    @classmethod
    def of(cls, data: Mapping) -> Entry:
        """An entry out of what the browser sent."""
        edit = _AS_IT_IS if data["kind"] == COLLECTION else Edit.of(data)
        return cls(data["kind"], str(data["key"]), bool(data.get("minus")), edit)


def from_data(data: Iterable[Mapping] | None) -> list[Entry]:
    """The board out of what the browser sent; entries it cannot have are passed over."""
    entries = [Entry.of(one) for one in data or () if one.get("kind") in (*_KEYS, COLLECTION)]
    return [
        entry for entry in entries
        if entry.kind == COLLECTION or re.fullmatch(_KEYS[entry.kind], entry.key, re.ASCII)
    ][:MOST]


def from_params(params: Mapping[str, str]) -> list[Entry]:
    """The board that an address names: image (with turn, mirror, crop), images, upload, collection."""
    entries = []
    if re.fullmatch(_KEYS[IMAGE], params.get("image", ""), re.ASCII):
        entries.append(Entry(IMAGE, str(int(params["image"])), edit=Edit.of(params)))
    for kind, name in ((IMAGE, "images"), (UPLOAD, "upload")):
        for text in filter(None, params.get(name, "").split(",")):
            found = re.fullmatch(rf"(-?)({_KEYS[kind]})((?:~[\dm.]+)*)", text, re.ASCII)
            if found:
                sign, key, suffix = found.groups()
                key = str(int(key)) if kind == IMAGE else key
                entries.append(Entry(kind, key, bool(sign), Edit.read(suffix[1:])))
    for name, minus in _COLLECTIONS.items():
        entries += [Entry(COLLECTION, key, minus) for key in params.get(name, "").split("\n") if key]
    return list({(one.kind, one.token): one for one in entries}.values())[:MOST]


def to_params(entries: Sequence[Entry]) -> dict[str, object]:
    """The parameters that restore a board; one library image stays a plain `image`."""
    params: dict[str, object] = {}
    alone = len(entries) == 1 and entries[0].kind == IMAGE and not entries[0].minus
    if alone:
        return {"image": entries[0].key} | entries[0].edit.params()
    for kind, name in ((IMAGE, "images"), (UPLOAD, "upload")):
        tokens = [f"{'-' if one.minus else ''}{one.token}" for one in entries if one.kind == kind]
        params[name] = ",".join(tokens) or None
    for name, minus in _COLLECTIONS.items():
        keys = [one.key for one in entries if one.kind == COLLECTION and one.minus == minus]
        params[name] = "\n".join(keys) or None  # no name has a line break in it
    return params
