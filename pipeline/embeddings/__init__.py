"""The embeddings there are, and how to make one."""

from __future__ import annotations

from pipeline.embeddings.base import Extractor, FittedExtractor
from pipeline.embeddings.color import ColorHistogram
from pipeline.embeddings.dreamsim import DreamSim
from pipeline.embeddings.efficientnet import EfficientNet
from pipeline.embeddings.sift_vlad import SiftVlad
from pipeline.errors import EmbeddingError
from pipeline.settings import ExtractorOptions

EMBEDDINGS: dict[str, type[Extractor]] = {
    "color": ColorHistogram,
    "sift": SiftVlad,
    "dreamsim": DreamSim,
    "efficientnet": EfficientNet,
}


def create(name: str, options: ExtractorOptions = ExtractorOptions()) -> Extractor:
    """An extractor by name; raises EmbeddingError that lists the valid names."""
    if name not in EMBEDDINGS:
        raise EmbeddingError(
            f"There is no embedding {name!r}; there are: {', '.join(EMBEDDINGS)}."
        )
    return EMBEDDINGS[name].configured(options)


__all__ = ["EMBEDDINGS", "Extractor", "FittedExtractor", "create"]
