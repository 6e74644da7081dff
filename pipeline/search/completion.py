"""What somebody who types may be about to write: words that are known, and words that are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.embeddings import color_words, imagenet
from pipeline.forms import folded
from pipeline.library import Library
from pipeline.search import words

MOST = 10
"""Completions at a time: more than a glance takes in are none."""
_WRITTEN = 4
"""Of them, from what is written, as long as there are others."""


@dataclass(frozen=True)
class Completion:
    """text: the whole text with its end completed. kind: `color`, `thing`, or where the word is
    written (`label`, `tag`, `collection`, `keyword`). color: one to show beside a color word."""

    text: str
    kind: str
    color: str | None = None


def complete(library: Library, text: str, most: int = MOST) -> list[Completion]:
    """The likeliest ways on from a text, by its last words: colors, everyday words, classes, then
    labels, tags, collections and keywords of the library that begin so. Those that are both come first."""
    given = text[:200].split()
    if not given or text[-1:].isspace():
        return []
    found: list[Completion] = []
    for length in range(min(words.LONGEST, len(given)), 0, -1):
        before, begun = " ".join(given[:-length]), folded(" ".join(given[-length:]))
        sign = begun[0] if begun[0] in "-+" and len(begun) > 1 else ""
        start = f"{before} {sign}".lstrip() if before else sign
        written = list(_written(library, begun.removeprefix(sign)))[:_WRITTEN]
        here = {one.text.casefold() for one in written}
        seen = sorted(_known(begun.removeprefix(sign)), key=lambda one: one.text.casefold() not in here)
        ends = (*seen[: max(most - len(written), most - _WRITTEN)], *written)
        found += [Completion(start + one.text, one.kind, one.color) for one in ends]
    first: dict[str, Completion] = {}
    for one in found:
        first.setdefault(one.text.casefold(), one)
    return list(first.values())[:most]


def _known(begun: str) -> Iterator[Completion]:
    """Colors, then things: everyday words before classes, short ones first."""
    for term in color_words.terms():
        if term.startswith(begun):
            yield Completion(term, "color", color_words.sample(term))
    for thing in sorted(imagenet.beginning(begun), key=lambda one: (not one.everyday, len(one.name), one.name)):
        yield Completion(thing.name, "thing")


def _written(library: Library, begun: str) -> Iterator[Completion]:
    """Labels, tags, collections and keywords, of each the first few in alphabetical order."""
    pattern = begun.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    for label in sorted(library.labels()):
        if folded(str(label)).startswith(begun):
            yield Completion(str(label), "label")
    sql = (
        "SELECT kind, text FROM vocabulary WHERE text LIKE ? ESCAPE '\\' AND (kind != 'tag' OR text IN (SELECT tag FROM tags)) "
        "AND (kind != 'collection' OR text IN (SELECT name FROM collections)) ORDER BY length(text), text LIMIT 12"
    )
    for kind, text in library.db.execute(sql, [pattern]).fetchall():
        yield Completion(text, kind)
