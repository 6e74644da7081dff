"""What the pages ask the pipeline, in one object that hangs on its app."""

from dashboard.reads.reads import Around, Called, Reads, Run

__all__ = ["Around", "Called", "Reads", "Run"]
