"""What a draft changes in its template, change by change, each of which can be taken back by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.dashboard.builder.content import ABSENT, Content, Key, Keys, named, value_at, with_value, written
from app.dashboard.builder.labels import label_of, shown, unit_of
from app.dashboard.builder.levers.declared import LEVERS
from grid.errors import InputError

_Whole = tuple[Content, Content]
"""Contents of the template and of the draft."""


@dataclass(frozen=True)
class DraftChange:
    """One difference between a draft and its template.

    Args:
        path: The place as text, things in lists by name; tells it from the others.
        base_keys: The place in the template; empty where it has none.
        keys: The place in the draft; empty where it has none.
        before: What the template has there; `ABSENT` for nothing.
        after: What the draft has there; `ABSENT` for nothing.
    """

    path: str
    base_keys: Keys
    keys: Keys
    before: Any
    after: Any

    @property
    def kind(self) -> Literal["added", "removed", "set"]:
        """Whether something was added to a list, taken out of one, or set."""
        is_item = isinstance((self.keys or self.base_keys)[-1], int)
        if is_item and self.before is ABSENT:
            return "added"
        return "removed" if is_item and self.after is ABSENT else "set"


def changes(base: Content, content: Content) -> tuple[DraftChange, ...]:
    """Every difference of a draft's content from its template's, in the order of the draft.

    Things in lists are the same if their names are; where they have none, the list as a whole is one change. Another
    kind of something is one change with all of its parts.
    """
    return tuple(_of_mappings((base, content), base, content, (), ()))


def _of_mappings(
    whole: _Whole, before: Mapping[str, Any], after: Mapping[str, Any], base_at: Keys, at: Keys
) -> Iterator[DraftChange]:
    for key in dict.fromkeys([*after, *before]):  # null says the same as nothing
        yield from _of_values(whole, before.get(key), after.get(key), (*base_at, key), (*at, key))


def _of_values(whole: _Whole, before: Any, after: Any, base_at: Keys, at: Keys) -> Iterator[DraftChange]:
    if _same(before, after):
        return
    lists = all(value is None or named(value) is not None for value in (before, after))
    if _is_part(before) and _is_part(after) and (before or {}).get("kind") == (after or {}).get("kind"):
        yield from _of_mappings(whole, before or {}, after or {}, base_at, at)
    elif lists and isinstance(before or after, list):
        yield from _of_lists(whole, before or [], after or [], base_at, at)
    else:
        base, content = whole
        yield DraftChange(written(content, at), base_at, at, value_at(base, base_at), value_at(content, at))


def _of_lists(whole: _Whole, before: Any, after: Any, base_at: Keys, at: Keys) -> Iterator[DraftChange]:
    (base, content), was, now = whole, named(before) or {}, named(after) or {}
    for name, place in now.items():
        if name in was:
            yield from _of_values(whole, before[was[name]], after[place], (*base_at, was[name]), (*at, place))
        else:
            yield DraftChange(written(content, (*at, place)), (), (*at, place), ABSENT, after[place])
    for name, place in was.items():
        if name not in now:
            yield DraftChange(written(base, (*base_at, place)), (*base_at, place), (), before[place], ABSENT)


def _is_part(value: Any) -> bool:
    return value is None or isinstance(value, Mapping)


def _same(before: Any, after: Any) -> bool:
    """Whether two values say the same: 2 and 2.0 do, true and 1 do not, an empty list and nothing do."""
    if isinstance(before, bool) != isinstance(after, bool):
        return False
    empty: tuple[Any, ...] = ([], {}, None)
    return bool(before == after) or (before in empty and after in empty)


def without(base: Content, content: Content, path: str) -> Content:
    """The draft without one of its changes.

    Raises:
        InputError: If there is no such change, such as one that another tab took back.
    """
    found = next((change for change in changes(base, content) if change.path == path), None)
    if found is None:
        raise InputError.single("change", "is no difference from the template any more", path)
    if found.kind == "removed":
        at = found.base_keys[:-1]  # the same in the draft, since lists stand at the top or in what both have
        items = value_at(content, at)
        place = min(int(found.base_keys[-1]), len(items) if isinstance(items, list) else 0)
        items = [] if not isinstance(items, list) else items
        return dict(with_value(content, at, [*items[:place], found.before, *items[place:]]))
    made = dict(with_value(content, found.keys, found.before))
    return _pruned(base, made, found.keys[:-1])


def _pruned(base: Content, content: Content, keys: Keys) -> Content:
    """The content without the empty parts that a taken-back change leaves and the template has not."""
    while keys and value_at(content, keys) in ({}, []) and value_at(base, keys) is ABSENT:
        content, keys = dict(with_value(content, keys, ABSENT)), keys[:-1]
    return content


def words(change: DraftChange, base: Content, content: Content) -> dict[str, str]:
    """A change as a chip shows it: what, from what, to what.

    Returns:
        ``label``, ``before``, ``after`` and ``unit``; the values are empty for what was added or taken out.
    """
    item = change.after if change.kind == "added" else change.before
    if change.kind in {"added", "removed"}:
        name = str(item.get("name", "")) if isinstance(item, Mapping) else str(item)
        kind = str(item.get("kind", "")).replace("_", " ") if isinstance(item, Mapping) else ""
        kind = kind or ("data centre" if (change.keys or change.base_keys)[0] == "data_centres" else "")
        label = f"{change.kind}: {name}" + (f" ({kind})" if kind else "")
        return {"label": label, "before": "", "after": "", "unit": ""}
    alone = (change.path,)
    lever = next((one for one in LEVERS if one.paths(content) == alone and one.paths(base) == alone), None)
    if lever is not None:
        return {"label": lever.label, "before": shown(lever.read(base)), "after": shown(lever.read(content)),
                "unit": lever.unit}  # fmt: skip
    before, after = (shown(None if value is ABSENT else value) for value in (change.before, change.after))
    unit = unit_of(str(change.keys[-1]), "")
    return {"label": _label(change, content), "before": before, "after": after, "unit": unit}


def _label(change: DraftChange, content: Content) -> str:
    """The field in words, after the name of what it belongs to."""
    field: Key = next(key for key in reversed(change.keys) if isinstance(key, str))
    items = [
        found.get("name") for place in range(1, len(change.keys))
        if isinstance(found := value_at(content, change.keys[:place]), Mapping) and found.get("name")
        and isinstance(change.keys[place - 1], int)
    ]  # fmt: skip
    return f"{items[-1]}: {label_of(str(field)).lower()}" if items else label_of(str(field))
