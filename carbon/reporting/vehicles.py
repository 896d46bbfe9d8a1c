"""Actual carbon coefficients of electric cars: by place, vehicle class, hour, or whatever tells sessions apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from carbon.validation import array_faults
from grid.arrays import Floats, Ints, ratio, read_only
from grid.errors import Fault, InputError, raise_if_any

Labels = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class SessionCarbon:
    """Charging sessions, n of them; shape (n,) each.

    Args:
        labels: What sessions are told apart by, by name: place, vehicle class, local hour of the start ...
        energy_kwh: Energy charged at the meter [kWh].
        v2g_kwh: Energy given back at the meter [kWh].
        emissions_kg: Carbon charged less carbon given back, A - X (see `carbon.stocks.operation`) [kg].
        v2g_kg: Carbon given back, X [kg].
        distance_km: Distance driven since the car's previous session [km].
        driven_kg: Carbon that left the battery with the energy driven, `StockTrace.driven_kg` [kg].

    Raises:
        InputError: If shapes disagree, or an energy or a distance is negative or not finite.
    """

    labels: Mapping[str, Labels]
    energy_kwh: Floats
    v2g_kwh: Floats
    emissions_kg: Floats
    v2g_kg: Floats
    distance_km: Floats
    driven_kg: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", {name: np.asarray(values) for name, values in self.labels.items()})
        names = [field.name for field in fields(self) if field.name != "labels"]
        for name in names:
            object.__setattr__(self, name, read_only(getattr(self, name)))
        shape = self.energy_kwh.shape[:1]
        faults: list[Fault] = []
        for name in names:
            low = None if name.endswith("_kg") else 0.0
            faults += array_faults(f"sessions.{name}", getattr(self, name), shape, low=low)
        faults += [
            Fault(f"sessions.labels.{name}", f"must have shape {shape}", values.shape)
            for name, values in self.labels.items()
            if values.shape != shape
        ]
        raise_if_any(faults)


@dataclass(frozen=True, eq=False)
class CarbonCoefficients:
    """Sessions in groups, R of them; shape (R,) each.

    Args:
        labels: Labels of each group, by name.
        sessions: Number of sessions.
        energy_kwh: Energy charged [kWh].
        v2g_kwh: Energy given back [kWh].
        emissions_kg: Carbon, net of what was given back [kg].
        charged_kg: Carbon charged [kg].
        distance_km: Distance driven [km].
        driven_kg: Carbon of the energy driven [kg].
    """

    labels: Mapping[str, Labels]
    sessions: Ints
    energy_kwh: Floats
    v2g_kwh: Floats
    emissions_kg: Floats
    charged_kg: Floats
    distance_km: Floats
    driven_kg: Floats

    @property
    def charged_g_per_kwh(self) -> Floats:
        """Carbon of a kilowatt-hour charged, at the meter [g/kWh]; NaN where nothing was charged."""
        return ratio(1000 * self.charged_kg, self.energy_kwh)

    @property
    def net_g_per_kwh(self) -> Floats:
        """Carbon of a kilowatt-hour kept, net of what went back [g/kWh]; NaN where no more was charged than given."""
        return ratio(1000 * self.emissions_kg, self.energy_kwh - self.v2g_kwh)

    @property
    def g_per_km(self) -> Floats:
        """Carbon of a kilometre driven, from the mix in the battery [g/km]; NaN where nothing was driven."""
        return ratio(1000 * self.driven_kg, self.distance_km)


def carbon_coefficients(sessions: SessionCarbon, by: Sequence[str] = ()) -> CarbonCoefficients:
    """Coefficients of sessions in groups, one for each combination of labels that occurs, in ascending order.

    Sums come first and ratios after: a group's coefficient is weighted by energy (or distance), and the energies,
    distances and carbon of all groups sum to those of the sessions.

    Args:
        sessions: The sessions.
        by: Names of the labels that tell groups apart; none for all sessions in one group.

    Raises:
        InputError: If a label does not exist.
    """
    unknown = [name for name in by if name not in sessions.labels]
    if unknown:
        raise InputError.single("by", f"must be among {', '.join(sessions.labels)}", unknown[0])
    n_sessions = len(sessions.energy_kwh)
    cell, values = np.zeros(n_sessions, dtype=np.int64), {}
    for name in by:
        values[name], code = np.unique(sessions.labels[name], return_inverse=True)
        cell = cell * len(values[name]) + code.reshape(-1)
    shape = tuple(len(values[name]) for name in by)
    counts = np.bincount(cell, minlength=int(np.prod(shape)))
    groups = np.flatnonzero(counts) if by else np.zeros(1, dtype=np.int64)
    places = np.unravel_index(groups, shape) if by else ()

    def total(of_sessions: Floats) -> Floats:
        return np.bincount(cell, of_sessions, counts.size)[groups].astype(np.float64)

    return CarbonCoefficients(
        labels={name: values[name][place] for name, place in zip(by, places, strict=True)},
        sessions=counts[groups],
        energy_kwh=total(sessions.energy_kwh),
        v2g_kwh=total(sessions.v2g_kwh),
        emissions_kg=total(sessions.emissions_kg),
        charged_kg=total(sessions.emissions_kg + sessions.v2g_kg),
        distance_km=total(sessions.distance_km),
        driven_kg=total(sessions.driven_kg),
    )
