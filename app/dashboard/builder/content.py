"""Content of a scenario as plain JSON: places in it by keys, and by the names of what stands in its lists."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

Content = dict[str, Any]
Key = str | int
Keys = tuple[Key, ...]


class _Absent:
    """What stands where nothing stands."""


ABSENT: Final = _Absent()


def plain(value: Any) -> Any:
    """A value as JSON holds it: dates and numbers that are not finite as text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number; the check says what is wrong with the text
    return value.isoformat() if isinstance(value, dt.date) else value


def value_at(content: Any, keys: Sequence[Key]) -> Any:
    """What stands at a place; `ABSENT` where nothing does."""
    for key in keys:
        in_mapping = isinstance(content, Mapping) and isinstance(key, str) and key in content
        in_list = isinstance(content, list) and isinstance(key, int) and 0 <= key < len(content)
        if not in_mapping and not in_list:
            return ABSENT
        content = content[key]
    return content


def with_value(content: Any, keys: Sequence[Key], value: Any) -> Any:
    """A copy with a value at a place; mappings on the way that are not there are made.

    Args:
        content: The content.
        keys: The place; a number one beyond the end of a list appends.
        value: The value; `ABSENT` takes out what stands there.

    Raises:
        KeyError: If the place leads through something that is neither a mapping nor a list, or beyond a list.
    """
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        return _list_with(content, key, rest, value)
    if content is not None and not isinstance(content, Mapping):
        raise KeyError(key)
    copy = dict(content or {})
    inner = with_value(copy.get(key), rest, value) if rest else value
    if inner is ABSENT:
        copy.pop(key, None)
    else:
        copy[key] = inner
    return copy


def _list_with(content: Any, key: int, rest: Sequence[Key], value: Any) -> list[Any]:
    items = list(content) if isinstance(content, list) else []
    if not 0 <= key <= len(items) or (content is not None and not isinstance(content, list)):
        raise KeyError(key)
    if value is ABSENT and not rest:
        del items[key : key + 1]
    elif key == len(items):
        items.append(with_value(None, rest, value))
    else:
        items[key] = with_value(items[key], rest, value)
    return items


def named(items: Any) -> dict[str, int] | None:
    """Places in a list by the names of what stands there; None where something has no name of its own."""
    if not isinstance(items, list):
        return None
    names = [item.get("name") if isinstance(item, Mapping) else None for item in items]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return {str(name): place for place, name in enumerate(names)}


def written(content: Any, keys: Sequence[Key]) -> str:
    """A place as text, things in lists by name where they have one, such as ``assets[roofs].p_peak_mw``."""
    text = ""
    for place, key in enumerate(keys):
        if isinstance(key, int):
            item = value_at(content, keys[: place + 1])
            name = item.get("name") if isinstance(item, Mapping) else None
            text += f"[{name if isinstance(name, str) else key}]"
        else:
            text += f".{key}" if text else key
    return text


def free_name(content: Mapping[str, Any], wanted: str) -> str:
    """A name that no asset and no data centre has yet: the one that is wanted, or with a number behind it."""
    lists = [content.get("assets"), content.get("data_centres")]
    taken = {item.get("name") for items in lists if isinstance(items, list) for item in items if isinstance(item, dict)}
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name
