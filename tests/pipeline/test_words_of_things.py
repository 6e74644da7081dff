"""A color beside a thing is the thing's color, and a word for many classes is read by all of them."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import columns
from pipeline import index as indexes
from pipeline.cli import main
from pipeline.columns import colors
from pipeline.embeddings import color, color_words, efficientnet, imagenet, lite0
from pipeline.errors import QueryError
from pipeline.library import Library, derived
from pipeline.search import Filter, ImageEntry, Query, Searcher, WordsEntry
from pipeline.search.searcher import CANDIDATES
from pipeline.things import palettes
from tests.conftest import unit

SHOE, CLOCK = (imagenet.titles().index(title) for title in ("running shoe", "analog clock"))
MATERIALS = {"white": (240, 240, 238), "black": (18, 18, 18), "red": (200, 30, 30), "green": (40, 150, 60)}


def painted(thing: str, around: str, size: tuple[int, int] = (150, 200)) -> np.ndarray:
    """A thing of one color, a quarter of the picture, before a floor of another, both a little uneven."""
    drawn = np.random.default_rng(len(thing) * 31 + len(around))
    picture = np.full((*size, 3), MATERIALS[around], np.float64)
    cv2.ellipse(picture, (size[1] // 2, size[0] // 2), (size[1] // 4, size[0] // 3), 0, 0, 360, MATERIALS[thing], -1)
    return (picture + drawn.normal(0, 5, picture.shape)).clip(0, 255).astype(np.uint8)


def library_of(data, shown: list[tuple[np.ndarray, int]]) -> Library:
    """Of pictures, each with the vector of a class of ImageNet, and an index."""
    library = Library(data, create=True)
    root, ids = library.add_root("/nowhere"), list(range(1, len(shown) + 1))
    library.db["images"].insert_all(
        {"id": i, "root_id": root, "path": f"{i}.jpg", "size": 1, "mtime": 0.0, "content_hash": f"{i:032x}"} for i in ids
    )
    for i, (picture, _) in zip(ids, shown):
        jpeg = cv2.imencode(".jpg", picture[:, :, ::-1])[1].tobytes()
        library.db["thumbnails"].insert({"image_id": i, "jpeg": jpeg, "content_hash": f"{i:032x}"}, alter=True)
    extractor, drawn = color.ColorHistogram(), np.random.default_rng(0)
    rows = unit(efficientnet.classifier()[0])[[number for _, number in shown]]
    rows = unit(rows + 0.3 * drawn.normal(size=rows.shape) / np.sqrt(rows.shape[1]))
    network = efficientnet.EfficientNet().fingerprint
    library.set_embedding("color", extractor.fingerprint, extractor.dim, {"bins": 16})
    library.set_embedding("efficientnet", network, rows.shape[1], {})
    library.store([], {
        "color": (extractor.fingerprint, ids, extractor.extract([picture for picture, _ in shown])),
        "efficientnet": (network, ids, rows),
    })  # fmt: skip
    indexes.build(library)
    return library


def found(library: Library, *entries, most: int = 4) -> list[int]:
    return [match.id for match in Searcher(library).search(Query(entries, top_k=most, written=False)).matches]


def test_a_color_beside_a_thing_is_the_things(tmp_path):
    """However much of the picture the floor is; alone, a color is the picture's."""
    pairs = [(thing, floor) for thing in MATERIALS for floor in MATERIALS if thing != floor]
    shown = [(painted(*pair), number) for number in (SHOE, CLOCK) for pair in pairs]
    library = library_of(tmp_path, shown)
    things_of = dict(zip(range(1, 25), [(number, *pair) for number in (SHOE, CLOCK) for pair in pairs]))
    for name in MATERIALS:
        for word, number in (("shoe", SHOE), ("clock", CLOCK)):
            first = found(library, WordsEntry(f"{name} {word}"), most=3)
            assert {things_of[one][:2] for one in first} == {(number, name)}, (name, word)
    alone = [things_of[one][2] for one in found(library, WordsEntry("red"), most=6)]
    assert alone == ["red"] * 6, "three quarters are the floor"
    without = found(library, WordsEntry("shoe"), WordsEntry("red", minus=True), most=9)
    assert {things_of[one][0] for one in without} == {SHOE} and "red" not in {things_of[one][1] for one in without}
    like = next(one for one, kind in things_of.items() if kind[:2] == (SHOE, "green"))
    other = found(library, ImageEntry(like), WordsEntry("black"), most=3)
    assert {things_of[one][:2] for one in other} == {(SHOE, "black")}, "this one, but in black"
    scaled = Searcher(library).search(Query((WordsEntry("white shoe"),), top_k=24, written=False))
    shares = dict(zip(palettes.palettes(library).ids.tolist(), palettes.palettes(library).covered("white").tolist()))
    spread = scaled.scale["color"]
    assert spread.mean == pytest.approx(np.mean(list(shares.values())), abs=1e-5)
    for match in scaled.matches:
        assert match.parts["color"] == pytest.approx(float(spread.standing(shares[match.id])), abs=1e-5)


def test_only_pictures_that_changed_are_looked_at(tmp_path):
    library = library_of(tmp_path, [(painted("red", "white"), SHOE), (painted("green", "white"), SHOE)])
    first = palettes.palettes(library)
    assert first.ids.tolist() == [1, 2] and (first.share.sum(axis=1) > 245).all()
    assert first.covered("red") == pytest.approx([1, 0], abs=0.1) and first.covered("#289640")[1] > 0.2
    marked = {"ids": first.ids, "colors": np.full_like(first.colors, 7), "share": first.share}
    key = derived.read(library, "things/palettes").key
    derived.store(library, "things/palettes", key, marked, {"generation": library.generation()})
    again = Library(tmp_path)
    assert (palettes.palettes(again).colors == 7).all(), "what is kept is not made anew"
    row = again.vectors("color", [1])[1]
    again.store([], {"color": (color.ColorHistogram().fingerprint, [1], row)})
    now = palettes.palettes(again)
    assert now.covered("red")[0] > 0.9 and (now.colors[1] == 7).all()
    again.db.execute("DELETE FROM thumbnails WHERE image_id = 2")
    again.store([], {"color": (color.ColorHistogram().fingerprint, [2], row)})
    assert palettes.palettes(again, most=0).ids.tolist() == [1], "a search does not wait"
    assert palettes.palettes(again).covered("red")[1] == 0, "of what has no thumbnail nothing is known"


def test_a_thing_may_fill_its_picture_and_a_picture_may_be_one_color():
    for shape in ((4, 300, 3), (300, 4, 3), (1, 1, 3), (64, 64, 3)):
        shades, shares = palettes.palette(np.full(shape, 90, np.uint8))
        assert shades[0].tolist() == [90, 90, 90] and shares[0] == 255 and shares[1:].sum() == 0


def test_a_word_for_many_classes_finds_each_of_them(tmp_path):
    """Which the mean of their directions does not; and what a minus names is not among them."""
    drawn = np.random.default_rng(3)
    animals = drawn.choice(imagenet.find("animal").classes, 30, replace=False)
    others = drawn.choice(imagenet.find("vehicle").classes, 30, replace=False)
    dogs = imagenet.find("dog").classes[:6]
    plain = painted("white", "black", (30, 40))
    library = library_of(tmp_path, [(plain, int(number)) for number in (*animals, *dogs, *others)])
    kinds = np.array([*animals, *dogs, *others])
    first = found(library, WordsEntry("animal"), most=36)
    assert set(first) == set(range(1, 37))
    is_dog = np.isin(kinds, imagenet.find("dog").classes)
    wild = set((np.flatnonzero(~is_dog[:36]) + 1).tolist())
    assert set(found(library, WordsEntry("animal"), WordsEntry("dog", minus=True), most=len(wild))) == wild
    assert set(found(library, WordsEntry("dog"), most=int(is_dog.sum()))) == set((np.flatnonzero(is_dog) + 1).tolist())


def test_of_a_large_library_come_those_in_which_a_group_is_seen(tmp_path):
    """More lie near to the mean direction of all clothing than are looked at, and are none of it."""
    weights = unit(efficientnet.classifier()[0])
    drawn, clothing = np.random.default_rng(5), imagenet.find("clothing").classes
    toward = unit(weights[list(clothing)].mean(axis=0, keepdims=True))
    others = drawn.choice(imagenet.find("animal").classes, CANDIDATES + 60)
    rows = np.concatenate([unit(0.8 * toward + weights[others]), weights[list(clothing[::5])]]).astype(np.float32)
    assert (rows[-len(clothing[::5]) :] @ toward[0]).max() < np.sort(rows[: len(others)] @ toward[0])[-CANDIDATES]
    library = Library(tmp_path, create=True)
    root, ids = library.add_root("/nowhere"), list(range(1, len(rows) + 1))
    library.db["images"].insert_all(
        {"id": i, "root_id": root, "path": f"{i}.jpg", "size": i, "mtime": 0.0, "content_hash": f"{i:032x}"} for i in ids
    )
    network = efficientnet.EfficientNet().fingerprint
    library.set_embedding("efficientnet", network, rows.shape[1], {})
    library.store([], {"efficientnet": (network, ids, rows)})
    indexes.build(library, None, {"type": "flat"})
    right = ids[len(others) :]
    assert sorted(found(library, WordsEntry("clothing"), most=len(right))) == right
    narrowed = Query((WordsEntry("clothing"),), top_k=3, written=False, filter=Filter(columns.parse(f"size>{right[-3] - 1}")))
    assert sorted(match.id for match in Searcher(library).search(narrowed).matches) == right[-3:]


def test_a_library_without_words_for_things_says_how_it_gets_them(tmp_path):
    library = library_of(tmp_path, [(painted(thing, "white"), SHOE) for thing in ("red", "green", "black")])
    library.drop_embedding("efficientnet")
    indexes.build(library)
    searcher = Searcher(library)
    way = "python -m pipeline run --embeddings color,efficientnet"
    with pytest.raises(QueryError, match="“shoe” is a thing, and nothing in this library knows words for things yet") as error:
        searcher.search(Query((WordsEntry("shoe"),)))
    assert str(error.value).endswith(way)
    red = searcher.search(Query((WordsEntry("red shoe"),)))
    assert red.matches[0].id == 1 and red.unknown == {"shoe": []}
    done = CliRunner().invoke(main, ["search", "red shoe", "--data", str(tmp_path)])
    assert done.exit_code == 0 and way in done.stderr, done.output
    with pytest.raises(QueryError, match="“shos” is not known here. Did you mean"):
        searcher.search(Query((WordsEntry("shos"),)))


@pytest.mark.network
def test_the_last_layer_is_read_without_torch_and_is_the_packages():
    import torch

    said = "import sys; from pipeline.embeddings import efficientnet as e; e.EfficientNet().encode_text('dog'); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.strip() == "False"
    weights, biases = efficientnet.classifier()
    layer = torch.load(lite0.file(), map_location="cpu", weights_only=True)
    assert np.array_equal(weights, layer["_fc.weight"].numpy()) and np.array_equal(biases, layer["_fc.bias"].numpy())


def test_a_filter_calls_colors_as_words_do():
    """Of every plain color those that are it most of all; where two border on each other, cells of the vector are coarse."""
    extractor = color.ColorHistogram()
    for name in color_words.PLAIN:
        rgb = color_words.rgb(color_words.sample(name))
        assert color_words.shares(np.array([rgb], np.uint8))[name] == 1
        picture = np.full((60, 60, 3), MATERIALS["white"], np.uint8)
        picture[10:50, 10:50] = rgb
        names = colors.sets_of(extractor.extract([picture]))[0]
        assert names >> color_words.PLAIN.index(name) & 1, (name, rgb)
