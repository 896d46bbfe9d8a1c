"""How fast transformers and cables age under the loads of a result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from app.results.folder import Result
from app.scenario import check_scenario
from app.studies.halls.site import folder_of, weather_of
from grid.arrays import Floats
from grid.errors import InputError
from grid.time.clock import Clock
from grid.twin import equipment
from grid.twin.cable_thermal import LIFE_AT_RATED_H, CableThermal, cable_ageing_rate, cable_temperatures
from grid.twin.insulation import NORMAL_LIFE_H, ageing_rate
from grid.twin.soil import soil_degc
from grid.twin.transformer_thermal import TransformerThermal, transformer_temperatures
from grid.units import HOURS_PER_YEAR

LARGEST_DISTRIBUTION_MVA = 2.5
"""Above this a transformer warms as a power transformer does, IEC 60076-7 [MVA]."""
USUAL_LOSS_RATIO = 8.0
"""Load to no-load losses where the net states none; that of a 630 kVA transformer of Regulation (EU) 548/2014."""
MOST_YEARS = 60.0
"""Years after which other causes than the insulation end the service of equipment; ours, unverified [a]."""
PVC_MAX_DEGC = 70.0
PVC_TYPES = ("NAYY", "NYY", "NAYCWY", "NYCWY")
"""Beginnings of the names of types insulated with polyvinyl chloride (DIN VDE 0276), which bears 70 °C."""


@dataclass(frozen=True, eq=False)
class AgeingGround:
    """What the ageing of a result's equipment is computed from.

    Args:
        clock: The time axis, T steps.
        air_degc: Outdoor air, shape (T,) [°C].
        air_of_year_degc: Outdoor air in every hour of a year, shape (8760,) [°C].
        transformers: Transformers by name of the branch, see `grid.equipment.transformer_table`.
        lines: Lines by name of the branch, see `grid.twin.equipment`.
        loading_pu: Highest current per rated current by name of the branch, shape (T,) each [pu].
    """

    clock: Clock
    air_degc: Floats
    air_of_year_degc: Floats
    transformers: Mapping[str, Mapping[str, Any]]
    lines: Mapping[str, Mapping[str, Any]]
    loading_pu: Mapping[str, Floats]


def equipment_ageing(result: Result) -> pl.DataFrame:
    """Ageing of all transformers and buried cables of a result, the fastest first.

    Returns:
        A row for each: ``element``, ``kind``, ``loading_max_percent``, ``temperature_max_degc`` (hot spot, conductor),
        ``hours_above_rated`` (above the temperature at rated load), ``ageing_rate`` (mean, 1 at rated temperature),
        ``life_used_h`` of ``life_h`` in the period, ``insulation_years`` and ``service_years`` (life of the insulation
        at this use, and at most `MOST_YEARS`), ``cyclic_factor`` of cables, and ``assumed``: what the net does not say.

    Raises:
        InputError: If a file that the scenario refers to cannot be read, or the result holds no loadings.
    """
    ground = ageing_ground(result)
    rows = [*_transformers(ground), *_cables(ground)]
    if not rows:
        raise InputError.single(str(result.path), "has no transformer and no buried cable with a rating")
    return pl.DataFrame(rows).sort("ageing_rate", "element", descending=[True, False])


def ageing_ground(result: Result) -> AgeingGround:
    """What the ageing of a result's equipment is computed from.

    Raises:
        InputError: If a file that the scenario refers to cannot be read.
    """
    loaded = check_scenario(dict(result.scenario), folder_of(result), str(result.path / "scenario.yaml"))
    network, clock, weather = loaded.city.network, loaded.scenario.clock, weather_of(result)
    year = weather.year.t_dry_bulb_degc if weather.year is not None else np.full(8760, weather.t_dry_bulb_degc.mean())
    table = result.table("branches").select(pl.col("branch").cast(pl.String), "loading_percent").collect()
    loading = {
        str(name): part["loading_percent"].to_numpy() / 100
        for (name,), part in table.partition_by("branch", as_dict=True, include_key=False).items()
    }
    return AgeingGround(
        clock=clock,
        air_degc=weather.t_dry_bulb_degc,
        air_of_year_degc=year,
        transformers=equipment.transformer_table(network),
        lines=equipment.line_table(network),
        loading_pu={name: values for name, values in loading.items() if np.isfinite(values).all()},
    )


def years_lost(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What another use of the same equipment takes off its service, the most first.

    Args:
        before: `equipment_ageing` of what is compared with.
        after: The same of the other result.

    Returns:
        ``element``, ``kind``, the two ``service_years``, ``years_lost`` (negative where they are gained).
    """
    both = before.join(after, on=["element", "kind"], suffix="_after")
    lost = (pl.col("service_years") - pl.col("service_years_after")).alias("years_lost")
    wanted = ("element", "kind", pl.col("service_years").alias("service_years_before"), "service_years_after", lost)
    return both.select(wanted).sort("years_lost", "element", descending=[True, False])


def _transformers(ground: AgeingGround) -> Iterator[dict[str, Any]]:
    step_h = ground.clock.step / timedelta(hours=1)
    for name, machine in ground.transformers.items():
        if name not in ground.loading_pu:
            continue
        thermal, assumed = _transformer_thermal(machine)
        load = ground.loading_pu[name]
        found = transformer_temperatures(thermal, load[:, None], ground.air_degc, step_h).hot_spot_degc[:, 0]
        rate = ageing_rate(found)
        yield _row(name, "transformer", load, found, (98.0, rate, NORMAL_LIFE_H, step_h), None, assumed)


def _transformer_thermal(machine: Mapping[str, Any]) -> tuple[TransformerThermal, list[str]]:
    """How a transformer warms, and what of it is assumed."""
    assumed = ["constants of IEC 60076-7", "plain paper"]
    ratio = machine["loss_ratio"]
    if ratio is None:
        ratio, assumed = USUAL_LOSS_RATIO, [*assumed, f"load to no-load losses {USUAL_LOSS_RATIO:g}"]
    small = machine["sn_mva"] <= LARGEST_DISTRIBUTION_MVA
    return (TransformerThermal.distribution if small else TransformerThermal.power)(loss_ratio=ratio), assumed


def _cables(ground: AgeingGround) -> Iterator[dict[str, Any]]:
    step_h = ground.clock.step / timedelta(hours=1)
    groups: dict[float, list[str]] = {}
    for name, line in ground.lines.items():
        if name in ground.loading_pu and line["buried"] is not False:
            groups.setdefault(_conductor_max_degc(line), []).append(name)
    for limit_degc, names in groups.items():
        thermal = CableThermal(conductor_max_degc=limit_degc)
        start = ground.clock.start
        since = (start - start.replace(month=1, day=1, hour=0, minute=0, second=0)) / timedelta(hours=1)
        hours = (since + np.arange(ground.clock.n_steps, dtype=np.float64) * step_h) % HOURS_PER_YEAR
        soil = soil_degc(hours, ground.air_of_year_degc, thermal.depth_m, thermal.soil_diffusivity_m2_per_s)
        load = np.column_stack([ground.loading_pu[name] for name in names])
        found = cable_temperatures(thermal, load, soil, step_h)
        rates = cable_ageing_rate(found.conductor_degc, thermal)
        for column, name in enumerate(names):
            assumed = [f"conductor to {limit_degc:g} °C", "soil and depth of IEC 60287-3-1"]
            assumed += [] if ground.lines[name]["buried"] else ["buried"]
            yield _row(
                name, "cable", load[:, column], found.conductor_degc[:, column],
                (limit_degc, rates[:, column], LIFE_AT_RATED_H, step_h), float(found.cyclic_factor[column]), assumed,
            )  # fmt: skip


def _conductor_max_degc(line: Mapping[str, Any]) -> float:
    """What the conductor of a cable may have, by its type."""
    return PVC_MAX_DEGC if (line["std_type"] or "").upper().startswith(PVC_TYPES) else 90.0


def _row(
    name: str,
    kind: str,
    load_pu: Floats,
    degc: Floats,
    life: tuple[float, Floats, float, float],
    cyclic_factor: float | None,
    assumed: Iterable[str],
) -> dict[str, Any]:
    """A row of the table; `life`: rated temperature [°C], rate of ageing (T,), life at the rate 1 [h], step [h]."""
    rated_degc, rate, life_h, step_h = life
    mean = float(rate.mean())
    years = life_h / HOURS_PER_YEAR / mean
    return {
        "element": name,
        "kind": kind,
        "loading_max_percent": float(load_pu.max() * 100),
        "temperature_max_degc": float(degc.max()),
        "hours_above_rated": float((degc > rated_degc).sum() * step_h),
        "ageing_rate": mean,
        "life_used_h": float(rate.sum() * step_h),
        "life_h": life_h,
        "insulation_years": years,
        "service_years": min(years, MOST_YEARS),
        "cyclic_factor": cyclic_factor,
        "assumed": "; ".join(assumed),
    }
