"""What the page may ask of a draft, each as a change of its content with the words of its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.dashboard.builder.content import ABSENT, Content, Keys, free_name, plain, value_at, with_value
from app.dashboard.builder.drafts.changes import changes, without, words
from app.dashboard.builder.drafts.draft import Draft
from app.dashboard.builder.labels import label_of
from app.dashboard.builder.levers.declared import BY_KEY, turned
from app.dashboard.builder.levers.lever import NetFacts
from app.dashboard.builder.placing import begun, placed
from grid.errors import InputError, nearest

Net = Callable[[], NetFacts]
MOST_KEYS = 16
KEPT_OF_KIND = ("name", "bus", "where")
"""Fields that stay when something becomes another kind."""


def edited(draft: Draft, edit: Mapping[str, Any], net: Net) -> Draft:
    """The draft after an edit.

    Args:
        draft: The draft.
        edit: ``do`` names it; the rest depends on it, see the functions below.
        net: What is known of the draft's net, asked only where something is added.

    Raises:
        InputError: If there is no such edit, or it cannot be done.
    """
    do = str(edit.get("do"))
    if do in {"undo", "redo"}:
        return draft.moved(-1 if do == "undo" else 1)
    make = _EDITS.get(do)
    if make is None:
        raise InputError.single("do", "no such edit", do, nearest(do, _EDITS))
    try:
        content, said = make(draft, edit, net)
    except KeyError as error:
        raise InputError.single("keys", "leads to nothing in the scenario", str(error)) from error
    return draft.edited(content, said, str(edit.get("gesture") or ""))


def _lever(draft: Draft, edit: Mapping[str, Any], net: Net) -> tuple[Content, str]:
    """``lever`` and ``value``: turns a lever."""
    key = str(edit.get("lever"))
    made = turned(draft.content, key, edit.get("value"), net)
    return made, BY_KEY[key].label


def _set(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``keys`` and ``value``: sets a field."""
    keys = _keys(edit)
    return dict(with_value(draft.content, keys, plain(edit.get("value")))), _field(keys)


def _unset(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``keys``: takes out what stands there, so that the default holds."""
    keys = _keys(edit)
    return dict(with_value(draft.content, keys, ABSENT)), f"{_field(keys)}: default"


def _kind(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``keys`` and ``kind``: makes something another kind; its name and place stay."""
    keys = _keys(edit)
    return of_kind(draft.content, keys, str(edit.get("kind"))), _field((*keys, "kind"))


def of_kind(content: Content, keys: Keys, kind: str) -> Content:
    """The content with something made another kind, at its defaults; unchanged where it is of that kind already.

    Raises:
        KeyError: If the place leads through something that is neither a mapping nor a list.
    """
    before = value_at(content, keys)
    here = before if isinstance(before, Mapping) else {}
    if here.get("kind") == kind:
        return content
    return dict(with_value(content, keys, {"kind": kind, **{key: here[key] for key in KEPT_OF_KIND if key in here}}))


def _add(draft: Draft, edit: Mapping[str, Any], net: Net) -> tuple[Content, str]:
    """``keys`` of a list and the ``value`` or the ``kind`` of what is added to its end; assets get a free name."""
    keys = _keys(edit)
    items = value_at(draft.content, keys)
    place = len(items) if isinstance(items, list) else 0
    value: Any = plain(edit.get("value"))
    if keys in {("assets",), ("data_centres",)}:
        kind = str(edit.get("kind") or "data_centre")
        value = {**begun(kind, net().bus), "name": free_name(draft.content, kind.replace("_", " "))}
    elif edit.get("kind"):
        value = {"kind": str(edit["kind"])}
    return dict(with_value(draft.content, (*keys, place), value)), f"{_field(keys)}: added"


def _remove(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``keys`` of a thing in a list: takes it out."""
    keys = _keys(edit)
    if value_at(draft.content, keys) is ABSENT:
        raise KeyError(keys[-1])
    return dict(with_value(draft.content, keys, ABSENT)), f"{_field(keys)}: removed"


def _duplicate(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``keys`` of a thing in a list: adds the same again behind it, under a free name."""
    keys = _keys(edit)
    item = value_at(draft.content, keys)
    items = value_at(draft.content, keys[:-1])
    if item is ABSENT or not isinstance(items, list) or not isinstance(keys[-1], int):
        raise KeyError(keys[-1])
    if isinstance(item, Mapping) and isinstance(item.get("name"), str):
        item = {**item, "name": free_name(draft.content, item["name"])}
    items = [*items[: keys[-1] + 1], item, *items[keys[-1] + 1 :]]
    return dict(with_value(draft.content, keys[:-1], items)), f"{_field(keys)}: duplicated"


def _place(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``kind``, ``bus`` and ``size``: places something at a bus."""
    made, name = placed(draft.content, str(edit.get("kind")), str(edit.get("bus") or ""), edit.get("size"))
    return made, f"added: {name}"


def _drop(draft: Draft, edit: Mapping[str, Any], _net: Net) -> tuple[Content, str]:
    """``path`` of a difference from the template: takes it back."""
    path = str(edit.get("path"))
    found = next((change for change in changes(draft.base, draft.content) if change.path == path), None)
    made = without(draft.base, draft.content, path)
    label = "" if found is None else words(found, draft.base, draft.content)["label"]
    return made, f"taken back: {label}"


_EDITS: Mapping[str, Callable[[Draft, Mapping[str, Any], Net], tuple[Content, str]]] = {
    "lever": _lever, "set": _set, "unset": _unset, "kind": _kind, "add": _add, "remove": _remove,
    "duplicate": _duplicate, "place": _place, "drop": _drop,
}  # fmt: skip


def _keys(edit: Mapping[str, Any]) -> Keys:
    """The place that an edit names."""
    keys = edit.get("keys")
    right = isinstance(keys, list) and 0 < len(keys) <= MOST_KEYS
    if not right or not all(isinstance(key, str | int) and not isinstance(key, bool) for key in keys or ()):
        raise InputError.single("keys", f"must be a list of 1 to {MOST_KEYS} names and numbers")
    return tuple(keys or ())


def _field(keys: Keys) -> str:
    return label_of(str(next((key for key in reversed(keys) if isinstance(key, str)), "")))
