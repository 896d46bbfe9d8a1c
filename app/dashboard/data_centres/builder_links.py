"""Links that open the scenario builder with a design set in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.dashboard.view import View
from carbon.data_centre import DataCentre
from carbon.data_centre.studies import Combination


def build_link(view: View, spec: DataCentre, changes: Mapping[str, Any]) -> str:
    """The builder with this result as its template and changes of a data centre set in it.

    Args:
        view: What is looked at.
        spec: The data centre; one that the scenario does not have is added to it.
        changes: New values by dotted path into the data centre, as `DesignChange.changes`.
    """
    names = [given.get("name") for given in view.result.scenario.get("data_centres") or ()]
    place = names.index(spec.name) if spec.name in names else len(names)
    given = dict(changes)
    if spec.name not in names:
        given = {"name": spec.name, "bus": spec.bus, "p_it_rated_mw": spec.p_it_rated_mw} | given
    set_there = [f"data_centres.{place}.{_written(path, value)}" for path, value in given.items()]
    return view.link("/build", build_from=view.name, build_set=",".join(set_there))


def of_design(view: View, spec: DataCentre, design: Combination) -> str:
    """The builder with a design set in it."""
    changes: dict[str, Any] = {}
    for change in design.changes:
        changes |= change.changes
    return build_link(view, spec, changes)


def _written(path: str, value: Any) -> str:
    """A change as an address holds it; another plant is said by its kind, and takes that kind's defaults."""
    if isinstance(value, Mapping):
        return f"{path}.kind:{value['kind']}"
    return f"{path}:{'null' if value is None else value}"
