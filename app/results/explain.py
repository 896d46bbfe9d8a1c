"""Where every key figure comes from: SQL over the tables of the result, which anyone can run again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

import polars as pl

from app.results.folder import TABLES, Result
from app.results.provenance import Why
from carbon.tracing.convention_names import WATER_TANK, in_words
from grid.errors import InputError, nearest

CARBON_KEY = re.compile(r"emissions|carbon|ci_|cue|g_per_km|cost|avoided|^conventions\.")


@dataclass(frozen=True)
class _Formula:
    unit: str
    sql: str
    meaning: str
    data_centre: str | None = None
    convention: str | None = None

    @property
    def of(self) -> str | None:
        """The data centre or convention whose rows it reads."""
        return self.data_centre or self.convention


@cache
def _formulae() -> dict[str, dict[str, dict[str, str]]]:
    """The formulae of the key figures, and of those of each data centre and each convention."""
    import yaml  # noqa: PLC0415  only where a figure is explained

    loaded: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(
        (resources.files("app.results") / "formulae.yaml").read_text("utf-8")
    )
    return loaded


def why(result: Result, name: str) -> Why:
    """The account of a key figure.

    Args:
        result: The result.
        name: A key of its summary.

    Raises:
        InputError: If there is no such key.
    """
    if name not in result.summary:
        raise InputError.single("NAME", "no such key figure", name, nearest(name, result.summary))
    formula = _formula(name)
    manifest = result.manifest
    reads = [
        table for table in (*TABLES, "data_centre", "convention", "run") if re.search(rf"\b{table}\b", formula.sql)
    ]
    return Why(
        name=name,
        value=result.summary[name],
        unit=str(manifest["currency"]) if formula.unit == "currency" else formula.unit,
        formula=formula.sql,
        meaning=formula.meaning,
        convention=str(manifest["convention"]) if formula.convention is None else in_words(formula.convention),
        inputs={table: _origin(result, table, formula.of) for table in reads},
        factors=tuple(manifest["factors"]) if CARBON_KEY.search(name) else (),
        scenario_hash=result.scenario_hash,
        code_version=str(manifest["versions"]["gridcarbon"]),
    )


def recompute(result: Result, name: str) -> float | None:
    """Runs the formula of a key figure again; None where there is nothing to count."""
    formula = _formula(name)
    tables = {table: result.table(table) for table in TABLES}
    kinds = pl.LazyFrame([{"branch": b["name"], "kind": b["kind"]} for b in result.topology["branches"]])
    tables["branches"] = tables["branches"].with_columns(pl.col("branch").cast(pl.String)).join(kinds, on="branch")
    tables["run"] = pl.LazyFrame([_run(result)])
    if formula.data_centre is not None:
        tables["data_centre"] = tables["data_centres"].filter(pl.col("name").cast(pl.String) == formula.data_centre)
    if formula.convention is not None:
        tables["convention"] = tables["convention_ledgers"].filter(
            pl.col("convention").cast(pl.String) == formula.convention, pl.col("stores").cast(pl.String) == WATER_TANK
        )
    value = pl.SQLContext(tables).execute(formula.sql).collect().item()
    return None if value is None or value != value else float(value)  # noqa: PLR0124  NaN is unequal to itself


def _formula(name: str) -> _Formula:
    formulae = _formulae()
    if name in formulae["summary"]:
        return _Formula(**formulae["summary"][name])
    table, _, rest = name.partition(".")
    of, _, key = rest.rpartition(".")
    if table == "data_centres" and key in formulae["data_centre"]:
        return _Formula(**formulae["data_centre"][key], data_centre=of)
    if table == "conventions" and key in formulae["convention"]:
        return _Formula(**formulae["convention"][key], convention=of)
    raise InputError.single("NAME", "no formula is known for this key figure", name)


def _run(result: Result) -> dict[str, float]:
    """What the formulae need that stands in no table."""
    ledger, hours = result.table("ledger"), float(result.summary["step_hours"])
    months = ledger.group_by(pl.col("time").dt.truncate("1mo")).agg(pl.col("import_mwh").max())
    peaks = float(months.select(pl.col("import_mwh").sum()).collect().item() or 0.0) / hours
    return {
        "step_hours": hours,
        "stock_gain_mwh": float(result.summary["stock_gain_mwh"]),
        "heat_pump_heat_mwh": float(result.summary["heat_pump_heat_mwh"]),
        "carbon_price_per_t": float(result.scenario["dispatch"]["carbon_price_per_t"]),
        "demand_charge": float(result.scenario["tariff"]["demand_charge_per_mw_month"]) * peaks,
    }


def _origin(result: Result, table: str, of: str | None) -> str:
    if table == "run":
        return "scenario.yaml and summary.json: " + ", ".join(f"{k} = {v:g}" for k, v in _run(result).items())
    if table == "data_centre":
        return f"rows of data_centres.parquet whose name is {of}"
    if table == "convention":
        return f"row of convention_ledgers.parquet whose convention is {of} and whose stores are a {WATER_TANK}"
    rows = result.table(table).select(pl.len()).collect().item()
    return f"{table}.parquet, {rows:,} rows"
