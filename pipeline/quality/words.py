"""What words find, judged by what is known otherwise: labels for things, pixels for colors.

Words are those that labels consist of. A thing has its dominant color, the plain one that takes most
of what GrabCut (Rother et al. 2004) cuts out of the picture's thumbnail. Of a picture of the sample gallery
the palette is known that it was painted with, and its colors are those that take a quarter of that
palette and more: one or two. The search sees nothing of any of these. What is written about a picture
has no say. Where n pictures are right, R-precision is the share of right ones among the first n.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from pipeline import gallery
from pipeline.embeddings import color_words, imagenet
from pipeline.errors import ImageError
from pipeline.library import ImageRow, Library
from pipeline.pictures import decoding
from pipeline.progress import Progress, Silent
from pipeline.search import Entry, Filter, ImageEntry, Query, Searcher, WordsEntry, words

TEN = 10
"""Queries of each kind that are shown, and matches that precision looks at."""
LEAST = 3
"""Pictures that must be right for a query to be asked."""
_OF_PALETTE = 0.25
"""Of a palette's ramp from dark to light, that a plain color must take for people to call it so."""
_SIDE = 96  # px, of what is cut out
_MARGIN = 0.06  # of the sides, taken for background


@dataclass(frozen=True)
class Truth:
    """ids (n,) int64 ascending; thing (n,): the thing that a picture's label names, "" for none;
    colors (n, plain colors) bool: which of `color_words.PLAIN` the thing has, none where that is not known."""

    ids: np.ndarray
    thing: np.ndarray
    colors: np.ndarray

    def of(self, color: str) -> np.ndarray:
        """Which pictures have a plain color: (n,) bool."""
        return self.colors[:, color_words.PLAIN.index(color)]


@dataclass(frozen=True)
class Asked:
    """A query in words, what it is asked with, and which of the truth's pictures are right."""

    text: str
    entries: tuple[Entry, ...]
    right: np.ndarray


def evaluate(library: Library, progress: Progress = Silent(), seed: int = 0) -> dict:
    """{kind: {"queries": [{"query", "right", "precision_at_10", "r_precision"}], "count", "precision_at_10",
    "r_precision"}}, the last three over all queries of the kind that can be asked (of those with
    pictures: over ten), the queries ten of them. Kinds are `thing`, `group`, `color and thing`,
    `picture and word`. Empty where no label names a thing that ImageNet knows.
    """
    searcher = Searcher(library)
    truth = known(library, progress)
    kinds: dict[str, Callable[[], list[Asked]]] = {
        "thing": lambda: list(_things(truth)),
        "group": lambda: list(_groups(truth)),
        "color and thing": lambda: list(_colored(truth)),
        "picture and word": lambda: _pictures(truth, seed),
    }
    figures = {}
    for kind, made in kinds.items():
        asked = made()
        progress.start(kind, len(asked))
        rows = [_judged(searcher, truth, one, progress) for one in asked]
        if rows:
            shown = np.linspace(0, len(rows) - 1, min(TEN, len(rows))).astype(int)
            means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in ("precision_at_10", "r_precision")}
            figures[kind] = {"queries": [rows[at] for at in shown], "count": len(rows), **means}
    return figures


def known(library: Library, progress: Progress = Silent()) -> Truth:
    """What is known of the pictures whose label names a thing, and of all others."""
    rows = sorted(library.images(), key=lambda row: row.id)
    named = {label: _thing(label) for label in {row.label or "" for row in rows}}
    palettes = {root: gallery.truth(Path(root)) for root in library.roots()}
    colors = np.zeros((len(rows), len(color_words.PLAIN)), bool)
    progress.start("colors", len(rows))
    for row, own in zip(rows, colors):
        if named[row.label or ""]:
            own[:] = _colors(library, row, palettes[row.root].get(row.path))
        progress.advance()
    things = [named[row.label or ""] for row in rows]
    return Truth(np.array([row.id for row in rows], np.int64), np.array(things, str), colors)


def _thing(label: str) -> str:
    """The thing that a label names as a whole, or by its last word."""
    spoken = label.replace("_", " ").replace("-", " ")
    whole = imagenet.find(spoken)
    if whole is not None:
        return whole.name
    parts = [part for part in words.parse(spoken).parts if part.kind == "thing"]
    ends = [part.name for part in parts if spoken.casefold().endswith(part.text.casefold())]
    starts = [part.name for part in parts if spoken.casefold().startswith(part.text.casefold())]
    return next(iter([*ends, *starts]), "")


def _colors(library: Library, row: ImageRow, palette: str | None) -> np.ndarray:
    """Which plain colors a picture's thing has: (colors,) bool."""
    if palette is not None:
        return of_palette(palette)
    try:
        pixels = decoding.decode(library.thumbnail(row.id) or b"")
    except ImageError:
        return np.zeros(len(color_words.PLAIN), bool)
    shares = color_words.shares(pixels[cut_out(pixels)])
    return np.array([color == max(shares, key=shares.get) for color in color_words.PLAIN])


@lru_cache
def of_palette(name: str) -> np.ndarray:
    """Which plain colors a palette of the sample gallery is called by: (colors,) bool."""
    shares = color_words.shares((gallery.PALETTES[name].ramp * 255).round().astype(np.uint8))
    return np.array([shares[color] >= _OF_PALETTE for color in color_words.PLAIN])


def cut_out(pixels: np.ndarray) -> np.ndarray:
    """Which pixels of a picture (h, w, 3) uint8 are of the thing: (h, w) bool, some always.

    What GrabCut leaves of all but a margin, of the middle where that is next to nothing.
    """
    scale = _SIDE / max(pixels.shape[:2])
    width, height = (max(8, round(side * scale)) for side in pixels.shape[1::-1])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)[..., ::-1].copy()
    inside = (round(width * _MARGIN), round(height * _MARGIN), round(width * (1 - 2 * _MARGIN)), round(height * (1 - 2 * _MARGIN)))
    mask = np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(0)
    try:
        cv2.grabCut(small, mask, inside, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        mask[:] = cv2.GC_BGD  # a picture of one color has nothing to be told apart
    found = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    if found.mean() < 0.05:
        found[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return cv2.resize(found.astype(np.uint8), pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(bool)


def _things(truth: Truth) -> Iterator[Asked]:
    for thing in sorted(set(truth.thing) - {""}):
        yield Asked(thing, (WordsEntry(thing),), truth.thing == thing)


def _groups(truth: Truth) -> Iterator[Asked]:
    """Everyday words for two and more of the labels' things, as long as there are others."""
    classes = {thing: set(imagenet.things()[thing].classes) for thing in set(truth.thing) - {""}}
    for thing in imagenet.things().values():
        inside = [name for name, own in classes.items() if own <= set(thing.classes) and name != thing.name]
        if thing.everyday and 2 <= len(inside) < len(classes):
            yield Asked(thing.name, (WordsEntry(thing.name),), np.isin(truth.thing, inside))


def _colored(truth: Truth) -> Iterator[Asked]:
    for thing in sorted(set(truth.thing) - {""}):
        for color in sorted(color_words.PLAIN):
            right = (truth.thing == thing) & truth.of(color)
            if right.sum() >= LEAST:
                yield Asked(f"{color} {thing}", (WordsEntry(f"{color} {thing}"),), right)


def _pictures(truth: Truth, seed: int) -> list[Asked]:
    """Pictures of a thing, with a color that they do not have, and without the one that they have."""
    drawn = np.random.default_rng(seed)
    found = []
    pairs = list(_colored(truth))
    for at in drawn.permutation(len(pairs)):
        color, thing = pairs[at].text.split(" ", 1)
        others = np.flatnonzero((truth.thing == thing) & ~truth.of(color) & truth.colors.any(axis=1))
        if len(found) < TEN // 2 and len(others):
            image = int(truth.ids[drawn.choice(others)])
            found.append(Asked(f"a {thing} + {color}", (ImageEntry(image), WordsEntry(color)), pairs[at].right))
    for at in drawn.permutation(len(pairs)):
        color, thing = pairs[at].text.split(" ", 1)
        others = (truth.thing == thing) & ~truth.of(color)
        if len(found) < TEN and others.sum() >= LEAST:
            image = int(truth.ids[drawn.choice(np.flatnonzero(pairs[at].right))])
            found.append(Asked(f"a {color} {thing} − {color}", (ImageEntry(image), WordsEntry(color, True)), others))
    return found


def _judged(searcher: Searcher, truth: Truth, asked: Asked, progress: Progress) -> dict:
    """How right the first matches of a query are; a picture that it is asked with is not among them."""
    images = tuple(entry.id for entry in asked.entries if isinstance(entry, ImageEntry))
    right = set(truth.ids[asked.right].tolist()) - set(images)
    query = Query(asked.entries, top_k=max(TEN, len(right)), filter=Filter(exclude=images), written=False)
    hits = [match.id in right for match in searcher.search(query).matches]
    progress.advance()
    return {
        "query": asked.text, "right": len(right), "precision_at_10": round(float(np.mean(hits[:TEN])), 4),
        "r_precision": round(float(np.mean(hits[: len(right)])), 4),
    }  # fmt: skip


def as_text(figures: dict) -> str:
    """Aligned tables, one a kind."""
    if not figures:
        return "No label of this library names a thing that is known by a word."
    lines: list[str] = []
    for kind, found in figures.items():
        heading = "" if lines else "Words, judged by label and by the color of what is cut out, or of what it was painted with"
        lines += [heading, _line(kind, "right", "P@10", "R-prec.")]
        lines += [_line(f"  {row['query']}", row["right"], *_shown(row)) for row in found["queries"]]
        lines.append(_line(f"  all {found['count']}", "", *_shown(found)))
    return "\n".join(lines)


def _shown(row: dict) -> Sequence[str]:
    return f"{row['precision_at_10']:.3f}", f"{row['r_precision']:.3f}"


def _line(*cells: object) -> str:
    first, *rest = map(str, cells)
    return f"{first:<34}" + "".join(f"{cell:>10}" for cell in rest)
