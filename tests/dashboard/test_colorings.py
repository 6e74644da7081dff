"""Colorings: figures that brute force confirms, and arrays in drawing order."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from dashboard.marks import SCALE, drawing_order
from dashboard.reads import Reads, categories, colorings
from pipeline.embeddings import usual
from pipeline.errors import LikenessError
from pipeline.library import Library, notes
from pipeline.maps import COMBINED, distortion
from tests.dashboard.test_marks import SEEN_BY, linear, oklab


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def by_id(reads: Reads, name: str, by: str) -> tuple[dict, dict[int, int]]:
    """An answer, and the code of each image out of its drawing order."""
    found = colorings.coloring(reads, name, by)
    shown = reads.map(name)
    codes = found["codes"]
    assert len(codes) == len(shown.ids)
    return found, dict(zip(shown.ids[drawing_order(shown.cluster)].tolist(), codes.tolist()))


def nearest(vectors: np.ndarray, k: int) -> list[set[int]]:
    products = vectors @ vectors.T
    np.fill_diagonal(products, -np.inf)
    return [set(np.argsort(-row, kind="stable")[:k].tolist()) for row in products]


def figures(found: dict, codes: dict[int, int]) -> dict[int, float]:
    span = found["high"] - found["low"]
    return {i: found["low"] + code / 254 * span for i, code in codes.items() if code != colorings.NOTHING}


def test_every_choice_has_an_answer_with_one_number_per_point(reads):
    for choice in colorings.choices(reads):
        by = choice["value"]
        if by != colorings.CLUSTER:
            found, codes = by_id(reads, COMBINED, by)
            assert found["by"] == by and set(codes) == set(reads.map(COMBINED).ids.tolist())


def test_another_map_colors_by_its_clusters(reads):
    found, codes = by_id(reads, COMBINED, "map-color")
    owner = reads.map("color")
    assert codes == dict(zip(owner.ids.tolist(), owner.cluster.tolist()))
    assert [count for _, count in found["names"]] == np.bincount(owner.cluster[owner.cluster >= 0]).tolist()


def test_categories_keep_the_numbers_they_have_elsewhere(reads):
    groups = categories.labels(reads.library)
    whole, _ = categories.coded(groups, reads.map(COMBINED).ids)
    largest = dict(groups)[whole[0][0]]
    some = np.setdiff1d(reads.map(COMBINED).ids, largest[1:])
    assert categories.coded(groups, some)[0][0][0] != whole[0][0]
    names, codes = categories.coded(groups, some, [name for name, _ in whole])
    assert [name for name, _ in names] == [name for name, _ in whole] and names[0][1] == 1
    assert codes[some == largest[0]] == 0
    found, here = by_id(reads, "sift", "label-color")
    assert found["names"] == by_id(reads, "color", "label")[0]["names"]
    labels = dict(zip(here, reads.labels_of(list(here))))
    assert all(found["names"][code][0] == labels[image] for image, code in here.items() if code >= 0)


def test_labels_and_folders_have_all_images_that_are_not_missing(library):
    rows = library.images()
    with library.writing():
        library.mark(rows[0].id, "unreadable", "cut off")
        library.mark(rows[1].id, "missing")
    there = {row.id: row.label for row in rows if row.id != rows[1].id}
    for groups in (categories.labels(library), categories.folders(library)):
        assert [name for name, _ in groups] == sorted(set(there.values()))
        assert {image: name for name, ids in groups for image in ids.tolist()} == there


@pytest.mark.parametrize("by", ["mood", "", "map-nothing", "label-../x"])
def test_what_there_is_not_is_refused(reads, by):
    with pytest.raises(LikenessError):
        colorings.coloring(reads, COMBINED, by)


@pytest.mark.parametrize("one", ["", "color"])
def test_agreement_is_what_brute_force_counts(reads, one):
    index = reads.searcher.index()
    ids = reads.map(COMBINED).ids
    blocks = {name: reads.library.vectors(name)[1] for name in index.embeddings}
    seen = {name: np.abs(block).max(axis=1) > 0 for name, block in blocks.items()}
    assert all(seen[name].all() for name in seen), "the sample gallery has no empty picture"
    total = np.zeros(len(ids))
    pairs = [pair for pair in combinations(index.embeddings, 2) if not one or one in pair]
    for a, b in pairs:
        total += [len(x & y) / 10 for x, y in zip(nearest(blocks[a], 10), nearest(blocks[b], 10))]
    expected = dict(zip(ids.tolist(), (total / len(pairs)).tolist()))
    found, codes = by_id(reads, COMBINED, f"agreement-{one}" if one else "agreement")
    shown = figures(found, codes)
    assert shown.keys() == expected.keys() and found["low"] == 0
    for image, value in shown.items():
        assert value == pytest.approx(expected[image], abs=found["high"] / 500 + 0.011), image


@pytest.mark.parametrize("name", ["sift", COMBINED])
def test_distortion_is_what_brute_force_counts(reads, name):
    shown = reads.map(name)
    index = reads.searcher.index()
    names = index.embeddings if name == COMBINED else [name]
    weights = usual(names)
    blocks = [np.sqrt(weights[n]) * reads.library.vectors(n, shown.ids.tolist())[1] for n in names]
    vectors = np.concatenate(blocks, axis=1)
    true = nearest(vectors, 10)
    apart = ((shown.xy[:, None] - shown.xy[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    near = [set(np.argsort(row, kind="stable")[:10].tolist()) for row in apart]
    expected = {int(i): 1 - len(a & b) / 10 for i, a, b in zip(shown.ids, true, near)}
    for _ in range(2):  # found, then as kept
        found, codes = by_id(reads, name, "distortion")
        measured = figures(found, codes)
        off = [i for i, value in measured.items() if abs(value - expected[i]) > 0.01]
        assert measured.keys() == expected.keys() and len(off) <= 1, off


def test_on_a_large_map_what_was_not_asked_about_has_the_color_of_those_around_it(library, monkeypatch):
    monkeypatch.setattr(distortion, "ALL_BELOW", 15)
    reads = Reads(library)
    shown = reads.map(COMBINED)
    asked = distortion.distortion(library, reads.searcher.index(), shown)
    own = dict(zip(asked.ids.tolist(), asked.share.tolist()))
    found, codes = by_id(reads, COMBINED, "distortion")
    values = figures(found, codes)
    assert len(own) == 15 and len(values) == 60 and "Measured for 15 of 60 images" in found["note"]
    measured = shown.xy[np.searchsorted(shown.ids, asked.ids)]
    for image, place in zip(shown.ids.tolist(), shown.xy):
        around = asked.share[np.argsort(((measured - place) ** 2).sum(axis=1))[:5]].mean()
        assert values[image] == pytest.approx(own.get(image, around), abs=found["high"] / 500 + 1e-6)


def test_dates_run_from_the_first_to_the_last(library):
    reads = Reads(library)
    ids = reads.map(COMBINED).ids.tolist()
    for number, image in enumerate(ids):
        library.db.execute("UPDATE images SET mtime = ? WHERE id = ?", [1e9 + 86_400.0 * number, image])
    library.db.execute("UPDATE images SET mtime = 0 WHERE id = ?", [ids[3]])
    found, codes = by_id(reads, COMBINED, "date")
    assert (found["low"], found["high"], found["form"]) == (1e9, 1e9 + 86_400.0 * (len(ids) - 1), "date")
    assert codes[ids[0]] == 0 and codes[ids[-1]] == 254 and codes[ids[3]] == colorings.NOTHING
    known = [codes[i] for i in ids if i != ids[3]]
    assert known == sorted(known)


def test_one_date_is_one_color(library):
    library.db.execute("UPDATE images SET mtime = 1e9")
    found, codes = by_id(Reads(library), COMBINED, "date")
    assert found["low"] == found["high"] == 1e9 and set(codes.values()) == {0}


def test_folders_are_the_first_that_tell_images_apart(library):
    paths = {1: "a/b/c/1.jpg", 2: "a/b/c/2.jpg", 3: "a/b/d/e/3.jpg", 4: "a/b/4.jpg"}
    library.db.execute("DELETE FROM images WHERE id > 4")
    for image, path in paths.items():
        library.db.execute("UPDATE images SET path = ? WHERE id = ?", [path, image])
    names, codes = categories.coded(categories.folders(library), [1, 2, 3, 4])
    assert names == [["a/b/c", 2], ["a/b/d", 1]] and codes.tolist() == [0, 0, 1, -1]
    library.db.execute("UPDATE images SET path = 'only/' || id || '.jpg'")
    assert categories.coded(categories.folders(library), [1, 2])[0] == [["only", 2]]


def test_what_cannot_be_had_is_said(library):
    import shutil

    shutil.rmtree(library.data / "index")
    reads = Reads(library)
    with pytest.raises(LikenessError, match="index"):
        colorings.coloring(reads, COMBINED, "distortion")
    assert "distortion" not in [choice["value"] for choice in colorings.choices(reads)]


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_scale_grows_lighter_in_even_steps_for_all_eyes(eyes):
    seen = oklab(np.array([linear(color) for color in SCALE]) @ SEEN_BY[eyes].T)
    steps = np.linalg.norm(np.diff(seen, axis=0), axis=1)
    assert (np.diff(seen[:, 0]) > 0).all()
    assert steps.max() < 2.5 * steps.min()


def test_colors_by_collection_tag_and_rating_and_other_columns(library):
    reads = Reads(library)
    shown = reads.map(COMBINED)
    ids = shown.ids.tolist()
    notes.collect(library, "Large", ids[:9])
    notes.collect(library, "Small", ids[8:10])
    notes.tag(library, ids[3:5], "blue")
    notes.rate(library, {"plus": []}, ids[0], 1, 1, 0.5)
    offered = {choice["value"] for choice in colorings.choices(reads)}
    assert {"column-collection", "column-tag", "column-rated", "column-shape", "column-megapixels"} <= offered
    assert not {"column-label", "column-folder", "column-date", "column-file"} & offered
    found = colorings.coloring(reads, COMBINED, "column-collection")
    assert found["names"] == [["Large", 8], ["Small", 2]]  # an image of both is in the smaller one
    coded = dict(zip(shown.ids[drawing_order(shown.cluster)].tolist(), found["codes"].tolist()))
    assert [coded[one] for one in ids[:11]] == [0] * 8 + [1, 1, -1]
    assert colorings.coloring(reads, COMBINED, "column-tag")["names"] == [["blue", 2]]
    assert colorings.coloring(reads, COMBINED, "column-rated")["names"] == [["good", 1]]
    with pytest.raises(LikenessError):
        colorings.coloring(reads, COMBINED, "column-nothing")


def test_where_one_value_fills_the_scale_colors_go_by_rank():
    values = np.concatenate([np.linspace(1, 2, 99), [1000.0, np.nan]])
    found = colorings.scale(values, "number", "nothing", "")
    codes = found["codes"]
    assert codes[-1] == colorings.NOTHING and codes[0] == 0 and codes[99] == 254
    assert (np.diff(codes[:99].astype(int)) >= 2).all()  # and not all of them 0
    marks = found["marks"]
    assert len(marks) == 17 and marks == sorted(marks) and marks[8] == pytest.approx(1.5, abs=0.02)
    assert "marks" not in colorings.scale(np.linspace(0, 1, 50), "number", "nothing", "")
    same = colorings.scale(np.r_[np.full(90, 7.0), np.linspace(8, 100, 10)], "number", "nothing", "")
    assert len(set(same["codes"][:90].tolist())) == 1 and len(set(same["codes"].tolist())) == 11
