"""What counts where nobody has said: the usual weights, presets, and what old maps make of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import index as indexes
from pipeline import maps
from pipeline.cli import main
from pipeline.embeddings import EMBEDDINGS, PRESETS, WRITTEN, about, presets, usual
from pipeline.embeddings.weights import STEP
from pipeline.library import derived
from pipeline.progress import Silent
from pipeline.search import ImageEntry, Query, Searcher
from tests.conftest import synthetic_library

DIMS = {"color": 12, "sift": 20, "efficientnet": 28}


class Told(Silent):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


@pytest.mark.parametrize("count", range(1, len(EMBEDDINGS) + 2))
def test_every_choice_of_embeddings_has_weights_that_sliders_can_show(count):
    for names in combinations([*EMBEDDINGS, "my_vectors"], count):
        found = presets(names)
        assert next(iter(found)) == "Balanced" and found["Balanced"] == usual(names)
        assert len({tuple(weights.values()) for weights in found.values()}) == len(found), "two buttons do the same"
        for weights in found.values():
            assert list(weights) == list(names) and max(weights.values()) == 1
            assert all(abs(w / STEP - round(w / STEP)) < 1e-9 and 0 <= w <= 1 for w in weights.values())
        assert all(usual(names).values()), "an embedding that nobody hears"


def test_what_stands_for_the_same_counts_as_one():
    one, two = usual(["color", "sift", "efficientnet"]), usual(["color", "sift", "dreamsim", "efficientnet"])
    assert one == {"color": 0.3, "sift": 0.4, "efficientnet": 1.0}
    assert two["dreamsim"] == two["efficientnet"] == 1.0
    assert two["color"] / 2 == pytest.approx(one["color"]) and two["sift"] / 2 == pytest.approx(one["sift"])
    assert presets(["color", "sift"]).keys() == {"Balanced", "Same thing", "Same colors"}
    assert {about(name).role for name in (*EMBEDDINGS, *WRITTEN)} == set(PRESETS["Balanced"]) - {"other"}


def test_search_map_and_index_weigh_alike_where_nothing_is_said(tmp_path):
    library = synthetic_library(tmp_path, 300, DIMS)
    index, _ = indexes.build(library)
    weights = usual(list(DIMS))
    cosines = {name: library.vectors(name)[1] @ library.vectors(name)[1].T for name in DIMS}
    total = sum(weights[name] * cosines[name] for name in DIMS) / sum(weights.values())
    np.fill_diagonal(total, -2)
    best = 1 + total.argmax(axis=1)
    found = Searcher(library).search(Query.around(9, top_k=1))
    assert found.weights == weights and found.matches[0].id == best[8]
    assert Searcher(library).search(Query((ImageEntry(9),), weights, top_k=3)).matches[1:] == \
        Searcher(library).search(Query((ImageEntry(9),), top_k=3)).matches[1:]
    assert (index.neighbors(np.arange(1, 301), 1).ids[:, 0] == best).all()
    whole = index.vectors(np.arange(1, 301))
    np.testing.assert_allclose((whole @ whole.T)[~np.eye(300, dtype=bool)], total[~np.eye(300, dtype=bool)], atol=1e-5)


def test_a_map_that_weighed_all_alike_is_stale_and_laid_out_anew_with_a_word(tmp_path):
    library = synthetic_library(tmp_path, 120, DIMS)
    indexes.build(library)
    maps.build(library)
    for name in maps.names(library):  # as a version that weighed all alike has kept them
        kept = derived.read(library, f"maps/{name}")
        told = {key: value for key, value in kept.about.items() if key != "weights"}
        if name == maps.COMBINED:
            told["made_from"] = "of all alike"
        derived.store(library, f"maps/{name}", told["made_from"], kept.arrays, told)
    assert [name for name, row in maps.about(library).items() if row["stale"]] == [maps.COMBINED]
    progress = Told()
    assert maps.build(library, progress=progress) == {
        "combined": "built", "color": "current", "sift": "current", "efficientnet": "current",
    }  # fmt: skip
    assert len(progress.said) == 1 and "color 0.3, sift 0.4, efficientnet 1" in progress.said[0]
    assert not any(row["stale"] for row in maps.about(library).values())
    progress = Told()
    assert set(maps.build(library, progress=progress).values()) == {"current"} and not progress.said


def test_presets_on_the_command_line(tmp_path, pictures):
    library = synthetic_library(tmp_path / "data", 60, {"color": 12, "sift": 20})
    indexes.build(library)
    picture = tmp_path / "one.jpg"
    picture.write_bytes(next(iter(sorted(pictures.rglob("*.jpg")))).read_bytes())
    run = lambda *more: CliRunner().invoke(main, ["search", "--data", str(tmp_path / "data"), str(picture), *more])  # noqa: E731
    refused = run("--preset", "same-kind")
    assert refused.exit_code == 1 and "Nothing in this library (color, sift) tells same kind." in refused.output
    refused = run("--preset", "balanced", "--weights", "color=1")
    assert refused.exit_code == 1 and "not both" in refused.output
    assert "same-things" in run("--preset", "same-things").output
