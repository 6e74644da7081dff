"""What is done to notes: every act does what it says, can be undone, and takes its right."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.access import Access
from dashboard import acts
from dashboard.acts import ACTS
from dashboard.app import create_app
from dashboard.pages.image.parts import notes_part
from dashboard.reads import Reads
from dashboard.reads.clusterings import Clusterings
from pipeline import learned
from pipeline.duplicates import Group, Pair, Reason, kept
from pipeline.library import Library, notes
from tests.dashboard.trees import parts

QUESTION = {"plus": ["image:3"], "minus": [], "metric": "cosine"}

MADE = "2021-03-04T05:06:07+00:00"

LEARNED = {
    "source": "labels", "weights": {"color": 1.0, "sift": 0.5}, "ranges": {"color": [1.0, 1.0], "sift": [0.2, 0.6]},
    "before": 0.5, "after": 0.6, "low": 0.05, "high": 0.15, "questions": 40, "judgements": 400,
}

EXAMPLES = {
    "keep": [{"name": "new", "ids": [7, 8]}, {"name": "KEPT", "ids": [2, 9]}],
    "take-out": [{"collection": "kept", "ids": [2, 40]}],
    "rename-collection": [{"collection": "kept", "name": "other"}],
    "drop-collection": [{"collection": "kept"}],
    "describe-collection": [{"collection": "kept", "description": " For the\nwall "}, {"collection": "KEPT", "description": ""}],
    "merge-collections": [{"collection": "kept", "into": "Walls"}, {"collection": "walls", "into": "kept"}],
    "part-collections": [{"collection": "kept", "out": [1], "was": "", "name": "alone", "ids": [1, 2], "description": "Some I like"}],
    "tag": [{"name": "blue", "ids": [1, 2, 50]}, {"name": "green", "ids": [50]}],
    "untag": [{"name": "blue", "ids": [1, 9]}],
    "name-cluster": [{"map": "combined", "cluster": 0, "name": "mine"},
                     {"map": "combined", "cluster": 1, "name": ""}],
    "rate": [{"question": QUESTION, "image": 5, "value": 1, "rank": 2, "score": 0.5},
             {"question": QUESTION, "image": 6, "value": -1, "rank": 3, "score": 0.4}],
    "rate-all": [{"words": [{"question": QUESTION, "image": image, "value": value, "rank": 2, "score": 0.5} for image, value in words]}
                 for words in ([(5, 1), (6, -1), (9, 0)], [(5, 1), (5, -1)])],
    "learn-weights": [{"from": "thumbs"}],
    "put-weights": [{"from": "labels", "what": None}, {"from": "thumbs", "what": {**LEARNED, "source": "thumbs"}}],
    "rate-these": [{"ids": [5, 7], "value": 1}, {"values": {"6": -1}}],
    "settle-copies": [{"keep": [20], "aside": [21, 22]}, {"keep": [11, 12], "aside": [10]}, {"keep": [20, 21]}],
    "settle-all-copies": [{"asked": {"kind": "turned"}}, {"asked": {}, "marked": [[[20, 21], [20, 21]]]}],
    "part-copies": [{"sides": [[20], [21], [22]]}, {"sides": [[10, 11], [12]]}],
    "open-copies": [{"ids": [10, 11, 12, 13, 14]}],
    "decide-again": [{"gone": [{"verdict": "settled", "made": MADE, "parts": [[10, 1], [11, 0], [12, 0]]}],
                      "back": [{"verdict": "apart", "made": MADE, "parts": [[20, 0], [21, 1]]}]}],
    "set-reference": [{"folder": "flower", "on": True}, {"folder": "planet", "on": False}],
}
"""Arguments of each act; see `noted` for what is there before."""


@pytest.fixture
def noted(library) -> Library:
    """A library with some notes, and an image of the collection that is missing at the moment."""
    notes.collect(library, "kept", [1, 2, 3])
    notes.describe_collection(library, "kept", "Some I like")
    notes.collect(library, "Walls", [3, 7, 8])
    library.db.execute("UPDATE collections SET created = ?", [MADE])
    notes.tag(library, [1, 3], "blue")
    notes.rate(library, QUESTION, 6, 1, 3, 0.4)
    _judge_by_color(library)
    learned.put(library, "labels", learned.Learned.from_json(LEARNED))
    clusterings = Clusterings(Reads(library))
    clusterings.rename(clusterings.at("combined", 0), 1, "named")
    library.mark(3, "missing")
    rows = library.images_by_id(range(20, 26))
    groups = [Group((rows[n], rows[n + 1]), n, (Pair(n, n + 1, Reason("turned", "")),)) for n in (20, 22, 24)]
    kept._keep(library, groups, np.zeros((0, 2), np.int64), np.zeros(0, np.float32), library.generation())
    notes.settle(library, [10], [11, 12])
    notes.part(library, [[13], [14]])
    library.db.execute("UPDATE copy_decisions SET made = ?", [MADE])
    notes.set_reference(library, next(iter(library.roots())), "planet", True)
    return library


def _judge_by_color(library: Library) -> None:
    """Thumbs on the matches of ten searches: up for the nearest by color, down for the farthest."""
    ids, rows = library.vectors("color", [row.id for row in library.images()])
    for at in range(0, 60, 6):
        order = (rows @ rows[at]).argsort()[::-1].tolist()
        for rank, other in enumerate(order[1:13:2] + order[20:40:3], 1):
            question = {"plus": [f"image:{ids[at]}"], "minus": []}
            notes.rate(library, question, int(ids[other]), 1 if rank <= 6 else -1, rank, 0.5)


def state(library: Library) -> dict:
    """All notes of a library."""
    shown = Reads(library).map("combined")
    return {
        "collections": {
            one.name: (notes.members(library, one.name), one.description, one.created) for one in notes.collections(library)
        },
        "tags": notes.tags_of(library, range(1, 61)),
        "names": notes.cluster_names(library, "combined", shown.ids, shown.cluster),
        "copies": ([one for one in sorted(notes.decisions(library), key=lambda one: min(one.parts))], notes.reference_folders(library)),
        "weights": {source: one.as_json() for source, one in learned.kept(library).items()},
        "ratings": {(repr(one.query), one.image_id, one.value) for one in notes.ratings(library)},
    }


def post(library: Library, act: str, args: dict, access: Access = Access()):
    return create_app(library, access=access).server.test_client().post("/act", json={"act": act, "args": args})


def test_there_is_an_example_of_every_act():
    assert EXAMPLES.keys() == ACTS.keys()


@pytest.mark.parametrize(
    ("act", "args"), [(act, args) for act, several in EXAMPLES.items() for args in several],
)
def test_every_act_changes_what_it_says_and_its_undo_brings_all_of_it_back(noted, act, args):
    before = state(noted)
    done = post(noted, act, args).json
    after = state(noted)
    assert {kind for kind in before if before[kind] != after[kind]} == set(done["changed"])
    assert "error" not in post(noted, done["undo"]["act"], done["undo"]["args"]).json
    assert state(noted) == before


def test_an_act_that_fails_half_way_has_done_nothing(noted):
    """The second of two words is on no image; one collection is parted from another that was never described."""
    before = state(noted)
    words = [{"question": QUESTION, "image": image, "value": 1, "rank": 2, "score": 0.5} for image in (5, 70_000)]
    parted = {"collection": "kept", "out": [1], "name": "alone", "ids": [1, 2], "description": ""}
    for act, args in (("rate-all", {"words": words}), ("part-collections", parted)):
        assert "error" in post(noted, act, args).json
        assert state(noted) == before, act


def test_a_deleted_collection_comes_back_with_the_images_that_are_missing_at_that_moment(noted):
    undo = post(noted, "drop-collection", {"collection": "Kept"}).json["undo"]
    assert [one.name for one in notes.collections(noted)] == ["Walls"]
    post(noted, undo["act"], undo["args"])
    assert notes.members(noted, "kept") == [1, 2, 3] and notes.collected(noted, "kept") == [1, 2]


def test_merged_collections_are_one_and_errors_leave_both(noted):
    for args in ({"collection": "kept", "into": "Kept"}, {"collection": "kept", "into": "none"}, {"collection": "kept"}):
        assert post(noted, "merge-collections", args).json["error"]
    assert state(noted)["collections"] == {"Walls": ([3, 7, 8], "", MADE), "kept": ([1, 2, 3], "Some I like", MADE)}
    assert "2 images more" in post(noted, "merge-collections", {"collection": "kept", "into": "walls"}).json["said"]
    assert state(noted)["collections"] == {"Walls": ([1, 2, 3, 7, 8], "Some I like", MADE)}


@pytest.mark.parametrize("act", ACTS)
def test_who_may_only_read_changes_nothing(noted, act):
    before = state(noted)
    answer = post(noted, act, EXAMPLES[act][0], Access(rights=frozenset({"read"})))
    assert answer.status_code == 403 and answer.json["error"]
    assert state(noted) == before


def test_who_may_only_read_is_shown_no_control_that_changes_notes(noted):
    reading = Reads(noted, rights=frozenset({"read"}))
    own = Reads(noted)
    for reads, may in ((reading, []), (own, ["keep", "tag", "take-out", "untag"])):
        tree = [notes_part(reads, 1, kind) for kind in ("tag", "collection")]
        assert sorted(getattr(part, "data-act") for part in parts(tree) if hasattr(part, "data-act")) == may


@pytest.mark.parametrize(
    ("act", "args"),
    [("no-such-act", {}), ("tag", {"name": "x"}), ("tag", {"ids": [1]}), ("tag", {"name": " ", "ids": [1]}),
     ("keep", {"name": "x" * 200, "ids": [1]}), ("keep", {"name": 3, "ids": [1]}),
     ("keep", {"name": "new", "ids": [1], "created": "yesterday"}), ("untag", {"name": "blue", "ids": "%%"}), ("drop-collection", {"collection": "none such"}),
     ("name-cluster", {"map": "../../x", "cluster": 0, "name": "x"}),
     ("name-cluster", {"map": "combined", "cluster": 999, "name": "x"}), ("rate", {"image": 10**6}),
     ("rate-these", {"ids": [10**6], "value": 1}), ("rate-these", {"values": [3]}),
     ("settle-copies", {"keep": [], "aside": [1, 2]}), ("settle-copies", {"keep": [10**6], "aside": [1]}),
     ("settle-copies", {"keep": 3}), ("part-copies", {"sides": [[1, 2]]}), ("part-copies", {"sides": [1, 2]}),
     ("set-reference", {"folder": "none such", "on": True}), ("open-copies", {"ids": None}),
     ("settle-all-copies", {"asked": {"kind": "none"}}), ("settle-all-copies", {"asked": {"view": "similar"}}), ("settle-all-copies", {}),
     ("settle-all-copies", {"asked": {}, "marked": [[[20, 21], []]]}),
     ("decide-again", {"gone": [], "back": [{"verdict": "gone", "made": MADE, "parts": [[1, 0], [2, 1]]}]}),
     ("decide-again", {"gone": [], "back": [{"verdict": "apart", "made": "yesterday", "parts": [[1, 0], [2, 1]]}]})],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(noted, act, args):
    before = state(noted)
    answer = post(noted, act, args)
    if args == {"name": "x"}:
        assert answer.status_code == 200  # a tag on no image is no tag
    else:
        assert answer.json["error"].endswith(".")
    assert state(noted) == before


def test_keeping_a_selection_that_cannot_be_described_is_no_error(noted):
    reads = Reads(noted)
    (noted.data / "maps" / "combined.npz").write_bytes(b"damaged")
    for file in (noted.data / "maps").rglob("*"):
        file.write_bytes(b"damaged")
    done = acts.perform(Clusterings(reads), "keep", {"name": "all", "ids": "AQAAAAIAAAA="})
    assert done.more["collection"] == "all"
    assert notes.collected(noted, "all") == [1, 2]
