"""The teacher: a large sentence encoder (MPNet, ``sentence-transformers/all-mpnet-base-v2``), read layer by layer.

Needs ``torch`` and the model's folder (``model.safetensors``, ``tokenizer.json``). Nothing of it is shipped or used at run time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

LAYERS = (4, 6, 8, 10, 12)  # whose mean vectors are kept: the upper ones know topics, the middle ones manners
SIZE, HEADS, DEPTH, BUCKETS, FARTHEST = 768, 12, 12, 32, 128
LONGEST = 128  # sub-words of a text that are read
_BATCH = 48


class Teacher:
    """MPNet in 16-bit floats."""

    def __init__(self, folder: Path) -> None:
        import torch
        from safetensors.torch import load_file

        self._torch: Any = torch
        stored = load_file(folder / "model.safetensors")
        self._weights = {name.removeprefix("mpnet."): weight.to(torch.bfloat16) for name, weight in stored.items()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Return (texts, layers, size) mean token vectors, float16."""
        torch = self._torch
        ids = [encoded.ids for encoded in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
        out = np.zeros((len(ids), len(LAYERS), SIZE), np.float16)
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            longest = max(len(ids[row]) for row in rows)
            batch, mask = torch.ones((len(rows), longest), dtype=torch.long), torch.zeros((len(rows), longest))
            for place, row in enumerate(rows):
                batch[place, : len(ids[row])] = torch.as_tensor(ids[row])
                mask[place, : len(ids[row])] = 1
            with torch.inference_mode():
                out[rows] = self._forward(batch, mask).numpy()
        return out

    def _forward(self, ids: Any, mask: Any) -> Any:
        torch, weights = self._torch, self._weights
        functional = torch.nn.functional

        def linear(x: Any, name: str) -> Any:
            return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

        def normed(x: Any, name: str) -> Any:
            return functional.layer_norm(x, (SIZE,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-5)

        count, length = ids.shape
        places = weights["embeddings.position_embeddings.weight"][torch.arange(length) + 2]
        x = normed(weights["embeddings.word_embeddings.weight"][ids] + places, "embeddings.LayerNorm")
        near = weights["encoder.relative_attention_bias.weight"][torch.as_tensor(_buckets(length))].permute(2, 0, 1)[None]
        near = near + ((1 - mask) * -1e4).to(torch.bfloat16)[:, None, None, :]
        share = (mask / mask.sum(1, keepdim=True))[:, :, None]
        out = []
        for layer in range(DEPTH):
            place = f"encoder.layer.{layer}"
            query, key, value = (
                linear(x, f"{place}.attention.attn.{part}").view(count, length, HEADS, SIZE // HEADS).transpose(1, 2)
                for part in "qkv"
            )
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=near)
            seen = linear(seen.transpose(1, 2).reshape(count, length, SIZE), f"{place}.attention.attn.o")
            x = normed(x + seen, f"{place}.attention.LayerNorm")
            inner = functional.gelu(linear(x, f"{place}.intermediate.dense"))
            x = normed(x + linear(inner, f"{place}.output.dense"), f"{place}.output.LayerNorm")
            if layer + 1 in LAYERS:
                out.append((x.float() * share).sum(1))
        return torch.stack(out, 1)


def _buckets(length: int) -> np.ndarray:
    """Return the bucket of the distance from each place to each other, as MPNet counts it: near ones apart, far ones not."""
    place = np.arange(length)
    distance = place[:, None] - place[None, :]  # positive where the other stands before
    half = BUCKETS // 2
    size = np.abs(distance)
    exact = half // 2
    far = exact + (np.log(np.maximum(size, 1) / exact) / math.log(FARTHEST / exact) * (half - exact)).astype(int)
    out: np.ndarray = (distance < 0) * half + np.where(size < exact, size, np.minimum(far, half - 1))
    return out


class Space:
    """The teacher's space: its layers, each centred and of unit length, turned to their leading directions."""

    def __init__(self, middle: np.ndarray, mean: np.ndarray, directions: np.ndarray) -> None:
        self._middle, self._mean, self._directions = middle, mean, directions

    @classmethod
    def of(cls, vectors: np.ndarray, size: int) -> Space:
        """Find the ``size`` leading directions of the teacher's vectors of many texts."""
        middle = vectors.astype(np.float32).mean(axis=0)
        flat = _flat(vectors, middle)
        mean = flat.mean(axis=0)
        flat -= mean
        _, directions = np.linalg.eigh((flat.T @ flat).astype(np.float64))
        return cls(middle, mean, directions[:, ::-1][:, :size].astype(np.float32))

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Return (texts, size) places of the teacher's vectors, float32."""
        parts = [vectors[start : start + 2000] for start in range(0, len(vectors), 2000)]
        return np.concatenate([(_flat(part, self._middle) - self._mean) @ self._directions for part in parts])


def _flat(vectors: np.ndarray, middle: np.ndarray) -> np.ndarray:
    centred = vectors.astype(np.float32) - middle
    centred /= np.linalg.norm(centred, axis=2, keepdims=True)
    centred /= math.sqrt(vectors.shape[1])
    out: np.ndarray = centred.reshape(len(centred), -1)
    return out
