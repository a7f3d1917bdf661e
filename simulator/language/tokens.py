"""Counting tokens without the network: the o200k_base table ships with the package."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tiktoken

# Named, as the library names it in its cache, by the SHA-1 of the address it is published at.
TABLE = Path(__file__).parent / "data" / "fb374d419588a4632f3f557e76b4b70aebbca790"
TABLE_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
# How o200k_base splits text before it is encoded, as published with the encoding.
_CAPITALISED = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_CAPITALS = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
PATTERN = "|".join((_CAPITALISED, _CAPITALS, r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"))
SPECIAL = {"<|endoftext|>": 199999, "<|endofprompt|>": 200018}

# Families that use this encoding; for others a count is near enough to budget with.
_FAMILIES = ("gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-6", "chatgpt", "o1", "o3", "o4", "gpt-oss")


@lru_cache(maxsize=1)
def encoding() -> tiktoken.Encoding:
    """Return the encoding, built from the shipped table (about a third of a second, once)."""
    import tiktoken

    data = TABLE.read_bytes()
    if hashlib.sha256(data).hexdigest() != TABLE_SHA256:
        raise ValueError(f"{TABLE.name} is not the table of o200k_base: the installation is damaged")
    ranks = {}
    for line in data.splitlines():
        token, _, rank = line.partition(b" ")
        ranks[base64.b64decode(token)] = int(rank)
    return tiktoken.Encoding("o200k_base", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=SPECIAL)


def count(text: str, model: str | None = None) -> int:
    """Return how many tokens ``text`` has; exact where :func:`exact` holds for ``model``, else near enough to budget with."""
    return len(encoding().encode_ordinary(text))


def exact(model: str | None) -> bool:
    """Return whether :func:`count` is exact for ``model``."""
    name = (model or "").lower().rpartition("/")[2]
    return any(name == family or name.startswith((f"{family}-", f"{family}.")) for family in _FAMILIES)


def estimate(text: str) -> int:
    """Return a rough count without the table: four bytes a token, as English text has."""
    return (len(text.encode("utf-8", "ignore")) + 3) // 4
