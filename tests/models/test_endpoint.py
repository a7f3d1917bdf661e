"""Addresses as people write them, and the words for where a model is."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.domain.errors import UsageError
from simulator.models.endpoint import DEFAULT_HOSTED_MODEL, OPENAI_URL, Endpoint, is_local, normalise, origin_of


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://localhost:11434/", "http://localhost:11434/v1"),
        ("localhost:1234", "http://localhost:1234/v1"),
        ("127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1"),
        ("[::1]:8080", "http://[::1]:8080/v1"),
        ("models.example", "https://models.example/v1"),
        ("https://models.example/api/v1/", "https://models.example/api/v1"),
        ("https://models.example/openai/models", "https://models.example/openai"),
        (" https://models.example/v1\x1b[31m ", "https://models.example/v1"),
    ],
)
def test_addresses_are_understood(written: str, url: str):
    assert normalise(written) == url
    assert normalise(url) == url


@pytest.mark.parametrize(
    "written",
    ["", "   ", "ftp://x/v1", "http://", "http://a:b:c/v1", "http://a b/v1", "://", "http://x:99999/v1", "http://[::1/v1"],
)
def test_what_is_no_address_is_said_to_be_none(written: str):
    with pytest.raises(UsageError):
        normalise(written)


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_any_text_is_an_address_or_a_usage_error(text: str):
    try:
        url = normalise(text)
    except UsageError:
        return
    assert url.startswith(("http://", "https://"))
    assert isinstance(is_local(url), bool)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://app.localhost/v1", True),
        ("http://127.8.9.1/v1", True),
        ("http://[::1]:1/v1", True),
        ("http://0.0.0.0:1/v1", True),
        ("http://192.168.1.2:11434/v1", False),
        ("https://localhost.example/v1", False),
        ("https://127.0.0.1.example/v1", False),
    ],
)
def test_what_is_on_this_computer(url: str, local: bool):
    assert is_local(url) is local


def test_an_origin_is_what_a_key_belongs_to():
    assert origin_of("https://models.example/v1") == origin_of("https://MODELS.example:443/other")
    assert origin_of("https://models.example/v1") != origin_of("http://models.example/v1")
    assert origin_of("https://models.example/v1") != origin_of("https://models.example:8443/v1")


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        (Endpoint(None, "gpt-4.1-mini"), "gpt-4.1-mini at api.openai.com"),
        (Endpoint.at("localhost:11434", "llama3.2"), "llama3.2 on this computer (Ollama)"),
        (Endpoint.at("http://127.0.0.1:9999/v1", "m"), "m on this computer (127.0.0.1:9999)"),
        (Endpoint.at("https://models.example/v1"), "the first model at models.example"),
        (Endpoint("https://ann:secret@models.example:8443/v1", "a\x1b[31mb"), "ab at models.example:8443"),
    ],
)
def test_the_words_a_screen_shows(endpoint: Endpoint, words: str):
    assert endpoint.describe() == words


def test_the_usual_at_an_address():
    assert (Endpoint.at(None).url, Endpoint.at(None).model) == (OPENAI_URL, DEFAULT_HOSTED_MODEL)
    local = Endpoint.at("localhost:1234")
    assert (local.model, local.label) == ("", "LM Studio")
    assert local.first_token_s > Endpoint().first_token_s


def test_talking_about_models_imports_no_client():
    script = (
        "import sys, simulator.models.endpoint, simulator.models.errors, simulator.models.chat, simulator.models.scripted\n"
        "import simulator.models.discovery, simulator.settings, simulator.cli.models\n"
        "print(sorted({'openai', 'httpx2', 'json_repair', 'keyring', 'tiktoken', 'tomlkit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
