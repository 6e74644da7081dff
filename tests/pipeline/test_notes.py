"""Collections, tags, names of clusters and ratings: kept, found again, and true to the images."""

import unicodedata

import numpy as np
import pytest

from pipeline.errors import NoteError
from pipeline.library import Library, notes
from tests.conftest import synthetic_library


def test_collections_hold_images_until_these_are_gone(library):
    ids = [row.id for row in library.images()][:6]
    assert notes.collect(library, "  For the\nwall ", [*ids[:4], 999_999]) == "For the wall"
    assert notes.collect(library, "for the WALL", ids[3:5]) == "For the wall"  # the same one
    again = Library(library.data)  # kept on disk, not in the object
    assert notes.collected(again, "For the wall") == ids[:5]
    notes.collect(library, "another", [ids[2]])
    assert notes.collections_of(library, ids[2]) == ["another", "For the wall"]
    notes.drop_collection(library, "another")
    notes.uncollect(library, "For the wall", [ids[0]])
    library.mark(ids[1], "missing")
    assert notes.collected(library, "For the wall") == ids[2:5]
    assert [(c.name, c.count) for c in notes.collections(library)] == [("For the wall", 3)]
    notes.collect(library, "Other", [])
    with pytest.raises(NoteError, match="already"):
        notes.rename_collection(library, "Other", "for the wall")
    assert notes.rename_collection(library, "for the wall", "For the Wall") == "For the Wall"
    library.remove_root(next(iter(library.roots())))
    assert notes.collected(library, "For the Wall") == []
    assert notes.collections_of(library, ids[2]) == []
    notes.drop_collection(library, "Other")
    with pytest.raises(NoteError, match="no collection"):
        notes.collected(library, "Other")


def test_tags_are_shared_in_the_spelling_they_first_had(library):
    ids = [row.id for row in library.images()][:4]
    assert notes.tag(library, ids[:3], "Blue") == "Blue"
    assert notes.tag(library, ids[2:], "blue ") == "Blue"
    notes.tag(library, ids[:1], "a")
    assert notes.tags(library) == {"a": 1, "Blue": 4}
    assert notes.tags_of(library, ids[:2]) == {ids[0]: ["a", "Blue"], ids[1]: ["Blue"]}
    assert notes.tag_counts(library, ids[:3]) == {"a": 1, "Blue": 3}
    assert notes.tag_counts(library, [*ids[:3], *range(10_000, 12_000)]) == {"a": 1, "Blue": 3}
    assert notes.tag_counts(library, []) == {}
    notes.untag(library, ids[:2], "BLUE")
    assert notes.tagged(library, "blue") == ids[2:]
    assert notes.tags_of(library, [ids[1]]) == {}


@pytest.mark.parametrize("name", ["", " \n\t ", "x" * (notes.LONGEST + 1)])
def test_names_that_cannot_be_kept_are_refused_and_change_nothing(library, name):
    with pytest.raises(NoteError):
        notes.collect(library, name, [1])
    with pytest.raises(NoteError):
        notes.tag(library, [1], name)
    assert notes.collections(library) == [] and notes.tags(library) == {}


def test_a_cluster_keeps_its_name_when_the_numbers_change(library):
    ids = np.arange(10, 40)
    cluster = np.repeat([0, 1, 2], 10)
    notes.name_cluster(library, "color", [10, 11, 12, 13], "Skies")
    notes.name_cluster(library, "color", [30, 31, 32], "Walls")
    notes.name_cluster(library, "sift", [20], "Elsewhere")
    assert notes.cluster_names(library, "color", ids, cluster) == {0: "Skies", 2: "Walls"}
    assert notes.cluster_names(library, "color", ids, 2 - cluster) == {2: "Skies", 0: "Walls"}
    split = np.where(np.isin(ids, [10, 11]), 1, 0)  # torn in halves: nobody's name
    assert "Skies" not in notes.cluster_names(library, "color", ids, split).values()
    notes.name_cluster(library, "color", [12, 13, 14, 15], "Clouds")  # the same cluster, other exemplars
    assert notes.cluster_names(library, "color", ids, cluster)[0] == "Clouds"
    notes.name_cluster(library, "color", [12], "")
    assert notes.cluster_names(library, "color", ids, cluster) == {2: "Walls"}
    assert notes.cluster_names(library, "color", ids[:0], cluster[:0]) == {}


def test_a_name_given_when_the_map_was_clustered_otherwise_can_be_taken_back(library):
    ids, halves = np.arange(10, 40), np.repeat([0, 1], 15)
    notes.name_cluster(library, "color", [26, 27, 28], "Walls")
    assert notes.cluster_names(library, "color", ids, halves) == {1: "Walls"}
    notes.name_cluster(library, "color", [30, 31], "", members=ids[halves == 0])
    assert notes.cluster_names(library, "color", ids, halves) == {1: "Walls"}
    notes.name_cluster(library, "color", [30, 31], "", members=ids[halves == 1])
    assert notes.cluster_names(library, "color", ids, halves) == {}


def test_a_second_word_on_a_match_replaces_the_first(library):
    ids = [row.id for row in library.images()][:2]
    query = {"images": [ids[0]], "weights": {"color": 1.0}}
    notes.rate(library, query, ids[1], 1, rank=3, score=0.9)
    notes.rate(library, dict(reversed(query.items())), ids[1], -1, rank=3, score=0.9)
    notes.rate(library, {"images": [ids[1]]}, ids[0], 1, rank=1, score=0.5)
    assert [(r.image_id, r.value, r.rank) for r in notes.ratings(library, query)] == [(ids[1], -1, 3)]
    assert len(notes.ratings(library)) == 2
    elsewhere = {**query, "metric": "manhattan", "weights": {"color": 0.25}}
    assert [r.value for r in notes.ratings(library, elsewhere)] == [-1]  # however it is asked for
    notes.rate(library, elsewhere, ids[1], 1, rank=8, score=0.4)
    (found,) = notes.ratings(library, query)
    assert (found.value, found.rank, found.query["metric"]) == (1, 8, "manhattan")
    notes.rate(library, query, ids[1], 0, rank=3, score=0.9)
    assert notes.ratings(library, query) == []


def test_a_name_is_found_as_it_was_given_in_whichever_form_it_is_kept(tmp_path):
    """Accents apart, as names pasted from a Mac's Finder have them; of before, the library kept them so."""
    library = synthetic_library(tmp_path, 4, {"color": 4})
    apart, one = unicodedata.normalize("NFD", "Café  à"), "Café à"
    assert notes.collect(library, apart, [1, 2]) == one and notes.collected(library, apart) == [1, 2]
    assert notes.tag(library, [1], apart) == one and notes.tagged(library, apart) == [1]
    notes.untag(library, [1], apart)
    assert notes.tags(library) == {}
    old = unicodedata.normalize("NFD", "Été")
    library.db.execute("INSERT INTO tags (tag, image_id) VALUES (?, 3)", [old])
    library.db.execute("INSERT INTO collections (name, created) VALUES (?, '2026-01-01')", [old])
    assert notes.tag(library, [4], "Été") == old and notes.tagged(library, "Été") == [3, 4]
    assert notes.collect(library, "Été", [3]) == old and len(notes.collections(library)) == 2
    with pytest.raises(NoteError, match="already"):
        notes.rename_collection(library, one, "Été")
    notes.untag(library, [3, 4], "Été")
    assert notes.tags(library) == {}
