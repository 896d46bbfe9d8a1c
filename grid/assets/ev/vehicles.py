"""Classes of electric vehicles, and which vehicle of a fleet is of which class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import polars as pl

from grid.arrays import Floats, Ints
from grid.errors import Fault, nearest
from grid.flexibility.labels import Labels

PLASTIC_NUMBER = 1.32471795724474602596
"""Its powers spread points evenly over a square, so that class and willingness to feed in are independent: M. Roberts,
"The unreasonable effectiveness of quasirandom sequences", 2018."""


@dataclass(frozen=True)
class VehicleClass:
    """A class of vehicles; see ``grid/data/charging/README.md``.

    Args:
        vehicle_class: Its name.
        battery_kwh: Usable energy of the battery [kWh].
        consumption_kwh_per_km: From the battery, at 20 °C [kWh/km].
        winter_increase_per_degc: Relative increase of consumption per degree below 20 °C [1/°C].
        on_board_ac_kw: Power of the charger on board [kW].
        dc_kw: Power that the battery takes from a DC charging point [kW].
        km_per_year: Mean distance driven [km/a].
        source: Where the values come from, or "unverified".
    """

    vehicle_class: str
    battery_kwh: float
    consumption_kwh_per_km: float
    winter_increase_per_degc: float
    on_board_ac_kw: float
    dc_kw: float
    km_per_year: float
    source: str


@cache
def vehicle_classes() -> Mapping[str, VehicleClass]:
    """Every class of vehicles by name."""
    text = (resources.files("grid.data") / "charging" / "vehicle_classes.csv").read_bytes()
    kinds = {field.name: pl.String if field.name in {"vehicle_class", "source"} else pl.Float64
             for field in fields(VehicleClass)}  # fmt: skip
    rows = pl.read_csv(text, schema_overrides=kinds).to_dicts()
    return {str(row["vehicle_class"]): VehicleClass(**row) for row in rows}


def class_shares(vehicle_class: str | Mapping[str, float]) -> dict[str, float]:
    """Share of each class: a single name is all of the fleet."""
    return {vehicle_class: 1.0} if isinstance(vehicle_class, str) else dict(vehicle_class)


def class_faults(vehicle_class: str | Mapping[str, float], at: str) -> Iterator[Fault]:
    """All that is wrong with the classes of a fleet."""
    known, shares = vehicle_classes(), class_shares(vehicle_class)
    for name in shares:
        if name not in known:
            rule = f"no vehicle class called {name!r}; there are {', '.join(known)}"
            yield Fault(at, rule, suggestion=nearest(name, known))
    negative = {name: share for name, share in shares.items() if not share >= 0}
    if negative:
        yield Fault(at, "shares must not be negative", negative)
    elif abs(sum(shares.values()) - 1) > 1e-6:
        yield Fault(at, "shares must sum to 1", round(sum(shares.values()), 9))


@dataclass(frozen=True, eq=False)
class Vehicles:
    """What each vehicle of a fleet is, shape (V,) each; units as in `VehicleClass`."""

    vehicle_class: Labels
    battery_kwh: Floats
    consumption_kwh_per_km: Floats
    winter_increase_per_degc: Floats
    on_board_ac_kw: Floats
    dc_kw: Floats
    km_per_year: Floats

    @classmethod
    def from_classes(cls, vehicle_class: str | Mapping[str, float], n: int) -> Vehicles:
        """`n` vehicles of the classes, each class spread evenly over the fleet without chance."""
        shares = {name: share for name, share in class_shares(vehicle_class).items() if share > 0}
        members = [vehicle_classes()[name] for name in shares]
        which = _spread(np.array(list(shares.values())), n)
        figures = [field.name for field in fields(cls) if field.name != "vehicle_class"]
        return cls(
            Labels(tuple(shares), which.astype(np.int16)),
            *(np.array([getattr(member, name) for member in members], dtype=np.float64)[which] for name in figures),
        )

    def stating(self, values: Mapping[str, float | None]) -> Vehicles:
        """The same with `values` for all of them, by field, where they are not None."""
        n = self.battery_kwh.size
        stated: dict[str, Any] = {name: np.full(n, value) for name, value in values.items() if value is not None}
        return replace(self, **stated)


def _spread(shares: Floats, n: int) -> Ints:
    """Class of each of `n` vehicles, shape (V,): as many of each as its share says, evenly among the others."""
    order = np.argsort((np.arange(n) / PLASTIC_NUMBER**2) % 1, kind="stable")
    bounds = np.rint(np.cumsum(shares) / shares.sum() * n).astype(np.int64)
    which = np.empty(n, dtype=np.int64)
    which[order] = np.searchsorted(bounds, np.arange(n), side="right")
    return which
