"""Speed, measured: every stage beside plain use of the libraries it is built on, in one run.

    extraction   pictures per second of each embedding
    index        the combined index beside exact search and FAISS's defaults
    kinds        what other kinds of index and storage would give
    maps         the map beside umap-learn's defaults
    recluster    clustering a map again
    growth       all of it over the number of images, and what a million would cost

Pictures are real, libraries of many images synthetic (`synthetic`). Each measurement runs
in a process of its own (`apart`).
"""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.errors import LikenessError, SettingsError
from pipeline.progress import Progress, Silent
from pipeline.run import SAMPLE_FOLDER

MILLION = 1_000_000
SMALLEST = 100  # fewer images have no growth to speak of
STAGES = ("extraction", "index", "kinds", "maps", "recluster", "growth")


__all__ = ["SAMPLE_FOLDER", "STAGES", "BenchOptions", "bench", "read_options"]


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
    million: bool = False,
    quick: bool = False,
    dreamsim_weights: Path | None = None,
) -> BenchOptions:
    """Options as the command line gives them; raises SettingsError for impossible ones."""
    chosen: dict = dict(QUICK) if quick else {}
    if sizes:
        chosen["sizes"] = _sizes(sizes)
    if million:
        chosen["sizes"] = tuple(sorted({*chosen.get("sizes", BenchOptions().sizes), MILLION}))
    given = {"dreamsim": {"weights": str(dreamsim_weights)}} if dreamsim_weights else {}
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
    return tuple(name for name in STAGES if name in named or "all" in named)


def bench(
    folder: Path,
    json_path: Path,
    plot_path: Path,
    options: BenchOptions = BenchOptions(),
    progress: Progress = Silent(),
) -> dict:
    """Measure, and write the document and the page of plots after every stage.

    folder: of pictures for the stage `extraction`; the sample gallery is painted where there
    is none. Returns the tables by stage. A stage that cannot be measured here says why in
    its notes; the others go on.
    """
    from pipeline.bench import report, synthetic
    from pipeline.bench.ground import Ground

    tables: dict = {}

    def keep(name: str, table) -> None:
        tables[name] = table
        report.write_json(json_path, report.document(tables, asdict(options)))
        report.write_plots(plot_path, tables)

    json_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=json_path.parent) as beside:
        ground = Ground(Path(beside), options.dims or synthetic.DIMS, progress)
        for stage in options.stages:
            for table in _stage(stage, folder, ground, options, tables):
                keep(stage, table)
            progress.say(f"{stage} is measured.")
    return tables


def _stage(name: str, folder: Path, ground, options: BenchOptions, tables: dict):
    """The table of a stage; that of `growth` again with every size."""
    from pipeline import gallery
    from pipeline.bench import extraction, index, maps
    from pipeline.bench.table import Table

    try:
        if name == "extraction":
            if not folder.exists():
                gallery.generate(folder)
            yield extraction.bench(folder, ground.folder, options.given, options.quick, ground.progress)
        elif name == "index":
            yield index.against(ground, options.index_size)
        elif name == "kinds":
            yield index.kinds(ground, options.kinds_size)
        elif name == "maps":
            yield maps.bench(ground, options.maps_size)
        elif name == "recluster":
            yield maps.recluster(options.recluster_size, ground.progress)
        else:
            yield from _growth(ground, options, tables)
    except LikenessError as error:
        yield Table(name.capitalize(), {}, notes=[f"Not measured: {error}"])


def _growth(ground, options: BenchOptions, tables: dict):
    from pipeline.bench import growth

    found = tables.get("extraction")
    rates = {row["what"]: row["ours"] for row in found.rows} if found else {}
    rows, notes = [], []
    for count in options.sizes:
        try:
            rows.append(growth.measure(ground, count))
        except LikenessError as error:
            notes.append(f"{count:,} images were not measured: {error}")
        table = growth.table(rows, ground.dims, rates)
        table.notes += notes
        yield table
