"""The built-in sample gallery: pictures to try Likeness on, painted by the project itself.

Every theme comes in several palettes and every palette in many themes, so that color,
structure and meaning disagree about who is alike. Nothing is downloaded; the same seed
gives the same bytes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.connection import Connection
from pathlib import Path

import cv2
import numpy as np

from pipeline import settings
from pipeline.errors import SettingsError
from pipeline.gallery.palettes import PALETTES
from pipeline.gallery.plan import CHANGES, THEMES, Entry, chance, plan
from pipeline.gallery.scene import Scene
from pipeline.processes import SPAWN, ParentPipe, deaf, end_with_parent, keep_memory

__all__ = [
    "CHANGES",
    "PALETTES",
    "THEMES",
    "VERSION",
    "Entry",
    "encode",
    "generate",
    "plan",
    "render",
    "truth",
]

VERSION = 1
"""Raised when any picture changes, so that older galleries are painted again."""

TRUTH = "truth.csv"
_MARKER = ".gallery.json"
_COLUMNS = ("path", "theme", "palette", "duplicate_of")
_BATCH = 6


def generate(
    folder: Path,
    *,
    seed: int = 7,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write the gallery of this seed into `folder` and return how many pictures it holds.

    One folder a theme, and `truth.csv` beside them: path, theme, palette, duplicate_of
    (empty for an original). A complete gallery of this seed and version is left alone.
    `progress` is called with (pictures done, pictures in all). Raises SettingsError where
    another `truth.csv` lies there.
    """
    folder = Path(folder)
    entries = plan(seed)
    if _is_complete(folder, seed, entries):
        return len(entries)
    _clear(folder)
    for theme in THEMES:
        (folder / theme).mkdir(parents=True, exist_ok=True)
    batches = [entries[i : i + _BATCH] for i in range(0, len(entries), _BATCH)]
    workers, parent = min(settings.cores(), 8), ParentPipe()
    done = 0
    with ProcessPoolExecutor(workers, SPAWN, _start_worker, (parent.end,)) as pool:
        with deaf():
            waiting = [pool.submit(_write_batch, folder, seed, batch) for batch in batches]
        try:
            for finished in as_completed(waiting):
                done += finished.result()
                if progress is not None:
                    progress(done, len(entries))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else Ctrl-C would wait for the whole gallery
            raise
    _write_truth(folder, entries)
    _replace(folder / _MARKER, json.dumps({"version": VERSION, "seed": seed}))
    return len(entries)


def truth(folder: Path) -> dict[str, str]:
    """What `generate` wrote of the pictures of a folder: {path in it: name of the palette}; {} of any other."""
    try:
        if json.loads((folder / _MARKER).read_text(encoding="utf-8"))["version"] != VERSION:
            return {}
        with (folder / TRUTH).open(encoding="utf-8", newline="") as lines:
            return {row["path"]: row["palette"] for row in csv.DictReader(lines) if row["palette"] in PALETTES}
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def render(entry: Entry, seed: int = 7) -> np.ndarray:
    """Paint one picture: (height, width, 3) uint8 RGB, 0–255, the same for the same seed."""
    rng = chance(seed, 1 + entry.number)
    palette = PALETTES[entry.palette]
    scene = Scene(entry.width, entry.height, palette, entry.layout, rng)
    picture = THEMES[entry.theme](scene)
    change = chance(seed, 1 + entry.number, 1)
    if entry.change == "crop":
        return _crop(picture, change)
    if entry.change == "rotate":
        return _rotate(picture, change)
    return picture


def encode(entry: Entry, picture: np.ndarray) -> bytes:
    """The bytes of an entry's file, in the format that its name asks for."""
    suffix = Path(entry.path).suffix
    quality = 22 if entry.change == "reencode" else 90
    options = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality],
        ".webp": [cv2.IMWRITE_WEBP_QUALITY, quality],
        ".png": [],
    }[suffix]
    if entry.change == "reencode":
        size = (entry.width * 2 // 3, entry.height * 2 // 3)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(suffix, picture[:, :, ::-1], options)
    if not done:
        raise OSError(f"OpenCV could not encode {entry.path}")
    return data.tobytes()


def _start_worker(parent: Connection) -> None:
    end_with_parent(parent)
    keep_memory()
    cv2.setNumThreads(1)  # the workers share the cores among themselves


def _write_batch(folder: Path, seed: int, entries: list[Entry]) -> int:
    for entry in entries:
        (folder / entry.path).write_bytes(encode(entry, render(entry, seed)))
    return len(entries)


def _crop(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep about three quarters of each side."""
    height, width = picture.shape[:2]
    keep = rng.uniform(0.7, 0.82)
    rows, columns = round(height * keep), round(width * keep)
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    return np.ascontiguousarray(picture[top : top + rows, left : left + columns])


def _rotate(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turn by a few degrees, and enlarge just enough that no empty corner shows."""
    height, width = picture.shape[:2]
    angle = float(rng.uniform(4, 11) * rng.choice((-1, 1)))
    turn = np.radians(abs(angle))
    longer = max(width / height, height / width)
    scale = float(np.cos(turn) + longer * np.sin(turn))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    return cv2.warpAffine(
        picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def _is_complete(folder: Path, seed: int, entries: list[Entry]) -> bool:
    try:
        marker = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if marker != {"version": VERSION, "seed": seed}:
        return False
    return all((folder / path).exists() for path in (TRUTH, *(e.path for e in entries)))


def _clear(folder: Path) -> None:
    """Remove what an earlier gallery listed as its own, and nothing else: a set of pictures of somebody else's may have a
    `truth.csv`, too, and folders of these names."""
    try:
        with (folder / TRUTH).open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            old = [row["path"] for row in reader] if reader.fieldnames == list(_COLUMNS) else None
    except FileNotFoundError:
        return
    except (csv.Error, UnicodeDecodeError):
        old = None
    if old is None:
        raise SettingsError(f"{folder} holds a {TRUTH} that is of no sample gallery; name another folder.")
    (folder / _MARKER).unlink(missing_ok=True)
    for path in old:
        if Path(path).parent.name in THEMES and len(Path(path).parts) == 2:
            (folder / path).unlink(missing_ok=True)
    (folder / TRUTH).unlink()


def _write_truth(folder: Path, entries: list[Entry]) -> None:
    lines = [",".join(_COLUMNS)]
    for entry in entries:
        lines.append(",".join(getattr(entry, column) for column in _COLUMNS))
    _replace(folder / TRUTH, "\n".join(lines) + "\n")


def _replace(path: Path, text: str) -> None:
    """Write beside and rename, so that a reader never sees half a file."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
