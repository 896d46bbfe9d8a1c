"""Wrong inputs made of right ones: trees, texts and bytes in which something was changed."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 0.5, 1e-300, -1e-9, 1e6, 1e9, 1e12, 1e308, -1e308, 10**30, 10**400, 2**63),
    *(float("nan"), float("inf"), float("-inf"), "", " ", "x", "no", "1", "nan", "null", "{{NAME}}", "0x" + "f" * 5000),
    *("2030-02-30", "9999-12-31", dt.date(9999, 12, 31), dt.date(1, 1, 1), dt.datetime(2030, 1, 1, 12, 30)),
    *("a" * 300, "ä" * 70_000, "../x", "/dev/zero", "/proc/self/mem", "pipe", ".", "a\0b", "a\x1b[31mb", "Ω", "\u202e"),
    *([], {}, [[]], [None], [1, 2], ["x"] * 3, {"a": 1}, {"kind": "battery"}, [{}], {"x": [{"y": None}]}),
    *("greensboro-tmy3", "reference", "case33bw", "net.json", "weather.csv", "sessions.csv", "profiles.parquet"),
)
"""What stands where something else belongs."""
WORDS = (
    "!!bool maybe", "!!python/name:os.system", "&a [*a]", "*nowhere", "{{NAME}}", "<<: 5", "? [a]", "- -", "\t", "\0",
    "\x85", "\ufeff", "%YAML 1.1", "---", "...", "[[[[[[[[", "!!binary AAAA", "9" * 4400, "2030-13-01", "1e400", "|",
    ">", "'", '"', "#", ":", ",", ";", "\r", "é", "\\ud800", "NaN", "-", "1,5", "25:00", "24:00", "Infinity", "\n\n",
    "}", "]",
)  # fmt: skip
"""What is put into a text."""


def changed_tree(random: Random, tree: Any) -> Any:
    """A copy of mappings and lists with one to three changes."""
    tree = copy.deepcopy(tree)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        found = list(places(tree))
        if not found:
            return random.choice(VALUES)
        holder, key = random.choice(found)
        random.choice(_TREE_CHANGES)(random, holder, key, found)
    return tree


def changed_text(random: Random, text: str) -> str:
    """A text with one to three changes: lines lost, doubled or swapped, words put in, the end cut off."""
    for _ in range(random.choice((1, 1, 2, 3))):
        lines = text.splitlines(keepends=True) or [""]
        at, other = random.randrange(len(lines)), random.randrange(len(lines))
        place = random.randrange(len(text) + 1)
        how = random.randrange(7)
        if how == 0:
            del lines[at]
            text = "".join(lines)
        elif how == 1:
            lines[at], lines[other] = lines[other], lines[at]
            text = "".join(lines)
        elif how == 2:
            text = "".join([*lines[:at], lines[at] * random.choice((2, 3, 50)), *lines[at + 1 :]])
        elif how == 3:
            text = text[:place]
        elif how == 4:
            text = text[:place] + text[place + random.choice((1, 2, 20)) :]
        else:
            text = text[:place] + random.choice(WORDS) + text[place:]
    return text


def changed_bytes(random: Random, content: bytes) -> bytes:
    """Bytes with one to three changes: some flipped, lost, doubled, or cut off at the end."""
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(content) + 1)
        size = random.choice((1, 1, 2, 8, 100))
        junk = bytes(random.randrange(256) for _ in range(min(size, 8)))
        how = random.randrange(5)
        if how == 0:
            content = content[:at]
        elif how == 1:
            content = content[:at] + junk + content[at + len(junk) :]
        elif how == 2:
            content = content[:at] + content[at + size :]
        elif how == 3:
            content = content[:at] + junk + content[at:]
        else:
            content = content[:at] + content[max(0, at - size) : at] * 3 + content[at:]
    return content


def places(tree: Any) -> Any:
    """Every place in mappings and lists, as what holds it and its key there."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(pairs):
        yield tree, key
        yield from places(value)


def _replace(random: Random, holder: Any, key: Any, _: Any) -> None:
    holder[key] = copy.deepcopy(random.choice(VALUES))


def _remove(random: Random, holder: Any, key: Any, _: Any) -> None:
    del random  # as all changes have it
    del holder[key]


def _scale(random: Random, holder: Any, key: Any, _: Any) -> None:
    value = holder[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        holder[key] = value * random.choice((-1, 0, 1e-3, 10, 1000, 1e6, 1e15))
    else:
        holder[key] = [value]


def _swap(random: Random, holder: Any, key: Any, found: Any) -> None:
    other, there = random.choice(found)
    try:
        holder[key] = copy.deepcopy(other[there])
    except (KeyError, IndexError):  # it was changed before
        holder[key] = None


def _rename(random: Random, holder: Any, key: Any, _: Any) -> None:
    if isinstance(holder, dict):
        holder[random.choice(("x", 5, None, 1.5, True, "kind", "name", "where", dt.date(2030, 1, 1)))] = holder.pop(key)
    else:
        holder.insert(0, copy.deepcopy(random.choice(VALUES)))


def _repeat(random: Random, holder: Any, key: Any, _: Any) -> None:
    if isinstance(holder, list):
        holder.extend(copy.deepcopy(holder[key]) for _ in range(random.choice((1, 2, 30))))
    else:
        holder[f"{key}2"] = holder[key]


_TREE_CHANGES: tuple[Callable[[Random, Any, Any, Any], None], ...] = (
    *(_replace, _replace, _replace, _scale, _scale, _remove, _swap, _rename, _repeat),
)
