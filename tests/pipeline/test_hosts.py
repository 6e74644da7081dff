"""Hosts as people have them: no home, little memory, odd or closed outputs, a service manager's stop."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline import settings
from pipeline.cli import main
from pipeline.embeddings import models
from pipeline.embeddings.dreamsim import DreamSim, DreamSimOptions
from pipeline.embeddings.efficientnet import EfficientNet
from pipeline.errors import SettingsError
from pipeline.library import Library

pytestmark = pytest.mark.slow  # processes by the dozen

ROOT = Path(__file__).parents[2]


def command(*words, by: list[str] = [], **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*by, sys.executable, "-m", "pipeline", *map(str, words)], cwd=ROOT, timeout=300,
        **{"capture_output": True, "text": True, **options},
    )


def shell(script: str, *words) -> subprocess.CompletedProcess:
    """A shell script in which `L` is the command line and $1, $2, … are the words."""
    script = f'L() {{ "{sys.executable}" -m pipeline "$@"; }}; {script}'
    words = ["bash", "-c", script, "bash", *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=300)


def vectors_stored(data: Path) -> int:
    library = Library(data)
    return len(library.vectors("color")[0])


def test_a_run_goes_on_when_nobody_reads_what_it_prints(own_pictures, tmp_path):
    """The reader of its progress leaves at once; stdout is closed from the start."""
    data = tmp_path / "data"
    done = shell('{ L run "$1" --data "$2" --embeddings color 2>&1 >&-; echo $? >&3; } 3>"$3" | true',
                 own_pictures, data, tmp_path / "code")
    assert (tmp_path / "code").read_text() == "0\n", done.stderr
    assert vectors_stored(data) == 20


def test_output_that_cannot_be_written_is_said(made_library):
    full = shell('L status --json --data "$1" > /dev/full', made_library)
    assert full.returncode == 1 and full.stderr == "Error: the output could not be written (No space left on device).\n"
    left = shell('L status --data "$1" | true; exit ${PIPESTATUS[0]}', made_library)
    assert (left.returncode, left.stderr) == (0, "")
    closed = shell('L status --data "$1" >&- 2>&-', made_library)
    assert closed.returncode == 0


def test_names_that_the_output_cannot_spell_are_escaped(own_pictures, tmp_path):
    shutil.copy(next(own_pictures.rglob("*.jpg")), own_pictures / "日本.jpg")
    (own_pictures / "日本🙂.png").write_bytes(b"no picture")
    work = {
        "latin-1": [("scan", own_pictures), ("embed", "--embeddings", "color")],
        "ascii": [("scan",)], "utf-8": [("scan",)],
    }  # fmt: skip
    for encoding, commands in work.items():
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        for words in commands:
            done = command(*words, "--data", tmp_path / "data", env=environment)
            assert done.returncode == 0, done.stderr
        said = command("status", "--data", tmp_path / "data", env=environment, text=False).stdout
        said = said.decode("latin-1" if encoding == "latin-1" else "utf-8")
        assert ("日本🙂.png" if encoding != "latin-1" else r"\u65e5\u672c\U0001f642.png") in said


def test_a_process_with_little_memory_is_told_so(own_pictures, tmp_path):
    for limit, embeddings in ((700_000, "color"), (3_000_000, "color,efficientnet")):
        done = shell(f'ulimit -v {limit}; L run "$1" --data "$2" --embeddings {embeddings}', own_pictures, tmp_path)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        assert "address space (ulimit -v)" in done.stderr.strip().splitlines()[-1]
    if os.cpu_count() <= 4:  # how much is enough grows with the threads that libraries set up
        done = shell('ulimit -v 2700000; L run "$1" --data "$2" --embeddings color', own_pictures, tmp_path)
        assert done.returncode == 0, done.stderr


def test_sigterm_ends_a_run_as_ctrl_c_does(own_pictures, tmp_path):
    data = tmp_path / "data"
    words = [sys.executable, "-m", "pipeline", "run", str(own_pictures), "--data", str(data),
             "--embeddings", "color,sift", "--batch-size", "4"]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=ROOT)
    wait_for(lambda: (data / "images.db").exists() and some_vectors(data))
    os.killpg(process.pid, signal.SIGTERM)  # as a container's or service's manager does
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 143 and "Traceback" not in said, said
    assert "the same command goes on from here." in said
    library = Library(data)
    assert [row[0] for row in library.db.execute("SELECT state FROM runs")] == ["stopped"]


def some_vectors(data: Path) -> bool:
    library = Library(data)
    return "color" in library.embeddings() and library.coverage("color")["current"] > 0


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.05)


# Somebody else, who may read what root may: the interpreter can lie in root's home.
NOBODY = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups",
          "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="only root can be somebody else")
def test_a_user_without_home_or_name(pictures):
    """As in a container with --user: no HOME, no entry in passwd, nothing writable but the library."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        folder.chmod(0o755)
        shutil.copytree(sorted(pictures.iterdir())[0], folder / "images")
        data = folder / "data"
        data.mkdir()
        os.chown(data, 12345, 12345)
        gone = ("HOME", "USER", "LOGNAME", "XDG_CACHE_HOME", "LIKENESS_CACHE")
        environment = {key: value for key, value in os.environ.items() if key not in gone}
        done = command("run", folder / "images", "--data", data, env=environment, by=NOBODY)
        assert done.returncode == 0, done.stderr
        assert "There is no home directory to keep weights in; set LIKENESS_CACHE. Going on with efficientnet" in done.stderr
        found = command("status", "--json", "--data", data, env=environment, by=NOBODY)
        assert json.loads(found.stdout)["embeddings"]["efficientnet"]["current"] == 10


def test_a_cache_that_cannot_be_written_to_is_a_reason(tmp_path, monkeypatch):
    monkeypatch.delenv("LIKENESS_DREAMSIM_WEIGHTS", raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LIKENESS_CACHE", str(tmp_path / "file" / "cache"))
    assert "cannot be written to; set LIKENESS_CACHE" in DreamSim.unavailable(DreamSimOptions())


def test_a_path_that_the_shell_left_as_it_was_is_below_home(tmp_path, monkeypatch):
    """Shells know ~ at the beginning of a word alone: not after --data=, nor in quotes or files of variables."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "library").mkdir()
    Library(tmp_path / "library", create=True).close()
    assert settings.data_dir("~/library") == tmp_path / "library" == settings.at_home("~/library")
    assert str(settings.data_dir("~nobody-of-that-name/x")) == "~nobody-of-that-name/x"
    monkeypatch.setenv("LIKENESS_DATA", "~/library")
    assert CliRunner().invoke(main, ["status"]).exit_code == 0
    assert CliRunner().invoke(main, ["status", "--data=~/library"]).exit_code == 0
    monkeypatch.setenv("LIKENESS_CACHE", "~/cache")
    assert settings.cache_dir() == tmp_path / "cache"
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "library").mkdir()
    assert settings.data_dir() == Path("~/library"), "where there is one of that name it is meant"


def test_numbers_in_the_environment_are_checked(monkeypatch):
    monkeypatch.setenv("LIKENESS_PICTURE_SECONDS", "0.5")
    monkeypatch.setenv("LIKENESS_PICTURE_MEMORY", "100")
    assert (settings.picture_limits().seconds, settings.picture_limits().memory) == (0.5, 100_000_000)
    monkeypatch.setenv("LIKENESS_PICTURE_SECONDS", "soon")
    with pytest.raises(SettingsError, match="LIKENESS_PICTURE_SECONDS"):
        settings.picture_limits()


def test_threads_that_load_a_network_at_once_load_one_and_keep_stdout(capsys):
    models.forget()
    gray = np.full((64, 64, 3), 128, np.uint8)
    before, rows, ready = sys.stdout, [], threading.Barrier(4)

    def look():
        extractor = EfficientNet(device="cpu")
        ready.wait()
        print("one of them")
        rows.append(extractor.extract([gray]))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.stdout is before and capsys.readouterr().out == 4 * "one of them\n"
    assert len(models._loaded) == 1 and all(np.array_equal(row, rows[0]) for row in rows)


def test_a_process_ends_with_its_status_though_a_thread_is_in_native_code():
    """As when a server is told to end while it makes its networks ready: a destructor then aborts."""
    program = """
import ctypes, sys, threading, time
from pipeline import host
host.prepare()
libc = ctypes.CDLL(None)
assert libc.__cxa_atexit(libc.abort, None, None) == 0
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
def main():
    print("said")
    sys.exit(7)
host.run(main)
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "said\n", "")
