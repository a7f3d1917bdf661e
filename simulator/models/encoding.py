"""Requests as JSON, quickly: in a run of thousands, the instructions and the form are the same in every one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

# Shorter texts are encoded faster than they are looked up.
_WORTH_KEEPING = 500
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return a request's body as JSON in UTF-8; instructions and forms that come again are put into JSON once."""
    said = ",".join([f'{{"role":{_json(each["role"])},"content":{_content(each)}}}' for each in body["messages"]])
    form = f',"response_format":{_form(_Kept(body["response_format"]))}' if "response_format" in body else ""
    rest = _json({name: value for name, value in body.items() if name not in ("messages", "response_format")})
    return f'{{"messages":[{said}]{form},{rest[1:]}'.encode()


def _content(message: Mapping[str, str]) -> str:
    text = message["content"]
    return _instructions(text) if message["role"] == "system" and len(text) > _WORTH_KEEPING else _json(text)


@lru_cache(maxsize=64)
def _instructions(text: str) -> str:
    return _json(text)


class _Kept:
    """A form, known again by being the same object, which it holds on to."""

    __slots__ = ("form",)

    def __init__(self, form: Mapping[str, Any]) -> None:
        self.form = form

    def __hash__(self) -> int:
        return id(self.form)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and other.form is self.form


@lru_cache(maxsize=64)
def _form(kept: _Kept) -> str:
    return _json(kept.form)
