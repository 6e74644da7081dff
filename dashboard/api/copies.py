"""The operation that says which images a picture is a copy of."""

from __future__ import annotations

from dashboard.api.models import Copy, Known
from dashboard.api.operation import Asked, Operation, Parameters
from dashboard.pools import MODELS
from dashboard.reads import known
from pipeline.errors import ImageError
from pipeline.library.images import printable


def copies_of(asked: Asked) -> Known:
    """What the library has of a picture from outside, which is looked at and forgotten."""
    name, data = asked.body
    try:
        _, copies = known.of(asked.reads, data)
    except ImageError as error:
        raise ImageError(f"“{name}” cannot be looked at: {error}.") from None
    tells = asked.reads.data_told is not None
    return Known(copies=[
        Copy(id=row.id, path=row.shown, root=printable(row.root) if tells else None, kind=reason.kind, reason=reason.told)
        for row, reason in copies
    ])


OPERATIONS = (
    Operation("known", "POST", "/known", "Which images a picture of your own is a copy of", copies_of, gives=Known,
              about="The same file, or the same picture saved again, smaller, recolored, cropped, turned, mirrored, framed, or with "
                    "something laid over it. It is looked at and forgotten.",
              picture=True, pool=MODELS, group="Search"),
)
