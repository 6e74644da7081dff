"""Damage metadata in every way and see that reading it stays quick, bounded and silent: `python -m tests.fuzz_metadata 21000`.

Not part of the suite. What fails is kept in the folder named by FUZZ_KEEP.
"""

from __future__ import annotations

import io
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path

from pipeline.pictures import metadata
from pipeline.pictures.metadata import Metadata
from pipeline.pictures.metadata.blocks import blocks
from pipeline.pictures.metadata.source import Source
from tests.metadata_pictures import XMP, entries, texts

_SLOW = 1.0  # s of this process


def damaged(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """One to six changes: bytes, lengths, cuts, doublings, pieces of another file, XML and JSON marks."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, size = chance.randrange(len(out) + 1), chance.choice((1, 2, 4, 8, 60, 400))
        match chance.randrange(8):
            case 0: out[at : at + 1] = bytes([chance.randrange(256)])
            case 1: out[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\x01"))
            case 2: del out[at : at + size]
            case 3: out[at:at] = out[at : at + size] * chance.randint(1, 40)
            case 4: del out[max(40, at) :]
            case 5:
                other = chance.choice(others)
                start = chance.randrange(len(other))
                out[at : at + size] = other[start : start + size]
            case 6: out[at:at] = chance.choice((b"{", b"[", b'"', b"<", b"&a;", b"\0", b"Steps: ", b"\\u0000", b"\xed\xa0\x80"))
            case 7: out[at : at + size] = bytes(chance.randrange(256) for _ in range(size))
        if not out:
            out = bytearray(b"\0")
    return bytes(out)


def confused(value: object, chance: random.Random) -> object:
    """JSON in which some values are of another kind."""
    if chance.random() < 0.04:
        return chance.choice((None, 0, -1.5, True, "", "x", [], {}, [None], ["1", 0], {"inputs": 3}, [[[]]], "1" * 50, {"text": {}}))
    if isinstance(value, dict):
        return {key: confused(one, chance) for key, one in value.items() if chance.random() > 0.03}
    return [confused(one, chance) for one in value] if isinstance(value, list) else value


def objects() -> list[dict[str, str]]:
    """The texts of the pictures in which programs wrote JSON."""
    found = [dict(blocks(Source.of(data)).texts) for _, data, _ in entries()]
    return [one for one in found if any(text.startswith("{") for text in one.values())]


def written_anew(given: dict[str, str], chance: random.Random) -> bytes:
    """A PNG with those texts, their JSON confused."""
    made = {}
    for key, text in given.items():
        try:
            made[key] = json.dumps(confused(json.loads(text), chance))
        except ValueError:
            made[key] = text
    return texts(made)


def check(found: Metadata) -> None:
    """Raise where a value could not be stored or is of no such kind."""
    for name, value in vars(found).items():
        if isinstance(value, str):
            assert len(value.encode()) <= 80_000, name  # raises for a half surrogate
        elif isinstance(value, float):
            assert abs(value) < 1e7, name
        elif isinstance(value, tuple):
            assert len(value) <= 500 and all(0 < len(one.encode()) <= 400 for one in value), name
        else:
            assert value is None or isinstance(value, int) and abs(value) < 2**31, name


def main(count: int, seed: int) -> int:
    """Fuzz so many inputs; returns how many went wrong."""
    chance = random.Random(seed)
    files = [data for _, data, _ in entries()]
    said = objects()
    packets = [XMP.format(title="t", rating=1).encode()]
    slowest, wrong, noted = 0.0, 0, 0
    for number in range(count):
        data = damaged(chance.choice(files), chance, files) if number % 3 else written_anew(chance.choice(said), chance)
        beside = damaged(packets[0], chance, files) if number % 7 == 0 else None
        started = time.process_time()
        try:
            found = metadata.read(data, beside)
            check(found)
            assert found == metadata.read(io.BytesIO(data), beside), "a file gives other facts than its bytes"
            noted += found.problem is not None
            spent = (time.process_time() - started) / 2
            assert spent < _SLOW, f"{spent:.1f} s"
            slowest = max(slowest, spent)
        except Exception:
            wrong += 1
            traceback.print_exc()
            if folder := os.environ.get("FUZZ_KEEP"):
                Path(folder, f"metadata-{seed}-{number}").write_bytes(data)
    print(f"{count:,} inputs, {wrong:,} wrong, {noted:,} with a note, slowest {slowest * 1000:.0f} ms")
    return wrong


if __name__ == "__main__":
    sys.exit(min(1, main(int(sys.argv[1]) if len(sys.argv) > 1 else 21_000, int(os.environ.get("FUZZ_SEED", "0")))))
