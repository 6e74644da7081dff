"""Whether torch may find a faster device than the processor, told without loading torch."""

from __future__ import annotations

import ctypes
import platform
import sys
from functools import cache
from pathlib import Path

_DRIVERS = {"win32": "nvcuda.dll"}


@cache
def likely() -> bool:
    """Whether there is Apple's MPS, a CUDA device that its driver lists, or an AMD one."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return Path("/dev/kfd").exists() or _cuda_devices() > 0


def _cuda_devices() -> int:
    """How many devices NVIDIA's driver lists; 0 without a driver."""
    try:
        driver, count = ctypes.CDLL(_DRIVERS.get(sys.platform, "libcuda.so.1")), ctypes.c_int(0)
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
            return 0
        return count.value
    except (OSError, AttributeError):
        return 0
