"""How long a very large picture takes: `python -m tests.measure_large_picture --side 20000 --bits 5`.

Outside the suite. Draws noise, which neither packs nor lets a decoder skip anything, and writes it as an RGBA PNG of
400 megapixels, row by row and with all of PNG's filters; then decodes it in a process of its own, as a run's worker
does. Prints the file's size, seconds by the clock and of the processor, and the memory at most.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from isal import isal_zlib

_LOOK = """
import resource, sys, time
from pathlib import Path
from pipeline.pictures import decoding, hashes
decoding.warm_up()
began, used = time.perf_counter(), time.process_time()
pixels = decoding.decode(decoding.read(Path(sys.argv[1])))
decoding.thumbnail(pixels), hashes.compute(pixels)
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{pixels.shape}: {time.perf_counter() - began:.1f} s, {time.process_time() - used:.1f} s of the processor, {most:,.0f} MB")
"""


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def written(file: Path, side: int, bits: int) -> None:
    """A square of noise in so many bits a sample; which filter a row has changes from row to row."""
    chance = np.random.default_rng(0)
    with file.open("wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", side.to_bytes(4, "big") * 2 + bytes([8, 6, 0, 0, 0])))
        packing, rows = isal_zlib.compressobj(1), max(1, 2**24 // side // 4)
        for start in range(0, side, rows):
            count = min(rows, side - start)
            noise = chance.integers(0, 2**bits, (count, 1 + 4 * side), np.uint8)
            noise[:, 0] = (start + np.arange(count)) % 5
            if body := packing.compress(noise.tobytes()):
                out.write(chunk(b"IDAT", body))
        out.write(chunk(b"IDAT", packing.flush()) + chunk(b"IEND", b""))


def main() -> None:
    """Write, look, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=20_000)
    parser.add_argument("--bits", type=int, default=5, help="of noise in each sample; 8 do not pack at all")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "noise.png"
        written(file, given.side, given.bits)
        print(f"{given.side**2 / 1e6:,.0f} megapixels, {file.stat().st_size / 1e6:,.0f} MB", flush=True)
        subprocess.run([sys.executable, "-c", _LOOK, str(file)], check=True)


if __name__ == "__main__":
    main()
