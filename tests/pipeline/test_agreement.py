"""Agreement of two embeddings, image by image, against neighbors found by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import index as indexes
from pipeline.embeddings import usual
from pipeline.errors import EmbeddingError
from pipeline.index.faiss import structures
from pipeline.maps import COMBINED
from pipeline.progress import Silent
from pipeline.quality import agreement as agreements
from pipeline.quality.agreement import cached, compare
from pipeline.settings import IndexOptions
from tests.conftest import synthetic_library

DIMS = {"color": 24, "sift": 40, "efficientnet": 32}


def brute(library, names: tuple[str, ...], ids: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The ten nearest of `ids` among others by the mean of the cosines as usually weighed, nearest first: (n, 10) ids."""
    total = 0
    for name, weight in usual(names).items():
        having, rows = library.vectors(name)
        rows = rows[np.searchsorted(having, among)]
        total = total + weight * (rows @ rows.T)
    total = total[np.searchsorted(among, ids)]
    total[np.arange(len(ids)), np.searchsorted(among, ids)] = -np.inf
    return among[np.argsort(-total, axis=1, kind="stable")[:, :10]]


def shares(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.array([len(set(one) & set(other)) / 10 for one, other in zip(first.tolist(), second.tolist())])


@pytest.fixture
def small(tmp_path):
    """300 images; the first sees nothing by `sift`, the second has no vector there."""
    library = synthetic_library(tmp_path / "small", 300, DIMS)
    library.store([], {"sift": ("sift/test", [1], np.zeros((1, 40), np.float32))})
    library.db.execute("DELETE FROM sift_vectors WHERE image_id = 2")
    return library


@pytest.mark.parametrize("pair", [("sift", "color"), ("color", COMBINED)])
@pytest.mark.parametrize("options", [IndexOptions(), IndexOptions(storage="int8")], ids=["exact", "rounded"])
def test_the_share_is_that_of_neighbors_found_by_hand(small, pair, options):
    index, _ = indexes.build(small, options=options)
    among = np.arange(3 if "sift" in pair else 1, 301)
    if COMBINED in pair:  # an image without a texture is compared by what it has
        pair, names = ("color", COMBINED), ("color", "efficientnet")
        small.db.execute("DELETE FROM sift_vectors")
        index, _ = indexes.build(small, ["color", "efficientnet"], options)
        sides = [("color",), names]
    else:
        sides = [(name,) for name in pair]
    found = compare(small, index, *pair)
    first, second = (brute(small, side, among, among) for side in sides)
    assert found.ids.tolist() == among.tolist() and found.among == len(among)
    assert found.share.dtype == np.float32
    if options.storage == "float32":
        assert (found.first == first).all() and (found.second == second).all()
        assert found.share == pytest.approx(shares(first, second))
    else:
        assert np.abs(found.share - shares(first, second)).mean() < 0.02
    turned = compare(small, index, pair[1], pair[0])
    assert turned.ids.tolist() == found.ids.tolist() and (turned.share == found.share).all()


def test_images_of_equal_share_are_ordered_by_how_far_apart_they_are(small):
    index, _ = indexes.build(small)
    found = compare(small, index, "color", "sift")
    vectors = {name: dict(zip(*small.vectors(name))) for name in ("color", "sift")}

    def gap(name: str, own: int, mine, theirs) -> float:
        near, far = (np.mean([vectors[name][own] @ vectors[name][i] for i in ids]) for ids in (mine, theirs))
        return near - far

    def typical(name: str, neighbors) -> float:
        matrix = np.array([vectors[name][i] for i in found.ids.tolist()])
        near = [np.mean([vectors[name][i] @ vectors[name][j] for j in row])
                for i, row in zip(found.ids.tolist(), neighbors.tolist())]
        return float(np.mean(near) - (matrix @ matrix.mean(axis=0)).mean())

    units = typical("color", found.first), typical("sift", found.second)
    for row in (0, 57, 200):
        own = int(found.ids[row])
        wanted = gap("color", own, found.first[row], found.second[row]) / units[0]
        wanted += gap("sift", own, found.second[row], found.first[row]) / units[1]
        assert found.apart[row] == pytest.approx(wanted / 2, abs=1e-4)
    assert (found.apart >= 0).all()
    order = found.ranking()
    assert sorted(order.tolist()) == list(range(len(found.ids)))
    assert (np.diff(found.share[order]) >= 0).all()
    none = order[found.share[order] == 0]
    assert len(none) > 10 and (np.diff(found.apart[none]) <= 0).all()
    assert found.ranking(agreeing=True).tolist() == order[::-1].tolist()


class Untouched(Silent):
    """Fails where any work begins."""

    def start(self, stage: str, total: int) -> None:
        pytest.fail("found again")


def test_what_was_found_is_kept_until_the_vectors_change(small):
    index, _ = indexes.build(small)
    assert cached(small, index, "color", "sift") is None
    before = compare(small, index, "color", "sift")
    files = sorted((small.data / "agreement").iterdir())
    assert [file.name for file in files] == ["color+sift.npz"]  # nothing temporary is left
    written = files[0].stat().st_mtime_ns
    again = compare(small, indexes.load(small), "sift", "color", Untouched())
    assert (again.first == before.second).all() and (again.share == before.share).all()
    assert files[0].stat().st_mtime_ns == written

    new = {"root_id": 1, "path": "new.jpg", "size": 1, "mtime": 0.0, "content_hash": "f" * 32}
    small.db["images"].insert(new | {"id": 301})
    twin = {name: (f"{name}/test", [301], small.vectors(name, [7])[1]) for name in DIMS}
    small.store([], twin)
    index, done = indexes.build(small)
    assert done == "extended" and cached(small, index, "color", "sift") is None
    after = compare(small, index, "color", "sift")
    assert after.ids.tolist() == [*before.ids.tolist(), 301]
    assert after.first[4, 0] == 301 and after.second[4, 0] == 301  # image 7 has found its twin
    among = np.arange(3, 302)
    truth = shares(*(brute(small, (name,), among, among) for name in ("color", "sift")))
    assert after.share == pytest.approx(truth)

    files[0].write_bytes(files[0].read_bytes()[:1000])  # cut off, as by a full disk
    assert cached(small, index, "color", "sift") is None
    assert (compare(small, index, "color", "sift").share == after.share).all()


@pytest.mark.slow
def test_a_large_library_is_asked_evenly_and_searched_through_the_graph(tmp_path, monkeypatch):
    library = synthetic_library(tmp_path / "large", 1_500, DIMS)
    monkeypatch.setattr(structures, "EXACT_BELOW", 500)
    index, _ = indexes.build(library)
    monkeypatch.setattr(agreements, "ALL_BELOW", 400)
    found = compare(library, index, "color", "sift")
    assert len(found.ids) == 400 and found.among == 1_500
    assert found.ids[0] == 1 and found.ids[-1] == 1_500 and np.ptp(np.diff(found.ids)) <= 1
    among = np.arange(1, 1_501)
    truth = shares(*(brute(library, (name,), found.ids, among) for name in ("color", "sift")))
    assert np.abs(found.share - truth).mean() < 0.02
    assert (found.first != found.ids[:, None]).all() and (found.second != found.ids[:, None]).all()


def test_two_different_embeddings_of_the_index_are_needed(small):
    index, _ = indexes.build(small)
    with pytest.raises(EmbeddingError, match="two different"):
        compare(small, index, "color", "color")
    with pytest.raises(EmbeddingError, match="dreamsim.*not in the index"):
        cached(small, index, "color", "dreamsim")


def test_one_image_has_nobody_to_agree_on(tmp_path):
    library = synthetic_library(tmp_path / "one", 1, DIMS)
    index, _ = indexes.build(library)
    found = compare(library, index, "color", "sift")
    assert len(found.ids) == len(found.share) == 0
