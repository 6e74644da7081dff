"""Pictures over HTTP: /thumb/<id> and /image/<id>. Ids only, never paths."""

from __future__ import annotations

import re
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from flask import Flask, Response, request, send_file

from dashboard.access import READ, needs
from dashboard.pools import PICTURES
from pipeline import stores
from pipeline.errors import ImageError
from pipeline.library import ImageRow, Library
from pipeline.pictures import decoding, formats, untrusted
from pipeline.stores import is_address

IMAGE_SIDE = 2560
"""Long side of a converted picture, px: what a large screen can show."""

_HEAD = 4_096  # bytes that tell a format
_ID = f"<int(max={2**63 - 1}):image_id>"  # what SQLite can hold

# What every current browser decodes by itself, by `decoding.probe`'s name of the format.
_SHOWN_AS_IS = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp",
    "GIF": "image/gif", "BMP": "image/bmp", "AVIF": "image/avif",
}

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
"""What a file's name may hold, and a line of HTTP may not."""

_NO_THUMBNAIL = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
    '<rect width="96" height="96" fill="#8a8a8a" fill-opacity=".18"/>'
    '<path d="M24 68l16-20 10 12 8-9 14 17z" fill="#8a8a8a" fill-opacity=".5"/>'
    '<circle cx="62" cy="34" r="7" fill="#8a8a8a" fill-opacity=".5"/></svg>'
)

LATEST = 253_402_300_799
"""Seconds since 1970 at the end of the year 9999, the last one that HTTP has; files carry later ones."""


def register(server: Flask, library: Library) -> None:
    """Add the two routes to a server."""

    @server.get(f"/thumb/{_ID}")
    @needs(READ)
    def thumb(image_id: int) -> Response:
        jpeg = library.thumbnail(image_id)
        if jpeg:
            return picture(jpeg, "image/jpeg")
        if library.image(image_id) is None:
            return _none()
        return picture(_NO_THUMBNAIL.encode(), "image/svg+xml")

    @server.get(f"/image/{_ID}")
    @needs(READ, pool=PICTURES)
    def image(image_id: int) -> Response:
        row = library.image(image_id)
        if row is None:
            return _none()
        try:
            fetched = decoding.read(row.place) if is_address(row.place) else None
            kind = _SHOWN_AS_IS.get(formats.sniff(fetched or head_of(row.file)))
            # Browsers turn JPEG and PNG as their EXIF says, but not WebP.
            if kind is None or (kind == "image/webp" and _is_turned(fetched or decoding.read(row.file))):
                data = untrusted.decode(fetched or decoding.read(row.file), (IMAGE_SIDE,), decoding.OWN)[0]
                return picture(decoding.encode_jpeg(data), "image/jpeg")
            return _original(row, kind) if fetched is None else picture(fetched, kind)
        except (ImageError, OSError):
            return _none()


def _original(row: ImageRow, kind: str) -> Response:
    """The file as it lies on disk, or the part of it that is asked for."""
    about = row.file.stat()
    answer = send_file(
        row.file, mimetype=kind, conditional=True, etag=f"{about.st_mtime_ns:x}-{about.st_size:x}",
        last_modified=min(max(about.st_mtime, 0), LATEST), download_name=name_of(row),
    )
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer


def name_of(row: ImageRow) -> str:
    """The file's own name, as an answer can carry it."""
    return _CONTROLS.sub("_", PurePosixPath(row.shown).name)


def head_of(file: Path) -> bytes:
    """The first bytes of a regular file; OSError where it is none."""
    with stores.opened(file) as opened:
        return opened.read(_HEAD)


def _is_turned(data: bytes) -> bool:
    return decoding.probe(data).orientation != 1


def picture(data: bytes, kind: str) -> Response:
    """A picture that the browser keeps for a while and then asks after by its content."""
    response = Response(data, mimetype=kind)
    response.set_etag(blake2b(data, digest_size=12).hexdigest())
    response.headers["Cache-Control"] = "private, max-age=300"
    return response.make_conditional(request)


def _none() -> Response:
    return Response("There is no such image.", status=404, mimetype="text/plain")
