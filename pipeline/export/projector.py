"""A folder for TensorBoard's projector: `tensorboard --logdir FOLDER`, or loaded at projector.tensorflow.org.

projector_config.pbtxt (ProjectorConfig of tensorboard/plugins/projector) names, for each embedding, a table of
vectors, one of what is known of the images, and a sprite: all thumbnails in one picture of squares, row by row.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.export.wanted import Wanted, still, vectors, written
from pipeline.library import ImageRow, Library

SIDE = 8_192
"""Most pixels of the sprite's side: what WebGL takes everywhere."""
LARGEST, SMALLEST = 64, 24
"""Sides of a thumbnail in it, px."""
MOST = 50_000
"""Images of a projector's table: more hang the browser; of more, an even draw is taken."""


def projector(library: Library, target: Path, wanted: Wanted = Wanted()) -> int:
    """Write the folder; returns the images in it. Those that lack one of the embeddings are left out of its table."""
    ids = wanted.ids(library)
    if len(ids) > MOST:
        ids = ids[np.linspace(0, len(ids) - 1, MOST).round().astype(int)]
    ids, known = still(library, ids)
    lines, sprites = [], {}  # embeddings of the same images share one
    for name in wanted.names(library):
        found = vectors(library, name, ids)
        there = ~np.isnan(found[:, 0])
        if there.any():
            plain, mine = name.replace(":", "-"), ids[there]
            key = mine.tobytes()
            if key not in sprites:
                sprites[key] = f"{plain}/sprite.png"
                with written(target / sprites[key]) as file:
                    file.write(sprite(library, mine, side_of(len(mine))))
            lines.append(_embedding(known, target, plain, mine, found[there], sprites[key]))
    with written(target / "projector_config.pbtxt", "w", encoding="utf-8") as file:
        file.write("".join(lines))
    return len(ids)


def _embedding(
    known: Mapping[int, ImageRow], target: Path, name: str, ids: np.ndarray, rows: np.ndarray, sprite: str
) -> str:
    """The tables of one embedding, and what the configuration says of it. sprite: where its pictures are."""
    with written(target / name / "vectors.tsv", "w", encoding="utf-8") as file:
        for start in range(0, len(rows), 1_000):
            np.savetxt(file, rows[start : start + 1_000], fmt="%.7g", delimiter="\t")
    with written(target / name / "metadata.tsv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, escapechar=None, quotechar=None)
        writer.writerow(["path", "label", "id"])
        writer.writerows([_plain(known[i].shown), _plain(known[i].label or ""), i] for i in ids.tolist())
    side = side_of(len(ids))
    return (
        "embeddings {\n"
        f'  tensor_name: "{name}"\n  tensor_shape: {rows.shape[0]}\n  tensor_shape: {rows.shape[1]}\n'
        f'  tensor_path: "{name}/vectors.tsv"\n  metadata_path: "{name}/metadata.tsv"\n'
        f'  sprite {{\n    image_path: "{sprite}"\n    single_image_dim: {side}\n    single_image_dim: {side}\n  }}\n'
        "}\n"
    )


def side_of(count: int) -> int:
    """Side of a thumbnail, so that `count` of them fit into a square of `SIDE`, px."""
    return max(SMALLEST, min(LARGEST, SIDE // math.ceil(math.sqrt(max(1, count)))))


def sprite(library: Library, ids: np.ndarray, side: int) -> bytes:
    """PNG of thumbnails in squares, row by row: as many columns as rows, or one more."""
    columns = math.ceil(math.sqrt(len(ids)))
    sheet = Image.new("RGB", (columns * side, math.ceil(len(ids) / columns) * side), (238, 238, 236))
    for at, number in enumerate(ids.tolist()):
        if jpeg := library.thumbnail(number):
            tile = fitted(jpeg, side)
            left, top = at % columns * side, at // columns * side
            sheet.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
    file = io.BytesIO()
    sheet.save(file, "PNG", compress_level=4)
    return file.getvalue()


def fitted(jpeg: bytes, side: int) -> Image.Image:
    """A thumbnail, whole, within a square of a side."""
    picture = Image.open(io.BytesIO(jpeg))
    picture.draft("RGB", (2 * side, 2 * side))
    picture = picture.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.BOX if side < 48 else Image.Resampling.LANCZOS)
    return picture


def _plain(text: str) -> str:
    """Text of a cell: nothing in such a table can stand for a tab or a line's end."""
    return " ".join(text.split()) or " "
