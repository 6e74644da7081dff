"""The bench: it measures what it says, compares like with like, and keeps what it has."""

from __future__ import annotations

import json
import os
import re
import shutil

import numpy as np
import pytest

from pipeline import bench as measuring
from pipeline.bench import BenchOptions, growth, isolated, pictures, recommenders, synthetic
from pipeline.embeddings import create
from pipeline.errors import LikenessError, SettingsError

pytestmark = pytest.mark.slow

TINY = BenchOptions(
    sizes=(300,), index_size=5_100, kinds_size=1_100, maps_size=300, recluster_size=400,
    dims={"color": 8, "sift": 12, "efficientnet": 16}, quick=True,
)  # fmt: skip
FEW = 3
"""Pictures of a theme."""


@pytest.fixture(scope="module")
def made(pictures, tmp_path_factory):
    """Everything measured once at tiny sizes: (tables, document, page, files left behind)."""
    folder = tmp_path_factory.mktemp("bench")
    for theme in pictures.iterdir():
        (folder / "pictures" / theme.name).mkdir(parents=True)
        for file in sorted(theme.iterdir())[:FEW]:
            shutil.copy(file, folder / "pictures" / theme.name)
    whole = next((folder / "pictures").rglob("*.jpg"))
    whole.with_name("0 cut off.jpg").write_bytes(whole.read_bytes()[:3000])  # as any folder of one's own may have
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LIKENESS_THREADS", "1")  # what burns a core, and what is compiled for many, is needed once
        tables = measuring.bench(folder / "pictures", folder / "b.json", folder / "b.html", TINY)
    document = json.loads((folder / "b.json").read_text())
    return tables, document, (folder / "b.html").read_text(), sorted(p.name for p in folder.iterdir())


def test_every_stage_has_figures_in_document_and_page(made):
    tables, document, page, left = made
    assert left == ["b.html", "b.json", "pictures"]
    assert list(document["stages"]) == list(measuring.STAGES)
    assert document["machine"]["cores"] >= 1 and "faiss-cpu" in document["packages"]
    for name, stage in document["stages"].items():
        assert stage["rows"], (name, stage["notes"])
        for row in stage["rows"]:
            assert set(row) <= set(stage["columns"])
            assert all(value > 0 for value in row.values() if isinstance(value, (int, float))), (name, row)
        assert stage["title"] in page and str(tables[name])
    assert page.count("Plotly.newPlot(") >= len(measuring.STAGES)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=.?http", page)


def test_ratios_are_those_of_the_figures_beside_them(made):
    stages = made[1]["stages"]
    extraction = stages["extraction"]["rows"]
    assert [row["what"] for row in extraction] == ["scan + color + sift", "color", "sift", "efficientnet"]
    for row in extraction:
        assert row["ratio"] == pytest.approx(row["ours"] / row["plain"], rel=0.01)
        assert row["images"] == 6 * FEW
    loop, exact, used = stages["networks"]["rows"]
    assert "embed" in loop["what"] and "torch" in exact["what"] and "OpenVINO" in used["what"]
    assert used["apart"] < 0.001 and used["kept"] == pytest.approx(used["busy"] / used["quiet"], rel=0.01)
    rows = {row["map"]: row for row in stages["maps"]["rows"]}
    ours, plain = rows["ours"], rows["umap-learn, its defaults"]
    alone = [rows[f"ours, of {name} alone"] for name in TINY.dims]
    assert not any("× plain" in row for row in alone) and len({row["trustworthiness"] for row in alone}) == 3
    assert ours["× plain"] == pytest.approx(plain["total s"] / ours["total s"], rel=0.01)
    assert ours["total s"] == pytest.approx(ours["neighbors s"] + ours["layout s"], rel=0.01)
    assert ours["trustworthiness"] > plain["trustworthiness"] - 0.05


def test_recall_is_measured_against_the_exact_answer(made):
    stages = made[1]["stages"]
    rows = {row["index"]: row for row in stages["index"]["rows"]}
    for exact in ("exact, NumPy", "exact, FAISS flat"):
        assert rows[exact]["recall equal"] == rows[exact]["recall corner"] == 1
    assert rows["ours"]["recall equal"] >= 0.95 and rows["ours"]["recall corner"] >= 0.9
    kinds = {row["index"]: row for row in stages["kinds"]["rows"]}
    assert set(kinds) == {
        "hnsw float32", "hnsw float16", "hnsw int8", "ivfpq float32", "flat float32", "hnsw float32, isotropic vectors",
    }  # fmt: skip
    assert kinds["flat float32"]["recall equal"] == 1
    assert kinds["hnsw float16"]["MB"] < kinds["hnsw float32"]["MB"]


def test_growth_measures_every_step_and_ends_in_a_statement_about_a_million(made):
    (row,) = made[1]["stages"]["growth"]["rows"]
    assert row["images"] == 300 and set(row) == set(growth.COLUMNS)
    double = {key: 2 * value for key, value in row.items()}
    table = growth.table([row, double], {"color": 8}, {"sift": 100.0})
    assert [line["images"] for line in table.rows] == [300, 600, "grows as n to the", "1,000,000 (extrapolated)"]
    assert table.rows[2]["index s"] == pytest.approx(1)
    assert table.rows[3]["index s"] == pytest.approx(row["index s"] * 1e6 / 300, rel=0.01)
    assert "extracting sift 2.8 h" in table.notes[0] and "not measured" in table.notes[0]
    assert "dominates" in table.notes[1]


def test_growth_is_fitted_to_the_larger_sizes():
    rows = [
        {"images": n, **{s: (5 + n / 100 if s.endswith("MB") else max(3.0, (n / 1000) ** 1.5)) for s in growth.STEPS}}
        for n in (500, 10_000, 40_000)
    ]
    powers = growth.exponents(rows)
    assert powers["index s"] == pytest.approx(1.5)
    million = growth.extrapolated(rows, powers, 10**6)
    assert million["map s"] == pytest.approx(1000**1.5) and million["map MB"] == pytest.approx(10_005)
    assert growth.exponents(rows[:1]) == {}


def test_a_recommenders_network_is_the_one_whose_weights_ours_takes(pictures, tmp_path):
    import torch

    file = next(pictures.rglob("*.jpg"))
    recommenders.everything()([str(file)])
    extractor = create("resnet", {"weights": recommenders.write_weights(tmp_path, "resnet")})
    shape = extractor.blueprint().module()(torch.zeros(1, 3, 224, 224)).shape
    assert recommenders.resnet_features()(torch.zeros(1, 3, 224, 224)).shape == shape == (1, extractor.dim)


def test_peak_memory_is_that_of_the_measured_process_alone():
    burden = np.ones(60_000_000)  # 480 MB here must not count there
    _, little = isolated.measured(_allocate, 1)
    _, much = isolated.measured(_allocate, 300)
    assert burden.size and little < 400 and 250 < much - little < 400


def test_a_stage_that_fails_says_so_and_the_others_go_on(tmp_path):
    with pytest.raises(LikenessError, match="died"):
        isolated.measured(os._exit, 1)
    empty = tmp_path / "empty"
    empty.mkdir()
    options = BenchOptions(stages=("extraction", "recluster"), recluster_size=200)
    tables = measuring.bench(empty, tmp_path / "b.json", tmp_path / "b.html", options)
    assert "Not measured" in tables["extraction"].notes[0] and tables["recluster"].rows


def test_synthetic_vectors_are_repeatable_clustered_and_new_ones_are_new():
    made = synthetic.vectors(2_000, 0, 2_000, synthetic.DIMS)
    again = synthetic.vectors(2_000, 0, 2_000, synthetic.DIMS)
    fresh = synthetic.vectors(2_000, 20_001, 50, synthetic.DIMS)
    for name, rows in made.items():
        assert rows.shape == (2_000, synthetic.DIMS[name]) and rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5) and np.array_equal(rows, again[name])
        products = fresh[name] @ rows.T
        assert products.max() < 0.999 and np.median(products.max(axis=1)) > products.mean() + 0.2


# Of the vectors that the extractors make of 3,781 photographs of clothing: medians of the cosines to the
# 1st, 10th, 50th and 500th neighbor among 3,000, and of any two; shares of the squared length that
# lie in the 16, 64 and 192 strongest directions.
PHOTOGRAPHS = {
    "color": ((0.86, 0.78, 0.70, 0.51, 0.36), (0.77, 0.93, 1.00)),
    "sift": ((0.32, 0.23, 0.17, 0.07, 0.00), (0.20, 0.46, 0.87)),
    "efficientnet": ((0.75, 0.67, 0.61, 0.49, 0.36), (0.63, 0.78, 0.89)),
}


def figures(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of other vectors (n, dim)."""
    cosines = rows[:300] @ rows.T
    any_two = np.median(cosines)
    np.fill_diagonal(cosines, -np.inf)
    ranked = -np.sort(-cosines, axis=1)
    energy = np.linalg.eigvalsh((rows.T @ rows).astype(np.float64))[::-1]
    kept = np.cumsum(energy) / energy.sum()
    return np.array([*np.median(ranked[:, [0, 9, 49, 499]], axis=0), any_two]), kept[[15, 63, 191]]


def test_synthetic_vectors_are_as_the_photographs_are():
    made = synthetic.vectors(3_000, 0, 3_000, synthetic.DIMS)
    for name, (near, kept) in PHOTOGRAPHS.items():
        mine = figures(made[name])
        assert np.abs(mine[0] - near).max() < 0.05 and np.abs(mine[1] - kept).max() < 0.08, name


def test_synthetic_hashes_are_as_near_as_those_of_photographs():
    rows = pictures.hashes(0, 1_500)
    assert rows.shape == (1_500, 24) and np.array_equal(rows, pictures.hashes(0, 1_500))
    apart = np.unpackbits(rows[:300, None] ^ rows[None, 300:], axis=2).sum(axis=2)
    # Bits that differ between any two of 1,500 photographs of clothing, at these quantiles.
    assert np.abs(np.quantile(apart, [0.001, 0.01, 0.05, 0.25, 0.5]) - (41, 53, 63, 78, 91)).max() <= 6


@pytest.mark.parametrize(
    "wrong, said", [({"sizes": "3k"}, "3000,10000"), ({"sizes": "5"}, "from 100"), ({"stages": "speed"}, "extraction"), ({"stages": ","}, "names none")]
)
def test_impossible_options_get_one_sentence(wrong, said):
    with pytest.raises(SettingsError, match=said):
        measuring.read_options(**wrong)
    assert measuring.read_options(million=True).sizes[-1] == 1_000_000
    assert measuring.read_options(stages="maps,index").stages == ("index", "maps")


def _allocate(megabytes: int) -> dict:
    return {"sum": float(np.ones(megabytes * 125_000).sum())}
