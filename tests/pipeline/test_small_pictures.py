"""Small pictures by texture: known again when blurred, and only they are looked at again in older libraries."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.embeddings import create
from pipeline.embeddings.sift_vlad import SMALL
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.progress import Silent
from pipeline.quality.transforms import blur2


class Told(Silent):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


@pytest.mark.slow
def test_what_is_small_is_seen_at_two_sizes(pictures):
    images = [decoding.decode(file.read_bytes()) for file in sorted(pictures.rglob("*.jpg"))[::2]]
    sift = create("sift")
    sift.fit([sift.sample(image) for image in images])
    small = [reduced(image, 240) for image in images]
    rows, blurred = sift.extract(small), sift.extract([blur2(image) for image in small])
    alike = np.einsum("nd,nd->n", rows, blurred)
    assert np.median(alike) > 0.5
    keypoints = len(sift.sample(small[0])[0])
    large = sift.sample(reduced(images[0], SMALL))
    assert keypoints > 410 and len(large[0]) <= 410, "a large one is looked at once"
    found, places = sift.sample(small[0])
    assert len(found) == len(places) and (places[:, :2] >= 0).all() and (places[:, :2] <= 1.01).all()
    for odd in (np.zeros((1, 1, 3), np.uint8), np.zeros((1, 300, 3), np.uint8)):
        assert sift.extract([odd]).shape == (1, sift.dim)


def test_an_older_library_looks_only_at_its_small_pictures_again(pictures, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for at, file in enumerate(sorted(pictures.rglob("*.jpg"))[:12]):
        image = decoding.decode(file.read_bytes())
        side = 200 if at % 3 == 0 else 480
        image = cv2.resize(image, (side, side * 3 // 4))
        (folder / f"{at}.jpg").write_bytes(decoding.encode_jpeg(image, quality=95))
    library = Library(tmp_path / "data", create=True)
    scan(library, [folder])
    embed(library, ["sift"])
    now = library.embeddings()["sift"].extractor
    before = now.removesuffix(f" small={SMALL}")
    assert before != now
    library.rename_extractor(now, before)  # as a version that looked at all once has left it
    rows = library.vectors("sift")[1]
    stamps = library.stamps("sift")[1]
    assert not library.pending("sift")
    progress = Told()
    assert embed(library, ["sift"], progress=progress).vectors == {"sift": 4}
    assert [text for text in progress.said if "4 images below 400 px are looked at again by sift" in text]
    assert library.embeddings()["sift"].extractor == now and not library.pending("sift")
    small = np.array([max(row.width, row.height) < SMALL for row in library.images()])
    after = library.stamps("sift")[1]
    assert (after[small] > stamps[small]).all() and (after[~small] == stamps[~small]).all()
    assert np.allclose(library.vectors("sift")[1], rows, atol=1e-6)
    progress = Told()
    assert embed(library, ["sift"], progress=progress).done == 0 and not progress.said
