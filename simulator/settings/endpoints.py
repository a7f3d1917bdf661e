"""From a choice in the settings to where a model is reached, and to the words for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from simulator.models.endpoint import OPENAI_URL, Endpoint
from simulator.settings.keys import account_headers, api_key, environment_key, environment_url
from simulator.settings.places import variable
from simulator.settings.shape import Choice, ModelChoice, Settings, Timeouts

BUILT_IN_VOICE = "built-in voice"
BUILT_IN_JUDGE = "built-in judge"


def voice_endpoint(settings: Settings) -> Endpoint | None:
    """Return where the customer's voice is spoken, or ``None`` for the built-in voice. May look into the OS keyring."""
    return _endpoint(settings.voice, settings.timeouts, with_key=True)


def judge_endpoint(settings: Settings) -> Endpoint | None:
    """Return where conversations are judged, or ``None`` for the built-in judge. May look into the OS keyring."""
    return _endpoint(settings.judge, settings.timeouts, with_key=True)


def endpoint_of(choice: Choice, timeouts: Timeouts | None = None) -> Endpoint | None:
    """Return the endpoint a choice means, or ``None`` for the built-in one. May look into the OS keyring."""
    return _endpoint(choice, timeouts or Timeouts(), with_key=True)


def describe_voice(settings: Settings) -> str:
    """Return the short words a screen shows for the voice. Reads no keyring."""
    endpoint = _endpoint(settings.voice, settings.timeouts, with_key=False)
    return endpoint.describe() if endpoint else BUILT_IN_VOICE


def describe_judge(settings: Settings) -> str:
    """Return the short words a screen shows for the judge. Reads no keyring."""
    endpoint = _endpoint(settings.judge, settings.timeouts, with_key=False)
    return endpoint.describe() if endpoint else BUILT_IN_JUDGE


def addresses(settings: Settings) -> list[str]:
    """Return the servers that the settings name, as base URLs."""
    choices = (settings.voice, settings.judge)
    return [choice.base_url for choice in choices if isinstance(choice, ModelChoice) and choice.base_url]


def _endpoint(choice: Literal["auto", "builtin"] | ModelChoice, timeouts: Timeouts, *, with_key: bool) -> Endpoint | None:
    if choice == "builtin":
        return None
    if choice == "auto":
        if environment_key() is None and environment_url() is None:
            return None
        choice = ModelChoice()
    url = choice.base_url or environment_url() or OPENAI_URL
    key = None
    if with_key:
        named = variable(choice.key_env) if choice.key_env else None
        key = named or api_key(url)
    usual = Endpoint.at(url, choice.model, key)
    return replace(
        usual,
        account=account_headers(url),
        connect_s=timeouts.connect,
        stall_s=timeouts.stall,
        first_token_s=timeouts.first_token or usual.first_token_s,
        timeout_s=timeouts.total or usual.timeout_s,
    )
