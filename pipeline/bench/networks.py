"""Networks by each engine, and all of `embed`, on quiet cores and on cores that others use, too."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np

from pipeline import settings
from pipeline.bench.extraction import ours
from pipeline.bench.isolated import measured, processor_seconds
from pipeline.bench.table import Table
from pipeline.embeddings import create
from pipeline.embeddings.dreamsim import blueprint as dreamsim
from pipeline.embeddings.efficientnet import BLUEPRINT
from pipeline.embeddings.engines import Blueprint, Network, openvino, torch
from pipeline.embeddings.engines.contract import least_cosine
from pipeline.errors import ImageError, LibraryError
from pipeline.pictures import decoding
from pipeline.progress import Progress

EMBEDDINGS = ["color", "sift", "efficientnet"]

_BATCH, _SECONDS = 32, 3.0
_PICTURES = 64
_BURN = """
import os, sys, threading
threading.Thread(target=lambda: os._exit(len(sys.stdin.read())), daemon=True).start()
print(flush=True)
while True:
    pass
"""


def bench(folder: Path, beside: Path, given: dict, quick: bool, progress: Progress) -> Table:
    """Pictures per second of networks and of the whole batch loop, each with the cores to itself and busy.

    DreamSim only where `given` names its weights; a ViT-B/32 of random weights stands for it in any case.
    """
    table = Table("Networks", {
        "what": "", "quiet": "images/s with the cores to itself",
        "busy": f"images/s beside {settings.cores()} processes that burn a core each", "kept": "busy / quiet",
        "core ms": "milliseconds of one core a picture, of the first of the two",
        "apart": f"1 − the least cosine to torch in fp32 over {_PICTURES} pictures",
    })  # fmt: skip
    names = ["efficientnet", "ViT-B/32", *(["dreamsim"] if given.get("dreamsim") else [])]
    ways = {what: [*WAYS, *(PACKAGE if what == "dreamsim" else ())] for what in names}
    if quick:
        ways = {"efficientnet": ["torch, exact", "OpenVINO"]}
    progress.start("networks", 2 + sum(map(len, ways.values())))
    rates, ms = [], 0.0
    for busy in (False, True):
        with _burning(busy):
            answer, _ = measured(ours, folder, beside / f"networks-{busy}", EMBEDDINGS, given, False)
        rates.append(answer["rate"])
        ms = ms or answer["ms"]
        progress.advance()
    table.row(what=f"embed: {', '.join(EMBEDDINGS)}, thumbnails, hashes", **_figures(rates, ms))
    seconds = _SECONDS / (10 if quick else 1)
    for what, each in ways.items():
        exact = None
        for by in each:
            answer, _ = measured(_rates, folder, what, by, given, seconds)
            progress.advance()
            said = f"{what} by {by} ({answer['precision']})" if answer["precision"] else f"{what} by {by}"
            if exact is None:
                exact = answer["rows"]
                table.row(what=said, **_figures(answer["rates"], answer["ms"]))
            else:
                table.row(what=said, **_figures(answer["rates"], answer["ms"]), apart=1 - least_cosine(answer["rows"], exact))
    table.notes += _beside_package(table)
    table.notes.append(f"Batches of {_BATCH} prepared pictures. ViT-B/32 has random weights: speed and cosine mean something.")
    return table


def _beside_package(table: Table) -> list[str]:
    """How many times as fast as DreamSim's package the way it is run is; nothing where it was not measured."""
    rows = {row["what"]: row for row in table.rows}
    used = next((row for what, row in rows.items() if what.startswith("dreamsim by OpenVINO (")), None)
    notes = []
    for way in PACKAGE if used else ():
        package = rows[f"dreamsim by {way}"]
        quiet, ms = used["quiet"] / package["quiet"], package["core ms"] / used["core ms"]
        notes.append(f"DreamSim by OpenVINO beside {way}: {quiet:.1f} times the images/s, {ms:.1f} times by time of the processor.")
    return notes


def _figures(rates: list[float], ms: float) -> dict[str, float]:
    return {"quiet": rates[0], "busy": rates[1], "kept": rates[1] / rates[0], "core ms": ms}


@contextmanager
def _burning(busy: bool) -> Iterator[None]:
    """Beside processes that burn a core each; they end with this one, whatever ends it."""
    words = [sys.executable, "-c", _BURN]
    with ExitStack() as started:
        for _ in range(settings.cores() * busy):
            other = started.enter_context(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            started.callback(other.kill)
            other.stdout.readline()  # it burns
        yield


def _rates(folder: Path, what: str, by: str, given: dict, seconds: float) -> dict:
    """Images per second through a network with the cores to itself and busy, its rows (n, dim), and what
    it is computed in."""
    pictures = _prepared(folder)
    network = _package(given, PACKAGE[by]) if by in PACKAGE else WAYS[by](_blueprint(what, given))
    rows = np.concatenate([network(pictures[start : start + _BATCH]) for start in range(0, len(pictures), _BATCH)])
    rates, ms = [], 0.0
    for busy in (False, True):
        with _burning(busy):
            count, started, used = 0, time.perf_counter(), processor_seconds()
            while (took := time.perf_counter() - started) < seconds:
                network(pictures[count % (len(pictures) // 2 + 1) :][:_BATCH])
                count += min(_BATCH, len(pictures))
            ms = ms or (processor_seconds() - used) * 1000 / count
        rates.append(count / took)
    if what == "dreamsim":
        rows = rows - rows.mean(axis=1, keepdims=True)
    return {"rates": rates, "ms": ms, "rows": rows, "precision": getattr(network, "precision", "")}


def _prepared(folder: Path) -> list[np.ndarray]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and decoding.is_image_name(path))
    if not files:
        raise LibraryError(f"There are no pictures in {folder}.")
    prepare, pictures = create("efficientnet").prepare, []
    for at in np.linspace(0, len(files) - 1, _PICTURES).astype(int):
        with suppress(ImageError):  # a damaged one ends no measurement
            pictures.append(prepare(decoding.decode(decoding.read(files[at]))))
    if not pictures:
        raise LibraryError(f"None of the files in {folder} can be read as images.")
    return [pictures[at % len(pictures)] for at in range(_PICTURES)]


def _blueprint(what: str, given: dict) -> Blueprint:
    if what == "efficientnet":
        return BLUEPRINT
    if what == "dreamsim":
        return dreamsim(create("dreamsim", given["dreamsim"]).options)
    return Blueprint("ViT-B-32", "", 224, (0.5,) * 3, (0.5,) * 3, _random_vit)


def _random_vit():
    import timm
    import torch as library

    library.manual_seed(0)
    return timm.create_model("vit_base_patch32_clip_224", num_classes=0).eval().requires_grad_(False)


def _torch_exact(blueprint: Blueprint) -> Network:
    return torch.TorchNetwork(blueprint.module(), blueprint, torch.choose_device("cpu"))


def _openvino_exact(blueprint: Blueprint) -> Network:
    graph = blueprint.graph() if blueprint.graph else openvino.converted(blueprint.module(), blueprint.side)
    return openvino.Streams(graph, blueprint, half=False)


WAYS: dict[str, Callable] = {
    "torch, exact": _torch_exact,
    "torch": lambda blueprint: torch.load(blueprint, "cpu"),
    "OpenVINO, exact": _openvino_exact,
    "OpenVINO": openvino.load,
}
"""How a network is run; `exact` is in 32 bits, and the first is what the others are compared with."""


PACKAGE = {"its package, in batches": False, "the same in autocast": True}
"""DreamSim's package as it documents itself, but for the batches; whether in torch's 16 bits."""


def _package(given: dict, half: bool) -> Callable:
    import contextlib
    import io

    import torch as library
    from dreamsim import dreamsim as load

    library.set_num_threads(settings.cores())
    options = create("dreamsim", given["dreamsim"]).options
    with contextlib.redirect_stdout(io.StringIO()):
        model, _ = load(device="cpu", cache_dir=str(options.weights), dreamsim_type=options.type)

    def passed(pictures) -> np.ndarray:
        pixels = library.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
        with library.inference_mode(), library.autocast("cpu", dtype=library.bfloat16, enabled=half):
            return model.embed(pixels).float().numpy()

    return passed
