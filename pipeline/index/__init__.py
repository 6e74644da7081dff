"""The index: what it is (`contract`), how it is made and kept; behind it stands an engine."""

from pipeline.index.contract import Filter, Index, Neighbors, State, scales, shares
from pipeline.index.lifecycle import about, build, chosen, damage, load, measured, rebuild, state, strays, version

__all__ = [
    "Filter", "Index", "Neighbors", "State", "about", "build", "chosen", "damage", "load", "measured", "rebuild", "scales",
    "shares", "state", "strays", "version",
]  # fmt: skip
