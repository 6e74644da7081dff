"""The schema of `images.db`, as numbered steps that are never edited once landed."""

# Importing a step registers it: they come in their order.
from pipeline.library.schema.first import migrations  # noqa: I001
from pipeline.library.schema import identity  # noqa: F401
from pipeline.library.schema import tallies  # noqa: F401
from pipeline.library.schema import facts  # noqa: F401
from pipeline.library.schema import drives  # noqa: F401
from pipeline.library.schema import folders  # noqa: F401
from pipeline.library.schema import descriptions  # noqa: F401
from pipeline.library.schema import copies  # noqa: F401
from pipeline.library.schema import parts  # noqa: F401
from pipeline.library.schema import forms  # noqa: F401

__all__ = ["migrations"]
