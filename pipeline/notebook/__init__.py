"""A library in a notebook: searches, maps and tables as DataFrames, and the pages in a frame."""

from pipeline.notebook.opened import Opened

__all__ = ["Opened"]
