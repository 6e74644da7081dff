"""What the pages ask the pipeline, in one object that hangs on its app."""

from dashboard.reads.reads import Around, Called, Reads, Run, folders_of

__all__ = ["Around", "Called", "Reads", "Run", "folders_of"]
