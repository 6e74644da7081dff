"""A run that is killed, twice; `python -m tests.kill_runs` does it fifty times."""

from __future__ import annotations

import pytest

from tests.kill_runs import paint, survive


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(tmp_path):
    paint(tmp_path / "pictures", 60)
    assert survive(tmp_path / "pictures", tmp_path / "data", kills=2, seed=14) == 2
