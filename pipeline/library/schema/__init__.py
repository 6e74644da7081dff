"""The schema of `images.db`, as numbered steps that are never edited once landed."""

from pipeline.library.schema import identity, tallies  # noqa: F401  (registers their migrations)
from pipeline.library.schema.first import migrations

__all__ = ["migrations"]
