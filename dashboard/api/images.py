"""Operations on images: lists, what is known of one, its thumbnail and its file."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from flask import Response, send_file
from pydantic import Field

from dashboard.api import problems
from dashboard.api.models import Column, Columns, Image, Images
from dashboard.api.operation import Asked, Operation, Parameters
from dashboard.api.search import next_page, there
from dashboard.pools import LONG, TRANSFER
from dashboard.reads import facets, galleries, table
from dashboard.routes.images import LATEST, name_of, picture
from pipeline import stores
from pipeline.errors import LikenessError, NoteError
from pipeline.library import notes
from pipeline.maps import naming

MOST = 1_000
"""Images of one page."""
LINES = "application/x-ndjson"
_ROWS = 500  # looked up at once


class Listed(Parameters):
    """A set of images, and which part of it."""

    where: str = Field("", description="Conditions that they meet, as in `tag=red,blue;date>=2020-05`.")
    collection: str | None = Field(None, description="Those of a collection.")
    tag: str | None = Field(None, description="Those with a tag.")
    by: str = Field(galleries.AS_GIVEN, description="Their order; `outliers:TITLE` has those of one embedding first.")
    count: int = Field(100, ge=1, le=MOST, description="So many at most; of lines, all come.")
    offset: int = Field(0, ge=0, lt=2**31, description="Leave out so many of the first.")
    form: Literal["json", "lines"] = Field("json", description="One page as JSON, or all from `offset` on as JSON lines, streamed.")


class One(Parameters):
    """An image."""

    id: int = Field(ge=0, lt=2**63, description="The image's id.")


class Passing(Parameters):
    """Conditions."""

    where: str = Field("", description="Conditions, as in `tag=red,blue;date>=2020-05`.")


def listed(asked: Asked) -> Images | Response:
    """A set of images in an order: a page of it, or all of it as lines."""
    given = asked.given
    named = {name: value for name in ("collection", "tag") if (value := getattr(given, name))}
    ids = galleries.among(asked.reads, None, {**named, "where": given.where})
    ids = galleries.ordered(asked.reads, ids, given.by)
    if given.form == "lines":
        return Response(_lines(asked, ids[given.offset :]), mimetype=LINES, direct_passthrough=True)
    part = ids[given.offset : given.offset + given.count].tolist()
    following = next_page(asked, given) if given.offset + given.count < len(ids) else None
    return Images(count=len(ids), images=list(_told(asked, part)), next=following)


def _lines(asked: Asked, ids: np.ndarray) -> Iterator[bytes]:
    try:
        for start in range(0, len(ids), _ROWS):
            for one in _told(asked, ids[start : start + _ROWS].tolist()):
                yield one.model_dump_json(exclude_none=True).encode() + b"\n"
    except Exception as error:
        yield problems.line(error)
        raise


def image(asked: Asked) -> Image:
    """What is known of an image, and the cluster of each map that it lies in."""
    number = there(asked, asked.given.id).id
    return next(_told(asked, [number])).model_copy(update={"clusters": _clusters(asked, number)})


def _told(asked: Asked, ids: Sequence[int]) -> Iterator[Image]:
    reads, library = asked.reads, asked.reads.library
    rows, facts = library.images_by_id(ids), library.facts.of_images(ids)
    tags, kept = notes.tags_of(library, ids), notes.collections_among(library, ids)
    rated = {one.image_id: one.value for one in notes.ratings(library, notes.BY_ITSELF)}
    tells = reads.data_told is not None
    for number in ids:
        if number not in rows:
            continue
        row = rows[number]
        yield Image(
            id=row.id, path=row.shown, root=reads.where(row.root, "") if tells else None, label=row.label,
            state=row.state, reason=row.reason, width=row.width, height=row.height, size=row.size,
            modified=_moment(row.mtime), tags=tags.get(number, []), collections=kept.get(number, []),
            rating=rated.get(number, 0), facts=facts[number].values if number in facts else {},
        )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(min(max(seconds, 0), LATEST), UTC).isoformat(timespec="seconds")


def _clusters(asked: Asked, image_id: int) -> dict[str, str | None]:
    found = {}
    for name in asked.reads.map_names():
        try:
            shown = asked.clusterings.at(name, 0)
        except LikenessError:  # it went this very moment
            continue
        at = int(np.searchsorted(shown.map.ids, image_id))
        if at < len(shown.map.ids) and shown.map.ids[at] == image_id:
            number = int(shown.map.cluster[at])
            own = asked.clusterings.own_names(shown)
            found[name] = naming.titles_from(shown.about, own)[number] if number >= 0 else None
    return found


def thumbnail(asked: Asked) -> Response:
    """Its thumbnail."""
    jpeg = asked.reads.library.thumbnail(there(asked, asked.given.id).id)
    if not jpeg:
        raise NoteError(f"There is no thumbnail of image {asked.given.id}.")
    return picture(jpeg, "image/jpeg")


def original(asked: Asked) -> Response:
    """Its file as it lies on disk or in its store, or the part of it that is asked for."""
    row = there(asked, asked.given.id)
    try:
        opened = stores.opened(row.place)
        if not stores.is_address(row.place):
            opened.close()  # it is a file, and can be sent as one
        kind = mimetypes.guess_type(row.path)[0] or "application/octet-stream"
        kind = kind if kind.startswith("image/") and kind != "image/svg+xml" else "application/octet-stream"
        return send_file(row.file if opened.closed else opened, mimetype=kind, conditional=True, as_attachment=True,
                         last_modified=min(max(row.mtime, 0), LATEST), download_name=name_of(row))
    except OSError:
        raise NoteError(f"The file of image {row.id} is not there now.") from None


def columns(asked: Asked) -> Columns:
    """What conditions can be on."""
    counted = facets.counted(asked.reads, asked.given.where, "")
    known = [Column(name=one.name, title=one.title, kind=one.kind) for one in table.offered(asked.reads)]
    return Columns(columns=known, total=counted["total"], passing=counted["passing"])


OPERATIONS = (
    Operation("images", "GET", "/images", "A set of images with all that is known of them", listed, Listed, Images,
              about="All of the library, a collection, a tag, or what conditions leave; as one page, or streamed as JSON lines.",
              values={"by": galleries.orders}, media=(LINES,), pool=LONG, group="Images", example={"count": 3, "by": "name"}),
    Operation("image", "GET", "/images/{id}", "What is known of an image", image, One, Image,
              pool=LONG, group="Images", example={"id": 1}),
    Operation("thumbnail", "GET", "/images/{id}/thumbnail", "Its thumbnail, 256 px on the long side", thumbnail, One,
              media=("image/jpeg",), pool=LONG, group="Images", example={"id": 1}),
    Operation("original", "GET", "/images/{id}/original", "Its file as it lies on disk", original, One,
              about="Parts of it by the header Range.", media=("application/octet-stream", "image/*"), pool=TRANSFER,
              group="Images", example={"id": 1}),
    Operation("columns", "GET", "/columns", "What conditions can be on, and how many images pass", columns, Passing, Columns,
              pool=LONG, group="Library", example={"where": "size>1"}),
)
