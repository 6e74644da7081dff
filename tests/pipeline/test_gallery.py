"""The sample gallery: what it promises to hold, and that a seed always gives the same."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import gallery
from pipeline.errors import SettingsError
from pipeline.pictures import decoding

SEED = 7


@pytest.fixture(scope="module")
def folder(sample_gallery: Path) -> Path:
    return sample_gallery


@pytest.fixture(scope="module")
def truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def pixels(path: Path) -> np.ndarray:
    return decoding.decode(decoding.read(path))


def gray(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """The share of SIFT keypoints of `one` that find a clear partner in `other`."""
    sift = cv2.SIFT_create(400)
    _, left = sift.detectAndCompute(gray(one), None)
    _, right = sift.detectAndCompute(gray(other), None)
    pairs = cv2.BFMatcher().knnMatch(left, right, k=2)
    return float(np.mean([a.distance < 0.8 * b.distance for a, b in pairs]))


def test_truth_lists_exactly_the_pictures_and_their_themes(folder, truth):
    on_disk = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if decoding.is_image_name(path)
    }
    assert len(truth) == len(on_disk) >= 360
    assert {row["path"] for row in truth} == on_disk
    assert all(Path(row["path"]).parts[0] == row["theme"] for row in truth)
    assert {Path(name).suffix for name in on_disk} == {".jpg", ".png", ".webp"}


def test_the_palette_of_each_picture_is_told_and_of_no_other_folder(folder, truth, tmp_path):
    assert gallery.truth(folder) == {row["path"]: row["palette"] for row in truth}
    assert gallery.truth(tmp_path) == gallery.truth(tmp_path / "none") == {}
    (tmp_path / "truth.csv").write_text("path,palette\na.jpg,moss\n")
    for marker in ("{", "[]", '{"version": 0}', "null"):
        (tmp_path / ".gallery.json").write_text(marker)
        assert gallery.truth(tmp_path) == {}, marker
    (tmp_path / ".gallery.json").write_text(f'{{"version": {gallery.VERSION}}}')
    assert gallery.truth(tmp_path) == {"a.jpg": "moss"}


def test_themes_and_palettes_cross(truth):
    originals = [row for row in truth if not row["duplicate_of"]]
    palettes, themes, layouts = defaultdict(set), defaultdict(set), Counter()
    for row in originals:
        palettes[row["theme"]].add(row["palette"])
        themes[row["palette"]].add(row["theme"])
        layouts[row["theme"], row["palette"]] += 1
    assert len(palettes) >= 12
    assert min(map(len, palettes.values())) >= 4
    assert min(map(len, themes.values())) >= 6
    assert min(layouts.values()) >= 2


def test_every_picture_decodes_at_its_size_and_is_not_flat(folder, truth):
    for row in truth[::7]:
        picture = pixels(folder / row["path"])
        assert 180 <= min(picture.shape[:2]) and max(picture.shape[:2]) <= 384
        assert gray(picture).std() > 12


def test_a_palette_reaches_the_picture(folder, truth):
    """Pictures of one palette share hues across themes more than a theme across palettes."""

    def tint(row: dict[str, str]) -> np.ndarray:
        lab = cv2.cvtColor(pixels(folder / row["path"]), cv2.COLOR_RGB2Lab)
        return np.median(lab.reshape(-1, 3)[:, 1:].astype(float), axis=0)

    tints = defaultdict(list)
    for row in truth[::3]:
        tints[row["palette"]].append(tint(row))
    centers = {name: np.median(values, axis=0) for name, values in tints.items()}
    everything = np.concatenate(list(tints.values()))
    spread_all = np.linalg.norm(everything - np.median(everything, axis=0), axis=1).mean()
    spread_own = np.mean(
        [np.linalg.norm(t - centers[name]) for name, values in tints.items() for t in values]
    )
    assert spread_own < 0.6 * spread_all


def test_a_tenth_are_near_duplicates_of_an_original(folder, truth):
    by_path = {row["path"]: row for row in truth}
    copies = [row for row in truth if row["duplicate_of"]]
    assert 0.07 <= len(copies) / len(truth) <= 0.13
    assert {Path(row["path"]).stem.rsplit("-", 1)[1] for row in copies} == set(gallery.CHANGES)
    assert len({row["theme"] for row in copies}) == len({row["theme"] for row in truth})
    for row in copies:
        original = by_path[row["duplicate_of"]]
        assert original["duplicate_of"] == "" and original["theme"] == row["theme"]


@pytest.mark.parametrize("change", gallery.CHANGES)
def test_a_near_duplicate_is_closer_to_its_original_than_its_theme_is(folder, truth, change):
    copies = [row for row in truth if Path(row["path"]).stem.endswith(f"-{change}")]
    for row in copies[::3]:
        copy = pixels(folder / row["path"])
        original = pixels(folder / row["duplicate_of"])
        others = [
            other["path"]
            for other in truth
            if other["theme"] == row["theme"]
            and row["duplicate_of"] not in (other["path"], other["duplicate_of"])
        ]
        own = likeness(copy, original)
        assert own > max(likeness(copy, pixels(folder / path)) for path in others[:3])


def test_the_same_seed_paints_the_same_bytes(folder):
    entries = gallery.plan(SEED)
    for entry in entries[3::61]:
        again = gallery.encode(entry, gallery.render(entry, SEED))
        assert again == (folder / entry.path).read_bytes()
    entry = entries[0]
    assert not np.array_equal(gallery.render(entry, SEED), gallery.render(entry, SEED + 1))


def test_a_second_call_does_no_work(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    calls = []
    count = gallery.generate(folder, seed=SEED, progress=lambda *at: calls.append(at))
    assert count == len(gallery.plan(SEED)) and calls == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize("seed", [-1, 10**30])
def test_any_whole_number_is_a_seed(seed):
    entry = gallery.plan(seed)[0]
    picture = gallery.render(entry, seed)
    np.testing.assert_array_equal(picture, gallery.render(gallery.plan(seed)[0], seed))
    assert not np.array_equal(picture, gallery.render(entry, SEED))


@pytest.mark.parametrize("text", [b"path,label\nflower/1.jpg,rose\n", b"flower/1.jpg\xff", b""])
def test_the_truth_of_other_pictures_stays_with_them(tmp_path, text):
    """Of a set of photographs that is laid out alike: neither its table nor its pictures go."""
    (tmp_path / "flower").mkdir()
    (tmp_path / "flower" / "1.jpg").write_bytes(b"a photograph")
    (tmp_path / "truth.csv").write_bytes(text)
    with pytest.raises(SettingsError, match="of no sample gallery"):
        gallery.generate(tmp_path)
    assert (tmp_path / "truth.csv").read_bytes() == text
    assert [file.name for file in (tmp_path / "flower").iterdir()] == ["1.jpg"]
