"""What a city draws and feeds in by what is forecast of it, and how totals spread over its buses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.simulation.forecast import KIND_OF_TECHNOLOGY
from app.simulation.inputs import SimulationInputs
from grid.arrays import Floats, Ints
from grid.city.city import City
from grid.flexibility.flexibility import one_hot
from grid.time.clock import Clock
from grid.twin.forecast.history import PowerHistory, SeriesKind

KIND_OF_ASSET: Mapping[str, SeriesKind] = {
    "pv": "pv",
    "wind": "wind",
    "ev_fleet": "charging",
    "ev_recorded": "charging",
}
"""What assets of a kind are forecast as; those of any other follow their plan."""
SIGN: Mapping[SeriesKind, float] = {"demand": 1.0, "charging": 1.0, "pv": -1.0, "wind": -1.0}
"""Sign of each kind as a withdrawal."""
DAYS_OF_SHARES = 7
"""Days, the latest known, over which shares of buses are taken."""


@dataclass(frozen=True, eq=False)
class CityPowers:
    """Powers by what is forecast of them, as nobody manages them; T steps, B buses.

    Args:
        clock: The time axis.
        p_mw: Of each kind at every bus, shape (T, B) each [MW]; fed in where it is sun or wind.
        q_mvar: Reactive power of the demand, shape (T, B) [MVAr].
        other_mw: Withdrawal of the net's own elements that is forecast as nothing, shape (T, B) [MW].
        other_mvar: Reactive power of the same and of generators, shape (T, B) [MVAr].
        of_net: Share of each kind's energy that elements of the net have; the rest are assets.
        of_assets: That of each asset, by kind and name.
    """

    clock: Clock
    p_mw: Mapping[SeriesKind, Floats]
    q_mvar: Floats
    other_mw: Floats
    other_mvar: Floats
    of_net: Mapping[SeriesKind, float]
    of_assets: Mapping[SeriesKind, Mapping[str, float]]

    @property
    def kinds(self) -> tuple[SeriesKind, ...]:
        """Kinds of which there is any power."""
        return tuple(self.p_mw)

    def history(self, kind: SeriesKind, time_zone: str, country: str | None) -> PowerHistory:
        """The total of one kind as if it had been measured."""
        return PowerHistory(kind, kind, self.clock, self.p_mw[kind].sum(axis=1), time_zone, country)

    def at_buses(self, kind: SeriesKind, total_mw: Floats, first: int) -> tuple[Floats, Floats]:
        """A total spread over the buses as in the last week at the same time of day.

        Args:
            kind: What it is the total of.
            total_mw: Shape (..., H) [MW].
            first: Steps from the end of this clock to the first of them.

        Returns:
            Active [MW] and reactive [MVAr] power, shape (..., H, B) each, in the sign of the kind; sun, wind and
            charging have no reactive power.
        """
        at = (self.clock.n_steps + first + np.arange(total_mw.shape[-1])) % self.clock.steps_per_day
        p_mw = total_mw[..., None] * self._shares[kind][at]
        q_mvar = total_mw[..., None] * self._reactive[at] if kind == "demand" else np.zeros_like(p_mw)
        return p_mw, q_mvar

    def others_ahead(self, n_steps: int, first: int) -> tuple[Floats, Floats]:
        """What is forecast as nothing, as on the last day: shape (n_steps, B) each [MW, MVAr].

        Args:
            n_steps: Number of steps.
            first: Steps from the end of this clock to the first of them.
        """
        day = self.clock.steps_per_day
        at = self.clock.n_steps - day + (first + np.arange(n_steps)) % day
        return self.other_mw[at], self.other_mvar[at]

    @cached_property
    def _shares(self) -> Mapping[SeriesKind, Floats]:
        """Share of each bus at each time of day, shape (steps a day, B); rows sum to 1."""
        return {kind: self._by_time_of_day(p_mw, p_mw.sum(axis=1)) for kind, p_mw in self.p_mw.items()}

    @cached_property
    def _reactive(self) -> Floats:
        """Reactive power of each bus per megawatt of all demand, at each time of day, shape (steps a day, B)."""
        return self._by_time_of_day(self.q_mvar, self.p_mw["demand"].sum(axis=1))

    def _by_time_of_day(self, part: Floats, whole: Floats) -> Floats:
        """Part by whole at each time of day, over the last days; where there is nothing then, over all of them."""
        day, n = self.clock.steps_per_day, self.clock.n_steps
        late = np.arange(max(0, n - DAYS_OF_SHARES * day), n)
        place: Ints = late % day
        parts, wholes = np.zeros((day, part.shape[1])), np.bincount(place, whole[late], minlength=day)
        np.add.at(parts, place, part[late])
        every, total = part.sum(axis=0), whole.sum()
        mean = every / total if abs(total) > 0 else np.full(part.shape[1], 1 / part.shape[1])
        known = np.abs(wholes) > 1e-9 * max(float(np.abs(wholes).max(initial=0.0)), 1e-12)
        ratio = np.broadcast_to(mean, parts.shape).copy()
        ratio[known] = parts[known] / wholes[known, None]
        return ratio


def city_powers(inputs: SimulationInputs) -> CityPowers:
    """The powers of a scenario in which nobody manages anything."""
    city = inputs.loaded.city
    demand, reactive = city.loads.at_buses(city.n_buses)
    of_net, other_mw, other_mvar = _generators(city)
    p_mw: dict[SeriesKind, Floats] = {"demand": demand}
    energy = {kind: float(p.sum()) for kind, p in of_net.items()}
    of_assets: dict[SeriesKind, dict[str, float]] = {}
    for kind, fed_in in of_net.items():
        p_mw[kind] = fed_in.copy()
    for flexibility in inputs.flexibilities:
        kind_of_asset = KIND_OF_ASSET.get(flexibility.kind)
        if kind_of_asset is not None:
            kind = kind_of_asset
            power = SIGN[kind] * flexibility.at_buses(flexibility.unmanaged_power())
            p_mw[kind] = p_mw[kind] + power if kind in p_mw else power
            of_assets.setdefault(kind, {})[flexibility.name] = float(power.sum())
    p_mw = {kind: p for kind, p in p_mw.items() if kind == "demand" or p.any()}
    whole = {kind: max(float(p.sum()), 1e-12) for kind, p in p_mw.items()}
    return CityPowers(
        city.clock, p_mw, reactive, other_mw, other_mvar,
        {kind: energy.get(kind, 0.0) / whole[kind] for kind in p_mw},
        {kind: {name: e / whole[kind] for name, e in of_assets.get(kind, {}).items()} for kind in p_mw},
    )  # fmt: skip


def _generators(city: City) -> tuple[dict[SeriesKind, Floats], Floats, Floats]:
    """What the net's generators feed in by kind, and the withdrawal of the others, shape (T, B) each."""
    generators, n = city.generators, city.n_buses
    of_kind: dict[SeriesKind, Floats] = {}
    p_mw, q_mvar = generators.at_buses(n)
    other = -p_mw
    power = generators.p_mw()
    for kind in ("pv", "wind"):
        chosen = np.array([KIND_OF_TECHNOLOGY.get(each) == kind for each in city.technologies], dtype=bool)
        if chosen.any():
            fed_in = np.asarray(power[:, chosen] @ one_hot(generators.bus[chosen], n))
            of_kind[kind] = fed_in
            other = other + fed_in
    return of_kind, other, -q_mvar
