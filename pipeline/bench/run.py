"""Every stage in its order; what is measured is written at once."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from pipeline import gallery
from pipeline.bench import extraction, growth, index, maps, networks, report, synthetic
from pipeline.bench.libraries import Libraries
from pipeline.bench.options import BenchOptions
from pipeline.bench.table import Table
from pipeline.errors import LikenessError
from pipeline.progress import Progress, Silent


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
    tables: dict = {}

    def keep(name: str, table) -> None:
        tables[name] = table
        report.write_json(json_path, report.document(tables, asdict(options)))
        report.write_plots(plot_path, tables)

    json_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=json_path.parent) as beside:
        libraries = Libraries(Path(beside), options.dims or synthetic.DIMS, progress)
        for stage in options.stages:
            for table in _stage(stage, folder, libraries, options, tables):
                keep(stage, table)
            progress.say(f"{stage} is measured.")
    return tables


def _stage(name: str, folder: Path, libraries: Libraries, options: BenchOptions, tables: dict):
    """The table of a stage; that of `growth` again with every size."""
    try:
        if name in ("extraction", "networks"):
            if not folder.exists():
                gallery.generate(folder)
            by_name = {"extraction": extraction, "networks": networks}
            yield by_name[name].bench(folder, libraries.folder, options.given, options.quick, libraries.progress)
        elif name == "index":
            yield index.against(libraries, options.index_size)
        elif name == "kinds":
            yield index.kinds(libraries, options.kinds_size, options.quick)
        elif name == "maps":
            yield maps.bench(libraries, options.maps_size)
        elif name == "recluster":
            yield maps.recluster(options.recluster_size, libraries.progress)
        else:
            yield from _growth(libraries, options, tables)
    except LikenessError as error:
        yield Table(name.capitalize(), {}, notes=[f"Not measured: {error}"])


def _growth(libraries: Libraries, options: BenchOptions, tables: dict):
    found = tables.get("extraction")
    rates = {row["what"]: row["ours"] for row in found.rows} if found else {}
    rows, notes = [], []
    for count in options.sizes:
        try:
            rows.append(growth.measure(libraries, count))
        except LikenessError as error:
            notes.append(f"{count:,} images were not measured: {error}")
        table = growth.table(rows, libraries.dims, rates)
        table.notes += notes
        yield table
