"""Reading what servers send back, whatever is missing from it or too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.domain.grade import Usage
from simulator.domain.text import clean
from simulator.models import faults
from simulator.models.endpoint import Endpoint
from simulator.models.errors import ModelError
from simulator.models.quirks import Message

# Parts of names of models that do something other than talk.
_NOT_CHAT = frozenset(
    "embed whisper tts dall-e image rerank moderation transcribe audio realtime bge- sora babbage davinci codex search research"
    " computer-use".split()
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one body, or one event of a stream, holds: a piece of the answer and of the thoughts, and why it ended here."""

    text: str = ""
    thought: str = ""
    finish_reason: str | None = None


def as_object(data: object, endpoint: Endpoint) -> dict[str, Any]:
    """Return a parsed body that is an object; raises :class:`ModelError` for any other."""
    if not isinstance(data, dict):
        page = isinstance(data, str) and data.lstrip()[:1] == "<"
        raise faults.not_a_model_server(endpoint, page=page)
    return data


def read(data: dict[str, Any], endpoint: Endpoint) -> Said:
    """Return what a body or event says. Raises :class:`ModelError` for an error in its place, a refusal or another shape."""
    if data.get("error"):
        raise faults.error_instead(endpoint)
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if choice is None and ("choices" in data or "usage" in data):
        return Said()
    message = (choice.get("delta") or choice.get("message") or {}) if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise faults.not_a_model_server(endpoint, page=False)
    if message.get("refusal"):
        raise ModelError(
            "malformed", f"{endpoint.model or 'The model'} declined to answer.", hint="Try again, or choose another model."
        )
    finish_reason = choice.get("finish_reason")
    thought = _text(message.get("reasoning_content")) or _text(message.get("reasoning"))
    return Said(_text(message.get("content")), thought, finish_reason if isinstance(finish_reason, str) else None)


def _text(content: object) -> str:
    """Return the text of a message's content, which some servers give in parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(
            _text(part.get("text")) for part in content if isinstance(part, dict) and part.get("type", "text") == "text"
        )
    return ""


def usage_of(reported: object, messages: Sequence[Message], characters: int) -> tuple[Usage, bool]:
    """Return what one call cost, as the server reports it or else estimated; and whether part of it was thinking.

    ``characters`` is how long the answer was, thoughts and all.
    """
    data = reported if isinstance(reported, dict) else {}
    put, made = _count(data, "prompt_tokens"), _count(data, "completion_tokens")
    if put is None or made is None:
        from simulator.language.tokens import estimate

        put = sum(estimate(each["content"]) + 4 for each in messages)
        return Usage(input_tokens=put, output_tokens=(characters + 3) // 4, calls=1, estimated=True), False
    cached = _count(data.get("prompt_tokens_details"), "cached_tokens") or 0
    thought = bool(_count(data.get("completion_tokens_details"), "reasoning_tokens"))
    return Usage(input_tokens=put, output_tokens=made, cached_tokens=cached, calls=1), thought


def _count(data: object, name: str) -> int | None:
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def names_listed(data: object, endpoint: Endpoint) -> list[str]:
    """Return the chat models' names in the body of ``/models``, in its order. Raises :class:`ModelError` if it is none."""
    entries = data.get("data", data.get("models")) if isinstance(data, dict) else data
    if entries is None and isinstance(data, dict) and "data" in data:
        entries = []  # a server without a model may say so with null
    if not isinstance(entries, list):
        raise faults.not_a_model_server(endpoint, page=isinstance(data, str))
    names = []
    for entry in entries:
        name = (entry.get("id") or entry.get("name")) if isinstance(entry, dict) else entry
        if isinstance(name, str) and 0 < len(name) <= 200 and name == clean(name, keep_newlines=False):
            names.append(name)
    return [name for name in names if not any(word in name.lower() for word in _NOT_CHAT)]


# What servers call the number of tokens that a model can take: vLLM; OpenRouter and Together; Groq; Mistral; LM Studio.
_WINDOW_NAMES = ("max_model_len", "context_length", "context_window", "max_context_length", "loaded_context_length")


def windows_listed(data: object) -> dict[str, int]:
    """Return how many tokens each model can take, by its name, for those where the body of ``/models`` tells."""
    entries = data.get("data", data.get("models")) if isinstance(data, dict) else data
    windows = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        meta = entry.get("meta")  # llama.cpp: what the model was trained for, the most that it can have been started with
        known = [_count(entry, name) for name in _WINDOW_NAMES] + [_count(meta, "n_ctx"), _count(meta, "n_ctx_train")]
        sizes = [size for size in known if size]
        name = entry.get("id") or entry.get("name")
        if sizes and isinstance(name, str):
            windows[name] = min(sizes)
    return windows
