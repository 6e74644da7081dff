"""Files of weights as torch wrote them up to 2020, read without torch, which takes seconds to load.

Such a file is a row of pickles and, behind them, the plain bytes of the arrays. What makes up a
dictionary of arrays is read, and nothing else that a pickle could ask for.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.stride_tricks import as_strided

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read(file: Path) -> dict[str, np.ndarray]:
    """The arrays in a file by name, laid out as they were stored. Raises ValueError where it is no such file."""
    try:
        with file.open("rb") as opened:
            return _read(opened)
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"{file} does not hold weights in torch's earlier format ({error})") from None


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _Pickled(file).load() != _MAGIC:
        raise pickle.UnpicklingError("it begins otherwise")
    for _ in ("the format's version", "the machine that wrote it"):
        _Pickled(file).load()
    described = _Pickled(file)
    arrays, bytes_of = described.load(), {}
    for key in _Pickled(file).load():
        count = int.from_bytes(file.read(8), "little")
        bytes_of[key] = np.frombuffer(file.read(count * described.types[key].itemsize), described.types[key], count)
    return {name: array.of(bytes_of[array.key]) for name, array in arrays.items()}


@dataclass(frozen=True)
class _Array:
    """Where in which row of numbers an array lies."""

    key: str
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: np.ndarray) -> np.ndarray:
        last = self.start + sum((length - 1) * step for length, step in zip(self.shape, self.strides))
        if not 0 <= self.start <= last < len(numbers):
            raise ValueError("an array is longer than what is stored")
        strides = [step * numbers.itemsize for step in self.strides]
        return as_strided(numbers[self.start :], self.shape, strides, writeable=False)


class _Pickled(pickle.Unpickler):
    """Reads one pickle, of names, numbers, dictionaries and arrays alone."""

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.types: dict[str, np.dtype] = {}

    def find_class(self, module: str, name: str):
        known = {("collections", "OrderedDict"): OrderedDict, ("torch._utils", "_rebuild_tensor_v2"): self._array}
        known |= {("torch", kind): dtype for kind, dtype in _TYPES.items()}
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return known[module, name]

    def persistent_load(self, said: tuple) -> str:
        _, self.types[said[2]], key, *_ = said
        return key

    @staticmethod
    def _array(key: str, start: int, shape: tuple, strides: tuple, *_) -> _Array:
        return _Array(key, start, shape, strides)
