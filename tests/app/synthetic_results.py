"""Writes small result folders whose tables and key figures agree, without running a simulation."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from app.results.columns import TABLES
from app.results.folder import Result, write_result
from app.results.key_figures import summarise
from app.results.tables.hydrogen import of_stations
from app.results.tables.vehicles import vehicle_classes
from tests.app.synthetic_conventions import MOVED, convention_tables
from tests.app.synthetic_marginal import marginal_table

START = dt.datetime(2030, 6, 3, tzinfo=dt.UTC)
N_STEPS, STEP_HOURS, N_BUSES, N_FEEDERS = 192, 0.25, 40, 4
FLEET, DATA_CENTRE, DC_BUS = "homes", "north", "Bus 20"
SECTORS = {"I.1.2": 0.45, "I.2.2": 0.35, "I.3.2": 0.20}
LIMITS = {"vm_min_pu": 0.98, "vm_max_pu": 1.05, "line_loading_max_percent": 60.0, "trafo_loading_max_percent": 100.0}

Array = np.ndarray[Any, np.dtype[np.float64]]


def write_synthetic(folder: Path, strategy: str, *, with_devices: bool = True) -> Result:
    """A city of 40 buses, 39 lines and 2 transformers over two days; without devices, no cars and no data centre."""
    names, parents, topology = _grid()
    hours = (np.arange(N_STEPS) * STEP_HOURS) % 24
    import_ci = 380 - 90 * np.exp(-(((hours - 12) / 4) ** 2)) + 40 * np.cos((hours - 19) / 24 * 2 * math.pi)
    size = np.where(np.arange(N_BUSES) < 2, 0.0, 0.6 + 0.4 * np.cos(np.arange(N_BUSES)))
    day = 0.55 + 0.25 * np.exp(-(((hours - 8) / 2.5) ** 2)) + 0.45 * np.exp(-(((hours - 18.5) / 3) ** 2))
    load = day[:, None] * size[None, :] * 0.35
    sun = np.where((hours > 4) & (hours < 18.5), np.sin((hours - 4) / 14.5 * math.pi) ** 2, 0)
    pv = sun[:, None] * size[None, :] * 0.22
    ev = with_devices * _ev_power(hours, strategy)[:, None] * size[None, :] / size.sum()
    p_it = 0.6 + 0.1 * np.sin((hours - 10) / 24 * 2 * math.pi)
    pue = 1.24 + 0.07 * np.sin((hours - 9) / 24 * 2 * math.pi)
    facility = with_devices * p_it * pue
    demand = load + ev + np.outer(facility, np.arange(N_BUSES) == names.index(DC_BUS))
    flow, pv_below = _below(demand - pv, parents), _below(pv, parents)
    rating = _ratings(parents, load.max(axis=0) + _ev_power(hours, "unmanaged").max() * size / size.sum())
    vm = _voltages(flow, parents)
    share = np.clip(0.35 + 0.6 * pv_below / np.maximum(pv_below + np.maximum(flow, 0), 1e-9), 0, 1)
    ci = import_ci[:, None] * (1 - (share - 0.35) / 0.65)
    times = _times()
    tables = {
        "buses": _long(times, "bus", names, vm_pu=vm, ci_kg_per_mwh=ci, renewable_share=share, carbon_free_share=share),
        "branches": _branches(times, topology, flow, rating),
        "sectors": _sectors(times, load, ev, facility, ci),
        **_devices(times, names, size, ev, ci, p_it, pue, strategy, with_devices=with_devices),
    }
    tables["violations"] = _violations(tables["branches"], tables["buses"])
    tables["city"] = _city(times, hours, demand.sum(1), pv.sum(1), import_ci, tables["sectors"])
    tables["ledger"] = _ledger(tables["city"])
    tables["marginal"] = marginal_table(times, import_ci)
    tables["nodal"] = _nodal(times, names, ci, strategy)
    tables |= convention_tables(tables["sectors"])
    for name in TABLES:
        tables.setdefault(name, pl.DataFrame(schema=TABLES[name]))
    return write_result(
        folder, scenario_yaml=_scenario_yaml(strategy), manifest=lambda: _manifest(strategy), topology=topology,
        tables={name: partial(pl.DataFrame, frame) for name, frame in tables.items()},
        summary=lambda table: {**summarise(table), **_summary(tables, strategy, with_devices=with_devices)},
    )  # fmt: skip


def _below(power: np.ndarray, parents: list[int]) -> np.ndarray:
    """Sum of what happens at each bus and below it in the tree, shape (T, B)."""
    total = power.copy()
    for bus in range(N_BUSES - 1, 1, -1):
        total[:, parents[bus]] += total[:, bus]
    return total


def _voltages(flow: np.ndarray, parents: list[int]) -> np.ndarray:
    vm = np.full((N_STEPS, N_BUSES), 1.02)
    for bus in range(2, N_BUSES):
        vm[:, bus] = vm[:, parents[bus]] - 0.0035 * flow[:, bus]
    return vm


def _city(
    times: pl.Series, hours: np.ndarray, demand: np.ndarray, generation: np.ndarray, import_ci: np.ndarray,
    sectors: pl.DataFrame,
) -> pl.DataFrame:  # fmt: skip
    loss = 0.02 * demand
    net = demand + loss - generation
    emissions = sectors.group_by("time").agg(pl.col("emissions_kg").sum()).sort("time")["emissions_kg"]
    return pl.DataFrame({
        "time": times, "import_mw": np.maximum(net, 0), "export_mw": np.maximum(-net, 0), "generation_mw": generation,
        "consumption_mw": demand, "loss_mw": loss, "storage_mw": 0.3 * np.sin(hours / 24 * 2 * math.pi),
        "emissions_kg": emissions,
        "ci_kg_per_mwh": emissions.to_numpy() / ((demand + loss) * STEP_HOURS),
        "import_ci_kg_per_mwh": import_ci, "import_price_per_mwh": 60 + 0.1 * import_ci,
    })  # fmt: skip


def _times() -> pl.Series:
    end = START + dt.timedelta(hours=STEP_HOURS * (N_STEPS - 1))
    return pl.datetime_range(START, end, "15m", eager=True).cast(pl.Datetime("us", "UTC"))


def _grid() -> tuple[list[str], list[int], dict[str, Any]]:
    """Names, parents and topology of four feeders that fan out from one busbar, with one ring closed."""
    names, parents = ["HV Bus", "MV Busbar"], [0, 0]
    buses = [{"name": "HV Bus", "zone": "Substation", "vn_kv": 110.0, "x": 11.40, "y": 53.640},
             {"name": "MV Busbar", "zone": "Substation", "vn_kv": 10.0, "x": 11.40, "y": 53.638}]  # fmt: skip
    branches = [{"name": f"Transformer {k}", "kind": "trafo", "from_bus": "HV Bus", "to_bus": "MV Busbar"}
                for k in (1, 2)]  # fmt: skip
    for bus in range(2, N_BUSES):
        feeder, depth = (bus - 2) % N_FEEDERS, (bus - 2) // N_FEEDERS
        parents.append(1 if depth == 0 else bus - N_FEEDERS)
        names.append(f"Bus {bus}")
        angle = feeder * math.pi / 2 + 0.4 + 0.05 * depth * math.sin(feeder + depth)
        radius = 0.006 * (depth + 1)
        buses.append({"name": names[-1], "zone": f"Feeder {feeder + 1}", "vn_kv": 10.0,
                      "x": 11.40 + radius * math.cos(angle) * 1.6, "y": 53.638 + radius * math.sin(angle)})  # fmt: skip
        branches.append({"name": f"Line {bus}", "kind": "line", "from_bus": names[parents[-1]], "to_bus": names[-1]})
    branches.append({"name": "Ring line", "kind": "line", "from_bus": names[-1], "to_bus": names[-2]})
    return names, parents, {"buses": buses, "branches": branches}


def _ratings(parents: list[int], peak: Array) -> Array:
    """A rating of the branch into each bus [MW]: roomy, but every eleventh is too small for cars in the evening."""
    below = peak.copy()
    for bus in range(N_BUSES - 1, 1, -1):
        below[parents[bus]] += below[bus]
    below = np.maximum(below / 0.55, 0.3)
    below[6::11] *= 0.75
    return below


def _ev_power(hours: Array, strategy: str) -> Array:
    """Power of the whole fleet [MW]; about the same energy whatever the strategy, V2G in the evening if optimal."""
    evening = np.exp(-(((hours - 17.5) / 1.8) ** 2))
    if strategy == "unmanaged":
        return 3.0 * evening
    night = np.exp(-(((hours - 2) / 2.0) ** 2))
    noon = np.exp(-(((hours - 11.5) / 2.2) ** 2))
    return 1.4 * night + 1.7 * noon - 0.8 * evening


def _long(times: pl.Series, column: str, names: list[str], **values: Array) -> pl.DataFrame:
    n = len(names)
    return pl.DataFrame({
        "time": times.gather(np.repeat(np.arange(len(times)), n)),
        column: names * len(times),
        **{name: array.reshape(-1) for name, array in values.items()},
    })  # fmt: skip


def _ledger(city: pl.DataFrame) -> pl.DataFrame:
    """The energies of the city's powers; carbon as far as the city's table has it."""
    names = ("generation", "import", "consumption", "export", "loss")
    known = {f"{name}_mwh": pl.col(f"{name}_mw") * STEP_HOURS for name in names}
    known |= {"hours": pl.lit(STEP_HOURS), "storage_change_mwh": pl.col("storage_mw") * STEP_HOURS,
              "consumption_kg": pl.col("emissions_kg"), "source_kg": pl.col("emissions_kg"),
              "import_price_per_mwh": pl.col("import_price_per_mwh")}  # fmt: skip
    columns = [name for name in TABLES["ledger"] if name != "time"]
    return city.select("time", *(known.get(name, pl.lit(0.0)).alias(name) for name in columns))


def _branches(times: pl.Series, topology: dict[str, Any], flow: Array, rating: Array) -> pl.DataFrame:
    trafo, ring = flow[:, [1, 1]] / 2, 0.02 * flow[:, [N_BUSES - 1]]
    p_from = np.hstack([trafo, flow[:, 2:], ring])
    limit = np.concatenate([np.repeat(rating[1], 2), rating[2:], [0.5]])
    frame = _long(times, "branch", [branch["name"] for branch in topology["branches"]], p_from_mw=p_from,
                  p_to_mw=0.02 * np.abs(p_from) - p_from, loading_percent=100 * np.abs(p_from) / limit)  # fmt: skip
    return frame.with_columns(kind=pl.Series([branch["kind"] for branch in topology["branches"]] * len(times)))


def _sectors(times: pl.Series, load: Array, ev: Array, facility: Array, ci: Array) -> pl.DataFrame:
    consumers = {code: (load * share, ci) for code, share in SECTORS.items()}
    consumers["II.1.2"] = (ev, ci)
    home, shops = consumers["I.1.2"][0], consumers["I.2.2"][0].copy()
    shops[:, int(DC_BUS.split()[1])] += facility
    consumers["I.2.2"] = (shops, ci)
    consumers["I.1.3"] = (0.02 * (home + shops), ci)
    return _long(
        times, "gpc_code", list(consumers),
        energy_mwh=np.stack([(p * STEP_HOURS).sum(1) for p, _ in consumers.values()], axis=1),
        emissions_kg=np.stack([(p * w * STEP_HOURS).sum(1) for p, w in consumers.values()], axis=1),
        carbon_free_mwh=np.full((N_STEPS, len(consumers)), np.nan),
    )  # fmt: skip


def _devices(
    times: pl.Series, names: list[str], size: Array, ev: Array, ci: Array, p_it: Array, pue: Array, strategy: str,
    *, with_devices: bool,
) -> dict[str, pl.DataFrame]:  # fmt: skip
    if not with_devices:
        return {}
    columns = list(TABLES["assets"])
    fed_in, fed_ci = np.maximum(-ev, 0.0), np.where(ev < 0, ci, np.nan)
    cars = _long(times, "bus", names, p_mw=ev, drawn_mw=ev + fed_in, fed_in_mw=fed_in, e_mwh=np.abs(ev),
                 ci_kg_per_mwh=ci, fed_in_ci_kg_per_mwh=fed_ci)  # fmt: skip
    cars = cars.with_columns(asset=pl.lit(FLEET), q_mvar=pl.lit(0.0)).select(columns)
    total = p_it * pue
    unknown = pl.Series([None] * N_STEPS, dtype=pl.Float64)
    dc = pl.DataFrame({"time": times, "asset": DATA_CENTRE, "bus": DC_BUS, "p_mw": total, "drawn_mw": total,
                       "fed_in_mw": 0.0, "fed_in_ci_kg_per_mwh": unknown, "e_mwh": unknown, "q_mvar": 0.0,
                       "ci_kg_per_mwh": ci[:, names.index(DC_BUS)]}).select(columns)  # fmt: skip
    centres = pl.DataFrame({"time": times, "name": DATA_CENTRE, "p_it_mw": p_it,
                            "p_cooling_mw": p_it * (pue - 1) * 0.7, "p_power_chain_mw": p_it * (pue - 1) * 0.3,
                            "p_total_mw": total, "pue": pue,
                            "water_l": p_it * 1000 * STEP_HOURS * 6 * np.maximum(pue - 1.2, 0),
                            "ci_kg_per_mwh": ci[:, names.index(DC_BUS)], "tests_kg": 0.0})  # fmt: skip
    n, rng = 240, np.random.default_rng(2030)
    energy, km = rng.gamma(4, 3, n), rng.gamma(6, 6, n)
    base, spread = (345.0, 18.0) if strategy == "unmanaged" else (285.0, 30.0)
    grams = energy * rng.normal(base, spread, n)
    start = [START + dt.timedelta(hours=float(h)) for h in rng.uniform(14, 40, n)]
    sessions = pl.DataFrame({
        "fleet": FLEET, "vehicle": np.arange(n),
        "vehicle_class": np.where(np.arange(n) % 4 == 0, "van", "medium"),
        "place": np.where(np.arange(n) % 5 == 0, "work", "home"),
        "bus": [names[2 + int(k) % (N_BUSES - 2)] for k in range(n)], "start": start,
        "end": [moment + dt.timedelta(hours=7) for moment in start], "energy_kwh": energy,
        "v2g_kwh": np.zeros(n) if strategy == "unmanaged" else energy * 0.1, "requested_kwh": energy,
        "owed_kwh": 0 * energy, "emissions_kg": 0.9 * grams / 1000, "charged_kg": grams / 1000,
        "v2g_kg": 0.1 * grams / 1000, "charged_g_per_kwh": grams / energy, "driven_km": km,
        "driven_kg": 0.17 * km * grams / energy / 1000, "g_per_km": 0.17 * grams / energy,
    })  # fmt: skip
    assets = pl.concat([cars, dc]).sort("time", "asset", "bus", maintain_order=True)
    return {
        "sessions": sessions.sort("start"), "assets": assets, "data_centres": centres,
        "vehicle_classes": vehicle_classes(sessions), "charging_hours": _charging_hours(), "hydrogen": _hydrogen(times),
        "hydrogen_stations": of_stations(_hydrogen(times)), "v2g_credit": _v2g_credit(strategy),
        "fuels": pl.DataFrame(schema=TABLES["fuels"]),
    }  # fmt: skip


def _nodal(times: pl.Series, names: list[str], ci: Array, strategy: str) -> pl.DataFrame:
    """Prices only where something was optimised."""
    price, below = np.full_like(ci, np.nan) if strategy == "unmanaged" else 100 + 0.1 * ci, 600 + 0.1 * ci
    return _long(times, "bus", names, price_per_mwh=price, penalty_per_mwh=0 * price, marginal_below_kg_per_mwh=below,
                 marginal_above_kg_per_mwh=50 + below, dispatch_marginal_kg_per_mwh=price)  # fmt: skip


def _charging_hours() -> pl.DataFrame:
    hours = [(place, hour) for place in ("home", "work") for hour in (7, 12, 18, 23)]
    ci = np.array([300.0 + 5 * hour for _, hour in hours])
    return pl.DataFrame({
        "place": [place for place, _ in hours], "hour": [hour for _, hour in hours], "energy_kwh": 100.0,
        "v2g_kwh": 0.0, "charged_kg": 0.1 * ci, "v2g_kg": 0.0, "charged_g_per_kwh": ci,
    })  # fmt: skip


def _hydrogen(times: pl.Series) -> pl.DataFrame:
    n = len(times)
    per_kg = 25 + np.sin(np.arange(n) / 20)
    return pl.DataFrame({
        "time": times, "station": ["depot"] * n, "electricity_mwh": 0.3, "fed_in_mwh": 0.0, "refuelled_kg": 2.0,
        "emissions_kg": 2 * per_kg, "emissions_kg_per_kg": per_kg, "tank_kg": 300.0, "tank_kg_per_kg": per_kg,
    })  # fmt: skip


def _v2g_credit(strategy: str) -> pl.DataFrame:
    fed = 0.0 if strategy == "unmanaged" else 0.3
    references = {"marginal": 700, "average": 400}
    rows = [(name, reference, ci) for name in ("medium", "van") for reference, ci in references.items()]
    return pl.DataFrame({
        "vehicle_class": [row[0] for row in rows], "reference": [row[1] for row in rows], "energy_mwh": fed,
        "replaced_kg": [fed * row[2] for row in rows], "released_kg": 350 * fed, "wear_kg": 28 * fed,
        "avoided_kg": [fed * (row[2] - 378) for row in rows],
    })  # fmt: skip


def _violations(branches: pl.DataFrame, buses: pl.DataFrame) -> pl.DataFrame:
    lines = branches.filter(~pl.col("branch").str.starts_with("Transformer"))
    loading = lines.filter(pl.col("loading_percent") > LIMITS["line_loading_max_percent"] + 0.2).select(
        "time", pl.col("branch").alias("element"), pl.lit("loading_percent").alias("quantity"),
        pl.col("loading_percent").alias("value"),
        pl.lit(LIMITS["line_loading_max_percent"]).alias("limit"))  # fmt: skip
    low = LIMITS["vm_min_pu"]
    voltage = buses.filter(pl.col("vm_pu") < low - 1e-4).select(
        "time", element="bus", quantity=pl.lit("vm_pu"), value="vm_pu", limit=low)  # fmt: skip
    return pl.concat([loading, voltage]).with_columns(phase=pl.lit(None, pl.String)).sort("time", "element")


def _scenario_yaml(strategy: str) -> str:
    limits = "\n".join(f"  {key}: {value}" for key, value in LIMITS.items())
    return (
        "schema_version: 1\nname: Synthetic town\ncurrency: EUR\n"
        "city: {network: invented, time_zone: Europe/Berlin}\n"
        "period: {start: 2030-06-03, days: 2, step_minutes: 15}\n"
        f"assets:\n- {{kind: ev_fleet, name: {FLEET}, vehicles: 240}}\n"
        f"data_centres:\n- {{name: {DATA_CENTRE}, bus: {DC_BUS}, p_it_rated_mw: 0.8}}\n"
        f"dispatch: {{strategy: {strategy}, carbon_price_per_t: 80}}\nlimits:\n{limits}\n"
    )


def _manifest(strategy: str) -> dict[str, Any]:
    return {
        "scenario_hash": hashlib.sha256(strategy.encode()).hexdigest(), "status": "done", "name": "Synthetic town",
        "strategy": strategy, "currency": "EUR", "boundary": "direct", "gas": "CO2e", "conventions": list(MOVED),
        "convention": "proportional sharing", "factors": [],
        "factor_sets": [
            {"name": "ipcc_ar5", "title": "IPCC AR5 WG3 Annex III", "source": "Schlömer et al., 2014, table A.III.2",
             "status": "verified"},
            {"name": "fuels", "title": "IPCC 2006 fuels", "source": "IPCC guidelines 2006, volume 2",
             "status": "unverified"}],
        "data_licences": ["Synthetic grid: made by the tests"], "notes": ["A synthetic town for tests of the pages."],
        "seconds": {"build": 0.1, "dispatch": 1.5, "power_flow": 0.02, "tracing": 0.01},
        "versions": {"gridcarbon": "0.1.0", "polars": pl.__version__},
    }  # fmt: skip


def _summary(tables: dict[str, pl.DataFrame], strategy: str, *, with_devices: bool) -> dict[str, Any]:
    city, cars = tables["city"], tables["assets"].filter(pl.col("asset") == FLEET) if with_devices else None
    energy = {name: float(city[f"{name}_mw"].sum() * STEP_HOURS)
              for name in ("consumption", "generation", "import", "export", "loss", "storage")}  # fmt: skip
    emissions_kg, centres = float(city["emissions_kg"].sum()), tables["data_centres"]
    charging = cars.filter(pl.col("p_mw") > 0) if cars is not None else None
    summary: dict[str, Any] = {
        "steps": N_STEPS, "step_hours": STEP_HOURS, "consumption_mwh": energy["consumption"],
        "generation_mwh": energy["generation"], "import_mwh": energy["import"], "export_mwh": energy["export"],
        "loss_mwh": energy["loss"], "storage_change_mwh": energy["storage"], "energy_balance_error_mwh": 0.0,
        "emissions_t": emissions_kg / 1000, "emissions_source_t": emissions_kg / 1000,
        "carbon_balance_error_kg": 1e-9,
        "ci_mean_g_per_kwh": emissions_kg / (energy["consumption"] + energy["loss"]),
        "renewable_share": float(tables["buses"]["renewable_share"].mean()),
        "ev_energy_mwh": None, "ev_ci_g_per_kwh": None, "v2g_energy_mwh": None, "pue_mean": None,
        "cost": 90.0 * energy["import"] + 0.08 * emissions_kg, "peak_import_mw": float(city["import_mw"].max()),
        "vm_min_pu": float(tables["buses"]["vm_pu"].min()), "vm_max_pu": float(tables["buses"]["vm_pu"].max()),
        "line_loading_max_percent": float(tables["branches"]["loading_percent"].max()),
        "trafo_loading_max_percent": 50.0, "violation_steps": tables["violations"]["time"].n_unique(),
    }  # fmt: skip
    if charging is not None and cars is not None:
        e_mwh = float(charging["p_mw"].sum() * STEP_HOURS)
        summary["ev_energy_mwh"] = e_mwh
        summary["ev_ci_g_per_kwh"] = float((charging["p_mw"] * charging["ci_kg_per_mwh"]).sum() * STEP_HOURS / e_mwh)
        summary["v2g_energy_mwh"] = float(cars.filter(pl.col("p_mw") < 0)["p_mw"].abs().sum() * STEP_HOURS)
        it_mwh, total_mwh = (float(centres[c].sum() * STEP_HOURS) for c in ("p_it_mw", "p_total_mw"))
        dc = tables["assets"].filter(pl.col("asset") == DATA_CENTRE)
        dc_kg = float((dc["p_mw"] * dc["ci_kg_per_mwh"]).sum() * STEP_HOURS)
        summary["pue_mean"] = total_mwh / it_mwh
        summary |= {f"data_centres.{DATA_CENTRE}.pue": total_mwh / it_mwh,
                    f"data_centres.{DATA_CENTRE}.wue_l_per_kwh": float(centres["water_l"].sum()) / it_mwh / 1000,
                    f"data_centres.{DATA_CENTRE}.cue_kg_per_kwh": dc_kg / it_mwh / 1000,
                    f"data_centres.{DATA_CENTRE}.energy_mwh": total_mwh,
                    f"data_centres.{DATA_CENTRE}.emissions_t": dc_kg / 1000}  # fmt: skip
    return summary
