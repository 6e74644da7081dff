"""What the browser is told of a match: figures as they are shown, places as shares of a picture's sides."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dashboard import components
from dashboard.pages.search import board as search_board
from dashboard.pages.search.entry import Asked, Entry
from dashboard.pages.search.kinds import KINDS
from dashboard.pages.search.query import Settings, query_of
from dashboard.reads import Reads
from dashboard.uploads.edit import EditedPictures
from pipeline import reasons
from pipeline.errors import ImageError, QueryError
from pipeline.library import ImageRow
from pipeline.library.facts.columns import KEYWORD
from pipeline.pictures import decoding, hashes, untrusted
from pipeline.pictures.metadata.text import keywords
from pipeline.pictures.thumbnails import encode_jpeg
from pipeline.reasons import telling
from pipeline.reasons.colors import Colors, Side
from pipeline.reasons.regions import Seen
from pipeline.reasons.score import Score
from pipeline.reasons.structure import Structure
from pipeline.search import Filter, Query
from pipeline.settings import METRICS

DIGITS = 3
"""Of a score on the screen; its parts are rounded so that they add up to it."""

_PICTURED = ("image", "upload")  # kinds of entries that are one picture
_MOST = 2 * 2**20  # characters of an upload's preview as it is sent
_FINE = 4  # digits of what is only drawn


def match_of(params: Mapping[str, str]) -> int | None:
    """The match that an address names."""
    text = params.get("match", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def told(reads: Reads, edited: EditedPictures, params: Mapping[str, str], given: Mapping) -> dict:
    """Everything the page shows. given: what the browser has of uploads, {"uploads": {token: {embedding: vector}},
    "names": {key: name}, "pictures": {key: preview as an address of data}, "keywords": {key: those of its file}}.
    Raises LikenessError."""
    match = match_of(params)
    row = reads.image(match) if match is not None else None
    if row is None or row.state != "ok":
        raise QueryError("That image is not in the library any more.")
    board = search_board.from_params(params)
    uploads, names = _mapping(given, "uploads"), _mapping(given, "names")
    settings = Settings.of(params, reads.embeddings())
    query = query_of(reads, edited, board, uploads, settings)
    at = _beside(board, params.get("beside", ""))
    pixels = _picture(reads, board[at], _mapping(given, "pictures")) if at is not None else None
    shown = None
    if pixels is not None:
        shown = reasons.Shown(
            KINDS[board[at].kind].query(Asked(reads, edited, uploads), board[at])[0], pixels,
            _keywords(reads, board[at], _mapping(given, "keywords")),
        )
    found = _decoded(reads, row)
    why = reasons.explain(reads.searcher, query, row.id, found, shown)
    titles = components.titles_of(list(why.meaning))
    pictured = [i for i, one in enumerate(board) if one.kind in _PICTURED]
    return {
        "match": {"id": row.id, "name": components.name_of(row.path), "path": reads.told([row])[0], "label": row.label} | _sent(found),
        "asked": {"at": at, "name": _called(reads, board[at], names), "id": _id(board[at])} | _sent(pixels) if at is not None else None,
        "others": [{"at": i, "name": _called(reads, board[i], names), "minus": board[i].minus} for i in pictured],
        "query": [_called(reads, one, names) for one in board],
        "score": _score(why.score, reads.embeddings()), "ranked": _ranked(reads, query, row.id),
        "structure": why.structure and _structure(why.structure, why.texture),
        "colors": why.colors and _colors(why.colors) | {"read": "color" in why.read},
        "meaning": [
            {"name": name, "title": titles[name], "asked": _seen(one.asked), "found": _seen(one.found),
             "cosines": np.round(one.cosines, DIGITS).tolist(), "sums": one.sums}
            for name, one in why.meaning.items()
        ],
        "words": [{"word": word} | _seen(one) for word, one in why.words.items()],
        "known": {
            "labels": why.known.labels, "shared": why.known.shared,
            "things": [{"name": one.name, "asked": round(one.asked, 2), "found": round(one.found, 2)} for one in why.known.things],
        },
    }  # fmt: skip


def rounded(amounts: Sequence[float], whole: float, digits: int = DIGITS) -> list[float]:
    """Amounts rounded so that they add up to the rounded whole: what is over goes to those that lose most
    (the method of the largest remainder)."""
    unit = 10**digits
    exact = np.array(amounts, np.float64) * unit
    cut = np.floor(exact)
    over = int(round(whole * unit) - cut.sum())
    order = np.argsort(-(exact - cut), kind="stable")
    for i in range(abs(over)):
        cut[order[i % len(order)] if over > 0 else order[-1 - i % len(order)]] += np.sign(over)
    return (cut / unit).round(digits).tolist()


def _mapping(given: Mapping, name: str) -> Mapping:
    found = given.get(name)
    return found if isinstance(found, dict) else {}


def _beside(board: Sequence[Entry], text: str) -> int | None:
    """Which entry's picture is looked at: the one named, else the first with a plus."""
    pictured = [i for i, one in enumerate(board) if one.kind in _PICTURED]
    if text.isascii() and text.isdecimal() and len(text) < 4 and int(text) in pictured:
        return int(text)
    return next((i for i in pictured if not board[i].minus), pictured[0] if pictured else None)


def _picture(reads: Reads, entry: Entry, previews: Mapping) -> np.ndarray | None:
    """The picture of an entry as it is searched with, (h, w, 3) uint8; None where it cannot be had."""
    if entry.kind == "image":
        row = reads.image(int(entry.key))
        pixels = _decoded(reads, row, entry.edit.side) if row else None
    else:
        pixels = _preview(str(previews.get(entry.key) or ""))
    return None if pixels is None else decoding.resize(entry.edit.apply(pixels), decoding.WORK_SIDE)


def _decoded(reads: Reads, row: ImageRow, side: int = decoding.WORK_SIDE) -> np.ndarray | None:
    """The file with a long side of so many px, else its thumbnail; None without either."""
    try:
        return untrusted.decode(decoding.read(row.place), (side,), decoding.OWN)[0]
    except ImageError:
        jpeg = reads.library.thumbnail(row.id)
        return decoding.decode(jpeg) if jpeg else None


def _keywords(reads: Reads, entry: Entry, given: Mapping) -> tuple[str, ...]:
    """Those of the picture of an entry, an edited one's are those of the whole."""
    if entry.kind == "image":
        return tuple(reads.library.facts.of(int(entry.key)).values.get(KEYWORD, ()))
    found = given.get(entry.key)
    return keywords(found) if isinstance(found, list) else ()


def _preview(text: str) -> np.ndarray | None:
    head, comma, data = text.partition(",")
    if not comma or not head.startswith("data:image/") or len(text) > _MOST:
        return None
    try:
        return untrusted.decode(base64.b64decode(data, validate=True), (decoding.WORK_SIDE * 2,))[0]
    except (ImageError, binascii.Error, ValueError):
        return None


def _called(reads: Reads, entry: Entry, names: Mapping) -> str:
    return KINDS[entry.kind].called(reads, entry, names)


def _id(entry: Entry) -> int | None:
    return int(entry.key) if entry.kind == "image" else None


def _sent(pixels: np.ndarray | None) -> dict:
    """The very pixels that were looked at, as an address of data."""
    if pixels is None:
        return {"src": None}
    source = "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(pixels, 88)).decode()
    return {"src": source, "width": pixels.shape[1], "height": pixels.shape[0]}


def _score(found: Score, names: Sequence[str]) -> dict:
    titles = components.titles_of(names)
    counting = [part for part in found.parts if part.share]
    whole = 1 - round(found.looks, DIGITS) if found.scaled else found.score
    shown = dict(zip((part.name for part in counting), rounded([part.amount for part in counting], whole) if counting else []))
    return {
        "score": round(found.score, DIGITS), "looks": round(found.looks, DIGITS), "scaled": found.scaled,
        "written": found.written and found.written[1],
        "parts": [
            {
                "name": part.name, "title": titles.get(part.name, components.title_of(part.name)),
                "part": components.part_of(part.name), "share": round(part.share, DIGITS),
                "value": None if part.value is None else round(part.value, DIGITS), "amount": shown.get(part.name, 0.0),
                "place": part.place and [part.place.rank, part.place.of, part.place.about],
            }
            for part in found.parts
        ],
    }


def _ranked(reads: Reads, query: Query, image: int) -> str | None:
    """What the search ranks the match by, in a sentence, where that is not the score."""
    if query.metric == METRICS[0]:
        return None
    found = reads.search(replace(query, filter=Filter(ids=(image,)), exact=True, top_k=1)).matches
    if not found:
        return None
    if query.metric == "hamming":
        return f"The search ranks by perceptual hashes: {found[0].distance:.0f} of {hashes.BITS} bits differ."
    return f"The search ranks by {query.metric.capitalize()} distance: {found[0].distance:.{DIGITS}f}, where 0 is the same."


def _structure(found: Structure, texture: bool | None) -> dict:
    pairs = np.concatenate([found.first[found.pairs[:, 0]], found.second[found.pairs[:, 1]]], axis=1)
    return {
        "first": np.round(found.first, _FINE).tolist(), "second": np.round(found.second, _FINE).tolist(),
        "pairs": np.round(pairs, _FINE).tolist(), "fits": found.fits.tolist(), "inliers": found.inliers,
        "said": telling.structure(found, texture), "tells": found.same or bool(texture),
    }


def _colors(found: Colors) -> dict:
    rows = zip(found.bins.tolist(), found.colors, found.first.tolist(), found.second.tolist(), found.products.tolist())
    return {
        "asked": _side(found.asked), "found": _side(found.found), "cosine": round(found.cosine, DIGITS),
        "bins": [{"bin": b, "color": color, "asked": round(q, _FINE), "found": round(x, _FINE), "adds": round(p, _FINE)}
                 for b, color, q, x, p in rows],
    }


def _side(side: Side | None) -> dict | None:
    return side and {
        "palette": [[one.color, round(one.share, DIGITS)] for one in side.palette],
        "shape": list(side.bins.shape), "bins": side.bins.ravel().tolist(),
    }


def _seen(seen: Seen) -> dict:
    rows, columns = seen.adds.shape
    return {"adds": np.round(seen.adds, 5).ravel().tolist(), "shape": [rows, columns], "box": [round(x, _FINE) for x in seen.box]}
