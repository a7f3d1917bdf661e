"""Tokens are counted with the shipped table, exactly as the library would, and never by way of the network."""

from __future__ import annotations

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken_ext import openai_public

from simulator.language import tokens


@pytest.fixture(scope="module")
def official() -> tiktoken.Encoding:
    with pytest.MonkeyPatch.context() as patch:
        # The file bears the name that the library gives it in its cache, so this reads it and downloads nothing.
        patch.setenv("TIKTOKEN_CACHE_DIR", str(tokens.TABLE.parent))
        return tiktoken.Encoding(**openai_public.o200k_base())


def test_it_is_the_librarys_own_encoding(official):
    assert (official._pat_str, official._special_tokens) == (tokens.PATTERN, tokens.SPECIAL)
    assert official.n_vocab == tokens.encoding().n_vocab


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_every_text_has_a_count(text: str):
    encoded = tokens.encoding().encode_ordinary(text)
    assert tokens.count(text) == len(encoded)
    assert tokens.encoding().decode(encoded) == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_special_words_are_ordinary_text_here():
    assert tokens.count("<|endoftext|>") > 1
    assert tokens.count("") == 0


@pytest.mark.parametrize(
    ("model", "exact"),
    [
        ("gpt-4.1-mini", True),
        ("gpt-4o", True),
        ("openai/gpt-5.4-mini", True),
        ("o3", True),
        ("gpt-4", False),
        ("llama3.2", False),
        (None, False),
    ],
)
def test_for_whom_a_count_is_exact(model: str | None, exact: bool):
    assert tokens.exact(model) is exact


def test_an_estimate_is_of_the_right_size():
    text = "Sorry about the wait, let me have a look at that for you right now. " * 20
    assert 0.6 < tokens.estimate(text) / tokens.count(text) < 1.6
    assert tokens.estimate("") == 0


def test_a_damaged_table_is_noticed(tmp_path, monkeypatch):
    damaged = tmp_path / tokens.TABLE.name
    damaged.write_bytes(tokens.TABLE.read_bytes()[:-5])
    monkeypatch.setattr(tokens, "TABLE", damaged)
    with pytest.raises(ValueError, match="damaged"):
        tokens.encoding.__wrapped__()
