"""The linear weights of the ear: loading them, and the arithmetic."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import chain

import numpy as np

from simulator.language import ragged


@dataclass(frozen=True)
class Model:
    """Weights for named outputs (behaviours first, then scores) over named features and a sentence's patterns.

    ``sparse`` is (features, outputs), ``dense`` (patterns, outputs), ``bias`` (outputs,); ``like`` and ``unlike`` (outputs,)
    weigh the likeness to the catalogue's examples and near misses.
    """

    outputs: tuple[str, ...]
    vocabulary: dict[str, int]
    sparse: np.ndarray
    dense: np.ndarray
    bias: np.ndarray
    like: np.ndarray
    unlike: np.ndarray

    @classmethod
    def load(cls, name: str = "behaviours") -> Model:
        """Read shipped weights."""
        return cls.from_bytes(files("simulator.language").joinpath("data", f"{name}.npz").read_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Read weights that :meth:`to_bytes` wrote."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            words = bytes(stored["vocabulary"]).decode().split("\n")
            scale = stored["scale"].astype(np.float32)
            return cls(
                outputs=tuple(bytes(stored["outputs"]).decode().split("\n")),
                vocabulary={word: number for number, word in enumerate(words)},
                sparse=stored["sparse"].astype(np.float32) * scale,
                dense=stored["dense"].astype(np.float32),
                bias=stored["bias"].astype(np.float32),
                like=stored["like"].astype(np.float32),
                unlike=stored["unlike"].astype(np.float32),
            )

    def to_bytes(self) -> bytes:
        """Return the weights as a small npz: the sparse ones as 8-bit integers with a scale for each output."""
        scale = np.maximum(np.abs(self.sparse).max(axis=0), 1e-6) / 127
        out = io.BytesIO()
        np.savez_compressed(
            out,
            outputs=np.frombuffer("\n".join(self.outputs).encode(), np.uint8),
            vocabulary=np.frombuffer("\n".join(self.vocabulary).encode(), np.uint8),
            sparse=np.round(self.sparse / scale).astype(np.int8),
            scale=scale.astype(np.float32),
            dense=self.dense.astype(np.float16),
            bias=self.bias.astype(np.float32),
            like=self.like.astype(np.float32),
            unlike=self.unlike.astype(np.float32),
        )
        return out.getvalue()

    @cached_property
    def digest(self) -> str:
        """A short hash of all weights."""
        parts = (self.sparse, self.dense, self.bias, self.like, self.unlike)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:10]

    def ids(self, names: Sequence[str]) -> list[int]:
        """Return the numbers of the features it has weights for."""
        known = self.vocabulary
        return [known[name] for name in names if name in known]

    def logits(self, features: Sequence[Sequence[int]], patterns: np.ndarray) -> np.ndarray:
        """Return (n, outputs) sums of weights, likeness to the catalogue and context not yet among them."""
        lengths = np.fromiter((len(ids) for ids in features), np.intp, len(features))
        return self.logits_of(np.fromiter(chain.from_iterable(features), np.intp, int(lengths.sum())), lengths, patterns)

    def logits_of(self, features: np.ndarray, counts: np.ndarray, patterns: np.ndarray) -> np.ndarray:
        """Return what :meth:`logits` does, for features that are laid end to end, ``counts`` of them for each sentence."""
        out: np.ndarray = patterns @ self.dense + self.bias
        out += ragged.sums(self.sparse, features, counts) * damping(counts)[:, None]
        return out

    def limited_to(self, outputs: Sequence[str]) -> Model:
        """Return the same weights for these outputs, in this order; what there are none for has zeros."""
        if tuple(outputs) == self.outputs:
            return self
        known = {name: number for number, name in enumerate(self.outputs)}
        columns = np.array([known.get(name, len(known)) for name in outputs], np.intp)

        def chosen(table: np.ndarray) -> np.ndarray:
            return np.concatenate([table, np.zeros((*table.shape[:-1], 1), table.dtype)], axis=-1)[..., columns]

        weights = {name: chosen(getattr(self, name)) for name in ("sparse", "dense", "bias", "like", "unlike")}
        return Model(tuple(outputs), self.vocabulary, **weights)


def damping(lengths: np.ndarray) -> np.ndarray:
    """Return the factor on a sentence's sparse features by their number: 1 up to 40 of them, then falling as a root.

    Without it a long sentence would show every behaviour at once.
    """
    out: np.ndarray = np.sqrt(40.0 / np.maximum(lengths, 40.0)).astype(np.float32)
    return out
