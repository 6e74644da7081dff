"""What is written about a picture: TF-IDF (Salton & Buckley 1988) and latent semantic analysis
(Deerwester et al. 1990), learned from the library's own texts.

It looks at no pixel: documents come from `pipeline.facts.text`, and a picture from outside has
nothing written about it, which is a row of zeros.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

import numpy as np

from pipeline.embeddings.base import FittedExtractor, unit_rows
from pipeline.without import without_pandas

_WORD = re.compile(r"[^\W\d_]{2,}")
_MARKUP = re.compile(r"<[^<>]{1,200}>")  # <lora:name:0.8> says how, not what
_MOST_WORDS = 10_000
_FEWEST = 2  # documents that a word is learned from
_TOO_COMMON = 0.6
"""A word in more of the documents than this tells none apart, as in “masterpiece, best quality”."""
_CHUNK = 20_000


class Written(FittedExtractor):
    """128 numbers of the words that are written about a picture."""

    name, version, dim = "text", 1, 128

    def __init__(self, options=None, device: str = "auto") -> None:
        super().__init__(options, device)
        self._words: list[str] = []
        self._weights = np.zeros(0, np.float32)
        self._axes = np.zeros((self.dim, 0), np.float32)

    @property
    def is_fitted(self) -> bool:
        return bool(self._words)

    def facts(self) -> dict[str, object]:
        """The codebook, by its content."""
        if not self.is_fitted:
            return {}
        content = "\n".join(self._words).encode() + self._weights.tobytes() + self._axes.tobytes()
        return {"codebook": blake2b(content, digest_size=6).hexdigest()}

    def sample(self, image: np.ndarray) -> list[np.ndarray]:
        """Nothing: pixels say nothing here."""
        return []

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """A row of zeros: nothing is written about a picture from outside."""
        return np.zeros(self.dim, np.float32)

    def prepare_sample(self, sample: list[np.ndarray]) -> np.ndarray:
        """As `prepare`."""
        return np.zeros(self.dim, np.float32)

    def encode(self, prepared: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(prepared) if len(prepared) else np.zeros((0, self.dim), np.float32)

    def fit(self, samples: Sequence[str], seed: int = 0) -> None:
        """Learn words and their directions from documents."""
        with without_pandas():
            from sklearn.decomposition import TruncatedSVD
            from sklearn.feature_extraction.text import TfidfTransformer

        counts: dict[str, int] = {}
        tokens = [tokens_of(text) for text in samples]
        for found in tokens:
            for word in set(found):
                counts[word] = counts.get(word, 0) + 1
        most = max(_FEWEST, _TOO_COMMON * len(tokens))
        kept = sorted(
            (word for word, count in counts.items() if _FEWEST <= count <= most),
            key=lambda word: (-counts[word], word),
        )
        self._words = sorted(kept[:_MOST_WORDS])
        self.__dict__.pop("_places", None)
        if not self._words:
            return
        matrix = self._counted(tokens)
        transformer = TfidfTransformer(sublinear_tf=True).fit(matrix)
        self._weights = transformer.idf_.astype(np.float32)
        self._axes = np.zeros((self.dim, len(self._words)), np.float32)
        rank = min(self.dim, len(self._words) - 1, matrix.shape[0] - 1)
        if rank < 2:  # so few words are directions themselves
            self._axes[: len(self._words), :] = np.eye(len(self._words), dtype=np.float32)[: self.dim]
            return
        svd = TruncatedSVD(rank, random_state=seed).fit(self._weighted(matrix))
        self._axes[:rank] = svd.components_

    def to_arrays(self) -> dict[str, np.ndarray]:
        return {"words": np.array(self._words), "weights": self._weights, "axes": self._axes}

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        self._words = [str(word) for word in arrays["words"]]
        self._weights, self._axes = arrays["weights"], arrays["axes"]
        self.__dict__.pop("_places", None)

    def encode_documents(self, texts: Sequence[str]) -> np.ndarray:
        """n texts → (n, dim) float32, rows of L2 norm 1, or 0 where no word is known."""
        parts = [np.zeros((0, self.dim), np.float32)]
        for start in range(0, len(texts), _CHUNK):
            matrix = self._weighted(
                self._counted([tokens_of(text) for text in texts[start : start + _CHUNK]])
            )
            parts.append(unit_rows(matrix @ self._axes.T))
        return np.concatenate(parts)

    def encode_text(self, text: str) -> np.ndarray | None:
        """Words as a document; None where the library has none of them."""
        row = self.encode_documents([text])[0] if self.is_fitted else np.zeros(self.dim, np.float32)
        return row if row.any() else None

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self._words)}

    def _counted(self, tokens: Sequence[list[str]]):
        """How often each word stands in each document: (n, words) sparse."""
        from scipy.sparse import csr_matrix

        rows, columns = [], []
        for row, found in enumerate(tokens):
            places = [place for word in found if (place := self._places.get(word)) is not None]
            rows += [row] * len(places)
            columns += places
        ones = np.ones(len(rows), np.float32)
        return csr_matrix((ones, (rows, columns)), shape=(len(tokens), len(self._words)), dtype=np.float32)

    def _weighted(self, matrix):
        """Counts as TF-IDF, each document of norm 1 or 0."""
        with without_pandas():
            from sklearn.preprocessing import normalize

        matrix = matrix.copy()
        matrix.data = (1 + np.log(matrix.data)).astype(np.float32)
        return normalize(matrix.multiply(self._weights).tocsr())


def tokens_of(text: str) -> list[str]:
    """The words of a text without their accents; figures and marks are none."""
    plain = unicodedata.normalize("NFKD", _MARKUP.sub(" ", text)).casefold()
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))
