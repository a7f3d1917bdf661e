"""What pydantic finds wrong, said in the words of the file: every problem with its place and the nearest right spelling."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from simulator.authoring.yaml import Document, Location, problem
from simulator.domain.condition import ConditionError
from simulator.domain.errors import Problem, nearest
from simulator.domain.persona import Line

_ID_RULE = "lower-case letters and digits, joined by - or _, beginning with a letter"
_QUOTED_MAX = 40


def problems_of(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Return the problems of a file in the order they stand in it, one for each place."""
    found: dict[tuple[str | int, ...], Problem] = {}
    for each in error.errors(include_url=False, include_input=True):
        location, is_key = _locate(each["loc"], document.data)
        spot = location
        line = _unquoted_line(location if each["type"] == "missing" else location[:-1], document.data, model)
        if line is not None:
            found[line] = problem(document.path, "this line holds a colon and a space, so it reads as 'key: value'",
                                  document.place(line), code="value", expected="the whole line in quotes")  # fmt: skip
            continue
        if each["type"] == "missing":
            spot = (*location, each["loc"][-1])
            if _misspelt(str(each["loc"][-1]), _at(document.data, location), _model_at(model, location)):
                continue  # the misspelt key is reported, with this one as the suggestion
        if each["type"] == "too_short" and len(each["input"]) >= each["ctx"]["min_length"]:
            continue  # counted without the entries that are wrong themselves
        if spot in found and not isinstance(each.get("ctx", {}).get("error"), ConditionError):
            continue
        found[spot] = _one(each, location, is_key, document, model)
    return sorted(found.values(), key=lambda each: (each.line or 0, each.column or 0))


def _unquoted_line(location: tuple[int | str, ...], data: Any, model: type[BaseModel]) -> tuple[int | str, ...] | None:
    """Return the place of a customer's line that became a mapping for want of quotes, if that is what the place is."""
    value = _at(data, location)
    if not isinstance(value, Mapping) or not value or value.keys() & Line.model_fields.keys():
        return None
    (first, *others) = value
    misspelt = others or nearest(str(first), Line.model_fields)
    return location if _model_at(model, location) is Line and not misspelt else None


def _locate(loc: tuple[int | str, ...], data: Any) -> tuple[tuple[int | str, ...], bool]:
    """Return the keys that exist in the data (pydantic puts names of union members between them), and whether a key is meant."""
    location: list[int | str] = []
    for part in loc:
        if part == "[key]":
            return tuple(location), True
        if isinstance(data, Mapping):
            if part not in data:
                continue
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int):
            if not 0 <= part < len(data):
                break
            data = data[part]
        else:
            continue
        location.append(part)
    return tuple(location), False


def name_of(location: Location) -> str:
    """Return what to call a place in a message: its nearest key, with the number of a list item."""
    for index in range(len(location) - 1, -1, -1):
        if isinstance(location[index], str):
            item = location[index + 1] if index + 1 < len(location) else None
            return f"'{location[index]}'" if item is None else f"item {int(item) + 1} of '{location[index]}'"
    return "the file"


def show(value: Any) -> str:
    """Return a value as a message names it: short texts and numbers themselves, and what kind of thing the rest is."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return repr(text if len(text) <= _QUOTED_MAX else text[: _QUOTED_MAX - 1] + "…")


def _one(each: Any, location: tuple[int | str, ...], is_key: bool, document: Document, model: type[BaseModel]) -> Problem:
    """Return one error of pydantic in plain words."""
    kind, context = each["type"], each.get("ctx", {})
    cause = context.get("error")
    place = document.place(location, key=is_key or kind == "extra_forbidden")
    if kind in ("missing", "extra_forbidden"):
        message, more = _key_words(kind, str(each["loc"][-1]), location, model)
    elif isinstance(cause, ConditionError):
        place = document.place(location, offset=cause.offset)
        message, more = f"the condition of {name_of(location)} cannot be read: {cause.message}", {}
    else:
        message, more = _value_words(each, location, is_key, model)
    expected, suggestion = more.get("expected", ""), more.get("suggestion", "")
    return problem(document.path, message, place, code=_CODES.get(kind, "value"), expected=expected, suggestion=suggestion)


def _key_words(kind: str, key: str, location: Location, model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return the message, and what was expected, for a key that is missing or not known."""
    if kind == "missing":
        known = _model_at(model, location)
        described = known.model_fields[key].description if known is not None and key in known.model_fields else None
        if not described:
            return f"{_inside(location)}the key '{key}' is missing", {}
        return f"{_inside(location)}the key '{key}' is missing", {"expected": described[0].lower() + described[1:]}
    known = _model_at(model, location[:-1])
    fields = sorted(known.model_fields) if known is not None else []
    near = nearest(key, fields)
    more = {"suggestion": near} if near else {"expected": "one of " + ", ".join(fields)}
    return f"{_inside(location[:-1])}there is no key '{key}'", more


def _value_words(each: Any, location: Location, is_key: bool, model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return the message, and what was expected, for a value that does not fit."""
    kind, context, value = each["type"], each.get("ctx", {}), each["input"]
    name = name_of(location)
    more: dict[str, str] = {}
    if kind == "value_error":
        return f"{name}: {context.get('error') or each['msg']}", more
    if kind == "string_pattern_mismatch":
        slug = re.sub(r"[^a-z0-9]+", "-", str(value).casefold()).strip("-")[:64].strip("-")
        if slug[:1].isalpha() and slug != value:
            more["suggestion"] = slug
        return f"{show(value)} cannot be {'a key here' if is_key else 'an id'}", more | {"expected": _ID_RULE}
    if kind == "literal_error":
        choices = [str(choice) for choice in _choices(_annotation_at(model, location))]
        choices = choices or re.findall(r"'([^']*)'", str(context["expected"]))
        near = nearest(str(value), choices)
        return f"{name} is {show(value)}", {"suggestion": near, "expected": "one of " + ", ".join(choices)}
    if kind in ("string_too_long", "too_long"):
        unit = "characters" if kind == "string_too_long" else "entries"
        return f"{name} is too long", {"expected": f"at most {context['max_length']} {unit}"}
    if kind in ("string_too_short", "too_short"):
        unit = "character" if kind == "string_too_short" else "entry"
        return f"{name} is {'too short' if value else 'empty'}", {"expected": f"at least {context['min_length']} {unit}"}
    if kind == "string_type" and isinstance(value, int | float):
        word = str(value).lower() if isinstance(value, bool) else value
        return f"{name} is {show(value)}", {"expected": f'text: put it in quotes ("{word}")'}
    if kind == "model_type" and _model_at(model, location) is Line:
        return f"{name} is {show(value)}", {"expected": "text, or a mapping with 'text'"}
    if kind in _SIMPLE:
        return f"{name} is {show(value)}", {"expected": _SIMPLE[kind].format_map(_Context(context))}
    return f"{name} is {show(value)}: {each['msg'][:1].lower()}{each['msg'][1:]}", more


_CODES = {"missing": "missing-key", "extra_forbidden": "unknown-key", "value_error": "condition"}

_SIMPLE = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list (entries that begin with '- ')",
    "tuple_type": "a list (entries that begin with '- ')",
    "dict_type": "a mapping ('key: value' lines)",
    "mapping_type": "a mapping ('key: value' lines)",
    "model_type": "a mapping ('key: value' lines)",
    "model_attributes_type": "a mapping ('key: value' lines)",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
}


class _Context(dict[str, Any]):
    """Limits as people write them: 10, not 10.0."""

    def __getitem__(self, key: str) -> str:
        value = super().__getitem__(key)
        return f"{value:g}" if isinstance(value, float) else str(value)


def _inside(location: Location) -> str:
    return f"in {name_of(location)}, " if location else ""


def _at(data: Any, location: Location) -> Any:
    for part in location:
        data = data[part]
    return data


def _misspelt(key: str, given: Any, known: type[BaseModel] | None) -> bool:
    """Return whether one of the unknown keys given was probably meant to be ``key``."""
    if known is None or not isinstance(given, Mapping):
        return False
    strange = [str(each) for each in given if each not in known.model_fields]
    return any(nearest(each, known.model_fields) == key for each in strange)


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    return next(_models(_annotation_at(model, location)), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, types.UnionType):
        for each in get_args(annotation):
            yield from _models(each)


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) in (Annotated, Union, types.UnionType):
        for each in get_args(annotation):
            yield from _choices(each)


def _annotation_at(annotation: Any, location: Location) -> Any:
    """Return the type that the models declare for what ``location`` leads to, or ``None``."""
    for part in location:
        while get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        if get_origin(annotation) in (Union, types.UnionType):
            annotation = next((each for each in get_args(annotation) if each is not type(None)), None)
        while get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = annotation.model_fields.get(str(part))
            annotation = field.annotation if field else None
        elif get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        else:
            return None
    return annotation
