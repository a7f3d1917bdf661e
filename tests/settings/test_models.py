"""From settings, variables and keys to a model, and the words for it."""

from __future__ import annotations

import pytest

from simulator import settings
from simulator.domain.errors import FinelineError, UsageError
from simulator.models.endpoint import DEFAULT_HOSTED_MODEL, OPENAI_URL
from simulator.settings import ModelChoice, Settings, Timeouts


def test_without_anything_the_built_in_ones_are_used():
    assert settings.voice_endpoint(Settings()) is None
    assert settings.judge_endpoint(Settings()) is None
    assert settings.describe_voice(Settings()) == "built-in voice"
    assert settings.describe_judge(Settings()) == "built-in judge"


def test_a_key_alone_means_openai(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    endpoint = settings.voice_endpoint(Settings())
    assert (endpoint.url, endpoint.model, endpoint.key.get_secret_value()) == (OPENAI_URL, DEFAULT_HOSTED_MODEL, "sk-1")
    assert settings.describe_voice(Settings()) == f"{DEFAULT_HOSTED_MODEL} at api.openai.com"
    assert "sk-1" not in repr(endpoint)


def test_an_address_alone_means_its_first_model(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:11434")
    endpoint = settings.judge_endpoint(Settings())
    assert (endpoint.url, endpoint.model, endpoint.key, endpoint.label) == ("http://localhost:11434/v1", "", None, "Ollama")


def test_who_pays_at_openai_is_told_to_nobody_else(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    assert settings.judge_endpoint(Settings()).account == (("OpenAI-Organization", "org-1"),)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example/v1")
    assert settings.judge_endpoint(Settings()).account == ()


def test_built_in_stays_built_in_whatever_is_set(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    assert settings.voice_endpoint(Settings(voice="builtin")) is None
    assert settings.judge_endpoint(Settings(voice="builtin")) is not None


def test_a_name_alone_is_a_model_of_the_server_that_is_set(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example/v1")
    endpoint = settings.voice_endpoint(Settings(voice=settings.choice_from("big-model")))
    assert (endpoint.url, endpoint.model) == ("https://models.example/v1", "big-model")


def test_an_address_that_is_none_is_named_by_its_variable(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "not an address")
    with pytest.raises(UsageError, match="OPENAI_BASE_URL"):
        settings.voice_endpoint(Settings())


def test_waiting_times_are_the_users_to_set():
    choice = ModelChoice(base_url="http://localhost:1", model="m")
    usual = settings.voice_endpoint(Settings(voice=choice))
    assert usual.first_token_s > 30
    own = settings.voice_endpoint(Settings(voice=choice, timeouts=Timeouts(connect=1, first_token=2, stall=3, total=4)))
    assert (own.connect_s, own.first_token_s, own.stall_s, own.timeout_s) == (1, 2, 3, 4)


@pytest.mark.parametrize("word", ["auto", "builtin", "built-in", "Built In", " AUTO "])
def test_the_two_words(word):
    assert settings.choice_from(word) in ("auto", "builtin")


@pytest.mark.parametrize("word", ["", "bultin", "buildin", "atuo", "m@http://"])
def test_what_is_no_choice(word):
    with pytest.raises(UsageError):
        settings.choice_from(word)


class TestKeys:
    def test_the_environments_key_goes_to_its_own_server_only(self, monkeypatch, ring):
        monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
        assert settings.api_key(None) == settings.api_key("https://api.openai.com/v1/") == "sk-1"
        assert settings.api_key("https://models.example/v1") is None
        assert settings.api_key("http://127.0.0.1:8080/v1") is None
        monkeypatch.setenv("OPENAI_BASE_URL", "https://models.example/v1")
        assert settings.api_key("https://models.example/other") == "sk-1"
        assert settings.api_key("https://api.openai.com/v1") is None

    def test_a_variable_of_ones_own(self, monkeypatch):
        monkeypatch.setenv("MY_KEY", "sk-3")
        choice = ModelChoice(base_url="https://models.example", model="m", key_env="MY_KEY")
        assert settings.endpoint_of(choice).key.get_secret_value() == "sk-3"

    def test_stored_keys_are_kept_by_server(self, ring):
        settings.store_key("https://models.example/v1", " sk-2\n")
        assert settings.api_key("https://models.example:443/api") == "sk-2"
        assert settings.api_key(None) is None
        assert list(ring.kept) == [("fineline", "https://models.example:443")]
        assert settings.forget_key("https://models.example/v1")
        assert not settings.forget_key("https://models.example/v1")
        assert settings.api_key("https://models.example/v1") is None

    def test_the_environment_wins_over_the_keyring(self, monkeypatch):
        settings.store_key(None, "sk-stored")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
        assert settings.api_key(None) == "sk-1"

    def test_a_machine_without_a_keyring(self, ring):
        ring.missing = True
        assert settings.api_key(None) is None
        assert not settings.forget_key(None)
        with pytest.raises(FinelineError) as caught:
            settings.store_key(None, "sk-1")
        assert "OPENAI_API_KEY" in caught.value.hint
        assert "sk-1" not in str(caught.value)

    @pytest.mark.parametrize("key", ["", "  \n", "sk-\x1b[31m", "clé"])
    def test_what_is_no_key(self, key):
        with pytest.raises(UsageError):
            settings.store_key(None, key)

    def test_words_for_a_screen_read_no_keyring(self, ring, monkeypatch):
        monkeypatch.setattr(type(ring), "get_password", lambda *_: pytest.fail("the keyring was read"))
        assert settings.describe_voice(Settings(voice=ModelChoice(model="m"))) == "m at api.openai.com"
