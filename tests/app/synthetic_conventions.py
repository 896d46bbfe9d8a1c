"""Convention tables of the synthetic town: its sectors under every convention, three buses, two sources."""

from __future__ import annotations

import polars as pl

from app.results.columns import VIEWS
from carbon.tracing.convention_names import CARBON_FREE, CONVENTIONS, WATER_TANK

MODELS = [(name, stores) for stores in (WATER_TANK, CARBON_FREE) for name in CONVENTIONS]
MOVED = {"operator": 0.0, "load": 0.99, "generator": 0.0, "average": 0.01}
"""Share of the losses that each convention moves into the uses."""


def convention_tables(sectors: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tables from the town's `sectors`: losses move from lines x.3 to lines x.2 by the convention's share."""
    sums = sectors.group_by("gpc_code").agg(pl.sum("energy_mwh", "emissions_kg")).sort("gpc_code")
    lost = pl.col("gpc_code").str.ends_with(".3")
    lost_kg = float(sums.filter(lost)["emissions_kg"].sum())
    used_kg = float(sums.filter(~lost)["emissions_kg"].sum())
    conventions = [
        _of(name, stores, sums.with_columns(
            emissions_kg=pl.col("emissions_kg") * pl.when(lost).then(1 - MOVED[name])
            .otherwise(1 + MOVED[name] * lost_kg / used_kg)
        ))
        for name, stores in MODELS
    ]  # fmt: skip
    bearers = [
        _of(name, stores, pl.DataFrame({"bearer": ["uses", "grid operator"], "lost_mwh": [1.0, 1.0],
                                        "emissions_kg": [MOVED[name] * lost_kg, (1 - MOVED[name]) * lost_kg]}))
        for name, stores in MODELS
    ]  # fmt: skip
    used = sums.filter(~lost)
    origins = pl.concat([
        used.select(pl.lit("operator").alias("convention"), pl.col("gpc_code").alias("consumer"),
                    pl.lit(source).alias("source"), pl.col("energy_mwh") * share, pl.col("emissions_kg") * carbon,
                    pl.lit(share).alias("share"))
        for source, share, carbon in (("solar", 0.3, 0.0), ("import", 0.7, 1.0))
    ])  # fmt: skip
    return {
        "conventions": pl.concat(conventions).with_columns(ci_kg_per_mwh=pl.lit(None, pl.Float64)),
        "loss_bearers": pl.concat(bearers),
        "views": _of("operator", WATER_TANK, _views(float(sums["energy_mwh"].sum()), used_kg, lost_kg)),
        "origins": origins,
    }


def _of(name: str, stores: str, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.lit(name).alias("convention"), pl.lit(stores).alias("stores"), pl.all())


def _views(energy_mwh: float, used_kg: float, lost_kg: float) -> pl.DataFrame:
    """The city and three buses of a third each."""
    city = dict.fromkeys(VIEWS, 0.0) | {
        "production_mwh": 0.3 * energy_mwh, "import_mwh": 0.72 * energy_mwh, "import_kg": used_kg + lost_kg,
        "consumption_mwh": energy_mwh, "consumption_kg": used_kg, "loss_mwh": 0.02 * energy_mwh, "loss_kg": lost_kg,
        "ci_kg_per_mwh": used_kg / energy_mwh,
    }  # fmt: skip
    rows = [{"level": "city", "name": "city", **city}]
    rows += [{"level": "bus", "name": f"Bus {bus}", **{name: value / 3 for name, value in city.items()}}
             for bus in (2, 3, 4)]  # fmt: skip
    return pl.DataFrame(rows)
