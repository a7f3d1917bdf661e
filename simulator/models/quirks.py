"""What one server cannot do, learned from its refusals and remembered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

OPTIONAL = ("seed", "temperature", "stop", "stream_options", "reasoning_effort", "chat_template_kwargs")
# How hard a hosted model may think, least first. Names of families, with what each knows at the least.
_EFFORTS = ("none", "minimal", "low")
_LEAST_EFFORT = ((r"gpt-(?:5\.[1-9]|[6-9])", "none"), (r"gpt-5(?:-|$)", "minimal"), (r"o[1-9](?:-|$)", "low"))


# One message to a model: ``role`` (system, user or assistant) and ``content``.
Message = dict[str, str]
# How servers of one's own computer are told not to let a model think: Ollama, then llama.cpp and vLLM. None minds the other's.
NO_THINKING = {"reasoning_effort": "none", "chat_template_kwargs": {"enable_thinking": False}}
# What a model that thinks before it answers is given on top, in tokens.
THINKING_ROOM = 4000


@dataclass(slots=True)
class Quirks:
    """How to ask one server for one model. Begins with the common ground; :meth:`learn` narrows it."""

    limit_name: str = "max_tokens"
    refused: set[str] = field(default_factory=set)
    takes_system: bool = True
    must_alternate: bool = False
    thinks: bool = False
    """It thinks before it answers, so an answer needs room for the thoughts as well."""
    thinks_unopened: bool = False
    """Its thoughts begin without an opening tag."""
    rung: int = 0
    """The step of the ladder for structured answers to begin with: 0 schema, 1 JSON, 2 plain text."""
    proven: int | None = None
    """The step at which an answer in the form came last."""
    misses: int = 0
    """How many times running that step brought no JSON."""

    def learn(self, words: str, body: dict[str, Any]) -> bool:
        """Take in why a request was refused; return whether asking anew, differently, may help."""
        text = words.lower()
        if "max_tokens" in text or "max_completion_tokens" in text:
            other = "max_completion_tokens" if self.limit_name == "max_tokens" else "max_tokens"
            if other in text and f"limit:{other}" not in self.refused:
                self.refused.add(f"limit:{self.limit_name}")
                self.limit_name = other
                return True
        effort = body.get("reasoning_effort")
        if effort and re.search(r"reasoning[ _.]?effort", text):
            self.refused |= (
                {f"effort:{effort}"} if effort != "none" or "chat_template_kwargs" not in body else {"reasoning_effort"}
            )
            return True
        named = {name for name in OPTIONAL if name in body and re.search(rf"\b{name}\b", text)}
        if named:
            self.refused |= named
            return True
        if self.takes_system and re.search(r"system[ _](?:role|message|prompt)|role.{0,20}system", text):
            self.takes_system = False
            return True
        if not self.must_alternate and "alternat" in text:
            self.must_alternate = True
            return True
        return False

    def effort(self, model: str, *, careful: bool) -> str | None:
        """Return how hard ``model`` is told to think: as little as it knows how to for the voice, a little where ``careful``.

        ``None`` for models that do not think, or are not known to; these are left to themselves.
        """
        name = model.lower().rpartition("/")[2]
        least = next((effort for family, effort in _LEAST_EFFORT if re.match(family, name)), None)
        if least is None:
            return None
        known = [effort for effort in _EFFORTS[_EFFORTS.index(least) :] if f"effort:{effort}" not in self.refused]
        if not known:
            return None
        return known[-1] if careful else known[0]

    def shape(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages as this server takes them."""
        shaped = [{"role": each["role"], "content": _encodable(each["content"])} for each in messages]
        if not self.takes_system:
            system = "\n\n".join(each["content"] for each in shaped if each["role"] == "system")
            shaped = [each for each in shaped if each["role"] != "system"]
            if system:
                shaped.insert(0, {"role": "user", "content": system})
        if self.must_alternate or not self.takes_system:
            merged: list[Message] = []
            for each in shaped:
                if merged and merged[-1]["role"] == each["role"]:
                    merged[-1] = {"role": each["role"], "content": f"{merged[-1]['content']}\n\n{each['content']}"}
                    continue
                if each["role"] == "assistant" and (not merged or merged[-1]["role"] == "system"):
                    merged.append({"role": "user", "content": "(The conversation begins.)"})
                merged.append(each)
            shaped = merged
        return shaped


def _encodable(text: str) -> str:
    """Return ``text`` without lone surrogates, which no request could carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "ignore").decode("utf-8")
    return text
