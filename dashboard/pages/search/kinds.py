"""The kinds of entries that a search is made of: library images, uploads, collections, selections.

Another one is a class here, and one in assets/search/entries.js.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from dash import html

from dashboard import components, facts
from dashboard.pages.search.entry import Asked, Entry, Kind, Stage
from dashboard.pages.search.spoken import Palette, Words
from dashboard.reads import Reads, id_list
from dashboard.uploads.edit import Edit
from dashboard.uploads.vectors import unpacked
from pipeline.errors import LikenessError, QueryError
from pipeline.library import notes
from pipeline.search import ImageEntry, VectorsEntry

_SAMPLES = 4
"""Pictures that stand for several."""
_MOST_AVERAGED = 2_000
"""Images whose mean is taken; of more, evenly drawn ones."""
_EDITS = r"(?:~[\dm.]+)*"


class _Listed(Kind):
    """Pictures whose tokens stand in one parameter, with commas between."""

    editable = True
    parameter: str
    pattern: str

    def key(self, text: str) -> str | None:
        return text if re.fullmatch(self.pattern, text, re.ASCII) else None

    def read(self, params: Mapping[str, str]) -> list[Entry]:
        entries = []
        for text in filter(None, params.get(self.parameter, "").split(",")):
            found = re.fullmatch(rf"(-?)({self.pattern})({_EDITS})", text, re.ASCII)
            if found:
                sign, key, suffix = found.groups()
                entries.append(Entry(self.name, self.key(key) or key, bool(sign), Edit.read(suffix[1:])))
        return entries

    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        return {self.parameter: ",".join(f"{'-' if one.minus else ''}{one.token}" for one in entries) or None}


class Image(_Listed):
    """A library image, by its id."""

    name, parameter, pattern = "image", "images", r"\d{1,18}"  # ids that SQLite can hold
    nothing = "There is no other image."

    def key(self, text: str) -> str | None:
        return str(int(text)) if super().key(text) is not None else None

    def read(self, params: Mapping[str, str]) -> list[Entry]:
        key = self.key(params.get("image", ""))
        alone = [] if key is None else [Entry(self.name, key, edit=Edit.of(params))]
        return alone + super().read(params)

    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        if alone and len(entries) == 1 and not entries[0].minus:  # the address that other pages lead to
            return {"image": entries[0].key} | entries[0].edit.params()
        return super().write(entries, alone)

    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        row = reads.image(int(entry.key))
        return components.name_of(row.path) if row else "a missing image"

    def thumbnail(self, reads: Reads, entry: Entry):
        known = reads.image(int(entry.key))
        return components.thumb(int(entry.key), "") if known else components.icon("question-lg")

    def stage(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> Stage:
        row = reads.image(int(entry.key))
        if row is None:
            return Stage(components.error_note("That image is not in the library any more."))
        name = components.name_of(row.path)
        picture = html.Img(src=components.url(f"/image/{row.id}"), alt=f"Query: {name}", draggable="false")
        links = components.image_links(row.id, name=name, leave_out=("search",), words=True)
        told = facts.short(reads.library.facts.of(row.id))
        about = [html.Div(told, className="soft small facts-short")] if told else []
        return Stage(picture, [named(row.label or name, reads.told([row])[0]), *about, links], editable=True)

    def query(self, asked: Asked, entry: Entry):
        image = int(entry.key)
        if entry.edit.suffix:
            return VectorsEntry(asked.edited.vectors(image, entry.edit), entry.minus), {image}
        return ImageEntry(image, entry.minus), {image}

    def gone(self, reads: Reads, entry: Entry) -> bool:
        return not reads.library.images_by_id([int(entry.key)])


class Upload(_Listed):
    """A picture from outside, by its digest; its vectors and its preview stay in the browser."""

    name, parameter, pattern = "upload", "upload", r"[0-9a-f]{1,32}"

    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        return names.get(entry.key, "a missing image")

    def thumbnail(self, reads: Reads, entry: Entry):
        return html.Img(alt="", className="thumb", draggable="false", **{"data-upload": entry.key})

    def stage(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> Stage:
        if entry.key not in names:
            return Stage(components.error_note("That image was given in another browser tab; give it again."))
        name = names[entry.key]
        picture = html.Img(alt=f"Query: {name}", draggable="false", **{"data-upload": entry.key})
        place = html.Button(
            [components.icon("geo-alt"), html.Span("Its place on the map")], type="button", className="card-link",
            title="The Map, with its nearest images selected", **{"data-does": "place"},
        )
        return Stage(picture, [named(name), *([place] if reads.map_names() else [])], editable=True)

    def query(self, asked: Asked, entry: Entry):
        if entry.token not in asked.uploads:
            raise QueryError("An image of this search is not in this browser tab any more; give it again.")
        vectors = _fitting(asked.reads, unpacked(asked.uploads[entry.token]))
        return VectorsEntry(vectors, entry.minus), set()


class _Several(Kind):
    """The mean of several images. title: what stands before its name."""

    title = ""

    def members(self, reads: Reads, entry: Entry) -> list[int]:
        """Their ids, ascending; LikenessError with one sentence where there are none."""
        raise NotImplementedError

    def thumbnail(self, reads: Reads, entry: Entry):
        try:
            return self._samples(reads, entry)
        except LikenessError:
            return components.icon("question-lg")  # on the stage there is room to say what is gone

    def stage(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> Stage:
        try:
            content = self._samples(reads, entry)
        except LikenessError as error:
            content = components.error_note(str(error))
        return Stage(content, [named(self.title + self.called(reads, entry, names))])

    def query(self, asked: Asked, entry: Entry):
        members = self.members(asked.reads, entry)
        at = np.linspace(0, len(members) - 1, min(len(members), _MOST_AVERAGED)).astype(int)
        mean = asked.reads.searcher.mean([members[i] for i in at])
        return VectorsEntry(mean, entry.minus), set(members)

    def gone(self, reads: Reads, entry: Entry) -> bool:
        try:
            return not self.members(reads, entry)
        except LikenessError:
            return True

    def _samples(self, reads: Reads, entry: Entry) -> html.Div:
        """A few of the pictures."""
        members = self.members(reads, entry)
        chosen = members[:: max(1, len(members) // _SAMPLES)][:_SAMPLES]
        return html.Div([components.thumb(image_id, "") for image_id in chosen], className="samples")


class Collection(_Several):
    """The mean of a collection, by its name."""

    name, title = "collection", "Collection: "
    told = "Scores: how like the average of the collection"
    parameters = {"collection": False, "minus_collection": True}  # name → whether it is a minus

    def key(self, text: str) -> str | None:
        return text or None

    def read(self, params: Mapping[str, str]) -> list[Entry]:
        return [
            Entry(self.name, key, minus) for parameter, minus in self.parameters.items()
            for key in params.get(parameter, "").split("\n") if key
        ]

    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        return {  # no name has a line break in it
            parameter: "\n".join(one.key for one in entries if one.minus == minus) or None
            for parameter, minus in self.parameters.items()
        }

    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        return entry.key

    def members(self, reads: Reads, entry: Entry) -> list[int]:
        found = notes.collected(reads.library, entry.key)
        if not found:
            raise QueryError(f"The collection “{entry.key}” is empty.")
        return found


class Selection(_Several):
    """The mean of images chosen anywhere, however many; its key is their ids (`reads.id_list`)."""

    name = "selection"
    told = "Scores: how like the average of these"
    parameters = {"these": False, "minus_these": True}

    def key(self, text: str) -> str | None:
        return text if id_list.unpack(text) else None

    def read(self, params: Mapping[str, str]) -> list[Entry]:
        return [
            Entry(self.name, key, minus) for parameter, minus in self.parameters.items()
            for key in params.get(parameter, "").split(",") if self.key(key)
        ]

    def write(self, entries: Sequence[Entry], alone: bool) -> dict[str, object]:
        return {
            parameter: ",".join(one.key for one in entries if one.minus == minus) or None
            for parameter, minus in self.parameters.items()
        }

    def called(self, reads: Reads, entry: Entry, names: Mapping[str, str]) -> str:
        return f"The average of {components.counted(len(id_list.unpack(entry.key)), 'image')}"

    def members(self, reads: Reads, entry: Entry) -> list[int]:
        rows = reads.library.images_by_id(id_list.unpack(entry.key))
        found = sorted(one for one, row in rows.items() if row.state == "ok")
        if not found:
            raise QueryError("Those images are not in the library any more.")
        return found


def named(text: str, title: str | None = None) -> html.Span:
    """The name under a picture of the query."""
    return html.Span(text, className="query-name", title=title or text)


def _fitting(reads: Reads, vectors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """An upload's vectors, when they are as long as the library's, which may be others by now."""
    index = reads.searcher.index()
    if any(name in vectors and len(vectors[name]) != dim for name, dim in index.dims.items()):
        raise QueryError("The library has changed since that image was given; give it again.")
    return vectors


KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (Words(), Palette(), Image(), Upload(), Collection(), Selection())
}
"""By name, in the order in which an address names them."""
