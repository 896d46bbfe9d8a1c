"""The totals of a city from measurements at some of its buses and assets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from app.twin.forecasts.period import OperatedCity
from app.twin.forecasts.powers import SIGN
from grid.arrays import Floats
from grid.errors import InputError
from grid.files.content import is_file, missing_file, shown_path
from grid.twin.forecast.history import PowerHistory, SeriesKind
from grid.twin.measurements import MeasuredSeries, measured_series
from grid.twin.quality import mark


def measured_histories(city: OperatedCity, frame: pl.DataFrame) -> tuple[tuple[PowerHistory, ...], tuple[str, ...]]:
    """The totals by kind before the hours ahead, from the first measurement on; before it as the profiles say.

    Sun, wind and charging are known where all their assets are measured and the net itself has none. Demand is
    known from the measured buses at which no asset and no generator is: all demand is to that of the profiles as it is
    at these buses (ratio estimate [1]).

    Args:
        city: The city at the beginning of the hours ahead.
        frame: Measurements, with `grid.twin.measurements.MEASUREMENT_COLUMNS`; marked here.

    Returns:
        The histories, in the order of `OperatedCity.histories`, and of each what it comes from, in words.

    References:
        [1] W. G. Cochran, "Sampling Techniques", 3rd ed., Wiley, 1977, ch. 6.
    """
    series = measured_series(mark(frame), city.past.clock)
    found, words = [], []
    for kind, history in zip(city.past.kinds, city.histories, strict=True):
        values, what = _total(city, series, kind, city.past.p_mw["demand"])
        known = np.isfinite(values)
        if known.any():
            first = int(np.argmax(known))
            whole = np.where(np.arange(known.size) < first, history.values_mw, values)
            found.append(replace(history, values_mw=whole))
            before = f"; its profiles stand for the {first} steps before the first measurement" if first else ""
            words.append(f"{kind}: {what}, {known.mean():.0%} of the steps{before}")
        else:
            found.append(history)
            words.append(f"{kind}: not measured; its profiles stand for it")
    return tuple(found), tuple(words)


def arrived_totals(city: OperatedCity, frame: pl.DataFrame, steps: int, *, running: bool = False) -> tuple[Floats, ...]:
    """The totals by kind in the first steps of the hours ahead, as far as they were measured by the same rules.

    Of a step that is not over, demand is known once half of it has come: of what profiles expect at the buses that were
    measured in the steps before.

    Args:
        city: The city at the beginning of the hours ahead.
        frame: Measurements, with `grid.twin.measurements.MEASUREMENT_COLUMNS`; marked here.
        steps: How many steps are over, with the one that is running where there is one.
        running: Whether the last of them is not over.

    Returns:
        Shape (steps,) each, in the order of `OperatedCity.histories` [MW]; NaN where nothing was measured.
    """
    series = measured_series(mark(frame), city.ahead.clock.window(0, steps))
    expected, _ = city.ahead.loaded.city.loads.at_buses(city.ahead.loaded.city.n_buses)
    totals = {kind: _total(city, series, kind, expected[:steps])[0] for kind in city.past.kinds}
    if running and "demand" in totals and not _half_came(city, series, expected[:steps]):
        totals["demand"][-1] = np.nan
    return tuple(totals.values())


def completed_histories(
    city: OperatedCity, histories: Sequence[PowerHistory], frame: pl.DataFrame
) -> tuple[PowerHistory, ...]:
    """Histories with what is known by now of steps of their last day that were not known when they were made.

    Args:
        city: The city at the beginning of the hours ahead.
        histories: As `measured_histories` made them of less; what they know stays.
        frame: Measurements of the last day before, with `grid.twin.measurements.MEASUREMENT_COLUMNS`; marked here.
    """
    clock = city.past.clock
    day = clock.steps_per_day
    series = measured_series(mark(frame), clock.window(clock.n_steps - day, clock.n_steps))
    found = []
    for kind, history in zip(city.past.kinds, histories, strict=True):
        came, _ = _total(city, series, kind, city.past.p_mw["demand"][-day:])
        earlier, last = history.values_mw[:-day], history.values_mw[-day:]
        found.append(replace(history, values_mw=np.concatenate([earlier, np.where(np.isnan(last), came, last)])))
    return tuple(found)


def stored_histories(city: OperatedCity, store: str) -> tuple[tuple[PowerHistory, ...], tuple[str, ...]]:
    """The same of the measurements in a store, an SQLite file or a URL.

    Raises:
        InputError: If there is no such file, or it is no store of measurements.
        StoreError: If it cannot be reached.
    """
    from app.twin.measuring.store import opened_measurements  # noqa: PLC0415  SQLAlchemy

    if "://" not in store and not is_file(Path(store)):
        raise InputError([missing_file(Path(store), "--measurements")], shown_path(Path(store)))
    with opened_measurements(store, made=False) as opened:
        frame = opened.frame(city.past.clock.start, city.past.clock.stop)
    return measured_histories(city, frame)


def _total(city: OperatedCity, series: MeasuredSeries, kind: SeriesKind, demand_mw: Floats) -> tuple[Floats, str]:
    """The total of a kind, shape (T,) [MW], and what it comes from; `demand_mw` is what profiles say, shape (T, B)."""
    return _demand(city, series, demand_mw) if kind == "demand" else _of_assets(city, series, kind)


def _of_assets(city: OperatedCity, series: MeasuredSeries, kind: SeriesKind) -> tuple[Floats, str]:
    """What all assets of a kind draw or feed in, shape (T,) [MW]; NaN where one of them is not known."""
    names = list(city.past.of_assets[kind])
    if city.past.of_net[kind] > 0 or not names:
        return np.full(series.clock.n_steps, np.nan), ""
    values, _ = series.select("asset", "p_mw", names)
    return SIGN[kind] * values.sum(axis=1), f"measured at {len(names)} assets"


def _demand(city: OperatedCity, series: MeasuredSeries, profiles: Floats) -> tuple[Floats, str]:
    """All demand by that of measured buses, shape (T,) [MW]; NaN where none is known."""
    free = _free_buses(city)
    values = _at_free_buses(city, series, free)
    known = np.isfinite(values)
    measured = np.where(known, values, 0.0).sum(axis=1)
    expected = np.where(known, profiles[:, free], 0.0).sum(axis=1)
    ratio = np.divide(measured, expected, out=np.full(measured.size, np.nan), where=expected > 0)
    return profiles.sum(axis=1) * ratio, f"by the ratio at {int(known.any(axis=0).sum())} measured buses"


def _free_buses(city: OperatedCity) -> list[int]:
    """Buses at which no asset and no generator is."""
    taken = {int(bus) for flexibility in city.ahead.flexibilities for bus in flexibility.buses}
    taken |= {int(bus) for bus in city.ahead.loaded.city.generators.bus}
    return [bus for bus in range(city.ahead.loaded.city.n_buses) if bus not in taken]


def _at_free_buses(city: OperatedCity, series: MeasuredSeries, free: list[int]) -> Floats:
    """What is measured at buses, shape (T, n) [MW]; NaN where nothing is."""
    names = city.ahead.loaded.city.network.buses.names
    return series.select("bus", "p_mw", [names[bus] for bus in free])[0]


def _half_came(city: OperatedCity, series: MeasuredSeries, profiles: Floats) -> bool:
    """Whether half of the demand of the last step has come; `profiles` is what they expect, shape (T, B) [MW]."""
    free = _free_buses(city)
    known = np.isfinite(_at_free_buses(city, series, free))
    before, weights = known[:-1].any(axis=0), profiles[-1, free]
    return bool(before.any() and weights[known[-1]].sum() >= weights[before].sum() / 2)
