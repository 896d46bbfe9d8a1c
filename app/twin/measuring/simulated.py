"""A simulated city: measurements of a true state, with the noise, gaps, faults and delays that real ones have."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from app.twin.measuring.electrical import AT_BUS
from app.twin.measuring.true_state import TrueState
from grid.arrays import Bools, Floats, Ints
from grid.errors import Fault, nearest, raise_if_any
from grid.twin.measurements import MEASUREMENT_COLUMNS
from grid.twin.quantities import QUANTITIES

Texts = npt.NDArray[np.str_]
SOURCE: Final = "simulated"
"""Who measures in a simulated city."""
FLOOR: Final = 0.1
"""Least standard deviation of a place, as a share of that at its largest value: a meter is not exact at zero; ours."""
FROZEN_STEPS: Final = (8, 24)
"""For how many steps a value stays frozen."""
OUTAGE_STEPS: Final = (4, 48)
"""For how many steps a meter is silent."""
SPIKE: Final = 5.0
"""How far beyond the range of a day a spike lies, in that range."""
CODE: Final = -9999.0
"""What a meter that is out of order says."""


@dataclass(frozen=True)
class Disturbances:
    """What is wrong with simulated measurements, each as a share of all of them; the defaults are ours.

    Args:
        missing: Without a value.
        outage: Silent, for `OUTAGE_STEPS` at a time.
        frozen: Frozen, for `FROZEN_STEPS` at a time.
        spike: Far beyond what is true.
        out_of_range: `CODE` in place of a value.
        wrong_unit: In kilo in place of mega, or percent in place of per unit.
        duplicate: Sent again under another number.
        late: Delayed by more than five minutes, up to two hours.
        delay_s: Mean delay of the others [s].
    """

    missing: float = 0.005
    outage: float = 0.01
    frozen: float = 0.01
    spike: float = 0.002
    out_of_range: float = 0.001
    wrong_unit: float = 0.001
    duplicate: float = 0.005
    late: float = 0.01
    delay_s: float = 2.0

    def __post_init__(self) -> None:
        """Raises `InputError` with all shares that are none."""
        raise_if_any(self._faults(), "the disturbances")

    def _faults(self) -> Iterator[Fault]:
        for each in fields(self):
            value, most = getattr(self, each.name), math.inf if each.name == "delay_s" else 0.3
            if not 0 <= value <= most:
                yield Fault(each.name, f"must lie within 0..{most:g}", value)

    def times(self, factor: float) -> Disturbances:
        """All of them more or less often; the delay stays."""
        shares = {each.name: getattr(self, each.name) * factor for each in fields(self) if each.name != "delay_s"}
        return replace(self, **shares)


NONE: Final = Disturbances(**{each.name: 0.0 for each in fields(Disturbances)})
"""Nothing is wrong but for the noise."""


@dataclass(frozen=True)
class Metering:
    """What is measured in a simulated city.

    Args:
        share: Share of the buses that have a station, at least one of them.
        phasors: Share of the stations that measure angles too, by the time of satellites.
        charging: Whether every asset at several buses says what it does at each, as charging points under one
            management do (OCPP's ``MeterValues``); else only what all of it does.
        stations: Names of the buses that have a station; empty: chance chooses them.
    """

    share: float = 0.05
    phasors: float = 0.0
    charging: bool = False
    stations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises `InputError` with all that is no share."""
        faults = []
        if not 0 < self.share <= 1:
            faults.append(Fault("share", "must be greater than 0 and at most 1", self.share))
        if not 0 <= self.phasors <= 1:
            faults.append(Fault("phasors", "must lie within 0..1", self.phasors))
        raise_if_any(faults, "the sensors")


def chosen_sensors(state: TrueState, metering: Metering, rng: np.random.Generator) -> Ints:
    """Places that are measured: all that a station at some buses measures there, and what assets say of themselves.

    Args:
        state: The true state.
        metering: What is measured.
        rng: Which buses.

    Raises:
        InputError: If a station is at no bus of the city.
    """
    buses = list(dict.fromkeys(bus for bus in state.at_bus if bus))
    raise_if_any(
        [Fault("stations", "no bus", name, nearest(name, buses)) for name in metering.stations if name not in buses],
        "the sensors",
    )
    count = max(1, round(metering.share * len(buses)))
    stations = metering.stations or tuple(buses[k] for k in rng.choice(len(buses), count, replace=False))
    with_phasors = set(stations[: round(metering.phasors * len(stations))])
    chosen = []
    for m, (bus, quantity, name) in enumerate(zip(state.at_bus, state.quantities, state.elements, strict=True)):
        if not bus:
            taken = metering.charging or AT_BUS not in name
        else:
            taken = bus in (with_phasors if quantity == "va_degree" else set(stations))
        if taken:
            chosen.append(m)
    return np.array(chosen, dtype=np.int64)


def simulated_measurements(
    state: TrueState,
    sensors: Ints,
    noise: float,
    rng: np.random.Generator,
    disturbances: Disturbances = Disturbances(),
) -> pl.DataFrame:
    """Measurements of a true state, in the order of their arrival.

    Args:
        state: The true state.
        sensors: Places that are measured, shape (S,).
        noise: Standard deviation of the error by the value; at least `FLOOR` of that at the largest value of the place.
        rng: All that is left to chance.
        disturbances: What else is wrong.

    Returns:
        A table with `MEASUREMENT_COLUMNS` and ``planted``: the quality that a row should be given, ``good`` for most.

    Raises:
        InputError: If the noise is not greater than 0.
    """
    if not (math.isfinite(noise) and noise > 0):
        raise_if_any([Fault("noise", "must be greater than 0", noise)], "the sensors")
    truth = state.values[:, sensors]
    supplied = np.isfinite(truth)
    size = np.abs(np.where(supplied, truth, 0.0))
    sigma = np.maximum(noise * size, FLOOR * noise * size.max(axis=0, initial=0.0)) + 1e-9
    angle = np.array([state.quantities[m] == "va_degree" for m in sensors], dtype=bool)
    sigma[:, angle] = np.degrees(noise)  # of a phasor: an error of 1 % of it is one of 0.57 degrees (IEEE C37.118.1)
    kinds = [QUANTITIES[state.element_kinds[m], state.quantities[m]] for m in sensors]
    lowest, highest = (np.array([getattr(kind, end) for kind in kinds]) for end in ("lowest", "highest"))
    measured = np.clip(truth + sigma * rng.standard_normal(truth.shape), lowest, highest)
    values, planted, silent = _disturbed(measured, state, sensors, disturbances, rng)
    return _table(state, sensors, (values, sigma, planted, ~silent & supplied), disturbances, rng)


def _disturbed(
    measured: Floats, state: TrueState, sensors: Ints, of: Disturbances, rng: np.random.Generator
) -> tuple[Floats, Texts, Bools]:
    """Values with faults, what each row is then, and where the meter is silent, shape (T, S) each."""
    shape, values = measured.shape, measured.copy()
    planted = np.full(shape, "good", dtype="<U12")
    percent = np.array([state.quantities[m] == "vm_pu" for m in sensors])
    spread = np.ptp(np.nan_to_num(measured), axis=0) + 1e-3 * np.abs(np.nan_to_num(measured)).max(axis=0)
    fluctuates = np.array([QUANTITIES[state.element_kinds[m], state.quantities[m]].fluctuates for m in sensors])
    frozen = _stretches(shape, of.frozen, FROZEN_STEPS, rng) & fluctuates
    for step in range(1, shape[0]):
        held = frozen[step] & frozen[step - 1]
        values[step, held] = values[step - 1, held]
        planted[step, held] = "frozen"
    spikes = (rng.random(shape) < of.spike) & fluctuates
    values[spikes] += (rng.choice([-1, 1], shape) * SPIKE * spread)[spikes]
    planted[spikes] = "suspect"
    wrong = rng.random(shape) < of.wrong_unit
    values[wrong] *= np.where(percent, 100.0, 1e3)[np.nonzero(wrong)[1]]
    planted[wrong] = "wrong_unit"
    broken = rng.random(shape) < of.out_of_range
    values[broken], planted[broken] = CODE, "out_of_range"
    missing = rng.random(shape) < of.missing
    values[missing], planted[missing] = np.nan, "missing"
    return values, planted, _stretches(shape, of.outage, OUTAGE_STEPS, rng)


def _stretches(shape: Sequence[int], share: float, lengths: tuple[int, int], rng: np.random.Generator) -> Bools:
    """Stretches of steps that come to a share of all of them, shape (T, S)."""
    found = np.zeros(shape, dtype=bool)
    mean = sum(lengths) / 2
    for step, place in np.argwhere(rng.random(shape) < share / mean):
        found[step : step + rng.integers(lengths[0], lengths[1] + 1), place] = True
    return found


def _table(
    state: TrueState,
    sensors: Ints,
    arrays: tuple[Floats, Floats, Texts, Bools],
    of: Disturbances,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """The rows, with their delays and what is sent again, in the order of their arrival."""
    values, sigma, planted, sent = arrays
    step, place = np.nonzero(sent)
    again = np.flatnonzero(rng.random(step.size) < of.duplicate)
    row = np.concatenate([np.arange(step.size), again])
    late = rng.random(row.size) < of.late
    delay_s = np.where(
        late, rng.uniform(301.0, 7200.0, row.size), np.minimum(rng.exponential(of.delay_s, row.size), 299)
    )
    kind = planted[step, place][row]
    kind[late & (kind == "good")] = "late"
    second = np.arange(row.size) >= step.size
    time = state.clock.times[step[row]]
    at = [sensors[k] for k in place[row]]
    frame = pl.DataFrame({
        "time": pl.Series(time).dt.replace_time_zone("UTC"),
        "element_kind": [state.element_kinds[m] for m in at],
        "element": [state.elements[m] for m in at],
        "quantity": [state.quantities[m] for m in at],
        "value": pl.Series(values[step, place][row]).fill_nan(None),
        "standard_deviation": sigma[step, place][row],
        "source": pl.Series([SOURCE]).new_from_index(0, row.size),
        "quality": pl.Series(["good"]).new_from_index(0, row.size),
        "sequence": step[row] + second * state.clock.n_steps,
        "received": pl.Series(time + np.round(delay_s * 1e6).astype("timedelta64[us]")).dt.replace_time_zone("UTC"),
        "planted": kind,
        "second": second,
    })  # fmt: skip
    order = ("element_kind", "element", "quantity", "time")
    arrived_first = frame.sort("received", maintain_order=True).with_columns(
        (pl.struct(order).is_first_distinct()).alias("first")
    )
    rows = arrived_first.with_columns(pl.when("first").then("planted").otherwise(pl.lit("duplicate")).alias("planted"))
    return rows.select(*(pl.col(name).cast(dtype) for name, dtype in MEASUREMENT_COLUMNS.items()), "planted")
