"""Damaged pictures by the thousand: `python -m tests.fuzz_pictures 20000`.

Outside the suite. Each input is a picture of the corpus with bits flipped, parts cut, spliced,
repeated or set to extremes, made from its number alone. Readers of headers and of EXIF have to give an answer or a reason, and so has the
decoder within 10 seconds and 1.5 GB. A decoder that crashes or hangs is counted: in a run and
in the dashboard it is a process of its own, and that a reason; a reader of headers that does is
a fault. Every twentieth input, with --uploads each and nothing else, also goes through the
reader of uploads with a library behind it. Faults are printed with their number (`--first N 1` does it again) and kept in --keep.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np

from pipeline.errors import ImageError, LikenessError
from pipeline.pictures import decoding, formats, metadata, png
from pipeline.processes import limit_memory, time_limit
from tests import corpus

SECONDS = 10
MEMORY = 3 * 2**29
_UPLOADED = 20  # each so manieth input also goes through the reader of uploads
_PHASES = ("header", "facts", "pixels")
_EXTREMES = [0, 1, 127, 128, 254, 255]


def originals() -> list[bytes]:
    """The corpus without its largest, and pictures that are broken already."""
    kept = [*corpus.stills().values(), *(data for data, _ in corpus.others().values())]
    kept += [data for data, _ in corpus.broken().values()]
    return [data for data in kept if 20 < len(data) < 60_000]


def mutated(number: int, pool: list[bytes]) -> bytes:
    """Input `number`: one to four changes of a picture."""
    generator = np.random.default_rng(number)
    data = bytearray(pool[generator.integers(len(pool))])
    for _ in range(generator.integers(1, 5)):
        size = len(data)
        if size < 8:
            break
        # Half of the changes hit the head, where the meaning of the rest is decided.
        at = int(generator.integers(min(size, 400) if generator.random() < 0.5 else size))
        kind = generator.integers(7)
        if kind == 0:
            data[at] ^= 1 << generator.integers(8)
        elif kind == 1:
            data[at] = _EXTREMES[generator.integers(len(_EXTREMES))]
        elif kind == 2:
            data[at : at + 4] = generator.choice([0, 1, 2**31 - 1, 2**32 - 1, 65535, 2**16], 1).astype(">u4").tobytes()
        elif kind == 3:
            del data[at : at + int(generator.integers(1, 200))]
        elif kind == 4:
            del data[max(8, at) :]
        elif kind == 5:
            other = pool[generator.integers(len(pool))]
            start = int(generator.integers(len(other)))
            data[at : at + 300] = other[start : start + 300]
        else:
            data[at:at] = data[at : at + int(generator.integers(1, 300))]
    return _checked(bytes(data)) if generator.random() < 0.7 else bytes(data)


def _checked(data: bytes) -> bytes:
    """With the check sums of a PNG mended: else its decoder would see few of the changes."""
    if not data.startswith(png.SIGNATURE):
        return data
    parts, at = [png.SIGNATURE], 8
    while at + 12 <= len(data):
        length = min(int.from_bytes(data[at : at + 4], "big"), len(data) - at - 12)
        parts.append(corpus.chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return b"".join([*parts, data[at:]])


def tried(data: bytes, file: Path) -> str:
    """What became of an input: picture or reason; raises what should not have come."""
    print(_PHASES[0], end=" ", flush=True)
    with suppress(ImageError):
        decoding.probe(data, decoding.UNTRUSTED)
    file.write_bytes(data)
    print(_PHASES[1], end=" ", flush=True)
    with suppress(ImageError):
        metadata.read_file(file)
    print(_PHASES[2], end=" ", flush=True)
    try:
        pixels = decoding.decode(data, 96, decoding.UNTRUSTED)
    except ImageError as error:
        assert "\n" not in str(error)
        return "reason"
    except MemoryError:
        return "memory"
    assert pixels.ndim == 3 and pixels.dtype == np.uint8 and 0 < max(pixels.shape[:2]) <= 96
    return "picture"


def work(first: int, count: int) -> None:
    """In a process: say each number before, and what became of it after."""
    pool = originals()
    decoding.warm_up()
    limit_memory(MEMORY)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + count):
            print(number, end=" ", flush=True)
            started = time.monotonic()
            with time_limit(SECONDS):
                try:
                    said = tried(mutated(number, pool), Path(folder) / "picture")
                except Exception as error:
                    said = f"raised:{type(error).__name__}:{'_'.join(str(error).split())[:120]}"
            print(said, round(time.monotonic() - started, 2), flush=True)


def decoders(first: int, count: int) -> tuple[Counter, dict[int, str]]:
    """Counts of what became of the inputs, and what should not have: {number: what}."""
    counts, faults, slowest = Counter(), {}, 0.0
    at, last = first, first + count
    while at < last:
        command = [sys.executable, "-m", "tests.fuzz_pictures", "--work", "--first", str(at), str(last - at)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        for line in done.stdout.splitlines():
            number, *phases = line.split()
            at = int(number) + 1
            if not phases or phases[-1] in _PHASES:
                name = signal.Signals(-done.returncode).name if done.returncode < 0 else done.returncode
                if phases and phases[-1] == _PHASES[-1]:
                    counts[f"decoder ended ({name})"] += 1
                    print(number, formats.sniff(mutated(int(number), originals())), name, flush=True)
                else:
                    faults[int(number)] = f"the process ended ({name})"
            elif phases[-2].startswith("raised"):
                faults[int(number)] = phases[-2]
            else:
                counts[phases[-2]] += 1
                slowest = max(slowest, float(phases[-1]))
        if not done.stdout:
            raise SystemExit("The process that decodes does not start.")
    print(f"slowest {slowest:.1f} s", flush=True)
    return counts, faults


def _received(reads, data: bytes, folder: str) -> str:
    """What an upload became; raises what should not have come."""
    from dashboard.pages.search import upload

    try:
        said = upload.received_of(reads, data, "name")
    except LikenessError as error:
        assert "\n" not in str(error) and len(str(error)) < 300 and folder not in str(error), error
        return "decoder ended" if "crashed" in str(error) else "sentence"
    assert {"color"} <= set(said["vectors"]) and said["src"].startswith("data:image/jpeg;base64,"), said
    return "query"


def uploads(numbers: range) -> tuple[Counter, dict[int, str]]:
    """Inputs through the reader of uploads: a query or one sentence, quickly."""
    from dashboard.reads import Reads
    from pipeline.library import Library
    from pipeline.run import run

    counts, faults, pool = Counter(), {}, originals()
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        for number in range(12):
            (pictures / f"{number}.jpg").write_bytes(decoding.encode_jpeg(np.roll(corpus.scene(), 9 * number, axis=1)))
        library = Library(Path(folder) / "library", create=True)
        run(library, pictures, embeddings="color")
        reads = Reads(library)
        slowest = 0.0
        for number in numbers:
            data, started = mutated(number, pool), time.monotonic()
            try:
                counts[_received(reads, data, folder)] += 1
            except Exception as error:
                faults[number] = f"{type(error).__name__}: {error}"
            slowest = max(slowest, time.monotonic() - started)
        library.close()
    print(f"slowest upload {slowest:.1f} s", flush=True)
    return counts, faults


def main() -> None:
    """Print how many inputs became what, and exit with 1 where one became none of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, help="inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that failed")
    parser.add_argument("--uploads", action="store_true", help="through the reader of uploads alone")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    os.nice(0 if given.work else 10)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if given.work:
        return work(given.first, given.count)
    counts, faults = (Counter(), {}) if given.uploads else decoders(given.first, given.count)
    print(dict(counts), f"{len(faults)} faults", flush=True)
    step = 1 if given.uploads else _UPLOADED
    more, others = uploads(range(given.first, given.first + given.count, step))
    print("uploads:", dict(more), f"{len(others)} faults")
    for number, what in (faults | others).items():
        print(number, what)
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
            (given.keep / str(number)).write_bytes(mutated(number, originals()))
    raise SystemExit(1 if faults or others else 0)


if __name__ == "__main__":
    main()
