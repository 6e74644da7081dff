"""Searching as a person does it: a library image, a picture from outside, several."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from pipeline import columns, index
from pipeline.embeddings import usual
from pipeline.errors import ImageError, QueryError
from pipeline.index.faiss import codes, structures
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import decoding, hashes
from pipeline.search import (
    Filter, ImageEntry, Match, PaletteEntry, Query, Result, Searcher, VectorsEntry, WordsEntry, entries_from,
)  # fmt: skip
from pipeline.search.contact_sheet import contact_sheet
from pipeline.search.joining import MINUS
from pipeline.settings import METRICS, IndexOptions
from tests.conftest import synthetic_library

ALL = ("color", "sift", "efficientnet")


def like(*plus: int, minus=(), vectors=(), minus_vectors=(), **rest) -> Query:
    """A query of library images and of vectors, each with a plus or a minus."""
    entries = [ImageEntry(i) for i in plus] + [ImageEntry(i, True) for i in minus]
    entries += [VectorsEntry(v) for v in vectors] + [VectorsEntry(v, True) for v in minus_vectors]
    passing = {name: rest.pop(name) for name in ("ids", "exclude") if name in rest}
    passing["conditions"] = columns.parse(rest.pop("where", ""))
    return Query(tuple(entries), filter=Filter(**passing), **rest)


@pytest.fixture(scope="module")
def searcher(made_library) -> Searcher:
    from pipeline.library import Library

    return Searcher(Library(made_library))


def test_a_search_ends_with_the_index_it_began_with_though_another_one_is_saved_meanwhile(library):
    searcher, saved = Searcher(library), []

    class Meanwhile(ImageEntry):
        def rows(self, extractors, name):
            if not saved:
                saved.append(index.build(library, ["sift"])[1])
                searcher.index()  # as somebody else's search does
            return super().rows(extractors, name)

    red = PaletteEntry(("#c8452b",), (1,))
    expected = searcher.search(Query((ImageEntry(3), red), top_k=60)).matches
    result = searcher.search(Query((Meanwhile(3), red), top_k=60))
    assert saved == ["built"] and searcher.embeddings == ("sift",)
    assert set(result.weights) == set(ALL) and result.matches == expected


def test_an_image_finds_itself_for_any_weights(searcher):
    generator = np.random.default_rng(0)
    corners = [dict.fromkeys(ALL, 0.0) | {name: 1.0} for name in ALL]
    random = [dict(zip(ALL, generator.dirichlet([1, 1, 1]))) for _ in range(20)]
    for number, weights in enumerate([None, *corners, *random]):
        image_id = 1 + number % 60
        for metric in ("cosine", "euclidean", "manhattan"):
            result = searcher.search(like(image_id, weights=weights, metric=metric, top_k=3))
            best = result.matches[0]
            assert best.id == image_id and best.score >= 0.999
            assert all(part >= 0.999 for part in best.parts.values())


def test_scores_are_the_weighted_mean_of_the_parts(searcher):
    weights = {"color": 1.0, "sift": 0.25, "efficientnet": 0.5}
    result = searcher.search(like(7, weights=weights, top_k=60))
    scores = [match.score for match in result.matches]
    assert scores == sorted(scores, reverse=True) and len(scores) == 60
    for match in result.matches:
        mean = sum(weights[name] * match.parts[name] for name in ALL) / 1.75
        assert match.score == pytest.approx(mean, abs=1e-5)


def test_a_cropped_copy_from_outside_finds_its_original_by_sift(searcher, tmp_path):
    firsts = 0
    rows = searcher.library.images()[::6]
    for row in rows:
        pixels = decoding.decode(row.file.read_bytes())
        height, width = pixels.shape[:2]
        crop = pixels[height // 10 : height * 9 // 10, width // 10 : width * 9 // 10]
        vectors = searcher.embed(decoding.encode_jpeg(np.ascontiguousarray(crop), quality=60))
        only_sift = {"color": 0.0, "sift": 1.0, "efficientnet": 0.0}
        result = searcher.search(like(vectors=(vectors,), weights=only_sift, top_k=1))
        firsts += result.matches[0].id == row.id
    assert firsts >= 0.9 * len(rows)


def test_the_metrics_rank_and_measure_as_they_should(searcher):
    cosine = searcher.search(like(3, top_k=60)).matches
    euclidean = searcher.search(like(3, top_k=60, metric="euclidean")).matches
    assert [m.id for m in cosine] == [m.id for m in euclidean]
    for match in euclidean:
        assert match.distance == pytest.approx(np.sqrt(max(0, 2 - 2 * match.score)), abs=2e-3)
    manhattan = searcher.search(like(3, top_k=10, metric="manhattan", exact=True)).matches
    expected, weights = 0, usual(ALL)
    for name in ALL:
        ids, rows = searcher.library.vectors(name)
        expected = expected + weights[name] * np.abs(rows - rows[np.searchsorted(ids, 3)]).sum(axis=1) / sum(weights.values())
    order = np.argsort(expected)[:10]
    assert [m.id for m in manhattan] == ids[order].tolist()
    assert np.allclose([m.distance for m in manhattan], expected[order], atol=1e-3)


def test_pages_follow_one_another_without_repeats(searcher):
    for metric in ("cosine", "manhattan"):
        pages = [
            m.id
            for offset in range(0, 60, 9)
            for m in searcher.search(like(11, offset=offset, top_k=9, metric=metric)).matches
        ]
        assert len(pages) == len(set(pages)) == 60


def test_filters_and_exclusion(searcher):
    label = next(iter(searcher.library.labels()))
    found = searcher.search(like(60, where=f"label={label}", top_k=60)).matches
    assert {m.label for m in found} == {label} and len(found) == searcher.library.labels()[label]
    found = searcher.search(like(5, exclude=(5,), top_k=60)).matches
    assert 5 not in {m.id for m in found} and len(found) == 59


def test_folders_and_labels_narrow_a_search_by_any_metric(library):
    library.db.execute("UPDATE images SET path = 'deep/' || path WHERE id > 30")
    library.db.execute("UPDATE images SET path = 'deeper/' || path WHERE id > 50")
    paths = {row.id: row.path for row in library.images()}
    label = library.image(45).label
    searcher = Searcher(library)
    for metric in METRICS:
        def found(metric=metric, **given):
            query = like(1, metric=metric, top_k=60, **given)
            return {match.id for match in searcher.search(query).matches}

        deep = {i for i, path in paths.items() if path.startswith("deep/")}
        assert found(where="folder=deep") == found(where="folder=./deep/") == deep and len(deep) == 20
        assert found(where="folder=deep,deeper") == {i for i in paths if i > 30}
        assert found(where="folder=.") == set(paths) 
        with pytest.raises(QueryError, match="no folder “de”.*deep"):
            found(where="folder=de")
        both = found(where=f"folder=deep;label={label}")
        assert both and both == {i for i in deep if library.image(i).label == label}
        assert found(where="folder=deep", ids=(1, 40), exclude=(41,)) == {40}


def test_several_queries_search_by_their_mean(searcher):
    both = searcher.search(like(1, 60, top_k=60)).matches
    weights = dict.fromkeys(ALL, 0.0)
    for name in ALL:
        rows = searcher.library.vectors(name, [1, 60])[1]
        mean = rows.sum(axis=0) / np.linalg.norm(rows.sum(axis=0))
        weights[name] = {m.id: m.parts[name] for m in both}[1] - float(rows[0] @ mean)
    assert np.allclose(list(weights.values()), 0, atol=1e-5)


def brute(searcher, plus, minus, weights):
    """Scores of every image against mean(plus) − MINUS · mean(minus), by the definition."""
    total = np.zeros(60)
    for name, weight in weights.items():
        rows = searcher.library.vectors(name)[1].astype(np.float64)
        said = [rows[i - 1] for i in plus if rows[i - 1].any()]
        against = [rows[i - 1] for i in minus if rows[i - 1].any()]
        query = np.mean(said, axis=0) - (MINUS * np.mean(against, axis=0) if against else 0)
        total += weight * rows @ (query / np.linalg.norm(query))
    return total / sum(weights.values())


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize(
    ("plus", "minus"), [((1,), (2,)), ((1, 20, 41), (7, 33)), ((5,), (5,)), ((9, 10), ())]
)
def test_pluses_and_minuses_rank_as_by_definition(searcher, plus, minus, metric):
    weights = {"color": 1.0, "sift": 0.5, "efficientnet": 0.25}
    expected = brute(searcher, plus, minus, weights)
    query = like(*plus, minus=minus, weights=weights, metric=metric, top_k=60)
    found = searcher.search(query).matches
    assert len(found) == 60
    np.testing.assert_allclose([m.score for m in found], np.sort(expected)[::-1], atol=1e-5)
    np.testing.assert_allclose([m.score for m in found], expected[[m.id - 1 for m in found]], atol=1e-5)


def test_a_minus_from_outside_counts_like_the_same_image_of_the_library(searcher):
    vectors = searcher.embed(searcher.library.image(30).file)
    inside = searcher.search(like(2, minus=(30,), top_k=60)).matches
    outside = searcher.search(like(2, minus_vectors=(vectors,), top_k=60)).matches
    there = {m.id: m.score for m in inside}
    assert all(m.score == pytest.approx(there[m.id], abs=2e-3) for m in outside)
    plain = {m.id: m.score for m in searcher.search(like(2, top_k=60)).matches}
    assert there[30] < plain[30] - 0.2
    rows = stored_hashes.read(searcher.library)[1]
    asked = hashes.as_vector(rows[1]) - MINUS * hashes.as_vector(rows[29])
    bits = np.unpackbits(rows, axis=1) != np.unpackbits(np.packbits(asked > 0))
    by_hash = searcher.search(like(2, minus=(30,), metric="hamming", top_k=60)).matches
    assert {m.id: m.distance for m in by_hash} == dict(zip(range(1, 61), bits.sum(axis=1).tolist()))


def test_the_mean_of_images_searches_like_these_together(searcher):
    together = searcher.search(like(4, 8, 30, top_k=60)).matches
    mean = searcher.search(like(vectors=(searcher.mean([4, 8, 30]),), top_k=60)).matches
    np.testing.assert_allclose([m.score for m in mean], [m.score for m in together], atol=1e-5)


def test_the_curve_is_what_the_matches_are_ranked_by(searcher):
    for metric in METRICS:
        query = like(6, exclude=(6,), metric=metric, top_k=40)
        matches = searcher.search(query).matches
        figures = [m.score if metric == "cosine" else m.distance for m in matches]
        result, curve = searcher.search_with_curve(replace(query, top_k=12), 40)
        np.testing.assert_allclose(curve, figures, atol=1e-4)
        assert result.matches == matches[:12]


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["cosine", "euclidean", "manhattan"])
def test_pages_never_repeat_a_match_on_a_careless_graph(careless, metric, monkeypatch):
    """With little effort a longer walk finds other images: nowhere may one come twice."""
    monkeypatch.setattr(structures, "EXACT_BELOW", 500)
    for image_id in (17, 2_001):
        for size in (7, 24, 60):
            query = {"metric": metric, "top_k": size}
            pages = [
                m.id
                for offset in range(0, 12 * size, size)
                for m in careless.search(like(image_id, offset=offset, **query)).matches
            ]
            assert len(pages) == len(set(pages)) == 12 * size


@pytest.fixture(scope="module")
def careless(tmp_path_factory) -> Searcher:
    """A graph of 2,500 images, badly linked and walked with the least effort."""
    library = synthetic_library(tmp_path_factory.mktemp("careless"), 2_500, {"color": 24, "sift": 40})
    options = IndexOptions(hnsw_m=4, ef_construction=8, ef_search=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structures, "EXACT_BELOW", 500)
        patch.setattr(codes, "FEWEST", 10_000)  # with codes nobody would walk it
        index.build(library, options=options)
    return Searcher(library)


def test_queries_that_cannot_be_answered_say_why(searcher):
    for query, said in [
        (like(), "at least one image"),
        (like(10**6), "no image 1000000"),
        (like(1, weights={"colour": 1.0}), "not in the index"),
        (like(1, weights={"color": 0.0}), "above 0"),
        (like(1, weights={"color": float("nan")}), "from 0 up"),
        (like(1, metric="taxi"), "manhattan"),
        (like(1, top_k=0), "at least one match"),
        (like(minus=(1,)), "with a plus"),
    ]:
        with pytest.raises(QueryError, match=said):
            searcher.search(query)
    with pytest.raises(ImageError):
        searcher.embed(b"no picture")
    flat = searcher.embed(decoding.encode_jpeg(np.full((90, 90, 3), 200, np.uint8)))
    assert not flat["sift"].any()
    with pytest.raises(QueryError, match="sift"):
        searcher.search(like(vectors=(flat,), weights={"sift": 1.0}))
    assert searcher.search(like(vectors=(flat,))).matches


def test_a_library_file_that_was_overwritten_is_looked_at_anew(library):
    searcher, rows = Searcher(library), library.images()
    mine, other = rows[3], rows[40]
    (entry,) = entries_from(searcher, [str(mine.file)])
    assert entry == ImageEntry(mine.id)
    kept = mine.file.read_bytes()
    try:
        mine.file.write_bytes(other.file.read_bytes())
        (entry,) = entries_from(searcher, [str(mine.file)])
        best = searcher.search(Query((entry,), top_k=1)).matches[0]
        assert best.id == other.id and best.score > 0.99
    finally:
        mine.file.write_bytes(kept)


def test_words_may_be_longer_than_the_name_of_a_file(searcher):
    (entry,) = entries_from(searcher, ["red dress " * 60])
    assert entry == WordsEntry("red dress " * 60)


def test_a_contact_sheet_has_names_that_are_no_text(library):
    result = Result("cosine", {"color": 1.0}, 1.0, [Match(1, "caf\udce9/<b>.jpg", None, 0.5, {"color": 0.5})])
    sheet = contact_sheet(library, result, "caf\udce9.jpg").encode()
    assert b"caf\\xe9/&lt;b&gt;.jpg" in sheet and b"<h1>caf\\xe9.jpg</h1>" in sheet


def test_an_error_names_the_input_it_is_about(library, tmp_path):
    searcher = Searcher(library)
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(QueryError, match="broken.jpg cannot be searched with"):
        entries_from(searcher, [str(library.image(1).file), str(tmp_path / "broken.jpg")])
    with pytest.raises(QueryError, match="gone.jpg"):
        entries_from(searcher, [str(tmp_path / "gone.jpg")])
    library.forget_vectors([4])
    with pytest.raises(QueryError, match=library.image(4).path):
        searcher.search(like(4))
    with pytest.raises(QueryError, match="weight of sift is -1"):
        searcher.search(like(1, weights={"color": 1, "sift": -1}))


def test_what_goes_is_gone_at_once_by_every_metric(library):
    searcher = Searcher(library)
    for metric in METRICS:
        library.mark(9, "ok")
        assert 9 in {m.id for m in searcher.search(like(1, metric=metric, top_k=60)).matches}
        library.mark(9, "missing")
        assert 9 not in {m.id for m in searcher.search(like(1, metric=metric, top_k=60)).matches}


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "manhattan"])
def test_what_has_no_vector_or_saw_nothing_is_no_near_match(library, metric):
    """By texture alone: an image without it, and a blank one, in which it saw nothing."""
    searcher = Searcher(library)
    fingerprint = library.embeddings()["sift"].extractor
    library.store([], {"sift": (fingerprint, [5], np.zeros((1, library.embeddings()["sift"].dim), np.float32))})
    index.build(library)
    found = searcher.search(like(1, weights={"sift": 1.0}, metric=metric, top_k=60)).matches
    assert 5 not in {m.id for m in found} and len(found) >= 50
    both = searcher.search(like(1, weights={"sift": 10.0, "color": 0.1}, metric=metric, exact=True, top_k=60)).matches
    assert [m.id for m in both].index(5) >= 10  # counts as an image that shares nothing with the query


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "manhattan"])
def test_who_lacks_an_embedding_comes_neither_first_nor_last_by_any_metric(tmp_path, metric):
    """Half of the images have a second one, of other dimensions, which says nothing: half of the matches has it."""
    library = synthetic_library(tmp_path, 400, {"color": 12, "sift": 300})
    ids, colors = library.vectors("color")
    library.forget_vectors(ids.tolist())
    noise = np.random.default_rng(5).standard_normal((200, 300)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    library.store([], {"color": ("color/test", ids.tolist(), colors), "sift": ("sift/test", list(range(1, 401, 2)), noise)})
    index.build(library)
    searcher, first = Searcher(library), []
    for image in range(1, 60, 2):
        found = searcher.search(like(image, weights={"color": 1.0, "sift": 1.0}, metric=metric, top_k=41))
        assert found.partly == {"sift": (200, 400)}
        first += [match.id % 2 for match in found.matches if match.id != image]
    assert 0.3 < np.mean(first) < 0.7


def test_searches_from_many_threads_while_the_library_changes(library):
    searcher, failed = Searcher(library), []
    expected = [m.id for m in searcher.search(like(1, top_k=5)).matches if m.id != 50]

    def work(number: int):
        try:
            for turn in range(12):
                metric = METRICS[(number + turn) % len(METRICS)]
                assert searcher.search(like(1 + turn, metric=metric, top_k=10)).matches
        except Exception as error:
            failed.append(error)
        finally:
            library.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for turn in range(10):
        library.mark(50, ("missing", "ok")[turn % 2])
        if turn == 5:
            index.build(library, None, {"storage": "float16"})
    for thread in threads:
        thread.join()
    assert not failed
    library.mark(50, "missing")
    assert [m.id for m in searcher.search(like(1, top_k=5)).matches][: len(expected)] == expected
