"""Words and the classes of ImageNet that they stand for."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pipeline.embeddings import create, imagenet
from pipeline.embeddings.imagenet.classes import TITLES
from pipeline.embeddings.imagenet.groups import GROUPS, SYNONYMS


def test_the_table_names_what_there_is_and_nothing_twice():
    listed, titles = imagenet.names(), imagenet.titles()
    assert len({title.casefold() for title in titles}) == imagenet.COUNT
    assert set(TITLES) <= set(listed) and all(TITLES[name] != name for name in TITLES)
    known = imagenet.things()
    for name in GROUPS:  # a class that is not in the list would be a KeyError
        classes = known[name].classes
        assert classes == tuple(sorted(set(classes))) and 0 <= classes[0] <= classes[-1] < imagenet.COUNT
    spoken = [word for words in SYNONYMS.values() for word in words.split("; ")]
    assert len(spoken) == len(set(spoken))
    for name, words in SYNONYMS.items():
        assert name in known, f"{name} is neither a group nor a title"
        assert all(imagenet.find(word) is known[name] for word in words.split("; "))
    for thing in known.values():
        assert imagenet.find(thing.name) is thing, "another word takes its name"


@pytest.mark.parametrize(("word", "name", "count"), [
    ("Dogs", "dog", 118), ("butterflies", "butterfly", 6), ("wolves", "wolf", 3), ("dresses", "dress", 3),
    ("hot-air balloons", "balloon", 1), ("TROUSER", "trousers", 1), ("t-shirts", "T-shirt", 1), ("buses", "bus", 3),
    ("fire  trucks", "fire truck", 1), ("plane", "airplane", 3), ("oranges", "orange (fruit)", 1),
])  # fmt: skip
def test_words_as_people_write_them(word, name, count):
    found = imagenet.find(word)
    assert found.name == name and len(found.classes) == count


def test_what_is_not_known_is_said_and_the_nearest_named():
    assert imagenet.find("mouse") is None, "a computer's mouse is not what the word says first"
    assert "computer mouse" in imagenet.near("mouse")
    assert imagenet.near("airplan")[0] == "airplane"
    assert imagenet.near("qqqq") == [] and imagenet.near(" ") == []


def test_names_come_without_a_network():
    """Who completes words as they are typed waits for no network to load."""
    code = "import sys; from pipeline.embeddings.imagenet import names; names(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.network
def test_a_word_is_the_mean_direction_of_its_classes():
    network = create("efficientnet")
    dog, retriever, cat = (network.encode_text(word) for word in ("dogs", "golden retriever", "cat"))
    assert dog.shape == (network.dim,) and dog.dtype == np.float32
    assert np.isclose(np.linalg.norm(dog), 1, atol=1e-5)
    assert dog @ retriever > dog @ cat > dog @ network.encode_text("car")
    assert network.encode_text("justice") is None and create("sift").encode_text("dog") is None
