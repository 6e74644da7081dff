"""The server at work: the log, threads for long work, a clean end."""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from dashboard import pools
from dashboard.access import READ, Access, needs, plan_of
from dashboard.app import create_app
from dashboard.server import create, stop
from pipeline.library import Library

ROOT = Path(__file__).parents[2]


# As a process


@pytest.fixture
def started(unopened_library, tmp_path):
    """A function: `serve` for real, with more environment → the process and its address."""
    at_work = []

    def start(**environment):
        shutil.copytree(unopened_library, tmp_path / "library", dirs_exist_ok=True)
        log = open(tmp_path / "log", "w")
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "serve", "--data", str(tmp_path / "library"), "--port", "18050"],
            stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env={**os.environ, **environment},
        )
        at_work.append((process, log))
        return process, re.search(r"http://\S+", process.stdout.readline())[0], tmp_path / "log"

    yield start
    for process, log in at_work:
        process.kill()
        process.wait()
        log.close()


@pytest.mark.slow
def test_the_log_is_lines_of_json_with_the_number_of_each_request(started):
    process, address, log = started(LIKENESS_LOG="info")
    with urllib.request.urlopen(f"{address}/thumb/1?secret=1", timeout=60) as answer:
        number = answer.headers["X-Request-Id"]
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{address}/image/999", timeout=60)
    process.terminate()
    assert process.wait(60) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (told,) = [line for line in lines if line.get("request") == number]
    assert (told["status"], told["path"], told["level"]) == (200, "/thumb/1", "info") and "ms" in told
    assert "secret" not in log.read_text()
    wrong = subprocess.run(
        [sys.executable, "-m", "pipeline", "serve"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "LIKENESS_LOG": "loud"},
    )
    assert wrong.returncode == 1 and "LIKENESS_LOG must be one of" in wrong.stderr


@pytest.mark.slow
def test_told_to_end_while_it_searches_it_ends_at_once_and_cleanly(started, made_library):
    process, address, log = started()
    ended = []

    def ask():
        while not ended:
            try:
                body = {"output": "search-ratings.children", "outputs": {"id": "search-ratings", "property": "children"},
                        "inputs": [{"id": "acted-ratings", "property": "data", "value": None}], "changedPropIds": []}
                request = urllib.request.Request(f"{address}/_dash-update-component", json.dumps(body).encode(),
                                                 {"Content-Type": "application/json"})
                urllib.request.urlopen(request, timeout=10).read()
            except OSError:
                time.sleep(0.01)

    askers = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for asker in askers:
        asker.start()
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert process.wait(60) == 0
    ended.append(True)
    assert time.monotonic() - began < 30 and "Stopped serving." in process.stdout.read()
    assert "Traceback" not in log.read_text()
    library = Library(log.parent / "library")
    assert library.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def has_children(process: subprocess.Popen) -> bool:
    """Whether a process has started others: the decoder of pictures from outside, for one."""
    return any(file.read_text().strip() for file in Path(f"/proc/{process.pid}/task").glob("*/children"))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not tell of children so")
def test_told_to_end_in_the_middle_of_a_slow_search_it_ends_cleanly(started, pictures):
    """The first picture from outside loads the models, which takes seconds."""
    process, address, log = started()
    picture = next(pictures.rglob("*.*")).read_bytes()
    answers = []

    def ask():
        try:
            asked = urllib.request.Request(f"{address}/upload?name=a.jpg", picture, {"Content-Type": "image/jpeg"})
            answers.append(urllib.request.urlopen(asked, timeout=60).status)
        except OSError as error:
            answers.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    end = time.monotonic() + 60
    while not has_children(process) and not answers and time.monotonic() < end:
        time.sleep(0.01)
    assert not answers
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0 and "Stopped serving." in process.stdout.read()
    asking.join(60)
    assert answers and "Traceback" not in log.read_text()


@pytest.mark.slow
def test_told_to_end_in_the_middle_of_a_run_it_ends_cleanly_and_the_run_goes_on(started, own_pictures):
    process, address, log = started()
    with urllib.request.urlopen(f"{address}/_dash-dependencies", timeout=60) as answer:
        adding = next(one for one in json.load(answer) if any(part["id"] == "library-add" for part in one["inputs"]))
    given = {"library-add.n_clicks": 1, "library-folder.value": str(own_pictures), "library-by.value": "color"}
    parts = {
        kind: [{**part, "value": given.get(f"{part['id']}.{part['property']}")} for part in adding[kind]]
        for kind in ("inputs", "state")
    }
    outputs = [dict(zip(("id", "property"), one.partition("@")[0].split("."))) for one in adding["output"].strip(".").split("...")]
    body = {"output": adding["output"], "outputs": outputs, "changedPropIds": ["library-add.n_clicks"], **parts}
    request = urllib.request.Request(
        f"{address}/_dash-update-component", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    assert urllib.request.urlopen(request, timeout=60).status == 200
    library = Library(log.parent / "library")

    def run():
        return library.db.execute("SELECT state, stage FROM runs ORDER BY id DESC LIMIT 1").fetchone()

    end = time.monotonic() + 120
    while (run() or ("", None))[0] != "running" and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0 and "Stopped serving." in process.stdout.read()
    assert "Traceback" not in log.read_text()
    while run()[0] == "running" and time.monotonic() < end:
        time.sleep(0.1)
    assert run()[0] == "done" and len(library.roots()) == 2
    assert library.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.slow
def test_a_host_that_is_none_is_told_before_a_password_is_asked_for():
    said = subprocess.run(
        [sys.executable, "-m", "pipeline", "serve", "--host", "nosuch.invalid"], cwd=ROOT, capture_output=True, text=True,
    )
    assert said.returncode == 1 and "Cannot listen on nosuch.invalid" in said.stderr and "Traceback" not in said.stderr


# Threads


def test_long_work_keeps_nobody_waiting(listening, made_library):
    app = create_app(Library(made_library), access=Access.listening_on("127.0.0.1"))
    go_on = threading.Event()

    @app.server.get("/slow/<number>")
    @needs(READ, pool=pools.LONG)
    def slow(number: str) -> str:
        go_on.wait(60)
        return number

    address = listening(app.server, plan_of(app))
    answers = []

    def ask(number):
        with urllib.request.urlopen(f"{address}/slow/{number}", timeout=60) as answer:
            answers.append(answer.read())

    waiting = [threading.Thread(target=ask, args=[number]) for number in range(3 * pools.THREADS[pools.LONG])]
    for one in waiting:
        one.start()
    try:
        for _ in range(20):
            assert urllib.request.urlopen(f"{address}/thumb/1", timeout=10).status == 200
        assert not answers
    finally:
        go_on.set()
    for one in waiting:
        one.join(30)
    assert len(answers) == len(waiting)


def test_a_server_ends_from_another_thread_with_connections_open(made_library, monkeypatch):
    errors = []
    monkeypatch.setattr(threading, "excepthook", errors.append)
    app = create_app(Library(made_library))
    for number in range(12):
        server = create(app.server, plan_of(app), host="127.0.0.1", port=0)
        loop = threading.Thread(target=server.run, daemon=True)
        loop.start()
        opened = [http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=20) for _ in range(3)]
        for one in opened[: number % 4]:
            one.request("GET", "/healthz")
            assert one.getresponse().read() == b"ok\n"
        stop(server)
        loop.join(20)
        assert not loop.is_alive(), "a loop goes on, with connections that nobody answers any more"
        for one in opened[: number % 4]:
            assert one.sock.recv(1) == b""
            one.close()
        with pytest.raises(OSError):
            http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=20).request("GET", "/healthz")
    assert not errors


def test_a_server_ends_though_its_loop_is_awake_before_it_is_woken(made_library):
    """The end of a request wakes it at any time: it must not close what the byte to wake it is written to, which by then
    may be another file."""
    app = create_app(Library(made_library))
    server = create(app.server, plan_of(app), host="127.0.0.1", port=0)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    one = http.client.HTTPConnection("127.0.0.1", server.effective_port, timeout=20)
    one.request("GET", "/healthz")
    assert one.getresponse().read() == b"ok\n"
    trigger = server.trigger
    wake = trigger._physical_pull

    def woken_before() -> None:
        wake()
        for _ in range(20):
            if not trigger._closed:
                time.sleep(0.01)
        wake()

    trigger._physical_pull = woken_before
    stop(server)
    running.join(30)
    one.close()
    assert not running.is_alive() and trigger._closed


def test_a_server_answers_where_a_thousand_files_are_open(serving, unopened_library, tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip("this process may not open as many files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    address = serving(Library(shutil.copytree(unopened_library, tmp_path / "library")))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1_100)]
    try:
        for _ in range(2):
            with urllib.request.urlopen(f"{address}/thumb/1", timeout=20) as answer:
                assert answer.status == 200
    finally:
        for number in opened:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_callbacks_work_on_the_threads_that_they_name(made_library):
    app = create_app(Library(made_library))
    plan = plan_of(app)
    assert set(plan.callbacks.values()) == {pools.LONG, pools.MODELS}
    assert set(plan.routes.values()) == {pools.MODELS, pools.LONG, pools.PICTURES, pools.TRANSFER}
    name, pool = next(iter(plan.callbacks.items()))
    head = json.dumps({"output": name, "outputs": []}).encode()
    for path in ("/_dash-update-component", "/likeness/in/b/_dash-update-component"):
        assert plan.pool_of(path, head) == pool
        assert plan.pool_of(path, b'{"output": 7') == plan.pool_of(path, b"") == pools.QUICK
    assert plan.pool_of("/thumb/1", head) == pools.QUICK and plan.pool_of("/in/b/export/zip", b"") == pools.TRANSFER


_HELD_BY_THREADS = """
import ctypes, sys, threading
from dashboard.pools import few_heaps
few_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
all_hold, told = threading.Barrier(25), threading.Event()
def hold():
    libc.malloc(1_000)
    all_hold.wait()
    told.wait()
for _ in range(24):
    threading.Thread(target=hold, daemon=True).start()
all_hold.wait()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
told.set()
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc gives heaps to threads")
def test_threads_share_few_heaps(tmp_path):
    """Each keeps the most that it ever held."""
    subprocess.run([sys.executable, "-c", _HELD_BY_THREADS, str(tmp_path / "heaps.xml")], timeout=60, check=True, env=os.environ | {"LIKENESS_THREADS": "2"})
    assert (tmp_path / "heaps.xml").read_text().count("<heap nr") <= 2
