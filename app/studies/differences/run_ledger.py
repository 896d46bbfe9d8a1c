"""What an explanation needs of a result: energy, carbon and money of the city in every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from app.results.folder import Result
from grid.arrays import Floats
from grid.errors import Fault, raise_if_any

AVERAGE, MARGINAL, COST = EXPLAINED = ("emissions_t", "emissions_marginal_not_in_inventory_t", "cost")
"""Keys of the figures that are explained."""
CHARGING, V2G, OTHER_USES = "cars charging", "cars feeding in", "other uses"
"""Uses besides the GPC lines; other uses are what the lines do not sum to, so usually none."""
_LEAST_MWH = 1e-9
"""Energy below which a use is none [MWh]."""
_ENERGY_USED, _LOSSES = ".2", ".3"


@dataclass(frozen=True, eq=False)
class RunLedger:
    """The city in T steps. Energy [MWh], carbon [kg] and money [currency] have shape (T,).

    ``import - export = uses + grid loss + stores - generation`` in every step.

    Args:
        hour: Local hour of each step, 0 to 23.
        uses_mwh: What consumers take by use: GPC line (without cars), charging of cars, and what cars feed in, below 0.
        grid_loss_mwh: What lines and transformers lose.
        stores_mwh: What stationary stores gain and lose, less what they are given from outside the grid.
        generation_mwh: Local generation, after curtailment.
        import_mwh: From the grid above.
        export_mwh: To the grid above.
        generation_kg: Carbon of local generation.
        export_kg: Carbon of exports.
        stored_kg: Carbon that stationary stores gain, less what they are given from outside the grid.
        mean_kg_per_mwh: Mean intensity of imports, shape (T,) [kg/MWh].
        marginal_kg_per_mwh: Marginal intensity of the grid above, at a tie the mean of both sides, (T,) [kg/MWh].
        import_price_per_mwh: Price of imports, shape (T,) [currency/MWh].
        export_price_per_mwh: What exports earn, shape (T,) [currency/MWh].
        wear_cost: Wear and fuel of what feeds in.
        forgone_value: Value of the demand that went without.
        carbon_cost: Price of the carbon of all sources.
        stock_gain_mwh: What stores hold more at their end than is due, as they would feed it in.
        demand_charge: What the highest imports of all months cost [currency].
        figures: The key figures that are explained, as the summary has them.
    """

    hour: np.ndarray
    uses_mwh: Mapping[str, Floats]
    grid_loss_mwh: Floats
    stores_mwh: Floats
    generation_mwh: Floats
    import_mwh: Floats
    export_mwh: Floats
    generation_kg: Floats
    export_kg: Floats
    stored_kg: Floats
    mean_kg_per_mwh: Floats
    marginal_kg_per_mwh: Floats
    import_price_per_mwh: Floats
    export_price_per_mwh: Floats
    wear_cost: Floats
    forgone_value: Floats
    carbon_cost: Floats
    stock_gain_mwh: Floats
    demand_charge: float
    figures: Mapping[str, float]

    @property
    def n_steps(self) -> int:
        """Number of steps."""
        return len(self.import_mwh)


def run_ledger(result: Result) -> RunLedger:
    """The ledger of a result, from its tables; steps without a solution of the power flow count as without losses.

    Raises:
        InputError: If the result has no such key figures, as one of an earlier version may not.
    """
    raise_if_any([Fault(key, "is not among the key figures") for key in EXPLAINED if result.summary.get(key) is None],
                 result.name)  # fmt: skip
    ledger = result.table("ledger").sort("time").collect()
    time, frame = ledger.select("time"), ledger.with_columns(**_derived())
    made = pl.col("source").cast(pl.String) != "import"
    of_sources = result.table("sources").filter(made).group_by("time").agg(pl.col("emissions_kg").sum()).collect()
    marginal = result.table("marginal").sort("time").collect()
    columns = {field.name: _floats(frame[field.name]) for field in fields(RunLedger) if field.name in frame.columns}
    zone = str((result.scenario.get("city") or {}).get("time_zone") or "UTC")
    return RunLedger(
        **columns,
        hour=time["time"].dt.convert_time_zone(zone).dt.hour().to_numpy(),
        uses_mwh=_uses(result, time, _floats(ledger["consumption_mwh"])),
        generation_kg=_at(time, of_sources, "emissions_kg"),
        mean_kg_per_mwh=_floats(marginal["mean_kg_per_mwh"]),
        marginal_kg_per_mwh=_floats((marginal["below_kg_per_mwh"] + marginal["above_kg_per_mwh"]) / 2),
        figures={key: float(result.summary[key]) for key in EXPLAINED},
        demand_charge=float(result.table("months").select(pl.col("demand_charge").sum()).collect().item()),
    )


def _derived() -> dict[str, pl.Expr]:
    """Columns of the ledger that are sums of others."""
    own_loss = pl.col("loss_mwh").fill_null(0) - pl.col("grid_loss_mwh").fill_null(0)
    return {
        "stores_mwh": pl.col("storage_change_mwh") + own_loss - pl.col("arriving_mwh"),
        "stored_kg": pl.col("stock_change_kg") - pl.col("arriving_kg"),
    }


def _uses(result: Result, time: pl.DataFrame, consumption_mwh: Floats) -> dict[str, Floats]:
    """Energy by use; what cars charge and feed in stands apart from the line that nets them."""
    lines = result.table("sectors").with_columns(pl.col("gpc_code").cast(pl.String)).collect()
    uses = {
        str(code): _at(time, part, "energy_mwh")
        for (code,), part in lines.group_by("gpc_code", maintain_order=True)
        if not str(code).endswith(_LOSSES)
    }
    for line, (charged, fed_in) in _cars(result, time).items():
        if line in uses:
            uses[line] = uses[line] - charged + fed_in
            uses[CHARGING] = uses.get(CHARGING, np.zeros(time.height)) + charged
            uses[V2G] = uses.get(V2G, np.zeros(time.height)) - fed_in
    uses[OTHER_USES] = consumption_mwh - sum(uses.values(), np.zeros(time.height))
    return {name: values for name, values in uses.items() if np.abs(values).sum() > _LEAST_MWH * time.height}


def _cars(result: Result, time: pl.DataFrame) -> dict[str, tuple[Floats, Floats]]:
    """What cars charge and feed in [MWh], by the GPC line that nets them."""
    lines = {
        str(name): f"{asset['gpc_code']}{_ENERGY_USED}"
        for name, asset in result.manifest.get("assets", {}).items()
        if asset.get("vehicles")
    }
    name = pl.col("consumer").cast(pl.String)
    rows = result.table("consumers").filter(name.is_in(list(lines))).with_columns(name.replace(lines).alias("line"))
    sums = rows.group_by("line", "time").agg(pl.col("energy_mwh", "returned_mwh").sum()).collect()
    return {
        str(line): (_at(time, part, "energy_mwh"), _at(time, part, "returned_mwh"))
        for (line,), part in sums.group_by("line")
    }


def _at(time: pl.DataFrame, rows: pl.DataFrame, column: str) -> Floats:
    """A column at each time; 0 where there is no row."""
    return _floats(time.join(rows.select("time", column), on="time", how="left", maintain_order="left")[column])


def _floats(values: pl.Series) -> Floats:
    return values.cast(pl.Float64).fill_null(0.0).to_numpy()
