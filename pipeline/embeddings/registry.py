"""The embeddings there are, and how to make one.

A new one is a class in a file of its own (see `base`) and a line here; command line,
dashboard, fingerprints and tests follow from that. A library may also hold vectors of a
name that is not in the registry, brought along by a person: they are compared among
themselves, and pictures from outside are searched by the others.

Networks of timm and open_clip are too many to list. `timm:MODEL` and `open_clip:MODEL:CHECKPOINT`
are names of embeddings as they stand; their entries are made from them (`find`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.embeddings.base import Extractor, FittedExtractor
from pipeline.embeddings.color import ColorHistogram
from pipeline.embeddings.dreamsim import DreamSim
from pipeline.embeddings.efficientnet import EfficientNet
from pipeline.embeddings.open_clip_networks import Clip, OpenClip
from pipeline.embeddings.options import Options
from pipeline.embeddings.sift_vlad import SiftVlad
from pipeline.embeddings.timm_networks import Timm
from pipeline.embeddings.written import Written
from pipeline.errors import EmbeddingError

if TYPE_CHECKING:
    from pipeline.library import Library


@dataclass(frozen=True)
class Embedding:
    """One entry of the registry.

    title: what the screen calls it. role: what it compares by, one of `color`, `texture`,
    `meaning` or a word of its own; embeddings of a role stand in for one another, and the
    screen gives them one color. sees: that in a few plain words. extractor: None where its
    vectors can only be brought along. auto: whether it is computed where nothing is named.
    stand_in: computed in its place, for `auto`, where it cannot be had. preset: options that
    are others than the extractor's defaults.
    """

    title: str
    role: str
    sees: str
    extractor: type[Extractor] | None
    auto: bool = False
    stand_in: str | None = None
    preset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def uses_network(self) -> bool:
        """Whether a neural network computes it."""
        return self.extractor is not None and self.extractor.uses_network


EMBEDDINGS: dict[str, Embedding] = {
    "color": Embedding("Color", "color", "which colors, and how much of each", ColorHistogram, auto=True),
    "sift": Embedding("Texture & shape", "texture", "patterns, details, outlines", SiftVlad, auto=True),
    "dreamsim": Embedding("Meaning", "meaning", "what people find alike", DreamSim, auto=True, stand_in="efficientnet"),
    "efficientnet": Embedding("Meaning", "meaning", "what is in the image", EfficientNet),
    "clip": Embedding("Meaning (CLIP)", "meaning", "what is in the image, and words for it", Clip,
                      preset={"model": "vit-b-32:laion2b_s34b_b79k"}),
    # The recipe of 2015: newer ones gain on ImageNet's own classes and lose as features of others.
    "resnet": Embedding("Meaning (ResNet-50)", "meaning", "what is in the image", Timm,
                        preset={"model": "resnet50.tv_in1k"}),
    "dino": Embedding("Meaning (DINO)", "meaning", "what is in the image, learned without names", Timm,
                      preset={"model": "vit_small_patch16_224.dino"}),
}  # fmt: skip

FAMILIES: dict[str, Callable[[str], Embedding]] = {
    "timm": lambda model: Embedding(
        model.partition(".")[0], "meaning", f"what timm's {model} tells apart", Timm, preset={"model": model}),
    "open_clip": lambda model: Embedding(
        model.partition(":")[0], "meaning", f"what open_clip's {model} sees, and words for it", OpenClip,
        preset={"model": model}),
}  # fmt: skip
"""What a name before a colon stands for: the entry of a network by the name behind it."""

FORMS = ("timm:MODEL", "open_clip:MODEL/CHECKPOINT")
"""Names of that kind as a person writes them."""


def find(name: str) -> Embedding | None:
    """The entry of an embedding that can be computed or is listed; None for any other name."""
    family, colon, model = name.partition(":")
    if colon and model and family in FAMILIES:
        return FAMILIES[family](model)
    return EMBEDDINGS.get(name)


def canonical(name: str) -> str:
    """A name as a library keeps it: `open_clip:ViT-B-32/openai` is `open_clip:vit-b-32:openai`."""
    family, colon, model = name.partition(":")
    return f"{family}:{model.lower().replace('/', ':')}" if colon and family in FAMILIES else name


WRITTEN: dict[str, Embedding] = {
    Written.name: Embedding("Text", "text", "what is written about the image", Written),
}
"""Embeddings of texts, which `pipeline.facts.text` keeps in step; none is computed from pixels."""


def about(name: str) -> Embedding:
    """The entry of an embedding; for a name that is not in the registry, one without an extractor."""
    found = find(name) or WRITTEN.get(name)
    return found or Embedding(name[:1].upper() + name[1:].replace("_", " "), name, "vectors brought along", None)


def create(name: str, options: Options | Mapping[str, Any] | None = None, device: str = "auto") -> Extractor:
    """An extractor by name.

    options: of its `options_type`, or a mapping as a library remembers it. Raises
    EmbeddingError that lists the valid names.
    """
    entry = find(name)
    if entry is None or entry.extractor is None:
        computed = ", ".join([*(key for key, value in EMBEDDINGS.items() if value.extractor), *FORMS])
        raise EmbeddingError(f"There is no embedding {name!r} to compute; there are: {computed}.")
    if not isinstance(options, Options):
        options = entry.extractor.options_type.read({**entry.preset, **(options or {})}, name)
    extractor = entry.extractor(options, device)
    extractor.name = name  # one class may stand behind several
    return extractor


def opened(library: Library, name: str, device: str = "auto") -> Extractor | None:
    """The extractor that made a library's current vectors, with its codebook; None where none did.

    Networks are shared by all extractors of the process. Raises EmbeddingError when this
    version of Likeness makes other vectors than those.
    """
    current = library.embeddings()[name]
    if about(name).extractor is None or not current.extractor:
        return None
    extractor = Written() if name in WRITTEN else create(name, current.options, device)
    fitted = library.fitted(name)
    # A codebook of another version may be made of other arrays: only its own is loaded.
    if isinstance(extractor, FittedExtractor) and fitted and extractor.made(current.extractor):
        extractor.load_arrays(fitted[0])
    if extractor.fingerprint != current.extractor and not extractor.adopts(current.extractor):
        extractor.fetch()  # raises where the network's weights are what is wanting
        raise EmbeddingError(
            f"This library's vectors for “{about(name).title}” were made by another version of Likeness "
            "or with other weights; update the library."
        )
    return extractor


def ordered(names: Iterable[str]) -> list[str]:
    """Names in the order of the registry, those that are not in it last, as they came."""
    names = list(dict.fromkeys(names))
    return [name for name in EMBEDDINGS if name in names] + [name for name in names if name not in EMBEDDINGS]
