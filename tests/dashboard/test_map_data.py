"""What travels of a map: every point of a small one, and of a large one what the view needs."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
from PIL import Image

from dashboard.app import create_app
from dashboard.reads import Reads, map_data
from dashboard.reads.map_data import Drawings
from dashboard.reads.packing import pack, unpack
from pipeline import maps
from pipeline.library import Library, notes
from pipeline.maps import COMBINED, store
from tests.dashboard.conftest import LARGE


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


@pytest.fixture(scope="module")
def large(unopened_large, tmp_path_factory) -> Library:
    """A library whose map is treated as very large."""
    return Library(shutil.copytree(unopened_large, tmp_path_factory.mktemp("large") / "library"))


@pytest.fixture
def sampled(large, monkeypatch):
    monkeypatch.setattr(map_data, "WHOLE_UP_TO", 1_000)
    monkeypatch.setattr(map_data, "SAMPLE", 800)
    monkeypatch.setattr(map_data, "LEAST", 5)
    return Drawings(Reads(large)).of(COMBINED)


@pytest.mark.parametrize("dim", [2, 3])
def test_every_image_travels_with_its_place_cluster_and_label(reads, dim):
    facts, sent = unpack(map_data.overview(Drawings(reads).of(COMBINED), dim))
    made = reads.map(COMBINED)
    ids = sent["ids"]
    assert sorted(ids.tolist()) == made.ids.tolist() and facts["total"] == len(ids) and "at" not in sent
    rows = np.searchsorted(made.ids, ids)
    places = made.xy if dim == 2 else made.xyz
    for axis, column in zip("xyz", places[rows].T):
        np.testing.assert_array_equal(sent[axis], column)
    cluster = sent["cluster"]
    np.testing.assert_array_equal(cluster, made.cluster[rows])
    assert (np.diff(cluster) >= 0).all()
    names = [name for name, _ in facts["labels"]]
    assert [names[code] for code in sent["label"]] == reads.labels_of(ids)
    assert [count for _, count in facts["labels"]] == sorted((c for _, c in facts["labels"]), reverse=True)


def test_a_drawing_follows_the_map_and_the_labels(library):
    reads = Reads(library)
    drawings = Drawings(reads)
    first = drawings.of(COMBINED)
    assert drawings.of(COMBINED) is first
    image = int(first.ids[0])
    library.db.execute("UPDATE images SET label = 'brand new' WHERE id = ?", [image])
    assert ["brand new", 1] in drawings.of(COMBINED).labels
    library.db.execute("DELETE FROM sift_vectors WHERE image_id = ?", [image])
    library.mark(image, "missing")
    assert ["brand new", 1] not in drawings.of(COMBINED).labels and drawings.stale(COMBINED)
    store.save(library, maps.load(library, "sift"))
    assert drawings.of("sift").shown is reads.map("sift")


def test_what_is_noted_and_what_is_new_draws_no_map_again(library):
    drawings = Drawings(Reads(library))
    drawing, sent = drawings.of(COMBINED), drawings.packed(COMBINED, 2)
    ids = drawing.ids[:3].tolist()
    notes.tag(library, ids, "red")
    notes.collect(library, "Best", ids)
    notes.name_cluster(library, COMBINED, ids, "Mine", np.array(ids))
    library.db.execute(
        "INSERT INTO images (root_id, path, label, size, mtime) SELECT root_id, 'new.jpg', 'new', 1, 1 FROM images LIMIT 1"
    )
    assert library.generation() and drawings.of(COMBINED) is drawing and drawings.packed(COMBINED, 2) is sent


def test_a_sample_keeps_every_cluster_and_says_which_points_it_has(sampled):
    facts, sent = unpack(map_data.overview(sampled, 2))
    at = sent["at"]
    assert facts["total"] == LARGE and len(at) < 0.3 * LARGE and (np.diff(at.astype(int)) > 0).all()
    sizes = np.bincount(sampled.cluster + 1)
    kept = np.bincount(sampled.cluster[at] + 1, minlength=len(sizes))
    assert (kept >= np.minimum(sizes, 5)).all()
    np.testing.assert_array_equal(sent["cluster"], sampled.cluster[at])


def test_small_clusters_stay_whole_and_large_ones_give_in_proportion():
    sizes = [1_500, 90_000, 8_000, 60, 12, 1]  # −1 none, and five clusters
    cluster = np.repeat(np.arange(-1, 5), sizes)
    kept = np.bincount(cluster[map_data.thinned(np.arange(len(cluster)), cluster, 1_000)] + 1)
    share = 1_000 / len(cluster)
    assert kept.tolist() == [map_data.LEAST, round(90_000 * share), round(8_000 * share), map_data.LEAST, 12, 1]


def test_a_view_gets_its_points_and_the_images_asked_for(large, sampled):
    server = create_app(large).server.test_client()
    x0, x1, y0, y1 = sampled.bounds
    box = [x0 + 0.4 * (x1 - x0), x0 + 0.6 * (x1 - x0), y0 + 0.4 * (y1 - y0), y0 + 0.6 * (y1 - y0)]
    x, y = sampled.xy.T
    inside = np.flatnonzero((x >= box[0]) & (x <= box[1]) & (y >= box[2]) & (y <= box[3]))
    far = int(sampled.ids[np.flatnonzero(x < box[0])[0]])
    answer = server.get(f"/map/points/{COMBINED}?box={','.join(map(str, box))}&ids={far},999999")
    head, points = unpack(answer.data)
    assert answer.status_code == 200 and head["inside"] == len(inside) > 800
    assert far in points["ids"] and (np.diff(points["at"].astype(int)) > 0).all()
    for name in ("ids", "cluster", "label"):
        np.testing.assert_array_equal(points[name], getattr(sampled, name)[points["at"]])
    np.testing.assert_array_equal(np.stack([points["x"], points["y"]], 1), sampled.xy[points["at"]])
    assert set(sampled.cluster[inside]) <= set(points["cluster"])
    close = [box[0], box[0] + 0.3 * (box[1] - box[0]), box[2], box[2] + 0.3 * (box[3] - box[2])]
    head, points = unpack(map_data.detail(sampled, close, []))
    np.testing.assert_array_equal(points["at"], sampled.inside(close))
    assert len(points["at"]) == head["inside"] > 0


@pytest.mark.parametrize(
    "query", ["", "box=1,2,3", "box=1,0,0,1", "box=0,nan,0,1", "box=0,1,0,1&ids=x", "box=0,1,0,inf"]
)
def test_nonsense_is_refused(made_library, query):
    server = create_app(Library(made_library)).server.test_client()
    assert server.get(f"/map/points/{COMBINED}?{query}").status_code == 400
    assert server.get("/map/points/nothing?box=0,1,0,1").status_code == 404
    assert server.get("/map/density/nothing?box=0,1,0,1").status_code == 404


def test_what_is_packed_comes_back_in_place_for_typed_arrays():
    arrays = {"one": np.arange(3, dtype=np.int16), "two": np.array([1.5, -2.5]), "none": np.zeros(0, np.uint32),
              "bytes": np.array([0, 255], np.uint8), "ids": np.arange(5, dtype=">i4")}
    data = pack({"name": "Ä <b>", "total": 7}, arrays)
    head, found = unpack(data)
    assert head == {"name": "Ä <b>", "total": 7} and list(found) == list(arrays)
    start = 4 + int.from_bytes(data[:4], "little")
    for name, array in found.items():
        np.testing.assert_array_equal(array, arrays[name])
        assert (start + int(array.ctypes.data - np.frombuffer(data, np.uint8).ctypes.data) - start) % 8 == 0


def ids_of(server, name: str, asked: dict) -> list[int]:
    answer = server.post(f"/map/find/{name}", json=asked)
    assert answer.status_code == 200, answer.text
    return unpack(answer.data)[1]["ids"].tolist()


def test_images_are_found_by_a_line_and_by_categories(reads, made_library):
    server = create_app(Library(made_library)).server.test_client()
    made = reads.map(COMBINED)
    low, high = (made.xy.min(axis=0) - 1).tolist(), (made.xy.max(axis=0) + 1).tolist()
    box = [low, [high[0], low[1]], high, [low[0], high[1]]]
    assert ids_of(server, COMBINED, {"polygon": box}) == made.ids.tolist()
    without = ids_of(server, COMBINED, {"polygon": box, "by": "cluster", "hidden": [0, -1]})
    assert without == made.ids[made.cluster > 0].tolist()
    assert ids_of(server, COMBINED, {"by": "cluster", "only": [1]}) == made.ids[made.cluster == 1].tolist()
    labels = np.array([label or "" for label in reads.labels_of(made.ids.tolist())])
    largest = unpack(map_data.overview(Drawings(reads).of(COMBINED), 2))[0]["labels"][0][0]
    assert ids_of(server, COMBINED, {"by": "label", "only": [0]}) == made.ids[labels == largest].tolist()
    left = ids_of(server, COMBINED, {"polygon": box, "by": "label", "hidden": [0]})
    assert left == made.ids[labels != largest].tolist()
    other = reads.map("color")
    of_other = ids_of(server, COMBINED, {"by": "map-color", "only": [0]})
    assert of_other == other.ids[other.cluster == 0].tolist()
    for nonsense in ({}, {"polygon": "x"}, {"polygon": [[1, 2, 3]]}, {"polygon": [[0, None]]}, [1], "x"):
        assert server.post(f"/map/find/{COMBINED}", json=nonsense).status_code == 400
    assert server.post("/map/find/nothing", json={"by": "cluster", "only": [0]}).status_code == 404


def test_colors_and_clusters_are_asked_for_by_name(reads, made_library):
    server = create_app(Library(made_library)).server.test_client()
    head, sent = unpack(server.get(f"/map/coloring/{COMBINED}?by=folder").data)
    assert head["by"] == "folder" and len(sent["codes"]) == len(reads.map(COMBINED).ids)
    assert server.get(f"/map/coloring/{COMBINED}?by=mood").status_code == 404
    listed = server.get("/map/clusters/color").json
    sizes = np.bincount(reads.map("color").cluster + 1, minlength=1)
    assert listed["none"] == sizes[0] and [c["count"] for c in listed["clusters"]] == sizes[1:].tolist()
    assert server.get("/map/clusters/nothing").status_code == 404


def test_points_that_pass_a_filter_come_all_however_rare_and_the_picture_is_of_them(sampled):
    x0, x1, y0, y1 = sampled.bounds
    rare = np.zeros(len(sampled), bool)
    rare[:: len(sampled) // 90] = True
    head, points = unpack(map_data.detail(sampled, (x0, x1, y0, y1), [], rare))
    assert set(np.flatnonzero(rare)) < set(points["at"].tolist()) and head["inside"] == len(sampled)
    assert len(points["at"]) < len(sampled)
    few, all_ = (
        np.asarray(Image.open(io.BytesIO(map_data.density(sampled, (x0, x1, y0, y1), False, passed))))[..., 1]
        for passed in (rare, None)
    )
    assert 0 < (few > 0).sum() <= rare.sum() < (all_ > 0).sum()


def test_the_picture_of_density_is_opaque_where_points_are(large, sampled):
    server = create_app(large).server.test_client()
    box = ",".join(map(str, sampled.bounds))
    answer = server.get(f"/map/density/{COMBINED}?box={box}&theme=dark")
    alpha = np.asarray(Image.open(io.BytesIO(answer.data)))[..., 1]
    assert answer.mimetype == "image/png" and max(alpha.shape) <= max(map_data.RASTER)
    x0, x1, y0, y1 = sampled.bounds
    column = ((sampled.xy[:, 0] - x0) / (x1 - x0) * alpha.shape[1]).astype(int).clip(1, alpha.shape[1] - 2)
    row = ((y1 - sampled.xy[:, 1]) / (y1 - y0) * alpha.shape[0]).astype(int).clip(1, alpha.shape[0] - 2)
    around = np.max([alpha[row + i, column + j] for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)
    assert (around[(row > 1) & (column > 1)] > 0).all()
    assert (alpha == 0).mean() > 0.5
