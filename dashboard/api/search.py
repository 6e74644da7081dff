"""Operations that search: /search, /neighbors, and what one image is worth to a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal
from urllib.parse import urlencode

from flask import request
from pydantic import Field, model_validator

from dashboard import components
from dashboard.api.models import Compared, Found
from dashboard.api.operation import Asked, Operation, Parameters
from dashboard.api.problems import Wrong
from dashboard.pages.search import board
from dashboard.pages.search.query import Settings, query_of
from dashboard.pools import MODELS
from pipeline.errors import ImageError, NoteError, QueryError
from pipeline.pictures import decoding, untrusted
from pipeline.search import Filter, Query, VectorsEntry, printed
from pipeline.settings import METRICS

MOST = 500
"""Matches of one answer."""
DEEPEST = 20_000
"""Matches that pages go on to: each is walked after those before it."""

_Metric = Literal[METRICS]
_SEPARATORS = {"image": None, "images": ",", "palette": ",", "these": ",", "minus_these": ","}
"""Of those that name several things; the others have a line each."""


class Entries(Parameters):
    """What is searched with, as the address of the Search page has it."""

    words: str | None = Field(None, description="Words for things and colors, as in `red dress`; several entries on a line each.")
    minus_words: str | None = Field(None, description="Unlike these words.")
    image: int | None = Field(None, ge=0, lt=2**63, description="An image of the library, by its id.")
    images: str | None = Field(None, description="Several, as in `3,-17,5~90~m`: a minus, and turned or mirrored.")
    palette: str | None = Field(None, description="Colors with their shares in percent, as in `c8452b.60_fdebc8.40`.")
    collection: str | None = Field(None, description="The average of a collection, by its name.")
    minus_collection: str | None = Field(None, description="Unlike the average of a collection.")
    these: str | None = Field(None, description="The average of images, packed as the pages' addresses have them.")
    minus_these: str | None = Field(None, description="Unlike the average of these.")

    @model_validator(mode="after")
    def _each_is_one(self) -> Entries:
        """Raise for what a page would pass over."""
        for name in Entries.model_fields:
            value = getattr(self, name)
            if value is None:
                continue
            text, mark = str(value), _SEPARATORS.get(name, "\n")
            parts = [text] if mark is None else list(filter(None, text.split(mark)))
            wrong = [part for part in parts if not board.from_params({name: part})] if parts else [text]
            if wrong:
                raise Wrong((name, f"{wrong[0]!r:.80} cannot be searched with"))
        return self

    @property
    def entries(self) -> dict[str, str]:
        """The parameters that name something to search with."""
        return {name: str(value) for name in Entries.model_fields if (value := getattr(self, name)) is not None}


class Ranked(Parameters):
    """How is searched."""

    metric: _Metric = Field(METRICS[0], description="How to rank; hamming compares perceptual hashes.")
    where: str = Field("", description="Conditions that matches meet, as in `tag=red,blue;date>=2020-05`.")
    exact: bool = Field(False, description="Scan every image instead of walking the index.")


class Paged(Parameters):
    """Which part of a long list."""

    count: int = Field(24, ge=1, le=MOST, description="So many at most.")
    offset: int = Field(0, ge=0, le=DEEPEST, description="Leave out so many of the first.")


class Search(Entries, Ranked, Paged):
    """A search."""


class Neighbors(Ranked, Paged):
    """Who is near an image."""

    image: int = Field(ge=0, lt=2**63, description="An image of the library, by its id.")


class Worth(Entries, Ranked):
    """A query, and the image that it is put to."""

    id: int = Field(ge=0, lt=2**63, description="The image's id.")


def search(asked: Asked) -> Found:
    """The images nearest to a query."""
    return _found(asked, _query(asked, asked.given.entries), asked.given)


def by_picture(asked: Asked) -> Found:
    """The same with a picture from outside, which is looked at and forgotten."""
    name, data = asked.body
    try:
        pixels = untrusted.decode(data, (decoding.WORK_SIDE,))[0]
    except ImageError as error:
        raise ImageError(f"“{name}” cannot be searched with: {error}.") from None
    picture = VectorsEntry(asked.reads.embed(pixels))
    query = _query(asked, asked.given.entries)
    return _found(asked, replace(query, entries=(picture, *query.entries)), asked.given)


def neighbors(asked: Asked) -> Found:
    """The images nearest to one of the library, itself left out."""
    there(asked, asked.given.image)
    return _found(asked, _query(asked, {"image": str(asked.given.image)}), asked.given)


def worth(asked: Asked) -> Compared:
    """The score and the parts that an image of the library has for a query."""
    image = there(asked, asked.given.id).id
    query = _query(asked, asked.given.entries)
    only = Filter(query.filter.conditions, ids=(image,))
    result = asked.reads.search(replace(query, filter=only, exact=True, top_k=1, offset=0))
    if not result.matches:
        raise QueryError("This image has nothing that could be compared with that, or does not meet the conditions.")
    match = result.matches[0]
    return Compared(id=match.id, score=match.score, parts=match.parts, weights=result.weights)


def there(asked: Asked, image: int):
    """The row of an image; NoteError where there is none."""
    row = asked.reads.image(image)
    if row is None:
        raise NoteError(f"There is no image {image}.")
    return row


def _query(asked: Asked, entries: Mapping[str, str]) -> Query:
    """The query that the Search page would ask."""
    given, reads = asked.given, asked.reads
    settings = Settings(asked.weights or {}, metric=given.metric, where=given.where)
    chosen = board.from_params(entries)
    query = query_of(reads, asked.edited, chosen, {}, settings)
    if any(part.scaled for part in query.entries) and given.metric != METRICS[0]:
        raise QueryError(f"Words and palettes are searched for by cosine; {given.metric} compares pictures alone.")
    weights = None if given.metric == "hamming" else asked.weights  # as given: a program that names the usual ones means them
    return replace(
        query, weights=weights, exact=given.exact, top_k=getattr(given, "count", 1), offset=getattr(given, "offset", 0)
    )


def _found(asked: Asked, query: Query, given: Paged) -> Found:
    result = asked.reads.search(query)
    told = printed.as_json(asked.reads.library, result, roots=asked.reads.data_told is not None)
    full = len(result.matches) == given.count and given.offset + given.count <= DEEPEST
    following = next_page(asked, given) if full and request.method == "GET" else None
    return Found.model_validate(told | {"next": following})


def next_page(asked: Asked, given: Paged) -> str:
    """The address of what follows."""
    return f"{components.url(request.path)}?{urlencode({**request.args.to_dict(), 'offset': given.offset + given.count})}"


OPERATIONS = (
    Operation("search", "GET", "/search", "Find images by words, colors and images of the library", search, Search, Found,
              about="The parameters are those of the Search page's address, and the answer is that of `search --json`.",
              weighs=True, pool=MODELS, group="Search", example={"words": "red", "count": 6}),
    Operation("search_by_picture", "POST", "/search", "Find images by a picture of your own", by_picture, Search, Found,
              about="It is looked at and forgotten. Other entries and all settings stand in the address.",
              weighs=True, picture=True, pool=MODELS, group="Search"),
    Operation("neighbors", "GET", "/neighbors", "The images nearest to one of the library", neighbors, Neighbors, Found,
              about="The same as /search?image=…, for one image that has to be there.",
              weighs=True, pool=MODELS, group="Search", example={"image": 1, "count": 6}),
    Operation("worth", "GET", "/images/{id}/parts", "What an image is worth to a query, part by part", worth, Worth, Compared,
              about="As a search has it, however far down the image would stand: score, and what each embedding contributes.",
              weighs=True, pool=MODELS, group="Images", example={"id": 1, "image": 2}),
)
