"""How levers read and write: a field of the scenario, shares of adoption, sums over what stands in lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from app.dashboard.builder.content import ABSENT, Content, free_name, value_at, with_value, written
from app.dashboard.builder.levers.lever import NetFacts, Value, as_shown, stored
from app.scenario.schema import Scenario

Net = Callable[[], NetFacts]
Read = Callable[[Content], Value]
Write = Callable[[Content, Any, Net], Content]
Paths = Callable[[Content], tuple[str, ...]]


def of_field(path: str, factor: float = 1.0) -> tuple[Read, Write, Paths]:
    """A lever that is one field of the scenario, such as ``dispatch.carbon_price_per_t``.

    It reads the schema's default where the content leaves the field out; an empty value takes it out again.
    """
    keys = tuple(path.split("."))
    default = default_of(path)

    def read(content: Content) -> Value:
        found = value_at(content, keys)
        shown: Value = as_shown(default if found is ABSENT else found, factor)
        return shown

    def write(content: Content, value: Any, _net: Net) -> Content:
        made: Content = with_value(content, keys, ABSENT if value is None else stored(value, factor))
        return made

    return read, write, lambda _content: (path,)


def default_of(path: str) -> Any:
    """What the schema takes where a field is left out; None where it has no plain default."""
    model: Any = Scenario
    default: Any = None
    for key in path.split("."):
        found = model.model_fields[key]
        default = found.default
        model = type(default) if isinstance(default, BaseModel) else _model_in(found.annotation)
    return default if isinstance(default, bool | int | float | str) else None


def _model_in(annotation: Any) -> Any:
    """The model that an annotation is or may be; None where it is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    models = (_model_in(each) for each in getattr(annotation, "__args__", ()))
    return next((model for model in models if model is not None), None)


def matching(content: Content, key: str, where: Callable[[Mapping[str, Any]], bool]) -> list[int]:
    """Places in a list of the scenario of what fulfils a condition."""
    items = content.get(key)
    if not isinstance(items, list):
        return []
    return [place for place, item in enumerate(items) if isinstance(item, dict) and where(item)]


def of_kind(kind: str) -> Callable[[Mapping[str, Any]], bool]:
    """The condition of being an asset of a kind."""
    return lambda item: item.get("kind") == kind


def of_sum(
    key: str, where: Callable[[Mapping[str, Any]], bool], name: str, new: Callable[[Content, float, Net], Content],
    *, whole: bool = False,
) -> tuple[Read, Write, Paths]:  # fmt: skip
    """A lever that is the sum of a field over things in a list: they are scaled alike, 0 takes them out.

    Args:
        key: The list.
        where: Which things in it count.
        name: The field.
        new: Adds a thing of that size where there is none.
        whole: Whether the field holds whole numbers.
    """

    def sizes(content: Content) -> dict[int, float]:
        found = {k: content[key][k].get(name) for k in matching(content, key, where)}
        return {k: size for k, size in found.items() if isinstance(size, int | float) and not isinstance(size, bool)}

    def read(content: Content) -> Value:
        found = sizes(content)
        total = sum(found.values())
        return total if len(found) < 2 else round(total, 9)

    def write(content: Content, value: Any, net: Net) -> Content:
        found = sizes(content)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
            return _typed(content, key, name, found, value)
        if value == 0:
            return _without(content, key, list(found))
        if not found:
            return new(content, value, net)
        made = content
        for k, size in _shared(found, value, whole=whole).items():
            made = with_value(made, (key, k, name), size)
        return made

    def paths(content: Content) -> tuple[str, ...]:
        return tuple(written(content, (key, k, name)) for k in sizes(content))

    return read, write, paths


def _typed(content: Content, key: str, name: str, found: Mapping[int, float], value: Any) -> Content:
    """What was typed and is no size goes to the first field, where the check says what is wrong with it."""
    if not found or value is None:
        return content
    made: Content = with_value(content, (key, next(iter(found)), name), value)
    return made


def _without(content: Content, key: str, places: list[int]) -> Content:
    items = [item for k, item in enumerate(content.get(key) or []) if k not in places]
    return {**content, key: items} if places else content


def _shared(found: Mapping[int, float], total: float, *, whole: bool) -> dict[int, float]:
    """The total shared as the present sizes are; whole numbers by the largest remainders, at least 1 each."""
    before = sum(found.values())
    if len(found) == 1 or before <= 0:
        return {k: total / len(found) for k in found} if len(found) > 1 else dict.fromkeys(found, total)
    exact = {k: total * size / before for k, size in found.items()}
    if not whole:
        return exact
    floors = {k: max(1, int(size)) for k, size in exact.items()}
    missing = max(0, round(total) - sum(floors.values()))
    for k in sorted(exact, key=lambda k: floors[k] - exact[k])[:missing]:
        floors[k] += 1
    return dict(floors)


def appended(content: Content, key: str, item: Mapping[str, Any], name: str) -> Content:
    """The content with one more thing in a list, under a name that is free."""
    items = content.get(key)
    return {**content, key: [*(items if isinstance(items, list) else []), {**item, "name": free_name(content, name)}]}
