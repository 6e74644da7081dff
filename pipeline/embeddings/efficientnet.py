"""ImageNet semantics without a download: EfficientNet-Lite0 (Tan & Le 2019), see `lite0`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from pipeline.embeddings import engines, imagenet, lite0, models
from pipeline.embeddings.base import Extractor, Regions, unit_rows
from pipeline.embeddings.lite0 import SIDE, classifier

MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3
"""What Lite models were trained with, on the 0–1 scale. Precision@10 on 946 clothing
photographs: 0.678; with ImageNet's usual mean and deviation 0.655, and squeezed square
instead of cropped 0.645 and 0.620."""

EXACT_BLOCKS = 4
"""How many of the 16 blocks, after the stem, stay fp32 where the rest runs in 16 bits. Worst
cosine to fp32 over 316 of the clothing photographs, and milliseconds of one core a picture (AMX;
OpenVINO, whose fp32 takes 9.3): 0.9991 and 5.3 with 3, 0.9995 and 5.5 with 4, 0.9996 and 5.9 with
5, 0.9997 and 5.7 with 6; with 1 0.9989, with none 0.9980 over 32."""


LENGTH = 15.0
"""What stands for the features' length before it was made 1: 14.9 ± 1.6 on 400 of the clothing
photographs. With that one length the first class is the same for 400 of 400, its share
differs by 0.06 on average. Shares of 0.2 to 0.4 there were right in 48 of 100, of 0.4 to 0.6
in 68, above 0.8 in 94: cautious, not bold, for pictures as the network knows them."""

LEAST_SHARE = 1e-9
"""Added before the logarithm is taken, far below what a class has that is not there."""


class EfficientNet(Extractor):
    """Average-pooled features of the last convolution, 1,280-d, L2-normalized."""

    name = "efficientnet"
    version = 2
    dim = 1280
    uses_network = True

    def facts(self) -> dict[str, object]:
        return {"model": "lite0"}

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """A decoded picture → (224, 224, 3) uint8 RGB, its centered square."""
        height, width = image.shape[:2]
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        square = image[top : top + side, left : left + side]
        shrinks = side > SIDE
        return cv2.resize(
            square, (SIDE, SIDE), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n arrays (224, 224, 3) uint8 → (n, 1280) float32, rows of L2 norm 1."""
        network = models.shared((self.fingerprint, self.device), lambda: engines.load(BLUEPRINT, self.device))
        return unit_rows(network(prepared))

    def blueprint(self) -> engines.Blueprint:
        return BLUEPRINT

    def encode_text(self, text: str) -> np.ndarray | None:
        """The mean direction of the classes that a word stands for (`imagenet.find`).

        Rows of the classifier are directions in the space of the features. Precision@10 of
        one named class among 8,242 photographs in 101 classes: 0.89 (chance 0.008).
        """
        thing = imagenet.find(text)
        if thing is None:
            return None
        rows = unit_rows(classifier()[0])[list(thing.classes)]
        return unit_rows(rows.mean(axis=0, keepdims=True))[0]

    def fit_text(self, text: str, rows: np.ndarray) -> np.ndarray | None:
        """The logarithm of the share that the classifier gives to the word's classes together.

        A mean of many classes' directions says little: of `animal`, 398 classes, precision@10
        is 0.2 among 1,070 photographs of 30 kinds, so it is 0.9. R-precision of the nine words for
        things on the clothing photographs: 0.60 by the direction, 0.64 so; of `clothing` 0.74, 0.85.
        """
        thing = imagenet.find(text)
        if thing is None:
            return None
        fits = np.log(class_shares(rows)[:, list(thing.classes)].sum(axis=1, dtype=np.float64) + LEAST_SHARE)
        return np.where(rows.any(axis=1), fits, np.nan)

    def fit_direction(self, text: str, row: np.ndarray) -> np.ndarray | None:
        """The gradient of the logarithm of the classes' share: Σ_c (share of c among them) w_c less what all
        classes have on average. On the feature map it is Grad-CAM (Selvaraju et al. 2017), which is CAM
        (Zhou et al. 2016) for a network that pools and then classifies.
        """
        thing = imagenet.find(text)
        if thing is None or not row.any():
            return None
        shares = class_shares(row[None])[0].astype(np.float64)
        own = np.zeros_like(shares)
        own[list(thing.classes)] = shares[list(thing.classes)] + LEAST_SHARE
        return ((own / own.sum() - shares) @ classifier()[0]).astype(np.float32)

    def regions(self, image: np.ndarray) -> Regions:
        """Its feature map: 7 × 7 cells over the centered square."""
        network = models.shared(
            (self.fingerprint, self.device, "regions"), lambda: engines.load(FEATURE_MAP, self.device)
        )
        features = network([self.prepare(image)])[0].transpose(1, 2, 0)
        height, width = image.shape[:2]
        side = min(height, width)
        left, top = (width - side) // 2 / width, (height - side) // 2 / height
        return Regions(np.ascontiguousarray(features), (left, top, left + side / width, top + side / height))


def class_shares(rows: np.ndarray) -> np.ndarray:
    """What a softmax of the classifier gives to each class by stored vectors (n, 1280) of norm 1:
    (n, 1000) float32, rows sum to 1."""
    weights, biases = classifier()
    odds = LENGTH * (rows @ weights.T) + biases
    odds -= odds.max(axis=1, keepdims=True)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


BLUEPRINT = engines.Blueprint(
    name="efficientnet", made_of="efficientnet-lite0-57934424", side=SIDE, mean=MEAN, std=STD, module=lite0.module,
    exact=("stem", *(f"blocks.{at}" for at in range(EXACT_BLOCKS))), graph=lite0.graph,
    exact_until=f"block {EXACT_BLOCKS - 1}", trusted=True,
)  # fmt: skip

FEATURE_MAP = replace(
    BLUEPRINT, name="efficientnet-regions", module=partial(lite0.module, pooled=False), graph=partial(lite0.graph, pooled=False),
)
"""The same network up to where its features still have a place."""
