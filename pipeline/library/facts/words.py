"""Images by words that are written about them.

Every word has to be found somewhere: in the name of the file or folder, a keyword, a tag, a
collection, a title, caption or prompt, a name of camera or model, or a person's own column.
"…" is one thing to find. An image's score is the mean over the words of how much the place
says (`WEIGHTS`), rare words counting more: inverse document frequency as in BM25 (Robertson &
Zaragoza 2009), over the images of the library.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from pipeline.library.schema.facts import INDEXES, WRITTEN
from pipeline.library.vectors import chunks

if TYPE_CHECKING:
    from pipeline.library.library import Library

Found = tuple[int, float, str]
"""An image, its score in 0–1, and where the word that counts most in it was found."""

WEIGHTS = {
    "keyword": 1.0, "tag": 1.0, "file name": 1.0, "collection": 0.9, "title": 0.9, "caption": 0.8, "model": 0.8,
    "camera": 0.8, "lens": 0.8, "creator": 0.8, "generator": 0.8, "prompt": 0.7, "folder": 0.6,
}  # fmt: skip
"""How much a word says where it stands: a keyword was chosen, a prompt holds a hundred words."""

_OF_OWN = 0.9
_LONGEST = 1_000  # characters of a query
_MOST_WORDS = 32
_PARTS = re.compile(r'"([^"]*)"|(\S+)')
_TOKEN = re.compile(r"\w+")

_every: WeakKeyDictionary[Library, tuple[int, np.ndarray]] = WeakKeyDictionary()
"""The generation, and ids of all `ok` images (n,) int64: 8 MB of a million."""

_IDS = "SELECT group_concat(image) FROM (SELECT DISTINCT {} AS image {} ORDER BY 1)"
_VOCABULARY = {
    "keyword": "JOIN keywords n ON n.keyword = v.text",
    "tag": "JOIN tags n ON n.tag = v.text",
    "collection": "JOIN collections c ON c.name = v.text JOIN collection_images n ON n.collection_id = c.id",
}


def find(library: Library, text: str, limit: int = 10_000) -> list[Found]:
    """`ok` images that all words of a text are written about, best first; (id, score, where) each.

    Among equals the one that came into the library first is first.
    """
    total = max(1, library.counts()["ok"])
    ids, scores, most, where, weight = None, None, None, None, 0.0
    for word in words_of(text):
        found, says, place = _of_word(library, word)
        rare = np.log1p((total - min(len(found), total) + 0.5) / (len(found) + 0.5))
        weight += rare
        if ids is None:
            ids, scores, most, where = found, rare * says, rare * says, place
            continue
        ids, here, there = np.intersect1d(ids, found, assume_unique=True, return_indices=True)
        more, place = rare * says[there], place[there]
        where = np.where(more > most[here], place, where[here])
        scores, most = scores[here] + more, np.maximum(most[here], more)
    if ids is None or not len(ids):
        return []
    kept = np.isin(ids, _ok(library, ids), assume_unique=True)
    ids, scores, where = ids[kept], scores[kept] / weight, where[kept]
    first = np.lexsort((ids, -scores))[:limit]
    return list(zip(ids[first].tolist(), scores[first].tolist(), where[first].tolist()))


def words_of(text: str) -> list[str]:
    """What is to be found, each as FTS5 takes it: a word, or the words of a phrase in quotes."""
    found = []
    for phrase, word in _PARTS.findall(text[:_LONGEST]):
        if tokens := _TOKEN.findall(phrase or word):
            found.append(f'"{" ".join(tokens)}"')
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def out_of_step(library: Library) -> list[str]:
    """The indexes of words that do not hold those of their tables; none where nothing can be written."""
    found = []
    for index in () if library.read_only else INDEXES:
        try:
            library.db.execute(
                f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)"
            )  # writes nothing
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            found.append(index)
    return found


def rebuild(library: Library, index: str) -> None:
    """Make an index of words anew from its table."""
    with library.db.atomic():
        library.db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")


def _of_word(library: Library, word: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where one word is written: ids (n,) int64 ascending, once each, with what the best place
    says (n,) float64 and which that is (n,) objects."""
    places = [(where, ids) for where, ids in _places(library, word) if len(ids)]
    if not places:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, object)
    ids = np.concatenate([ids for _, ids in places])
    says = np.repeat([WEIGHTS.get(where, _OF_OWN) for where, _ in places], [len(ids) for _, ids in places])
    place = np.repeat(np.array([where for where, _ in places], object), [len(ids) for _, ids in places])
    order = np.lexsort((-says, ids))  # stable: among equals the first place of the list
    ids, says, place = ids[order], says[order], place[order]
    first = np.r_[True, ids[1:] != ids[:-1]]
    return ids[first], says[first], place[first]


def _places(library: Library, word: str) -> Iterator[tuple[str, np.ndarray]]:
    """Each place where a word may be written, and the images (n,) int64 it is written about there."""
    for kind, join in _VOCABULARY.items():
        yield kind, _ids(
            library, "n.image_id",
            f"FROM vocabulary_words w JOIN vocabulary v ON v.id = w.rowid AND v.kind = '{kind}' {join} "
            "WHERE vocabulary_words MATCH ?", word,
        )  # fmt: skip
    for place, column in (("file name", "name"), ("folder", "folder")):
        yield (
            place,
            _ids(library, "rowid", "FROM image_words WHERE image_words MATCH ?", f"{column} : {word}"),
        )
    for column in WRITTEN:
        yield column, _ids(library, "rowid", "FROM fact_words WHERE fact_words MATCH ?", f"{column} : {word}")
    for number, name in library.db.execute(
        "SELECT id, name FROM own_columns ORDER BY position, id"
    ).fetchall():
        yield name, _ids(
            library, "f.image_id",
            "FROM own_words w JOIN own_facts f ON f.id = w.rowid WHERE own_words MATCH ? AND f.column_id = ?",
            word, number,
        )  # fmt: skip


def _ids(library: Library, column: str, source: str, *given) -> np.ndarray:
    text = library.db.execute(_IDS.format(column, source), given).fetchone()[0]
    return np.fromstring(text or "", np.int64, sep=",")  # a million rows as objects take ten times as long


def _ok(library: Library, ids: np.ndarray) -> np.ndarray:
    """Those of the images, or more, that are in their folders."""
    if len(ids) > 20_000:  # one pass over all is quicker, and the same until an image comes or goes
        generation = library.images_generation()
        if library not in _every or _every[library][0] != generation:
            _every[library] = generation, _ids(library, "id", "FROM images WHERE state = 'ok'")
        return _every[library][1]
    found = [
        _ids(
            library, "id", f"FROM images WHERE state = 'ok' AND id IN ({','.join('?' * len(chunk))})", *chunk
        )
        for chunk in chunks(ids.tolist())
    ]
    return np.concatenate(found)
