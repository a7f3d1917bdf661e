"""What went wrong on the way to a model, said in plain words and without anything that must not be said."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simulator.domain.text import clean
from simulator.models.endpoint import OPENAI_URL, Endpoint, origin_of
from simulator.models.errors import ModelError

if TYPE_CHECKING:
    import openai

# How servers say that a prompt is too long: OpenAI and most others; vLLM and SGLang; llama.cpp; LM Studio; Anthropic and Bedrock;
# Google; xAI; TGI and Together; Groq.
_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|context the overflows|maximum context|too many tokens|exceeds? the (?:available|max)"
    r"|(?:prompt|input) is too long|longer than the (?:maximum )?(?:model|context)|maximum (?:prompt|model|input) length"
    r"|`?inputs`? tokens .{0,40}must be <=|reduce the length of the (?:messages|prompt|input)"
)
# vLLM, SGLang and OpenAI tell the whole and what the prompt takes of it; the answer may have the rest.
_WINDOW = re.compile(r"maximum context length (?:is|of) (\d+)")
_PROMPT = re.compile(r"(\d+) (?:input tokens|tokens from the input|in the messages|in your prompt)|contains at least (\d+) input")
_KEYLIKE = re.compile(r"\b(?:sk|pk|key|gsk|xai|hf)[-_][\w*.-]{6,}|\bBearer\s+\S+", re.IGNORECASE)
_OTHER = "Choose another model with 'fineline models', or go on with the built-in voice."


@dataclass(frozen=True)
class Refusal:
    """A status that is not success: the parsed body (or ``None``), its text, and how many seconds the server asks to wait."""

    status: int
    body: object
    text: Callable[[], str]
    pause_s: float | None = None

    @cached_property
    def words(self) -> str:
        """Everything the server said about it, for a program to look into; never to be shown."""
        try:
            return f"{self.body!s} {self.text()[:20_000]}"
        except Exception:  # the body was not read, or is not text: then there is nothing to look into
            return str(self.body)


class TooMuchError(Exception):
    """A body went on beyond every limit; a signal within this room."""


def server_name(endpoint: Endpoint) -> str:
    """Return what to call the server in a sentence."""
    if endpoint.local:
        return f"{clean(endpoint.label, keep_newlines=False) or 'The server'} on this computer ({endpoint.host})"
    return endpoint.host


def _seconds(seconds: float) -> str:
    return "1 second" if 0.5 < seconds < 1.5 else f"{seconds:.0f} seconds" if seconds >= 1.5 else f"{seconds:.1g} seconds"


def no_answer(endpoint: Endpoint, seconds: float, *, begun: bool = False) -> ModelError:
    """Return the error for a server that has been silent for ``seconds``."""
    happened = "stopped in the middle of its answer and said nothing more" if begun else "did not answer"
    return ModelError("timeout", f"{server_name(endpoint)} {happened} for {_seconds(seconds)}.", hint="Try again. " + _OTHER)


def too_slow(endpoint: Endpoint) -> ModelError:
    """Return the error for an answer that trickled until all time was used up."""
    happened = f"had not finished its answer after {_seconds(endpoint.timeout_s)}"
    return ModelError(
        "timeout", f"{server_name(endpoint)} {happened}.", hint="Choose a quicker model, or allow it more time in the settings."
    )


def error_instead(endpoint: Endpoint) -> ModelError:
    """Return the error for a server that reports one where its answer should be."""
    return ModelError("server", f"{server_name(endpoint)} reported an error in place of its answer.", hint="Try again. " + _OTHER)


def thought_aloud(endpoint: Endpoint) -> ModelError:
    """Return the error for a model whose thoughts came without the tag that would have told them from its answer."""
    what = f"{clean(endpoint.model, keep_newlines=False) or 'The model'} thought aloud in place of an answer."
    return ModelError("malformed", what, hint="Try again: from now on its thoughts are left out.")


def pause_asked(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return how many seconds a server asks callers to wait, if it does (Retry-After: seconds or a date, RFC 9110).

    ``now`` is the time in seconds since the epoch, where it is not the clock's.
    """
    from email.utils import parsedate_to_datetime

    asked = headers.get("retry-after", "")
    try:
        in_ms = headers.get("retry-after-ms")  # finer, where OpenAI and Azure give it
        seconds = float(in_ms) / 1000 if in_ms else float(asked)
    except ValueError:
        try:
            then = parsedate_to_datetime(asked).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
        seconds = then - (time.time() if now is None else now)
    return seconds if 0 < seconds < 86_400 else None


def dropped(endpoint: Endpoint) -> ModelError:
    """Return the error for a connection that broke before the answer was whole."""
    return ModelError("dropped", f"{server_name(endpoint)} broke off before its answer was whole.", hint="Try again. " + _OTHER)


def too_much(endpoint: Endpoint) -> ModelError:
    """Return the error for an answer that does not end."""
    return ModelError("too_long", f"The answer of {server_name(endpoint)} went on and on, so it was cut short.", hint=_OTHER)


def not_a_model_server(endpoint: Endpoint, *, page: bool) -> ModelError:
    """Return the error for a reply that is not a model's."""
    what = "a web page" if page else "something that is not a model's answer"
    hint = f"Check the address; that of a model server usually ends in /v1 (this one is {_address(endpoint)})."
    return ModelError("malformed", f"{server_name(endpoint)} answered with {what}.", hint=hint)


def room_left(refusal: Refusal) -> int | None:
    """Return how many tokens an answer may have where a server refused for the length of prompt and answer together."""
    text = refusal.words.lower()
    window, prompt = _WINDOW.search(text), _PROMPT.search(text)
    return int(window[1]) - int(prompt[1] or prompt[2]) if window and prompt else None


def too_long(endpoint: Endpoint) -> ModelError:
    """Return the error for a prompt that the model cannot take."""
    model = clean(endpoint.model, keep_newlines=False) or "the model"
    return ModelError("too_long", f"The conversation is longer than {model} can read.", hint=_OTHER)


def cut_short(endpoint: Endpoint, tokens: int) -> ModelError:
    """Return the error for a server that left part of a prompt out without a word, reading ``tokens`` of it."""
    what = f"{server_name(endpoint)} read only {tokens:,} tokens of a longer conversation and left the rest out."
    return ModelError("too_long", what, hint="Start it with a larger context (Ollama: OLLAMA_CONTEXT_LENGTH), or choose another.")


def from_exception(error: BaseException, endpoint: Endpoint, private: Iterable[str] = ()) -> ModelError:
    """Return the :class:`ModelError` for what the client, the network or a parser raised.

    ``private`` are texts that must not be repeated, such as what speakers said. Raises ``error`` itself if it is none of
    these, since a mistake of our own must not pass for a fault of the model.
    """
    import httpx2
    import openai

    match error:
        case ModelError():
            return error
        case TooMuchError():
            return too_much(endpoint)
        case openai.APIStatusError():
            return from_refusal(refusal_of(error), endpoint, private)
        case openai.APIConnectionError():
            return _from_connection(error.__cause__ or error, endpoint)
        case openai.APIResponseValidationError():
            return not_a_model_server(endpoint, page=False)
        case openai.APIError():
            return error_instead(endpoint)  # as an event of a stream
        case httpx2.HTTPError() | httpx2.InvalidURL() | httpx2.StreamError() | OSError():
            return _from_connection(error, endpoint)
        case json.JSONDecodeError() | UnicodeDecodeError() | RecursionError():  # or JSON nested without end
            return not_a_model_server(endpoint, page=False)
    raise error


def not_let_in(endpoint: Endpoint) -> ModelError:
    """Return the error for a server that could not be connected to in time."""
    what = f"{server_name(endpoint)} could not be reached within {_seconds(endpoint.connect_s)}."
    return ModelError("unreachable", what, hint=_where(endpoint))


def proxy_refused(endpoint: Endpoint) -> ModelError:
    """Return the error for a proxy that lets nothing through."""
    return ModelError(
        "unreachable",
        f"The proxy on the way to {server_name(endpoint)} refused.",
        hint="Check the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
    )


def bad_surroundings() -> ModelError:
    """Return the error for an environment whose proxies or certificates cannot be used."""
    return ModelError(
        "unreachable",
        "The proxy or certificates set in the environment cannot be used.",
        hint="Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
    )


def bad_certificate(endpoint: Endpoint) -> ModelError:
    """Return the error for a server that is not known to be the one it says it is."""
    return ModelError(
        "unreachable",
        f"{server_name(endpoint)} could not prove who it is: its certificate is not accepted.",
        hint="Check the address, and whether it begins with http or https.",
    )


def no_such_host(endpoint: Endpoint) -> ModelError:
    """Return the error for a name that stands for no address."""
    return ModelError("unreachable", f"There is no server called {endpoint.host}, or no network.", hint=_where(endpoint))


def nothing_there(endpoint: Endpoint) -> ModelError:
    """Return the error for an address where nothing listens."""
    return ModelError("unreachable", f"Nothing answers at {_address(endpoint)}.", hint=_where(endpoint))


def not_an_address(endpoint: Endpoint) -> ModelError:
    """Return the error for an address that leads nowhere."""
    return ModelError("unreachable", f"{_address(endpoint)} is not an address that can be reached.", hint=_where(endpoint))


def _from_connection(error: BaseException, endpoint: Endpoint) -> ModelError:
    import httpx2

    causes = list(_causes(error))
    if any(isinstance(each, TooMuchError) for each in causes):
        return too_much(endpoint)
    words = " ".join(str(each) for each in causes).lower()
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return not_let_in(endpoint)
    if isinstance(error, httpx2.TimeoutException):
        return no_answer(endpoint, endpoint.first_token_s)
    if isinstance(error, httpx2.ProxyError):
        return proxy_refused(endpoint)
    if isinstance(error, httpx2.ConnectError):
        if "certificate" in words or "ssl" in words:
            return bad_certificate(endpoint)
        if any(each in words for each in ("name or service", "getaddrinfo", "nodename", "name resolution", "no address")):
            return no_such_host(endpoint)
        return nothing_there(endpoint)
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
        return not_an_address(endpoint)
    if isinstance(error, httpx2.DecodingError):
        return not_a_model_server(endpoint, page=False)
    return dropped(endpoint)


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _where(endpoint: Endpoint) -> str:
    if endpoint.local:
        return f"Start {clean(endpoint.label, keep_newlines=False) or 'the server'}, or look for others with 'fineline models'."
    return "Check the address and the network; a proxy is set with HTTPS_PROXY. " + _OTHER


def _address(endpoint: Endpoint) -> str:
    """The server's address without user name, password and query."""
    path = endpoint.url.split("://", 1)[-1].partition("/")[2].partition("?")[0]
    return f"{endpoint.url.split('://', 1)[0]}://{endpoint.host}/{clean(path, keep_newlines=False)}".rstrip("/")


def refusal_of(error: openai.APIStatusError) -> Refusal:
    """Return what a status that the client library raised says."""
    return Refusal(error.status_code, error.body, lambda: error.response.text, pause_asked(error.response.headers))


def from_refusal(refusal: Refusal, endpoint: Endpoint, private: Iterable[str] = ()) -> ModelError:
    """Return the :class:`ModelError` for a status that is not success; ``private`` as for :func:`from_exception`."""
    name, status = server_name(endpoint), refusal.status
    said = _said(refusal.body, endpoint, private)
    model = clean(endpoint.model, keep_newlines=False)
    text = refusal.words.lower()
    if status in (401, 403, 407):
        have = "does not accept the key" if endpoint.key else "asks for a key, and there is none"
        hint = "Look whether it is the right key for this server. " if endpoint.key else ""
        return ModelError("unauthorised", f"{name} {have} ({status}).", hint=hint + _key_hint(endpoint))
    if 300 <= status < 400:
        return ModelError(
            "not_found", f"{name} sends callers on to another address ({status}).", hint="Set that address instead."
        )
    if status == 404 or (status == 400 and "model" in text and ("not found" in text or "does not exist" in text)):
        if "model" in text and model:
            return ModelError(
                "not_found", f"{name} has no model called {model!r}.", hint="See what it has with 'fineline models'."
            )
        return ModelError(
            "not_found", f"There is no model server at {_address(endpoint)} (404).", hint="Its address usually ends in /v1."
        )
    if status == 402 or (status == 429 and re.search(r"insufficient_quota|billing|credit|exceeded your current quota", text)):
        return ModelError("no_credit", f"The account at {name} has no credit left.", hint="Add credit there. " + _OTHER)
    if status == 429:
        pause_s = refusal.pause_s
        wait = f"Wait {_seconds(pause_s)} and try again." if pause_s else "Wait a little and try again."
        return ModelError("rate_limited", f"{name} is asked too much at the moment (429).", hint=wait, retry_after_s=pause_s)
    if status == 413 or _CONTEXT.search(text):
        return too_long(endpoint)
    if status == 408:
        return no_answer(endpoint, endpoint.first_token_s)
    if status >= 500:
        return ModelError("server", f"{name} failed ({status}){said}.", hint="Try again in a moment. " + _OTHER)
    return ModelError("other", f"{name} refused the request ({status}){said}.", hint=_OTHER)


def _key_hint(endpoint: Endpoint) -> str:
    if origin_of(endpoint.url) == origin_of(OPENAI_URL):
        return "Set OPENAI_API_KEY, or store the key with 'fineline models key'."
    return (
        f"Store its key with 'fineline models key --at {_address(endpoint)}', or set OPENAI_API_KEY beside an OPENAI_BASE_URL of "
        "this address."
    )


def _said(body: object, endpoint: Endpoint, private: Iterable[str]) -> str:
    """Return the server's own short message as the end of a sentence, or nothing where it might repeat what is private."""
    message: Any = body
    if isinstance(message, Mapping):
        message = message.get("error", message)
    if isinstance(message, Mapping):
        message = message.get("message")
    if not isinstance(message, str):
        return ""
    text = " ".join(clean(message, keep_newlines=False).split()).rstrip(".")
    if not text or len(text) > 300 or "<" in text or _KEYLIKE.search(text):
        return ""
    if endpoint.key and endpoint.key.get_secret_value() in text:
        return ""
    if _repeats(text, private):
        return ""
    return f": {text}"


def _repeats(text: str, private: Iterable[str]) -> bool:
    """Whether three words in a row, or a whole text, of what is private are in ``text``."""
    folded = " ".join(re.findall(r"\w+", text.casefold()))
    for each in private:
        words = re.findall(r"\w+", each.casefold())
        runs = (words[start : start + 3] for start in range(max(1, len(words) - 2)))
        if any(run and " ".join(run) in folded for run in runs):
            return True
    return False
