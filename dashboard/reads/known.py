"""Which images of a library a picture that somebody sends is a copy of: it is looked at and forgotten."""

from __future__ import annotations

import base64

import numpy as np

from dashboard.reads.reads import Reads
from pipeline.duplicates import Reason, known
from pipeline.library import ImageRow
from pipeline.pictures import decoding, untrusted


def of(reads: Reads, data: bytes) -> tuple[np.ndarray, list[tuple[ImageRow, Reason]]]:
    """The picture (h, w, 3) uint8 RGB, and what it is a copy of, with why. data: the bytes of a file. Raises ImageError
    where it cannot be read."""
    picture = untrusted.decode(data, (known.SIDE,))[0]
    found = known.copies_of(reads.searcher, picture, known.content_of(data))
    rows = reads.library.images_by_id([one.image for one in found])
    return picture, [(rows[one.image], one.reason) for one in found if one.image in rows]


def told(reads: Reads, data: bytes) -> dict:
    """The same as a page takes it: {"src": a thumbnail as an address of data, "copies": [{"id", "name", "path", "kind",
    "text"}]}."""
    picture, copies = of(reads, data)
    called = reads.called([row.id for row, _ in copies])
    return {
        "src": "data:image/jpeg;base64," + base64.b64encode(decoding.thumbnail(picture)).decode(),
        "copies": [
            {"id": row.id, "name": called[row.id].name, "path": called[row.id].path, "kind": reason.kind, "text": reason.text}
            for row, reason in copies
        ],
    }
