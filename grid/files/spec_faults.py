"""Pydantic's errors in the words of whoever writes an input file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, get_args
from zoneinfo import available_timezones

from pydantic import BaseModel, ValidationError

from grid.errors import NAME_TAG, Fault, nearest
from grid.files.cell_faults import decimal_of

_Place = tuple[int | str, ...]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NO_PATTERNS: Mapping[str, str] = {}
WORDS = {
    "missing": "is required",
    "extra_forbidden": "unknown key",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "dict_type": "must be a mapping of keys to values",
    "mapping_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "string_type": "must be text",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "date_from_datetime_parsing": "must be a date such as 2030-01-01",
    "date_type": "must be a date such as 2030-01-01",
    "date_parsing": "must be a date such as 2030-01-01",
    "finite_number": "must be finite",
    "union_tag_not_found": "needs a 'kind'",
    "string_too_short": "must not be empty",
}
"""Pydantic's error types in the words of a user; other types keep pydantic's own message."""


def faults_of(error: ValidationError, root: type[BaseModel], patterns: Mapping[str, str] = _NO_PATTERNS) -> list[Fault]:
    """All of pydantic's errors in our words, each cause once.

    A list is not told to be too short beside the fault of its entry, nor a required key to be missing beside an unknown
    one that is nearest to it.

    Args:
        error: What pydantic raised.
        root: The model that was checked.
        patterns: Patterns of texts in the words of a user.
    """
    items = error.errors()
    refused = {item["loc"][:end] for item in items for end in range(len(item["loc"]))}
    told = [item for item in items if item["type"] != "too_short" or item["loc"] not in refused]
    meant = _misspelt([item["loc"] for item in told if item["type"] == "missing"],
                      [item["loc"] for item in told if item["type"] == "extra_forbidden"])  # fmt: skip
    faults = [(item["loc"], fault_of(item, root, patterns)) for item in told if item["loc"] not in meant.values()]
    return [replace(fault, suggestion=str(meant[loc][-1])) if loc in meant else fault for loc, fault in faults]


def _misspelt(missing: Sequence[_Place], unknown: Sequence[_Place]) -> dict[_Place, _Place]:
    """Places of unknown keys that are the nearest to a required key which is missing beside them, and its place."""
    found: dict[_Place, _Place] = {}
    for loc in unknown:
        beside = [str(each[-1]) for each in missing if each[:-1] == loc[:-1] and each not in found.values()]
        near = nearest(str(loc[-1]), beside)
        if near is not None:
            found[loc] = (*loc[:-1], near)
    return found


def fault_of(item: Any, root: type[BaseModel], patterns: Mapping[str, str] = _NO_PATTERNS) -> Fault:
    """A pydantic error in our words.

    Args:
        item: The error, as pydantic lists it.
        root: The model that was checked.
        patterns: Patterns of texts in the words of a user.
    """
    loc, kind = item["loc"], item["type"]
    value: Any = item["input"]
    rule = WORDS.get(kind, item["msg"]) + (_no_such_date(str(value)) if kind == "date_from_datetime_parsing" else "")
    suggestion = None
    if kind.startswith(("greater_than", "less_than")):
        limit = next(iter(item["ctx"].values()))
        words = {"greater_than": "greater than", "greater_than_equal": "at least",
                 "less_than": "less than", "less_than_equal": "at most"}  # fmt: skip
        shown = f"{limit:g}" if isinstance(limit, int | float) else str(limit)
        rule = f"must be {words[kind]} {shown}"
    elif kind == "literal_error":
        rule = f"must be one of {item['ctx']['expected']}"
        suggestion = nearest(str(value), item["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", "))
    elif kind == "union_tag_invalid":
        tags = item["ctx"]["expected_tags"].replace("'", "").split(", ")
        rule, value = f"kind must be one of {', '.join(tags)}", item["ctx"]["tag"]
        suggestion = nearest(str(value), tags)
    elif kind == "time_zone":
        suggestion = nearest(str(value), available_timezones())
    elif kind == "extra_forbidden":
        suggestion, value = nearest(str(loc[-1]), _fields_at(loc[:-1], root)), None
    elif kind.startswith("string_pattern"):
        rule = patterns.get(item["ctx"]["pattern"], f"must match {item['ctx']['pattern']}")
    elif kind == "too_short":
        rule, value = f"must have at least {item['ctx']['min_length']}", None
    elif kind == "too_long":
        rule, value = f"must have at most {item['ctx']['max_length']}", None
    elif kind == "string_too_long":
        rule = f"must have at most {item['ctx']['max_length']} characters"
    elif kind == "float_type":
        suggestion = decimal_of(str(value).strip("'"))
    elif kind == "value_error":
        rule = str(item["ctx"]["error"])
    if kind == "missing" or (isinstance(value, Mapping | Sequence) and not isinstance(value, str)):
        value = None
    return Fault(_place(loc), rule, value, suggestion)


def _no_such_date(text: str) -> str:
    """Why a text that is written as a date is none, to be added to a rule; nothing for other texts."""
    if _DATE.fullmatch(text):
        try:
            date.fromisoformat(text)
        except ValueError as error:
            return f"; {error}"
    return ""


def _place(loc: Sequence[str | int]) -> str:
    text = ""
    for part in loc:
        if not str(part).startswith(NAME_TAG):
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _fields_at(loc: Sequence[str | int], root: type[BaseModel]) -> list[str]:
    """Names of the fields of the model at a place of the input."""
    models: list[Any] = [root]
    for part in loc:
        if isinstance(part, int) or part.startswith(NAME_TAG):
            continue
        inner: list[Any] = []
        for model in models:
            if part in model.model_fields:
                inner += _models(model.model_fields[part].annotation)
            else:  # the tag of a union: only the kind that it names
                inner += [model] if _kind(model) == part else []
        models = inner
    return [name for model in models for name in model.model_fields]


def _models(annotation: Any) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _kind(model: Any) -> str | None:
    field = model.model_fields.get("kind")
    return None if field is None else str(field.default)
