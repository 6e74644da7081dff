"""The index: what it is (`contract`), how it is made and kept; behind it stands an engine."""

from pipeline.index.contract import Filter, Index, Neighbors, State, shares
from pipeline.index.lifecycle import about, build, load, measured, state, version

__all__ = [
    "Filter", "Index", "Neighbors", "State", "about", "build", "load", "measured", "shares", "state", "version",
]  # fmt: skip
