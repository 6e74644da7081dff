"""The tools that an assistant has: search, neighbors, describe, and the library at a glance. All only read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from pipeline import VERSION, columns, maps, things
from pipeline import status as library_status
from pipeline.columns.registry import known
from pipeline.errors import LikenessError, NoteError, QueryError
from pipeline.library import Library, notes
from pipeline.maps import naming
from pipeline.search import Filter, ImageEntry, Query, Searcher, WordsEntry, printed

MOST = 100
"""Matches of one answer: what an assistant can take in."""

_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_ABOUT = (
    "A library of pictures on this machine. `search` finds pictures by words, `neighbors` by a picture of the library, "
    "`describe` says what is known of one and shows it, `library` what there is and what conditions can be on. "
    "Pictures are named by their ids. Nothing can be changed."
)

Weights = Annotated[dict[str, float] | None, Field(description="How much each embedding counts, 0 to 1; names as `library` has them.")]
Where = Annotated[str, Field(description="Conditions, as in `label=dress,shirt;taken>=2020;size<5MB`; columns as `library` has them.")]
Count = Annotated[int, Field(ge=1, le=MOST, description="So many matches at most.")]
Offset = Annotated[int, Field(ge=0, le=10_000, description="Leave out so many of the best.")]


def server(library: Library, *, folders: bool = True) -> MCPServer:
    """The server of a library. folders: whether it says where files lie."""
    searcher = Searcher(library)
    made = MCPServer("likeness", title="Likeness", instructions=_ABOUT, version=VERSION, log_level="WARNING")

    def tool(title: str, function: Callable, structured: bool = True) -> None:
        made.add_tool(_said(function), title=title, annotations=_READS, structured_output=structured)

    def search(words: Annotated[str, Field(description="What they show, in plain words: things and colors.")],
               unlike: Annotated[str, Field(description="Unlike these words.")] = "", weights: Weights = None,
               where: Where = "", count: Count = 12, offset: Offset = 0) -> dict[str, Any]:
        """Find pictures by words, best first, with score and parts (0 to 1: how far a picture stands out)."""
        if not words.strip():
            raise QueryError("Say what the pictures show: words for things and colors, as in `red dress`.")
        entries = (WordsEntry(words), *([WordsEntry(unlike, minus=True)] if unlike.strip() else []))
        return found(Query(entries, weights, count, offset, filter=Filter(columns.parse(where))))

    def neighbors(image: Annotated[int, Field(description="The picture's id.")], weights: Weights = None, where: Where = "",
                  count: Count = 12, offset: Offset = 0) -> dict[str, Any]:
        """Find the pictures most like one of the library, with the cosine by each embedding."""
        there(library, image)
        passing = Filter(columns.parse(where), exclude=(image,))
        return found(Query((ImageEntry(image),), weights, count, offset, filter=passing))

    def found(query: Query) -> dict[str, Any]:
        return printed.as_json(library, searcher.search(query), roots=folders)

    def describe(image: Annotated[int, Field(description="The picture's id.")]) -> list:
        """What is known of a picture (file, facts, tags, collections, what it looks like, its clusters), and its thumbnail."""
        told = described(library, image, folders)
        jpeg = library.thumbnail(image)
        return [told, Image(data=jpeg, format="jpeg")] if jpeg else [told]

    def glance() -> dict[str, Any]:
        """What there is: counts, embeddings, maps with their clusters, labels, collections, and columns for conditions."""
        return {
            **library_status.status(library),
            "clusters": {name: naming.called(library, maps.load(library, name)) for name in maps.names(library)},
            "labels": library.labels(), "tags": notes.tags(library),
            "collections": {one.name: one.count for one in notes.collections(library)},
            "columns": [one.name for one in known(library).values() if folders or one.name != "root"],
        }

    tool("Find pictures by words", search)
    tool("Pictures like one", neighbors)
    tool("About a picture", describe, structured=False)
    glance.__name__ = "library"
    tool("The library at a glance", glance)
    return made


def there(library: Library, image: int):
    """The row of an image; NoteError where there is none."""
    row = library.image(image) if 0 <= image < 2**63 else None
    if row is None:
        raise NoteError(f"There is no picture {image}.")
    return row


def described(library: Library, image: int, folders: bool) -> dict[str, Any]:
    """What is known of an image."""
    row = there(library, image)
    looks = things.seen(library).of(image) if things.available(library) else []
    clusters = {}
    for name in maps.names(library):
        made = maps.load(library, name)
        number = dict(zip(made.ids.tolist(), made.cluster.tolist())).get(image, -1)
        clusters[name] = naming.called(library, made)[number] if number >= 0 else None
    return {
        "id": row.id, "path": row.shown, **({"file": row.place} if folders else {}), "label": row.label,
        "state": row.state, "width": row.width, "height": row.height, "bytes": row.size,
        "facts": library.facts.of(image).values, "tags": notes.tags_of(library, [image]).get(image, []),
        "collections": notes.collections_of(library, image),
        "looks_like": {name: round(float(share), 3) for name, share in looks if share >= things.SURE}, "clusters": clusters,
    }


def _said(function: Callable) -> Callable:
    """A tool whose refusals are the sentence that a person would get."""

    @wraps(function)
    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except LikenessError as error:
            raise ToolError(str(error)) from None

    return guarded
