"""Where a language model is reached. Holds no connection and imports no client."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import SecretStr

from simulator.domain.errors import UsageError
from simulator.domain.text import clean

OPENAI_URL = "https://api.openai.com/v1"
# What a conversation wants is a quick first word at a low price: OpenAI's small general models, the one to use first, then
# what stands in where an account or a gateway does not have it.
HOSTED_MODELS = ("gpt-6-luna", "gpt-5.6-luna", "gpt-5.4-mini", "gpt-4.1-mini", "gpt-4o-mini")
DEFAULT_HOSTED_MODEL = HOSTED_MODELS[0]
# The ports local servers listen on unless told otherwise.
LOCAL_SERVERS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
_HOSTED = {
    "api.openai.com": "OpenAI",
    "openrouter.ai": "OpenRouter",
    "api.mistral.ai": "Mistral",
    "api.groq.com": "Groq",
    "api.together.xyz": "Together",
    "api.deepseek.com": "DeepSeek",
    "generativelanguage.googleapis.com": "Google",
    "api.anthropic.com": "Anthropic",
}

# A model on one's own machine may first have to be read from disk, and then thinks slowly.
LOCAL_TIMEOUT_S = 300.0
LOCAL_FIRST_TOKEN_S = 120.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model at an OpenAI-compatible server.

    ``base_url`` ``None`` is OpenAI's own. ``model`` ``""`` is the first model the server lists. Times are seconds:
    ``connect_s`` to be let in, ``first_token_s`` to the first sign of an answer, ``stall_s`` between two pieces of it,
    ``timeout_s`` for one whole request with its retries. ``account`` are headers that say which part of an account pays.
    """

    base_url: str | None = None
    model: str = ""
    key: SecretStr | None = None
    label: str = ""
    timeout_s: float = 60.0
    connect_s: float = 5.0
    first_token_s: float = 30.0
    stall_s: float = 20.0
    account: tuple[tuple[str, str], ...] = ()

    @classmethod
    def at(cls, url: str | None, model: str = "", key: str | None = None) -> Endpoint:
        """Return the endpoint at ``url`` with what is usual there: OpenAI's default model, patience with local servers."""
        url = normalise(url) if url else OPENAI_URL
        usual = cls(url, model or (DEFAULT_HOSTED_MODEL if origin_of(url) == origin_of(OPENAI_URL) else ""))
        usual = replace(usual, key=SecretStr(key) if key else None, label=label_for(url))
        return replace(usual, timeout_s=LOCAL_TIMEOUT_S, first_token_s=LOCAL_FIRST_TOKEN_S) if usual.local else usual

    @property
    def url(self) -> str:
        """The server's address, never ending in a slash."""
        return self.base_url.rstrip("/") if self.base_url else OPENAI_URL

    @property
    def host(self) -> str:
        """Host and, where it is not the scheme's own, port; never a user name or password."""
        return host_of(self.url)

    @property
    def local(self) -> bool:
        """Whether the server is on this computer."""
        return is_local(self.url)

    def describe(self) -> str:
        """Return the few words a screen shows: ``gpt-4.1-mini at api.openai.com``."""
        model = clean(self.model, keep_newlines=False) or "the first model"
        if self.local:
            return f"{model} on this computer ({clean(self.label, keep_newlines=False) or self.host})"
        return f"{model} at {self.host}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UsageError("That is not the address of a model server.", hint="One looks like http://localhost:11434/v1.") from None
    return parts


def host_of(url: str) -> str:
    """Return host and port of ``url`` without user name and password."""
    parts = _split(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    return f"{host}:{parts.port}" if parts.port else host


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``: what a key belongs to."""
    parts = _split(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


@lru_cache(maxsize=64)
def is_local(url: str) -> bool:
    """Return whether ``url`` leads to this computer, where a proxy has no place."""
    host = (_split(url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def normalise(url: str) -> str:
    """Return ``url`` as a base URL: with a scheme, without the route of a call, and with ``/v1`` where no path is given.

    Raises :class:`UsageError` for what cannot be one.
    """
    text = clean(url, keep_newlines=False).strip()
    if text and "://" not in text:
        text = f"{'http' if is_local('//' + text) else 'https'}://{text}"
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise UsageError("That is not the address of a model server.", hint="One looks like http://localhost:11434/v1.")
    path = re.sub(r"/(chat/completions|completions|models|responses)$", "", parts.path.rstrip("/"))
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", parts.query, ""))


def label_for(url: str) -> str:
    """Return the name of the service at ``url``: by its usual port on this computer, else by its host."""
    parts = _split(url)
    if is_local(url):
        return next((name for name, port in LOCAL_SERVERS.items() if port == parts.port), "")
    return _HOSTED.get(parts.hostname or "", parts.hostname or "")
