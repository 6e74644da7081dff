"""What is measured, at which sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import SettingsError

MILLION = 1_000_000
SMALLEST = 100  # fewer images have no growth to speak of
STAGES = ("extraction", "networks", "index", "kinds", "maps", "recluster", "growth")


@dataclass(frozen=True)
class BenchOptions:
    """What is measured at which size. `dims` are the lengths of the synthetic vectors, by
    embedding; empty: those of the extractors."""

    stages: tuple[str, ...] = STAGES
    sizes: tuple[int, ...] = (3_000, 10_000, 30_000, 100_000, 300_000)
    index_size: int = 100_000
    kinds_size: int = 10_000
    maps_size: int = 50_000
    recluster_size: int = 20_000
    dims: dict[str, int] = field(default_factory=dict)
    quick: bool = False
    given: dict[str, dict] = field(default_factory=dict)
    """Options of embeddings, by name; DreamSim is measured only where its weights are named."""


QUICK = {"sizes": (1_000, 6_000), "index_size": 6_000, "kinds_size": 2_000, "maps_size": 5_000, "recluster_size": 5_000}
"""Sizes that show that everything works; their figures say little."""


def read_options(
    stages: str = "all",
    sizes: str | None = None,
    index_size: int | None = None,
    kinds_size: int | None = None,
    maps_size: int | None = None,
    million: bool = False,
    quick: bool = False,
    dreamsim_weights: Path | None = None,
) -> BenchOptions:
    """Options as the command line gives them; raises SettingsError for impossible ones."""
    chosen: dict = dict(QUICK) if quick else {}
    if sizes:
        chosen["sizes"] = _sizes(sizes)
    if index_size:
        chosen["index_size"] = index_size
    if kinds_size:
        chosen["kinds_size"] = kinds_size
    if maps_size:
        chosen["maps_size"] = maps_size
    if million:
        chosen["sizes"] = tuple(sorted({*chosen.get("sizes", BenchOptions().sizes), MILLION}))
    given = {"dreamsim": {"weights": dreamsim_weights}} if dreamsim_weights else {}
    return BenchOptions(stages=_stages(stages), quick=quick, given=given, **chosen)


def _sizes(text: str) -> tuple[int, ...]:
    """Read `3000,10000`."""
    try:
        sizes = sorted({int(part) for part in text.split(",") if part.strip()})
    except ValueError:
        sizes = []
    if not sizes or sizes[0] < SMALLEST:
        raise SettingsError(f"--sizes are numbers from {SMALLEST} up, joined by commas, as in 3000,10000.")
    return tuple(sizes)


def _stages(text: str) -> tuple[str, ...]:
    """Read `index,maps`, or `all`; in the order of STAGES."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    for name in named:
        if name not in (*STAGES, "all"):
            raise SettingsError(f"There is no stage {name!r}; there are: {', '.join(STAGES)}.")
    if not named:
        raise SettingsError(f"--stages names none; there are: {', '.join(STAGES)}.")
    return tuple(name for name in STAGES if name in named or "all" in named)
