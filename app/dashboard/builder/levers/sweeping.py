"""Two levers by some values each: a sweep of the draft, ready to be checked and run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from app.dashboard.builder.content import ABSENT, Content
from app.dashboard.builder.drafts.changes import changes
from app.dashboard.builder.labels import shown
from app.dashboard.builder.levers.declared import BY_KEY, turned
from app.dashboard.builder.levers.lever import NetFacts, ScenarioLever, stored
from grid.errors import Fault, InputError, raise_if_any

MOST_RUNS = 400
"""Runs of a sweep that the builder starts; more are a matter for a sweep file and the command line."""
MOST_VALUES = 40


@dataclass(frozen=True)
class Axis:
    """A lever and the values that it takes.

    Args:
        lever: The lever.
        values: As it shows them.
    """

    lever: ScenarioLever
    values: tuple[Any, ...]


def axes(asked: Sequence[Mapping[str, Any]], content: Content) -> tuple[Axis, ...]:
    """One or two levers with their values, checked.

    Args:
        asked: ``lever`` and ``values`` of each.
        content: The draft's.

    Raises:
        InputError: With all that is wrong.
    """
    found, faults = [], []
    if not 1 <= len(asked) <= 2:
        raise InputError.single("levers", "choose one lever or two", len(asked))
    for number, one in enumerate(asked):
        at = f"levers[{number}]"
        lever = BY_KEY.get(str(one.get("lever")))
        values = tuple(dict.fromkeys(one.get("values") or ()))
        if lever is None:
            faults.append(Fault(at, "choose a lever"))
            continue
        faults += _axis_faults(at, lever, values, content)
        found.append(Axis(lever, values))
    if len(found) == 2 and found[0].lever is found[1].lever:
        faults.append(Fault("levers[1]", "is the same lever as the first", found[0].lever.label))
    raise_if_any(faults, "the sweep")
    return tuple(found)


def _axis_faults(at: str, lever: ScenarioLever, values: Sequence[Any], content: Content) -> list[Fault]:
    faults = []
    if not 1 <= len(values) <= MOST_VALUES:
        faults.append(Fault(f"{at}.values", f"needs 1 to {MOST_VALUES} different values", len(values)))
    if lever.kind == "number":
        faults += [Fault(f"{at}.values", "must be numbers", value) for value in values
                   if isinstance(value, bool) or not isinstance(value, int | float)]  # fmt: skip
    if lever.kind == "choice":
        known = {choice.value for choice in lever.choices}
        faults += [Fault(f"{at}.values", f"must be of {', '.join(sorted(known))}", value)
                   for value in values if value not in known]  # fmt: skip
    why = lever.hindrance(content)
    return [*faults, Fault(at, why)] if why else faults


def sweep_content(name: str, content: Content, asked: Sequence[Axis], net: Callable[[], NetFacts]) -> dict[str, Any]:
    """The sweep file of a draft and one or two levers.

    Levers that are one place each make a full grid, which frontiers and sensitivities are drawn of; others a list of
    variants, each with all that its levers set.

    Args:
        name: Name of the sweep.
        content: The draft's.
        asked: The levers and their values.
        net: What is known of the net.

    Raises:
        InputError: If it comes to more than `MOST_RUNS` runs, or a value changes what a sweep cannot say.
    """
    count = 1
    for axis in asked:
        count *= len(axis.values)
    if count > MOST_RUNS:
        raise InputError.single("levers", f"comes to {count} runs; at most {MOST_RUNS} are started here")
    sweep: dict[str, Any] = {"schema_version": 1, "name": name, "base": content, "tags": ["builder"]}
    paths = [axis.lever.paths(content) for axis in asked]
    if all(_is_plain(axis, places, content, net) for axis, places in zip(asked, paths, strict=True)):
        parameters = {
            places[0]: [stored(value, axis.lever.factor) for value in axis.values]
            for axis, places in zip(asked, paths, strict=True)
        }
        return {**sweep, "design": {"kind": "grid", "parameters": parameters}}
    variants = [_variant(content, asked, values, net) for values in product(*(axis.values for axis in asked))]
    return {**sweep, "design": {"kind": "variants", "variants": variants}}


def _is_plain(axis: Axis, places: Sequence[str], content: Content, net: Callable[[], NetFacts]) -> bool:
    """Whether every value of a lever is one place set to it, and nothing else."""
    if len(places) != 1 or axis.lever.hindrance(content) or axis.lever.key in {"dc_cooling", "dc_power_chain"}:
        return False
    for value in axis.values:
        made = turned(content, axis.lever.key, value, net)
        if any(change.path != places[0] or change.after != stored(value, axis.lever.factor)
               for change in changes(content, made)):  # fmt: skip
            return False
    return True


def _variant(
    content: Content, asked: Sequence[Axis], values: Sequence[Any], net: Callable[[], NetFacts]
) -> dict[str, Any]:
    made = content
    for axis, value in zip(asked, values, strict=True):
        made = turned(made, axis.lever.key, value, net)
    set_to = {change.path: None if change.after is ABSENT else change.after for change in changes(content, made)}
    names = (_named(axis, value) for axis, value in zip(asked, values, strict=True))
    return {"name": ", ".join(names), "changes": set_to}


def _named(axis: Axis, value: Any) -> str:
    lever = axis.lever
    chosen = next((choice.value for choice in lever.choices if choice.value == value), None)
    unit = lever.unit.replace("{currency}", "").strip("/ ")
    return f"{lever.label} {chosen or shown(value)}{f' {unit}' if unit and chosen is None else ''}"
