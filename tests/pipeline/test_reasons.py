"""Why a match is one: every figure against a plain computation of the same."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest

from pipeline import reasons
from pipeline.embeddings import engines, lite0
from pipeline.embeddings.efficientnet import BLUEPRINT
from pipeline.library import Library, notes
from pipeline.pictures.metadata import Metadata
from pipeline.pictures import decoding
from pipeline.reasons import score, structure
from pipeline.search import ImageEntry, Query, Searcher, VectorsEntry, WordsEntry

ALL = ("color", "sift", "efficientnet")


@pytest.fixture(scope="module")
def searcher(made_library) -> Searcher:
    return Searcher(Library(made_library))


def pixels(searcher: Searcher, image: int) -> np.ndarray:
    return decoding.decode(decoding.read(searcher.library.image(image).file))


def why(searcher: Searcher, query: Query, image: int, **rest) -> reasons.Reasons:
    return reasons.explain(searcher, query, image, **rest)


def test_the_parts_of_a_score_sum_to_the_score_that_is_shown(searcher):
    draw = np.random.default_rng(0)
    queries = [
        Query.around(3, weights=dict(zip(ALL, draw.dirichlet([1, 1, 1]).tolist()))),
        Query.around(11, weights={"sift": 1.0}),
        Query((ImageEntry(3), ImageEntry(20), ImageEntry(41, minus=True))),
    ]
    for query in queries:
        for match in searcher.search(replace(query, top_k=5)).matches:
            found = why(searcher, query, match.id).score
            assert found.score == pytest.approx(match.score, abs=1e-6)
            assert sum(part.amount for part in found.parts) == pytest.approx(match.score, abs=1e-6)
            assert {part.name: round(part.value, 6) for part in found.parts} == pytest.approx(match.parts, abs=2e-6)


def test_on_one_scale_the_parts_take_from_one_what_the_score_lacks(searcher):
    query = Query((WordsEntry("red"), ImageEntry(5)), top_k=5)
    for match in searcher.search(query).matches:
        found = why(searcher, query, match.id).score
        assert found.scaled and found.score == pytest.approx(match.score, abs=1e-6)
        assert found.looks + sum(part.amount for part in found.parts) == pytest.approx(1)
        product = np.prod([part.value**part.share for part in found.parts if part.share])
        assert found.looks == pytest.approx(float(product), abs=1e-6)


def test_the_place_by_one_embedding_is_that_of_a_plain_ranking(searcher, monkeypatch):
    query, image = Query.around(7, exact=True), 30

    def places() -> dict[str, score.Place]:
        return {part.name: part.place for part in why(searcher, query, image).score.parts}

    counted = places()
    for name in ALL:
        ids, rows = searcher.library.vectors(name)
        cosines = rows @ rows[ids == 7][0]
        others = ids != 7
        plain = 1 + int((cosines[others] > cosines[ids == image] + score.TIED).sum())
        assert counted[name] == score.Place(plain, int(rows[others].any(axis=1).sum()))
    monkeypatch.setattr(score, "ALL", 40)  # as of a library that is too large to count
    assert places() == counted  # among the first they are exact all the same


def test_of_very_many_a_place_further_down_is_estimated_from_those_drawn(searcher, monkeypatch):
    """Within what chance allows: four deviations of a share among 40 drawn out of 59."""
    monkeypatch.setattr(score, "ALL", 40)
    monkeypatch.setattr(score, "FIRST", 3)
    guessed = 0
    for name in ALL:
        ids, rows = searcher.library.vectors(name)
        ids, rows = ids[rows.any(axis=1)], rows[rows.any(axis=1)]
        cosines = rows @ rows[ids == 7][0]
        for image in (12, 30, 45, 58):
            place = next(part.place for part in why(searcher, Query.around(7), image).score.parts if part.name == name)
            true = 1 + int((cosines[ids != 7] > cosines[ids == image] + score.TIED).sum())
            share = true / len(ids)
            assert place.about == (true > 3) and place.of == len(ids) - 1
            allowed = 4 * len(ids) * np.sqrt(share * (1 - share) / 40 * (1 - 40 / len(ids))) + 1
            assert abs(place.rank - true) <= (allowed if place.about else 0)
            guessed += place.about and place.rank != true
    assert guessed, "what is exact by chance shows nothing"


def test_what_is_written_raises_a_score_as_the_search_has_it(library):
    notes.tag(library, [6], "red")
    searcher, query = Searcher(library), Query((WordsEntry("red"),), top_k=60)
    match = next(one for one in searcher.search(query).matches if one.id == 6)
    found = why(searcher, query, 6).score
    worth, where = found.written
    assert where == match.written == "tag" and found.score == pytest.approx(match.score, abs=1e-6)
    assert found.score == pytest.approx(1 - (1 - found.looks) * (1 - 0.9 * worth)) and found.looks < found.score


def test_points_are_paired_where_the_picture_moved_to(searcher):
    """The pairs that fit lie where the movement that was made puts them, a mirrored one included."""
    picture = pixels(searcher, 1)
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 20, 0.8)
    moved = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    size = np.array([width, height])
    for other, mirrored in ((moved, False), (np.ascontiguousarray(moved[:, ::-1]), True)):
        found = structure.compare(picture, other)
        assert found.same and found.mirrored == mirrored
        at, there = (side[found.pairs[found.fits, place]] * size for place, side in enumerate((found.first, found.second)))
        truly = at @ turn[:, :2].T + turn[:, 2]
        truly[:, 0] = width - 1 - truly[:, 0] if mirrored else truly[:, 0]
        near = np.linalg.norm(truly - there, axis=1) < 4 * structure.NEAR * max(size) / structure.SIDE
        assert near.mean() > 0.95


def test_unrelated_pictures_and_empty_ones_share_no_points(searcher):
    nothing = np.full((300, 400, 3), 200, np.uint8)
    assert structure.compare(nothing, nothing).inliers == 0
    pictures = [pixels(searcher, image) for image in (1, 12, 23, 34, 45, 56)]
    for first, second in zip(pictures, pictures[1:]):
        assert not structure.compare(first, second).same


def test_colors_add_up_to_the_stored_cosine_and_are_where_they_are_said_to_be(searcher):
    first, second = pixels(searcher, 2), pixels(searcher, 9)
    found = why(searcher, Query.around(2), 9, found=second, shown=reasons.Shown(ImageEntry(2), first)).colors
    _, rows = searcher.library.vectors("color", [2, 9])
    assert found.cosine == pytest.approx(float(rows[0] @ rows[1]), abs=1e-6)
    assert dict(zip(found.bins.tolist(), found.products.tolist())) == pytest.approx(
        {b: float(rows[0][b]) * float(rows[1][b]) for b in np.flatnonzero((rows[0] != 0) | (rows[1] != 0)).tolist()}
    )
    for side, picture, row in ((found.asked, first, rows[0]), (found.found, second, rows[1])):
        grid = cv2.resize(picture, side.bins.shape[::-1], interpolation=cv2.INTER_NEAREST)
        counts = np.bincount(side.bins.ravel(), minlength=len(row)) / side.bins.size
        damped = counts**0.35
        assert np.allclose(damped / np.linalg.norm(damped), row, atol=1e-5)  # the stored vector, from these bins
        only = [b for b in found.bins.tolist() if row[b] and not (rows[1] if side is found.asked else rows[0])[b]]
        for b in only[:5]:  # of one picture alone: what its pixels look like
            mean = np.rint(grid[side.bins == b].reshape(-1, 3).mean(axis=0)).astype(int)
            assert found.colors[found.bins.tolist().index(b)] == "#{:02x}{:02x}{:02x}".format(*mean)


def test_regions_add_up_to_the_cosine_of_the_pictures_vectors(searcher):
    first, second = pixels(searcher, 4), pixels(searcher, 14)
    extractor = searcher.extractor("efficientnet")
    found = reasons.regions.compare(extractor, first, second)
    cosine = float(np.prod(extractor.extract([first, second]), axis=0).sum())
    assert found.asked.adds.sum() == pytest.approx(cosine, abs=0.01)  # 16 bits in one of two networks
    assert found.found.adds.sum() == pytest.approx(found.asked.adds.sum(), abs=1e-4)
    # A cell of one picture against all of the other, by the network as torch runs it.
    plain = engines.torch.load(replace(BLUEPRINT, module=partial(lite0.module, pooled=False)), "cpu")
    maps = [plain([extractor.prepare(one)])[0].reshape(1280, -1).T for one in (first, second)]
    units = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in maps]
    assert np.abs(found.cosines - units[0] @ units[1].T).max() < 0.03
    left, top, right, bottom = found.found.box
    height, width = second.shape[:2]
    assert (right - left) * width == pytest.approx((bottom - top) * height) == pytest.approx(min(height, width))


def test_a_word_points_at_what_makes_its_classes_likely(searcher):
    """What cells add to a word is the change of its likelihood, as small steps of the vector show it."""
    extractor = searcher.extractor("efficientnet")
    row = extractor.extract([pixels(searcher, 8)])[0]
    way = extractor.fit_direction("dog", row)
    step = np.random.default_rng(0).normal(size=(6, len(row))).astype(np.float32)
    for one in step / np.linalg.norm(step, axis=1, keepdims=True) * 1e-3:
        ahead, behind = (extractor.fit_text("dog", (row + sign * one)[None])[0] for sign in (1, -1))
        # The features are LENGTH times as long as the vector.
        assert (ahead - behind) / 2 == pytest.approx(15.0 * float(way @ one), abs=2e-4)
    told = why(searcher, Query((WordsEntry("dog"),)), 8, found=pixels(searcher, 8))
    assert set(told.words) == {"dog"} and told.words["dog"].adds.shape == (7, 7)


def test_a_picture_from_outside_is_explained_as_one_of_the_library(searcher):
    """The same pixels as a library image, cropped: its own vectors, and points that fit."""
    crop = np.ascontiguousarray(pixels(searcher, 6)[20:-20, 30:-30])
    entry = VectorsEntry(searcher.embed(crop))
    found = why(searcher, Query((entry,)), 6, found=pixels(searcher, 6), shown=reasons.Shown(entry, crop))
    assert found.structure.same and found.known.labels[0] is None
    for part in found.score.parts:
        _, rows = searcher.library.vectors(part.name, [6])
        assert part.value == pytest.approx(float(rows[0] @ entry.vectors[part.name]), abs=1e-5)
        assert part.place.of == 60


def test_what_is_known_of_both_is_what_the_library_says(library):
    searcher = Searcher(library)
    for image in (1, 2):
        notes.tag(library, [image], "winter")
    notes.tag(library, [1], "alone")
    library.facts.store([(1, Metadata(keywords=("snow", "hill"))), (2, Metadata(keywords=("lake", "snow")))])
    found = why(searcher, Query.around(1), 2, found=pixels(searcher, 2), shown=reasons.Shown(ImageEntry(1), pixels(searcher, 1)))
    assert found.known.shared == {"tag": ["winter"], "keyword": ["snow"]}
    assert found.known.labels == tuple(library.image(one).label for one in (1, 2))
