"""The one door to a data directory: schema, images, vectors, notes, runs, locks, derived files."""

from pipeline.library.connection import DATABASE
from pipeline.library.images import ImageRow
from pipeline.library.library import Library

__all__ = ["DATABASE", "ImageRow", "Library"]
