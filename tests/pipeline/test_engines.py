"""What runs networks: the same vectors whichever engine does, and works with a cache in any state."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.embeddings import create, described, efficientnet, engines, hub, models
from pipeline.embeddings.engines import contract, kept, openvino, torch
from pipeline.embeddings.timm_networks import Timm
from pipeline.errors import SettingsError
from pipeline.status import status
from tests.checkpoints import write_timm

pytestmark = pytest.mark.network

MODELS = {"resnet": "test_resnet.r160_in1k", "vit": "test_vit.r160_in1k"}


@pytest.fixture(scope="module")
def blueprints(tmp_path_factory) -> dict[str, engines.Blueprint]:
    """A network with a graph of its own, one of convolutions and one of attention; the latter two small and random."""
    found = {"efficientnet": efficientnet.BLUEPRINT}
    for name, model in MODELS.items():
        file = write_timm(model, tmp_path_factory.mktemp(name) / "model.safetensors")
        described = Timm.described(model)
        how = described.preprocessing
        found[name] = engines.Blueprint(
            name, hub.digest(file).hex(), how.side, how.mean, how.std, lambda d=described, f=file: Timm.module(d, f)
        )
    return found


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LIKENESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "networks"


def pictures(side: int, count: int = 9) -> np.ndarray:
    return np.concatenate([contract.drawn(side)[:, ::step] for step in (1, -1)] * 3)[:count]


@pytest.mark.parametrize("name", ["efficientnet", *MODELS])
def test_engines_give_the_same_vectors_of_any_number_of_pictures(blueprints, name):
    blueprint = blueprints[name]
    seen = pictures(blueprint.side)
    expected = torch.TorchNetwork(blueprint.module(), blueprint, torch.choose_device("cpu"))(seen)
    graph = blueprint.graph() if blueprint.graph else openvino.converted(blueprint.module(), blueprint.side)
    exact = openvino.Streams(graph, blueprint, half=False)
    assert contract.least_cosine(exact(seen), expected) > 0.99999
    assert contract.least_cosine(expected[:4], expected[1:5]) < 0.99, "different pictures, or nothing is shown here"
    for network in (engines.load(blueprint, "cpu"), torch.load(blueprint, "cpu")):
        rows = network(list(seen))
        assert rows.dtype == np.float32 and rows.shape == expected.shape
        assert contract.least_cosine(rows, expected) >= engines.SAME
        for count in (1, 2, 7):
            alone = network(list(seen[:count]))
            assert contract.least_cosine(alone, rows[:count]) > 0.9999, "the others have a say in a picture's row"


def test_threads_share_a_network(blueprints):
    network = openvino.load(blueprints["efficientnet"])
    seen = pictures(224)
    expected, wrong = network(seen), []

    def look() -> None:
        for at in range(9):
            if not np.allclose(network(seen[at : at + 1]), expected[at], rtol=0.02, atol=0.02):
                wrong.append(at)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_network_is_converted_once(blueprints, cache):
    blueprint = blueprints["vit"]
    expected = engines.load(blueprint, "cpu")(pictures(blueprint.side))
    again = engines.load(replace(blueprint, module=never), "cpu")
    assert again.engine == "openvino" and np.array_equal(again(pictures(blueprint.side)), expected)
    with pytest.raises(AssertionError, match="loaded"):
        engines.load(replace(blueprint, module=never, made_of="other weights"), "cpu")
    engines.load(replace(blueprint, made_of="other weights"), "cpu")
    assert len(list(cache.iterdir())) == 1, "what is of no use is not kept"


def never():
    raise AssertionError("the module was loaded")


@pytest.mark.parametrize("damage", ["cut", "other numbers", "no graph", "nonsense", "no rows", "other rows"])
def test_a_damaged_cache_costs_time_alone(blueprints, cache, damage):
    blueprint = blueprints["resnet"]
    expected = engines.load(blueprint, "cpu")(pictures(blueprint.side))
    there = kept.find(blueprint)
    weights = there.model.with_suffix(".bin")
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-400])
    elif damage == "other numbers":
        numbers = np.fromfile(weights, np.float32)
        part = numbers[len(numbers) // 4 : len(numbers) // 2]
        part[:] = np.random.default_rng(0).permutation(part)
        weights.write_bytes(numbers.tobytes())
    elif damage == "no graph":
        there.model.write_bytes(b"")
    elif damage == "nonsense":
        there.model.write_text("<net>" + "nonsense" * 50)
    elif damage == "no rows":
        there.expected.unlink()
    else:
        np.save(there.expected, np.ones((4, 3)))
    rows = engines.load(blueprint, "cpu")(pictures(blueprint.side))
    assert contract.least_cosine(rows, expected) > 0.9999
    assert engines.load(replace(blueprint, module=never), "cpu").engine == "openvino", "it is whole again"


def test_without_a_cache_it_works_all_the_same(blueprints, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIKENESS_CACHE", str(tmp_path / "file"))
    assert engines.load(blueprints["resnet"], "cpu").engine == "openvino"


@pytest.mark.parametrize("blocked", ["torch", "openvino"])
def test_an_engine_is_enough(blocked, tmp_path):
    """Either one by itself: the vectors are the other's, and nobody is told that they were made."""
    script = (
        "import sys\n"
        f"sys.modules[{blocked!r}] = None\n"
        "import numpy as np\n"
        "from pipeline.embeddings import create, models\n"
        "from pipeline.embeddings.engines.contract import drawn\n"
        "extractor = create('efficientnet', device='cpu')\n"
        f"np.save({str(tmp_path / 'rows.npy')!r}, extractor.extract(drawn(224)))\n"
        "assert 'openvino_telemetry' not in sys.modules and 'openvino.tools.ovc' not in sys.modules\n"
        "print(next(iter(models._loaded.values())).engine, extractor.fingerprint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    mine = create("efficientnet", device="cpu")
    assert done.stdout.split(" ", 1) == ["openvino" if blocked == "torch" else "torch", f"{mine.fingerprint}\n"]
    assert contract.least_cosine(np.load(tmp_path / "rows.npy"), mine.extract(contract.drawn(224))) >= engines.SAME


def test_the_engine_can_be_named(monkeypatch):
    monkeypatch.setenv("LIKENESS_ENGINE", "torch")
    assert engines.name("cpu") == "torch"
    fingerprint = create("efficientnet").fingerprint
    monkeypatch.setenv("LIKENESS_ENGINE", "openvino")
    assert engines.name("cpu") == "openvino" and create("efficientnet").fingerprint == fingerprint
    monkeypatch.setenv("LIKENESS_ENGINE", "steam")
    with pytest.raises(SettingsError, match="LIKENESS_ENGINE is one of auto, openvino, torch"):
        engines.name("cpu")


def test_an_engine_that_is_not_here_is_said(monkeypatch):
    monkeypatch.setattr(openvino, "is_here", openvino.is_here.__wrapped__)  # else remembered
    monkeypatch.setenv("LIKENESS_ENGINE", "openvino")
    monkeypatch.setitem(sys.modules, "openvino", None)  # as where it is not installed
    with pytest.raises(SettingsError, match="openvino, which is not installed"):
        engines.load(efficientnet.BLUEPRINT, "cpu")


def test_a_network_that_was_converted_starts_without_torch(tmp_path, cache):
    """Its package is not asked either, nor where what was kept of its answer is nonsense."""
    name, file = f"timm:{MODELS['vit']}", write_timm(MODELS["vit"], tmp_path / "model.safetensors")
    described.remembered.cache_clear()
    models.forget()
    mine = create(name, {"weights": file}, "cpu")
    expected = mine.extract(contract.drawn(160))
    script = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['timm'] = None\n"
        "import numpy as np\n"
        "from pipeline.embeddings import create\n"
        "from pipeline.embeddings.engines.contract import drawn\n"
        f"extractor = create({name!r}, {{'weights': {str(file)!r}}}, 'cpu')\n"
        f"np.save({str(tmp_path / 'rows.npy')!r}, extractor.extract(drawn(160)))\n"
        "print(extractor.fingerprint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == f"{mine.fingerprint}\n"
    assert contract.least_cosine(np.load(tmp_path / "rows.npy"), expected) > 0.9999
    (kept_answer,) = cache.glob("*.json")
    for nonsense in ("{", "[]", '{"model": "other"}', kept_answer.read_text().replace('"dim"', '"dam"')):
        kept_answer.write_text(nonsense)
        described.remembered.cache_clear()
        assert create(name, {"weights": file}).fingerprint == mine.fingerprint


def test_where_openvino_cannot_run_a_network_it_is_said_and_why(cache, library):
    from torch import linalg, nn

    class Unusual(nn.Module):
        """Has an operation that OpenVINO knows nothing of: how large the parts of a picture are in order."""

        def forward(self, x):
            rows = x.mean(dim=1)
            return linalg.eigvalsh(rows @ rows.transpose(1, 2))[:, -8:]

    blueprint = engines.Blueprint("odd", "one of its kind", 32, (0, 0, 0), (1, 1, 1), Unusual)
    assert engines.slower(blueprint, "cpu") is None, "nobody has tried"
    network = engines.load(blueprint, "cpu")
    assert network.engine == "torch" and network(pictures(32)).shape == (9, 8)
    why = engines.slower(blueprint, "cpu")
    assert why.startswith("It runs through torch, which is slower: OpenVINO could not run it (") and "\n" not in why
    assert engines.slower(blueprint, "cuda") is None
    usual = replace(blueprint, module=lambda: nn.Sequential(nn.Conv2d(3, 8, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    assert engines.load(usual, "cpu").engine == "openvino" and engines.slower(blueprint, "cpu") is None
    kept.note(efficientnet.BLUEPRINT, why)
    assert list(status(library)["networks"]) == ["efficientnet"]
    said = CliRunner().invoke(main, ["status", "--data", str(library.data)]).stdout
    assert any(line.split()[:2] == ["Network", "efficientnet:"] for line in said.splitlines())
    kept.note(efficientnet.BLUEPRINT, None)
    assert status(library)["networks"] == {}


def test_a_network_is_converted_without_a_word_in_the_terminal(tmp_path, cache):
    """Neither torch's nor OpenVINO's warnings are the person's."""
    file = write_timm(MODELS["vit"], tmp_path / "model.safetensors")
    script = (
        "from pipeline.embeddings import create\n"
        "from pipeline.embeddings.engines.contract import drawn\n"
        f"one = create('timm:{MODELS['vit']}', {{'weights': {str(file)!r}}}, 'cpu')\n"
        "print(one.extract(drawn(160)).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert "(4, " in done.stdout and done.stderr == ""


_AT_ONCE = """
import threading
from pipeline.embeddings.engines import openvino
found, together = [], threading.Barrier(8)
def ask():
    together.wait()
    found.append(openvino._core())
threads = [threading.Thread(target=ask) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(len(found), len({id(one) for one in found}))
"""


def test_threads_that_ask_for_openvino_at_the_same_moment_get_the_same():
    done = subprocess.run([sys.executable, "-c", _AT_ONCE], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["8", "1"], done.stderr
