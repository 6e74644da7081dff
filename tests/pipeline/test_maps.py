"""Maps: they keep neighbors together, keep still when little changes, and know when they are old."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as indexes
from pipeline import maps
from pipeline.cli import main
from pipeline.embeddings import usual
from pipeline.errors import LibraryError
from pipeline.index.faiss import neighbors as many
from pipeline.index.faiss import structures
from pipeline.maps import clusters, layout, neighbors
from pipeline.settings import MapOptions
from tests.conftest import synthetic_library, unit


@pytest.mark.parametrize("name", ["color", "combined"])
def test_neighbors_are_the_nearest_and_begin_with_the_image_itself(tmp_path, name, monkeypatch):
    library = synthetic_library(tmp_path, 400, {"color": 16, "sift": 24})
    library.mark(17, "missing")
    index, _ = indexes.build(library)
    ids = np.delete(np.arange(1, 401), 16)
    used = ["color", "sift"] if name == "combined" else [name]
    weights = usual(used)
    similar = sum(weights[n] * library.vectors(n)[1] @ library.vectors(n)[1].T for n in used) / sum(weights.values())
    best = -np.sort(-similar, axis=1)[:, :8]
    for few, accepted in ((10**6, 1.0), (0, 0.97)):  # by scan, and by the graph
        monkeypatch.setattr(many, "ALL_PAIRS_BELOW", few)
        nearest, distances = neighbors.neighbors(index, name, ids, 8)
        assert (nearest[:, 0] == np.arange(len(ids))).all()
        assert np.isclose(1 - distances, best, atol=1e-4).mean() >= accepted


@pytest.mark.slow
def test_a_walk_finds_the_neighbors_among_some_images(tmp_path, monkeypatch):
    monkeypatch.setattr(structures, "EXACT_BELOW", 1_000)
    library = synthetic_library(tmp_path, 2_000, {"color": 16, "sift": 24})
    index, _ = indexes.build(library)
    ids = 1 + np.sort(np.random.default_rng(0).permutation(2_000)[:1_500])
    true = [set(row) for row in neighbors.neighbors(index, maps.COMBINED, ids, 15)[0]]
    monkeypatch.setattr(many, "ALL_PAIRS_BELOW", 0)
    nearest, distances = neighbors.neighbors(index, maps.COMBINED, ids, 15)
    assert (nearest[:, 0] == np.arange(1_500)).all() and (np.diff(distances, axis=1) >= 0).all()
    found = np.mean([len(mine & set(row)) - 1 for mine, row in zip(true, nearest)]) / 14
    assert found >= 0.95
    vectors = neighbors.Vectors(index, maps.COMBINED, ids)
    products = np.einsum("nd,nd->n", vectors[np.arange(1_500)], vectors[nearest[:, 14]])
    assert np.allclose(1 - products, distances[:, 14], atol=1e-5)


def test_a_start_from_many_vectors_reads_them_in_steps():
    generator = np.random.default_rng(0)
    whole = (generator.normal(size=(30_000, 12)) * np.linspace(3, 0.1, 12)).astype(np.float32)

    class Steps:
        largest = 0

        def __len__(self):
            return len(whole)

        def __getitem__(self, at):
            Steps.largest = max(Steps.largest, len(at))
            return whole[at]

    start = layout.pca(Steps(), 2)
    assert Steps.largest <= 8_192
    assert abs(np.corrcoef(start[:, 0], whole[:, 0])[0, 1]) > 0.99
    assert abs(np.corrcoef(start[:, 1], whole[:, 1])[0, 1]) > 0.9


def test_the_maps_of_a_library_keep_themes_together(library):
    for name in ("combined", "efficientnet"):
        made = maps.load(library, name)
        labels = np.array([library.image(int(i)).label for i in made.ids])
        for points in (made.xy, made.xyz):
            apart = np.linalg.norm(points[:, None] - points[None], axis=2)
            nearest = np.argsort(apart, axis=1)[:, 1:6]
            assert (labels[nearest] == labels[:, None]).mean() > 0.4  # by chance 0.15
        assert made.exemplars.shape == (made.clusters, clusters.EXEMPLARS)
        for number, exemplars in enumerate(made.exemplars):
            mine = made.ids[made.cluster == number]
            assert set(exemplars[exemplars >= 0]) <= set(mine)
        sizes = [(made.cluster == number).sum() for number in range(made.clusters)]
        assert sizes == sorted(sizes, reverse=True)


def test_few_new_images_are_placed_and_nothing_else_moves(library):
    before = maps.load(library, "color")
    assert set(maps.build(library).values()) == {"current"}
    twin_of = int(before.ids[10])
    library.db["images"].insert({"id": 999, "root_id": library.add_root("/x"), "path": "twin.jpg", "size": 1, "mtime": 0.0})
    vectors = {
        name: (entry.extractor, [999], library.vectors(name, [twin_of])[1])
        for name, entry in library.embeddings().items()
    }
    library.store([], vectors)
    library.mark(int(before.ids[0]), "missing")
    assert all(row["stale"] for row in maps.about(library).values())
    indexes.build(library)
    assert set(maps.build(library).values()) == {"extended"}
    after = maps.load(library, "color")
    assert not any(row["stale"] for row in maps.about(library).values())
    assert after.ids.tolist() == [*before.ids.tolist()[1:], 999]
    assert np.array_equal(after.xy[:-1], before.xy[1:]) and after.placed.sum() == 1
    spread = np.linalg.norm(before.xy - before.xy.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(after.xy[-1] - before.xy[10]) < spread
    assert set(maps.build(library, refit=True).values()) == {"built"}


def test_a_map_with_a_seed_is_reproducible_and_a_refit_keeps_its_orientation(tmp_path):
    library = synthetic_library(tmp_path, 250, {"color": 16})
    indexes.build(library)
    maps.build(library, ["color"], MapOptions(seed=5))
    first = maps.load(library, "color")
    maps.build(library, ["color"], MapOptions(seed=5), refit=True)
    assert np.allclose(first.xy - first.xy.mean(axis=0), maps.load(library, "color").xy, atol=1e-3)
    turned = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)
    aligned = layout.procrustes(first.xy @ turned, np.arange(len(first.xy)), first.xy)
    assert np.allclose(aligned, first.xy - first.xy.mean(axis=0), atol=1e-2)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9, 20])
def test_tiny_libraries_have_maps(tmp_path, count):
    library = synthetic_library(tmp_path, count, {"color": 16})
    indexes.build(library)
    assert set(maps.build(library).values()) == {"built"}
    made = maps.load(library, "color")
    assert made.xy.shape == (count, 2) and made.xyz.shape == (count, 3)
    assert np.isfinite(made.xy).all() and np.isfinite(made.xyz).all()


def test_twins_by_the_dozen_and_empty_vectors_do_not_break_a_map(tmp_path):
    library = synthetic_library(tmp_path, 60, {"color": 16})
    rows = np.repeat(unit(np.random.default_rng(0).normal(size=(1, 16))), 40, axis=0)
    rows[30:] = 0
    library.store([], {"color": ("color/test", list(range(1, 41)), rows)})
    indexes.build(library)
    maps.build(library)
    assert maps.about(library)["color"]["points"] == 50
    assert not maps.about(library)["color"]["stale"]
    maps.build(library, ["color"], MapOptions(min_cluster_size=1, seed=3))
    assert maps.load(library, "color").clusters > 1


def test_an_embedding_that_sees_nothing_has_no_map(tmp_path):
    library = synthetic_library(tmp_path, 12, {"color": 16, "sift": 8})
    ids, rows = library.vectors("sift")
    blind = ("sift/test", ids.tolist(), np.zeros_like(rows))
    indexes.build(library)
    assert set(maps.build(library)) == {"combined", "color", "sift"}
    library.store([], {"sift": blind})
    indexes.build(library)
    assert set(maps.build(library)) == {"combined", "color"}
    assert maps.names(library) == list(maps.about(library)) == ["combined", "color"]
    library.store([], {"sift": ("sift/test", ids.tolist(), rows)})
    indexes.build(library)
    assert maps.build(library)["sift"] == "built"


def told(library) -> str:
    """What `status` prints of a library; it must not fail."""
    done = CliRunner().invoke(main, ["status", "--data", str(library.data)])
    assert done.exit_code == 0 and "Images" in done.output
    return done.output


@pytest.mark.parametrize("left", [0, 700])
def test_a_damaged_map_counts_as_none_and_is_made_anew(tmp_path, left):
    library = synthetic_library(tmp_path, 30, {"color": 16})
    indexes.build(library)
    maps.build(library)
    file = maps.path(library, "color")
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(LibraryError, match="python -m pipeline map"):
        maps.load(library, "color")
    others = maps.about(library)
    assert others.pop("color") == {"points": 0, "clusters": 0, "noise": 0, "stale": True, "damaged": True}
    assert others["combined"]["points"] == 30 and not others["combined"]["damaged"]
    assert re.search("Map color +0 points, 0 clusters, 0 in no cluster, damaged: make it again with: ", told(library))
    assert maps.build(library) == {"combined": "current", "color": "built"}
    assert len(maps.load(library, "color").ids) == 30 and "damaged" not in told(library)


def test_limit_and_unknown_names(tmp_path):
    library = synthetic_library(tmp_path, 80, {"color": 16})
    indexes.build(library)
    maps.build(library, ["color"], MapOptions(limit=30))
    assert maps.about(library)["color"]["points"] == 30
    assert not maps.about(library)["color"]["stale"]
    with pytest.raises(LibraryError, match="combined, color"):
        maps.build(library, ["sift"])
    with pytest.raises(LibraryError, match="python -m pipeline map"):
        maps.load(library, "combined")


def test_only_maps_that_have_been_made_are_known(tmp_path):
    library = synthetic_library(tmp_path / "library", 30, {"color": 16, "sift": 8})
    indexes.build(library)
    with pytest.raises(LibraryError, match="there are: none; make them with"):
        maps.known(library, "color")
    maps.build(library, ["color"])
    assert maps.known(library, "color") == "color"
    shutil.copytree(library.data / "maps", tmp_path / "outside")
    for name in ("sift", "", "../../outside/color", "/etc/passwd", "color.npz", "COLOR", "col\0or", None, 7, ["color"]):
        with pytest.raises(LibraryError, match="There is no map"):
            maps.known(library, name)
    for name in ("../../outside/color", f"{tmp_path}/outside/color", "", "color\0"):
        for call in (maps.load, maps.path):
            with pytest.raises(LibraryError, match="There is no map .*there can be: combined, color, sift"):
                call(library, name)


def test_a_map_that_an_earlier_version_kept_is_current(library):
    """Files of versions before 0.3 say neither how many points they have nor what they were made from."""
    shown = maps.load(library, "color")
    file = maps.path(library, "color")
    with np.load(file) as kept:
        arrays = {name: kept[name] for name in kept.files if name != "about"}
        about = json.loads(str(kept["about"]))
    before = maps.about(library)["color"]
    earlier = {name: about[name] for name in ("options", "extractors", "left_out")}
    with open(file, "wb") as target:
        np.savez(target, about=np.array(json.dumps(earlier)), **arrays)
    assert maps.about(library)["color"] == before
    np.testing.assert_array_equal(maps.load(library, "color").xy, shown.xy)
    assert maps.build(library, ["color"]) == {"color": "current"}
    library.mark(int(shown.ids[0]), "missing")
    assert maps.about(library)["color"]["stale"]
