"""`make setup`: uv installs where pip has no settings that it would miss, pip where it has; what pip says is heard."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PYTHON = """#!{python}
import os, sys
here = os.path.dirname(__file__)
words = " ".join(sys.argv[1:]).replace(" --disable-pip-version-check", "")
with open(os.path.join(here, "calls"), "a") as calls:
    calls.write(words + "\\n")
if words == "-m pip config list":
    told = open(os.path.join(here, "settings")).read()
    if told == "broken":
        sys.exit("Configuration file could not be loaded.")
    try:
        print(told * 9000, flush=True)
    except BrokenPipeError:
        sys.stdout = None
        sys.exit("ERROR: Pipe to stdout was broken")
"""
"""Stands for an environment's Python: notes what it is asked, and has the settings that lie beside it."""


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize(
    "settings, heard, installs",
    [
        ("", "", "-m uv pip install"),
        ("global.timeout='60'\n", "", "-m uv pip install"),
        ("global.index-url='https://own.example/simple'\n", "", "-m pip install --quiet -r"),
        ("broken", "Configuration file could not be loaded.\n", "-m pip install --quiet -r"),
    ],
)
def test_who_installs_and_what_is_heard(tmp_path, settings, heard, installs):
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    home = tmp_path / "venv" / "bin"
    home.mkdir(parents=True)
    (home / "settings").write_text(settings)
    (home / "python").write_text(PYTHON.format(python=sys.executable))
    (home / "python").chmod(0o755)
    made = subprocess.run(
        ["make", "-s", "setup", f"PYTHON={sys.executable}", "VENV=venv"], cwd=tmp_path, capture_output=True, text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
    )
    assert (made.returncode, made.stderr) == (0, heard)
    assert installs in (home / "calls").read_text().splitlines()[-1]
