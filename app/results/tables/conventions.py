"""The tables of a result that name their convention: sectors, ledgers, losses, views, origins and consumers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

import numpy as np
import polars as pl

from app.accounts.convention_ledgers import ConventionLedger, ConventionLedgers
from app.accounts.metered_consumers import ConsumerEnergy
from app.accounts.origins import Origins
from app.accounts.tracing_input import IMPORT, STORES
from app.results.columns import TABLES, VIEWS
from app.results.tables.frames import by_element, times
from carbon.tracing.convention_names import OPERATOR, WATER_TANK
from grid.arrays import Floats, ratio
from grid.time.clock import Clock


def convention_tables(
    found: ConventionLedgers, clock: Clock, bus_of_node: Mapping[int, str]
) -> dict[str, pl.DataFrame]:
    """All of `CONVENTION_TABLES`.

    Args:
        found: What the run says.
        clock: Its time axis.
        bus_of_node: Name of the bus, or of the first of joined buses, at each node that has one.
    """
    ledgers = found.ledgers
    tanks = [ledger for ledger in ledgers if ledger.store_model == WATER_TANK]
    city_and_buses = [frame for ledger in ledgers for frame in (_city_view(ledger), _bus_balances(ledger, bus_of_node))]
    return {
        "conventions": pl.concat([_sectors(ledger) for ledger in ledgers]).with_columns(
            pl.when(pl.col("energy_mwh") > 0).then(_INTENSITY).alias("ci_kg_per_mwh")
        ),
        "convention_ledgers": pl.concat([_ledger(ledger) for ledger in ledgers]),
        "loss_bearers": pl.concat([_bearers(ledger) for ledger in ledgers]),
        "views": pl.concat([*city_and_buses, _sector_views(found.operator, found.origins)]).with_columns(
            pl.col("ci_kg_per_mwh").fill_nan(None)
        ),
        "origins": _origins(found.origins),
        "data_centre_origins": _by_hour(found.origins, clock),
        "consumers": _consumer_energy(found.consumers, clock),
        "consumer_carbon": pl.concat([_consumers(ledger, clock) for ledger in tanks]),
    }


def _of(ledger: ConventionLedger, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with convention and model of stores on every row."""
    stated = {"convention": ledger.convention, "stores": ledger.store_model}
    return pl.DataFrame([*(_repeated(name, text, frame.height) for name, text in stated.items()), *frame.get_columns()])


def _repeated(name: str, text: str, height: int) -> pl.Series:
    return pl.Series(name, [text]).new_from_index(0, height)


def _sectors(ledger: ConventionLedger) -> pl.DataFrame:
    columns = {"gpc_code": ledger.codes, "energy_mwh": ledger.sector_mwh, "emissions_kg": ledger.sector_kg}
    return _of(ledger, pl.DataFrame(columns))


_INTENSITY = pl.col("emissions_kg") / pl.col("energy_mwh")


def _ledger(ledger: ConventionLedger) -> pl.DataFrame:
    terms = {f"{name}_kg": kg for name, kg in asdict(ledger.totals).items()}
    views = {name: getattr(ledger, name) for name in ("emissions_kg", "production_kg", "import_kg", "reverse_flow_mwh")}
    row = {**terms, **views, "error_kg": ledger.error_kg}
    return _of(ledger, pl.DataFrame([row]))


def _bearers(ledger: ConventionLedger) -> pl.DataFrame:
    rows = [(bearer.name, bearer.lost_mwh, bearer.emissions_kg) for bearer in ledger.bearers]
    return _of(ledger, pl.DataFrame(rows, schema=["bearer", "lost_mwh", "emissions_kg"], orient="row"))


def _bus_balances(ledger: ConventionLedger, bus_of_node: Mapping[int, str]) -> pl.DataFrame:
    node = np.array(list(bus_of_node), dtype=np.int64)
    values = {name: getattr(ledger.buses, name)[node] for name in VIEWS}
    return _of(ledger, _level("bus", list(bus_of_node.values()), values))


def _city_view(ledger: ConventionLedger) -> pl.DataFrame:
    """The sum of the buses, without what they pass on to each other, and with what became of the stores' energy."""
    sums = {name: float(getattr(ledger.buses, name).sum()) for name in VIEWS}
    passed_mwh, kg = sums["export_mwh"] - ledger.reverse_flow_mwh, ledger.totals
    stores_lost_mwh = sums["stores_mwh"] - ledger.fuel_mwh - ledger.stored_mwh
    sums |= {
        "import_mwh": sums["import_mwh"] - passed_mwh,
        "import_kg": ledger.import_kg,
        "consumption_mwh": sums["consumption_mwh"] + ledger.fuel_mwh,
        "consumption_kg": kg.consumption + kg.vehicle + kg.fuel,
        "stores_mwh": ledger.stored_mwh,
        "stores_kg": kg.stock_change - kg.arriving,
        "loss_mwh": sums["loss_mwh"] + stores_lost_mwh,
        "loss_kg": kg.loss + kg.standing,
        "export_mwh": ledger.reverse_flow_mwh,
        "export_kg": kg.export,
    }
    return _of(ledger, _level("city", ["city"], _with_mean({name: np.array([value]) for name, value in sums.items()})))


def _sector_views(ledger: ConventionLedger, found: Origins) -> pl.DataFrame:
    """What each sector uses, and how much of it the city makes and imports; the rest comes from stores."""
    imported = np.array([name == IMPORT for name in found.sources])
    local = ~imported & np.array([name != STORES for name in found.sources])
    at = [ledger.codes.index(code) for code in found.consumers]
    columns = dict.fromkeys(VIEWS, np.zeros(len(at)))
    for unit, parts, used in (
        ("mwh", found.energy_mwh, ledger.sector_mwh),
        ("kg", found.emissions_kg, ledger.sector_kg),
    ):
        made, brought, taken = parts[:, local].sum(axis=1), parts[:, imported].sum(axis=1), used[at]
        columns |= {f"production_{unit}": made, f"import_{unit}": brought, f"consumption_{unit}": taken,
                    f"stores_{unit}": made + brought - taken}  # fmt: skip
    return _of(ledger, _level("sector", list(found.consumers), _with_mean(columns)))


def _with_mean(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """The columns with the mean intensity of what is consumed; NaN where nothing is."""
    mwh, kg = columns["consumption_mwh"], columns["consumption_kg"]
    return {**columns, "ci_kg_per_mwh": ratio(kg, mwh)}


def _level(level: str, names: Sequence[str], columns: Mapping[str, Floats]) -> pl.DataFrame:
    own = {"level": _repeated("level", level, len(names)), "name": names}
    return pl.DataFrame({**own, **{name: columns[name] for name in VIEWS}})


def _origins(found: Origins) -> pl.DataFrame:
    """A row for each consumer and source."""
    rows, columns = found.energy_mwh.shape
    total = found.energy_mwh.sum(axis=1, keepdims=True)
    share = ratio(found.energy_mwh, total)
    return pl.DataFrame(
        {
            "convention": [OPERATOR] * (rows * columns),
            "consumer": np.repeat(found.consumers, columns),
            "source": np.tile(found.sources, rows),
            "energy_mwh": found.energy_mwh.ravel(),
            "emissions_kg": found.emissions_kg.ravel(),
            "share": share.ravel(),
        }
    ).with_columns(pl.col("share").fill_nan(None))


def _by_hour(found: Origins, clock: Clock) -> pl.DataFrame:
    """A row for each hour, data centre and source."""
    schema, length = TABLES["data_centre_origins"], len(found.sources)
    frames = [
        pl.DataFrame(
            {
                "time": times(clock, np.repeat(np.arange(clock.n_steps), length)).dt.truncate("1h"),
                "convention": [OPERATOR] * (clock.n_steps * length),
                "name": [name] * (clock.n_steps * length),
                "source": np.tile(found.sources, clock.n_steps),
                "energy_mwh": mwh.ravel(),
                "emissions_kg": kg.ravel(),
            }
        )
        .group_by("time", "convention", "name", "source", maintain_order=True)
        .agg(pl.col("energy_mwh", "emissions_kg").sum())
        for name, (mwh, kg) in found.by_step.items()
    ]
    return pl.concat(frames).sort("time", maintain_order=True) if frames else pl.DataFrame(schema=schema)


def _consumers(ledger: ConventionLedger, clock: Clock) -> pl.DataFrame:
    """A row for each step and consumer that has a statement."""
    nothing = np.zeros(clock.n_steps)
    kg = np.column_stack(list(ledger.consumer_kg.values()))
    returned = np.column_stack([ledger.returned_kg.get(name, nothing) for name in ledger.consumer_kg])
    frame = by_element(clock, "consumer", list(ledger.consumer_kg), emissions_kg=kg, returned_kg=returned)
    return frame.select(
        "time", pl.lit(ledger.convention).alias("convention"), "consumer", "emissions_kg", "returned_kg"
    )


def _consumer_energy(consumers: Mapping[str, ConsumerEnergy], clock: Clock) -> pl.DataFrame:
    """A row for each step and data centre, asset or fleet."""
    if not consumers:
        return pl.DataFrame(schema=TABLES["consumers"])
    names = [field.name for field in fields(ConsumerEnergy)]
    columns = {name: np.column_stack([getattr(consumer, name) for consumer in consumers.values()]) for name in names}
    return by_element(clock, "consumer", list(consumers), **columns)
