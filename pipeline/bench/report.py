"""The results as a document, as text and as a page of plots."""

from __future__ import annotations

import json
import math
import os
import platform
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline import settings
from pipeline.bench.growth import STEPS
from pipeline.bench.table import Table

_PACKAGES = ("numpy", "opencv-python-headless", "faiss-cpu", "hnswlib", "usearch", "torch", "openvino", "umap-learn", "hdbscan")


def document(tables: dict[str, Table], options: dict) -> dict:
    """Everything as one JSON document: when, where, with what, and the tables by stage."""
    return {
        "made": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": _machine(),
        "packages": _packages(),
        "options": options,
        "stages": {name: asdict(table) for name, table in tables.items()},
    }


def write_json(path: Path, content: dict) -> None:
    """Write a document under a temporary name, then rename it."""
    _write(path, json.dumps(content, indent=1, default=str) + "\n")


def write_plots(path: Path, tables: dict[str, Table]) -> None:
    """Write the tables as one page that needs nothing from elsewhere."""
    from plotly.io import to_html
    from plotly.offline import get_plotlyjs

    parts = []
    for name, table in tables.items():
        figure = _FIGURES[name](table) if table.rows else None
        plot = to_html(figure, include_plotlyjs=False, full_html=False) if figure is not None else ""
        parts.append(f"<section>{plot}<pre>{_escaped(str(table))}</pre></section>")
    _write(
        path,
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Likeness: measured</title>"
        f"<style>{_STYLE}</style><script>{get_plotlyjs()}</script></head>"
        f"<body><main><h1>Likeness: measured</h1>{''.join(parts)}</main></body></html>",
    )


_STYLE = (
    "body{font:16px system-ui,sans-serif;color:#222;background:#fff;margin:0}"
    "main{max-width:1100px;margin:0 auto;padding:24px}section{margin:0 0 48px}"
    "pre{font-size:13px;white-space:pre-wrap;background:#f6f6f6;border-radius:8px;padding:16px}"
)


def _packages() -> dict[str, str]:
    """Versions of what is measured against; a package that goes by another name here is left out."""
    found = {}
    for name in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _machine() -> dict:
    found = {"cores": settings.cores(), "processor": _processor(), "system": platform.platform(terse=True)}
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory_gb"] = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
    return {**found, "python": platform.python_version()}


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    if about.exists():
        for line in about.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, "utf-8")
    os.replace(temporary, path)


def _bars(table: Table, name: str, values: str, title: str):
    """One horizontal bar a row; rows without the figure are left out."""
    import plotly.graph_objects as go

    rows = [row for row in table.rows if isinstance(row.get(values), (int, float))]
    figure = go.Figure(
        go.Bar(y=[row[name] for row in rows], x=[row[values] for row in rows], orientation="h",
               text=[f"{row[values]:.3g}" for row in rows], marker_color="#3b6ea5")
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", type="category", dtick=1)
    return _laid_out(figure, table.title, title, 180 + 48 * len(rows))


def _extraction(table: Table):
    return _bars(table, "what", "ratio", "times the images/s of plain library use")


def _networks(table: Table):
    return _bars(table, "what", "quiet", "images/s with the cores to itself")


def _index(table: Table):
    """Recall over the time of a query: up and to the left is better."""
    import plotly.graph_objects as go

    figure = go.Figure()
    times = [row["query ms"] for row in table.rows]
    for column, symbol in (("recall equal", "circle"), ("recall corner", "diamond-open")):
        named = column == "recall equal"  # the other stands below it
        figure.add_scatter(
            x=times, y=[row[column] for row in table.rows], mode="markers+text" if named else "markers",
            text=[row["index"] for row in table.rows], textposition="top center",
            name=column, marker={"symbol": symbol, "size": 11},
        )  # fmt: skip
    if times:  # room for the words
        figure.update_xaxes(range=[math.log10(min(times)) - 0.5, math.log10(max(times)) + 0.5])
    figure.update_xaxes(type="log")
    figure.update_yaxes(range=[0, 1.15])
    return _laid_out(figure, table.title, "query ms", 420)


def _maps(table: Table):
    return _bars(table, "map", "total s", "seconds")


def _recluster(table: Table):
    return _bars(table, "what", "s", "seconds")


def _growth(table: Table):
    """Every step over the number of images, both logarithmic."""
    import plotly.graph_objects as go

    rows = [row for row in table.rows if isinstance(row["images"], int)]
    figure = go.Figure()
    for step in STEPS:
        figure.add_scatter(
            x=[row["images"] for row in rows], y=[row[step] for row in rows], name=step,
            mode="lines+markers", visible=True if step.endswith(" s") else "legendonly",
        )  # fmt: skip
    figure.update_xaxes(type="log")
    figure.update_yaxes(type="log")
    return _laid_out(figure, table.title, "images", 480)


def _laid_out(figure, title: str, below: str, height: int):
    figure.update_layout(
        title=title, xaxis_title=below, height=height, template="plotly_white", margin={"l": 16, "r": 16},
    )  # fmt: skip
    figure.update_yaxes(automargin=True)
    return figure


_FIGURES = {
    "extraction": _extraction, "networks": _networks, "index": _index, "kinds": _index,
    "maps": _maps, "recluster": _recluster, "growth": _growth,
}  # fmt: skip
