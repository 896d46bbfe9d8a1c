"""The rules for data centres, each with the value of the year, its margin, and the cheapest change that keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from carbon.data_centre.rules import Rule, RuleResult, evaluate, rule_set, rule_sets
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.standard_metrics import Metric
from carbon.data_centre.studies import Combination, DesignYear, OperatingSite, cheapest_remedy, cheapest_that_keeps
from carbon.data_centre.studies.combinations import design_year

OF_REUSE = ("erf", "ere")
"""Metrics of reused heat, which the other changes hardly move."""
OF_CONTRACTS = ("ref", "iteu_sv")
"""Metrics that the design does not decide: the year's is that of the run."""
DAYS_OF_A_YEAR = 360.0
"""Length from which a run counts as a year [d]."""
OF_DESIGN = "year, from the design and the weather"
OF_RUN = "this run"
TARGET = "target"
"""Identifier of a limit that the reader sets."""


@dataclass(frozen=True, eq=False)
class Verdict:
    """One rule for one data centre.

    Args:
        rules: Name of the set that the rule is of.
        outcome: The rule, the value that it judges, and the margin.
        basis: What that value is of: `OF_DESIGN` or `OF_RUN`.
        run_value: The metric over the run; None where it is not known.
        remedy: The cheapest change that keeps the rule; None where it is kept, or none of the catalogue keeps it.
    """

    rules: str
    outcome: RuleResult
    basis: str
    run_value: float | None
    remedy: DesignYear | None

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.outcome.rule


def target_rule(limit: float) -> Rule:
    """A limit of the PUE that the reader sets."""
    return Rule(
        id=TARGET, title=f"PUE of at most {limit:g}", jurisdiction="", issuer="you", metric="pue", limit=limit,
        source="set on this page", status="verified",
    )  # fmt: skip


def verdicts(
    spec: DataCentre,
    site: OperatingSite,
    years: Sequence[DesignYear],
    metrics_of_run: Mapping[str, Mapping[str, Any]],
    days: float,
) -> tuple[Verdict, ...]:
    """Every rule of every shipped set.

    A rule about a year is judged by the year: by the run where that is as long, else by the design under the weather of
    the year in which the run begins, before any shifting. What no design decides is judged by the run.

    Args:
        spec: The data centre.
        site: Where and when: a year.
        years: The data centre as it is, and the designs that it may be changed to, over that year.
        metrics_of_run: Its metrics over the run, by name, as the result's manifest holds them.
        days: Length of the run [d].
    """
    now = next(year for year in years if not year.design.changes)
    of_run = {name: Metric(**given) for name, given in metrics_of_run.items()}
    judged = dict(of_run if days >= DAYS_OF_A_YEAR else now.metrics)
    judged |= {name: of_run[name] for name in OF_CONTRACTS if name in of_run}
    if days < DAYS_OF_A_YEAR:
        judged["it_energy"] = now.metrics["it_energy"]
    return tuple(
        _verdict(name, outcome, spec, site, years, of_run, days)
        for name in rule_sets()
        for outcome in evaluate(rule_set(name), judged)
    )


def _verdict(
    name: str,
    outcome: RuleResult,
    spec: DataCentre,
    site: OperatingSite,
    years: Sequence[DesignYear],
    of_run: Mapping[str, Metric],
    days: float,
) -> Verdict:
    metric = outcome.rule.metric
    run = metric in OF_CONTRACTS or days >= DAYS_OF_A_YEAR
    remedy = None if outcome.passed is not False else remedy_for(outcome.rule, spec, site, years)
    seen = of_run[metric].value if metric in of_run else None
    return Verdict(name, outcome, OF_RUN if run else OF_DESIGN, seen, remedy)


def remedy_for(rule: Rule, spec: DataCentre, site: OperatingSite, years: Sequence[DesignYear]) -> DesignYear | None:
    """The cheapest change that keeps a rule; of reused heat a single one, else any combination; None without one.

    Args:
        rule: The rule.
        spec: The data centre.
        site: Where and when.
        years: Combinations of changes over that period.
    """
    if rule.metric not in OF_REUSE:
        return cheapest_that_keeps(years, rule)
    found = cheapest_remedy(spec, rule, site)
    return None if found is None else design_year(Combination((found.change,), found.spec, found.capital_cost), site)
