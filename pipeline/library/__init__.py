"""The one door to a data directory: schema, images, vectors, notes, runs, locks, derived files."""

from pipeline.library.library import DATABASE, ImageRow, Library

__all__ = ["DATABASE", "ImageRow", "Library"]
