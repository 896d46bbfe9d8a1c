"""Rules for data centres as data: one jurisdiction a YAML file here, or a file of the user's own.

A file is a list ``rules`` of what `Rule` describes. A new file in this folder is a new set.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from carbon.data_centre.standard_metrics import Metric
from grid.errors import Fault, InputError, nearest
from grid.files.spec_faults import faults_of
from grid.files.yaml_file import read_yaml
from grid.spec import Spec
from grid.units import KWH_PER_MWH

MetricName = Literal["pue", "wue", "cue", "ref", "erf", "ere", "cer", "iteu_sv"]
"""Metrics that a rule may limit, as `run_metrics` names them."""


class Surcharge(Spec):
    """A price on the energy that a data centre uses beyond the limit of its PUE."""

    currency: str = Field(min_length=1)
    """Currency of the prices."""
    per_kwh: float = Field(ge=0)
    """Price up to twice the limit [currency/kWh]."""
    per_kwh_beyond_twice: float = Field(ge=0)
    """Price beyond twice the limit [currency/kWh]."""


class Rule(Spec):
    """One limit of one metric."""

    id: str = Field(min_length=1)
    """Identifier, unique in its set."""
    title: str = Field(min_length=1)
    """Title of the rule."""
    jurisdiction: str
    """Jurisdiction in which it applies."""
    issuer: str
    """Issuing authority."""
    metric: MetricName
    """Metric that it limits, one of those of `run_metrics`."""
    limit: float
    """The limit, in the metric's unit."""
    sense: Literal["at_most", "at_least"] = "at_most"
    """Whether the metric must be at most or at least the limit."""
    grades: dict[str, float] = Field(default_factory=dict)
    """Limits of grades by name, best first, in the metric's unit."""
    applies_from: dt.date | None = None
    """First day on which it applies. Default: always."""
    applies_to: str = ""
    """Data centres to which it applies, in words."""
    consequence: str = ""
    """Consequence of exceeding the limit, in words."""
    surcharge: Surcharge | None = None
    """Price of the energy beyond the limit; for limits of the PUE. Default: none."""
    source: str = Field(min_length=1)
    """Source of the limit."""
    status: Literal["verified", "secondary", "unverified"]
    """Whether it was read in its source, in a page that quotes it, or neither yet."""

    @model_validator(mode="after")
    def _surcharge_on_pue(self) -> Rule:
        if self.surcharge is not None and self.metric != "pue":
            raise ValueError("only a limit of the PUE can have a surcharge")
        return self

    def passed(self, value: float, limit: float | None = None) -> bool:
        """Whether a value keeps the limit (or another of the same sense)."""
        bound = self.limit if limit is None else limit
        return value <= bound if self.sense == "at_most" else value >= bound


@dataclass(frozen=True)
class RuleResult:
    """Result of one rule for a data centre.

    Args:
        rule: The rule.
        value: The metric's value; None where it is not known.
        passed: Whether the limit is kept; None where the value is not known.
        margin: By how much, in the metric's unit; negative where it is missed.
        grade: The best grade that is kept; empty if none, or if the rule has none.
        surcharge: What the energy beyond the limit costs over the run, in the surcharge's currency; None without one.
    """

    rule: Rule
    value: float | None
    passed: bool | None
    margin: float | None
    grade: str
    surcharge: float | None


class _RuleFile(Spec):
    """The content of a file of rules."""

    rules: tuple[Rule, ...]
    """The rules."""


def rule_set(source: str | Path) -> tuple[Rule, ...]:
    """A set of rules: a shipped one by name, or a YAML file by path.

    Raises:
        InputError: If there is no such set, or it is faulty; all faults at once.
    """
    path = Path(source)
    if path.suffix not in {".yaml", ".yml"}:
        known = rule_sets()
        if str(source) not in known:
            raise InputError.single("rules", "no such set of rules", str(source), nearest(str(source), known))
        path = Path(__file__).parent / f"{source}.yaml"
    return _read(path)


def rule_sets() -> tuple[str, ...]:
    """Names of the shipped sets."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.yaml")))


def _read(path: Path) -> tuple[Rule, ...]:
    file = read_yaml(path)
    with file.naming_lines():
        if not isinstance(file.content, Mapping) or set(file.content) != {"rules"}:
            raise InputError([Fault("", "must be a mapping with the one key 'rules'")], str(path))
        try:
            rules = _RuleFile.model_validate(file.content).rules
        except ValidationError as error:
            raise InputError(faults_of(error, _RuleFile), str(path)) from error
        repeated = sorted({rule.id for rule in rules if sum(other.id == rule.id for other in rules) > 1})
        if repeated:
            raise InputError([Fault("rules", "id stands twice", name) for name in repeated], str(path))
    return rules


def evaluate(rules: Sequence[Rule], metrics: Mapping[str, Metric], on: dt.date | None = None) -> tuple[RuleResult, ...]:
    """The result of each rule for the metrics of a run.

    Args:
        rules: The rules.
        metrics: Metrics over a run, by name; a year for rules about years.
        on: Only rules that hold on that day; all by default.
    """
    return tuple(
        _verdict(rule, metrics) for rule in rules if on is None or rule.applies_from is None or rule.applies_from <= on
    )


def _verdict(rule: Rule, metrics: Mapping[str, Metric]) -> RuleResult:
    value = metrics[rule.metric].value if rule.metric in metrics else None
    if value is None:
        return RuleResult(rule, None, None, None, "", None)
    margin = rule.limit - value if rule.sense == "at_most" else value - rule.limit
    grade = next((name for name, limit in rule.grades.items() if rule.passed(value, limit)), "")
    it_energy_mwh = metrics["it_energy"].value if "it_energy" in metrics else None
    surcharge = None
    if rule.surcharge is not None and it_energy_mwh is not None:
        surcharge = surcharge_cost(rule.surcharge, rule.limit, value, it_energy_mwh)
    return RuleResult(rule, value, rule.passed(value), margin, grade, surcharge)


def surcharge_cost(surcharge: Surcharge, limit: float, pue: float, it_energy_mwh: float) -> float:
    """What the energy beyond the limit costs: (PUE - limit) times the IT energy, at the price of the band it is in.

    Args:
        surcharge: The prices.
        limit: Limit of the PUE [1].
        pue: The PUE [1].
        it_energy_mwh: IT energy [MWh].
    """
    price = surcharge.per_kwh if pue <= 2.0 * limit else surcharge.per_kwh_beyond_twice
    return max(pue - limit, 0.0) * it_energy_mwh * KWH_PER_MWH * price
