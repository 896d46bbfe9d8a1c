"""What is wrong with the runs of a sweep, said once for all that share it, where the sweep file says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.batch.sweep.design_faults import PlacedFault
from app.batch.sweep.paths import Keys, steps
from app.batch.sweep.schema import Sweep
from app.batch.sweep.variants import SAMPLED, PlannedRun, VariedValue
from grid.errors import Fault


@dataclass
class VariantFaults:
    """Gathers the faults of runs.

    Args:
        sweep: The sweep.
        known: Faults of the base, which runs share and which are said there.
    """

    sweep: Sweep
    known: frozenset[str] = frozenset()
    _found: dict[tuple[Any, ...], tuple[PlacedFault, list[str]]] = field(default_factory=dict)

    def add(self, variant: PlannedRun, content: Mapping[str, Any], faults: tuple[Fault, ...]) -> None:
        """Adds what is wrong with the scenario of a run."""
        for fault in faults:
            if str(fault) in self.known:
                continue
            placed = _placed(variant, content, fault)
            place = placed.place
            if isinstance(self.sweep.design, SAMPLED) and place[-2:-1] != ("values",):
                key: tuple[Any, ...] = (place, placed.rule, None)  # each sample has another value
            else:
                key = (place, placed.rule, str(placed.value))
            self._found.setdefault(key, (placed, []))[1].append(variant.name)

    def faults(self, n_runs: int) -> Iterator[PlacedFault]:
        """All that was found, each with how many runs have it."""
        for placed, names in self._found.values():
            many = len(set(names))
            if many == n_runs and n_runs > 1:
                where = f" (in all {n_runs} runs)"
            elif many > 1:
                where = f" (in {many} of {n_runs} runs, first {names[0]!r})"
            else:
                where = f" (in run {names[0]!r})"
            yield PlacedFault(placed.place, placed.rule + where, placed.value, placed.suggestion)


def _placed(variant: PlannedRun, content: Mapping[str, Any], fault: Fault) -> PlacedFault:
    """A fault of a scenario at the place of the change that brings it about, else at that of the run."""
    at, _, rest = fault.place.partition(": ")
    keys = _keys(at, content)
    change = _responsible(variant, keys)
    if change is None:
        rule = f"{fault.place}: {fault.rule}" if fault.place else fault.rule
        return PlacedFault(variant.place, rule, fault.value, fault.suggestion)
    inner = keys[len(change.path.keys) :]
    said = [fault.place] if inner or len(keys) < len(change.path.keys) else [rest]
    return PlacedFault(change.place, ": ".join([*filter(None, said), fault.rule]), fault.value, fault.suggestion)


def _responsible(variant: PlannedRun, keys: Keys) -> VariedValue | None:
    """The change at, around or within a place; the one that is nearest to it."""
    best, most = None, 0
    for change in variant.changes:
        mine = change.path.keys
        shared = min(len(mine), len(keys))
        if mine[:shared] == keys[:shared] and shared > most:
            best, most = change, shared
    return best


def _keys(place: str, content: Mapping[str, Any]) -> Keys:
    """A place as keys of the content; the kinds of things, which pydantic names on the way, are left out."""
    keys: list[str | int] = []
    here: Any = content
    for step, is_item in steps(place) or ():
        if is_item and step.isdigit() and isinstance(here, list | tuple) and int(step) < len(here):
            keys.append(int(step))
            here = here[int(step)]
        elif isinstance(here, Mapping) and step not in here and here.get("kind") == step:
            continue
        else:
            keys.append(step)
            here = here.get(step) if isinstance(here, Mapping) else None
    return tuple(keys)
