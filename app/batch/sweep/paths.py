"""Paths into a scenario: by keys, and into lists by the name of what stands there or by its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from app.scenario.schema import Scenario
from grid.errors import Fault, nearest

_STEP: Final = re.compile(r"\[([^\[\]]+)\]|(?:^|\.)([^.\[\]]+)")
_MISSING: Final = object()
Keys = tuple[str | int, ...]
"""A place in plain content: keys of mappings and places in lists."""


@dataclass(frozen=True)
class ScenarioPath:
    """A place in a scenario that its schema knows.

    Args:
        text: As the sweep writes it.
        keys: The place in the base's content.
        types: What the schema takes there.
        whole_item: The name of a new thing of a list, where the path leads to one that the base has not.
    """

    text: str
    keys: Keys
    types: tuple[Any, ...]
    whole_item: str | None = None

    @property
    def is_item(self) -> bool:
        """Whether it is the whole of something in a list."""
        return isinstance(self.keys[-1], int)

    def overlaps(self, other: ScenarioPath) -> bool:
        """Whether both set one place, or one a part of what the other sets."""
        shorter = min(len(self.keys), len(other.keys))
        same = self.whole_item == other.whole_item
        return self.keys[:shorter] == other.keys[:shorter] and (same or len(self.keys) != len(other.keys))

    @property
    def takes_numbers(self) -> bool:
        """Whether any number within bounds may stand there."""
        return any(kind in {int, float, Any} for kind in self.types)

    @property
    def takes_whole_numbers_only(self) -> bool:
        """Whether a number there must be whole."""
        return int in self.types and float not in self.types

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values that the schema lists for it, if it does."""
        return tuple(value for kind in self.types if get_origin(kind) is Literal for value in get_args(kind))


def steps(text: str) -> tuple[tuple[str, bool], ...] | None:
    """The steps of a path, each with whether it leads into a list; None where it is no path."""
    found = tuple((item or key, bool(item)) for item, key in _STEP.findall(text))
    written = "".join(f"[{step}]" if item else f".{step}" for step, item in found).removeprefix(".")
    return found if found and written == text and not found[0][1] else None


def resolve(text: str, base: Mapping[str, Any], varied: Sequence[str] = ()) -> ScenarioPath | Fault:
    """The place in a scenario that a path means, or why it means none.

    Args:
        text: The path.
        base: Content of the scenario.
        varied: All paths that are set; where one sets the kind of something, parts of every kind may be meant.
    """
    parts = steps(text)
    if parts is None:
        return Fault("", "is no path; one is such as assets[roofs].p_peak_mw", text)
    value: Any = base
    types: tuple[Any, ...] = (Scenario,)
    keys: list[str | int] = []
    so_far = ""
    for place, (step, is_item) in enumerate(parts):
        here = so_far
        so_far = f"{here}[{step}]" if is_item else f"{here}.{step}".removeprefix(".")
        if is_item:
            types = tuple(inner for kind in types for inner in _items(kind))
            index = _index(step, value)
            if not types:
                return Fault("", f"{here} is no list", None, _other(text, base))
            if index is None:
                if place == len(parts) - 1 and not step.isdigit():
                    return ScenarioPath(text, (*keys, _length(value)), types, step)
                return Fault("", _nothing_called(step, here, value), None, _named_alike(parts, place, value))
            keys.append(index)
            value = value[index]
        else:
            models = _narrowed(types, value, free=here in varied or f"{here}.kind" in varied)
            inner, default = _field(models, step)
            if not inner:
                return Fault("", _unknown(step, here, models), None, _other(text, base, models, step))
            types = inner
            keys.append(step)
            found = value.get(step, _MISSING) if isinstance(value, Mapping) else _MISSING
            value = default if found is _MISSING or found is None else found
    return ScenarioPath(text, tuple(keys), types)


def value_at(content: Any, path: ScenarioPath) -> Any:
    """What stands at a path in a scenario; None where nothing does."""
    found = content
    for key in path.keys:
        if isinstance(key, str) and isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(key, int) and isinstance(found, list | tuple) and key < len(found):
            found = found[key]
        else:
            return None
    return found


def with_value(content: Mapping[str, Any], path: ScenarioPath, value: Any) -> dict[str, Any]:
    """A copy of a scenario's content with a value at a path; parts on the way that it leaves out are made.

    A part that is made has what the schema has for it by default. Of a list, null takes a thing out, which leaves a
    gap (`without_gaps`).
    """
    made: dict[str, Any] = _set(content, path, 0, value, Scenario)
    return made


class _Gap:
    """What stands in a list where something was taken out."""


def without_gaps(content: Any) -> Any:
    """The content without what was taken out of lists."""
    if isinstance(content, Mapping):
        return {key: without_gaps(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_gaps(value) for value in content if not isinstance(value, _Gap)]
    return content


def _set(content: Any, path: ScenarioPath, depth: int, value: Any, kind: Any) -> Any:
    key, last = path.keys[depth], depth == len(path.keys) - 1
    if isinstance(key, int):
        items = list(content) if isinstance(content, list | tuple) else []
        inner = _items(kind)
        if not last:
            items[key] = _set(items[key], path, depth + 1, value, _union(inner))
        elif path.whole_item is not None:
            items.append({"name": path.whole_item, **value} if isinstance(value, Mapping) else value)
        else:
            items[key] = _Gap() if value is None else _with_name(value, items[key])
        return items
    models = _narrowed(_alternatives(kind), content, free=True)
    inner, default = _field(_narrowed(models, content, free=False), key)
    here = dict(content) if isinstance(content, Mapping) else {}
    if last:
        here[key] = value
    else:
        inside = here.get(key)
        if inside is None and default is not None and not isinstance(path.keys[depth + 1], int):
            inside = default
        here[key] = _set(inside, path, depth + 1, value, _union(inner))
    return here


def _with_name(value: Any, before: Any) -> Any:
    """A new thing in a list under the name of the one whose place it takes, unless it brings its own."""
    if isinstance(value, Mapping) and isinstance(before, Mapping) and "name" in before:
        return {"name": before["name"], **value}
    return value


def _union(types: Sequence[Any]) -> Any:
    return Union[tuple(types)] if types else Any  # noqa: UP007  made at run time


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The types that an annotation comes to, without None."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _alternatives(get_args(kind)[0])
    if origin in {Union, UnionType}:
        return tuple(found for argument in get_args(kind) for found in _alternatives(argument))
    return () if kind in {None, NoneType} else (kind,)


def _items(kind: Any) -> tuple[Any, ...]:
    """What stands in the lists that a type is."""
    found: tuple[Any, ...] = ()
    for each in _alternatives(kind):
        if get_origin(each) in {tuple, list}:
            found += _alternatives(get_args(each)[0])
        elif each is Any:
            found += (Any,)
    return found


def _narrowed(types: Sequence[Any], value: Any, *, free: bool) -> tuple[Any, ...]:
    """Of several kinds the one that a value names, unless another may come in its place."""
    models = tuple(found for kind in types for found in _alternatives(kind))
    named = value.get("kind") if isinstance(value, Mapping) else None
    mine = tuple(model for model in models if _kind(model) == named)
    return mine if mine and named is not None and not free else models


def _kind(model: Any) -> Any:
    field = model.model_fields.get("kind") if _is_model(model) else None
    return None if field is None else field.default


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _field(models: Sequence[Any], name: str) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
    """The types of a field of any of the models, and its default where that is a model; no types if it has none."""
    found: dict[Any, None] = {}
    default: dict[str, Any] | None = None
    for model in models:
        if _is_model(model) and name in model.model_fields:
            field = model.model_fields[name]
            found |= dict.fromkeys(_alternatives(field.annotation))
            if isinstance(field.default, BaseModel):
                default = field.default.model_dump(exclude_unset=True)
        elif get_origin(model) in {dict, Mapping} and len(get_args(model)) == 2:
            found |= dict.fromkeys(_alternatives(get_args(model)[1]))
        elif model is Any:
            found[Any] = None
    return tuple(found), default


def _index(step: str, value: Any) -> int | None:
    """The place in a list of what is called so, or of that number."""
    items = value if isinstance(value, list | tuple) else ()
    named = [k for k, item in enumerate(items) if isinstance(item, Mapping) and item.get("name") == step]
    if named:
        return named[0]
    return int(step) if step.isdigit() and len(step) < 10 and int(step) < len(items) else None


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _names(value: Any) -> list[str]:
    items = value if isinstance(value, list | tuple) else ()
    return [str(item["name"]) for item in items if isinstance(item, Mapping) and "name" in item]


def _nothing_called(step: str, here: str, value: Any) -> str:
    if step.isdigit():
        return f"{here} has {_length(value)} of them, counted from 0"
    return f"nothing in {here} of the base is called {step!r}"


def _named_alike(parts: Sequence[tuple[str, bool]], place: int, value: Any) -> str | None:
    alike = nearest(parts[place][0], _names(value))
    if alike is None:
        return None
    return _written([*parts[:place], (alike, True), *parts[place + 1 :]])


def _written(parts: Sequence[tuple[str, bool]]) -> str:
    return "".join(f"[{step}]" if item else f".{step}" for step, item in parts).removeprefix(".")


def _unknown(step: str, here: str, models: Sequence[Any]) -> str:
    if here and not any(_is_model(model) for model in models):
        return f"{here} has no parts"
    return f"the schema knows no {step!r} in {here or 'a scenario'}"


def _other(text: str, base: Mapping[str, Any], models: Sequence[Any] = (), step: str = "") -> str | None:
    """The path most like one that the schema does not know: with another word in its place, or elsewhere."""
    parts = steps(text) or ()
    known = list(all_paths(base))
    by_last = {path.rpartition(".")[2]: path for path in reversed(known)}
    last = parts[-1][0]
    if last in by_last:
        return by_last[last]
    alike = nearest(step, [name for model in models if _is_model(model) for name in model.model_fields])
    if alike is not None:
        place = next(k for k, (each, item) in enumerate(parts) if each == step and not item)
        changed = _written([*parts[:place], (alike, False), *parts[place + 1 :]])
        if not isinstance(resolve(changed, base), Fault):
            return changed
    near = nearest(last, by_last)
    return nearest(text, known) if near is None else by_last[near]


def all_paths(base: Mapping[str, Any]) -> Iterator[str]:
    """Every path to a value of a scenario that its schema knows, by what stands in the base's lists."""
    yield from _paths("", (Scenario,), base, 0)


def _paths(at: str, types: Sequence[Any], value: Any, depth: int) -> Iterator[str]:
    models = [kind for kind in _narrowed(types, value, free=False) if _is_model(kind)]
    for name in dict.fromkeys(name for model in models for name in model.model_fields):
        path = f"{at}.{name}".removeprefix(".")
        inner, default = _field(models, name)
        inside = value.get(name) if isinstance(value, Mapping) else None
        lists = [item for kind in inner for item in _items(kind)]
        if lists:
            for index, item in enumerate(inside if isinstance(inside, list | tuple) else ()):
                named = item.get("name", index) if isinstance(item, Mapping) else index
                yield from _paths(f"{path}[{named}]", lists, item, depth + 1)
        elif depth < 6 and any(_is_model(kind) for kind in inner):
            yield from _paths(path, inner, inside if inside is not None else default, depth + 1)
        else:
            yield path
