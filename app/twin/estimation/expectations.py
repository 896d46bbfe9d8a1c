"""What every element of a city is expected to do: by past weeks, by the weather, by what it says itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy import sparse

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.elements import CityElements, Origin, largest_mw
from app.twin.estimation.expected.causes import common_causes
from app.twin.estimation.expected.charging import share_out_by_need
from app.twin.estimation.expected.history import WEEKS, Expected, by_weekday, weeks_before
from app.twin.measuring.electrical import AT_BUS
from grid.arrays import Floats, Ints
from grid.city.city import City, Elements
from grid.flexibility.flexibility import Flexibility
from grid.twin.estimation.pseudo import PseudoInjections
from grid.twin.measurements import MeasuredSeries

WEATHER_SPREAD: Final = 0.05
"""Standard deviation of generation computed from the measured weather, of its output [1]; ours, unverified: it is what
roofs differ by in soiling, shade and direction."""
REACTIVE_SPREAD: Final = 0.37
"""Standard deviation of the reactive power of an asset that may supply some, of what it may supply [1]: root mean
square of the roofs of a district, mean of nine weeks of the reference city's year, 0.32 in summer to 0.48 in
November."""
SURE: Final = 1.645
"""Standard deviations of its meter by which something must feed in for that to be taken as such: an error of 5 %."""
LEAST_MW: Final = 1e-5
"""Least standard deviation of anything that is not exactly known [MW, MVAr]."""


@dataclass(frozen=True, eq=False)
class Expectations:
    """What E elements are expected to withdraw; T steps.

    Args:
        elements: The elements.
        p: Active powers, withdrawal positive [MW].
        q: Reactive powers, likewise [MVAr].
        causes: What active and then reactive powers err by causes in common, shape (C, 2 E), see `PseudoInjections`.
        total: Known sum that each active power is part of, shape (E,); -1: none.
        total_spread: Standard deviation of the known sums, shape (T, sums) [MW]; infinite where one is not told.
        known: Elements whose active power is what they said themselves.
        weathered: Assets that feed in what the weather gives.
        decided_mw: By how much each may be off because somebody decides what it does, shape (T, E) [MW]: what all that
            is plugged in there may draw or feed in; 0 of what nobody decides on or what it says itself.
        feed_in_mw: What of that is feed-in, likewise.
    """

    elements: CityElements
    p: Expected
    q: Expected
    causes: sparse.csr_array
    total: Ints
    total_spread: Floats
    known: Ints
    weathered: Ints
    decided_mw: Floats
    feed_in_mw: Floats

    def until(self, n_steps: int) -> Expectations:
        """The first of the steps."""
        return replace(
            self, p=self.p.until(n_steps), q=self.q.until(n_steps), total_spread=self.total_spread[:n_steps],
            decided_mw=self.decided_mw[:n_steps], feed_in_mw=self.feed_in_mw[:n_steps],
        )  # fmt: skip

    @cached_property
    def limits(self) -> tuple[Floats, Floats]:
        """Least and most withdrawal of every element, shape (T, E) each.

        Loads draw, what weather moves feeds in, and what is decided on stays within what is plugged in. Nothing feeds
        in where its meter does not say so for sure, or where nothing at all is expected of it. The errors of many that
        are idle, as solar plants at night and cars that do not charge, would else be feed-in at one half of them, and
        never less than none at the other: in all possible states power that nobody gives, of an intensity that no bus
        has.
        """
        draws = np.array([origin == "load" for origin in self.elements.origin]) & (self.p.values >= 0).all(axis=0)
        feeds = np.array([origin == "generator" for origin in self.elements.origin]) & (self.p.values <= 0).all(axis=0)
        feeds[self.weathered] = True
        metered = np.isin(np.arange(feeds.size), self.known)
        unsure = metered & (self.p.values > -SURE * self.p.spread)
        idle = (np.abs(self.p.values) <= LEAST_MW) & (self.p.spread <= LEAST_MW)
        decided = self.decided_mw.any(axis=0)
        most = np.where(feeds, 0.0, np.where(decided, self.decided_mw, np.inf))
        return np.where(draws | unsure | idle, 0.0, np.where(decided, -self.feed_in_mw, -np.inf)), most

    def pseudo(self, factor_p: float = 1.0, factor_q: float = 1.0) -> tuple[PseudoInjections, Ints, Ints]:
        """The pseudo-measurements, and the elements whose active and reactive powers they are.

        Args:
            factor_p: What the spread of active powers that are not known is multiplied with.
            factor_q: That of reactive powers.
        """
        n = len(self.elements.name)
        telemetered = np.isin(np.arange(n), self.known)
        spread_p = self.p.spread * np.where(telemetered, 1.0, factor_p)
        active = np.flatnonzero(self.p.values.any(axis=0) | (self.p.spread > LEAST_MW).any(axis=0))
        reactive = np.flatnonzero(self.q.values.any(axis=0) | (self.q.spread > LEAST_MW).any(axis=0))
        found = PseudoInjections(
            np.concatenate([self.elements.bus[active], self.elements.bus[reactive]]),
            np.concatenate([np.zeros(active.size, bool), np.ones(reactive.size, bool)]),
            np.hstack([self.p.values[:, active], self.q.values[:, reactive]]),
            np.hstack([spread_p[:, active], factor_q * self.q.spread[:, reactive]]),
            self.causes[:, np.concatenate([active, n + reactive])],
            np.concatenate([self.total[active], np.full(reactive.size, -1)]),
            self.total_spread,
        )  # fmt: skip
        return found, active, reactive


def expectations(
    inputs: SimulationInputs, elements: CityElements, series: MeasuredSeries, past: City | None = None
) -> Expectations:
    """What the elements of a city are expected to do in the steps of measurements.

    Args:
        inputs: The scenario over the period of the measurements.
        elements: Its elements.
        series: Measurements; what assets say of themselves is taken from them.
        past: The city in the weeks before, where it is at hand; None: it is read.
    """
    city = inputs.loaded.city
    n_steps, n, past = city.clock.n_steps, len(elements.name), past or weeks_before(inputs.loaded).city
    values, spread = np.zeros((2, n_steps, n)), np.zeros((2, n_steps, n))
    decided, feed_in = np.zeros((n_steps, n)), np.zeros((n_steps, n))
    _by_past(elements, past, city, (values, spread))
    weathered = list[int]()
    sums, told = np.full(n, -1), list[Floats]()
    zones = np.unique(np.array(city.network.buses.zones), return_inverse=True)[1].ravel()
    for number, flexibility in enumerate(inputs.flexibilities):
        at = np.array([k for k in elements.of("asset") if elements.row[k] == number], dtype=np.int64)
        if at.size:
            total, error = _total(series, flexibility.name)
            _of_asset(flexibility, elements, at, total, (values, spread))
            if not flexibility.fuel_free:
                draws, feeds = (each[:, elements.bus[at]] for each in _most(flexibility))
                decided[:, at], feed_in[:, at] = np.maximum(draws, feeds), feeds
            if at.size > 1 and np.isfinite(total).any() and not flexibility.fuel_free:
                sums[at] = len(told)
                told.append(np.where(np.isfinite(total), np.maximum(error, LEAST_MW), np.inf))
            weathered += at.tolist() if flexibility.fuel_free else []
    known, known_q = _telemetered(elements, series, values, spread)
    _by_reference_plants(inputs, elements, past, known, (values[0], spread[0]))
    decided[:, known], feed_in[:, known] = 0.0, 0.0
    sums[np.isin(sums, sums[known])] = -1  # what is metered of it need not add up to what is told of all
    share_out_by_need(inputs, elements, sums, (values[0], values[1]), spread[0])
    by_weather = np.array(weathered, dtype=np.int64)
    causes = common_causes(elements, past, zones, by_weather, (known, known_q))
    return Expectations(
        elements, Expected(values[0], spread[0]), Expected(values[1], spread[1]), causes, sums,
        np.stack(told, axis=1) if told else np.empty((n_steps, 0)), known, by_weather, decided, feed_in,
    )  # fmt: skip


def _by_past(elements: CityElements, past: City, city: City, into: tuple[Floats, Floats]) -> None:
    """Powers of loads and generators by the weeks before, into arrays of shape (2, T, E)."""
    values, spread = into
    tables: tuple[tuple[Origin, Elements, float], ...] = (
        ("load", past.loads, 1.0), ("generator", past.generators, -1.0),
    )  # fmt: skip
    for origin, table, sign in tables:
        at = elements.of(origin)
        for k, found in enumerate(by_weekday(table, city.clock.n_steps, city.clock.steps_per_day)):
            values[k][:, at], spread[k][:, at] = sign * found.values, found.spread


def _total(series: MeasuredSeries, name: str) -> tuple[Floats, Floats]:
    """What an asset says that all of it draws, and its deviation, shape (T,) each [MW]; NaN where it does not."""
    measured, deviation = series.select("asset", "p_mw", [name])
    return measured[:, 0], deviation[:, 0]


def _most(flexibility: Flexibility) -> tuple[Floats, Floats]:
    """The most that the devices of an asset may draw, and feed in, at each bus, shape (T, B) each [MW]."""
    least, most = (flexibility.per_slot(each) for each in (flexibility.p_min_mw, flexibility.p_max_mw))
    return flexibility.at_buses(np.maximum(most, 0.0)), flexibility.at_buses(np.maximum(-least, 0.0))


def _of_asset(
    flexibility: Flexibility, elements: CityElements, at: Ints, total: Floats, into: tuple[Floats, Floats]
) -> None:
    """Expected powers of an asset at its buses, into arrays of shape (2, T, E).

    Weather decides what sun and wind give. Of all else the total that the asset says is shared out by what its devices
    at a bus may do; of sessions, each independent of others, the variance at a bus is the mean power there times the
    power of one charger (Campbell's theorem for shot noise).
    """
    values, spread = into
    unmanaged = flexibility.at_buses(flexibility.unmanaged_power())[:, elements.bus[at]]
    if flexibility.fuel_free:
        values[0][:, at] = unmanaged
        spread[0][:, at] = WEATHER_SPREAD * np.abs(unmanaged)
    else:
        whole = np.where(np.isfinite(total), total, unmanaged.sum(axis=1))
        share = _shares(flexibility, elements, at, whole)
        values[0][:, at] = whole[:, None] * share
        charger = largest_mw(flexibility)
        mean = np.abs(unmanaged.sum(axis=1)).mean() if at.size > 1 else 0.0
        size = np.maximum(np.abs(whole), mean)
        shot = np.sqrt(size[:, None] * share * charger) if at.size > 1 else np.full((size.size, 1), charger)
        spread[0][:, at] = np.where(np.isfinite(total)[:, None] & (at.size == 1), 0.0, shot)
    capable = np.asarray(flexibility.shares.T @ flexibility.q_max_mvar)[elements.bus[at]]
    spread[1][:, at] = REACTIVE_SPREAD * capable


def _shares(flexibility: Flexibility, elements: CityElements, at: Ints, whole: Floats) -> Floats:
    """Share of each bus in the power of all of an asset, shape (T, buses): by what is plugged in that may do it."""
    draws, feeds = (each[:, elements.bus[at]] for each in _most(flexibility))
    capable = np.where(whole[:, None] >= 0, draws, feeds)
    total = capable.sum(axis=1, keepdims=True)
    usual = np.broadcast_to(elements.share[at], capable.shape)
    return np.asarray(np.divide(capable, total, out=usual.copy(), where=total > 0))


def _telemetered(elements: CityElements, series: MeasuredSeries, values: Floats, spread: Floats) -> tuple[Ints, Ints]:
    """Puts in what elements say of themselves, step by step, and says which do so of active and of reactive power.

    Meters of active power alone leave the reactive power of inverters to err with that of all others.
    """
    known: tuple[list[int], list[int]] = [], []
    for k, name in enumerate(elements.name):
        for part, quantity in enumerate(("p_mw", "q_mvar")):
            measured, deviation = (found[:, 0] for found in series.select("asset", quantity, [name]))
            there = np.isfinite(measured)
            if there.any() and (elements.telemetered[k] or AT_BUS in name):
                values[part][there, k] = measured[there]
                spread[part][there, k] = np.maximum(deviation[there], LEAST_MW)
                known[part].append(k)
    return np.array(known[0], dtype=np.int64), np.array(known[1], dtype=np.int64)


def _by_reference_plants(
    inputs: SimulationInputs, elements: CityElements, past: City, known: Ints, into: tuple[Floats, Floats]
) -> None:
    """Generators by what those of their technology that are telemetered feed in per rated power, where there are any.

    That is how grid operators project the feed-in of all plants from that of a few (reference plants). What a generator
    fed in per that of the reference plants at the same time of day in the weeks before is its factor. Its spread is
    what the factor of the first half of these weeks missed in the last of them: as far ahead of its half as the period
    is of all of them, for the sun goes on, and a factor misses more where it was not fitted.
    """
    values, spread = into
    city, day = inputs.loaded.city, inputs.clock.steps_per_day
    rated, before = np.abs(city.generators.p_scale), -past.generators.p_mw()
    at = elements.of("generator")
    technology = np.array([city.technologies[elements.row[k]] for k in at])
    for name in set(technology.tolist()):
        these = at[technology == name]
        reference, others = np.intersect1d(these, known), np.setdiff1d(these, known)
        if not (reference.size and others.size):
            continue
        rows, of_rows = elements.row[reference], elements.row[others]
        now = values[:, reference].sum(axis=1) / rated[rows].sum()
        factor, missed = _factors(before[:, rows].sum(axis=1) / rated[rows].sum(), before[:, of_rows], day)
        when = np.arange(now.size) % day
        found = now[:, None] * factor[when]
        values[:, others] = found
        spread[:, others] = np.maximum(np.hypot(WEATHER_SPREAD * np.abs(found), missed[when]), LEAST_MW)


def _factors(reference: Floats, of: Floats, day: int) -> tuple[Floats, Floats]:
    """Generators, shape (T, G), by a reference, shape (T,): factor and what it misses, by time of day, (day, G)."""
    by_day, generators = reference.reshape(-1, day, 1), of.reshape(len(reference) // day, day, -1)
    around = max(1, day // 24)

    def smooth(part: Floats) -> Floats:
        return np.asarray(np.mean([np.roll(part.mean(axis=0), k, axis=0) for k in range(-around, around + 1)], axis=0))

    def factor(days: slice) -> Floats:
        square, both = smooth(by_day[days] ** 2), smooth(by_day[days] * generators[days])
        return np.divide(both, square, out=np.zeros_like(both), where=square > 0)

    first, last = slice(0, 7 * WEEKS // 2), slice(-7, None)
    missed = generators[last] - by_day[last] * factor(first)
    return factor(slice(None)), np.sqrt(smooth(missed**2))
