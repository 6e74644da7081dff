"""Vectors of one's own: every format, every fault with its row and column, from the file to a search."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as indexes
from pipeline import maps
from pipeline.cli import main
from pipeline.errors import EmbeddingError
from pipeline.extraction.brought import bring, checked, forget
from pipeline.index import Filter
from pipeline.library import Library
from pipeline.search import ImageEntry, Query, Searcher
from tests.conftest import synthetic_library, unit

COUNT = 60


@pytest.fixture
def own(tmp_path) -> Library:
    return synthetic_library(tmp_path / "data", COUNT, {"color": 8})


def table(count: int = COUNT, dim: int = 5, seed: int = 0) -> np.ndarray:
    return (3 * np.random.default_rng(seed).normal(size=(count, dim))).astype(np.float32)


def write_csv(file: Path, key: str, names, rows, columns=None) -> Path:
    head = [key, *(columns or [f"v{at}" for at in range(len(rows[0]))])]
    lines = [",".join([str(name), *map(str, row)]) for name, row in zip(names, np.asarray(rows).tolist())]
    file.write_text("\n".join([",".join(head), *lines]))
    return file


def paths(library: Library) -> list[str]:
    return [row.path for row in library.images()]


@pytest.mark.parametrize("kind", ["npz paths", "npz ids", "csv paths", "csv ids", "parquet columns", "parquet lists"])
def test_every_format_gives_the_same_vectors(own, tmp_path, kind):
    rows, ids = table(), [row.id for row in own.images()]
    order = np.random.default_rng(1).permutation(COUNT)
    names = [paths(own)[at] for at in order]
    file = tmp_path / f"mine.{kind.split()[0]}"
    if kind == "npz paths":
        np.savez(file, paths=np.array(names), features=rows[order])
    elif kind == "npz ids":
        np.savez(file, ids=np.array(ids)[order], vectors=rows[order].astype(np.float64))
    elif kind.startswith("csv"):
        by_path = kind.endswith("paths")
        write_csv(file, "path" if by_path else "id", names if by_path else np.array(ids)[order], rows[order])
    else:
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        columns = {"vector": rows[order].tolist()} if kind.endswith("lists") else {f"v{n}": rows[order, n] for n in range(5)}
        parquet.write_table(pyarrow.table({"path": names, **columns}), file)
    told = bring(own, "mine", file)
    assert (told.met, told.images, told.dim, told.empty, told.unmet) == (COUNT, COUNT, 5, 0, [])
    found, kept = own.vectors("mine")
    assert found.tolist() == ids and np.allclose(kept, unit(rows), atol=1e-6)
    assert not bring(own, "mine", file).changed, "the same file again"


@pytest.mark.parametrize("scale", [1e-30, 1e25])
def test_numbers_far_from_one_are_numbers_like_others(own, tmp_path, scale):
    rows = table()
    told = bring(own, "mine", write_csv(tmp_path / "mine.csv", "path", paths(own), rows * np.float32(scale)))
    assert told.empty == 0 and np.allclose(own.vectors("mine")[1], unit(rows), atol=1e-6)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_csv_is_read_as_spreadsheets_write_it(own, tmp_path, encoding):
    rows, file = table(), tmp_path / "mine.csv"
    lines = [";".join([name, *(str(number).replace(".", ",") for number in row)]) for name, row in zip(paths(own), rows.tolist())]
    file.write_bytes("\r\n".join(["sep=;", "path;a;b;c;d;größe", *lines]).encode(encoding))
    assert bring(own, "mine", file).met == COUNT and np.allclose(own.vectors("mine")[1], unit(rows), atol=1e-6)


@pytest.mark.skipif(find_spec("pyarrow") is not None, reason="it is there")
def test_parquet_says_what_it_needs(own, tmp_path):
    (tmp_path / "mine.parquet").write_bytes(b"PAR1")
    with pytest.raises(EmbeddingError, match="pip install pyarrow"):
        bring(own, "mine", tmp_path / "mine.parquet")


def test_faults_are_named_with_row_and_column_and_change_nothing(own, tmp_path):
    rows, names = table().tolist(), paths(own)
    bring(own, "mine", write_csv(tmp_path / "whole.csv", "path", names, rows))
    before = own.vectors("mine")[1]

    def faulty(told: str, change=None, file: Path | None = None):
        if file is None:
            changed = [list(row) for row in rows]
            change(changed)
            file = write_csv(tmp_path / "faulty.csv", "path", names, np.array(changed, object))
        with pytest.raises(EmbeddingError, match=told) as error:
            bring(own, "mine", file)
        assert "\n" not in str(error.value)
        assert np.array_equal(own.vectors("mine")[1], before)

    def put(row, column, value):
        return lambda changed: changed[row].__setitem__(column, value)

    faulty("Row 4 of .*“abc” in the column “v2”", put(3, 2, "abc"))
    faulty("Row 8 of .*“” in the column “v0”", put(7, 0, ""))
    faulty("Row 2 of .*has nan as number 5", put(1, 4, "nan"))
    faulty("Row 2 of .*has inf as number 1", put(1, 0, "inf"))
    short = tmp_path / "short.csv"
    short.write_text(f"path,a,b\n{names[0]},1,2\n{names[1]},1\n")
    faulty("Row 2 of .*has 2 columns, and the head 3", file=short)
    endless = tmp_path / "endless.csv"
    endless.write_text(f"path,a,b\n{names[0]},1,{'2' * 11_000_000}\n")
    faulty("cannot be read as a table: field larger", file=endless)
    pyarrow = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"path": names[:2], "v": [None, [1.0, 2.0]]}), tmp_path / "none.parquet")
    faulty("Row 2 of .*has 2 numbers, and the first 0", file=tmp_path / "none.parquet")
    faulty("no column that names images", file=write_csv(tmp_path / "x.csv", "foo", names, rows))
    faulty("Row 3 of .*“x” in the column “id”, which is no id", file=write_csv(tmp_path / "y.csv", "id", [1, 2, "x"], rows[:3]))
    faulty("Rows 1 and 3 of .*are both of the image “1”", file=write_csv(tmp_path / "z.csv", "id", [1, 2, 1], rows[:3]))
    faulty("None of the 3 rows", file=write_csv(tmp_path / "w.csv", "path", ["a.png", "b", "c"], rows[:3]))
    for arrays, told in [
        ({"vectors": table()}, "needs one array .*it has: vectors"),
        ({"ids": np.arange(1, 9), "vectors": table()}, "names 8 images and has 60 vectors"),
        ({"ids": np.arange(1, 61), "a": table(), "b": table()}, "needs one array"),
        ({"ids": np.arange(1, 61), "a": np.array([["x"] * 3] * 60)}, "needs one array"),
    ]:
        np.savez(tmp_path / "odd.npz", **arrays)
        faulty(told, file=tmp_path / "odd.npz")
    np.savez(tmp_path / "odd.npz", paths=np.array(names, object), vectors=table())
    faulty("Python objects", file=tmp_path / "odd.npz")
    (tmp_path / "odd.npz").write_bytes(b"PK\x03\x04 no more")
    faulty("damaged", file=tmp_path / "odd.npz")
    faulty("cannot be read", file=tmp_path / "gone.csv")
    faulty("none of .npz, .csv, .parquet", file=Path(__file__))


def test_what_a_file_covers_is_told_and_a_second_one_replaces_it(own, tmp_path):
    names, rows = paths(own), table()
    rows[4] = 0
    first = write_csv(tmp_path / "a.csv", "file", [*names[:20], "nowhere.jpg"], rows[:21])
    told = str(bring(own, "mine", first))
    assert "20 of 60 images have a vector of 5 numbers" in told and "the other 40" in told
    assert "1 row is all zeros" in told and "1 row names no image, as “nowhere.jpg”" in told
    indexes.build(own)
    maps.build(own)
    other = table(30, 7, seed=4)  # of another length, for other images
    bring(own, "mine", write_csv(tmp_path / "b.csv", "file", names[30:], other))
    assert indexes.about(own)["stale"] and maps.about(own)["mine"]["stale"]
    found, kept = own.vectors("mine")
    assert found.tolist() == list(range(31, 61)) and kept.shape == (30, 7)
    indexes.build(own)
    assert maps.build(own)["mine"] == "built"
    result = Searcher(own).search(Query((ImageEntry(35),), {"mine": 1}, top_k=4, filter=Filter(exclude=(35,))))
    cosines = unit(other) @ unit(other)[4]
    assert [match.id for match in result.matches] == [int(i) + 31 for i in np.argsort(-cosines)[1:5]]
    forget(own, "mine")
    indexes.build(own)
    assert "mine" not in own.embeddings() and set(maps.build(own)) == {"combined", "color"}
    with pytest.raises(EmbeddingError, match="No vectors named 'mine'"):
        forget(own, "mine")


def test_names_that_mean_something_else_are_refused(own):
    for name in ("color", "clip", "dreamsim", "combined", "image", "where", "text", "hash", "timm:resnet18", "Mine", "my vectors", "a/b", ""):
        with pytest.raises(EmbeddingError, match="cannot be the name|meaning of its own"):
            checked(own, name)
    checked(own, "my_vectors")
    with pytest.raises(EmbeddingError, match="No vectors named 'color'"):
        forget(own, "color")


def test_on_the_command_line(own, tmp_path):
    file = write_csv(tmp_path / "a.csv", "path", paths(own), table())
    run = lambda *words: CliRunner().invoke(main, ["vectors", "--data", str(own.data), *map(str, words)])  # noqa: E731
    done = run("mine", file)
    assert done.exit_code == 0 and "mine: 60 of 60 images" in done.output and "python -m pipeline run" in done.output
    assert "That is what it was." in run("mine", file).output
    status = CliRunner().invoke(main, ["status", "--json", "--data", str(own.data)])
    assert json.loads(status.output)["embeddings"]["mine"] == {"current": 60, "stale": 0, "missing": 0}
    assert run("mine").exit_code == 2 and run("mine", file, "--forget").exit_code == 2
    assert run("mine", "--forget").exit_code == 0 and "mine" not in own.embeddings()
