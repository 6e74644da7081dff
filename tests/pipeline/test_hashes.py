"""Perceptual hashes: what a picture keeps through a copy, and the search by it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.columns import one_of
from pipeline.errors import QueryError
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.index import Filter
from pipeline.index.bitmap import Bitmap
from pipeline.library import Library
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import decoding, hashes
from pipeline.search import ImageEntry, Query, Searcher, VectorsEntry, hash_tables
from pipeline.search.hash_index import HashIndex
from pipeline.search.hash_tables import HashTables


@pytest.fixture(scope="module")
def decoded(pictures) -> list[np.ndarray]:
    return [decoding.decode(file.read_bytes()) for file in sorted(pictures.rglob("*.*"))]


def bits(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Bits that differ, per hash."""
    return np.unpackbits(one ^ other).reshape(len(hashes.NAMES), 64).sum(axis=1)


def test_copies_stay_near_and_other_pictures_are_far(decoded):
    ours = np.stack([hashes.compute(pixels) for pixels in decoded])
    for pixels, own in zip(decoded, ours):
        height, width = pixels.shape[:2]
        half = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        again = decoding.decode(decoding.encode_jpeg(half, quality=40))
        assert bits(own, hashes.compute(again)).max() <= 6
        brighter = cv2.convertScaleAbs(pixels, alpha=0.7, beta=30)
        assert bits(own, hashes.compute(brighter)).max() <= 6
    apart = np.unpackbits(ours[:, None] ^ ours[None], axis=2).sum(axis=2)
    others = apart[~np.eye(len(ours), dtype=bool)]
    assert np.median(others) > 70 and np.percentile(others, 5) > 24


def test_each_hash_means_what_its_name_says():
    ramp = np.repeat(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))[..., None], 3, axis=2)
    average, difference, _ = hashes.compute(np.ascontiguousarray(ramp)).reshape(3, 8)
    assert (average == 0b00001111).all() and (difference == 0b11111111).all()
    average, difference, _ = hashes.compute(np.ascontiguousarray(ramp[:, ::-1])).reshape(3, 8)
    assert (average == 0b11110000).all() and (difference == 0).all()
    tiny = hashes.compute(np.zeros((1, 3, 3), np.uint8))
    assert tiny.shape == (hashes.BYTES,)


def test_the_index_finds_what_counting_bits_finds():
    generator = np.random.default_rng(3)
    # Few distinct rows: many are equally far, as in a library with copies.
    rows = generator.integers(0, 256, (40, hashes.BYTES), dtype=np.uint8)[generator.integers(0, 40, 500)]
    ids = np.arange(500) * 3 + 1
    index = HashIndex(ids, rows)
    query = generator.integers(0, 256, hashes.BYTES, dtype=np.uint8)
    among = ids[generator.random(500) < 0.4]
    apart = np.unpackbits(rows ^ query, axis=1).sum(axis=1)
    for chosen in (None, among):
        pool = np.arange(500) if chosen is None else np.flatnonzero(np.isin(ids, chosen))
        expected = pool[np.lexsort((pool, apart[pool]))]
        for k in (1, 7, 100, 1000):
            allowed = None if chosen is None else Bitmap.at(index.positions(chosen), len(index))
            found, distances = index.search(query, k, allowed)
            assert found.tolist() == ids[expected[:k]].tolist()
            assert distances.tolist() == apart[expected[:k]].tolist()
    nothing = Bitmap.at(index.positions(np.array([2])), len(index))
    assert len(index.search(query, 5, nothing)[0]) == 0


@pytest.mark.slow  # compiled in two seconds
@pytest.mark.parametrize("size, radius, agreeing", [(24, 24, 1), (24, 12, 2), (16, 20, 2), (16, 6, 4), (8, 3, 3), (5, 4, 1)])
def test_tables_find_what_counting_all_bits_finds(monkeypatch, size, radius, agreeing):
    monkeypatch.setattr(hash_tables, "SCANNED", 100)
    monkeypatch.setattr(hash_tables, "_AGREEING", (agreeing,))
    monkeypatch.setattr(hash_tables, "_LOOK", -1e9)  # tables, however few rows there are
    generator = np.random.default_rng(size)
    kinds = generator.integers(0, 256, (60, size), dtype=np.uint8)
    rows = kinds[generator.integers(0, 60, 1_500)]
    for row in rows[200:]:  # some as they are, others with up to 26 bits flipped
        for bit in generator.integers(0, 8 * size, generator.integers(0, 27)):
            row[bit // 8] ^= np.uint8(1 << bit % 8)
    queries = np.concatenate([rows[::5], generator.integers(0, 256, (20, size), dtype=np.uint8)])
    apart = np.unpackbits(queries[:, None] ^ rows[None], axis=2).sum(axis=2)
    tables, k = HashTables(rows, radius), 9
    found, distances = tables.nearest(queries, k)
    assert found.shape == distances.shape == (len(queries), k)
    for own, mine, told in zip(apart, found, distances):
        near = np.sort(own[own <= radius])[:k]
        there = mine >= 0
        assert told[there].tolist() == near.tolist() and not there[len(near) :].any()
        assert own[mine[there]].tolist() == near.tolist() and len(set(mine[there].tolist())) == len(near)
    sure = radius // 2
    found, distances = HashTables(rows, radius, sure).nearest(queries, 200)
    for own, mine, told in zip(apart, found, distances):
        assert set(np.flatnonzero(own <= sure)) <= set(mine) and own[mine[mine >= 0]].tolist() == told[mine >= 0].tolist()
    many = [len(HashTables(rows[:at], radius).nearest(rows[:2], 3)[0]) for at in (0, 1, 2)]
    assert many == [2, 2, 2] and HashTables(rows[:0], radius).nearest(rows[:2], 3)[0].max() == -1


def test_searching_by_hamming(made_library, decoded):
    searcher = Searcher(Library(made_library))
    ids, rows = stored_hashes.read(searcher.library)
    assert len(ids) == 60
    pages = [
        match
        for offset in range(0, 60, 7)
        for match in searcher.search(Query((ImageEntry(9),), metric="hamming", offset=offset, top_k=7)).matches
    ]
    apart = np.unpackbits(rows ^ rows[ids == 9], axis=1).sum(axis=1)
    assert [m.id for m in pages] == ids[np.lexsort((ids, apart))].tolist()
    assert [m.distance for m in pages] == np.sort(apart).tolist()
    assert pages[0].id == 9 and pages[0].score >= 0.999
    assert set(pages[0].parts) == {"color", "sift", "efficientnet"}

    row = searcher.library.image(9)
    copy = decoding.encode_jpeg(decoding.decode(row.file.read_bytes()), quality=30)
    outside = searcher.embed(copy)
    assert np.linalg.norm(outside[hashes.QUERY]) == pytest.approx(1, abs=1e-5)
    for kept in (outside, {name: vector.astype("<f4") for name, vector in outside.items()}):
        best = searcher.search(Query((VectorsEntry(kept),), metric="hamming", top_k=1)).matches[0]
        assert best.id == 9 and best.distance <= 6
    without = {name: vector for name, vector in outside.items() if name != hashes.QUERY}
    with pytest.raises(QueryError, match="no hash"):
        searcher.search(Query((VectorsEntry(without),), metric="hamming"))


def test_hashes_are_made_up_for_and_forgotten_with_the_picture(library, own_pictures):
    library.db.execute("DELETE FROM hashes WHERE image_id = 4")
    library.db.execute("UPDATE hashes SET version = 0, dct = zeroblob(8) WHERE image_id = 5")
    assert stored_hashes.pending(library) == [4, 5] and len(stored_hashes.read(library)[0]) == 58
    searcher = Searcher(library)
    assert len(searcher.search(Query((ImageEntry(1),), metric="hamming", top_k=60)).matches) == 58
    report = embed(library, ["color"])
    assert (report.done, report.vectors["color"]) == (2, 0)
    assert not stored_hashes.pending(library) and stored_hashes.read(library, [5])[1][0, 16:].any()
    assert len(searcher.search(Query((ImageEntry(1),), metric="hamming", top_k=60)).matches) == 60
    library.forget_vectors([4])
    assert stored_hashes.pending(library) == [4]
    many = [*range(50_000, 2, -1), 3, 3]  # more than one statement takes
    assert stored_hashes.read(library, many)[0].tolist() == [3, *range(5, 61)]


def test_a_changed_file_gets_another_hash(own_pictures, tmp_path):
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    embed(library, ["color"])
    row = library.images()[2]
    before = stored_hashes.read(library, [row.id])[1]
    row.file.write_bytes(decoding.encode_jpeg(decoding.decode(row.file.read_bytes())[::-1].copy()))
    scan(library, own_pictures)
    embed(library, ["color"])
    assert bits(before[0], stored_hashes.read(library, [row.id])[1][0]).sum() > 24


def test_what_is_in_memory_is_read_again_only_where_hashes_or_states_change(library):
    searcher = Searcher(library)
    chosen = Filter(one_of("label", [next(iter(library.labels()))]))
    first = searcher.hashes.now()[0]
    passing = searcher.hashes.now()[1].rows(chosen)
    ids = library.stamps("color")[0]
    read = []
    library.db.conn.set_trace_callback(lambda sql: read.append(sql) if "hashes h" in sql or "label" in sql else None)
    library.store([], {"color": (library.embeddings()["color"].extractor, *library.vectors("color"))})  # as a run does
    assert searcher.hashes.now()[0] is first and searcher.hashes.now()[1].rows(chosen) is passing and read == []
    library.mark(int(ids[3]), "missing")
    assert searcher.hashes.now()[0].ids.tolist() == np.delete(ids, 3).tolist() and read
    library.mark(int(ids[3]), "ok")
    changed = first.rows[[4]] ^ 255
    stored_hashes.store(library, [(int(ids[4]), changed[0])])
    assert (searcher.hashes.now()[0].rows[4] == changed).all() and searcher.hashes.now()[0].ids.tolist() == ids.tolist()
    assert library.remove_root(next(iter(library.roots()))) and len(searcher.hashes.now()[0]) == 0
