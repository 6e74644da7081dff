"""The batch loop: resumable, incremental, and not to be stopped by a bad file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import numpy as np
import psutil
import pytest
from PIL import Image

from pipeline.embeddings import EMBEDDINGS, Embedding, Extractor, create, opened
from pipeline.errors import EmbeddingError, LikenessError
from pipeline.extraction import embed as loop
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.extraction.worker import Worker
from pipeline.library import Library
from pipeline.library import hashes as stored_hashes
from pipeline.pictures import decoding
from pipeline.pictures.png import Png
from pipeline.processes import Limits
from pipeline.settings import EmbedOptions

pytestmark = pytest.mark.slow


def stored(library: Library, name: str) -> dict[int, int]:
    """Image id → when its vector was stored."""
    try:
        return dict(zip(*(column.tolist() for column in library.stamps(name))))
    except EmbeddingError:
        return {}


def test_each_image_keeps_its_own_vector_around_an_unreadable_one(own_pictures, tmp_path):
    files = sorted(own_pictures.rglob("*.*"))
    files[3].write_bytes(files[3].read_bytes()[:-500])
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    report = embed(library, ["color", "sift"], options=EmbedOptions(batch_size=7))
    assert (report.done, report.failed) == (len(files) - 1, 1)
    (bad,) = library.images("unreadable")
    assert bad.file == files[3].resolve() and bad.reason
    for name in ("color", "sift"):
        extractor = opened(library, name)
        ids, rows = library.vectors(name)
        assert bad.id not in ids
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        for row in library.images():
            alone = extractor.extract([decoding.decode(row.file.read_bytes())])[0]
            assert np.allclose(rows[np.searchsorted(ids, row.id)], alone, atol=1e-5)
    assert all(library.thumbnail(row.id) for row in library.images())


def test_only_what_is_missing_or_stale_is_computed(library, pictures, own_pictures):
    before = stored(library, "color")
    extra = own_pictures / "extra"
    extra.mkdir()
    for number, file in enumerate(sorted(own_pictures.rglob("*.jpg"))[:5]):
        pixels = decoding.decode(file.read_bytes())[:, ::-1]
        (extra / f"{number}.jpg").write_bytes(decoding.encode_jpeg(np.ascontiguousarray(pixels)))
    scan(library, extra)
    report = embed(library, ["color", "sift", "efficientnet"])
    assert report.vectors == {"color": 5, "sift": 5, "efficientnet": 5}
    after = stored(library, "color")
    assert {i: after[i] for i in before} == before
    again = embed(library, ["color"], {"color": {"bins": 8}})
    assert again.vectors == {"color": len(after)}
    assert library.coverage("sift")["current"] == len(after)
    assert embed(library, ["color"], {"color": {"bins": 8}}).done == 0


def test_vectors_do_not_depend_on_when_an_image_was_looked_at(pictures, tmp_path, monkeypatch):
    """Some images before the codebook is learned, some while it is, some after."""
    monkeypatch.setattr(loop, "FIT_SAMPLE", 20)
    monkeypatch.setattr(loop, "_AHEAD", 10)
    made = []
    for batch_size, workers in ((8, 1), (25, 2)):
        options = EmbedOptions(batch_size=batch_size, workers=workers)
        library = Library(tmp_path / str(batch_size), create=True)
        scan(library, pictures)
        report = embed(library, ["sift", "efficientnet"], options=options)
        assert report.done == 60 and report.vectors == {"sift": 60, "efficientnet": 60}
        assert library.fitted("sift")[1] == 20
        made.append((library.embeddings()["sift"].extractor, *library.vectors("sift")))
        extractor = opened(library, "sift")
        some = library.images()[::4]  # of each time
        alone = extractor.extract([decoding.decode(row.file.read_bytes()) for row in some])
        assert np.allclose(library.vectors("sift", [row.id for row in some])[1], alone, atol=1e-5)
        assert all(library.thumbnail(row.id) for row in library.images())
        assert len(stored_hashes.read(library)[0]) == 60
    assert made[0][0] == made[1][0]
    assert np.allclose(made[0][2], made[1][2], atol=1e-5)


class Deadly(Extractor):
    """Ends its process on a picture that is all black, as a crashing decoder would."""

    name, version, dim = "color", 1, 3

    def prepare(self, image):
        if not image.any():
            os._exit(9)
        return image.mean(axis=(0, 1))

    def encode(self, prepared):
        rows = np.array(prepared, np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_pictures_that_kill_the_decoder_are_set_aside(own_pictures, tmp_path, monkeypatch):
    """The first at once, the other with batches before and after it, the network long loaded."""
    monkeypatch.setitem(EMBEDDINGS, "color", Embedding("Deadly", "color", "", Deadly))
    (own_pictures / "later").mkdir()
    for name in ("black.png", "later/black.png"):
        (own_pictures / name).write_bytes(decoding.encode_jpeg(np.zeros((20, 20, 3), np.uint8)))
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    options = EmbedOptions(batch_size=3, workers=2)
    report = embed(library, ["color", "efficientnet"], options=options)
    assert report.failed == 2 and report.done == library.counts()["ok"] == 20
    assert {row.path for row in library.images("unreadable")} == {"black.png", "later/black.png"}
    assert library.coverage("color")["missing"] == library.coverage("efficientnet")["missing"] == 0


class Stillborn(Deadly):
    """Ends its process as soon as it gets there."""

    def __reduce__(self):
        return os._exit, (9,)


def test_workers_that_cannot_start_are_not_blamed_on_the_images(own_pictures, tmp_path, monkeypatch):
    monkeypatch.setitem(EMBEDDINGS, "color", Embedding("Stillborn", "color", "", Stillborn))
    library = Library(tmp_path / "data", create=True)
    scan(library, own_pictures)
    with pytest.raises(LikenessError, match="as soon as they start"):
        embed(library, ["color"])
    assert library.counts()["unreadable"] == 0


def test_workers_end_with_the_process_they_work_for(own_pictures):
    file = str(next(own_pictures.rglob("*.jpg")))
    script = (
        "import time\n"
        "from pipeline.embeddings import create\n"
        "from pipeline.extraction.local import LocalPool\n"
        "if __name__ == '__main__':\n"
        "    workers = LocalPool([create('color')], 2)\n"
        f"    workers.look([(number, {file!r}, ['color']) for number in range(40)])\n"
        "    print(len(workers.receive()), flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "40\n"
        process.kill()
        # The workers have the pipe, too: it ends when the last of them has.
        assert process.communicate(timeout=60)[0] == ""


@pytest.mark.skipif(not hasattr(psutil.Process, "memory_maps"), reason="the system does not tell what a process has loaded")
def test_ctrl_c_stops_a_run_in_one_sentence(own_pictures, tmp_path):
    """A terminal tells the processes that look at pictures, too: those that still load what they need, and those at work."""
    data = tmp_path / "data"
    command = [sys.executable, "-m", "pipeline", "run", str(own_pictures), "--data", str(data), "--embeddings", "color,sift",
               "--batch-size", "4"]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while process.poll() is None and not (loading := _loading(process.pid)):
        time.sleep(0.01)
    os.kill(loading, signal.SIGINT)
    library = Library(data)
    while process.poll() is None and not ("color" in library.embeddings() and stored(library, "color")):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "Traceback" not in said, said
    assert "the same command goes on from here." in said
    assert [row[0] for row in library.db.execute("SELECT state FROM runs")] == ["stopped"]


def _loading(pid: int) -> int | None:
    """A process that one has started and that is loading its libraries."""
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error, OSError):  # it ends, or is not yet what it becomes
            if "spawn_main" in " ".join(child.cmdline()) and any("numpy" in it.path for it in child.memory_maps()):
                return child.pid
    return None


def test_a_codebook_from_few_images_is_learned_anew_when_the_library_has_grown(
    own_pictures, pictures, tmp_path
):
    small = tmp_path / "small"
    shutil.copytree(sorted(own_pictures.iterdir())[0], small)
    library = Library(tmp_path / "data", create=True)
    scan(library, small)
    embed(library, ["sift"])
    first = library.embeddings()["sift"].extractor
    scan(library, own_pictures)
    embed(library, ["sift"])
    assert library.embeddings()["sift"].extractor == first
    scan(library, pictures)
    embed(library, ["sift"])
    assert library.embeddings()["sift"].extractor != first
    assert library.coverage("sift")["missing"] == library.coverage("sift")["stale"] == 0


def test_a_picture_is_decoded_once_for_all_that_a_run_makes_of_it(pictures, tmp_path):
    """Thumbnail, hash, what each embedding needs: of one decoding, which only a worker makes."""
    (tmp_path / "pictures").mkdir()
    pixels = decoding.decode(next(pictures.rglob("*.*")).read_bytes())
    Image.fromarray(np.dstack([pixels, pixels[:, :, 0]])).save(tmp_path / "pictures" / "clear.png")
    decoded = []

    def heard(frame, event, _):
        if event == "call" and frame.f_code is Png.raster.__code__:
            decoded.append(frame.f_code)

    names = ["color", "sift", "efficientnet"]
    library = Library(tmp_path / "data", create=True)
    sys.setprofile(heard)
    threading.setprofile(heard)
    try:
        scan(library, tmp_path / "pictures")
        embed(library, names)
        assert not decoded
        made = Worker([create(name) for name in names], Limits(0, 0), [0, 0])
        (item,) = made.answer("look", {}, [(1, str(library.image(1).file), names)])
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert item.state == "ok" and len(decoded) == 1
    assert library.thumbnail(1) == item.thumbnail and library.coverage("efficientnet")["current"] == 1
