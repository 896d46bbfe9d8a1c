"""Changes of a design taken together: every combination of a catalogue, and the cheapest that keeps a limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from carbon.data_centre.rules import Rule
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.standard_metrics import Metric
from carbon.data_centre.studies.operation import OperatingSite, facility_at, metrics_of
from carbon.data_centre.studies.remedies import DesignChange, load_changes, with_change
from grid.units import HOURS_PER_YEAR, KW_PER_MW

REUSE = "heat_reuse_share"
"""What is only of use to a rule about reused heat; it changes no power."""
Told = Callable[[float], None]
"""Told the share that is done [1]."""


@dataclass(frozen=True)
class Combination:
    """Changes of a data centre that are made together.

    Args:
        changes: The changes, plants before their set points; none is the data centre as it is.
        spec: The data centre with them.
        capital_cost: Of all of them, in the currency of the catalogue.
    """

    changes: tuple[DesignChange, ...]
    spec: DataCentre
    capital_cost: float

    @property
    def ids(self) -> tuple[str, ...]:
        """Identifiers of the changes."""
        return tuple(change.id for change in self.changes)

    def then(self, change: DesignChange) -> Combination | None:
        """With one more change; None where it cannot be made or is made already."""
        changed = with_change(self.spec, change)
        if changed is None:
            return None
        cost = change.capital_cost_per_kw_it * self.spec.p_it_rated_mw * KW_PER_MW
        return Combination((*self.changes, change), changed, self.capital_cost + cost)


@dataclass(frozen=True, eq=False)
class DesignYear:
    """What a design does over the period of a site.

    Args:
        design: The changes, and the data centre with them.
        metrics: Its metrics by name, as `run_metrics` gives them.
        peak_mw: Highest power at the meter [MW].
        energy_cost: Price times energy, of a year [currency].
    """

    design: Combination
    metrics: dict[str, Metric]
    peak_mw: float
    energy_cost: float

    def value(self, metric: str) -> float | None:
        """A metric's value; None where it is not known."""
        return self.metrics[metric].value if metric in self.metrics else None

    def keeps(self, rule: Rule) -> bool:
        """Whether a rule is kept; not where its metric is not known."""
        value = self.value(rule.metric)
        return value is not None and rule.passed(value)


def combinations(spec: DataCentre, changes: Sequence[DesignChange] | None = None) -> tuple[Combination, ...]:
    """Every combination of changes, the cheapest first; the first is the data centre as it is.

    Of changes that set the same, at most one is part of a combination. A whole plant is changed before its set points.
    Changes that a design cannot have, or has already, are in no combination with it.

    Args:
        spec: The data centre.
        changes: The catalogue; by default the shipped one without reuse of heat, which changes no power.
    """
    if changes is None:
        changes = [change for change in load_changes() if REUSE not in change.changes]
    found = [Combination((), spec, 0.0)]
    for alternatives in _alternatives(changes):
        extended = (design.then(change) for design in found for change in alternatives)
        found = [*found, *(design for design in extended if design is not None)]
    return tuple(sorted(found, key=lambda design: (design.capital_cost, len(design.changes))))


def _alternatives(changes: Iterable[DesignChange]) -> list[list[DesignChange]]:
    """Changes in groups that set the same, plants before their set points."""
    groups: dict[str, list[DesignChange]] = {}
    for change in changes:
        groups.setdefault(next(iter(change.changes)), []).append(change)
    return [groups[path] for path in sorted(groups, key=lambda path: path.count("."))]


def design_year(design: Combination, site: OperatingSite) -> DesignYear:
    """What a design does over the period of a site."""
    facility = facility_at(design.spec, site)
    cost = float((facility.p_total_mw * site.price_per_mwh).sum() * facility.step_hours)
    yearly = cost * HOURS_PER_YEAR / (site.clock.n_steps * site.clock.step_hours)
    return DesignYear(design, metrics_of(facility, design.spec, site), float(facility.p_total_mw.max()), yearly)


def design_years(
    designs: Sequence[Combination], site: OperatingSite, tell: Told = lambda _share: None
) -> tuple[DesignYear, ...]:
    """What each design does over the period of a site, in their order.

    Args:
        designs: The designs.
        site: Where and when.
        tell: Told the share that is done; what it raises ends the study.
    """
    found = []
    for place, design in enumerate(designs):
        tell(place / len(designs))
        found.append(design_year(design, site))
    return tuple(found)


def cheapest_that_keeps(years: Iterable[DesignYear], rule: Rule) -> DesignYear | None:
    """The design that keeps a rule for the least investment; of equally cheap ones that with the best value.

    Args:
        years: Designs over a period, in any order.
        rule: The rule.

    Returns:
        The design; None where none keeps the rule.
    """
    sign = 1.0 if rule.sense == "at_most" else -1.0
    kept = [year for year in years if year.keeps(rule)]
    return min(
        kept,
        key=lambda year: (year.design.capital_cost, sign * (year.value(rule.metric) or 0.0)),
        default=None,
    )
