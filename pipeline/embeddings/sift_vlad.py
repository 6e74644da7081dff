"""Texture & shape: the SIFT descriptors of a picture, summed up in one vector.

SIFT (Lowe 2004) → RootSIFT (Arandjelović & Zisserman 2012) → PCA → VLAD (Jégou et al.
2010), square-rooted and intra-normalized (Arandjelović & Zisserman 2013) → PCA-whitening
(Jégou & Chum 2012).

A picture and its mirror image get the same vector: the SIFT descriptor of a mirrored
patch is a fixed permutation of the patch's 128 numbers (Xie et al. 2014 use it too), and
each descriptor enters the sum both ways. A search costs what it cost before.

Measured on the clothing photographs: rank-1 of the original among 1,000 for 200 changed
copies (`pipeline.quality.transforms`), class precision@10 among all 3,781; 256 numbers, SIFT at
320 px, fitted on 1,500 (chance precision 0.137):

                                              crop   rotate half+q20 dark+mirror blur  P@10
    128 words of 64, as it is                 0.945  1.000  0.980    0.735       0.970 0.298
    each descriptor turned to one side        0.955  1.000  0.990    1.000       0.970 0.310
    each turned to the side nearest a word    0.950  1.000  0.990    1.000       0.985 0.316
    both sides summed                         0.960  1.000  1.000    1.000       0.980 0.318
    192 words of 48, rooted, size-weighted    0.965  1.000  0.995    0.995       0.985 0.335
    and the whitening shrunk (in use)         0.965  1.000  0.995    0.995       0.985 0.349

Crops vary by a point with the seed of the codebook. The table is of 500 keypoints at 320 px;
with 400 at 304 px (in use), two seeds: crop 0.960 and 0.950, rotate 1.000, half+q20 1.000,
dark+mirror 0.990 and 0.995, blur 0.990 and 0.985, P@10 0.349 and 0.347; over 500 copies crop
0.940 and 0.946. A higher contrast threshold (0.05) saves as much and lost a point or two under
crop. A projection learned from pairs of pictures and parts of them (Mikolajczyk & Matas 2007)
was no better than whitening over 500 copies and was left out. Not projected (128 words of 64,
8,192 numbers), 500 copies: crop 0.976, half+q20 0.996, blur 0.992.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.embeddings.base import FittedExtractor, unit_rows
from pipeline.embeddings.options import Options
from pipeline.pictures.decoding import resize

SIDE = 304
"""Long side at which SIFT looks, px: as good as 320 and a tenth faster; 256 lost 3 points of
rank-1 under crop."""

KEYPOINTS = 400
"""Strongest keypoints kept per picture, as good as 500; 250 lost 2.5 points of rank-1 under blur."""

SMALL = 400
"""Pictures of a smaller long side, px, are looked at a second time at half their size: what a large
picture loses on its way to `SIDE`, they have to lose to be known again when blurred. Of 400
photographs of clothing at 300 px, rank-1 of 100 changed copies (crop, rotate, half+q20, dark+mirror, blur)
was 0.98 1 0.96 1 0.88, and is 0.99 1 1 1 0.97 at 1.3 times the time; with two thirds of the size the
same. Half size alone had 0.94 0.92 0.96 (crop, half+q20, blur), enlarging to 400 px 0.77 under blur."""

SAMPLED = 250
"""Keypoints per picture that enter the fit: 1,500 pictures are 48 MB."""

WORDS = 192
REDUCED = 48
"""Codebook size and length of a reduced descriptor: see the table above."""

SIZE_POWER = 0.25
"""A keypoint counts by its diameter to this power: large ones survive blur and scaling."""

FIT_ROWS = 1500
"""VLAD vectors from which the whitening is learned; fewer pictures are made up with parts
of themselves, 16 of each at most."""

_ARRAYS = ("center", "axes", "mirror", "words", "mean", "projection")


def _mirror_permutation() -> np.ndarray:
    """(128,) int: where each number of a descriptor comes from when the patch is mirrored.

    OpenCV's layout is 4 rows × 4 columns × 8 directions, columns along the keypoint's own
    orientation: mirroring exchanges the rows and turns each direction to its negative.
    """
    places = np.arange(128).reshape(4, 4, 8)
    return places[::-1][:, :, -np.arange(8) % 8].ravel()


MIRROR = _mirror_permutation()
"""(128,) int: a descriptor read in this order is that of the mirrored patch."""


class SiftVlad(FittedExtractor):
    """SIFT-VLAD of 256 numbers, the same for a picture and its mirror image."""

    name = "sift"
    version = 2
    dim = 256

    def __init__(self, options: Options | None = None, device: str = "auto") -> None:
        super().__init__(options, device)
        self._state: dict[str, np.ndarray] = {}
        self._digest = "none"

    def facts(self) -> dict[str, object]:
        own = {"side": SIDE, "keypoints": KEYPOINTS, "words": WORDS, "dim": self.dim}
        return {**own, "fit": self._digest, "small": SMALL}

    def adopts(self, fingerprint: str) -> bool:
        """Only small pictures got other vectors before."""
        return fingerprint == self.fingerprint.removesuffix(f" small={SMALL}")

    def adopts_from(self, fingerprint: str) -> int:
        return SMALL

    @property
    def is_fitted(self) -> bool:
        return bool(self._state)

    def sample(self, image: np.ndarray) -> list[np.ndarray]:
        """The keypoints of one picture, at most `KEYPOINTS`.

        Returns [descriptors (n, 128) uint8, places (n, 3) float32]: x and y of 0–1 in the
        picture and the keypoint's diameter in px.
        """
        return list(_detect(image))

    def prepare_sample(self, sample: list[np.ndarray]) -> np.ndarray:
        """The VLAD vector, (words × reduced,) float32 of L2 norm 1; zeros without keypoints."""
        found, places = sample
        if not len(found):
            return np.zeros(len(self._state["mean"]), np.float32)
        return self._vlad(found, places)

    def fit(self, samples: Sequence[list[np.ndarray]], seed: int = 0) -> None:
        """Learn axes, codebook and projection from what `sample` gave; some seconds."""
        rng = np.random.default_rng(seed)
        samples = [_thin(*sample, rng) for sample in samples if len(sample[0])]
        if not samples:  # pictures without any structure: every vector will be zeros
            samples = [[np.zeros((1, 128), np.uint8), np.zeros((1, 3), np.float32)]]
        pool = np.concatenate([found for found, _ in samples])
        if len(pool) > 512 * WORDS:
            pool = pool[rng.choice(len(pool), 512 * WORDS, replace=False)]
        pool = root(pool)
        self._state = _fit_axes(pool)
        self._state["words"] = _fit_words(self._reduce(pool), seed)

        rows = [self._vlad(*sample) for sample in samples]
        for _ in range(min(16, FIT_ROWS // len(samples) - 1)):
            rows += [self._vlad(*_part(*sample, rng)) for sample in samples]
        mean, projection = _fit_whitening(np.stack(rows), len(samples), self.dim)
        self.load_arrays({**self._state, "mean": mean, "projection": projection})

    def to_arrays(self) -> dict[str, np.ndarray]:
        return dict(self._state)

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        self._state = {
            key: np.ascontiguousarray(arrays[key], dtype=np.float32) for key in _ARRAYS
        }
        digest = hashlib.blake2b(digest_size=4)
        for key in _ARRAYS:
            digest.update(self._state[key].data)
        self._digest = digest.hexdigest()

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """(h, w, 3) uint8 RGB → VLAD vector, see `prepare_sample`."""
        return self.prepare_sample(self.sample(image))

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        """n VLAD vectors → (n, dim) float32, whitened, rows of L2 norm 1 or all zeros.

        A batch reads the projection, 9 MB, once.
        """
        vlads = np.stack(prepared)
        rows = unit_rows((vlads - self._state["mean"]) @ self._state["projection"])
        rows[~vlads.any(axis=1)] = 0
        return rows

    def _reduce(self, root: np.ndarray) -> np.ndarray:
        """RootSIFT (n, 128) → (2n, reduced) float32: each descriptor, then each mirrored.

        Every axis is either kept or turned to its negative by mirroring (see `_fit_axes`),
        so the mirrored descriptor costs a change of signs.
        """
        reduced = (root - self._state["center"]) @ self._state["axes"]
        return np.concatenate([reduced, reduced * self._state["mirror"]])

    def _vlad(self, found: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Descriptors (n, 128) uint8 and their places (n, 3), n > 0 → (words × reduced,)
        float32 of L2 norm 1."""
        words = self._state["words"]
        reduced = self._reduce(root(found))
        nearest = (reduced @ words.T - (words**2).sum(axis=1) / 2).argmax(axis=1)
        chosen = np.zeros((len(words), len(reduced)), np.float32)
        chosen[nearest, np.arange(len(reduced))] = np.tile(places[:, 2] ** SIZE_POWER, 2)
        sums = chosen @ reduced - chosen.sum(axis=1, keepdims=True) * words
        rooted = np.sign(sums) * np.sqrt(np.abs(sums))
        return unit_rows(unit_rows(rooted).reshape(1, -1))[0]


@functools.cache
def _sift() -> cv2.SIFT:
    """One detector per process; it cannot be pickled, so extractors do not hold it."""
    return cv2.SIFT_create(nfeatures=KEYPOINTS)


def _detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 3) uint8 RGB → descriptors (n, 128) uint8 and places (n, 3) float32."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)  # gray first: a third of the work
    found, places = _keypoints(resize(gray, SIDE))
    if max(gray.shape) >= SMALL:
        return found, places
    height, width = (max(1, length // 2) for length in gray.shape)
    again, there = _keypoints(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA))
    there[:, 2] *= 2
    return np.concatenate([found, again]), np.concatenate([places, there])


def _keypoints(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) uint8 → descriptors and places, as `_detect` has them."""
    keypoints, found = _sift().detectAndCompute(gray, None)
    if found is None:
        return np.zeros((0, 128), np.uint8), np.zeros((0, 3), np.float32)
    height, width = gray.shape
    places = [(key.pt[0] / width, key.pt[1] / height, key.size) for key in keypoints]
    # OpenCV's descriptors are whole numbers of 0–255, so bytes lose nothing.
    return found.astype(np.uint8), np.array(places, np.float32)


def root(found: np.ndarray) -> np.ndarray:
    """Descriptors (n, 128) uint8 → RootSIFT (n, 128) float32: L1 norm 1, then the root."""
    values = found.astype(np.float32)
    return np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1))


def _thin(found: np.ndarray, places: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """`SAMPLED` keypoints drawn from those of a picture, or all where there are fewer."""
    if len(found) <= SAMPLED:
        return [found, places]
    drawn = rng.choice(len(found), SAMPLED, replace=False)
    return [found[drawn], places[drawn]]


def _part(
    found: np.ndarray, places: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The keypoints inside a random crop of 55–85 % of width and height."""
    side = rng.uniform(0.55, 0.85)
    low = rng.uniform(0, 1 - side, 2)
    kept = ((places[:, :2] >= low) & (places[:, :2] <= low + side)).all(axis=1)
    return (found[kept], places[kept]) if kept.sum() > 3 else (found, places)


def _fit_axes(pool: np.ndarray) -> dict[str, np.ndarray]:
    """PCA of RootSIFT descriptors (n, 128) and their mirrored ones.

    With both in the sample, mirroring commutes with the covariance, so each principal
    axis is symmetric or antisymmetric. `mirror` holds +1 or -1 for each: what mirroring
    does to a descriptor's number on that axis.
    """
    center = (pool.mean(axis=0) + pool.mean(axis=0)[MIRROR]) / 2
    around = pool - center
    # The scatter of (x ± mirrored x) / 2 from that of x: mirroring is a permutation.
    scatter = (around.T @ around).astype(np.float64)
    both = (scatter + scatter[MIRROR][:, MIRROR]) / 4
    across = (scatter[MIRROR] + scatter[:, MIRROR]) / 4
    even_values, even_axes = np.linalg.eigh(both + across)
    odd_values, odd_axes = np.linalg.eigh(both - across)
    signs = np.repeat([1, -1], 128)
    top = np.argsort(np.concatenate([-even_values, -odd_values]), kind="stable")[:REDUCED]
    return {
        "center": center.astype(np.float32),
        "axes": np.hstack([even_axes, odd_axes])[:, top].astype(np.float32),
        "mirror": signs[top].astype(np.float32),
    }


def _fit_words(reduced: np.ndarray, seed: int) -> np.ndarray:
    """k-means of (n, reduced) descriptors → (k, reduced) float32, k = WORDS or fewer."""
    import faiss

    count = min(WORDS, max(1, len(reduced) // 8))
    kmeans = faiss.Kmeans(
        REDUCED, count, niter=20, seed=seed, min_points_per_centroid=1
    )
    kmeans.train(np.ascontiguousarray(reduced, dtype=np.float32))
    return kmeans.centroids


def _fit_whitening(
    rows: np.ndarray, pictures: int, dim: int
) -> tuple[np.ndarray, np.ndarray]:
    """PCA-whitening of VLAD vectors (n, d) of so many `pictures` and of parts of them.

    Returns mean (d,) and projection (d, dim), both float32; columns beyond the components
    that the rows have are zeros. Each component is divided by √(its variance + dim/n of
    the largest). Libraries of 30 / 100 / 300 photographs, class precision@10: unshrunk
    0.153 / 0.170 / 0.263, shrunk by the largest variance 0.173 / 0.193 / 0.286 (by five
    times that 0.182 / 0.197 / 0.282); rank-1 of a 70 % crop 0.717 / 0.770 / 1.000 and
    1.000 / 1.000 / 0.995.
    """
    mean = rows.mean(axis=0)
    around = rows - mean
    values, vectors = np.linalg.eigh((around @ around.T).astype(np.float64))
    top = np.argsort(-values)[:dim]
    top = top[values[top] > 1e-6]
    projection = np.zeros((rows.shape[1], dim), np.float32)
    if len(top):
        kept = values[top]
        # Unshrunk, the whitening of few pictures sets each equally far from all others.
        shrunk = kept + kept[0] * dim / pictures
        scale = np.sqrt(len(rows) / (kept * shrunk))
        projection[:, : len(top)] = around.T @ (vectors[:, top] * scale).astype(np.float32)
    return mean, projection
