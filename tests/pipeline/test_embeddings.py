"""One suite for every entry of the registry, and what follows from an entry alone."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest

from pipeline.embeddings import EMBEDDINGS, Extractor, FittedExtractor, create
from pipeline.embeddings.base import unit_rows
from pipeline.embeddings.open_clip_networks import OpenClip
from pipeline.embeddings.options import Options, about, option
from pipeline.embeddings.pretrained import Pretrained
from pipeline.errors import EmbeddingError, SettingsError
from pipeline.pictures import decoding
from tests import checkpoints

pytestmark = pytest.mark.network


@pytest.fixture(scope="session")
def decoded(pictures) -> list[np.ndarray]:
    return [decoding.decode(file.read_bytes()) for file in sorted(pictures.rglob("*.jpg"))[::7]]


@pytest.fixture(scope="session")
def small_networks(tmp_path_factory):
    """Options that put small networks with random weights in the place of published ones."""
    folder = tmp_path_factory.mktemp("networks")
    vit, resnet = "test_vit.r160_in1k", "test_resnet.r160_in1k"
    return {
        "clip": {"model": "likeness-tiny", "weights": checkpoints.write_clip(folder)},
        "dino": {"model": vit, "weights": checkpoints.write_timm(vit, folder / "vit.safetensors")},
        "resnet": {"model": resnet, "weights": checkpoints.write_timm(resnet, folder / "resnet.safetensors")},
    }


@pytest.fixture(params=list(EMBEDDINGS))
def ready(request, decoded) -> Extractor:
    """An extractor of every entry, its codebook learned, its weights there."""
    given = {}
    if request.param == "dreamsim":
        given = {"weights": request.getfixturevalue("release")}
    elif issubclass(EMBEDDINGS[request.param].extractor, Pretrained):
        given = request.getfixturevalue("small_networks")[request.param]
    extractor = create(request.param, given, device="cpu")
    if isinstance(extractor, FittedExtractor):
        extractor.fit([extractor.sample(image) for image in decoded])
    return extractor


ODD = {
    "black": np.zeros((64, 64, 3), np.uint8),
    "gray": np.full((64, 64, 3), 128, np.uint8),
    "white": np.full((3, 500, 3), 255, np.uint8),
    "one pixel": np.full((1, 1, 3), 77, np.uint8),
    "one row": np.arange(512 * 3, dtype=np.uint16).astype(np.uint8).reshape(1, 512, 3),
    "one column": np.arange(512 * 3, dtype=np.uint16).astype(np.uint8).reshape(512, 1, 3),
}


def test_the_contract_of_every_embedding(ready, decoded):
    rows = ready.extract(decoded)
    assert rows.shape == (len(decoded), ready.dim) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert (rows @ rows.T - np.eye(len(rows))).max() < 0.9999, "different pictures, one vector"
    assert np.array_equal(ready.extract(decoded), rows), "another vector for the same picture"
    alone = np.concatenate([ready.extract([image]) for image in decoded[:3]])
    assert (alone * rows[:3]).sum(axis=1).min() > 0.9995, "the batch has a say in the vector"
    assert ready.extract([]).shape == (0, ready.dim)

    odd = ready.extract(list(ODD.values()))
    norms = np.linalg.norm(odd, axis=1)
    assert odd.shape == (len(ODD), ready.dim) and np.isfinite(odd).all()
    assert ((np.abs(norms - 1) < 1e-5) | (norms == 0)).all()
    single = np.concatenate([ready.extract([image]) for image in ODD.values()])
    assert np.allclose((single * odd).sum(axis=1)[norms > 0], 1, atol=5e-4)


def test_every_embedding_travels_and_says_what_it_is(ready, decoded):
    """Pickled after use, as it is sent to workers; looked at without being changed."""
    rows = ready.extract(decoded[:2])
    sent = pickle.loads(pickle.dumps(ready))
    assert len(pickle.dumps(ready)) < 40e6, "a network travels along"
    assert sent.fingerprint == ready.fingerprint
    assert np.allclose(sent.extract(decoded[:2]), rows, atol=1e-5)
    before = decoded[0].copy()
    ready.prepare(decoded[0])
    assert np.array_equal(decoded[0], before)
    assert ready.fingerprint.startswith(f"{ready.name}/{ready.version}") and "\n" not in ready.fingerprint
    assert ready.made(ready.fingerprint) and not ready.made(f"{ready.name}/{ready.version}0")
    assert EMBEDDINGS[ready.name].extractor is type(ready)


@pytest.mark.parametrize("name", list(EMBEDDINGS))
def test_the_fingerprint_changes_with_what_changes_vectors_and_nothing_else(name, tmp_path):
    usual = create(name)
    assert create(name, device="cuda").fingerprint == usual.fingerprint
    for item in fields(usual.options_type):
        said = about(item)
        if item.name == "model" and issubclass(type(usual), OpenClip):
            continue  # as for those of timm
        other = create(name, usual.options.changed({item.name: another(item.default, said, tmp_path)}))
        assert (other.fingerprint != usual.fingerprint) == said.changes_vectors, item.name
        kept = type(usual.options).read(other.options.as_json())
        assert kept == other.options, "a library would remember something else"


def another(value, said, folder: Path):
    """Another value of an option."""
    if said.is_path:
        return folder
    if value == "":
        return "test_vit.r160_in1k"  # a network
    if said.choices:
        return next(choice for choice in said.choices if choice != value)
    return value + 1 if said.most is None or value < said.most else value - 1


def test_options_out_of_bounds_are_named():
    with pytest.raises(SettingsError, match="bins.*from 2 to 64"):
        create("color", {"bins": 1})
    with pytest.raises(SettingsError, match="type.*clip_vitb32"):
        create("dreamsim", {"type": "clip"})
    with pytest.raises(SettingsError, match="no option 'hues'"):
        create("color").options.changed({"hues": 3})
    with pytest.raises(EmbeddingError, match="color, sift, dreamsim, efficientnet"):
        create("colour")


@dataclass(frozen=True)
class ToyOptions(Options):
    cells: int = option(3, "Cells a side.", least=1, most=9)


class Toy(Extractor):
    """Mean color in a grid of cells: a whole embedding in a dozen lines."""

    name, version, options_type = "toy", 1, ToyOptions

    def __init__(self, options=None, device="auto"):
        super().__init__(options, device)
        self.dim = 3 * self.options.cells**2 + 1

    def prepare(self, image):
        cells = self.options.cells
        parts = [part for band in np.array_split(image, cells) for part in np.array_split(band, cells, axis=1)]
        return np.array([part.mean(axis=(0, 1)) if part.size else np.zeros(3) for part in parts]).ravel()

    def encode(self, prepared):
        rows = np.array(prepared, np.float32)
        return unit_rows(np.hstack([rows - rows.mean(axis=1, keepdims=True), np.ones((len(rows), 1))]))
