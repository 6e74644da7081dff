"""The weights that rank best, how much they gain over the usual ones, and how sure that is.

Weights are tried on a grid over the simplex. What they gain is measured by cross-validation: on questions
that had no say in choosing them (Stone 1974), five folds, ten times over. Its interval is that of 2,000
bootstrap samples of the questions (Efron 1979), 5 to 95 %; weights are learned where all of it is a gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from math import comb, isfinite

import numpy as np

from pipeline.embeddings import about, usual
from pipeline.embeddings.weights import STEP
from pipeline.errors import QueryError
from pipeline.learned.questions import LABELS, THUMBS, Question

LEAST = {LABELS: (20, 0), THUMBS: (8, 30)}
"""By source: the fewest questions, and judgements in them, of which anything is said."""
_MOST = 120  # weightings that are tried
_FOLDS, _TIMES = 5, 10
_SAMPLES = 2_000
_INTERVAL = (5, 95)


@dataclass(frozen=True)
class Learned:
    """weights: {embedding: 0–1}, the largest 1, and ranges, what each is in 5 to 95 % of the samples. before, after: how
    good the usual weights and the learned ones are, 0–1, by cross-validation; low, high: the interval of what that
    gains. source: LABELS or THUMBS; questions and judgements: from how many."""

    source: str
    weights: dict[str, float]
    ranges: dict[str, tuple[float, float]]
    before: float
    after: float
    low: float
    high: float
    questions: int
    judgements: int

    @property
    def title(self) -> str:
        """What the preset is called."""
        return f"Learned from {self.source}"

    def __str__(self) -> str:
        """“Learned from 120 judgements: Color 0.1, Meaning 1. …”"""
        counted = f"{self.judgements:,} thumbs" if self.source == THUMBS else f"the labels of {self.questions:,} images"
        parts = ", ".join(f"{about(name).title} {weight:g}" for name, weight in self.weights.items())
        what = "pairs of a good and a bad match in the right order" if self.source == THUMBS else "mean average precision"
        return (
            f"Learned from {counted}: {parts}. {what[:1].upper()}{what[1:]} {self.before:.3f} → {self.after:.3f}: "
            f"{self.after - self.before:+.3f} ({self.low:+.3f} to {self.high:+.3f})."
        )

    def as_json(self) -> dict:
        """As it is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: object) -> Learned:
        """What `as_json` wrote; raises QueryError for what is none."""
        try:
            one = cls(**given)
            weights = {str(name): float(weight) for name, weight in one.weights.items()}
            figures = [one.before, one.after, one.low, one.high, *weights.values(), *(end for ends in one.ranges.values() for end in ends)]
            if one.source not in LEAST or not all(isfinite(float(figure)) and -1 <= figure <= 1 for figure in figures):
                raise ValueError
            if min(weights.values()) < 0 or one.ranges.keys() != weights.keys() or int(one.questions) < 0 or int(one.judgements) < 0:
                raise ValueError
        except (TypeError, ValueError, AttributeError, KeyError):
            raise QueryError("These are no learned weights.") from None
        return one


def learned(source: str, questions: Sequence[Question], names: Sequence[str], seed: int = 0) -> Learned:
    """The best weights of embeddings by what questions say; raises QueryError where that is too little, or
    no others than the usual ones are better for sure."""
    judgements = sum(len(one.good) for one in questions)
    _check(source, len(questions), judgements, names)
    tried = grid(len(names))
    worth = np.stack([_worth(source, one, tried) for one in questions], axis=1)
    base = np.array([usual(names)[name] for name in names], np.float32)
    before = np.array([_worth(source, one, (base if one.base is None else one.base)[None])[0] for one in questions])
    generator = np.random.default_rng(seed)
    after = held_out(worth, generator)
    samples = generator.integers(len(questions), size=(_SAMPLES, len(questions)))
    low, high = np.percentile((after - before)[samples].mean(axis=1), _INTERVAL).tolist()
    best = tried[int(worth.mean(axis=1).argmax())]
    counts = np.stack([np.bincount(one, minlength=len(questions)) for one in samples[:200]])
    chosen = tried[(worth @ counts.T).argmax(axis=0)]
    ends = np.percentile(chosen, _INTERVAL, axis=0)
    found = Learned(
        source, {name: round(float(best[at]), 2) for at, name in enumerate(names)},
        {name: (round(float(ends[0, at]), 2), round(float(ends[1, at]), 2)) for at, name in enumerate(names)},
        float(before.mean()), float(after.mean()), low, high, len(questions), judgements,
    )
    if low <= 0:
        raise QueryError(
            f"No weights are better than the usual ones for sure: by {len(questions):,} "
            f"{'searches' if source == THUMBS else 'images'} the best would gain {found.after - found.before:+.3f} "
            f"({low:+.3f} to {high:+.3f})."
        )
    return found


def lacking(source: str, groups: int, things: int) -> str:
    """Why nothing can be learned from a source, by what `count` says of it; empty where it may be tried."""
    least, most = LEAST[source]
    if source == LABELS:
        return "" if groups > 1 and things >= least else f"It takes {least} images that share their label with others, of two labels or more."
    return "" if groups >= least and things >= most else f"It takes {most} thumbs on the matches of {least} searches, up and down in each."


def _check(source: str, questions: int, judgements: int, names: Sequence[str]) -> None:
    if len(names) < 2:
        raise QueryError("There is nothing to weigh: the index has one embedding only.")
    least, most = LEAST[source]
    if questions >= least and judgements >= most:
        return
    if source == LABELS:
        raise QueryError(
            f"Labels say too little: it takes {least} images that share their label with others, of two labels or more; there are {questions}."
        )
    raise QueryError(
        f"Thumbs say too little: it takes {most} on matches of {least} searches, up and down in each; "
        f"there are {judgements} on {questions}."
    )


def grid(count: int) -> np.ndarray:
    """Weightings (g, count) float32 evenly over the simplex, g ≤ 120 as far as can be, scaled so that the largest is 1
    and all are multiples of the sliders' step; none twice."""
    steps = max((n for n in range(1, 21) if comb(n + count - 1, count - 1) <= _MOST), default=1)
    bars = np.array(list(combinations(range(steps + count - 1), count - 1)), np.int64).reshape(-1, count - 1)
    ends = np.concatenate([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), steps + count - 1)], axis=1)
    parts = np.diff(ends, axis=1) - 1
    scaled = np.round(parts / parts.max(axis=1, keepdims=True) / STEP) * STEP
    return np.unique(scaled.round(2), axis=0).astype(np.float32)


def held_out(worth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """What weights chosen by the other questions are worth for each: (q,). worth: (g, q) of g weightings."""
    count = worth.shape[1]
    total = np.zeros(count)
    for _ in range(_TIMES):
        fold = generator.permutation(count) % _FOLDS
        for number in range(_FOLDS):
            mine = fold == number
            if mine.all() or not mine.any():
                continue
            total[mine] += worth[worth[:, ~mine].mean(axis=1).argmax(), mine]
    return total / _TIMES


def _worth(source: str, question: Question, tried: np.ndarray) -> np.ndarray:
    """How well weightings (g, m) rank the candidates of a question: (g,) in [0, 1]."""
    scores = tried @ question.figures.T
    return _ordered_pairs(scores, question.good) if source == THUMBS else _average_precision(scores, question.good)


def _ordered_pairs(scores: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Of all pairs of a good and a bad candidate, the share in which the good one has the higher score; equal ones
    count half (Mann & Whitney 1947)."""
    apart = scores[:, good, None] - scores[:, None, ~good]
    return ((apart > 0) + 0.5 * (apart == 0)).mean(axis=(1, 2))


def _average_precision(scores: np.ndarray, good: np.ndarray) -> np.ndarray:
    """The mean, over the good ones, of the share of good ones among all down to it: (g,)."""
    order = np.argsort(-scores, axis=1, kind="stable")
    hits = good[order]
    places = np.arange(1, len(good) + 1)
    return (np.cumsum(hits, axis=1) / places * hits).sum(axis=1) / good.sum()
