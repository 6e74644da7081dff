"""docs/scale.md says what its script prints, and predictions were within what the page claims."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def scale() -> dict:
    return runpy.run_path(str(DOCS / "scale.py"))


def test_the_page_has_the_tables_that_the_script_prints(scale):
    page = (DOCS / "scale.md").read_text()
    for table in scale["document"]().split("\n\n"):
        assert table in page


def test_predictions_for_100_000_and_a_million_are_within_a_fifth_of_measured_runs(scale):
    runs = {(what, count) for what, known in scale["RUNS"].items() for count in known if count >= 100_000 and count > min(known)}
    assert {count for _, count in runs} >= {100_000, 1_000_000}
    for what, count in runs:
        told = scale["predicted"](what, count)
        assert abs(told / scale["RUNS"][what][count] - 1) <= 0.2, (what, count, told)


def test_costs_grow_with_pictures_and_the_simulation_keeps_to_the_bound(scale):
    small, large = scale["costs"](10_000_000), scale["costs"](100_000_000)
    assert large["store"]["bytes"] == pytest.approx(10 * small["store"]["bytes"])
    assert large["index"]["core h"] == pytest.approx(10 * small["index"]["core h"])  # shards of one size
    for machines in (1, 8, 60):
        bound = scale["bound"](machines)
        assert 0.85 * bound <= scale["simulated"](machines, chunks=5_000) <= 1.02 * bound
