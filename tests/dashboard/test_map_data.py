"""What travels of a map: every point of a small one, and of a large one what the view needs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from dashboard.app import create_app
from dashboard.reads import Reads, map_data
from dashboard.reads.map_data import Drawings
from pipeline import maps
from pipeline.library import Library
from pipeline.maps import COMBINED, store
from tests import large_library
from tests.dashboard.test_figures import decoded

COUNT = 4_000


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A library whose map is treated as very large."""
    data = tmp_path_factory.mktemp("large") / "library"
    large_library.make(data, COUNT)
    return Library(data)


@pytest.fixture
def sampled(large, monkeypatch):
    monkeypatch.setattr(map_data, "WHOLE_UP_TO", 1_000)
    monkeypatch.setattr(map_data, "SAMPLE", 800)
    monkeypatch.setattr(map_data, "LEAST", 5)
    return Drawings(Reads(large)).of(COMBINED)


@pytest.mark.parametrize("dim", [2, 3])
def test_every_image_travels_with_its_place_cluster_and_label(reads, dim):
    data = map_data.overview(Drawings(reads).of(COMBINED), dim)
    made = reads.map(COMBINED)
    trace, facts = data["figure"]["data"][0], data["facts"]
    ids = decoded(trace["customdata"])
    assert sorted(ids.tolist()) == made.ids.tolist() and facts["total"] == len(ids) and "at" not in facts
    rows = np.searchsorted(made.ids, ids)
    places = made.xy if dim == 2 else made.xyz
    for axis, column in zip("xyz", places[rows].T):
        np.testing.assert_array_equal(decoded(trace[axis]), column)
    cluster = decoded(facts["cluster"])
    np.testing.assert_array_equal(cluster, made.cluster[rows])
    assert (np.diff(cluster) >= 0).all()
    names = [name for name, _ in facts["labels"]]
    assert [names[code] for code in decoded(facts["label"])] == reads.labels_of(ids)
    assert [count for _, count in facts["labels"]] == sorted((c for _, c in facts["labels"]), reverse=True)


def test_a_drawing_follows_the_map_and_the_labels(library):
    reads = Reads(library)
    drawings = Drawings(reads)
    first = drawings.of(COMBINED)
    assert drawings.of(COMBINED) is first
    image = int(first.ids[0])
    library.db.execute("UPDATE images SET label = 'brand new' WHERE id = ?", [image])
    assert ["brand new", 1] in drawings.of(COMBINED).labels
    store.save(library, maps.load(library, "sift"))
    assert drawings.of("sift").shown is reads.map("sift")


def test_a_sample_keeps_every_cluster_and_says_which_points_it_has(sampled):
    facts = map_data.overview(sampled, 2)["facts"]
    at = decoded(facts["at"])
    assert facts["total"] == COUNT and len(at) < 0.3 * COUNT and (np.diff(at.astype(int)) > 0).all()
    sizes = np.bincount(sampled.cluster + 1)
    kept = np.bincount(sampled.cluster[at] + 1, minlength=len(sizes))
    assert (kept >= np.minimum(sizes, 5)).all()
    np.testing.assert_array_equal(decoded(facts["cluster"]), sampled.cluster[at])


def read(data: bytes) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The answer of detail(), taken apart as the browser does."""
    head = np.frombuffer(data, "<f4", 3)
    start, found = 12, {}
    columns = {"x": "<f4", "y": "<f4", "ids": "<i4", "at": "<u4", "cluster": "<i2", "label": "<i2"}
    for name, kind in columns.items():
        found[name] = np.frombuffer(data, kind, int(head[0]), start)
        start += found[name].nbytes
    assert start == len(data)
    return head, found


def test_a_view_gets_its_points_and_the_images_asked_for(large, sampled):
    server = create_app(large).server.test_client()
    x0, x1, y0, y1 = sampled.bounds
    box = [x0 + 0.4 * (x1 - x0), x0 + 0.6 * (x1 - x0), y0 + 0.4 * (y1 - y0), y0 + 0.6 * (y1 - y0)]
    x, y = sampled.xy.T
    inside = np.flatnonzero((x >= box[0]) & (x <= box[1]) & (y >= box[2]) & (y <= box[3]))
    far = int(sampled.ids[np.flatnonzero(x < box[0])[0]])
    answer = server.get(f"/map/{COMBINED}/points?box={','.join(map(str, box))}&ids={far},999999")
    head, points = read(answer.data)
    assert answer.status_code == 200 and head[1] == len(inside) > 800
    assert far in points["ids"] and (np.diff(points["at"].astype(int)) > 0).all()
    for name in ("ids", "cluster", "label"):
        np.testing.assert_array_equal(points[name], getattr(sampled, name)[points["at"]])
    np.testing.assert_array_equal(np.stack([points["x"], points["y"]], 1), sampled.xy[points["at"]])
    assert set(sampled.cluster[inside]) <= set(points["cluster"])
    close = [box[0], box[0] + 0.3 * (box[1] - box[0]), box[2], box[2] + 0.3 * (box[3] - box[2])]
    head, points = read(map_data.detail(sampled, close, []))
    np.testing.assert_array_equal(points["at"], sampled.inside(close))
    assert len(points["at"]) == head[1] > 0


@pytest.mark.parametrize(
    "query", ["", "box=1,2,3", "box=1,0,0,1", "box=0,nan,0,1", "box=0,1,0,1&ids=x", "box=0,1,0,inf"]
)
def test_nonsense_is_refused(made_library, query):
    server = create_app(Library(made_library)).server.test_client()
    assert server.get(f"/map/{COMBINED}/points?{query}").status_code == 400
    assert server.get("/map/nothing/points?box=0,1,0,1").status_code == 404
    assert server.get("/map/nothing/density.png?box=0,1,0,1").status_code == 404


def test_the_picture_of_density_is_opaque_where_points_are(large, sampled):
    server = create_app(large).server.test_client()
    box = ",".join(map(str, sampled.bounds))
    answer = server.get(f"/map/{COMBINED}/density.png?box={box}&theme=dark")
    alpha = np.asarray(Image.open(io.BytesIO(answer.data)))[..., 1]
    assert answer.mimetype == "image/png" and max(alpha.shape) <= max(map_data.RASTER)
    x0, x1, y0, y1 = sampled.bounds
    column = ((sampled.xy[:, 0] - x0) / (x1 - x0) * alpha.shape[1]).astype(int).clip(1, alpha.shape[1] - 2)
    row = ((y1 - sampled.xy[:, 1]) / (y1 - y0) * alpha.shape[0]).astype(int).clip(1, alpha.shape[0] - 2)
    around = np.max([alpha[row + i, column + j] for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)
    assert (around[(row > 1) & (column > 1)] > 0).all()
    assert (alpha == 0).mean() > 0.5
