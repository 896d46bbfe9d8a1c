"""All fuel burnt in the city: for electricity, for the heat of the same engines, and in tests of generators."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.results.columns import TABLES
from app.results.tables.frames import times
from app.simulation.phases import SimulationResult
from carbon.data_centre.flexibility import SECTOR
from carbon.data_centre.on_site import generator_tests
from carbon.inventory.inventory import LOCAL_GENERATION
from grid.arrays import Floats

ELECTRICITY, HEAT, TESTS = "electricity", "heat", "generator tests"
_KEYS = ("asset", "use", "gpc_code", "fuel")


def fuels(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step, asset and use; energy by the lower heating value, direct emissions.

    What an engine burns is divided between electricity and heat as its `allocation` says, so that both uses sum to all
    that is burnt. Tests burn their diesel evenly over time.
    """
    frames = [*_engines(outcome), *_tests(outcome)]
    return pl.concat(frames).sort("time", *_KEYS) if frames else pl.DataFrame(schema=dict(TABLES["fuels"]))


def tests_kg(outcome: SimulationResult) -> Floats:
    """Emissions of the generators' tests of each data centre in a step, shape (D,) [kg]."""
    clock = outcome.inputs.clock
    specs = (load.model.spec for load in outcome.inputs.data_centres)
    burnt = [generator_tests(spec.on_site.generators, clock).emissions_kg for spec in specs]
    return np.array(burnt) / clock.n_steps


def _engines(outcome: SimulationResult) -> list[pl.DataFrame]:
    """What engines burn, by use; those that burn nothing in the run are left out."""
    hours, frames = outcome.inputs.clock.step_hours, []
    flexibilities = {flexibility.name: flexibility for flexibility in outcome.inputs.flexibilities}
    for asset in outcome.inputs.loaded.assets:
        use = asset.fuel_use
        if use is None or asset.name not in flexibilities:
            continue
        fed_in = flexibilities[asset.name].by_step(np.maximum(-outcome.p_mw[asset.name], 0.0))
        burnt_mwh = fed_in * hours * use.mwh_per_mwh
        shares = {(ELECTRICITY, LOCAL_GENERATION): use.electricity_share}
        if use.heat_sector:
            shares[HEAT, f"{use.heat_sector}.1"] = 1.0 - use.electricity_share
        for (name, line), share in shares.items():
            mwh = share * burnt_mwh
            emitted = (mwh * use.kg_per_mwh, mwh * use.biogenic_kg_per_mwh)
            frames.append(_frame(outcome, (asset.name, name, line, use.fuel), mwh, *emitted))
    return frames


def _tests(outcome: SimulationResult) -> list[pl.DataFrame]:
    """What the tests of data centres' emergency generators burn."""
    clock, frames = outcome.inputs.clock, []
    for load in outcome.inputs.data_centres:
        tests = generator_tests(load.model.spec.on_site.generators, clock)
        if tests.diesel_l > 0:
            each = np.ones(clock.n_steps) / clock.n_steps
            keys = (load.name, TESTS, f"{SECTOR}.1", "diesel")
            frames.append(_frame(outcome, keys, tests.diesel_mwh * each, tests.emissions_kg * each, 0.0 * each))
    return frames


def _frame(
    outcome: SimulationResult, keys: tuple[str, ...], mwh: Floats, kg: Floats, biogenic_kg: Floats
) -> pl.DataFrame:
    clock = outcome.inputs.clock
    values = {"energy_mwh": mwh, "emissions_kg": kg, "biogenic_kg": biogenic_kg}
    named = {name: pl.lit(key) for name, key in zip(_KEYS, keys, strict=True)}
    frame = pl.DataFrame({"time": times(clock), **values}).with_columns(**named)
    return frame.filter(pl.col("energy_mwh") > 0).select("time", *_KEYS, *values)
