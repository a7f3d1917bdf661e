"""Static word vectors: texts to unit vectors, from the weights inside the ``wordllama`` wheel.

The weights and the tokenizer are read straight from the installed package: importing ``wordllama`` itself would load
``requests`` and configure logging, which takes half a second and is no use here. A word's vector is the sum of the vectors
of its sub-word tokens (the tokenizer never merges across spaces), so words are looked up once and a text is a sum of rows.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from simulator.domain.errors import FinelineError
from simulator.language import ragged

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_TENSOR = "embedding.weight"
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*|[?!]")
_LONGEST_WORD = 40  # characters; beyond it a "word" is noise and would only cost time
_MOST_WORDS = 15_000  # rows kept before the table is started afresh: 16 MB at 256 dimensions


class Encoder:
    """Word vectors and the sums of them. Not for use by two threads at once while new words are met; cheap to load."""

    def __init__(self, table: np.ndarray, tokenizer: Tokenizer) -> None:
        self._table = table
        self._tokenizer = tokenizer
        self._rows: dict[str, int] = {}
        self._digits: dict[str, list[int]] = {}
        self.generation = 0  # how often :meth:`make_room` made room
        self._vectors = np.zeros((4096, table.shape[1]), np.float32)

    @classmethod
    def load(cls) -> Encoder:
        """Read the vectors (memory-mapped) and the tokenizer; no network, no log, about 60 ms.

        Raises :class:`FinelineError` when the ``wordllama`` package or its weights are missing.
        """
        spec = find_spec("wordllama")
        folder = Path(spec.origin).parent if spec is not None and spec.origin else None
        if folder is None or not (folder / _WEIGHTS).is_file() or not (folder / _TOKENIZER).is_file():
            raise FinelineError("The word vectors are missing.", hint="Install the package again: wordllama ships them.")
        return cls(_map_tensor(folder / _WEIGHTS), Tokenizer.from_file(str(folder / _TOKENIZER)))

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return int(self._vectors.shape[1])

    def row(self, word: str) -> int:
        """Return the row of a word in :attr:`vectors`, adding it when it is new. Rows hold until :meth:`make_room`."""
        found = self._rows.get(word)
        if found is not None:
            return found
        number = len(self._rows)
        if number == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        ids = self._ids(word[:_LONGEST_WORD])
        if ids:
            self._vectors[number] = self._table[ids].astype(np.float32).sum(axis=0)
        self._rows[word] = number
        return number

    def _ids(self, word: str) -> list[int]:
        if not (word.isdigit() and word.isascii()):
            return self._tokenizer.encode(word, add_special_tokens=False).ids
        # Numbers are new again and again, and the tokenizer takes them digit by digit.
        if not self._digits:
            self._digits = {digit: self._tokenizer.encode(digit, add_special_tokens=False).ids for digit in "0123456789"}
        return [*self._digits[word[0]], *(self._digits[digit][-1] for digit in word[1:])]

    @property
    def vectors(self) -> np.ndarray:
        """All word vectors met so far, one row a word."""
        return self._vectors

    def make_room(self) -> None:
        """Forget every word when there are very many of them. Rows handed out before no longer mean anything."""
        if len(self._rows) > _MOST_WORDS:
            self._rows.clear()
            self.generation += 1

    def sums(self, texts_of_rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Return the L2-normalised sum of each list of rows: (n, d) float32; an empty list gives zeros."""
        lengths = np.fromiter((len(rows) for rows in texts_of_rows), np.intp, len(texts_of_rows))
        return self.sums_of(np.fromiter(chain.from_iterable(texts_of_rows), np.intp, int(lengths.sum())), lengths)

    def sums_of(self, rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Return what :meth:`sums` does, for lists that are laid end to end."""
        out = ragged.sums(self._vectors, rows, lengths)
        norms = np.sqrt(np.einsum("ij,ij->i", out, out))[:, None]
        np.divide(out, norms, out=out, where=norms > 0)
        return out

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return one unit vector a text, (n, d) float32; a text without words gives zeros.

        Case, punctuation and word order do not matter. Dot products are cosines, −1..1.
        """
        self.make_room()
        return self.sums([[self.row(word) for word in words(text)] for text in texts])


def words(text: str) -> Iterable[str]:
    """Yield the words of a text as the encoder sees them: lower case, straight apostrophes."""
    return (word.lower().replace("’", "'") for word in _WORD.findall(text[:100_000]))


def _map_tensor(path: Path) -> np.ndarray:
    # The safetensors format: 8 bytes of header length, a JSON header, raw little-endian data.
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length))[_TENSOR]
    if entry["dtype"] != "F16":
        raise FinelineError(f"The word vectors have the type {entry['dtype']}, not F16.", hint="Use wordllama 0.4.")
    begin, _ = entry["data_offsets"]
    # As a plain array: indexing a memmap costs several times as much.
    return np.asarray(np.memmap(path, "<f2", mode="r", offset=8 + length + begin, shape=tuple(entry["shape"])))
