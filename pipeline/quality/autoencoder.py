"""A learned encoder of VLAD vectors: a small denoising autoencoder, tuned with Optuna.

From the VLAD of a part of an image it rebuilds the VLAD of the whole (Vincent et al. 2008).
Two more terms may join the loss: the code of a part must pick its own image's code out of
a batch (van den Oord et al. 2018), and the cosines among the codes of a batch must follow
those among the vectors (by their correlation; Park et al. 2019 keep distances so). The
encoder may start as the PCA-whitening and learn what to add to it. Optuna's TPE (Bergstra
et al. 2011; Akiba et al. 2019) chooses sizes, rates and the mix by a sixth of the images,
kept back.

It serves `pipeline.quality.tune`, which compares it with the whitening; nothing else uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pipeline import settings
from pipeline.embeddings.base import unit_rows
from pipeline.errors import LibraryError, LikenessError
from pipeline.progress import Progress, Silent

ROTATED = 1024
"""Principal axes the encoder is given: of 1,500 images there are no more than 1,499."""
EPOCHS, PATIENCE, BATCH = 40, 6, 128
TEMPERATURE = 0.1

Parameters = dict[str, float | int | bool]

FIRST: Parameters = {
    "hidden": 512, "depth": 1, "dropout": 0.1, "denoise": 0.5, "pairing": 0.3, "relation": 1.0,
}
"""The first trial, so that there is one sensible encoder however few are asked for.

denoise: share of a batch seen in part only. pairing, relation: weight of the two further
terms of the loss, the rebuilding having 1. `rate`, the learning rate, and `whitened` join.
"""


@dataclass(frozen=True)
class Learned:
    """A trained encoder and how it came about."""

    codes: Callable[[np.ndarray], np.ndarray]
    """VLAD vectors (n, d) float32 → (n, dim) float32 of L2 norm 1."""
    parameters: Parameters
    epochs: int
    trials: list[dict]
    """Per trial its `score`, whether it was `pruned`, and its `parameters`."""


def optuna():
    """The package, where it is installed; raises LikenessError that says how to install it."""
    try:
        import optuna as package
    except ImportError:
        raise LikenessError(
            'This comparison needs Optuna, which is not installed: pip install "optuna>=4,<5"'
        ) from None
    package.logging.set_verbosity(package.logging.ERROR)
    return package


def learn(
    train: np.ndarray, parts: np.ndarray, dim: int, whitened: bool, trials: int, seed: int = 0,
    progress: Progress = Silent(),
) -> Learned:
    """Tune an encoder to `dim` numbers, then train it with the best parameters on everything.

    train (n, d) float32: VLAD vectors of L2 norm 1 or 0. parts (n, p, d) float16: the VLAD
    vectors of p parts of each image. whitened: start as the PCA-whitening, else from nothing.
    """
    torch.set_num_threads(settings.cores())
    space = _Rotated(train, parts, dim)
    done, best, epochs = _search(space, whitened, trials, seed, progress)
    encoder = _train(space, np.arange(len(train)), np.arange(0), best, epochs, seed)[0]
    return Learned(
        lambda rows: _codes(encoder, torch.from_numpy(space.turn(rows))), best, epochs, done
    )


class _Rotated:
    """The training vectors on their principal axes: the encoder learns faster, loses little.

    All numbers are scaled alike, to a mean square of 1.
    """

    def __init__(self, train: np.ndarray, parts: np.ndarray, dim: int):
        self._mean = train.mean(axis=0)
        around = train - self._mean
        values, vectors = np.linalg.eigh((around @ around.T).astype(np.float64))
        top = np.argsort(-values)[:ROTATED]
        top = top[values[top] > 1e-6]
        if not len(top):
            raise LibraryError("The images show too little structure to compare anything on.")
        kept = values[top]
        scale = np.sqrt(len(around) / (kept * kept.mean()))
        self._axes = around.T @ (vectors[:, top] * scale).astype(np.float32)
        self.dim = dim
        self.spread = kept / kept.mean()
        """(r,) float64: variance of each number, largest first."""
        self.whole = torch.from_numpy(self.turn(train))
        self.parts = torch.stack(
            [torch.from_numpy(self.turn(rows.astype(np.float32))) for rows in parts.swapaxes(0, 1)],
            dim=1,
        )
        self.near = torch.from_numpy(train @ train.T)

    def turn(self, rows: np.ndarray) -> np.ndarray:
        """VLAD vectors (n, d) → (n, r) float32."""
        return (rows - self._mean) @ self._axes


class _Side(nn.Module):
    """Encoder or decoder: a small perceptron, beside a linear map where one is given."""

    def __init__(self, inner: int, outer: int, parameters: Parameters, linear: torch.Tensor):
        super().__init__()
        layers, width = [], inner
        for _ in range(parameters["depth"]):
            layers += [nn.Linear(width, parameters["hidden"]), nn.GELU(), nn.Dropout(parameters["dropout"])]
            width = parameters["hidden"]
        last = nn.Linear(width, outer)
        self.layers = nn.Sequential(*layers, last)
        self.linear = None
        if parameters["whitened"]:
            self.linear = nn.Linear(inner, outer, bias=False)
            self.linear.weight.data = linear
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        out = self.layers(rows)
        return out if self.linear is None else out + self.linear(rows)


def _sides(space: _Rotated, parameters: Parameters) -> tuple[_Side, _Side]:
    """An untrained encoder (r → dim) and decoder (dim → r); `whitened` ones start as the
    shrunk PCA-whitening of `sift_vlad` and its inverse."""
    width, shown = len(space.spread), min(len(space.spread), space.dim)
    shrunk = space.spread[:shown] + space.spread[0] * space.dim / len(space.whole)
    scale = torch.from_numpy(np.sqrt(shrunk)).float()
    forth, back = torch.zeros(space.dim, width), torch.zeros(width, space.dim)
    forth[range(shown), range(shown)] = 1 / scale
    back[range(shown), range(shown)] = scale
    return _Side(width, space.dim, parameters, forth), _Side(space.dim, width, parameters, back)


def _loss(
    encoder: _Side, decoder: _Side, seen: torch.Tensor, whole: torch.Tensor,
    near: torch.Tensor, parameters: Parameters,
) -> torch.Tensor:
    """Of a batch: what was seen (b, r), the whole (b, r), cosines of the vectors (b, b)."""
    codes = encoder(torch.cat([seen, whole]))
    rebuilt = functional.cosine_similarity(decoder(codes[: len(seen)]), whole)
    loss = (1 - rebuilt).mean()
    codes = functional.normalize(codes)
    mine, theirs = codes[: len(seen)], codes[len(seen) :]
    if parameters["pairing"]:
        right = torch.arange(len(mine))
        loss = loss + parameters["pairing"] * functional.cross_entropy(mine @ theirs.T / TEMPERATURE, right)
    if parameters["relation"]:
        others = ~torch.eye(len(mine), dtype=torch.bool)
        wanted, got = (table[others].view(len(mine), -1) for table in (near, theirs @ theirs.T))
        wanted, got = (rows - rows.mean(dim=1, keepdim=True) for rows in (wanted, got))
        loss = loss + parameters["relation"] * (1 - functional.cosine_similarity(wanted, got)).mean()
    return loss


def _train(
    space: _Rotated, rows: np.ndarray, kept_back: np.ndarray, parameters: Parameters,
    epochs: int, seed: int, watch: Callable[[int, float], None] = lambda epoch, score: None,
) -> tuple[_Side, float, int]:
    """Train on some of the images → (encoder, best score, epochs until then).

    Stops when the score on the images `kept_back` has not risen for PATIENCE epochs;
    without any, trains for as many `epochs` as said. `watch` hears of each score.
    """
    torch.manual_seed(seed)
    encoder, decoder = _sides(space, parameters)
    weights = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=parameters["rate"])
    best, at = (_score(space, encoder, kept_back), 0) if len(kept_back) else (0.0, epochs)
    rows = torch.as_tensor(rows)
    for epoch in range(1, epochs + 1):
        encoder.train()
        for batch in rows[torch.randperm(len(rows))].split(BATCH):
            if len(batch) < 2:
                continue
            drawn = space.parts[batch, torch.randint(space.parts.shape[1], batch.shape)]
            replaced = torch.rand(len(batch), 1) < parameters["denoise"]
            whole, near = space.whole[batch], space.near[batch][:, batch]
            seen = torch.where(replaced, drawn, whole)
            optimizer.zero_grad()
            _loss(encoder, decoder, seen, whole, near, parameters).backward()
            optimizer.step()
        if len(kept_back):
            score = _score(space, encoder, kept_back)
            watch(epoch, score)
            if score > best:
                best, at = score, epoch
            elif epoch - at >= PATIENCE:
                break
    return encoder, best, at


def _score(space: _Rotated, encoder: _Side, kept_back: np.ndarray) -> float:
    """Mean of recall@10 and rank-1 of parts, of images kept back among all of the sample."""
    codes = torch.from_numpy(_codes(encoder, space.whole))
    parts = torch.from_numpy(_codes(encoder, space.parts[kept_back].flatten(0, 1)))
    right = torch.as_tensor(kept_back).repeat_interleave(space.parts.shape[1])
    rank1 = ((parts @ codes.T).argmax(dim=1) == right).float().mean()
    return (float(rank1) + recall_at_10(space.near[kept_back], codes[kept_back] @ codes.T, kept_back)) / 2


@torch.inference_mode()
def _codes(encoder: _Side, rows: torch.Tensor) -> np.ndarray:
    """(n, r) → (n, dim) float32 of L2 norm 1."""
    encoder.eval()
    return unit_rows(encoder(rows).numpy())


def recall_at_10(true: torch.Tensor, found: torch.Tensor, own: np.ndarray) -> float:
    """Share of the 10 nearest by `true` that are among the 10 nearest by `found`.

    Both are tables of cosines (q, n) of images against images; `own` (q,) is the column of
    each row's own image, which does not count.
    """
    k = min(10, true.shape[1] - 1)
    nearest = []
    for table in (true, found):
        table = table.clone()
        table[torch.arange(len(own)), torch.as_tensor(own)] = -torch.inf
        nearest.append(table.topk(k, dim=1).indices)
    return float((nearest[0][:, :, None] == nearest[1][:, None]).any(dim=2).float().mean())


def _search(
    space: _Rotated, whitened: bool, trials: int, seed: int, progress: Progress
) -> tuple[list[dict], Parameters, int]:
    """Every trial, the best parameters and the epochs they took; a sixth is kept back."""
    package = optuna()
    order = np.random.default_rng(seed).permutation(len(space.whole))
    rate = 1e-4 if whitened else 1e-3
    kept_back, rows = np.split(order, [max(2, len(order) // 6)])

    def run(trial) -> float:
        parameters = {
            "whitened": whitened,
            "hidden": trial.suggest_categorical("hidden", [256, 512]),
            "depth": trial.suggest_int("depth", 1, 2),
            "dropout": trial.suggest_float("dropout", 0, 0.5),
            "denoise": trial.suggest_float("denoise", 0, 1),
            "rate": trial.suggest_float("rate", rate / 10, rate * 10, log=True),
            "pairing": trial.suggest_float("pairing", 0, 1),
            "relation": trial.suggest_float("relation", 0, 4),
        }

        def watch(epoch: int, score: float) -> None:
            trial.report(score, epoch)
            if trial.should_prune():
                raise package.TrialPruned

        _, best, epochs = _train(space, rows, kept_back, parameters, EPOCHS, seed, watch)
        trial.set_user_attr("epochs", epochs)
        return best

    study = package.create_study(
        direction="maximize",
        sampler=package.samplers.TPESampler(seed=seed, n_startup_trials=4),
        pruner=package.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=PATIENCE),
    )
    study.enqueue_trial({**FIRST, "rate": rate})
    study.optimize(run, n_trials=trials, callbacks=[lambda *_: progress.advance()])
    done = [
        {"score": round(trial.value, 4), "pruned": trial.state == package.trial.TrialState.PRUNED,
         "parameters": trial.params}
        for trial in study.trials
    ]
    return done, {**study.best_params, "whitened": whitened}, study.best_trial.user_attrs["epochs"]
