"""Networks of timm and open_clip, with random weights in the packages' own formats.

Vectors made with such weights mean nothing; that they are the packages' own is what is held here.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.cli import main
from pipeline.embeddings import about, canonical, create, find, models
from pipeline.embeddings.preprocessing import Preprocessing
from pipeline.errors import EmbeddingError, WeightsUnavailableError
from pipeline.pictures import decoding
from pipeline.reasons import regions
from tests.checkpoints import write_clip, write_timm

pytestmark = pytest.mark.network

RESNET, VIT = "timm:test_resnet.r160_in1k", "timm:test_vit.r160_in1k"
CLIP = "open_clip:likeness-tiny"


def name_of(embedding: str) -> str:
    """What the package calls it."""
    return embedding.partition(":")[2]


SHAPES = [(300, 200), (200, 300), (63, 511), (512, 40), (1, 1), (7, 7), (224, 224), (160, 161)]


@pytest.fixture(scope="module")
def clip_file(tmp_path_factory):
    yield write_clip(tmp_path_factory.mktemp("clip"))
    models.forget()


def pictures_of(shapes) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [random.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]


@pytest.mark.slow
def test_pictures_are_prepared_as_the_packages_do():
    """Pixel for pixel, for every way that a network of either package wants its pictures."""
    import timm
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from timm.data import create_transform, resolve_data_config

    ways: dict = {}
    for name in timm.list_models(pretrained=True):
        config = resolve_data_config(pretrained_cfg=timm.models.get_pretrained_cfg(name).to_dict())
        if len(set(config["input_size"][1:])) == 1:
            ways.setdefault(replace(Preprocessing.of_timm(config), mean=(0.4, 0.5, 0.6), std=(1, 1, 1)), config)
    chosen = {}
    for way, config in sorted(ways.items(), key=lambda one: one[0].side):  # the smallest of each mode, filter and cut
        chosen.setdefault((way.mode, way.filter, config["crop_pct"]), (way, config))
    assert {mode for mode, *_ in chosen} == {"center", "squash", "border"} and len(chosen) > 8
    for way, config in chosen.values():
        theirs = create_transform(**{**config, "mean": (0.4, 0.5, 0.6), "std": (1, 1, 1)})
        same(way, theirs)
    for mode in ("shortest", "squash"):
        for filter_ in ("bicubic", "bilinear"):
            config = {"resize_mode": mode, "interpolation": filter_, "mean": (0.4, 0.5, 0.6), "std": (1, 1, 1)}
            same(Preprocessing.of_open_clip(96, config), image_transform_v2(PreprocessCfg(size=96, **config), False))


def same(way: Preprocessing, theirs) -> None:
    for image in pictures_of(SHAPES):
        if max(image.shape) / min(image.shape[:2]) > 30 and way.side > 300:
            continue  # hundreds of megabytes
        mine = way(image)
        assert mine.shape == (way.side, way.side, 3) and mine.dtype == np.uint8
        expected = (theirs(Image.fromarray(image)).numpy().transpose(1, 2, 0) + (0.4, 0.5, 0.6)) * 255
        off = np.abs(mine - expected)
        assert off.max() < 0.51, (way, image.shape)


@pytest.mark.parametrize("name", [RESNET, VIT])
def test_vectors_are_timms_own(name, tmp_path):
    import timm
    import torch
    from timm.data import create_transform, resolve_data_config

    file = write_timm(name_of(name), tmp_path / "model.safetensors")
    extractor = create(name, {"weights": file}, "cpu")
    images = pictures_of([(300, 200), (90, 120), (160, 160)])
    rows = extractor.extract(images)
    assert rows.shape == (3, extractor.dim) and np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    model = timm.create_model(name_of(name), checkpoint_path=str(file)).eval()
    model.reset_classifier(0)
    theirs = create_transform(**resolve_data_config(pretrained_cfg=model.pretrained_cfg))
    with torch.inference_mode():
        expected = model(torch.stack([theirs(Image.fromarray(image)) for image in images])).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert (rows * expected).sum(axis=1).min() > 0.999
    sent = pickle.loads(pickle.dumps(extractor))
    assert sent.name == name and sent.fingerprint == extractor.fingerprint
    assert np.array_equal(sent.prepare(images[0]), extractor.prepare(images[0]))
    other = write_timm(name_of(name), tmp_path / "other.safetensors", seed=5)
    assert create(name, {"weights": other}).fingerprint != extractor.fingerprint, "what is in the file makes the vectors"
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(file.read_bytes())
    assert create(name, {"weights": copy}).fingerprint == extractor.fingerprint


def test_words_and_pictures_are_open_clips_own(clip_file):
    import open_clip
    import torch

    extractor = create(CLIP, {"weights": clip_file}, "cpu")
    images = pictures_of([(64, 90), (200, 150)])
    model, _, theirs = open_clip.create_model_and_transforms("likeness-tiny", pretrained=str(clip_file))
    model.eval()
    with torch.inference_mode():
        seen = model.encode_image(torch.stack([theirs(Image.fromarray(image)) for image in images]), normalize=True)
        read = model.encode_text(open_clip.get_tokenizer("likeness-tiny")(["a red dress"]), normalize=True)
    rows = extractor.extract(images)
    assert (rows * seen.numpy()).sum(axis=1).min() > 0.999
    words = extractor.encode_text("a red dress")
    assert words.shape == (extractor.dim,) and words @ read.numpy()[0] == pytest.approx(1, abs=1e-5)
    assert extractor.encode_text("a red dress") is words, "read twice"
    assert abs(words @ extractor.encode_text("a boat")) < 0.999999
    assert create("efficientnet").encode_text("a red dress") is None


@pytest.mark.parametrize("name", [RESNET, VIT])
def test_regions_are_timms_own_before_they_are_pooled(name, tmp_path):
    """Of a network that pools, cells whose mean is the vector and that add up to the cosine; of a transformer,
    its tokens, each worth its best cosine."""
    import timm
    import torch
    from timm.data import create_transform, resolve_data_config

    file = write_timm(name_of(name), tmp_path / "model.safetensors")
    extractor = create(name, {"weights": file}, "cpu")
    pair = pictures_of([(300, 200), (90, 120)])
    model = timm.create_model(name_of(name), checkpoint_path=str(file)).eval()
    theirs = create_transform(**resolve_data_config(pretrained_cfg=model.pretrained_cfg))
    with torch.inference_mode():
        plain = model.forward_features(torch.stack([theirs(Image.fromarray(image)) for image in pair])).numpy()
    plain = plain[:, model.num_prefix_tokens :] if name == VIT else plain.reshape(*plain.shape[:2], -1).transpose(0, 2, 1)
    plain /= np.linalg.norm(plain, axis=2, keepdims=True)
    seen = [extractor.regions(image) for image in pair]
    for one, expected in zip(seen, plain):
        cells = one.features.reshape(-1, one.features.shape[2])
        assert one.pooled == (name == RESNET) and len(cells) == len(expected) and one.features.shape[0] == one.features.shape[1]
        assert (cells / np.linalg.norm(cells, axis=1, keepdims=True) * expected).sum(axis=1).min() > 0.998
    found = regions.compare(extractor, *pair)
    assert found.cosines == pytest.approx(plain[0] @ plain[1].T, abs=0.02)
    if name == RESNET:
        assert found.sums and found.asked.adds.sum() == pytest.approx(float(np.prod(extractor.extract(pair), axis=0).sum()), abs=0.01)
    else:
        assert not found.sums and found.asked.adds.ravel() == pytest.approx((plain[0] @ plain[1].T).max(axis=1), abs=0.02)


def test_patches_of_clip_are_what_each_would_give_if_it_looked_at_itself_alone(clip_file):
    """By the package's own attention, with a mask that lets every token see itself; and words point at them."""
    import open_clip
    import torch

    extractor = create(CLIP, {"weights": clip_file}, "cpu")
    image = pictures_of([(64, 90)])[0]
    model, _, theirs = open_clip.create_model_and_transforms("likeness-tiny", pretrained=str(clip_file))
    tower = model.eval().visual
    kept = {}
    last = tower.transformer.resblocks[-1]
    last.register_forward_pre_hook(lambda _, given: kept.update(x=given[0]))
    with torch.inference_mode():
        tower(theirs(Image.fromarray(image))[None])
        seen = last.ln_1(kept["x"])
        alone = torch.full((seen.shape[1],) * 2, float("-inf")).fill_diagonal_(0)
        looked = last.attn(seen, seen, seen, attn_mask=alone, need_weights=False)[0]
        plain = (tower.ln_post(looked)[0, 1:] @ tower.proj).numpy()
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    one = extractor.regions(image)
    cells = one.features.reshape(-1, one.features.shape[2])
    assert not one.pooled and one.features.shape == (4, 4, 24)
    assert (cells / np.linalg.norm(cells, axis=1, keepdims=True) * plain).sum(axis=1).min() > 0.998
    pointed = regions.point_at(extractor, "a red dress", image)
    assert pointed.found.adds.ravel() == pytest.approx(plain @ extractor.encode_text("a red dress"), abs=0.02)


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
def test_the_box_is_the_part_of_the_picture_that_is_left(mode):
    """Read from pictures whose color says where in them it is."""
    way = Preprocessing(64, 80 if mode == "center" else 64, mode, "bilinear", (0, 0, 0), (1, 1, 1))
    for height, width in ((200, 300), (400, 250), (128, 128)):
        y, x = np.mgrid[:height, :width]
        image = np.stack([255 * (x + 0.5) / width, 255 * (y + 0.5) / height, np.full((height, width), 200)], axis=2).astype(np.uint8)
        seen, box = way(image).astype(float), way.box(image)
        within = seen[..., 2] > 150  # what is filled up is black
        for row, column in ((20, 20), (32, 50), (45, 30)):
            assert within[row, column]
            at = box[0] + (column + 0.5) / 64 * (box[2] - box[0]), box[1] + (row + 0.5) / 64 * (box[3] - box[1])
            assert seen[row, column, :2] / 255 == pytest.approx(at, abs=0.012)


def test_what_cannot_be_loaded_is_one_sentence(tmp_path, clip_file):
    whole = write_timm(name_of(RESNET), tmp_path / "whole.safetensors")
    lacking = write_timm(name_of(RESNET), tmp_path / "lacking.safetensors", left_out="layer1.0.conv1.weight")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole.read_bytes()[:-500])
    for name, file in [(RESNET, lacking), (RESNET, cut), (VIT, whole), (CLIP, whole), (RESNET, clip_file)]:
        with pytest.raises(WeightsUnavailableError, match="cannot be loaded as the weights of") as told:
            create(name, {"weights": file}, "cpu").extract(pictures_of([(20, 20)]))
        assert "\n" not in str(told.value) and len(str(told.value)) < 500
    with pytest.raises(WeightsUnavailableError, match="There is no file .*gone.*--weights timm:"):
        create(RESNET, {"weights": tmp_path / "gone"}).fetch()
    for name, near in [("timm:resnet5O", "resnet50"), ("open_clip:vit-b-3", "vit-b-32"), ("open_clip:vit-b-32:opena", "openai")]:
        with pytest.raises(EmbeddingError, match=f"has no network .*{near}"):
            find(name).extractor.check(create(name).options)
    with pytest.raises(EmbeddingError, match="not square"):
        find("timm:vit_base_patch16_sapiens2.fb").extractor.check(create("timm:vit_base_patch16_sapiens2.fb").options)


def test_names_are_one_however_they_are_written():
    assert canonical("open_clip:ViT-B-32/laion2b_s34b_b79k") == "open_clip:vit-b-32:laion2b_s34b_b79k"
    assert canonical("timm:ResNet18.a1_in1k") == "timm:resnet18.a1_in1k" and canonical("Mine") == "Mine"
    named = create(canonical("open_clip:ViT-B-32/laion2b_s34b_b79k"))
    assert named.facts() == create("clip").facts() and named.about.exact == "ViT-B-32/laion2b_s34b_b79k"
    for name in ("clip", "resnet", "dino", named.name, RESNET):
        assert about(name).role == "meaning" and len(about(name).title) < 24
        assert find(name).extractor.check(create(name).options) is None
    assert find("nonsense:resnet18") is None and find("timm:") is None
    refused = CliRunner().invoke(main, ["embed", "--weights", "sift=x"])
    assert refused.exit_code == 2 and "not NAME=FILE" in refused.output


class Hub(BaseHTTPRequestHandler):
    """As much of Hugging Face's hub as a download asks for."""

    files: dict[str, bytes] = {}
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        content = self.files.get(self.path)
        self.send_response(404 if content is None else 200)
        self.send_header("X-Repo-Commit", "0" * 40)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("ETag", '"whole"')
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content or b"")

    do_HEAD = do_GET

    def log_message(self, *_) -> None: ...


@pytest.mark.slow
def test_weights_are_fetched_once_and_their_absence_is_said(tmp_path, own_pictures):
    """The command line as it is: without a network, with the hub, and without it again."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "LIKENESS_THREADS": "1"}

    def embed(port: int, *more: str):
        command = [sys.executable, "-m", "pipeline", "run", str(own_pictures), "--data", str(tmp_path / "data"), *more]
        started = time.monotonic()
        done = subprocess.run(command, env={**environment, "HF_ENDPOINT": f"http://127.0.0.1:{port}"},
                              capture_output=True, text=True, timeout=120)  # fmt: skip
        return done, time.monotonic() - started

    done, _ = embed(9, "--embeddings", f"color,{VIT}")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "are not on this machine and cannot be downloaded (Connection refused)" in done.stderr
    assert f"--weights {VIT}=FILE" in done.stderr
    file = write_timm(name_of(VIT), tmp_path / "model.safetensors")
    Hub.files = {"/timm/test_vit.r160_in1k/resolve/main/model.safetensors": file.read_bytes()}
    done, _ = embed(server.server_port)
    assert done.returncode == 0, done.stderr
    assert "Downloading the weights of test_vit.r160_in1k" in done.stderr and f"20 {VIT}" in done.stdout
    server.shutdown()
    done, _ = embed(9)
    assert done.returncode == 0 and "Nothing to do" in done.stdout
    from pipeline.library import Library

    library = Library(tmp_path / "data")
    row = library.images()[4]
    alone = create(VIT, {"weights": file}, "cpu").extract([decoding.decode(row.file.read_bytes())])[0]
    assert library.vectors(VIT, [row.id])[1][0] @ alone > 0.999
