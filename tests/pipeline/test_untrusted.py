"""Pictures from outside: whatever they do to a decoder, this process goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import ImageError
from pipeline.pictures import decoding, untrusted
from pipeline.pictures.info import Limits
from tests import corpus
from tests.metadata_pictures import XMP, saved

NO_LIMITS = Limits(10**9, 10**12)


@pytest.fixture
def pool():
    pool = untrusted.Pool(1)
    yield pool
    pool.close()


def large(width: int = 9_000, height: int = 9_000) -> bytes:
    """A small PNG that takes seconds and a third of a gigabyte to decode in one piece."""
    return corpus.blank_png(width, height, filter=4)


def alive(number: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_picture_comes_back_as_it_is_decoded_here(pool):
    for name in ("jpeg-icc", "png-rgba16", "webp-alpha", "jpeg-turn-6", "jpeg-30000x3"):
        data = corpus.stills()[name]
        for side, pixels in zip((512, 50), pool.ask((data, (512, 50), decoding.UNTRUSTED), 30).pictures):
            assert np.array_equal(pixels, decoding.decode(data, side))
            assert pixels.flags.writeable and pixels.flags.c_contiguous


def test_reasons_come_back_and_the_process_stays(pool):
    first = pool._child()
    pool._idle.append(first)
    for data, said in ((b"", "empty"), (b"text", "not an image"), (corpus.stills()["jpeg"][:-300], "cut off")):
        with pytest.raises(ImageError, match=said):
            pool.ask((data, (512,), decoding.UNTRUSTED), 30)
    assert pool._idle == [first] and first.is_alive()


def test_more_than_64_megapixels_are_refused_before_decoding(pool):
    started = time.monotonic()
    with pytest.raises(ImageError, match="limit of 64 megapixels"):
        untrusted.decode(large())
    assert time.monotonic() - started < 30  # of which most is the start of a process


def test_what_takes_too_long_is_ended_and_the_next_is_decoded(pool):
    first = pool._child()
    pool._idle.append(first)
    with pytest.raises(ImageError, match="longer than 0.2 seconds"):
        pool.ask((large(), (512,), NO_LIMITS), 0.2)
    assert not first.is_alive()
    assert pool.ask((corpus.stills()["jpeg"], (512,), decoding.UNTRUSTED), 30).pictures[0].shape == (80, 120, 3)


def test_a_decoder_that_crashes_takes_only_its_process_along(pool):
    data, child = large(12_000, 12_000), pool._child()
    pool._idle.append(child)
    threading.Timer(0.3, os.kill, (child._process.pid, signal.SIGSEGV)).start()
    with pytest.raises(ImageError, match="crashed"):
        pool.ask((data, (512,), NO_LIMITS), 60)
    assert pool.ask((corpus.stills()["jpeg"], (512,), decoding.UNTRUSTED), 30).pictures[0].shape == (80, 120, 3)


@pytest.mark.slow
def test_memory_is_limited(pool):
    """An interlaced picture cannot be decoded in strips."""
    data = large(24_000, 24_000)
    interlaced = bytearray(data)
    interlaced[28] = 1
    interlaced[29:33] = zlib.crc32(interlaced[12:29]).to_bytes(4, "big")
    with pytest.raises(ImageError, match="not enough memory|crashed"):
        pool.ask((bytes(interlaced), (512,), NO_LIMITS), 60)
    with pytest.raises(ImageError, match="GB to decode"):
        pool.ask((bytes(interlaced), (512,), Limits(10**9, decoding.OWN.memory)), 60)


def test_processes_end_with_the_one_that_asks():
    script = (
        "import os, time\n"
        "from pipeline.pictures import untrusted\n"
        "from tests import corpus\n"
        "untrusted.decode(corpus.stills()['jpeg'])\n"
        "print(untrusted._pool._idle[0]._process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        number = int(process.stdout.readline())
        assert alive(number)
        process.kill()
    until = time.monotonic() + 30
    while alive(number) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive(number)


def test_what_a_file_says_of_itself_is_read_where_it_is_decoded(pool):
    data = saved("JPEG", xmp=XMP.format(rating=4, title="Harbor").encode())
    assert pool.ask((data, (24, 8), decoding.UNTRUSTED), 30).keywords == ()
    looked = pool.ask((data, (24, 8), decoding.UNTRUSTED), 30, with_keywords=True)
    assert looked.keywords == ("harbor", "Sydney") and [len(one) for one in looked.pictures] == [24, 8]


def test_many_at_once_wait_for_each_other(pool):
    data, seen = corpus.stills()["webp"], []
    expected = decoding.decode(data)

    def ask() -> None:
        seen.append(np.array_equal(pool.ask((data, (512,), decoding.UNTRUSTED), 30).pictures[0], expected))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 8 and len(pool._idle) == 1
