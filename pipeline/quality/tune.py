"""Would a learned encoder sum up SIFT-VLAD better than PCA-whitening does?

Both project the VLAD vector of `pipeline.embeddings.sift_vlad` to as many numbers, learned
from the same images of the library, and are judged on images neither has seen:

    recall@10   of the 10 nearest by the whole VLAD vectors, how many are still among the 10
    rank-1      how often a changed copy (`pipeline.quality.transforms`) finds its original first

The encoder is the one of `pipeline.quality.autoencoder`, learned from nothing and, a second time,
with the whitening to start from. This measures; it changes nothing.

Measured on 2,500 of the clothing photographs (1,500 to learn from, 1,000 held out, changed
copies of 200; seed 0) with `python -m pipeline tune`; ms of processor time per projection,
on a quiet machine:

                         numbers recall@10 crop70 rotate12 half_jpeg20 dark_mirror blur2  mean   ms
    not projected          9,216     1.000  0.985    1.000       1.000       0.995 0.995 0.995
    PCA-whitening (in use)   256     0.483  0.905    1.000       1.000       0.995 0.975 0.975 0.15
    autoencoder              256     0.429  0.760    1.000       0.940       0.975 0.870 0.909 1.68
    whitening, learned on    256     0.504  0.865    1.000       0.995       0.990 0.960 0.962 2.06

The autoencoder loses at both after 8 trials. Learning on from the whitening (8 trials)
trades rank-1 for recall, and a weaker whitening does so for less: with version 1 of the
descriptors, components divided by the power 0.2 of their shrunk variance instead of 0.5 had
recall 0.523 and rank-1 0.967 where the whitening had 0.487 and 0.973. The whitening stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.embeddings.base import unit_rows
from pipeline.embeddings.sift_vlad import SiftVlad
from pipeline.errors import ImageError, LibraryError
from pipeline.extraction.embed import FIT_SAMPLE
from pipeline.library import ImageRow, Library
from pipeline.pictures import decoding
from pipeline.progress import Progress, Silent
from pipeline.quality.autoencoder import learn, optuna, recall_at_10
from pipeline.quality.transforms import TRANSFORMS

QUERIES = 200
"""Held-out images whose changed copies are searched for among all that are held out."""
TIMED = 50
"""Images whose description is timed."""

ENCODERS = {"autoencoder": False, "refined": True}
"""Learned encoders and whether they start as the whitening."""
TITLES = {
    "none": "not projected", "whitening": "PCA-whitening (in use)",
    "autoencoder": "autoencoder", "refined": "whitening, learned on",
}

SMALLEST = 10
PARTS = 3
"""Parts drawn of each image, whose VLAD vectors the encoder sees in place of the whole."""


@dataclass(frozen=True)
class Material:
    """VLAD vectors of L2 norm 1 or 0, all float32, d numbers each."""

    train: np.ndarray
    """(n, d): images to learn from."""
    parts: np.ndarray
    """(n, PARTS, d) float16: parts of each of them."""
    held_out: np.ndarray
    """(m, d): other images."""
    copies: dict[str, np.ndarray]
    """Transformation → (q, d): changed copies of the first q held out."""
    mean: np.ndarray
    """(d,) and `projection` (d, 256): the whitening learned from the same images."""
    projection: np.ndarray
    ms_per_image: float
    """Processor time of decoding, SIFT and VLAD of one image."""


def tune(
    library: Library, trials: int, limit: int, seed: int = 0, progress: Progress = Silent()
) -> dict:
    """Compare the projections on at most `limit` of a library's images, as `tune --json` prints it.

    The library is left as it is. Raises LikenessError where Optuna is not installed and
    LibraryError where there are too few images.
    """
    optuna()  # before minutes of work
    seed %= 2**32  # what Optuna and scikit-learn take; any whole number is a seed
    return compare(gather(library, limit, seed, progress), trials, seed, progress)


def gather(library: Library, limit: int, seed: int, progress: Progress = Silent()) -> Material:
    """Draw images, learn codebook and whitening from three fifths of them, describe all."""
    rng = np.random.default_rng(seed)
    rows = [row for row in library.images() if row.file.is_file()]
    rows = [rows[i] for i in rng.permutation(len(rows))[:limit]]
    count = min(FIT_SAMPLE, len(rows) * 3 // 5)
    if len(rows) < SMALLEST:
        raise LibraryError(f"A comparison needs {SMALLEST} images or more; there are {len(rows)}.")
    sift = SiftVlad()
    progress.start("learn sift", count)
    samples = [sift.sample(image) for image in _decoded(rows[:count], progress)]
    if not samples:
        raise LibraryError("None of the images to learn from could be read.")
    sift.fit(samples, seed)
    train = np.stack([sift.prepare_sample(sample) for sample in samples])
    parts = np.stack([
        [sift.prepare_sample(_part(*sample, rng)) for _ in range(PARTS)] for sample in samples
    ]).astype(np.float16)
    del samples
    progress.start("held out", len(rows) - count)
    held_out, copies = [], {name: [] for name in TRANSFORMS}
    for image in _decoded(rows[count:], progress):
        if len(held_out) < QUERIES:
            for name, change in TRANSFORMS.items():
                copies[name].append(sift.prepare_sample(sift.sample(change(image))))
        held_out.append(sift.prepare_sample(sift.sample(image)))
    if not held_out:
        raise LibraryError("None of the images to judge by could be read.")
    arrays = sift.to_arrays()
    return Material(
        train, parts, np.stack(held_out),
        {name: np.stack(found) for name, found in copies.items()},
        arrays["mean"], arrays["projection"], _ms_per_image(sift, rows[:TIMED]),
    )


def compare(
    material: Material, trials: int, seed: int = 0, progress: Progress = Silent()
) -> dict:
    """Tune an encoder on the material's training images; judge all on the held-out ones."""
    progress.start("tune", len(ENCODERS) * trials)
    learned, seconds = {}, {}
    for name, whitened in ENCODERS.items():
        started = time.process_time()
        learned[name] = learn(
            material.train, material.parts, material.projection.shape[1], whitened, trials, seed, progress
        )
        seconds[name] = round(time.process_time() - started, 1)
    projections = {
        "none": lambda rows: rows,
        "whitening": lambda rows: unit_rows((rows - material.mean) @ material.projection),
        **{name: encoder.codes for name, encoder in learned.items()},
    }
    judged = {name: _judge(material, project) for name, project in projections.items()}
    better = [
        name for name in ENCODERS
        if all(judged[name][key] > judged["whitening"][key] for key in ("recall_at_10", "rank1_mean"))
    ]
    return {
        "images": {"train": len(material.train), "held_out": len(material.held_out),
                   "queries": len(next(iter(material.copies.values())))},
        "ms_per_image": round(material.ms_per_image, 2),
        "projections": judged,
        "encoders": {
            name: {"parameters": encoder.parameters, "epochs": encoder.epochs,
                   "seconds": seconds[name], "trials": encoder.trials}
            for name, encoder in learned.items()
        },
        "better": better,
    }


def _decoded(rows: list[ImageRow], progress: Progress) -> Iterator[np.ndarray]:
    """The readable ones among the images, (h, w, 3) uint8 RGB."""
    for row in rows:
        try:
            image = decoding.decode(decoding.read(row.place))
        except ImageError:
            progress.advance(failed=1)
            continue
        yield image
        progress.advance()


def _ms_per_image(sift: SiftVlad, rows: list[ImageRow]) -> float:
    started = time.process_time()
    count = len([sift.prepare_sample(sift.sample(image)) for image in _decoded(rows, Silent())])
    return (time.process_time() - started) * 1000 / max(1, count)


def _part(found: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Half to all of the keypoints inside a random crop of 55–100 % of width and height."""
    side = rng.uniform(0.55, 1)
    low = rng.uniform(0, 1 - side, 2)
    inside = ((places[:, :2] >= low) & (places[:, :2] <= low + side)).all(axis=1)
    kept = inside & (rng.random(len(found)) < rng.uniform(0.5, 1))
    return [found[kept], places[kept]] if kept.sum() > 3 else [found, places]


def _judge(material: Material, project: Callable[[np.ndarray], np.ndarray]) -> dict:
    """Recall@10, rank-1 per transformation and their mean, processor time of one projection."""
    codes = project(material.held_out)
    true = torch.from_numpy(material.held_out @ material.held_out.T)
    recall = recall_at_10(true, torch.from_numpy(codes @ codes.T), np.arange(len(codes)))
    rank1 = {}
    for name, copies in material.copies.items():
        found = (project(copies) @ codes.T).argmax(axis=1)
        rank1[name] = round(float((found == np.arange(len(copies))).mean()), 4)
    singles = material.held_out[:QUERIES]
    started = time.process_time()
    for row in singles:
        project(row[None])
    return {
        "dim": codes.shape[1],
        "recall_at_10": round(recall, 4),
        "rank1": rank1,
        "rank1_mean": round(float(np.mean(list(rank1.values()))), 4),
        "ms": round((time.process_time() - started) / len(singles) * 1000, 3),
    }


def table(report: dict) -> str:
    """What `tune` returns as lines for people."""
    counts = report["images"]
    lines = [
        f"{counts['held_out']:,} images, changed copies of {counts['queries']}; "
        f"learned from {counts['train']:,} others",
        f"{'':<24} numbers recall@10 {' '.join(TRANSFORMS)}  mean ms/image",
    ]
    for name, row in report["projections"].items():
        rank1 = " ".join(f"{row['rank1'][change]:>{len(change)}.3f}" for change in TRANSFORMS)
        lines.append(
            f"{TITLES[name]:<24} {row['dim']:>7,} {row['recall_at_10']:>9.3f} {rank1} "
            f"{row['rank1_mean']:.3f} {row['ms']:>8.2f}"
        )
    lines.append(f"Before it, decoding, SIFT and VLAD: {report['ms_per_image']:.1f} ms/image.")
    for name, encoder in report["encoders"].items():
        chosen = ", ".join(
            f"{key} {value:.2g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in encoder["parameters"].items() if key != "whitened"
        )
        lines.append(
            f"{TITLES[name]}: best of {len(encoder['trials'])} trials, {encoder['epochs']} epochs; {chosen}."
        )
    better = " and ".join(TITLES[name] for name in report["better"]) or "nothing"
    lines.append(f"Better than PCA-whitening at both recall and rank-1: {better}.")
    return "\n".join(lines)
