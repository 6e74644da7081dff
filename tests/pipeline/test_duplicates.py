"""Duplicates: made copies are found with their reasons, and nothing else is."""

from __future__ import annotations

import json
import random
import shutil
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import duplicates, gallery, index
from pipeline.cli import main
from pipeline.errors import LibraryError
from pipeline.extraction import folders
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.duplicates.candidates import Candidate, _by_detail, candidates, turned
from pipeline.duplicates.eyes import Eyes
from pipeline.pictures import hashes
from pipeline.pictures.alignment import Picture, align, lay, stretch
from pipeline.progress import Silent
from pipeline.quality.transforms import TRANSFORMS
from pipeline.search.hash_index import HashIndex
from tests import flat_pictures
from tests.conftest import synthetic_library
from tests.copies import LETTERS, TURNS, part

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copied(pictures, tmp_path_factory) -> tuple[Library, dict[frozenset, str]]:
    """A library of `pictures` and changed copies; which pairs are copies, and of what kind."""
    folder = tmp_path_factory.mktemp("copied") / "pictures"
    shutil.copytree(pictures, folder)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.*"))
    truth = {}
    (folder / "copies").mkdir()

    def add(kind: str, original: str, data: bytes) -> None:
        name = f"copies/{kind}-{len(truth)}{Path(original).suffix}"
        (folder / name).write_bytes(data)
        truth[frozenset((original, name))] = kind

    for number, (kind, change) in enumerate((TRANSFORMS | TURNS | LETTERS).items()):
        for path in ([files[number], files[30 + 5 * number]] if kind in TRANSFORMS else [files[number]]):
            pixels = decoding.decode((folder / path).read_bytes())
            add(kind, path, decoding.encode_jpeg(np.ascontiguousarray(change(pixels))))
    for entry in gallery.plan(7):
        if entry.change == "recolor" and entry.duplicate_of in files:
            add("recolor", entry.duplicate_of, gallery.encode(entry, gallery.render(entry)))
    for place in (16, 17):
        add("twin", files[place], (folder / files[place]).read_bytes())
    path = next(path for path in files if not any(path in pair for pair in truth))
    pixels = decoding.decode((folder / path).read_bytes())
    height, width = (side // 10 for side in pixels.shape[:2])
    part = np.ascontiguousarray(pixels[height:-height, width:-width])
    add("lettered part", path, decoding.encode_jpeg(LETTERS["caption"](part)))
    library = Library(folder.parent / "data", create=True)
    scan(library, folder)
    embed(library, ["color", "sift"])
    index.build(library)
    return library, truth


def test_made_copies_are_found_and_nothing_else(copied):
    library, truth = copied
    groups = duplicates.find(library)
    found = {frozenset((a.path, b.path)) for g in groups for a, b in combinations(g.images, 2)}
    assert found <= set(truth)
    missed = [truth[pair] for pair in set(truth) - found]
    assert len(missed) <= 1 and set(missed) <= set(LETTERS)  # a watermark all over a painting of graphite
    kinds = {*TRANSFORMS, *TURNS, *LETTERS, "recolor", "twin", "lettered part"}
    assert set(truth.values()) == kinds and len(groups) == len(found)
    said = {truth[frozenset(row.path for row in group.images)]: group.reasons for group in groups}
    assert "identical file" in said["twin"][0]
    assert "of 192 bits" in said["half_jpeg20"][0] and "of 192 bits" in said["recolor"][0]
    assert said["dark_mirror"][0].endswith("mirrored")
    assert "matching points" in said["crop70"][0] and "matching points" in said["rotate12"][0]
    assert all("turned by" in said[kind][0] for kind in TURNS)
    assert all("something laid over" in said[kind][0] for kind in said.keys() & LETTERS.keys())
    for pair in (pair for group in groups for pair in group.pairs if pair.reason.kind == "laid over"):
        assert library.image(pair.reason.added).path.startswith("copies/")  # that one is not suggested to be kept
    assert "laid over, " in said["lettered part"][0] and "matching points" in said["lettered part"][0]


def test_the_command_tells_the_groups_as_one_document(copied):
    library, truth = copied
    data = str(library.data)
    result = CliRunner().invoke(main, ["duplicates", "--json", "--data", data])
    answer = json.loads(result.stdout)
    assert len(truth) - len(answer["groups"]) <= 1
    for group in answer["groups"]:
        assert set(group) == {"images", "best", "keep", "state", "reasons", "pairs"} and len(group["images"]) == 2
        (pair,) = group["pairs"]
        assert pair["one"] == group["best"] and pair["kind"] in duplicates.KINDS and pair["reason"] in group["reasons"][0]
        assert all(library.image(item["id"]).path == item["path"] for item in group["images"])
        assert len(group["reasons"]) == 1
    said = CliRunner().invoke(main, ["duplicates", "--data", data]).stdout
    count = len(answer["groups"])
    assert f"{count} groups, {2 * count} images" in said and "identical file" in said


def test_where_the_hash_ties_the_nearest_in_detail_are_looked_at(tmp_path):
    """White slides with a number: all are equally near to all by hash and by color, and each has a copy."""
    draw = {number: np.asarray(flat_pictures.numbered(number, random.Random(number))) for number in range(24)}
    slides = {f"{number}.png": cv2.imencode(".png", pixels)[1].tobytes() for number, pixels in draw.items()}
    slides |= {f"{number}-again.jpg": decoding.encode_jpeg(flat_pictures.smaller(pixels), 80) for number, pixels in draw.items()}
    library = library_of(tmp_path / "slides", slides, ["color"])
    at = {row.path: row.id for row in library.images()}
    looked_at = candidates(library, HashIndex.of(library), ())
    found = sum(tuple(sorted((at[f"{number}.png"], at[f"{number}-again.jpg"]))) in looked_at for number in draw)
    assert found == len(draw) and len(looked_at) < 20 * len(slides)


def test_of_many_that_the_hash_cannot_tell_apart_no_pictures_are_held(tmp_path):
    """Frames of a film: 100,000 thumbnails are 20 GB, what they are compared by is 100 MB."""
    library, count = synthetic_library(tmp_path / "data", 400, {"color": 4}), 400
    chance = np.random.default_rng(0)
    frame = chance.integers(0, 256, (8, 8, 3), np.uint8)
    jpeg = decoding.encode_jpeg(cv2.resize(frame, (256, 256)))
    library.store([(image, jpeg) for image in range(1, count + 1)], {})
    tracemalloc.start()
    try:
        pairs = {}
        _by_detail(pairs, library, np.arange(1, count + 1))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(pairs) >= count / 2 and most < count * decoding.decode(jpeg).nbytes / 4


def test_a_part_with_a_watermark_all_over_it_is_looked_at_for_its_colors(pictures, tmp_path):
    """Its texture and its hash are those of the letters."""
    seen = {file.stem: decoding.decode(file.read_bytes()) for file in sorted(pictures.rglob("*.jpg"))[::3]}
    lettered = {f"{name}-copy": LETTERS["aslant"](part(pixels)) for name, pixels in list(seen.items())[:4]}
    files = {f"{name}.jpg": decoding.encode_jpeg(pixels) for name, pixels in (seen | lettered).items()}
    library = library_of(tmp_path / "pictures", files)
    at = {row.path.removesuffix(".jpg"): row.id for row in library.images()}
    looked_at = candidates(library, HashIndex.of(library), ())
    for name in lettered:
        original = at[name.removesuffix("-copy")]
        assert looked_at[min(original, at[name]), max(original, at[name])].by_points, name


def test_many_identical_files_are_one_group(own_pictures, tmp_path):
    first = sorted(own_pictures.rglob("*.jpg"))[0]
    for number in range(9):
        shutil.copy(first, own_pictures / f"again-{number}.jpg")
    pixels = decoding.decode(first.read_bytes())
    (own_pictures / "smaller.jpg").write_bytes(decoding.encode_jpeg(decoding.resize(pixels, 200), quality=40))
    shutil.copy(own_pictures / "smaller.jpg", own_pictures / "a-smaller-twin.jpg")
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    embed(library, ["color"])
    index.build(library)
    (group,) = duplicates.find(library)
    assert len(group.images) == 12 and len(group.reasons) == 11
    assert sum("identical file" in reason for reason in group.reasons) == 10
    sizes = {row.id: row.width * row.height for row in group.images}
    assert sizes[group.best] == max(sizes.values()) > min(sizes.values())


def test_a_folder_may_be_forgotten_while_copies_are_looked_for(own_pictures, tmp_path):
    first, other, third = sorted(own_pictures.rglob("*.jpg"))[:3]
    (tmp_path / "kept").mkdir()
    for file in (first, other):
        shutil.copy(file, tmp_path / "kept" / f"{file.stem}-again.jpg")
        shutil.copy(file, tmp_path / "kept" / f"{file.stem}-twin.jpg")
    smaller = decoding.resize(decoding.decode(third.read_bytes()), 200)
    (tmp_path / "kept" / "smaller.jpg").write_bytes(decoding.encode_jpeg(smaller, quality=40))
    library = Library(tmp_path / "data", create=True)
    for folder in (own_pictures, tmp_path / "kept"):
        scan(library, folder)
    embed(library, ["color"])
    index.build(library)
    assert sorted(len(group.images) for group in duplicates.find(library)) == [2, 3, 3]

    class Forgets(Silent):
        def advance(self, units: int = 1, failed: int = 0) -> None:
            if str(own_pictures) in library.roots():
                folders.forget(library, own_pictures)

    found = duplicates.find(library, Forgets())
    assert {row.root for group in found for row in group.images} <= {str(tmp_path / "kept")}
    assert sorted(len(group.images) for group in duplicates.find(library)) == [2, 2]


def test_plain_pictures_are_copies_by_color_unless_a_mark_is_too_small_to_be_seen(tmp_path):
    """Each black one has more that are equally near than are looked at. The command's last line is what scripts read."""
    page = np.full((1600, 1200, 3), 250, np.uint8)
    written = page.copy()
    written[800:802, 600:612] = 60  # a dash, of which a thumbnail shows nothing
    black = {f"black{side}": np.zeros((3 * side, 4 * side, 3), np.uint8) for side in range(50, 74, 2)}
    black["wide"] = np.zeros((100, 400, 3), np.uint8)
    others = {"dark": np.full((150, 200, 3), 20, np.uint8), "page": page, "written": written}
    files = {f"{name}.png": cv2.imencode(".png", pixels)[1].tobytes() for name, pixels in (black | others).items()}
    files["small.jpg"] = decoding.encode_jpeg(flat_pictures.smaller(page), 40)
    library = library_of(tmp_path / "plain", files, ["color"])
    groups = duplicates.find(library)
    assert {frozenset(row.path.split(".")[0] for row in group.images) for group in groups} == {frozenset(black), frozenset(("page", "small"))}
    assert {pair.reason.text for group in groups for pair in group.pairs} == {"nothing is on it, seen in full size"}
    script = tmp_path / "aside.sh"
    told = CliRunner().invoke(main, ["duplicates", "--data", str(library.data), "--script", str(script)])
    assert told.stdout.splitlines()[-1] == "2 groups, 15 images in them."
    assert f"{script} moves nothing of 2 groups that nobody has decided on" in told.stderr
    assert "0 files to set aside" in script.read_text()


def library_of(folder: Path, pictures: dict[str, bytes], embeddings: Sequence[str] = ("color", "sift")) -> Library:
    folder.mkdir()
    for name, data in pictures.items():
        (folder / name).write_bytes(data)
    library = Library(folder.parent / "data", create=True)
    scan(library, folder)
    embed(library, list(embeddings))
    index.build(library)
    return library


def pairs_of(groups) -> set[frozenset]:
    return {frozenset((a.path, b.path)) for group in groups for a, b in combinations(group.images, 2)}


def test_of_flat_pictures_copies_are_found_and_their_likes_are_none(tmp_path):
    """Slides of one deck, pages of one book, windows of one program: also where the hash ties."""
    originals, copies, truth = flat_pictures.made(seed=1, share=0.3)
    written = {name: cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes() for name, pixels in originals.items()}
    written |= {name: decoding.encode_jpeg(pixels, quality) for name, (pixels, quality) in copies.items()}
    found = pairs_of(duplicates.find(library_of(tmp_path / "pictures", written)))
    assert len(found - truth) <= 0.02 * len(found), found - truth
    plain = {pair for pair in truth if any("copy-saved" in name or "copy-smaller" in name for name in pair)}
    assert plain <= found and len(found & truth) >= 0.7 * len(truth), truth - found


def test_pages_that_differ_in_a_number_are_no_copies(tmp_path):
    """Of that a thumbnail shows nothing. Laid over one another as a whole, and by points where one is a little moved."""
    bills = [np.asarray(flat_pictures.bill(number, random.Random(number))) for number in range(3)]
    moved = np.roll(bills[2], (9, 6), (0, 1))
    files = {f"{name}.png": cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes() for name, pixels in zip(("bill", "next", "moved"), (*bills[:2], moved))}
    files |= {"small.jpg": decoding.encode_jpeg(flat_pictures.smaller(bills[0]), 50), "part.jpg": decoding.encode_jpeg(flat_pictures.cropped(bills[0]), 85)}
    library = library_of(tmp_path / "bills", files)
    (group,) = duplicates.find(library)
    assert {row.path for row in group.images} == {"bill.png", "small.jpg", "part.jpg"}
    at, eyes, by_points = {row.path: row.id for row in library.images()}, Eyes(library), Candidate(by_points=True)
    assert eyes.compare(at["bill.png"], at["part.jpg"], by_points).kind == "part"
    assert not any(eyes.compare(at["moved.png"], at[name], by_points) for name in ("bill.png", "next.png", "part.jpg"))


def test_a_group_is_what_one_picture_explains(pictures, tmp_path):
    """Frames of a pan, each with three quarters of the next: the first and the last have nothing in common."""
    seen = [decoding.decode(file.read_bytes()) for file in sorted(pictures.rglob("*.jpg"))[:4]]
    wide = np.hstack([cv2.resize(pixels, (400, 400)) for pixels in seen])
    frames = {f"frame{at:02}.jpg": decoding.encode_jpeg(wide[:, 100 * at : 100 * at + 400]) for at in range(13)}
    groups = duplicates.find(library_of(tmp_path / "pictures", frames))
    for pair in pairs_of(groups):
        one, other = (int(name[5:7]) for name in pair)
        assert abs(one - other) < 4
    for group in groups:
        assert {pair.one for pair in group.pairs} == {group.best} and len(group.pairs) == len(group.images) - 1


def test_turned_copies_need_no_points_and_mirrored_parts_no_hash(pictures, tmp_path):
    """Each way to a copy by itself: soft clouds have no points to turn by, and half of a picture has another hash."""
    noise = np.random.default_rng(4).integers(0, 256, (6, 8, 3), np.uint8)
    soft = cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)
    whole = decoding.decode(sorted(pictures.rglob("*.jpg"))[0].read_bytes())
    height, width = whole.shape[:2]
    part = whole[height // 8 : -height // 8, width // 4 :, :][:, ::-1]
    seen = {"soft": soft, "soft-turned": np.rot90(soft), "whole": whole, "part-mirrored": part}
    seen |= {f"other{at}": decoding.decode(file.read_bytes()) for at, file in enumerate(sorted(pictures.rglob("*.jpg"))[3:12])}
    written = {f"{name}.jpg": decoding.encode_jpeg(np.ascontiguousarray(pixels)) for name, pixels in seen.items()}
    groups = duplicates.find(library_of(tmp_path / "pictures", written))
    said = {frozenset(row.path.split(".")[0] for row in group.images): group.pairs[0].reason for group in groups}
    turned_one, mirrored_one = said[frozenset(("soft", "soft-turned"))], said[frozenset(("whole", "part-mirrored"))]
    assert turned_one.kind == "turned" and "matching points" not in turned_one.text
    assert mirrored_one.kind == "mirrored" and "matching points" in mirrored_one.text and len(said) == 2


@pytest.mark.parametrize("same", [True, False])
def test_on_a_common_ground_what_stands_on_it_tells(same):
    """The ground is worth more than the thing: a wall with one of two small things before it."""
    wall = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (192, 256, 3), np.uint8), (0, 0), 2) // 2 + 60
    one, other = wall.copy(), wall.copy()
    cv2.circle(one, (128, 96), 14, (220, 40, 40), -1)
    if same:
        cv2.circle(other, (128, 96), 14, (220, 40, 40), -1)
    else:
        cv2.rectangle(other, (112, 80), (140, 120), (40, 90, 200), -1)
    first, second = Picture.of(one), Picture.of(decoding.decode(decoding.encode_jpeg(other, 80)))
    assert lay(first, second, stretch(first, second)).verdict(colors=True) == ("same" if same else None)


def test_a_thing_that_moved_is_not_laid_over(pictures):
    """A disk of one color, a sixth as wide as the picture, which has gone on by a third of its width or is elsewhere."""
    chance, said = np.random.default_rng(0), Counter()
    for file in sorted(pictures.rglob("*.jpg"))[::2]:
        ground = decoding.decode(decoding.read(file))
        height, width = ground.shape[:2]
        radius, color = width // 12, chance.integers(20, 236, 3).tolist()
        at, away = chance.integers(radius, (width - radius, height - radius), (2, 2))
        on = min(width - radius, at[0] + 2 * radius // 3), at[1]
        frames = [cv2.circle(ground.copy(), (int(x), int(y)), radius, color, -1, cv2.LINE_AA) for x, y in (at, on, away)]
        first, *others = (Picture.of(decoding.decode(decoding.thumbnail(frame))) for frame in frames)
        said.update(lay(first, other, stretch(first, other)).verdict(colors=True) for other in others)
    assert said["laid over"] <= 0.03 * said.total() and said[None] >= 0.9 * said.total(), said


def test_hashes_turn_as_pictures_do(pictures):
    """So that turned pictures are found without looking at them again."""
    for file in sorted(pictures.rglob("*.*"))[::6]:
        pixels = decoding.decode(file.read_bytes())
        row = hashes.compute(pixels)[None]
        kept = np.hstack([row[:, :8], row[:, 16:]])
        for quarters in range(4):
            for mirror in (False, True):
                seen = hashes.compute(np.ascontiguousarray(np.rot90(pixels[:, ::-1] if mirror else pixels, quarters)))[None]
                apart = np.unpackbits(turned(kept, quarters, mirror) ^ np.hstack([seen[:, :8], seen[:, 16:]])).sum()
                assert apart <= 20


def test_flat_pictures_are_copies_only_when_their_color_is():
    large, small = (90, 120, 3), (45, 60, 3)
    red = Picture.of(np.full(large, (200, 30, 30), np.uint8))
    same = Picture.of(np.full(small, (200, 31, 30), np.uint8))
    blue = Picture.of(np.full(large, (30, 30, 200), np.uint8))
    assert align(red, same) is None
    assert lay(red, same, stretch(red, same)).verdict(colors=True) == "same"
    assert lay(red, blue, stretch(red, blue)).verdict(colors=True) is None


def test_a_library_without_hashes_says_what_to_do(tmp_path):
    with pytest.raises(LibraryError, match="pipeline embed"):
        duplicates.find(synthetic_library(tmp_path, 5, {"color": 4}))
