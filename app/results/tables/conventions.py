"""The tables of a result that name their convention: sectors, ledgers, losses, views, origins and consumers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from app.accounts.convention_ledgers import ConventionLedger, ConventionLedgers
from app.accounts.metered_consumers import ConsumerEnergy
from app.accounts.origins import Origins
from app.accounts.tracing_input import IMPORT, STORES
from app.results.columns import TABLES, VIEWS
from app.results.tables.frames import by_element, known, labels_of_steps, repeated, step_times, times
from carbon.tracing.convention_names import OPERATOR, WATER_TANK
from grid.arrays import Floats, ratio
from grid.sharing import keep_latest
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
    city_and_buses = [part for ledger in ledgers for part in (_city_view(ledger), _bus_balances(ledger, bus_of_node))]
    return {
        "conventions": _sectors(ledgers),
        "convention_ledgers": pl.DataFrame([_ledger(ledger) for ledger in ledgers]),
        "loss_bearers": _bearers(ledgers),
        "views": _views([*city_and_buses, _sector_view(found.operator, found.origins)]),
        "origins": _origins(found.origins),
        "data_centre_origins": _by_hour(found.origins, clock),
        "consumers": keep_latest(
            "table of consumers", tuple(found.consumers.items()), lambda: _consumer_energy(found.consumers, clock)
        ),
        "consumer_carbon": _consumers(tanks, clock),
    }


def _stated(ledgers: Sequence[ConventionLedger], heights: Sequence[int]) -> dict[str, pl.Series]:
    """Convention and model of stores of each ledger, on as many rows as it has."""
    conventions, stores = [ledger.convention for ledger in ledgers], [ledger.store_model for ledger in ledgers]
    return {"convention": repeated(conventions, tuple(heights)), "stores": repeated(stores, tuple(heights))}


def _sectors(ledgers: Sequence[ConventionLedger]) -> pl.DataFrame:
    """A row for each ledger and GPC line."""
    columns = {
        **_stated(ledgers, [len(ledger.codes) for ledger in ledgers]),
        "gpc_code": [code for ledger in ledgers for code in ledger.codes],
        "energy_mwh": np.concatenate([ledger.sector_mwh for ledger in ledgers]),
        "emissions_kg": np.concatenate([ledger.sector_kg for ledger in ledgers]),
    }
    intensity = pl.when(pl.col("energy_mwh") > 0).then(pl.col("emissions_kg") / pl.col("energy_mwh"))
    return pl.DataFrame(columns).with_columns(intensity.alias("ci_kg_per_mwh"))


def _ledger(ledger: ConventionLedger) -> dict[str, Any]:
    """Its terms, as a row."""
    terms = {f"{name}_kg": kg for name, kg in asdict(ledger.totals).items()}
    views = {name: getattr(ledger, name) for name in ("emissions_kg", "production_kg", "import_kg", "reverse_flow_mwh")}
    stated = {"convention": ledger.convention, "stores": ledger.store_model}
    return {**stated, **terms, **views, "error_kg": ledger.error_kg}


def _bearers(ledgers: Sequence[ConventionLedger]) -> pl.DataFrame:
    """A row for each ledger and who bears losses in it."""
    rows = [(bearer.name, bearer.lost_mwh, bearer.emissions_kg) for ledger in ledgers for bearer in ledger.bearers]
    frame = pl.DataFrame(rows, schema=["bearer", "lost_mwh", "emissions_kg"], orient="row")
    return frame.with_columns(**_stated(ledgers, [len(ledger.bearers) for ledger in ledgers]))


@dataclass(frozen=True, eq=False)
class _View:
    """Some rows of the table of views: those of one ledger and one level, with values of shape (rows,) each."""

    ledger: ConventionLedger
    level: str
    names: Sequence[str]
    values: Mapping[str, Floats]


def _views(parts: Sequence[_View]) -> pl.DataFrame:
    """The rows of all parts, one after the other."""
    heights = [len(part.names) for part in parts]
    columns = {
        **_stated([part.ledger for part in parts], heights),
        "level": repeated([part.level for part in parts], tuple(heights)),
        "name": [name for part in parts for name in part.names],
        **{name: known(np.concatenate([part.values[name] for part in parts])) for name in VIEWS},
    }
    return pl.DataFrame(columns)


def _bus_balances(ledger: ConventionLedger, bus_of_node: Mapping[int, str]) -> _View:
    node = np.array(list(bus_of_node), dtype=np.int64)
    return _View(ledger, "bus", list(bus_of_node.values()), {name: getattr(ledger.buses, name)[node] for name in VIEWS})


def _city_view(ledger: ConventionLedger) -> _View:
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
    return _View(ledger, "city", ["city"], _with_mean({name: np.array([value]) for name, value in sums.items()}))


def _sector_view(ledger: ConventionLedger, found: Origins) -> _View:
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
    return _View(ledger, "sector", found.consumers, _with_mean(columns))


def _with_mean(columns: Mapping[str, Floats]) -> dict[str, Floats]:
    """The columns with the mean intensity of what is consumed; NaN where nothing is."""
    mwh, kg = columns["consumption_mwh"], columns["consumption_kg"]
    return {**columns, "ci_kg_per_mwh": ratio(kg, mwh)}


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
            "share": known(share.ravel()),
        }
    )


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


def _consumers(ledgers: Sequence[ConventionLedger], clock: Clock) -> pl.DataFrame:
    """A row for each convention, step and consumer that has a statement."""
    nothing = np.zeros(clock.n_steps)
    names, conventions = tuple(ledgers[0].consumer_kg), [ledger.convention for ledger in ledgers]
    kg = [ledger.consumer_kg[name] for ledger in ledgers for name in names]
    returned = [ledger.returned_kg.get(name, nothing) for ledger in ledgers for name in names]
    shape = (len(ledgers), len(names), clock.n_steps)
    return pl.DataFrame(
        {
            "time": pl.concat([step_times(clock, len(names))] * len(ledgers), rechunk=True),
            "convention": pl.Series(conventions).gather(np.repeat(np.arange(shape[0]), shape[1] * shape[2])),
            "consumer": pl.concat([labels_of_steps(clock, names)] * len(ledgers), rechunk=True),
            "emissions_kg": np.reshape(kg, shape).transpose(0, 2, 1).ravel(),
            "returned_kg": np.reshape(returned, shape).transpose(0, 2, 1).ravel(),
        }
    )


def _consumer_energy(consumers: Mapping[str, ConsumerEnergy], clock: Clock) -> pl.DataFrame:
    """A row for each step and data centre, asset or fleet."""
    if not consumers:
        return pl.DataFrame(schema=TABLES["consumers"])
    names = [field.name for field in fields(ConsumerEnergy)]
    columns = {name: np.column_stack([getattr(consumer, name) for consumer in consumers.values()]) for name in names}
    return by_element(clock, "consumer", list(consumers), **columns)
