"""The form of a scenario, generated from its JSON Schema: every model with its fields, and how each is filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.dashboard.builder.labels import label_of, unit_of
from app.scenario.schema import schema
from carbon.factors import factor_sets
from grid.assets import KINDS

ROOT = "Scenario"
UPLOAD_FIELDS = {
    ("CitySpec", "network"): "net",
    ("CitySpec", "profiles"): "profiles",
    ("SyntheticSpec", "loads"): "data",
    ("SyntheticSpec", "streets"): "data",
    (ROOT, "weather"): "data",
    ("UpstreamSpec", "csv"): "data",
    ("UpstreamSpec", "region"): "data",
    ("CarbonSpec", "factor_set"): "data",
    ("ItLoad", "csv"): "data",
    ("BillingAccount", "tariff"): "data",
    ("PowerLimit", "file"): "data",
    ("PowerLimitSpec", "file"): "data",
    ("ForecastFileSpec", "file"): "data",
} | {(kind.__name__, field): "data" for kind in KINDS for field in kind.files}
"""Fields that name a file, each with what is uploaded for it."""
_FIRST = ("name", "bus", "where")
_REGIONS = ("reference", "germany", "germany_2030", "great_britain", "japan", "california", "china", "china_north",
            "china_east", "china_south")  # fmt: skip
_NETS = ("reference", "mv_oberrhein", "create_cigre_network_mv")
_WEATHERS = ("potsdam-try", "greensboro-tmy3")


@cache
def form_description() -> str:
    """The form as JSON: ``root`` names the model to begin with, ``models`` holds each with its fields."""
    return json.dumps(form(), separators=(",", ":"))


@cache
def form() -> dict[str, Any]:
    """The form as plain content: every model of the schema, and every field of each."""
    whole = schema()
    models = {ROOT: whole, **whole["$defs"]}
    return {"root": ROOT, "models": {name: _model(name, model) for name, model in models.items()}}


def _model(name: str, model: Mapping[str, Any]) -> dict[str, Any]:
    required = set(model.get("required", ()))
    kind = model["properties"].get("kind", {})
    fields = [_field(name, key, field, required=key in required) for key, field in model["properties"].items()]
    return {
        "label": str(kind.get("const", "")).replace("_", " ") or label_of(name),
        "about": str(model.get("description", "")).replace("\n", " "),
        "fields": sorted(fields, key=_rank),
    }  # fmt: skip


def _rank(field: Mapping[str, Any]) -> tuple[bool, bool, bool]:
    """Name and place first, then what must be stated, then other values, then parts, in the order of the schema."""
    is_part = field["type"]["type"] in {"model", "union"} or "model" in str(field["type"].get("item"))
    return is_part, field["key"] not in _FIRST, not field["required"]


def _field(model: str, key: str, field: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    """One field: its name and label, its unit, its documentation, whether it is needed, its default and its type."""
    about = " ".join(str(field.get("description", "")).split())
    made = {
        "key": key, "label": label_of(key), "unit": unit_of(key, about), "about": about, "required": required,
        "type": _type(field),
    }  # fmt: skip
    default = field.get("default")
    if default is not None:
        made["default"] = default
    upload = UPLOAD_FIELDS.get((model, key))
    if upload is not None:
        made["upload"] = upload
    suggested = _suggestions(model, key)
    if suggested:
        made["suggest"] = suggested
    return made


def _suggestions(model: str, key: str) -> list[str] | str:
    """Names that may stand in a text field, or ``buses`` for those of the net."""
    if key == "bus":
        return "buses"
    return list({
        ("CitySpec", "network"): _NETS, (ROOT, "weather"): _WEATHERS, ("UpstreamSpec", "region"): _REGIONS,
        ("CarbonSpec", "factor_set"): tuple(factor_sets()),
    }.get((model, key), ()))  # fmt: skip


def _type(field: Mapping[str, Any]) -> dict[str, Any]:
    """How a field is filled in."""
    options = field.get("anyOf") or field.get("oneOf")
    if options is not None and "discriminator" not in field:
        return _of_options(options)
    if "discriminator" in field:
        mapping = field["discriminator"]["mapping"]
        return {"type": "union", "models": {kind: _name(ref) for kind, ref in mapping.items()}}
    if "$ref" in field:
        return {"type": "model", "model": _name(field["$ref"])}
    if "const" in field:
        return {"type": "constant", "value": field["const"]}
    if "enum" in field:
        return {"type": "choice", "options": field["enum"]}
    return _plain(field)


def _of_options(options: Any) -> dict[str, Any]:
    """One of several types; null among them means that the field may be left empty."""
    real = [option for option in options if option.get("type") != "null"]
    nullable = {"nullable": True} if len(real) < len(options) else {}
    if len(real) == 1:
        return {**_type(real[0]), **nullable}
    return {"type": "either", "options": [_type(option) for option in real], **nullable}


def _plain(field: Mapping[str, Any]) -> dict[str, Any]:
    kind = field.get("type")
    if kind in {"number", "integer"}:
        bounds = {"min": "minimum", "max": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum"}
        stated = {name: field[key] for name, key in bounds.items() if key in field}
        return {"type": "number", **({"whole": True} if kind == "integer" else {}), **stated}
    if kind == "array":
        items = field.get("items") or {"type": "string"}
        return {"type": "list", "item": _type(items)}
    if kind == "object":
        value = field.get("additionalProperties")
        return {"type": "map", "value": _type(value) if isinstance(value, Mapping) else {"type": "text"}}
    if kind == "boolean":
        return {"type": "boolean"}
    return {"type": "date" if field.get("format") == "date" else "text"}


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]
