"""Texture & shape: SIFT descriptors of a picture, summed up in one vector."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.embeddings.base import FittedExtractor, unit_rows
from pipeline.images import resize

SIDE = 320
KEYPOINTS = 400
WORDS = 128
REDUCED = 64
_ARRAYS = ("center", "basis", "words", "mean", "projection")


class SiftVlad(FittedExtractor):
    """RootSIFT → PCA → intra-normalized VLAD → PCA-whitening."""

    name = "sift"
    title = "Texture & shape"
    version = 1
    dim = 256

    def __init__(self) -> None:
        self._state: dict[str, np.ndarray] = {}
        self._digest = "none"

    @property
    def fingerprint(self) -> str:
        return f"{self.name}/{self.version} words={WORDS} dim={self.dim} fit={self._digest}"

    @property
    def is_fitted(self) -> bool:
        return bool(self._state)

    def sample(self, image: np.ndarray, seed: int) -> list[np.ndarray]:
        return [_descriptors(image)]

    def fit(self, samples: Sequence[list[np.ndarray]], seed: int = 0) -> None:
        import faiss

        sets = [_root(sample[0]) for sample in samples if len(sample[0])]
        if not sets:
            sets = [np.zeros((1, 128), np.float32)]
        pool = np.concatenate(sets)
        center = pool.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov((pool - center).T))
        basis = np.ascontiguousarray(vectors[:, ::-1][:, :REDUCED]).astype(np.float32)
        reduced = (pool - center) @ basis
        words = np.zeros((WORDS, REDUCED), np.float32)
        count = min(WORDS, len(reduced))
        kmeans = faiss.Kmeans(
            REDUCED, count, niter=20, seed=seed, min_points_per_centroid=1
        )
        kmeans.train(reduced)
        words[:count] = kmeans.centroids
        words[count:] = 1e3
        self._state = {"center": center, "basis": basis, "words": words}
        vlads = np.stack([self._vlad(one) for one in sets])
        mean = vlads.mean(axis=0)
        gram = (vlads - mean) @ (vlads - mean).T
        values, vectors = np.linalg.eigh(gram)
        keep = min(self.dim, max(1, len(sets) // 2))
        values, vectors = values[::-1][:keep], vectors[:, ::-1][:, :keep]
        axes = (vlads - mean).T @ vectors / np.maximum(values, 1e-9)
        projection = np.zeros((vlads.shape[1], self.dim), np.float32)
        projection[:, :keep] = axes * np.sqrt(len(sets))
        self.load_arrays({**self._state, "mean": mean, "projection": projection})

    def to_arrays(self) -> dict[str, np.ndarray]:
        return dict(self._state)

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        self._state = {
            key: np.ascontiguousarray(arrays[key], np.float32) for key in _ARRAYS
        }
        digest = hashlib.blake2b(digest_size=4)
        for key in _ARRAYS:
            digest.update(self._state[key].data)
        self._digest = digest.hexdigest()

    def prepare(self, image: np.ndarray) -> np.ndarray:
        found = _descriptors(image)
        if not len(found):
            return np.zeros(self.dim, np.float32)
        vlad = self._vlad(_root(found))
        return (vlad - self._state["mean"]) @ self._state["projection"]

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return unit_rows(np.stack(prepared))

    def _vlad(self, root: np.ndarray) -> np.ndarray:
        words = self._state["words"]
        reduced = (root - self._state["center"]) @ self._state["basis"]
        nearest = (reduced @ words.T - (words**2).sum(axis=1) / 2).argmax(axis=1)
        chosen = np.zeros((len(words), len(root)), np.float32)
        chosen[nearest, np.arange(len(root))] = 1
        sums = chosen @ reduced - chosen.sum(axis=1, keepdims=True) * words
        return unit_rows(unit_rows(sums).reshape(1, -1))[0]


@functools.cache
def _sift() -> cv2.SIFT:
    return cv2.SIFT_create(nfeatures=KEYPOINTS)


def _descriptors(image: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 RGB → (n, 128) uint8 SIFT descriptors."""
    gray = cv2.cvtColor(resize(image, SIDE), cv2.COLOR_RGB2GRAY)
    _, found = _sift().detectAndCompute(gray, None)
    return np.zeros((0, 128), np.uint8) if found is None else found.astype(np.uint8)


def _root(found: np.ndarray) -> np.ndarray:
    """RootSIFT."""
    values = found.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-9))
