"""DreamSim through its real package; only the weights are random and the network is faked."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.embeddings import dreamsim_weights, models
from pipeline.embeddings.dreamsim import DIMS, DreamSim, DreamSimOptions
from pipeline.errors import WeightsUnavailableError
from pipeline.pictures import decoding
from tests import certificates, checkpoints

pytestmark = pytest.mark.network

KIND = "open_clip_vitb32"
PROXIES = ("https_proxy", "http_proxy", "all_proxy", "no_proxy")
"""Who names the network's way out: a test that stands there answers for the release address."""


@pytest.fixture(scope="session")
def extractor(release):
    return DreamSim(DreamSimOptions(weights=release), device="cpu")


@pytest.fixture(scope="session")
def paths(pictures) -> list[Path]:
    return sorted(path for path in pictures.rglob("*") if path.is_file())[::8]


@pytest.fixture(scope="session")
def decoded(paths) -> list[np.ndarray]:
    return [decoding.decode(path.read_bytes()) for path in paths]


@pytest.fixture(scope="module")
def package(release):
    """The package's own model, and how it prepares a picture."""
    from dreamsim import dreamsim as load

    return load(device="cpu", cache_dir=str(release), dreamsim_type=KIND)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch, tests_cache) -> Path:
    """No test sees the weights of the person who runs it, or their way out to the network."""
    for name in ("LIKENESS_DREAMSIM_WEIGHTS", *PROXIES, *(name.upper() for name in PROXIES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LIKENESS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "networks").symlink_to(tests_cache / "networks")  # a network takes 350 MB: kept once for all
    urllib.request.install_opener(None)  # which keeps the way out that it was made with
    return tmp_path / "cache" / "dreamsim"


def unavailable_reason(options: DreamSimOptions) -> str | None:
    return DreamSim.unavailable(options)


def linked(release: Path, directory: Path) -> Path:
    """A copy of the release that shares its bytes on disk."""
    return Path(shutil.copytree(release, directory, copy_function=os.link))


@pytest.mark.filterwarnings("ignore:Already found a `peft_config`")
def test_vectors_are_the_packages_own(package, extractor, paths, decoded):
    import torch

    model, preprocess = package
    batch = torch.cat([preprocess(Image.open(path)) for path in paths])
    with torch.inference_mode():
        plain = model.embed(batch).numpy()
        with model.disable_adapter():
            unadapted = model.embed(batch).numpy()
    ours = extractor.extract(decoded)

    assert (ours * plain).sum(axis=1).min() > 0.999
    assert (ours * unadapted).sum(axis=1).max() < 0.97, "the LoRA matrices do not count"
    between = ours @ ours.T - np.eye(len(ours))
    assert between.max() < 0.99, "different pictures must differ, or nothing is shown here"


def test_patches_are_the_packages_own(package, extractor, paths, decoded):
    import torch

    model, preprocess = package
    seeing = model.base_model.model.extractor_list[0]
    with torch.inference_mode():
        pixels = model.base_model.model._preprocess(preprocess(Image.open(paths[0])), KIND)
        plain = (seeing.model.get_intermediate_layers(pixels, 1)[0][0, 1:] @ seeing.proj).numpy()
    plain -= plain.mean(axis=1, keepdims=True)
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    seen = extractor.regions(decoded[0])
    assert seen.features.shape == (7, 7, 512) and seen.box == (0, 0, 1, 1) and not seen.pooled
    cells = seen.features.reshape(49, 512)
    assert (cells / np.linalg.norm(cells, axis=1, keepdims=True) * plain).sum(axis=1).min() > 0.998


def test_rows_are_unit_and_do_not_depend_on_their_batch(extractor, decoded):
    together = extractor.extract(decoded)
    alone = np.concatenate([extractor.extract([image]) for image in decoded[:3]])

    assert together.shape == (len(decoded), extractor.dim) == (len(decoded), 512)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert (alone * together[:3]).sum(axis=1).min() > 0.9995
    assert extractor.extract([]).shape == (0, 512)


def test_engines_and_precisions_give_the_same_vectors(release, extractor, decoded, monkeypatch):
    import torch

    models.forget()
    usual = extractor.extract(decoded)
    assert [network.engine for network in models._loaded.values()] == ["openvino"]
    models.forget()
    monkeypatch.setenv("LIKENESS_ENGINE", "torch")
    by_torch = extractor.extract(decoded)
    models.forget()
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)  # a processor that has no 16 bits
    full = extractor.extract(decoded)
    assert [(network.engine, network.precision) for network in models._loaded.values()] == [("torch", "fp32")]
    models.forget()
    assert (full * usual).sum(axis=1).min() > 0.999 and (full * by_torch).sum(axis=1).min() > 0.999


def test_preparing_does_not_import_torch():
    script = (
        "import sys, numpy as np\n"
        "from pipeline.embeddings import create\n"
        "for name in ('dreamsim', 'efficientnet'):\n"
        "    e = create(name)\n"
        "    p = e.prepare(np.full((300, 200, 3), 7, np.uint8))\n"
        "    assert p.shape == (224, 224, 3) and p.dtype == np.uint8, name\n"
        "    assert (p == 7).all() and e.fingerprint.startswith(f'{name}/'), name\n"
        "heavy = {'torch', 'dreamsim', 'transformers', 'peft'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_every_type_agrees_with_the_package():
    from dreamsim.config import dreamsim_args
    from dreamsim.config import dreamsim_weights as addresses
    from dreamsim.model import EMBED_DIMS

    fingerprints = set()
    for kind in DIMS:
        options = DreamSimOptions(type=kind)
        made = DreamSim(options)
        config = dreamsim_args["model_config"][kind]
        parts = zip(config["model_type"].split(","), config["feat_type"].split(","))
        assert made.dim == sum(EMBED_DIMS[model][feature] for model, feature in parts)
        assert addresses[kind] == f"{dreamsim_weights.RELEASE}/dreamsim_{kind}_checkpoint.zip"
        fingerprints.add(made.fingerprint)
    assert len(fingerprints) == len(DIMS), "a model change must make rows stale"


@pytest.mark.parametrize(
    "name", [f"{KIND}_pretrain.pth.tar", f"{KIND}_single_lora/adapter_model.safetensors"]
)
def test_an_incomplete_directory_names_the_missing_file(release, tmp_path, name):
    directory = linked(release, tmp_path / "weights")
    options = DreamSimOptions(weights=directory)
    assert unavailable_reason(options) is None
    (directory / name).unlink()
    assert name in unavailable_reason(options)
    with pytest.raises(WeightsUnavailableError, match="--dreamsim-weights"):
        DreamSim(options).encode([np.zeros((224, 224, 3), np.uint8)])


def test_the_environment_can_name_the_directory(release, tmp_path, monkeypatch):
    monkeypatch.setenv("https_proxy", closed_address())
    monkeypatch.setenv("LIKENESS_DREAMSIM_WEIGHTS", str(release))
    assert unavailable_reason(DreamSimOptions()) is None
    monkeypatch.setenv("LIKENESS_DREAMSIM_WEIGHTS", str(tmp_path / "nowhere"))
    assert str(tmp_path / "nowhere") in unavailable_reason(DreamSimOptions())


def test_damaged_files_are_named_not_loaded(release, tmp_path):
    from safetensors.torch import load_file, save_file

    cut = linked(release, tmp_path / "cut")
    backbone = cut / f"{KIND}_pretrain.pth.tar"
    half = backbone.read_bytes()[: 100_000_000]
    backbone.unlink()
    backbone.write_bytes(half)

    partial = linked(release, tmp_path / "partial")
    adapter = partial / f"{KIND}_single_lora" / "adapter_model.safetensors"
    tensors = load_file(adapter)
    tensors.pop(next(name for name in tensors if "blocks.5." in name))
    adapter.unlink()
    save_file(tensors, adapter)

    for directory in (cut, partial):
        extractor = DreamSim(DreamSimOptions(weights=directory), device="cpu")
        with pytest.raises(WeightsUnavailableError, match="cannot be loaded") as caught:
            extractor.encode([np.zeros((224, 224, 3), np.uint8)])
        assert str(directory) in str(caught.value)


def closed_address() -> str:
    """An address of this machine where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_without_network_it_says_so_at_once(monkeypatch):
    monkeypatch.setenv("https_proxy", closed_address())
    started = time.monotonic()
    reason = unavailable_reason(DreamSimOptions())
    assert time.monotonic() - started < 30  # whoever tries again and again takes minutes
    assert "cannot be downloaded" in reason and "\n" not in reason
    with pytest.raises(WeightsUnavailableError, match="network.*--dreamsim-weights"):
        DreamSim().encode([np.zeros((224, 224, 3), np.uint8)])


def test_a_network_that_never_answers_is_given_up(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        assert "cannot be downloaded" in unavailable_reason(DreamSimOptions())
        assert time.monotonic() - started < 60  # without a limit for ever


def test_types_with_code_on_a_hub_never_fetch_it(tmp_path, monkeypatch):
    weights = tmp_path / "dino"
    (weights / "dino_vitb16_single_lora").mkdir(parents=True)
    for name in ("dino_vitb16_pretrain.pth", "dino_vitb16_single_lora/adapter_config.json",
                 "dino_vitb16_single_lora/adapter_model.bin"):
        (weights / name).write_bytes(b"")
    options = DreamSimOptions(type="dino_vitb16", weights=weights)
    assert "facebookresearch_dino_main/hubconf.py is missing" in unavailable_reason(options)
    with pytest.raises(WeightsUnavailableError, match="not downloaded by themselves"):
        DreamSim(options).encode([np.zeros((224, 224, 3), np.uint8)])
    with socket.create_server(("127.0.0.1", 0)) as silent:  # whoever asked it would wait for an answer
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(0.5)
        assert "DINO" in unavailable_reason(DreamSimOptions(type="ensemble"))
        with pytest.raises(TimeoutError):
            silent.accept()


def test_the_fingerprint_names_what_is_in_the_weights_not_where_they_lie(release, tmp_path):
    moved = linked(release, tmp_path / "moved")
    first = DreamSim(DreamSimOptions(weights=release)).fingerprint
    assert DreamSim(DreamSimOptions(weights=moved)).fingerprint == first
    adapter = moved / f"{KIND}_single_lora" / "adapter_model.safetensors"
    changed = bytearray(adapter.read_bytes())
    changed[-1] ^= 1
    adapter.unlink()
    adapter.write_bytes(changed)
    assert DreamSim(DreamSimOptions(weights=moved)).fingerprint != first


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder whose files are had from github.com, as a proxy with a certificate of its own gives them."""
    folder = tmp_path / "served"
    folder.mkdir()
    context, certificate = certificates.serving(tmp_path, "github.com")
    server = QuietServer(("127.0.0.1", 0), functools.partial(Proxy, context, folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    yield folder
    server.shutdown()
    server.server_close()


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # the client that only asks whether there is an answer hangs up early


class Proxy(http.server.SimpleHTTPRequestHandler):
    """Answers for the host that it is asked to connect to; the release's files lie in one folder."""

    def __init__(self, context, folder, *args):
        self.context, self.folder = context, folder
        super().__init__(*args)

    def do_CONNECT(self):
        assert self.path == "github.com:443"
        self.send_response(200)
        self.end_headers()
        self.request = self.context.wrap_socket(self.connection, server_side=True)
        self.setup()
        self.close_connection = False

    def translate_path(self, path):
        assert f"https://github.com{path}".startswith(f"{dreamsim_weights.RELEASE}/")
        return str(self.folder / path.rpartition("/")[2])

    def log_message(self, *args):
        pass


def test_the_weights_are_downloaded_once_and_whole(
    release, extractor, decoded, served, own_cache, monkeypatch
):
    archive = checkpoints.zip_release(release, served / f"dreamsim_{KIND}_checkpoint.zip")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert unavailable_reason(DreamSimOptions()) is None
    with pytest.raises(WeightsUnavailableError, match="could not be downloaded"):
        DreamSim().encode([decoded[0]])
    assert list(own_cache.iterdir()) == [], "half a download was left behind"

    archive.write_bytes(whole)
    fresh = DreamSim(device="cpu")
    assert (fresh.extract(decoded[:2]) * extractor.extract(decoded[:2])).sum(axis=1).min() > 0.9999
    assert [path.name for path in own_cache.iterdir()] == [KIND]
    urllib.request.install_opener(None)
    monkeypatch.setenv("https_proxy", closed_address())
    assert unavailable_reason(DreamSimOptions()) is None
    shutil.rmtree(own_cache)
    archive.unlink()


def test_cuda_agrees_with_the_processor(release, extractor, decoded):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    on_cuda = DreamSim(DreamSimOptions(weights=release), device="cuda")
    assert (on_cuda.extract(decoded) * extractor.extract(decoded)).sum(axis=1).min() > 0.999
