"""What a person gives on a command line, as entries of a query."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, file_digest
from pathlib import Path

from pipeline.errors import ImageError, QueryError
from pipeline.library import ImageRow
from pipeline.pictures import formats
from pipeline.search.query import Entry, ImageEntry, VectorsEntry, WordsEntry
from pipeline.search.searcher import Searcher


def entries_from(searcher: Searcher, given: Sequence[str], minus: bool = False) -> tuple[Entry, ...]:
    """Files that are there are pictures, of the library or from outside; all else is words. Raises QueryError."""
    entries: list[Entry] = []
    for text in given:
        path = Path(text)
        if not _is_file(path):
            if path.suffix.lower() in formats.EXTENSIONS or len(path.parts) > 1:
                raise QueryError(f"There is no file {text}.")
            searcher.understood(text)  # what has to be loaded for it is no part of the search
            entries.append(WordsEntry(text, minus))
            continue
        row = searcher.library.image_at(path)
        if row and _is_unchanged(row, path):
            entries.append(ImageEntry(row.id, minus))
            continue
        try:
            entries.append(VectorsEntry(searcher.embed(path), minus))
        except ImageError as error:
            raise QueryError(f"{text} cannot be searched with: {error}") from None
    return tuple(entries)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # words that are longer than any name, or what lies in a folder that is closed to us
        return False


def _is_unchanged(row: ImageRow, path: Path) -> bool:
    """Whether a file is still what its image in the library was made from; not where it cannot be read any more."""
    try:
        if path.stat().st_size != row.size:
            return False
        with open(path, "rb") as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest() == row.content_hash
    except OSError:
        return False
