"""The Map page: what it sends, and what it shows beside the map."""

from __future__ import annotations

import gzip
import re
import shutil

import numpy as np
import pytest

from dashboard.app import create_app
from dashboard.pages.map import page as map_page
from dashboard.pages.map import panels as map_panels
from dashboard.reads import Reads, clusters
from dashboard.reads.map_data import Drawings
from dashboard.reads.packing import unpack
from pipeline.library import Library
from pipeline.maps import COMBINED, Map, naming
from pipeline.search import Query
from pipeline.settings import MapOptions
from pipeline.things import Name
from tests.dashboard.trees import of_class, of_kind, parts, text_of


@pytest.fixture(scope="module")
def reads(made_library) -> Reads:
    return Reads(Library(made_library))


def map_of(cluster: list[int], exemplars: list[list[int]]) -> Map:
    count = len(cluster)
    return Map(
        name="color", ids=np.arange(1, count + 1), xy=np.zeros((count, 2), np.float32),
        xyz=np.zeros((count, 3), np.float32), cluster=np.array(cluster, np.int32),
        placed=np.zeros(count, bool), stamps=np.ones(count, np.int64),
        exemplars=np.array(exemplars, np.int64), extractors={"color": "color/test"}, options=MapOptions(),
    )


def by_id(tree, name: str):
    return next(part for part in parts(tree) if getattr(part, "id", None) == name)


def test_labels_are_coded_by_how_many_have_them():
    names, counts, codes = naming.rank_labels(["b", "a", None, "b", "c", "", "b", "a"])
    assert names == ["b", "a", "c"] and counts.tolist() == [3, 2, 1]
    assert codes.tolist() == [0, 1, -1, 0, 2, -1, 0, 1]


def test_a_cluster_is_described_by_what_it_has_more_of_than_the_map():
    labels = ["cat"] * 12 + ["cat", "cat", "fox", "fox", "fox"] + ["a", "b", "c", "d", "e"]
    made = map_of([0] * 12 + [1] * 5 + [2] * 5, [[1], [13], [18]])
    found = naming.descriptions(made, labels)
    assert [about.words for about in found] == ["cat 100%", "fox 60%", "a 20%"]
    assert naming.titles_from(found) == ["cat", "fox", "mixed: a, b"]
    assert naming.titles_from(found, {1: "My own"})[1] == "My own"
    assert naming.titles(made, [None] * 22) == ["Cluster 1", "Cluster 2", "Cluster 3"]


def test_a_cluster_of_a_third_of_one_label_is_mixed_and_says_mostly():
    labels = ["car"] * 31 + [f"thing {i}" for i in range(69)] + ["cat"] * 50
    made = map_of([0] * 100 + [1] * 50, [[1], [101]])
    abouts = naming.descriptions(made, labels)
    assert naming.titles_from(abouts) == ["mixed, mostly car", "cat"]
    assert [about.short for about in abouts] == ["mostly car", "cat"]
    two = ["car"] * 25 + ["bus"] * 16 + [f"thing {i}" for i in range(59)] + ["cat"] * 50
    assert naming.titles(made, two) == ["mixed: car, bus", "cat"]
    few = ["car"] * 18 + ["bus"] * 17 + [f"thing {i}" for i in range(65)] + ["cat"] * 50  # says little of it
    assert naming.titles(made, few) == ["Cluster 1", "cat"]


def test_what_is_seen_names_a_cluster_where_labels_do_not():
    labels = ["cat"] * 9 + ["fox", "dog", "elk", "cow", "owl"] * 2 + ["fox"] * 3
    made = map_of([0] * 9 + [1] * 10 + [-1] * 3, [[1], [10]])
    seen = [Name("felines", 0.9), Name("animals", 0.834)]
    abouts = naming.descriptions(made, labels, seen)
    assert naming.titles_from(abouts) == ["cat", "animals"]
    assert abouts[1].words.startswith("looks like animals, 83%") and abouts[1].short == "animals"
    assert naming.titles(made, [None] * 22, None, [None, seen[1]]) == ["Cluster 1", "animals"]
    assert naming.titles(made, [None] * 22, {1: "My own"}, seen) == ["felines", "My own"]


def test_cluster_list_counts_every_image_and_shows_exemplars():
    made = map_of([0, 0, 0, 1, 1, -1], [[2, 1, -1, -1], [5, -1, -1, -1]])
    made.xy[:] = [[0, 0], [1, 1], [9, 9], [5, 5], [7, 7], [0, 9]]
    listed = clusters.cluster_list(made, [naming.About()] * 2)
    assert [cluster["count"] for cluster in listed["clusters"]] == [3, 2] and listed["none"] == 1
    assert listed["clusters"][0]["at"][:2] == [1, 1]  # on one of its images, and not between them
    assert [cluster["images"] for cluster in listed["clusters"]] == [[2, 1], [5]]


def test_a_map_without_clusters_has_all_in_none():
    listed = clusters.cluster_list(map_of([-1, -1], np.zeros((0, 4))), [])
    assert listed["clusters"] == [] and listed["none"] == 2


@pytest.mark.parametrize("name", [COMBINED, "color", "sift"])
def test_neighbors_are_those_of_the_maps_own_embedding(reads, name):
    children, hidden, neighbors = map_page.chosen(reads, 7, name)
    weights = None if name == COMBINED else {name: 1.0}
    found = reads.search(Query.around(7, weights=weights, top_k=12)).matches
    assert not hidden and neighbors == {"image": 7, "ids": [match.id for match in found]}
    assert [card.id["image"] for card in of_kind(children, map_panels.NEIGHBOR)] == neighbors["ids"]
    links = [part.href for part in parts(children) if getattr(part, "href", None)]
    assert "/search?image=7" in links


def test_an_image_that_is_gone_is_said_and_no_image_closes_the_panel(reads):
    children, hidden, neighbors = map_page.chosen(reads, 99_999, COMBINED)
    assert not hidden and "no longer" in text_of(children) and neighbors["ids"] == []
    _, hidden, neighbors = map_page.chosen(reads, None, COMBINED)
    assert hidden and neighbors == {"image": None, "ids": []}


def test_an_image_without_a_vector_is_shown_with_the_reason(library):
    library.db.execute("DELETE FROM sift_vectors WHERE image_id = 7")
    children, hidden, neighbors = map_page.chosen(Reads(library), 7, "sift")
    assert not hidden and of_class(children, "map-picture") and of_class(children, "error-note")
    assert neighbors["ids"] == []


def test_the_address_is_restored_and_nonsense_in_it_ignored(reads):
    shown = map_page.layout(reads, {"map": "color", "dim": "3", "color": "label", "image": "9"})
    values = [by_id(shown, name).value for name in ("map-name", "map-dim", "map-color")]
    assert values == ["color", "3", "label"] and by_id(shown, "map-image").data == 9
    shown = map_page.layout(reads, {"map": "../x", "dim": "7", "color": "mood", "image": "-1 or 1"})
    values = [by_id(shown, name).value for name in ("map-name", "map-dim", "map-color")]
    assert values == [COMBINED, "2", "cluster"] and by_id(shown, "map-image").data is None
    for hide, focus, state in (
        ("label=brick\\,wall,(none)", "cluster=7", ({"label": ["brick,wall", "(none)"]}, "7", False)),
        ("0.3.-1", "2", ({}, None, True)), ("=;x", "label=9", ({}, None, False)), ("", "", ({}, None, False)),
    ):
        found = by_id(map_page.layout(reads, {"hide": hide, "focus": focus}), "map-state").data
        assert (found["hidden"], found["focus"], found["old"]) == state


def test_what_to_do_without_images_and_without_maps(library, tmp_path):
    empty = map_page.layout(Reads(Library(tmp_path / "empty", create=True)), {})
    assert "python -m pipeline run" in text_of(empty)
    shutil.rmtree(library.data / "maps")
    assert "python -m pipeline map" in text_of(map_page.layout(Reads(library), {}))


def test_a_stale_map_is_said_quietly(library):
    drawings = Drawings(Reads(library))
    assert map_page.map_note(drawings, COMBINED, may=True) == ""
    library.mark(1, "missing")
    assert "python -m pipeline map" in map_page.map_note(drawings, COMBINED, may=False)
    assert "Library page" in map_page.map_note(drawings, COMBINED, may=True)


def test_the_page_says_early_what_it_will_ask_for(made_library):
    client = create_app(Library(made_library)).server.test_client()
    [address] = re.findall(r'as="fetch" href="([^"]+)"', client.get("/?map=sift&dim=3").text)
    answer = client.get(address)
    head, arrays = unpack(answer.data)
    assert head["key"] == "sift-3" and arrays["z"].dtype == np.float32
    zipped = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.data) == answer.data
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert 'as="fetch"' not in client.get("/library").text
    assert client.get("/map/overview/nothing?dim=2").status_code == 404
