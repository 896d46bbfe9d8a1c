"""Remedies for a broken rule: a catalogue of single changes, each tried out by the model over the whole period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from carbon.data_centre.rules import Rule, evaluate
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.studies.operation import OperatingSite, metrics_at
from grid.errors import Fault, InputError, raise_if_any
from grid.files.spec_faults import faults_of
from grid.files.yaml_file import read_yaml
from grid.spec import SourceStatus, Spec
from grid.units import KW_PER_MW

SHIPPED = Path(__file__).parent / "changes.yaml"


class DesignChange(Spec):
    """One change of a design."""

    id: str = Field(min_length=1)
    """Identifier."""
    title: str
    """Title of the change."""
    changes: dict[str, Any] = Field(min_length=1)
    """New values by dotted path into the data centre."""
    at_least: dict[str, float] = Field(default_factory=dict)
    """Values by path; the change is left out where the design already has at least these."""
    at_most: dict[str, float] = Field(default_factory=dict)
    """Values by path; the change is left out where the design already has at most these."""
    capital_cost_per_kw_it: float = Field(ge=0)
    """Indicative investment per rated IT power [currency/kW]."""
    source: str = Field(min_length=1)
    """Source of the cost."""
    status: SourceStatus
    """Whether the cost was read in its source, in a page that quotes it, or neither yet."""


class _Catalogue(Spec):
    """The content of a catalogue's file."""

    changes: tuple[DesignChange, ...]
    """The changes."""


@dataclass(frozen=True)
class Remedy:
    """Effect of one change on one rule.

    Args:
        change: The change.
        spec: The data centre with it.
        value: The rule's metric with it; None where it is not known.
        passed: Whether the rule is kept with it.
        capital_cost: What it costs [currency of the catalogue].
    """

    change: DesignChange
    spec: DataCentre
    value: float | None
    passed: bool
    capital_cost: float


def load_changes(path: Path = SHIPPED) -> tuple[DesignChange, ...]:
    """A catalogue of changes: the shipped one, or a file of your own.

    Raises:
        InputError: If it cannot be read or is faulty; all faults at once.
    """
    file = read_yaml(path)
    with file.naming_lines():
        try:
            changes = _Catalogue.model_validate({} if file.content is None else file.content).changes
        except ValidationError as error:
            raise InputError(faults_of(error, _Catalogue), str(path)) from error
        names = [change.id for change in changes]
        repeated = [k for k, name in enumerate(names) if names.index(name) < k]
        raise_if_any((Fault(f"changes[{k}].id", "stands twice", names[k]) for k in repeated), str(path))
        return changes


def find_remedies(
    spec: DataCentre, rule: Rule, site: OperatingSite, changes: Sequence[DesignChange] | None = None
) -> tuple[Remedy, ...]:
    """Every change that applies, tried out alone; cheapest first.

    A change that the data centre cannot have (a supply temperature where no air is sent, a kind that does not exist)
    or already has is left out.

    Args:
        spec: The data centre.
        rule: The rule to keep.
        site: Where and when; a year for a rule about years.
        changes: The catalogue; the shipped one by default.
    """
    found = []
    for change in load_changes() if changes is None else changes:
        changed = with_change(spec, change)
        if changed is None:
            continue
        (verdict,) = evaluate([rule], metrics_at(changed, site))
        cost = change.capital_cost_per_kw_it * spec.p_it_rated_mw * KW_PER_MW
        found.append(Remedy(change, changed, verdict.value, verdict.passed is True, cost))
    return tuple(sorted(found, key=lambda remedy: remedy.capital_cost))


def cheapest_remedy(
    spec: DataCentre, rule: Rule, site: OperatingSite, changes: Sequence[DesignChange] | None = None
) -> Remedy | None:
    """The cheapest single change with which the rule is kept; None without one; arguments as `find_remedies`."""
    return next((remedy for remedy in find_remedies(spec, rule, site, changes) if remedy.passed), None)


def with_change(spec: DataCentre, change: DesignChange) -> DataCentre | None:
    """The data centre with a change; None where it cannot have it or already has it.

    Of a plant whose PUE is stated nothing is known that could be changed: it may have another cooling technology, whose
    PUE is computed.
    """
    if spec.stated is not None:
        described = any(path == "cooling" for path in change.changes)
        return _with_plant(spec, change) if described else None
    explicit = spec.with_changes({"cooling": spec.cooling.model_dump(), "power_chain": spec.power_chain.model_dump()})
    content = explicit.model_dump()
    for bounds, sign in ((change.at_least, 1.0), (change.at_most, -1.0)):
        if any(sign * _at(content, path) >= sign * bound for path, bound in bounds.items()):
            return None
    for path, value in change.changes.items():
        if isinstance(value, Mapping) and "kind" in value and content[path]["kind"] == value["kind"]:
            return None
    try:
        return explicit.with_changes(change.changes)
    except (ValidationError, KeyError):
        return None


def _with_plant(spec: DataCentre, change: DesignChange) -> DataCentre | None:
    try:
        return spec.with_changes({"stated": None, **change.changes})
    except (ValidationError, KeyError):
        return None


def _at(content: Mapping[str, Any], path: str) -> float:
    """The number at a dotted path; not-a-number, which reaches no bound, where there is none."""
    value: Any = content
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else float("nan")
