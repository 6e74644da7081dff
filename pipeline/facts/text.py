"""The embedding `text` of a library: documents of what is written about its images, kept in step.

It is made where people or programs have written about enough of them: keywords, tags, titles,
captions, prompts, a person's own texts and categories. Then the names of files join in, whose
words alone would say nothing of a library of IMG_1234. Folders do not: they are labels, by
which embeddings are judged.

Its codebook is learned anew when a fifth of the documents has come or changed since it was
learned; until then what is new or has changed is described by the codebook there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

import numpy as np

from pipeline.embeddings.written import Written, tokens_of
from pipeline.library import Library
from pipeline.library.images import from_database, printable
from pipeline.progress import Progress, Silent

NAME = Written.name
FEWEST, SHARE = 20, 0.05
"""Images that something is written about: so many, and such a part of the library, make an embedding."""
REFIT = 0.2
"""Part of the documents that has come or changed, after which the codebook is learned anew."""

_SAMPLE = 50_000  # documents that a codebook is learned from at most
_BATCH = 2_000  # images per transaction
_STEM = re.compile(r"\.[^.]*$")

_SOURCES = (
    "SELECT image_id, group_concat(keyword, ' ') FROM keywords GROUP BY image_id",
    "SELECT image_id, group_concat(tag, ' ') FROM tags GROUP BY image_id",
    "SELECT image_id, coalesce(title, '') || ' ' || coalesce(caption, '') || ' ' || coalesce(prompt, '') FROM facts "
    "WHERE title IS NOT NULL OR caption IS NOT NULL OR prompt IS NOT NULL",
    "SELECT f.image_id, group_concat(f.value, ' ') FROM own_facts f JOIN own_columns c ON c.id = f.column_id "
    "WHERE c.kind IN ('text', 'category') GROUP BY f.image_id",
)
"""What is written about images: (id, text) each."""


def has_text(library: Library) -> bool:
    """Whether enough is written about a library's images."""
    written = library.db.execute(
        f"SELECT count(*) FROM images WHERE state = 'ok' AND id IN ({_written_ids()})"
    ).fetchone()[0]
    return written >= max(FEWEST, SHARE * library.counts()["ok"])


def _written_ids() -> str:
    return " UNION ".join(f"SELECT image_id FROM ({source})" for source in _SOURCES)


def documents(library: Library) -> tuple[np.ndarray, list[str]]:
    """Ids (n,) int64 of all `ok` images, ascending, and what is written about each; empty where nothing is."""
    said: dict[int, list[str]] = {}
    for source in _SOURCES:
        for image, text in library.db.execute(source):
            said.setdefault(image, []).append(text)
    ids, texts = [], []
    for image, path in library.db.execute("SELECT id, path FROM images WHERE state = 'ok' ORDER BY id"):
        ids.append(image)
        texts.append(" ".join([*said[image], _words(path)]) if image in said else "")
    return np.array(ids, np.int64), texts


def _words(path: str | bytes) -> str:
    """The words of a file's name."""
    name = _STEM.sub("", printable(from_database(path)).rpartition("/")[2])
    return " ".join(word for word in tokens_of(name) if len(word) > 3)


def update(library: Library, progress: Progress = Silent()) -> int:
    """Bring the embedding in line with what is written; returns how many vectors were stored.

    Nothing is read where no text and no image has changed since the last time.
    """
    there = library.embeddings().get(NAME)
    stamp = _stamp(library)
    kept = library.fitted(NAME) if there else None
    if kept and np.array_equal(kept[0]["stamp"], stamp):
        return 0
    if not there and not has_text(library):
        return 0
    ids, texts = documents(library)
    prints = np.array([_print(text) for text in texts], np.uint64)
    extractor = Written()
    refit = (
        kept is None
        or not extractor.made(there.extractor)
        or _changed(kept[0], ids, prints) > REFIT * max(1, np.count_nonzero(prints))
    )
    if refit:
        extractor.fit(_sample([text for text in texts if text]))
        if not extractor.is_fitted:
            return 0
        progress.say(f"Learned the words that are written about {np.count_nonzero(prints):,} images.")
        fitted = {"ids": ids, "prints": prints}
    else:
        extractor.load_arrays(kept[0])
        fitted = {"ids": kept[0]["ids"], "prints": kept[0]["prints"]}
    wanted = _wanted(library, ids, prints, None if refit else kept[0])
    _store(library, extractor, ids[wanted], [texts[at] for at in wanted], progress)
    now = {"stamp": stamp, "now_ids": ids, "now_prints": prints}
    library.set_fitted(NAME, extractor.to_arrays() | fitted | now, int(np.count_nonzero(prints)))
    return len(wanted)


def _store(
    library: Library, extractor: Written, ids: np.ndarray, texts: list[str], progress: Progress
) -> None:
    before = library.embeddings().get(NAME)
    if before is None or before.extractor != extractor.fingerprint:
        library.set_embedding(NAME, extractor.fingerprint, extractor.dim, {})
    progress.start("text", len(ids))
    for start in range(0, len(ids), _BATCH):
        part = ids[start : start + _BATCH].tolist()
        library.store(
            [],
            {NAME: (extractor.fingerprint, part, extractor.encode_documents(texts[start : start + _BATCH]))},
        )
        progress.advance(len(part))


def _wanted(library: Library, ids: np.ndarray, prints: np.ndarray, kept: dict | None) -> np.ndarray:
    """Places of the images to be described: all of them, or those whose text is another than it was."""
    if kept is None:
        return np.arange(len(ids))
    before = dict(zip(kept["now_ids"].tolist(), kept["now_prints"].tolist()))
    pending = set(library.pending(NAME))
    return np.array([
        at for at, (image, one) in enumerate(zip(ids.tolist(), prints.tolist()))
        if before.get(image) != one or image in pending
    ], np.int64)  # fmt: skip


def _changed(kept: dict, ids: np.ndarray, prints: np.ndarray) -> int:
    """Documents that the codebook has not been learned with."""
    before = dict(zip(kept["ids"].tolist(), kept["prints"].tolist()))
    return sum(one != 0 and before.get(image) != one for image, one in zip(ids.tolist(), prints.tolist()))


def _sample(texts: list[str]) -> list[str]:
    if len(texts) <= _SAMPLE:
        return texts
    return [texts[at] for at in np.sort(np.random.default_rng(0).permutation(len(texts))[:_SAMPLE])]


def _print(text: str) -> int:
    """64 bits that tell documents apart; 0 where nothing is written."""
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "little") | 1
        if text
        else 0
    )


def _stamp(library: Library) -> np.ndarray:
    """What changes with every text and every image."""
    kinds: Iterable[int] = (library.notes_generation(kind) for kind in ("facts", "tags"))
    return np.array([library.images_generation(), *kinds], np.int64)
