"""Kinds of halls and the ranges their parameters lie in: one CSV a kind, listed in `cases.yaml`.

Ten cases and their ranges are those of [1]. A vector published with them lies on the 1,024-point grid of a uniform
quasi-random sequence over exactly these ranges, so they are taken as the bounds of uniform distributions.

References:
    [1] N. Lei and E. Masanet, "Climate- and technology-specific PUE and WUE estimations for U.S. data centers using a
        hybrid statistical and thermodynamics-based approach", Resour. Conserv. Recycl., vol. 182, 106323, 2022, table
        B.1, as the file of input ranges in the program published with it (github.com/robVerce/datacenter_pue).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from grid.errors import Fault, InputError, nearest
from grid.spec import Spec

SHIPPED = Path(__file__).parent


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
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError.single("priors", f"is not readable: {error}", str(path)) from error
    found: list[Prior] = []
    faults: list[Fault] = []
    for line, row in enumerate(rows, start=2):
        try:
            found.append(_prior(row))
        except ValidationError as error:
            faults += [Fault(f"line {line}, {'.'.join(map(str, e['loc']))}", e["msg"]) for e in error.errors()]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append(Fault(f"line {line}", f"must have parameters, low, high, unit and source: {error}"))
    if not rows:
        faults.append(Fault("priors", "must hold at least one range"))
    if faults:
        raise InputError(faults, str(path))
    return tuple(found)


def _prior(row: dict[str, str]) -> Prior:
    low, high = float(row["low"]), float(row["high"])
    return Prior(
        parameters=tuple(row["parameters"].split()), low=low, high=high, unit=row["unit"], source=row["source"]
    )


def _listed() -> list[dict[str, Any]]:
    import yaml  # noqa: PLC0415  only where cases are read

    return list(yaml.safe_load((SHIPPED / "cases.yaml").read_text(encoding="utf-8"))["cases"])
