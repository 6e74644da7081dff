"""The contract of extraction over every pool, with real processes and images that mean harm."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipeline.embeddings import Extractor, FittedExtractor, create
from pipeline.embeddings.base import unit_rows
from pipeline.errors import LikenessError, SettingsError, WeightsUnavailableError
from pipeline.extraction import ray_pool
from pipeline.extraction.embed import embed
from pipeline.extraction.local import LocalPool
from pipeline.extraction.ray_pool import RayPool, gpu_shares, unconnected
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.processes import Limits
from pipeline.settings import EmbedOptions

pytestmark = pytest.mark.slow

POOLS = {"local": LocalPool, "ray": RayPool}

LIMITS = Limits(seconds=3, memory=400_000_000)


@pytest.fixture(scope="module")
def cluster():
    """A machine of four cores, as far as Ray knows: those that share a pool have two of them to the end."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray = pytest.importorskip("ray", reason="ray is an optional package")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={
        "num_cpus": 4, "include_dashboard": False, "include_log_monitor": False,
    })  # fmt: skip
    ray.init(address=made.address, log_to_driver=False)
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module", params=list(POOLS))
def make_pool(request):
    if request.param == "ray":
        request.getfixturevalue("cluster")
    return POOLS[request.param]


@pytest.fixture(scope="module")
def shared(make_pool, tmp_path_factory):
    """A pool of two for several tests, which leave nothing under way (Ray takes seconds to start one); what
    `Harmful.once` is in it."""
    harmful = Harmful()
    harmful.once = tmp_path_factory.mktemp("harmful") / "once"
    with closing(make_pool([create("color"), Learned(), harmful], 2, LIMITS)) as pool:
        yield pool, harmful.once


class Harmful(Extractor):
    """Mean color; does what the red of an evenly colored picture stands for."""

    name, version, dim = "harmful", 1, 3
    once: Path | None = None
    """Whose absence kills, and which is there from then on."""

    def prepare(self, image):
        red = int(image[0, 0, 0]) if (image == image[0, 0]).all() else 0
        if red == 10:
            os.abort()
        if red == 20:
            os.kill(os.getpid(), signal.SIGKILL)
        if red == 30:
            time.sleep(600)
        if red == 40:
            np.ones(1_000_000_000, np.uint8)
        if red == 50:
            raise ArithmeticError("a mistake of ours")
        if red == 60 and not self.once.exists():
            self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return image.mean(axis=(0, 1)) + 1

    def encode(self, prepared):
        return unit_rows(np.array(prepared))


class Learned(FittedExtractor):
    """The mean color less the mean of the sample."""

    name, version, dim = "learned", 1, 3

    def __init__(self, options=None, device="auto"):
        super().__init__(options, device)
        self._mean = None

    is_fitted = property(lambda self: self._mean is not None)

    def sample(self, image):
        return [image.mean(axis=(0, 1))]

    def prepare_sample(self, sample):
        return sample[0] - self._mean

    def prepare(self, image):
        return self.prepare_sample(self.sample(image))

    def fit(self, samples, seed=0):
        self._mean = np.mean([sample[0] for sample in samples], axis=0)

    def to_arrays(self):
        return {"mean": self._mean}

    def load_arrays(self, arrays):
        self._mean = arrays["mean"]

    def encode(self, prepared):
        return unit_rows(np.array(prepared))


def painted(folder: Path, reds: list[int]) -> list[Path]:
    """A picture of one color per number, lossless."""
    import cv2

    files = [folder / f"{number}.png" for number in range(len(reds))]
    for file, red in zip(files, reds):
        assert cv2.imwrite(str(file), np.full((12, 16, 3), (90, 60, red), np.uint8))
    return files


def test_answers_come_in_the_order_of_the_tasks(shared, pictures):
    pool, _ = shared
    files = sorted(pictures.rglob("*.*"))
    color = create("color")
    for start in range(0, 60, 20):
        pool.look([(start + at, str(file), ["color"]) for at, file in enumerate(files[start : start + 20])])
    assert len(pool) == 3
    items = [item for _ in range(3) for item in pool.receive()]
    assert len(pool) == 0
    assert [item.image_id for item in items] == list(range(60))
    for item, file in zip(items, files):
        pixels = decoding.decode(file.read_bytes())
        assert np.array_equal(item.arrays["color"], color.extract([pixels])[0])
        assert item.thumbnail == decoding.thumbnail(pixels) and item.hash is not None and item.state == "ok"


def test_a_published_codebook_serves_what_was_sampled_and_what_comes(shared, pictures, tmp_path, monkeypatch):
    """Also in processes that start later. It lies in no file: a run that is killed would leave it."""
    pool, _ = shared
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files = [str(file) for file in sorted(pictures.rglob("*.jpg"))[:12]]
    extractor = Learned()
    pool.look([(at, file, ["learned"]) for at, file in enumerate(files[:6])])
    seen = pool.receive()
    assert all(not item.arrays and list(item.samples) == ["learned"] for item in seen)
    extractor.fit([item.samples["learned"] for item in seen])
    pool.publish(extractor)
    pool.describe([(item.image_id, item.samples) for item in seen])
    described = pool.receive()
    if isinstance(pool, LocalPool):
        assert not list(tmp_path.iterdir())
        for process in multiprocessing.active_children():
            process.kill()
    pool.look([(at, file, ["learned"]) for at, file in enumerate(files[6:], 6)])
    looked = pool.receive()
    rows = np.array([item.arrays["learned"] for item in described + looked])
    alone = extractor.extract([decoding.decode(Path(file).read_bytes()) for file in files])
    assert np.allclose(rows, alone, atol=1e-6)
    assert [item.image_id for item in described + looked] == list(range(12))


def test_what_ends_or_hangs_its_reader_is_an_answer_and_nobody_elses(shared, tmp_path):
    """Crash, kill, hang and hunger among 40 good pictures, and files that are none.

    The one that ends its process a single time (36) is no worse than the good ones.
    """
    reds = [100 + at for at in range(40)]
    harm = {3: 10, 4: 10, 17: 20, 25: 30, 31: 40, 36: 60}
    for at, red in harm.items():
        reds[at] = red
    files = painted(tmp_path, reds)
    files[8].write_bytes(b"no picture")
    files[9].unlink()
    files[12].unlink()
    os.mkfifo(files[12])
    pool, once = shared
    pool.look([(at, str(file), ["harmful"]) for at, file in enumerate(files)])
    items = pool.receive()
    said = {item.image_id: (item.state, item.reason, item.retry) for item in items if item.state != "ok"}
    assert said.pop(9)[0] == "missing"
    assert said.pop(8)[1:] == ("not an image in a format that can be read", False)
    assert {at: reason.split(" ")[-1] for at, (_, reason, _) in said.items()} == {
        3: "it", 4: "it", 12: "file", 17: "out", 25: "s", 31: "it",
    }
    assert said[3] == ("unreadable", "the decoder crashed on it", False) == said[4]
    assert said[12] == ("unreadable", "it is not a file", False)
    assert said[17] == ("unreadable", "the process that looked at it was killed, as when memory runs out", True)
    assert said[25] == ("unreadable", "the decoder did not finish within 3 s", False)
    assert said[31] == ("unreadable", "there is not enough memory to look at it", True)
    assert once.exists()
    alone = Harmful()
    alone.once = once
    for item in items:
        if item.state == "ok":
            pixels = np.full((1, 1, 3), (reds[item.image_id], 60, 90), np.uint8)
            assert np.allclose(item.arrays["harmful"], alone.encode([alone.prepare(pixels)])[0], atol=1e-6)


def test_a_mistake_of_ours_is_raised_where_the_batch_is_awaited(shared, tmp_path):
    """The last of those that share a pool: one of processes here ends by it."""
    (file,) = painted(tmp_path, [50])
    pool, _ = shared
    pool.look([(1, str(file), ["harmful"])])
    with pytest.raises(ArithmeticError, match="a mistake of ours") as caught:
        pool.receive()
    assert "in prepare" in caught.value.__notes__[0]


def working() -> set[int]:
    """Processes below this one that look at pictures, or will."""
    below = psutil.Process().children(recursive=True)
    named = {}
    for process in below:
        with suppress(psutil.Error):
            named[process.pid] = " ".join(process.cmdline())
    return {pid for pid, name in named.items() if "spawn_main" in name or "_Actor" in name}


def test_a_pool_that_is_closed_leaves_no_process(make_pool, tmp_path):
    files = painted(tmp_path, [30, 30])
    before = working()
    pool = make_pool([Harmful()], 2, Limits(60, 0))
    pool.look([(at, str(file), ["harmful"]) for at, file in enumerate(files)])
    while not working() - before:
        time.sleep(0.05)
    started = time.monotonic()
    pool.close()
    while working() - before:
        assert time.monotonic() - started < 20
        time.sleep(0.05)


def _called(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended this very moment
        return ""


def test_an_actor_and_a_machine_that_are_lost_lose_nothing(cluster, tmp_path):
    files = [str(file) for file in painted(tmp_path, list(range(100, 160)))]
    import ray

    machine = cluster.add_node(num_cpus=1)
    with closing(RayPool([Harmful()], int(ray.available_resources()["CPU"]))) as pool:  # there is no other room
        for _ in range(4):
            pool.look([(at, file, ["harmful"]) for at, file in enumerate(files)])
        first = pool.receive()
        actor = next(p for p in psutil.Process().children(recursive=True) if "ray::_Actor" in _called(p))
        actor.kill()
        second = pool.receive()
        cluster.remove_node(machine, allow_graceful=False)  # its actor finds no room to come back
        rest = [pool.receive(), pool.receive()]
    for batch in (second, *rest):
        assert [item.image_id for item in batch] == list(range(60))
        for one, other in zip(batch, first):
            assert one.state == "ok" and np.array_equal(one.arrays["harmful"], other.arrays["harmful"])


def test_a_run_on_ray_makes_the_vectors_of_a_run_here(cluster, own_pictures, tmp_path):
    found = {}
    for where in ("local", "ray"):
        library = Library(tmp_path / where, create=True)
        scan(library, [own_pictures])
        report = embed(library, ["color", "sift", "efficientnet"], options=EmbedOptions(on=where, workers=1))
        assert report.failed == 0 and report.vectors["sift"] == report.vectors["efficientnet"] == 20
        found[where] = {name: library.vectors(name) for name in ("color", "sift", "efficientnet")}
    for name in ("color", "sift"):
        assert np.array_equal(found["local"][name][0], found["ray"][name][0])
        np.testing.assert_allclose(found["local"][name][1], found["ray"][name][1], atol=1e-6)
    (ids, here), (others, there) = found["local"]["efficientnet"], found["ray"]["efficientnet"]
    assert np.array_equal(ids, others) and (here * there).sum(axis=1).min() > 0.9999
    with pytest.raises(SettingsError, match="not on 'elsewhere'"):
        embed(Library(tmp_path / "new", create=True), ["color"], options=EmbedOptions(on="elsewhere"))


class Foreign(Harmful):
    """What the machines of a cluster cannot read, as where another version is installed there."""

    def __setstate__(self, state):
        raise AttributeError("another version is installed here")


def test_a_cluster_where_no_actor_can_be_made_is_one_sentence_and_not_waited_for(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_pool, "_ALONE", 1.0)
    files = [str(file) for file in painted(tmp_path, [100])]
    with closing(RayPool([Foreign()], 1)) as pool, pytest.raises(LikenessError, match="another version is installed here"):
        pool.look([(0, files[0], ["harmful"])])
        pool.receive()


class Lacking(Harmful):
    """A network whose weights are only where it was made."""

    name, uses_network = "lacking", True

    def __init__(self, options=None, device="auto"):
        super().__init__(options, device)
        self.home = os.getpid()

    def encode(self, prepared):
        if os.getpid() != self.home:
            raise WeightsUnavailableError("There are no weights here.")
        return super().encode(prepared)


def test_a_network_runs_where_the_pictures_are_looked_at_unless_it_cannot_be_had_there(cluster, tmp_path):
    files = [str(file) for file in painted(tmp_path, list(range(100, 120)))]
    network, lacking = create("efficientnet"), Lacking()
    with closing(RayPool([network, lacking], 1)) as pool:
        pool.look([(at, file, ["efficientnet", "lacking"]) for at, file in enumerate(files)])
        items = pool.receive()
    alone = network.encode([network.prepare(decoding.decode(decoding.read(file))) for file in files])
    assert all(set(item.rows) == {"efficientnet"} and set(item.arrays) == {"lacking"} for item in items)
    assert (np.stack([item.rows["efficientnet"] for item in items]) * alone).sum(axis=1).min() > 0.9999


def test_a_cluster_of_another_version_is_told_with_both():
    utils = pytest.importorskip("ray._private.utils", reason="ray is an optional package")
    with pytest.raises(RuntimeError) as raised:
        utils.check_version_info({"ray_version": "2.9.3", "python_version": "3.8.1"}, "Ray Client")
    said = unconnected("ray://head:10001", raised.value)
    assert said.startswith("The cluster at ray://head:10001 has Ray 2.9.3 and Python 3.8.1, here are Ray ") and "\n" not in said
    assert unconnected(None, OSError("no\nroute")) == "No Ray cluster answers at this machine: no"


@pytest.mark.parametrize("machines, count, expected", [
    ([{"CPU": 4}], 4, [0, 0, 0, 0]),
    ([{"CPU": 2}, {"CPU": 4, "GPU": 1}], 6, [0.25] * 4 + [0, 0]),
    ([{"CPU": 3, "GPU": 1}], 5, [0.3333] * 3 + [0, 0]),
    ([{"CPU": 2, "GPU": 8}, {"memory": 1e9}], 2, [1, 1]),
    ([{"CPU": 8, "GPU": 2}], 3, [0.25] * 3),
])
def test_actors_of_a_machine_share_its_gpus(machines, count, expected):
    assert gpu_shares(machines, count) == expected
