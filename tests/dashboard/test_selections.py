"""Selections: what the server says of a set of images, and of clusters that get names."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dashboard import acts
from dashboard.pages.map import selection as map_selection
from dashboard.reads import Reads, selections
from dashboard.reads.clusterings import Clusterings
from pipeline.errors import LikenessError, NoteError
from pipeline.library import notes
from pipeline.maps import COMBINED
from tests.dashboard.test_marks import decoded
from tests.dashboard.trees import of_class, text_of


@pytest.fixture
def reads(library) -> Reads:
    return Reads(library)


@pytest.fixture
def clusterings(reads) -> Clusterings:
    return Clusterings(reads)


def test_points_within_a_line_by_the_even_odd_rule():
    random = np.random.default_rng(3)
    points = random.uniform(-1, 1, (4_000, 2)).astype(np.float32)
    turn = np.linspace(0, 2 * np.pi, 40)[:-1]
    star = np.c_[np.cos(turn), np.sin(turn)] * np.where(np.arange(39) % 2, 0.4, 0.9)[:, None]
    found = selections.inside(points, star)
    assert 0.1 < found.mean() < 0.5
    line = star.astype(np.float32)
    assert found.tolist() == [cv2.pointPolygonTest(line, point.tolist(), False) > 0 for point in points]
    crossed = np.array([[-0.8, -0.5], [0.8, 0.5], [0.8, -0.5], [-0.8, 0.5]])  # an hourglass lying down
    found = selections.inside(points, crossed)
    across, up = np.abs(points).T
    expected = (across < 0.8) & (up < 0.5 / 0.8 * across)
    assert np.array_equal(found, expected)
    assert not selections.inside(points, crossed[:2]).any()
    assert not selections.inside(points[:0], crossed).any()


def test_a_selection_says_what_it_is_made_of(reads):
    made = reads.map(COMBINED)
    ids = made.ids[made.cluster == 0][:5].tolist() + made.ids[made.cluster == -1][:2].tolist()
    notes.tag(reads.library, ids[:2], "wall")
    clusterings = Clusterings(reads)
    given = np.array(sorted([*ids, 99_999]))
    said = selections.describe(reads, clusterings, clusterings.at(COMBINED, 0), given)
    assert said["count"] == len(ids) + 1 and said["placed"] == len(ids)
    assert said["tags"] == [["wall", 2]]
    assert sum(count for _, count, *_ in said["labels"]) == len(ids)
    own = {name: count for name, count, *_ in said["clusters"]}
    assert own.pop("in no cluster", 0) == len(ids) - 5 and list(own.values()) == [5]


def test_a_collection_and_a_tag_are_opened_by_name_however_it_is_written(reads, clusterings):
    made = reads.map(COMBINED)
    ids = made.ids[:4].tolist()
    notes.collect(reads.library, "Very best", ids[::-1])
    notes.tag(reads.library, ids[:2], "blue")
    shown = clusterings.at(COMBINED, 0)
    kept = selections.opened(reads, clusterings, shown, "collection", "very BEST ")
    assert kept["collection"] == "Very best" and decoded(kept["ids"]).tolist() == ids and kept["placed"] == 4
    assert kept["tags"] == [["blue", 2]]
    tagged = selections.opened(reads, clusterings, shown, "tag", "Blue")
    assert decoded(tagged["ids"]).tolist() == ids[:2]
    for kind, name in (("collection", "Best"), ("tag", "red"), ("tag", "")):
        with pytest.raises(NoteError):
            selections.opened(reads, clusterings, shown, kind, name)


def test_a_cluster_gets_a_name_at_any_granularity_and_gives_it_back(clusterings):
    def perform(**args):
        acts.perform(clusterings, "name-cluster", {"map": COMBINED, "grain": 4, **args})

    fine = clusterings.at(COMBINED, 4)
    found = clusterings.titles(fine)
    perform(cluster=0, name="<b>Mine</b>")
    assert clusterings.titles(fine)[0] == "<b>Mine</b>"
    listed = clusterings.listed(fine)
    assert listed["clusters"][0]["name"] == "<b>Mine</b>"
    assert fine.packed()["map"] == COMBINED and clusterings.at(COMBINED, 0).packed() is None
    perform(cluster=0, name="")
    assert clusterings.titles(fine) == found
    with pytest.raises(LikenessError, match="no such cluster"):
        perform(cluster=99, name="x")


def test_clusters_of_one_label_are_numbered_and_lead_to_their_graph(reads):
    clusterings = Clusterings(reads)
    saved = clusterings.at(COMBINED, 0)
    titles = clusterings.titles(saved)
    assert len(set(titles)) == len(titles)
    links = [cluster["graph"] for cluster in clusterings.listed(saved)["clusters"]]
    typical = saved.map.exemplars[:2, 0]
    assert links[:2] == [f"/graph?cluster_of={image}&map={COMBINED}" for image in typical]


def test_parts_of_clusters_are_called_otherwise_and_lie_in_them(clusterings):
    own = clusterings.at(COMBINED, -3)
    parts = clusterings.parts(own)
    above = clusterings.listed(own)["clusters"]
    finer = {tuple(one["at"]): one for one in clusterings.listed(clusterings.at(COMBINED, -1))["clusters"]}
    assert parts
    for part in parts:
        assert finer[tuple(part["at"])]["short"] == part["text"]
        assert part["parent"] < 0 or above[part["parent"]]["short"] != part["text"]
    assert clusterings.parts(clusterings.at(COMBINED, 4)) == []


def test_the_clusters_of_a_granularity_travel_in_the_order_of_the_saved_map(reads):
    from dashboard.marks import drawing_order

    clusterings = Clusterings(reads)
    for step in (0, 2, 4, -1, 4):  # back and forth, as a slider goes
        packed, listed = map_selection.clustered(clusterings, COMBINED, step)
    saved = reads.map(COMBINED)
    shown = clusterings.at(COMBINED, 4).map
    assert np.array_equal(decoded(packed["cluster"]), shown.cluster[drawing_order(saved.cluster)])
    assert len(listed["clusters"]) == shown.clusters and listed["grain"] == 4


def test_what_has_been_kept_is_listed_and_an_empty_menu_says_how(reads):
    assert "Select images" in text_of(selections.kept_list(reads))
    notes.collect(reads.library, "A <i>wall</i>", [1, 2])
    notes.tag(reads.library, [1], "blue")
    entries = of_class(selections.kept_list(reads), "kept-entry")
    assert [text_of(entry) for entry in entries] == ["A <i>wall</i> 2", "blue 1"]
