"""Operations on maps: which there are, and one of them as JSON or Arrow."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Literal

import numpy as np
from flask import Response, request
from pydantic import Field

from dashboard.api.models import Cluster, Map, Maps
from dashboard.api.operation import JSON, Asked, Operation, Parameters
from dashboard.pools import LONG
from dashboard.reads.clusterings import Clustering
from pipeline import maps as made
from pipeline.maps.granularity import COARSEST, FINEST

ARROW = "application/vnd.apache.arrow.stream"
_ROWS = 50_000  # points of a batch


class Named(Parameters):
    """A map, and in which form."""

    name: str = Field(description="As /maps lists it.")
    dim: Literal["2", "3"] = Field("2", description="Flat, or in space.")
    grain: int = Field(0, ge=COARSEST, le=FINEST, description="Granularity of its clusters: below 0 fewer, above more.")
    form: Literal["json", "arrow"] | None = Field(None, description="JSON, or an Arrow stream; without it as the header Accept says.")


def listed(asked: Asked) -> Maps:
    """The maps at a glance."""
    return Maps.model_validate({"maps": made.about(asked.reads.library)})


def one(asked: Asked) -> Response:
    """A map, streamed."""
    given = asked.given
    shown = asked.clusterings.at(made.known(asked.reads.library, given.name), given.grain)
    dim = int(given.dim)
    wants = request.accept_mimetypes.best_match([JSON, ARROW], JSON)
    if (given.form or ("arrow" if wants == ARROW else "json")) == "arrow":
        return Response(_arrow(asked, shown, dim), mimetype=ARROW, direct_passthrough=True)
    return Response(_json(asked, shown, dim), mimetype=JSON)


def _head(asked: Asked, shown: Clustering, dim: int) -> Map:
    """The map without its points."""
    titles, sizes = asked.clusterings.titles(shown), np.bincount(shown.map.cluster + 1, minlength=len(shown.map.exemplars) + 1)
    return Map(
        name=shown.map.name, dim=dim, stale=made.is_stale(asked.reads.library, shown.saved), points=[],
        clusters=[
            Cluster(number=number, name=title, count=int(sizes[number + 1]), exemplars=[int(i) for i in typical if i >= 0])
            for number, (title, typical) in enumerate(zip(titles, shown.map.exemplars))
        ],
    )


def _places(shown: Clustering, dim: int) -> np.ndarray:
    return shown.map.xyz if dim == 3 else shown.map.xy


def _json(asked: Asked, shown: Clustering, dim: int) -> Iterator[bytes]:
    import json

    head = _head(asked, shown, dim).model_dump_json()
    yield head[: head.rindex("[")].encode() + b"["
    places, ids, clusters = _places(shown, dim), shown.map.ids, shown.map.cluster
    for start in range(0, len(ids), _ROWS):
        part = slice(start, start + _ROWS)
        rows = [
            {"id": one, **dict(zip("xyz", map(_rounded, place))), "cluster": cluster, **({"label": label} if label else {})}
            for one, place, cluster, label in zip(
                ids[part].tolist(), places[part].tolist(), clusters[part].tolist(), shown.labels[part]
            )
        ]
        yield (b"," if start else b"") + json.dumps(rows, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
    yield b"]}"


def _rounded(value: float) -> float:
    return round(value, 5)


def _arrow(asked: Asked, shown: Clustering, dim: int) -> Iterator[bytes]:
    """Record batches of id, x, y (z), cluster, label; clusters and name as metadata of the schema, JSON."""
    import pyarrow as pa

    head = _head(asked, shown, dim)
    schema = pa.schema(
        [("id", pa.int64()), *((axis, pa.float32()) for axis in "xyz"[:dim]), ("cluster", pa.int32()), ("label", pa.string())],
        metadata={"likeness": head.model_dump_json(exclude={"points"})},
    )
    sink, places = io.BytesIO(), _places(shown, dim)
    with pa.ipc.new_stream(sink, schema) as writer:
        for start in range(0, len(shown.map.ids), _ROWS):
            part = slice(start, start + _ROWS)
            columns = [shown.map.ids[part], *np.ascontiguousarray(places[part].T), shown.map.cluster[part]]
            writer.write_batch(pa.record_batch([*map(pa.array, columns), pa.array(shown.labels[part], pa.string())], schema=schema))
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()


OPERATIONS = (
    Operation("maps", "GET", "/maps", "The maps at a glance", listed, gives=Maps, pool=LONG, group="Maps"),
    Operation("map", "GET", "/maps/{name}", "A map: where images lie, and its clusters", one, Named, Map,
              about="As JSON, or as an Arrow stream with the columns id, x, y, z, cluster and label, whose schema has "
              "name and clusters as metadata under `likeness`.",
              media=(ARROW,), pool=LONG, group="Maps", example={"name": "combined"}),
)
