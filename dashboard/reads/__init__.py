"""What the pages ask the pipeline, in one object that hangs on its app."""

from dashboard.reads.reads import Around, Reads, Run, folders_of

__all__ = ["Around", "Reads", "Run", "folders_of"]
