"""The dashboard in a notebook: a server of its own process, and a page of it in a frame."""

from __future__ import annotations

import atexit
import re
import subprocess
import sys
import threading
from contextlib import suppress
from html import escape
from pathlib import Path

from pipeline.errors import LibraryError

FRAMES = ("http://localhost:*", "http://127.0.0.1:*", "https://localhost:*")
"""Where notebooks are that may show it: on this machine, at any port."""

_ADDRESS = re.compile(r"serving on (http://\S+)")
_ROOT = Path(__file__).resolve().parents[2]


class Served:
    """A dashboard at work for one library. address: where."""

    def __init__(self, data: Path):
        """Start it; raises LibraryError with what it says where it does not start."""
        frames = [part for frame in FRAMES for part in ("--frame-ancestors", frame)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "serve", "--data", str(data.resolve()), *frames], cwd=_ROOT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        atexit.register(self.stop)
        said = []
        for line in self._process.stdout:
            said.append(line)
            if found := _ADDRESS.search(line):
                self.address = found[1]
                break
        else:
            raise LibraryError(f"The dashboard did not start: {''.join(said).strip()}")
        # What it says from now on would fill the pipe.
        threading.Thread(target=lambda: [None for _ in self._process.stdout], daemon=True).start()

    @property
    def going(self) -> bool:
        """Whether it still serves."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it."""
        atexit.unregister(self.stop)
        if self.going:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
                return
            self._process.kill()


class Shown:
    """A page, which a notebook shows in a frame."""

    def __init__(self, address: str, height: int):
        self.address, self.height = address, int(height)

    def __repr__(self) -> str:
        return self.address

    def _repr_html_(self) -> str:
        looks = f"border:0;width:100%;height:{self.height}px"
        return f'<iframe src="{escape(self.address)}" title="Likeness" allow="camera; clipboard-write" style="{looks}"></iframe>'
