"""Real small data for every test: painted pictures, and libraries made from them."""

from __future__ import annotations

import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import gallery
from pipeline.library import Library
from pipeline.library.locks import locked
from pipeline.run import run

THEMES = 6  # folders
PER_THEME = 10


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # several processes take the files in the order given below
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background of a script: so would be all that tests start
        signal.signal(signal.SIGINT, signal.default_int_handler)


_LONGEST = (
    "test_bench", "test_pool", "test_cli", "test_hosts", "test_embeddings", "test_networks", "test_embed", "test_dreamsim",
    "test_kills", "test_engines", "test_access", "test_jobs",
)  # fmt: skip
"""Files that take half a minute and more, though they have few tests of those that are marked."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make check` leaves out by the fixtures that a test asks for, and put the files that take
    long first: the small ones at the end keep all processes busy to the last."""
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker("browser")
        if "unopened_library" in item.fixturenames:
            item.add_marker("network")
        if {"sample_gallery", "large"} & set(item.fixturenames):
            item.add_marker("slow")
    lengthy = Counter(item.path for item in items if any(map(item.get_closest_marker, ("browser", "network", "slow"))))
    longest = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: (longest.get(item.path.stem, len(longest)), -lengthy[item.path]))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """What is shared by all processes and large goes with the last of them: 1 GB."""
    if not hasattr(session.config, "workerinput"):
        for name in ("cache", "release"):
            shutil.rmtree(_base(session.config) / name, ignore_errors=True)


def _base(config: pytest.Config) -> Path:
    """The folder of all processes of `pytest -n`, above that of each."""
    base = config._tmp_path_factory.getbasetemp()
    return base.parent if hasattr(config, "workerinput") else base


@pytest.fixture(scope="session", autouse=True)
def tests_cache(request) -> Iterator[Path]:
    """No test reads, or fills, the cache of the person who runs it. Networks are converted once for all processes."""
    folder = _base(request.config) / "cache"
    (folder / "networks").mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LIKENESS_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def once(request) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function: the folder of a name, filled the first time, for all processes of `pytest -n`."""
    base = _base(request.config)

    def folder(name: str, fill: Callable[[Path], object]) -> Path:
        with locked(base / f"{name}.lock"):
            if not (base / name).is_dir():
                (base / f"{name}.filling").mkdir()
                fill(base / f"{name}.filling")
                (base / f"{name}.filling").rename(base / name)
        return base / name

    return folder


@pytest.fixture(scope="session")
def release(once) -> Path:
    """An unpacked release archive of DreamSim's open_clip_vitb32 with random weights; read only."""
    from tests import checkpoints

    return once("release", checkpoints.write_release)


@pytest.fixture(scope="session")
def sample_gallery(once) -> Path:
    """The whole sample gallery; read only."""
    return once("gallery", gallery.generate)


@pytest.fixture(scope="session")
def pictures(once) -> Path:
    """60 pictures of the sample gallery in 6 folders; read only."""

    def fill(folder: Path) -> None:
        originals = [entry for entry in gallery.plan(7) if not entry.duplicate_of]
        themes = sorted({entry.theme for entry in originals})[:: max(1, len(gallery.THEMES) // THEMES)]
        for theme in themes[:THEMES]:
            (folder / theme).mkdir()
            for entry in [e for e in originals if e.theme == theme][:PER_THEME]:
                (folder / entry.path).write_bytes(gallery.encode(entry, gallery.render(entry)))

    return once("pictures", fill)


@pytest.fixture(scope="session")
def unopened_library(once, pictures) -> Path:
    """Data directory of a complete library of `pictures`, its maps the same each time; to be copied only.

    A process that copies a database which it has open itself gives up SQLite's locks on it with the
    copied file, and the next process to close that database takes the log away under its feet.
    """

    def fill(data: Path) -> None:
        library = Library(data, create=True)
        run(library, pictures, embeddings="color,sift,efficientnet", map_options={"seed": 1})
        library.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it is in the one file that is copied
        library.close()

    return once("library", fill)


@pytest.fixture(scope="session")
def made_library(unopened_library, tmp_path_factory) -> Path:
    """Data directory of the same library for all tests of a process; read only, and never to be copied."""
    return Path(shutil.copytree(unopened_library, tmp_path_factory.mktemp("made") / "library"))


@pytest.fixture
def library(unopened_library, tmp_path) -> Library:
    """A complete library of `pictures` to change at will."""
    return Library(shutil.copytree(unopened_library, tmp_path / "library"))


@pytest.fixture
def own_pictures(pictures, tmp_path) -> Path:
    """A copy of the first two folders of `pictures` to change at will."""
    folder = tmp_path / "pictures"
    for theme in sorted(pictures.iterdir())[:2]:
        shutil.copytree(theme, folder / theme.name)
    return folder


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of L2 norm 1 as float32."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def synthetic_library(data: Path, count: int, dims: dict[str, int], seed: int = 0) -> Library:
    """A library of `count` images without files, with clustered unit vectors of the given lengths."""
    generator = np.random.default_rng(seed)
    library = Library(data, create=True)
    root = library.add_root("/nowhere")
    library.db["images"].insert_all(
        {
            "id": number,
            "root_id": root,
            "path": f"folder{number % 7}/{number}.jpg",
            "label": f"folder{number % 7}",
            "size": 1,
            "mtime": 0.0,
            "content_hash": f"{number:032x}",
        }
        for number in range(1, count + 1)
    )
    ids = list(range(1, count + 1))
    vectors = {}
    for name, dim in dims.items():
        centers = generator.normal(size=(20, dim))
        rows = centers[generator.integers(20, size=count)] + 0.8 * generator.normal(size=(count, dim))
        library.set_embedding(name, f"{name}/test", dim, {})
        vectors[name] = (f"{name}/test", ids, unit(rows))
    library.store([], vectors)
    return library


def tiny_picture(number: int) -> bytes:
    """A PNG of a few bytes, another one for each number."""
    pixels = np.frombuffer(number.to_bytes(48, "big"), np.uint8).reshape(4, 4, 3)
    return cv2.imencode(".png", pixels)[1].tobytes()
