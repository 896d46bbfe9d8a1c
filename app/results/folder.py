"""A result: a folder of Parquet and JSON, written whole or not at all.

================  ==========================================================================================
file              holds
================  ==========================================================================================
scenario.yaml     the scenario that ran, with every default filled in
manifest.json     scenario hash, status, versions, factor sets, data licences, notes, seconds per phase
summary.json      the key figures, one level, units in the names
topology.json     buses and branches with their districts and coordinates, for maps
``*.parquet``     one table each, columns as in `TABLES`
================  ==========================================================================================
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from app.results.convention_columns import CONVENTION_TABLES
from grid.errors import Fault, InputError

TIME = pl.Datetime("us", "UTC")
TABLES: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "buses": {"time": TIME, "bus": pl.Categorical, "vm_pu": pl.Float64, "ci_kg_per_mwh": pl.Float64,
              "renewable_share": pl.Float64, "carbon_free_share": pl.Float64},
    "branches": {"time": TIME, "branch": pl.Categorical, "kind": pl.Categorical, "p_from_mw": pl.Float64,
                 "p_to_mw": pl.Float64, "loading_percent": pl.Float64},
    "assets": {"time": TIME, "asset": pl.Categorical, "bus": pl.Categorical, "p_mw": pl.Float64, "e_mwh": pl.Float64,
               "ci_kg_per_mwh": pl.Float64, "q_mvar": pl.Float64},
    "sectors": {"time": TIME, "gpc_code": pl.Categorical, "energy_mwh": pl.Float64, "emissions_kg": pl.Float64,
                "carbon_free_mwh": pl.Float64},
    "sessions": {"fleet": pl.Categorical, "vehicle": pl.Int64, "vehicle_class": pl.Categorical,
                 "place": pl.Categorical, "bus": pl.Categorical, "start": TIME, "end": TIME, **dict.fromkeys((
                     "energy_kwh", "v2g_kwh", "requested_kwh", "emissions_kg", "charged_kg", "v2g_kg",
                     "charged_g_per_kwh", "driven_km", "driven_kg", "g_per_km"), pl.Float64)},
    "vehicle_classes": {"vehicle_class": pl.Categorical, "sessions": pl.Int64, **dict.fromkeys((
        "energy_kwh", "v2g_kwh", "emissions_kg", "charged_kg", "driven_km", "driven_kg", "charged_g_per_kwh",
        "net_g_per_kwh", "g_per_km"), pl.Float64)},
    "charging_hours": {"place": pl.Categorical, "hour": pl.Int64, **dict.fromkeys((
        "energy_kwh", "v2g_kwh", "charged_kg", "v2g_kg", "charged_g_per_kwh"), pl.Float64)},
    "v2g_credit": {"vehicle_class": pl.Categorical, "reference": pl.Categorical, **dict.fromkeys((
        "energy_mwh", "replaced_kg", "released_kg", "wear_kg", "avoided_kg"), pl.Float64)},
    "hydrogen": {"time": TIME, "station": pl.Categorical, **dict.fromkeys((
        "electricity_mwh", "fed_in_mwh", "refuelled_kg", "emissions_kg", "emissions_kg_per_kg", "tank_kg",
        "tank_kg_per_kg"), pl.Float64)},
    "hydrogen_stations": {"station": pl.Categorical, **dict.fromkeys((
        "electricity_mwh", "fed_in_mwh", "refuelled_kg", "emissions_kg", "emissions_kg_per_kg", "tank_kg_per_kg"),
        pl.Float64)},
    "marginal": {"time": TIME, "below_kg_per_mwh": pl.Float64, "above_kg_per_mwh": pl.Float64, "tie": pl.Boolean,
                 "mean_kg_per_mwh": pl.Float64},
    "nodal": {"time": TIME, "bus": pl.Categorical, **dict.fromkeys((
        "price_per_mwh", "marginal_below_kg_per_mwh", "marginal_above_kg_per_mwh", "dispatch_marginal_kg_per_mwh"),
        pl.Float32)},
    "data_centres": {"time": TIME, "name": pl.Categorical, "p_it_mw": pl.Float64, "p_cooling_mw": pl.Float64,
                     "p_power_chain_mw": pl.Float64, "p_total_mw": pl.Float64, "pue": pl.Float64,
                     "water_l": pl.Float64, "ci_kg_per_mwh": pl.Float64, "tests_kg": pl.Float64},
    "fuels": {"time": TIME, **dict.fromkeys(("asset", "use", "gpc_code", "fuel"), pl.Categorical), **dict.fromkeys((
        "energy_mwh", "emissions_kg", "biogenic_kg"), pl.Float64)},
    "violations": {"time": TIME, "element": pl.Categorical, "quantity": pl.Categorical, "value": pl.Float64,
                   "limit": pl.Float64},
    "city": {"time": TIME, "import_mw": pl.Float64, "export_mw": pl.Float64, "generation_mw": pl.Float64,
             "consumption_mw": pl.Float64, "loss_mw": pl.Float64, "storage_mw": pl.Float64,
             "emissions_kg": pl.Float64, "ci_kg_per_mwh": pl.Float64, "import_ci_kg_per_mwh": pl.Float64,
             "import_price_per_mwh": pl.Float64},
    "ledger": {"time": TIME, **dict.fromkeys((
        "hours", "generation_mwh", "import_mwh", "arriving_mwh", "consumption_mwh", "export_mwh", "loss_mwh",
        "storage_change_mwh", "renewable_mwh", "curtailed_mwh", "source_kg", "arriving_kg", "consumption_kg",
        "vehicle_kg", "loss_kg", "fuel_kg", "standing_kg", "export_kg", "stock_change_kg", "carbon_error_kg",
        "import_price_per_mwh", "export_price_per_mwh", "wear_cost", "forgone_value",
        "carbon_cost", "stock_gain_mwh", "heat_mwh"), pl.Float64)},
    "months": {"month": TIME, "peak_import_mw": pl.Float64, "demand_charge": pl.Float64},
    "sources": {"time": TIME, "source": pl.Categorical, "energy_mwh": pl.Float64, "emissions_kg": pl.Float64},
    **CONVENTION_TABLES,
}  # fmt: skip
"""Columns of every table; rows are sorted by time, then element."""


def in_columns(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A table with exactly its columns, in their order and of their types, from a frame that has them."""
    return frame.select(pl.col(column).cast(dtype) for column, dtype in TABLES[name].items())


@dataclass(frozen=True)
class Result:
    """A result folder that has been opened.

    Args:
        path: The folder.
        manifest: Makes the contents of ``manifest.json``, when the tables are written.
        summary: Contents of ``summary.json``.
    """

    path: Path
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name, by which the dashboard lists the result."""
        return self.path.name

    @property
    def scenario_hash(self) -> str:
        """SHA-256 of the canonical scenario."""
        return str(self.manifest["scenario_hash"])

    @cached_property
    def scenario(self) -> Mapping[str, Any]:
        """The scenario that ran, as read from ``scenario.yaml``."""
        import yaml  # noqa: PLC0415  only needed where a scenario is shown

        loaded: Mapping[str, Any] = yaml.safe_load((self.path / "scenario.yaml").read_text(encoding="utf-8"))
        return loaded

    @cached_property
    def topology(self) -> Mapping[str, Any]:
        """``{"buses": [{name, zone, vn_kv, x, y}], "branches": [{name, kind, from_bus, to_bus}]}``."""
        loaded: Mapping[str, Any] = json.loads((self.path / "topology.json").read_text(encoding="utf-8"))
        return loaded

    def table(self, name: str) -> pl.LazyFrame:
        """One of `TABLES`, lazily read."""
        return pl.scan_parquet(self.path / f"{name}.parquet")


def open_result(path: Path) -> Result:
    """The result in the folder `path`.

    Raises:
        InputError: If the folder is missing, incomplete or cannot be read.
    """
    wanted = [
        "scenario.yaml",
        "manifest.json",
        "summary.json",
        "topology.json",
        *(f"{name}.parquet" for name in TABLES),
    ]
    if not path.is_dir():
        raise InputError.single(str(path), "no such folder")
    missing = [Fault(str(path / name), "is missing: not a complete result") for name in wanted
               if not (path / name).is_file()]  # fmt: skip
    if missing:
        raise InputError(missing, str(path))
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError.single(str(path), f"cannot be read: {error}") from error
    return Result(path, manifest, summary)


def find_results(path: Path, tell: Callable[[str], None] | None = None) -> dict[str, Result]:
    """All results at `path`, which is a result or a folder of them, by name; `unmanaged` first.

    Args:
        path: The folder. Hidden folders in it, such as those of results that are being written, are no results.
        tell: Told of each damaged result that is left out because there are others.

    Raises:
        InputError: If there is no result, or none that can be opened.
    """
    if (path / "manifest.json").is_file():
        return {path.name: open_result(path)}
    if not path.is_dir():
        raise InputError.single(str(path), "no such folder")
    folders = sorted(
        (
            folder
            for folder in path.iterdir()
            if not folder.name.startswith(".") and (folder / "manifest.json").is_file()
        ),
        key=lambda folder: (folder.name != "unmanaged", folder.name),
    )
    if not folders:
        raise InputError.single(str(path), "holds no result; make one with `gridcarbon run` or `gridcarbon demo`")
    found, damaged = {}, []
    for folder in folders:
        try:
            found[folder.name] = open_result(folder)
        except InputError as error:
            damaged.append(error)
    if not found:
        raise InputError([fault for each in damaged for fault in each.faults], str(path))
    for each in damaged:
        if tell is not None:
            tell(f"left out: {each}")
    return found


def write_result(
    path: Path,
    *,
    scenario_yaml: str,
    manifest: Callable[[], Mapping[str, Any]],
    summary: Callable[[Callable[[str], pl.LazyFrame]], Mapping[str, Any]],
    topology: Mapping[str, Any],
    tables: Mapping[str, Callable[[], pl.DataFrame]],
) -> Result:
    """Writes a result into a temporary folder beside `path`, then renames it: whole or not at all.

    Args:
        path: The result folder; must not exist or be empty.
        scenario_yaml: The resolved scenario.
        manifest: Makes the contents of ``manifest.json``, when the tables are written.
        summary: Makes the contents of ``summary.json`` from the tables as written, which it gets by name.
        topology: Contents of ``topology.json``.
        tables: Makes each of `TABLES`, with exactly their columns; one after the other, so that none stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        (draft / "scenario.yaml").write_text(scenario_yaml, encoding="utf-8")
        for name in TABLES:
            in_columns(name, tables[name]()).write_parquet(draft / f"{name}.parquet", compression="zstd")
        key_figures = summary(lambda name: pl.scan_parquet(draft / f"{name}.parquet"))
        for name, content in (("manifest", manifest()), ("summary", key_figures), ("topology", topology)):
            text = json.dumps(content, indent=None if name == "topology" else 2, allow_nan=False)
            (draft / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        draft.chmod(0o755)
        os.replace(draft, path)  # noqa: PTH105  replaces an empty folder, which Path.rename promises only on POSIX
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return open_result(path)
