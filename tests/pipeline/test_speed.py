"""What is said of a run's length before it starts."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from pipeline.embeddings import create
from pipeline.embeddings.base import Extractor, unit_rows
from pipeline.extraction import speed


class Slow(Extractor):
    """A network that takes a known time an image."""

    name, version, dim, uses_network = "slow", 1, 4, True
    seconds = 0.01

    def encode(self, prepared):
        time.sleep(self.seconds * len(prepared))
        return unit_rows(np.ones((len(prepared), 4)))


def test_a_long_run_is_told_beforehand_and_a_short_one_is_not():
    slow, color = Slow(), create("color")
    told = speed.sentence({"slow": slow, "color": color}, [["slow", "color"]] * 50_000, 2)
    rate, minutes = re.fullmatch(r"Slow (\d+) images a second here: about (\d+) minutes for 50,000 images\.", told).groups()
    assert 20 < int(rate) <= 100, "a busy machine is slower, none is faster"
    assert int(minutes) * 60 >= 0.9 * 50_000 / int(rate)
    alone = speed.sentence({"slow": slow}, [["slow"]] * 50_000, 10**6)
    rate, minutes = re.findall(r"(\d+)", alone)[:2]
    assert int(minutes) * 60 == pytest.approx(50_000 / int(rate), rel=0.1)
    few = speed.sentence({"slow": slow}, [["slow"]] * 3_000 + [["color"]] * 90_000, 2)
    assert few is None or "for 93,000 images" in few
    assert speed.sentence({"slow": slow, "color": color}, [["slow", "color"]] * 500, 2) is None
    assert speed.sentence({"color": color}, [["color"]] * 10**6, 2) is None, "it shows its rate by itself"
    assert speed.sentence({"slow": slow, "color": color}, [["color"]] * 10**6, 2) is None, "nothing is asked of it"


@pytest.mark.parametrize(("seconds", "said"), [
    (3, "5 seconds"), (61, "60 seconds"), (130, "2 minutes"), (2_400, "40 minutes"), (7_199, "120 minutes"),
    (9_000, "2.5 hours"), (86_400, "24 hours"), (200_000, "2.5 days"), (10**6, "12 days"),
])  # fmt: skip
def test_times_are_said_as_people_do(seconds, said):
    assert speed.duration(seconds) == said
