"""Charging sessions and what they sum to: every car's actual carbon, by class, and by place and hour of day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.results.columns import TABLES
from app.results.parquet.resolution import in_sums
from app.results.tables.frames import times, wall_clock_hours
from app.simulation.phases import SimulationResult
from carbon.reporting.vehicles import SessionCarbon, carbon_coefficients
from carbon.stocks.trace import StockRecord
from grid.arrays import Floats, Ints, ratio
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.reservoir import Reservoir
from grid.sharing import keep_latest
from grid.units import G_PER_KG, HOURS_PER_DAY, KWH_PER_MWH

UNKNOWN_CLASS = "unknown"
LEAST_KM = 1e-6
"""Less than this is the rounding of an energy, and nobody drove."""


def fleets(outcome: SimulationResult) -> Iterator[Flexibility]:
    """The flexibilities that are cars."""
    for flexibility in outcome.inputs.flexibilities:
        if flexibility.reservoir is not None and flexibility.reservoir.vehicle:
            yield flexibility


def class_names(flexibility: Flexibility) -> tuple[tuple[str, ...], Ints]:
    """Names of the classes of a fleet, and the place among them of each session's vehicle, shape (N,)."""
    labels = flexibility.vehicle_class
    if labels is None:
        return (UNKNOWN_CLASS,), np.zeros(flexibility.n_devices, dtype=np.int64)
    return labels.names, labels.code.astype(np.int64)


def sessions(outcome: SimulationResult) -> pl.DataFrame:
    """One row a charging session, in the order of its beginning."""
    if outcome.accounts.tracing.stocks is None or not any(True for _ in fleets(outcome)):
        return pl.DataFrame(schema=TABLES["sessions"])
    energy = keep_latest("energy of sessions", outcome.accounts.side, lambda: _energy(outcome))
    parts = [_carbon(outcome, flexibility) for flexibility in fleets(outcome)]
    kg = {name: np.concatenate([part[name] for part in parts])[energy.order] for name in parts[0]}
    charged_kwh, km = (energy.frame[name].to_numpy() for name in ("energy_kwh", "driven_km"))
    carbon = {
        **kg,
        "emissions_kg": kg["charged_kg"] - kg["v2g_kg"],
        "charged_g_per_kwh": ratio(kg["charged_kg"] * G_PER_KG, charged_kwh),
        "g_per_km": ratio(kg["driven_kg"] * G_PER_KG, km),
    }
    columns = (pl.Series(name, values) for name, values in carbon.items())
    return energy.frame.with_columns(columns).with_columns(pl.col("charged_g_per_kwh", "g_per_km").fill_nan(None))


@dataclass(frozen=True, eq=False)
class _Energy:
    """The table of sessions without carbon, and the place of each of its rows, fleet after fleet, shape (N,)."""

    frame: pl.DataFrame
    order: Ints


def _energy(outcome: SimulationResult) -> _Energy:
    frames = pl.concat([_fleet_sessions(outcome, flexibility) for flexibility in fleets(outcome)])
    ordered = frames.with_row_index("order").sort("start", "fleet", "vehicle")
    frame = ordered.drop("order")
    typed = [column.cast(TABLES["sessions"][column.name]) for column in frame]
    return _Energy(pl.DataFrame(typed), ordered["order"].to_numpy().astype(np.int64))


def _fleet_sessions(outcome: SimulationResult, flexibility: Flexibility) -> pl.DataFrame:
    """The sessions of a fleet without carbon."""
    store, stocks = flexibility.reservoir, outcome.accounts.tracing.stocks
    if store is None or stocks is None:
        return pl.DataFrame()
    devices = outcome.accounts.stores.devices[flexibility.name]
    n, clock = flexibility.n_devices, outcome.inputs.clock
    kwh = clock.step_hours * KWH_PER_MWH
    drawn_mw, fed_mw = np.zeros((2, n))
    for record in stocks.in_windows(devices):
        events = record.events
        np.add.at(drawn_mw, events.device, np.maximum(events.p_mw, 0.0))
        np.add.at(fed_mw, events.device, np.maximum(-events.p_mw, 0.0))
    charged_kwh = drawn_mw * kwh
    km = np.zeros(n) if store.mwh_per_km is None else stocks.driven_mwh[devices] / store.mwh_per_km
    quantities = {
        "energy_kwh": charged_kwh,
        "v2g_kwh": fed_mw * kwh,
        **_due(flexibility, store, charged_kwh),
        "driven_km": np.where(km < LEAST_KM, 0.0, km),
    }
    buses = pl.Series(outcome.flow.network.buses.names, dtype=pl.Categorical)
    names, code = class_names(flexibility)
    return pl.DataFrame(
        {
            "fleet": pl.Series([flexibility.name] * n, dtype=pl.String),
            "vehicle": store.owner,
            "vehicle_class": pl.Series(names, dtype=pl.Categorical).gather(code),
            "place": pl.Series([flexibility.place] * n, dtype=pl.String),
            "bus": buses.gather(outcome.accounts.stores.bus[devices]),
            "start": times(clock, flexibility.start),
            "end": times(clock, flexibility.stop),
            **_as_stored(quantities, outcome.accounts.stores.bus[devices]),
        }
    )


def _carbon(outcome: SimulationResult, flexibility: Flexibility) -> dict[str, Floats]:
    """Carbon that each session of a fleet charged and fed in, and that was driven before it, shape (N,) each [kg]."""
    stocks, devices = outcome.accounts.tracing.stocks, outcome.accounts.stores.devices[flexibility.name]
    n = flexibility.n_devices
    if stocks is None:
        return {}
    moved_kg = np.zeros((2, n))
    for record in stocks.in_windows(devices):
        _add_charged_and_fed_in(record.events.device, record, moved_kg)
    found = {"charged_kg": moved_kg[0], "v2g_kg": moved_kg[1], "driven_kg": stocks.driven_kg[devices]}
    return _as_stored(found, outcome.accounts.stores.bus[devices])


def _add_charged_and_fed_in(place: Ints, record: StockRecord, to_kg: Floats) -> None:
    """Adds carbon charged and carbon fed in at places, of which `place` is each event's, to `to_kg`, (2, any) [kg]."""
    feeds = record.events.feeds
    if not feeds.any():
        np.add.at(to_kg[0], place, record.moved_kg)
        return
    for sums, of in zip(to_kg, (~feeds, feeds), strict=True):
        np.add.at(sums, place[of], record.moved_kg[of])


def _as_stored(values: Mapping[str, Floats], bus: Ints) -> dict[str, Floats]:
    """Columns of sessions as they are stored, so that what is derived from them agrees with the table.

    Args:
        values: Their values, shape (N,) each.
        bus: Bus of each session, shape (N,): sums over those of a fleet at a bus are exact.
    """
    return {name: in_sums(each, "sessions", name, bus) for name, each in values.items()}


def _due(flexibility: Flexibility, store: Reservoir, charged_kwh: Floats) -> dict[str, Floats]:
    """What each session is due within the period and after it, at the meter, shape (N,) each [kWh].

    What was charged as far as it is that, so that both are stored as the same whatever order they were summed in.
    """
    per_mwh = KWH_PER_MWH / flexibility.at_slots(store.eta_charge, flexibility.offsets[:-1])
    owed_mwh = np.zeros(per_mwh.size) if store.owed_mwh is None else store.owed_mwh
    requested_kwh = (store.e_end_mwh - store.e_start_mwh) * per_mwh
    as_charged = np.isclose(requested_kwh, charged_kwh, rtol=1e-12, atol=0.0)
    return {"requested_kwh": np.where(as_charged, charged_kwh, requested_kwh), "owed_kwh": owed_mwh * per_mwh}


def vehicle_classes(frame: pl.DataFrame) -> pl.DataFrame:
    """One row a vehicle class, from the table of sessions: sums, and the coefficients of the sums."""
    if frame.is_empty():
        return pl.DataFrame(schema=TABLES["vehicle_classes"])
    names = frame["vehicle_class"].cast(pl.String)
    known = names.unique().sort()
    code = names.replace_strict(known, pl.int_range(known.len(), eager=True)).to_numpy()
    quantities = {name: frame[name].to_numpy() for name in ("energy_kwh", "v2g_kwh", "emissions_kg", "v2g_kg")}
    driven = {"distance_km": frame["driven_km"].to_numpy(), "driven_kg": frame["driven_kg"].to_numpy()}
    found = carbon_coefficients(SessionCarbon({"vehicle_class": code}, **quantities, **driven), by=["vehicle_class"])
    return pl.DataFrame(
        {
            "vehicle_class": known.gather(found.labels["vehicle_class"].astype(np.int64)),
            "sessions": found.sessions,
            "energy_kwh": found.energy_kwh,
            "v2g_kwh": found.v2g_kwh,
            "emissions_kg": found.emissions_kg,
            "charged_kg": found.charged_kg,
            "driven_km": found.distance_km,
            "driven_kg": found.driven_kg,
            "charged_g_per_kwh": found.charged_g_per_kwh,
            "net_g_per_kwh": found.net_g_per_kwh,
            "g_per_km": found.g_per_km,
        }
    ).with_columns(pl.col("charged_g_per_kwh", "net_g_per_kwh", "g_per_km").fill_nan(None))


def _by_hour(outcome: SimulationResult, flexibility: Flexibility, stocks: StockRecord) -> Floats:
    """What a fleet charges and feeds in at each hour of the wall clock [kWh], and its carbon [kg], shape (4, 24)."""
    hour_of_step = wall_clock_hours(outcome.inputs.clock, outcome.inputs.loaded.scenario.city.time_zone)
    takes = outcome.accounts.side, hour_of_step
    kwh = keep_latest(f"{flexibility.name} by hour", takes, lambda: _kwh(outcome, flexibility, stocks, hour_of_step))
    kg = np.zeros((2, HOURS_PER_DAY))
    for record in stocks.in_windows(outcome.accounts.stores.devices[flexibility.name]):
        _add_charged_and_fed_in(hour_of_step[record.events.steps][record.events.step], record, kg)
    return np.concatenate([kwh, kg])


def _kwh(outcome: SimulationResult, flexibility: Flexibility, stocks: StockRecord, hour_of_step: Ints) -> Floats:
    """What a fleet charges and feeds in at each hour of the wall clock, shape (2, 24) [kWh]."""
    kwh = np.zeros((2, HOURS_PER_DAY))
    for record in stocks.in_windows(outcome.accounts.stores.devices[flexibility.name]):
        hour = hour_of_step[record.events.steps][record.events.step]
        drawn = record.events.p_mw * outcome.inputs.clock.step_hours * KWH_PER_MWH
        np.add.at(kwh[0], hour, np.maximum(drawn, 0.0))
        np.add.at(kwh[1], hour, np.maximum(-drawn, 0.0))
    return kwh


def charging_hours(outcome: SimulationResult) -> pl.DataFrame:
    """One row a place and local hour of day in which cars there charged or fed in.

    Energy and carbon stand in the hour in which they flowed, not in that of the plug-in.
    """
    stocks = outcome.accounts.tracing.stocks
    columns = ("energy_kwh", "v2g_kwh", "charged_kg", "v2g_kg")
    moved: dict[str, Floats] = {}
    for flexibility in fleets(outcome):
        if stocks is None:
            break
        sums = _by_hour(outcome, flexibility, stocks)
        moved[flexibility.place] = moved.get(flexibility.place, np.zeros((len(columns), HOURS_PER_DAY))) + sums
    frames = [
        pl.DataFrame({"place": place, "hour": np.arange(HOURS_PER_DAY), **dict(zip(columns, sums, strict=True))})
        for place, sums in sorted(moved.items())
    ]
    if not frames:
        return pl.DataFrame(schema=TABLES["charging_hours"])
    energy = pl.col("energy_kwh")
    coefficient = pl.when(energy > 0).then(pl.col("charged_kg") * G_PER_KG / energy)
    rows = pl.concat(frames).filter((energy > 0) | (pl.col("v2g_kwh") > 0))
    return rows.with_columns(coefficient.alias("charged_g_per_kwh"))
