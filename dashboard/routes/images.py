"""Pictures over HTTP: /thumb/<id> and /image/<id>. Ids only, never paths."""

from __future__ import annotations

from hashlib import blake2b

from flask import Flask, Response, request

from dashboard.access import READ, needs
from pipeline.errors import ImageError
from pipeline.library import Library
from pipeline.pictures import decoding, untrusted

IMAGE_SIDE = 2560
"""Long side of a converted picture, px: what a large screen can show."""

_ID = f"<int(max={2**63 - 1}):image_id>"  # what SQLite can hold

# What every current browser decodes by itself, by `decoding.probe`'s name of the format.
_SHOWN_AS_IS = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp",
    "GIF": "image/gif", "BMP": "image/bmp", "AVIF": "image/avif",
}

_NO_THUMBNAIL = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
    '<rect width="96" height="96" fill="#8a8a8a" fill-opacity=".18"/>'
    '<path d="M24 68l16-20 10 12 8-9 14 17z" fill="#8a8a8a" fill-opacity=".5"/>'
    '<circle cx="62" cy="34" r="7" fill="#8a8a8a" fill-opacity=".5"/></svg>'
)


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
    @needs(READ)
    def image(image_id: int) -> Response:
        row = library.image(image_id)
        if row is None:
            return _none()
        try:
            data = decoding.read(row.file)
            info = decoding.probe(data)
            kind = _SHOWN_AS_IS.get(info.format)
            # Browsers turn JPEG and PNG as their EXIF says, but not WebP.
            if kind is None or (info.format == "WEBP" and info.orientation != 1):
                data = decoding.encode_jpeg(untrusted.decode(data, (IMAGE_SIDE,), decoding.OWN)[0])
                kind = "image/jpeg"
        except ImageError:
            return _none()
        return picture(data, kind)


def picture(data: bytes, kind: str) -> Response:
    """A picture that the browser keeps for a while and then asks after by its content."""
    response = Response(data, mimetype=kind)
    response.set_etag(blake2b(data, digest_size=12).hexdigest())
    response.headers["Cache-Control"] = "private, max-age=300"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response.make_conditional(request)


def _none() -> Response:
    return Response("There is no such image.", status=404, mimetype="text/plain")
