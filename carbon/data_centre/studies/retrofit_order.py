"""Changes of a data centre one at a time, and one after the other in the order that saves most for its money."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from carbon.data_centre.spec import DataCentre
from carbon.data_centre.studies.combinations import REUSE, Combination, DesignYear, design_year
from carbon.data_centre.studies.operation import OperatingSite
from carbon.data_centre.studies.remedies import DesignChange, load_changes

LEAST_SAVING = 1e-4
"""Least fall of the PUE for which a change counts as one that saves energy [1]."""


@dataclass(frozen=True, eq=False)
class RetrofitStep:
    """One change, made after those before it.

    Args:
        change: The change.
        pue_before: Without it [1].
        year: The data centre with it.
        cost: What it costs alone, in the currency of the catalogue.
    """

    change: DesignChange
    pue_before: float
    year: DesignYear
    cost: float

    @property
    def pue(self) -> float:
        """PUE with it [1]."""
        return self.year.value("pue") or self.pue_before

    @property
    def saved(self) -> float:
        """By how much it lowers the PUE [1]; negative where it raises it."""
        return self.pue_before - self.pue


def one_at_a_time(
    spec: DataCentre, site: OperatingSite, changes: Sequence[DesignChange] | None = None
) -> tuple[RetrofitStep, ...]:
    """Each change alone, those that lower the PUE most first.

    Args:
        spec: The data centre.
        site: Where and when.
        changes: The catalogue; by default the shipped one without reuse of heat, which changes no power.
    """
    now = Combination((), spec, 0.0)
    steps = _steps(now, _pue(design_year(now, site)), site, _catalogue(changes))
    return tuple(sorted(steps, key=lambda step: -step.saved))


def best_order(
    spec: DataCentre, site: OperatingSite, changes: Sequence[DesignChange] | None = None
) -> tuple[RetrofitStep, ...]:
    """Changes one after the other: at each step the one that lowers the PUE most for its money.

    What sets the same is changed once. It ends where no change lowers the PUE. A later plant can undo an earlier set
    point, so this order need not end at the lowest PUE; `combinations` tries everything.

    Args:
        spec: The data centre.
        site: Where and when.
        changes: As `one_at_a_time`.
    """
    left = _catalogue(changes)
    now = Combination((), spec, 0.0)
    pue = _pue(design_year(now, site))
    made: list[RetrofitStep] = []
    while True:
        useful = [step for step in _steps(now, pue, site, left) if step.saved > LEAST_SAVING]
        if not useful:
            return tuple(made)
        best = max(useful, key=lambda step: step.saved / max(step.cost, 1.0))
        made.append(best)
        now, pue = best.year.design, best.pue
        left = [change for change in left if not set(change.changes) & set(best.change.changes)]


def _catalogue(changes: Sequence[DesignChange] | None) -> list[DesignChange]:
    return [change for change in load_changes() if REUSE not in change.changes] if changes is None else [*changes]


def _steps(now: Combination, pue: float, site: OperatingSite, changes: Iterable[DesignChange]) -> list[RetrofitStep]:
    """Each change that can be made now."""
    found = []
    for change in changes:
        then = now.then(change)
        if then is not None:
            found.append(RetrofitStep(change, pue, design_year(then, site), then.capital_cost - now.capital_cost))
    return found


def _pue(year: DesignYear) -> float:
    """PUE of a design; not-a-number, which no change lowers, where nothing is computed."""
    value = year.value("pue")
    return float("nan") if value is None else value
