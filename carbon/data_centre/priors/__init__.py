"""Kinds of halls and the ranges their parameters lie in: one CSV a kind, listed in `cases.yaml`.

Ten cases and their ranges are those of [1]. A vector published with them lies on the 1,024-point grid of a uniform
quasi-random sequence over exactly these ranges, so they are taken as the bounds of uniform distributions.

References:
    [1] N. Lei and E. Masanet, "Climate- and technology-specific PUE and WUE estimations for U.S. data centers using a
        hybrid statistical and thermodynamics-based approach", Resour. Conserv. Recycl., vol. 182, 106323, 2022, table
        B.1, as the file of input ranges in the program published with it (github.com/robVerce/datacenter_pue).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, ValidationError, model_validator

from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import column_faults, cure_of
from grid.files.plain_yaml import plain_yaml
from grid.files.spec_faults import faults_of
from grid.files.text_table import read_text_table
from grid.spec import Spec

SHIPPED = Path(__file__).parent
_COLUMNS = ("parameters", "low", "high", "unit", "source")


class Prior(Spec):
    """Range of one uncertain parameter, or of several that take the same value."""

    parameters: tuple[str, ...] = Field(min_length=1)
    """Parameters that take the value: ``ups_efficiency``, ``distribution_loss``, ``lighting_share``, or dotted paths
    that begin with ``cooling``."""
    low: float
    """Lower end of the range, in `unit`."""
    high: float
    """Upper end of the range, in `unit`."""
    unit: str = Field(min_length=1)
    """Unit of the range."""
    source: str = Field(min_length=1)
    """Source of the range."""

    @model_validator(mode="after")
    def _in_order(self) -> Prior:
        if not self.low <= self.high:
            raise ValueError("low must not exceed high")
        return self


class HallCase(Spec):
    """A kind of hall: a cooling technology and the ranges of its uncertain parameters."""

    name: str = Field(min_length=1)
    """Name of the case."""
    title: str
    """Title of the case."""
    number: int | None = None
    """Its number in the published table; None where it is not published."""
    cooling: dict[str, Any]
    """Specification of the cooling, without the uncertain parameters."""
    priors: tuple[Prior, ...] = Field(min_length=1)
    """Ranges of the uncertain parameters."""


def case_names() -> tuple[str, ...]:
    """Names of the shipped cases."""
    return tuple(case["name"] for case in _listed())


def load_case(name: str) -> HallCase:
    """A shipped case.

    Raises:
        InputError: If there is no such case.
    """
    for listed in _listed():
        if listed["name"] == name:
            return HallCase.model_validate({**listed, "priors": load_priors(SHIPPED / f"{name}.csv")})
    raise InputError.single("case", "must be a shipped case", name, nearest(name, case_names()))


def load_priors(path: Path) -> tuple[Prior, ...]:
    """Ranges from a CSV with the columns ``parameters`` (several are parted by blanks), low, high, unit, source.

    Raises:
        InputError: If it cannot be read or is faulty; all faults at once.
    """
    table = read_text_table(path, "priors")
    raise_if_any(column_faults(table.names, _COLUMNS), str(path))
    ends = {name: table.numbers(name).values for name in ("low", "high")}
    faults: list[Fault] = []
    found: list[Prior] = []
    for k, row in enumerate(table.cells.to_dicts()):
        place = f"line {table.lines[k]}"
        wrong = [name for name, values in ends.items() if not np.isfinite(values[k])]
        faults += [Fault(f"{place}, {name}", f"must be a number{cure_of(row[name])}", row[name]) for name in wrong]
        if wrong:
            continue
        try:
            found.append(Prior(parameters=tuple(row["parameters"].split()), low=float(ends["low"][k]),
                               high=float(ends["high"][k]), unit=row["unit"], source=row["source"]))  # fmt: skip
        except ValidationError as error:
            told = faults_of(error, Prior)
            faults += [replace(fault, place=f"{place}, {fault.place}" if fault.place else place) for fault in told]
    if not table.n_rows:
        faults.append(Fault("priors", "must hold at least one range"))
    raise_if_any(faults, str(path))
    return tuple(found)


def _listed() -> list[dict[str, Any]]:
    return list(plain_yaml((SHIPPED / "cases.yaml").read_text(encoding="utf-8"))["cases"])
