"""What measures cost, from a table with sources."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path

from grid.errors import Fault, InputError, raise_if_any
from grid.files.content import is_file

INTEREST = 0.05
"""Interest by which an investment is spread over its lifetime [1/a] (ours)."""
NEEDED = ("curtailment", "smart_charging", "storage", "tap", "transformer")
TEXTS = ("measure", "detail", "currency", "source", "status")


@dataclass(frozen=True)
class MeasureCost:
    """A row of the table of costs; fixed, by length, by rated power of a transformer, by power.

    Args:
        measure: Kind of measure.
        detail: Type of cable, or what else it is.
        vn_kv: Rated voltage that it is for [kV]; 0 for any.
        fixed: Cost of one [currency].
        per_km: Cost of a kilometre [currency/km].
        per_mva: Cost of an MVA [currency/MVA].
        per_mw: Cost of a MW [currency/MW].
        lifetime_a: Lifetime [a].
        currency: Its currency.
        source: Where it comes from.
        status: ``verified``, ``secondary`` or ``unverified``.
    """

    measure: str
    detail: str
    vn_kv: float
    fixed: float
    per_km: float
    per_mva: float
    per_mw: float
    lifetime_a: float
    currency: str
    source: str
    status: str

    def investment(self, *, km: float = 0.0, mva: float = 0.0, mw: float = 0.0) -> float:
        """What is paid at once [currency]."""
        return self.fixed + self.per_km * km + self.per_mva * mva + self.per_mw * mw

    def yearly(self, *, km: float = 0.0, mva: float = 0.0, mw: float = 0.0) -> float:
        """Cost of a year, the investment spread over its lifetime with interest [currency/a]."""
        paid = self.investment(km=km, mva=mva, mw=mw)
        return float(paid * INTEREST / (1 - (1 + INTEREST) ** -self.lifetime_a))


@cache
def shipped_costs() -> Path:
    """The shipped table."""
    return Path(str(resources.files("app.studies.reinforcement") / "costs.csv"))


def read_costs(path: Path) -> tuple[MeasureCost, ...]:
    """Reads a table of costs.

    Raises:
        InputError: If there is none, or with all that is wrong with it.
    """
    if not is_file(path):
        raise InputError.single("--costs", "no such file", str(path))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [field.name for field in fields(MeasureCost)]
    lacking = [name for name in names if not rows or rows[0].get(name) is None]
    raise_if_any([Fault("costs", "lacks a column", name) for name in lacking], str(path))
    faults, found = [], []
    for line, row in enumerate(rows, start=2):
        values: dict[str, str | float] = {name: row[name] or "" for name in TEXTS}
        for name in set(names) - set(TEXTS):
            try:
                values[name] = float(row[name])
            except ValueError:
                faults.append(Fault(name, "must be a number", row[name], line=line))
                values[name] = 1.0
            if not 0 <= float(values[name]) < 1e12 or (name == "lifetime_a" and values[name] == 0):
                faults.append(Fault(name, "must be at least 0, a lifetime above it", row[name], line=line))
        if not values["source"]:
            faults.append(Fault("source", "is required", line=line))
        found.append(MeasureCost(**values))  # type: ignore[arg-type]  # texts and numbers by name
    kinds = {cost.measure for cost in found}
    faults += [Fault("measure", "has no row", name) for name in NEEDED if name not in kinds]
    raise_if_any(faults, str(path))
    return tuple(found)
