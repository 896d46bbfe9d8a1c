"""What a net file may hold: values, tables and objects of pandapower, by pairs of module and class.

pandapower makes objects of what a file names, looks functions up, and gives pandas whatever keywords stand beside a
table. So a file is decoded here first, all texts nested in it included; what no net needs is refused, and pandapower is
given what was decoded, written again, so that it reads nothing that was not looked at.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from enum import Enum
from inspect import isclass
from typing import Any, Final

from grid.errors import Fault, raise_if_any

MOST_NESTED: Final = 60
"""Mappings, lists and texts within each other; pandapower's own files have about ten."""
_NET: Final = ("pandapower.auxiliary", "pandapowerNet")
_SIGNATURE: Final = frozenset({"_module", "_class", "_object"})
_TABLE_KEYWORDS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "orient": str, "dtype": (str, dict), "typ": str, "is_multiindex": bool, "is_multicolumn": bool,
    "index_name": (str, int, type(None)), "column_name": (str, int, type(None)),
    "index_names": (list, dict), "column_names": (list, dict),
}  # fmt: skip
"""Keywords of a table, and what they may be. Others reach pandas, where they choose codecs and files."""
_ORIENTS: Final = ("split", "columns", "index")
_DTYPE: Final = re.compile(
    r"object|str|string|category|bool|boolean|[iu]nt(8|16|32|64)|uint(8|16|32|64)|U?Int(8|16|32|64)|"
    r"[fF]loat(16|32|64)|complex(64|128)|(datetime|timedelta)64\[(s|ms|us|ns)(, [\w/+:-]+)?\]|<U\d{1,4}"
)
_KEYWORDS: Final[Mapping[str, frozenset[str]]] = {
    "table": frozenset(_TABLE_KEYWORDS),
    "net": frozenset(),
    "values": frozenset({"dtype"}),
    "frame": frozenset({"dtype", "crs", "columns"}),
    "object": frozenset(),
    "function": frozenset(),
}
_SCALARS: Final = (
    "array", "bool", "bool_", "str_", "complex128", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
    "uint64", "float16", "float32", "float64",
)  # fmt: skip
_SHAPES: Final = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_KINDS: Final[Mapping[tuple[str, str], str]] = {
    _NET: "net",
    **{(module, "DataFrame"): "table" for module in ("pandas", "pandas.core.frame")},
    **{(module, "Series"): "table" for module in ("pandas", "pandas.core.series")},
    **{("pandas", name): "values" for name in ("Index", "RangeIndex", "DatetimeIndex", "TimedeltaIndex")},
    **{("numpy", name): "values" for name in _SCALARS},
    **{("builtins", name): "values" for name in ("tuple", "set", "frozenset", "complex")},
    ("networkx", "MultiGraph"): "values",
    **{("shapely", name): "values" for name in _SHAPES},
    ("geopandas.geodataframe", "GeoDataFrame"): "frame",
}
"""Kind of each pair of module and class that pandapower writes, besides its own objects and functions."""
_CRS: Final = re.compile(r"(?i)epsg:\d{1,6}")
_SHOWN: Final = 60


class _RefusedError(Exception):
    """What no net file needs, with its place."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


def permitted_text(content: Any, source: str) -> str:
    """The JSON of a decoded net file, in which nothing is left that pandapower would run or read from elsewhere.

    Objects that pandapower keeps in a net, such as controllers, keep their attributes; functions that belong to them
    become their names.

    Args:
        content: What the file says.
        source: The file, for the message.

    Raises:
        InputError: If it is no net, holds other classes, keywords or texts than those of a net, or is nested deeper
            than `MOST_NESTED`; all faults at once.
    """
    if not (isinstance(content, dict) and content.get("_class") == _NET[1]):
        rule = "is JSON, but not a pandapower net (write one with pandapower.to_json)"
        raise_if_any([Fault("city.network", rule)], source)
    walk = _Walk()
    clean = walk.value(content, "", 0)
    raise_if_any(dict.fromkeys(walk.faults), source)
    return json.dumps(clean)


class _Walk:
    """One pass over a decoded file; faults are gathered, and what is refused is left out of what is returned."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def value(self, value: Any, place: str, depth: int) -> Any:
        """The value as it may stand in a net."""
        if depth > MOST_NESTED:
            self.refuse(place, f"is nested deeper than {MOST_NESTED}")
            return None
        if isinstance(value, list):
            return [self.value(item, place, depth + 1) for item in value]
        if isinstance(value, dict) and ("_module" in value or "_class" in value):
            try:
                return self.instance(value, place, depth)
            except _RefusedError as refused:
                self.faults.append(refused.fault)
                return None
        if isinstance(value, dict):
            return {key: self.value(item, _at(place, key), depth + 1) for key, item in value.items()}
        if isinstance(value, str):
            self.text(value, place, depth)
        return value

    def text(self, text: str, place: str, depth: int) -> None:
        """A text that may hold JSON is looked at as what it holds; it stays the text that it is."""
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            self.refuse(place, "holds half a character (a lone surrogate), which no file can be written with")
        if text.lstrip()[:1] in {"{", "["}:
            try:
                nested = json.loads(text)
            except (ValueError, RecursionError):  # then nothing reads it as JSON
                return
            self.value(nested, place, depth + 1)

    def instance(self, value: Mapping[str, Any], place: str, depth: int) -> Any:
        """What a pair of module and class stands for."""
        kind = _kind(value, place)
        content = value.get("_object")
        for key in value.keys() - _SIGNATURE - _KEYWORDS[kind]:
            raise _RefusedError(Fault(_at(place, key), "is no keyword of what a net file holds"))
        if kind == "function":
            return f"{value['_module']}.{content}"[:_SHOWN]
        keywords = {key: self.value(value[key], _at(place, key), depth + 1) for key in _KEYWORDS[kind] & value.keys()}
        _check_keywords(value, place)
        if kind == "table":
            content = json.dumps(self.table(content, str(value.get("orient", "split")), place, depth))
        elif kind == "net":
            content = self.net(content, place, depth)
        elif kind == "object":
            attributes = self.attributes(_decoded(content, place), place, depth)
            content = json.dumps(attributes) if isinstance(content, str) else attributes
        else:
            content = self.value(content, place, depth + 1)
        return {"_module": value["_module"], "_class": value["_class"], "_object": content, **keywords}

    def net(self, content: Any, place: str, depth: int) -> Any:
        """The tables and parameters of a net; what pandapower keeps for itself between solutions is left out."""
        if not isinstance(content, dict):
            raise _RefusedError(Fault(place, "must be a mapping of tables"))
        return {
            key: self.value(item, _at(place, key), depth + 1)
            for key, item in content.items()
            if not key.startswith("_")
        }

    def table(self, content: Any, orient: str, place: str, depth: int) -> Any:
        """The rows of a table, with every cell looked at."""
        decoded = _decoded(content, place)
        if not isinstance(decoded, dict) or (orient == "split" and not _is_split(decoded)):
            raise _RefusedError(Fault(place, f"must be a table in JSON, oriented by {orient}", _start(content)))
        return {key: self.value(item, _at(place, key), depth + 1) for key, item in decoded.items()}

    def attributes(self, content: Any, place: str, depth: int) -> Any:
        """The attributes of an object of pandapower, whose names must be such."""
        if not isinstance(content, dict):
            raise _RefusedError(Fault(place, "must be a mapping of attributes"))
        for key in content:
            if not key.isidentifier() or key.startswith("__"):
                raise _RefusedError(Fault(place, "is no name of an attribute", _start(key)))
        return {key: self.value(item, _at(place, key), depth + 1) for key, item in content.items()}

    def refuse(self, place: str, rule: str) -> None:
        """Notes a fault."""
        self.faults.append(Fault(place, rule))


def _kind(value: Mapping[str, Any], place: str) -> str:
    """What kind of thing a mapping with a module and a class is."""
    module, name = value.get("_module"), value.get("_class")
    if not (isinstance(module, str) and isinstance(name, str)) or "_object" not in value:
        raise _RefusedError(Fault(place, "must have _module, _class and _object, or none of them"))
    if (module, name) in _KINDS:
        return _KINDS[module, name]
    if name in {"function", "method"} and isinstance(value["_object"], str):
        return "function"
    if module.split(".")[0] == "pandapower" and (kind := _own_kind(module, name)) is not None:
        return kind
    if module.split(".")[0] in {known.split(".")[0] for known, _ in (*_KINDS, _NET)}:
        raise _RefusedError(Fault(place, "names a class that no pandapower net needs", f"{module}.{name}"[:_SHOWN]))
    raise _RefusedError(Fault(place, "names a class of a module that no pandapower net needs", module[:_SHOWN]))


def _own_kind(module: str, name: str) -> str | None:
    """The kind of a class of pandapower: only what pandapower imports by itself is known."""
    import pandapower.control  # noqa: PLC0415  slow to import
    import pandapower.protection  # noqa: PLC0415
    import pandapower.timeseries  # noqa: F401, PLC0415
    from pandapower.io_utils import JSONSerializableClass  # noqa: PLC0415

    found = getattr(sys.modules.get(module), name, None)
    if not isclass(found):
        return None
    return "object" if issubclass(found, JSONSerializableClass) else "values" if issubclass(found, Enum) else None


def _check_keywords(value: Mapping[str, Any], place: str) -> None:
    """Refuses values of keywords that pandas would take for something else."""
    for key, kinds in _TABLE_KEYWORDS.items():
        if key in value and not isinstance(value[key], kinds):
            raise _RefusedError(Fault(_at(place, key), "cannot be a keyword of a table", _start(value[key])))
    if value.get("orient", "split") not in _ORIENTS or value.get("typ", "series") not in {"series", "frame"}:
        raise _RefusedError(Fault(_at(place, "orient"), f"must be one of {', '.join(_ORIENTS)}"))
    types = value.get("dtype", {})
    for name in types.values() if isinstance(types, dict) else [types]:
        if not (isinstance(name, str) and _DTYPE.fullmatch(name)):
            raise _RefusedError(Fault(_at(place, "dtype"), "is no type of a column", _start(name)))
    if value.get("crs") is not None and not _CRS.fullmatch(str(value["crs"])):
        raise _RefusedError(Fault(_at(place, "crs"), "must be such as epsg:4326", _start(value["crs"])))


def _decoded(content: Any, place: str) -> Any:
    """What a text says, which must be JSON as a whole; anything else as it is."""
    if not isinstance(content, str):
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _RefusedError(Fault(place, f"must be JSON: {error}", _start(content))) from error


def _is_split(table: Mapping[str, Any]) -> bool:
    """Whether a table has columns, an index and rows of as many cells as columns."""
    columns, rows, index = table.get("columns"), table.get("data"), table.get("index")
    if set(table) != {"columns", "data", "index"}:
        return set(table) == {"name", "data", "index"}  # a series
    return (
        isinstance(columns, list) and isinstance(rows, list) and isinstance(index, list) and len(rows) == len(index)
        and all(isinstance(row, list) and len(row) == len(columns) for row in rows)
    )  # fmt: skip


def _at(place: str, key: str) -> str:
    """A place within a place; what pandapower adds around values is no part of it."""
    return f"{place}.{key}"[:_SHOWN] if place else str(key)[:_SHOWN]


def _start(content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
