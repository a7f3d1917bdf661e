"""Guesses at what people would say of texts, linear in the teacher's places of them: for the network to learn beside those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SCALES_STRENGTH = 2.0  # of the ridge, beside texts of unit size
WRITTEN_WEIGHT = 0.15  # of a text that was written with its ratings, beside one that people rated
OWN_SHARE = 0.5  # how much a written text's own rating counts beside the guess at it
_SIDE = 0.3  # in the column that says which side a text is from: ratings of the two are not on one scale
_LEAST, _MOST_SCALES, _MOST_BEHAVIOURS = -4.0, 4.0, 5.0  # standard scores; strong behaviours are rare
_LENGTH = 4.0  # of places, beside the penalty of the behaviours' weights
_DECAY, _RATE, _STEPS, _POSITIVE = 0.03, 0.03, 250, 3.0
_NOTHING = -30.0  # what a turn without sentences shows


@dataclass(frozen=True)
class Ratings:
    """What is known of a scale: rows of texts that people rated and their ratings, rows of written texts and their writers'."""

    rows: np.ndarray
    ratings: np.ndarray
    written_rows: np.ndarray
    written: np.ndarray


def of_scales(places: np.ndarray, known: Mapping[str, Ratings]) -> np.ndarray:
    """Return (texts, scales) guesses at the ratings of the texts at ``places`` (texts, directions), in standard scores."""
    told = np.stack([_of_scale(places, each) for each in known.values()], axis=1)
    out: np.ndarray = np.clip(told, _LEAST, _MOST_SCALES).astype(np.float32)
    return out


def _of_scale(places: np.ndarray, known: Ratings) -> np.ndarray:
    rated, written = places[known.rows].astype(np.float64), places[known.written_rows]
    strength = SCALES_STRENGTH * (rated**2).sum(axis=1).mean()
    own = standard(known.written) if len(written) else known.written
    side = np.concatenate([np.zeros(len(rated)), np.full(len(written), _SIDE)])
    inputs = np.hstack([np.concatenate([rated, written]), side[:, None]])
    wanted = np.concatenate([known.ratings, own * known.ratings.std() + known.ratings.mean()])
    weight = np.concatenate([np.ones(len(rated)), np.full(len(written), WRITTEN_WEIGHT)])
    middle, mean = np.average(inputs, axis=0, weights=weight), np.average(wanted, weights=weight)
    inputs = (inputs - middle) * np.sqrt(weight)[:, None]
    squares = inputs.T @ inputs + strength * np.eye(inputs.shape[1])
    slope = np.linalg.solve(squares, inputs.T @ ((wanted - mean) * np.sqrt(weight)))[:-1]
    spread = (rated @ slope).std()
    out: np.ndarray = places @ (slope / spread).astype(np.float32) - middle[:-1] @ slope / spread
    out[known.written_rows] += OWN_SHARE * (own - out[known.written_rows])
    return out


def of_behaviours(
    places: np.ndarray, sentences: np.ndarray, turns: np.ndarray, wants: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return (texts, behaviours) guesses at how strongly the texts at ``places`` show each behaviour, in standard scores.

    Logistic regression: ``sentences`` are the rows of sentences, ``turns`` which turn each is of; ``wants`` (turns, behaviours)
    holds 1, 0 or NaN (unknown), ``weights`` (turns,) how much a turn counts. A turn shows what its strongest sentence shows.
    """
    import torch

    size = _LENGTH / float(np.sqrt((places[sentences] ** 2).sum(axis=1).mean()))
    inputs = torch.as_tensor(places[sentences] * size)
    known = torch.as_tensor(~np.isnan(wants))
    wanted = torch.as_tensor(np.nan_to_num(wants))
    weight = torch.where(wanted > 0, _POSITIVE, 1.0) * known * torch.as_tensor(weights)[:, None]
    weight = weight * 60 / weight.sum(0).clamp(min=1)
    owner = torch.as_tensor(turns)[:, None].expand(-1, wants.shape[1])
    slope = torch.zeros(places.shape[1], wants.shape[1], requires_grad=True)
    bias = torch.full((wants.shape[1],), -3.0, requires_grad=True)
    optimiser = torch.optim.Adam([slope, bias], _RATE)
    for _ in range(_STEPS):
        strongest = torch.full(wants.shape, _NOTHING).scatter_reduce(0, owner, inputs @ slope + bias, "amax")
        loss = torch.nn.functional.binary_cross_entropy_with_logits(strongest, wanted, weight, reduction="sum")
        loss = loss + _DECAY * (slope**2).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    told = standard(places @ (slope.detach().numpy() * size))
    out: np.ndarray = np.clip(told, _LEAST, _MOST_BEHAVIOURS).astype(np.float32)
    return out


def standard(scores: np.ndarray) -> np.ndarray:
    """Return scores with the mean 0 and the spread 1, column by column."""
    out: np.ndarray = (scores - scores.mean(axis=0)) / np.maximum(scores.std(axis=0), 1e-9)
    return out
