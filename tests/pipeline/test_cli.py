"""The command line from outside, as somebody with the README would use it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.__main__ import main

ROOT = Path(__file__).parents[2]


def pipeline(*arguments, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, **options)


def commands_of(*pages: Path) -> list[list[str]]:
    """The commands that stand in pages at the beginning of a line, in words, each once."""
    lines = [line for page in pages for line in re.findall(r"^python -m pipeline (.+)$", page.read_text(), re.MULTILINE)]
    return [list(words) for words in dict.fromkeys(tuple(shlex.split(line, comments=True)) for line in lines)]


@pytest.fixture()
def as_told(library, own_pictures, tmp_path, monkeypatch) -> Callable[[list[str]], None]:
    """Runs a command as it is told, with what it names put beside it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(next(own_pictures.rglob("*.jpg")), tmp_path / "photo.jpg")
    monkeypatch.setenv("LIKENESS_DATA", str(library.data))
    first = next(own_pictures.rglob("*.jpg"))
    (tmp_path / "prices.csv").write_text(f"file,price,season\n{first},4.5,Summer\n")
    (tmp_path / "vectors.csv").write_text(f"path,a,b\n{first},4.5,2\n")
    one, other = sorted(folder.name for folder in own_pictures.iterdir())[:2]
    own = {
        "label:train": f"label:{one}", "label:test": f"label:{other}",
        "~/Pictures": str(own_pictures), "~/Pictures/beach.jpg": str(first), "/disk/Pictures": str(tmp_path / "disk"),
        "~/card": str(own_pictures), "2024": next(own_pictures.iterdir()).name, "50": "5", "s3://bucket/photos": own_pictures.as_uri(),
    }
    more = {
        "run": ["--embeddings", "color,sift,efficientnet"],
        "weights": ["--forget"],  # whether so few pictures say enough has a test of its own
        "bench": ["--stages", "recluster"],  # all of them have a test of their own
    }

    def run(words: list[str]) -> None:
        if words[0] in ("serve", "mcp"):
            return  # has a test of its own
        if words[0] == "tune" and find_spec("optuna") is None:
            return  # its extra requirement is absent: test_tune reads the sentence it answers with
        if words[0] == "relocate":
            own_pictures.rename(tmp_path / "disk")
        words = [own.get(word, word) for word in words] + more.get(words[0], [])
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, (words, result.output, result.exception)

    return run


def test_the_readme_names_every_command_and_each_works(as_told, sample_gallery, tmp_path):
    commands = commands_of(ROOT / "README.md")
    assert {words[0] for words in commands} | {"demo"} == set(main.commands)
    shutil.copytree(sample_gallery, tmp_path / "gallery")  # painting it has a test of its own
    for words in commands:
        as_told(words)
    assert "data:image/jpeg;base64" in (tmp_path / "matches.html").read_text()


def test_each_command_that_only_other_pages_name_works(as_told):
    told = commands_of(ROOT / "README.md")
    further = [words for words in commands_of(*sorted((ROOT / "docs").glob("*.md"))) if words not in told]
    assert len(further) > 3
    for words in further:
        as_told(words)


@pytest.mark.parametrize("name", [*main.commands])
def test_every_command_explains_itself(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    options = [o for o in main.commands[name].params if o.param_type_name == "option" and not o.hidden]
    for option in options:
        assert option.opts[0] in result.output
        assert option.help, f"{name} {option.opts[0]} has no help"


@pytest.mark.slow
def test_from_a_folder_to_answers(own_pictures, tmp_path):
    data = tmp_path / "data"
    bad = own_pictures / "bad.jpg"
    bad.write_text("not a picture")
    count = sum(1 for f in own_pictures.rglob("*.*")) - 1
    first = pipeline("run", own_pictures, "--data", data, "--embeddings", "color,sift,efficientnet")
    assert first.returncode == 0, first.stderr
    again = pipeline("run", own_pictures, "--data", data, "--embeddings", "color,sift,efficientnet")
    assert again.returncode == 0 and "Nothing to do" in again.stdout

    status = json.loads(pipeline("status", "--json", "--data", data).stdout)
    assert status["images"] == {"ok": count, "unreadable": 1, "missing": 0}
    current = {"current": count, "stale": 0, "missing": 0}
    assert status["embeddings"] == dict.fromkeys(["color", "sift", "efficientnet"], current)
    index = {"size": count, "embeddings": ["color", "sift", "efficientnet"], "stale": False, "engine": "faiss"}
    assert index.items() <= status["index"].items()
    assert set(status["maps"]) == {"combined", "color", "sift", "efficientnet"}
    assert all(m["points"] == count and not m["stale"] for m in status["maps"].values())
    said = pipeline("status", "--data", data).stdout
    assert "bad.jpg" in said and "not an image" in said

    query = next(own_pictures.rglob("*.jpg"))
    if query == bad:
        query = sorted(own_pictures.rglob("*-1.jpg"))[0]
    found = pipeline("search", query, "--data", data, "--weights", "color=1,sift=0.5", "--top-k", 3, "--json")
    answer = json.loads(found.stdout)
    assert answer["weights"] == {"color": 1.0, "sift": 0.5, "efficientnet": 0.0}
    assert answer["metric"] == "cosine" and answer["ms"] > 0 and len(answer["matches"]) == 3
    best = answer["matches"][0]
    assert set(best) == {"id", "path", "root", "label", "score", "parts"}
    assert best["path"] == query.relative_to(own_pictures).as_posix() and best["score"] >= 0.999
    figures = json.loads(pipeline("evaluate", "--json", "--data", data).stdout)
    assert 0 <= figures["embeddings"]["sift"]["precision_at_10"] <= 1


def test_the_database_explains_itself_to_the_sqlite_shell(made_library):
    with sqlite3.connect(made_library / "images.db") as db:
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert {"images", "roots", "vectors", "color_vectors", "sift_vectors",
                "efficientnet_vectors", "runs"} <= tables
        columns = {row[1] for row in db.execute("PRAGMA table_info(color_vectors)")}
        assert {"image_id", "vector"} <= columns
        key = db.execute("PRAGMA foreign_key_list(color_vectors)").fetchone()
        assert key[2:5] == ("images", "image_id", "id") and key[6] == "CASCADE"


@pytest.mark.parametrize(
    "words, said",
    [
        (["status"], "no library"),
        (["run", "nowhere"], "no folder"),
        (["search", "x.jpg"], "no library"),
        (["embed", "--embeddings", "colour"], "no library"),
    ],
)
def test_mistakes_get_one_sentence(tmp_path, words, said):
    result = pipeline(*words, "--data", tmp_path / "none")
    assert result.returncode == 1
    assert said in result.stderr and "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_contact_sheet_that_cannot_be_written_is_said_in_one_sentence(made_library, pictures, tmp_path):
    query = next(pictures.rglob("*.jpg"))
    words = ["search", str(query), "--html", str(tmp_path / "no" / "x.html"), "--data", str(made_library)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1 and "cannot be written" in result.output


def test_two_runs_at_once_do_not_mix(library, pictures):
    with library.writing():
        result = pipeline("run", pictures, "--data", library.data, "--embeddings", "color")
    assert result.returncode == 1 and "Another run" in result.stderr


def test_serving_takes_the_next_free_port_and_stops_cleanly(made_library):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--data", str(made_library)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )
        try:
            line = process.stdout.readline()
            address = re.search(r"http://\S+", line)[0]
            assert int(address.rsplit(":", 1)[1]) > port
            for _ in range(50):
                try:
                    with urllib.request.urlopen(address) as answer:
                        assert b"Likeness" in answer.read()
                    break
                except OSError:
                    time.sleep(0.1)
        finally:
            process.terminate()
        _, errors = process.communicate(timeout=30)
        assert process.returncode in (0, 130) and "Traceback" not in errors
