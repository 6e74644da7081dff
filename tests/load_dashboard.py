"""Many visitors at once: errors, waiting times by kind and memory of a served library.

    python -m tests.load_dashboard [--data DIR] [--clients 32] [--seconds 120]

Starts a server of its own on this machine and sends it nothing but what a browser would:
searches by a library image, hovering (thumbnails), maps, uploads. It is no part of the
tests. Exits with 1 where something failed or took longer than it may.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from dashboard.pages.search.entry import Entry
from tests import search_request

LIMITS = {"search": 1.0, "upload": 3.0}
"""Seconds that 95 of 100 requests of a kind may take at most."""
GROWTH = 0.10
"""Share by which memory may grow after the warm-up."""

_SHARES = {"hover": 0.55, "search": 0.25, "map": 0.10, "upload": 0.10}
_PAUSE = (0.2, 1.5)  # seconds that a person looks at what came


class Visitors:
    """What each of them does, and how long it took."""

    def __init__(self, address: str, ids: list[int], maps: list[str], files: list[bytes], embeddings: list[str]):
        self._address, self._ids, self._maps, self._files, self._embeddings = address, ids, maps, files, embeddings
        callbacks = json.loads(self._ask("/_dash-dependencies"))
        self._search = next(one for one in callbacks if search_request.MARK in one["output"])
        self.took: dict[str, list[float]] = defaultdict(list)
        self.errors: list[str] = []
        self.measuring = False
        self._lock = threading.Lock()

    def stay(self, seed: int, until: float) -> None:
        """One visitor, until a moment."""
        chance = random.Random(seed)
        while time.monotonic() < until:
            kind = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
            began = time.monotonic()
            try:
                getattr(self, f"_{kind}_once")(chance)
            except (OSError, ValueError) as error:
                with self._lock:
                    self.errors.append(f"{kind}: {error}")
            if self.measuring:
                with self._lock:
                    self.took[kind].append(time.monotonic() - began)
            time.sleep(chance.uniform(*_PAUSE))

    def _hover_once(self, chance: random.Random) -> None:
        self._ask(f"/thumb/{chance.choice(self._ids)}")

    def _map_once(self, chance: random.Random) -> None:
        self._ask(f"/map/overview/{chance.choice(self._maps)}?dim=2")

    def _upload_once(self, chance: random.Random) -> None:
        said = json.loads(self._ask("/upload?name=photo.jpg", chance.choice(self._files), "image/jpeg"))
        if "error" in said:
            raise ValueError(said["error"])

    def _search_once(self, chance: random.Random) -> None:
        """The matches of an image, as the Search page asks for them."""
        image = str(chance.choice(self._ids))
        body = search_request.body(self._search, self._embeddings, [Entry("image", image).data])
        found = self._ask("/_dash-update-component", json.dumps(body).encode(), "application/json")
        if b"First 24 matches" not in found:
            raise ValueError("no matches in the answer")

    def _ask(self, path: str, body: bytes | None = None, kind: str | None = None) -> bytes:
        request = urllib.request.Request(self._address + path, body, {"Content-Type": kind} if kind else {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()


def main() -> int:
    """Serve, visit, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a library; without one, the sample gallery's is made")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--warm-up", type=float, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or _sample(Path(folder))
        command = [sys.executable, "-m", "pipeline", "serve", "--data", str(data), "--port", "18080"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            address = re.search(r"http://\S+", server.stdout.readline())[0]
            return _visit(address, server.pid, _inside(data), given)
        finally:
            server.terminate()
            server.wait(30)


def _visit(address: str, pid: int, inside: tuple, given: argparse.Namespace) -> int:
    ids, maps, embeddings = inside
    visitors = Visitors(address, ids, maps, _files(), embeddings)
    visitors._upload_once(random.Random(0))  # the models
    until = time.monotonic() + given.warm_up + given.seconds
    crowd = [threading.Thread(target=visitors.stay, args=(seed, until)) for seed in range(given.clients)]
    for one in crowd:
        one.start()
    time.sleep(given.warm_up)
    before, visitors.measuring = _memory(pid), True
    for one in crowd:
        one.join()
    return _report(visitors, before, _memory(pid), given)


def _report(visitors: Visitors, before: int, after: int, given: argparse.Namespace) -> int:
    print(f"{given.clients} visitors, {given.seconds:g} s, {os.cpu_count()} cores")
    slow = []
    for kind, took in sorted(visitors.took.items()):
        cuts = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
        print(f"{kind:8} {len(took):6,}  p50 {cuts[49]:.3f} s  p95 {cuts[94]:.3f} s  max {max(took):.3f} s")
        if cuts[94] > LIMITS.get(kind, 60):
            slow.append(kind)
    growth = after / before - 1
    print(f"memory   {before / 2**20:,.0f} MB after the warm-up, {after / 2**20:,.0f} MB at the end ({growth:+.1%})")
    print(f"errors   {len(visitors.errors)}", *sorted(set(visitors.errors))[:5], sep="\n  ")
    return int(bool(visitors.errors or slow or growth > GROWTH))


def _memory(pid: int) -> int:
    """Bytes that a process and its children hold."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    family = {pid}
    while more := {own for own, parent, _ in rows if parent in family} - family:
        family |= more
    return sum(size for own, _, size in rows if own in family) * 1024


def _inside(data: Path) -> tuple[list[int], list[str], list[str]]:
    from pipeline import maps
    from pipeline.library import Library

    library = Library(data)
    ids = [row[0] for row in library.db.execute("SELECT id FROM images WHERE state = 'ok'")]
    return ids, maps.names(library), library.embeddings()


def _files() -> list[bytes]:
    """Photographs as a telephone takes them, in noise of several scales: 12 megapixels, some 3 MB."""
    found = []
    for seed in range(4):
        generator = np.random.default_rng(seed)
        layers = [
            np.asarray(Image.fromarray(generator.integers(0, 256, (rows, rows * 4 // 3, 3), np.uint8)).resize((4000, 3000)))
            for rows in (6, 60, 600)
        ]
        file = io.BytesIO()
        Image.fromarray(np.mean(layers, axis=0).astype(np.uint8)).save(file, "JPEG", quality=88)
        found.append(file.getvalue())
    return found


def _sample(folder: Path) -> Path:
    from pipeline import gallery
    from pipeline.library import Library
    from pipeline.run import run

    gallery.generate(folder / "pictures")
    library = Library(folder / "library", create=True)
    run(library, folder / "pictures", embeddings="color,sift,efficientnet")
    library.close()
    return folder / "library"


if __name__ == "__main__":
    sys.exit(main())
