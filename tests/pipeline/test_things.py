"""What is seen in images is what the network's own classifier says; names say no more than is sure."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import things
from pipeline.columns import OneOf, of
from pipeline.embeddings import efficientnet, engines, imagenet
from pipeline.embeddings.efficientnet import LENGTH
from pipeline.library import Library, derived, followed
from pipeline.pictures import decoding
from pipeline.progress import Silent
from pipeline.things.kinds import kinds
from pipeline.things.seen import _FEW, LEAST, SURE, shares
from tests.conftest import unit

AIRLINER, ORCA, BEAGLE, PUG, RED_FOX = (
    imagenet.titles().index(title) for title in ("airliner", "orca", "beagle", "pug", "red fox")
)


def rows(*classes: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Vectors of length 1 in the direction of classes."""
    found = unit(efficientnet.classifier()[0])[list(classes)]
    return unit(found + noise * np.random.default_rng(seed).normal(size=found.shape) / np.sqrt(found.shape[1]))


def library_of(data, vectors: np.ndarray, first: int = 1) -> Library:
    library = Library(data, create=True)
    if "efficientnet" not in library.embeddings():
        library.set_embedding("efficientnet", "test", vectors.shape[1], {})
    root = library.add_root("/nowhere")
    ids = list(range(first, first + len(vectors)))
    library.db["images"].insert_all(
        {"id": i, "root_id": root, "path": f"{i}.jpg", "size": 1, "mtime": 0.0, "content_hash": f"{i:032x}"} for i in ids
    )
    library.store([], {"efficientnet": ("test", ids, vectors)})
    return library


def test_kinds_are_told_apart_and_each_is_made_of_classes():
    names = [kind.name.casefold() for kind in kinds()]
    assert len(set(names)) == len(names) > 1000
    assert {number for kind in kinds() for number in kind.classes} == set(range(imagenet.COUNT))
    plurals = {kind.name: kind.plural for kind in kinds()}
    expected = {"fox": "foxes", "jeans": "jeans", "ear of corn": "ears of corn", "daisy": "daisies", "clothing": "clothing",
                "kite (bird)": "kites (bird)", "timber wolf": "timber wolves", "bus": "buses", "pajamas": "pajamas",
                "goldfish": "goldfish", "watch": "watches", "mortar and pestle": "mortar and pestle"}
    assert {name: plurals[name] for name in expected} == expected


@pytest.mark.network
def test_what_is_seen_by_a_stored_vector_is_what_the_network_sees(pictures):
    """The whole network, with the true length of its features, against the vectors alone."""
    extractor = efficientnet.EfficientNet()
    prepared = [extractor.prepare(decoding.decode(file.read_bytes())) for file in sorted(pictures.rglob("*.*"))[:40]]
    features = np.asarray(engines.load(efficientnet.BLUEPRINT, "cpu")(prepared), np.float64)
    weights, biases = efficientnet.classifier()
    odds = features @ weights.T + biases
    found = shares(unit(features))
    single = {kind.classes[0]: column for column, kind in enumerate(kinds()) if len(kind.classes) == 1}
    classes = sorted(single)
    own = found[:, [single[number] for number in classes]]
    assert abs(np.median(np.linalg.norm(features, axis=1)) / LENGTH - 1) < 0.35
    assert (own.argmax(axis=1) == odds[:, classes].argmax(axis=1)).mean() > 0.9


def test_images_get_what_is_sure_and_only_changes_are_looked_at(tmp_path):
    blank = np.zeros((1, 1280), np.float32)
    library = library_of(tmp_path, np.concatenate([rows(AIRLINER, ORCA, BEAGLE), blank]))
    found = things.seen(library)
    assert found.ids.tolist() == [1, 2, 3, 4] and (found.share >= LEAST).all()
    assert [name for name, share in found.of(1) if share >= SURE] == ["airliner", "airplane", "aircraft", "vehicle"]
    assert {"orca", "whale", "animal"} <= {name for name, share in found.of(2) if share >= SURE}
    assert found.of(4) == [] == found.of(99)
    library.db.execute("UPDATE images SET state = 'missing' WHERE id = 2")
    library_of(tmp_path, rows(PUG, RED_FOX), first=10)
    library.store([], {"efficientnet": ("test", [1], rows(RED_FOX))})
    again = things.seen(library)
    assert again.ids.tolist() == [1, 3, 4, 10, 11]
    (library.data / "things" / "seen.npz").unlink()
    anew = things.seen(Library(tmp_path))
    for image in (1, 3, 4, 10, 11):
        assert again.of(image) == anew.of(image)
    assert again.of(1)[0][0] == "red fox" and again.of(3)[0][0] == "beagle" and again.of(10)[0][0] == "pug"


def test_who_is_stopped_goes_on_from_what_was_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(followed, "PART", 3)
    library = library_of(tmp_path, rows(*range(0, 700, 100)))

    class Told(Silent):
        def __init__(self, most: int):
            self.left, self.stages = most, []

        def start(self, stage: str, total: int) -> None:
            self.stages.append((stage, total))

        def advance(self, units: int = 1, failed: int = 0) -> None:
            self.left -= units
            if self.left < 0:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        things.seen(library, Told(4))
    assert things.seen(Library(tmp_path), most=3).ids.tolist() == [1, 2, 3]
    told = Told(4)
    again = things.seen(Library(tmp_path), told)
    assert told.stages == [("things", 4)] and told.left == 0
    (library.data / "things" / "seen.npz").unlink()
    monkeypatch.undo()
    at_once = things.seen(Library(tmp_path))
    assert all(np.array_equal(getattr(again, name), getattr(at_once, name)) for name in ("ids", "ends", "kind", "share"))
    assert len(things.seen(Library(tmp_path), Told(0)).ids) == 7  # all is known


def test_likely_images_of_some_classes_are_those_of_which_a_kind_of_them_is_kept(tmp_path):
    drawn = np.random.default_rng(2)
    vectors = rows(*drawn.integers(imagenet.COUNT, size=60), noise=2.5, seed=4)
    found = things.seen(library_of(tmp_path, vectors))
    wide = {kind.name: set(kind.classes) for kind in kinds()}
    for word in ("animal", "dog", "clothing", "food", "airliner", "beagle"):
        classes = set(imagenet.find(word).classes)
        expected = {}
        for image in found.ids.tolist():
            inside = [share for name, share in found.of(image) if wide[name] <= classes]
            if inside:
                expected[image] = max(inside)
        ids, share = found.likely(classes)
        assert dict(zip(ids.tolist(), share.tolist())) == expected, word
    assert len(found.likely(set(range(imagenet.COUNT)))[0]) == 60 and not len(found.likely(())[0])


def test_a_search_does_not_look_at_a_whole_library(tmp_path):
    library = library_of(tmp_path, rows(*range(0, 1000, 3)))
    things.seen(library)
    library_of(tmp_path, np.repeat(rows(BEAGLE), _FEW + 1, axis=0), first=1001)
    library.store([], {"efficientnet": ("test", [1], rows(RED_FOX))})
    again = Library(tmp_path)
    kept = list(range(2, 335))
    assert things.at_hand(again).ids.tolist() == kept, "what is kept, but of what has changed since"
    assert things.at_hand(again).ids.tolist() == kept and len(things.seen(again).ids) == 334 + _FEW + 1
    assert len(things.at_hand(again).ids) == 334 + _FEW + 1


def test_a_damaged_file_is_made_again(tmp_path):
    library = library_of(tmp_path, rows(AIRLINER))
    things.seen(library)
    derived.path(library, "things/seen").write_bytes(b"nothing")
    assert things.seen(library).of(1)[0][0] == "airliner"


def test_groups_are_named_by_what_is_sure_and_narrow(tmp_path):
    dogs = rows(*range(151, 191), noise=0.3)
    foxes = rows(*[RED_FOX, RED_FOX + 1, RED_FOX + 2, RED_FOX + 3] * 9, noise=0.3, seed=1)
    planes = rows(*[AIRLINER] * 20, noise=0.3, seed=2)
    noise = unit(np.random.default_rng(3).normal(size=(20, 1280)))
    library = library_of(tmp_path, np.concatenate([dogs, foxes, planes, noise]))
    found = things.seen(library)
    group = np.repeat([0, 0, 1, 2], [len(dogs), len(foxes), len(planes), len(noise)])
    both, airliners, nothing = things.names(found, found.ids, group, 3)
    assert both.text in ("dogs and foxes", "foxes and dogs") and 0.6 <= both.share <= 1
    assert airliners.text == "airliners" and airliners.share > 0.5
    assert nothing is None
    of_foxes = things.names(found, found.ids, np.where(np.arange(len(group)) < len(dogs), -1, group), 3)[0]
    assert of_foxes.text == "foxes"


def test_what_is_everywhere_names_no_single_group(tmp_path):
    library = library_of(tmp_path, rows(*range(151, 191), noise=0.3))
    found = things.seen(library)
    halves = np.arange(40) % 2
    assert all(name is None or "dogs" != name.text for name in things.names(found, found.ids, halves, 2))
    assert things.names(found, found.ids, np.zeros(40, int), 1)[0].text == "dogs"


def test_things_seen_are_a_column_that_filters(tmp_path):
    library = library_of(tmp_path, rows(AIRLINER, ORCA, BEAGLE, PUG))
    table = of(library).now()
    assert table.ids[table.passing(OneOf("thing", ("Dog",)))].tolist() == [3, 4]
    assert table.ids[table.passing(OneOf("thing", ("whale", "airliner")))].tolist() == [1, 2]


def test_without_the_networks_vectors_nothing_is_seen(tmp_path):
    library = Library(tmp_path, create=True)
    assert not things.available(library) and len(things.seen(library).ids) == 0
