"""What a picture is compared by: the contract (`base`), the registry, one file each, and how much each counts."""

from pipeline.embeddings.base import Extractor, FittedExtractor
from pipeline.embeddings.options import Options
from pipeline.embeddings.registry import (
    EMBEDDINGS,
    FORMS,
    WRITTEN,
    Embedding,
    about,
    canonical,
    create,
    find,
    opened,
    ordered,
)
from pipeline.embeddings.weights import PRESETS, presets, usual, weighted

__all__ = [
    "EMBEDDINGS", "FORMS", "PRESETS", "WRITTEN", "Embedding", "Extractor", "FittedExtractor", "Options", "about",
    "canonical", "create", "find", "opened", "ordered", "presets", "usual", "weighted",
]  # fmt: skip
