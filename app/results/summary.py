"""The key figures of a run, with units in their names; what does not exist in a run is None."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from app.accounts.grid_elements import is_store
from app.results.tables import conventions, hydrogen, v2g
from app.simulation.phases import SimulationResult
from app.simulation.violations import violated_steps
from carbon.data_centre import MetricInputs, facility_totals, run_metrics
from carbon.data_centre.on_site import generator_tests
from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.units import KG_PER_T

Summary = dict[str, Any]


def summarise(outcome: SimulationResult) -> Summary:
    """The contents of ``summary.json``; see the section on the ledgers in the README for what each figure counts."""
    accounts, flow = outcome.accounts, outcome.flow
    energy, carbon = accounts.energy, accounts.carbon
    consumption, loss = energy.consumption_mwh.sum(), energy.loss_mwh.sum()
    emissions = carbon.emissions_kg.sum()
    kinds = np.array(flow.network.branches.kinds)
    loading, vm = flow.loading_percent(), flow.vm_pu()
    used = consumption + loss
    return {
        "steps": outcome.inputs.clock.n_steps,
        "step_hours": outcome.inputs.clock.step_hours,
        "consumption_mwh": float(consumption),
        "generation_mwh": float(energy.generation_mwh.sum()),
        "import_mwh": float(energy.import_mwh.sum()),
        "export_mwh": float(energy.export_mwh.sum()),
        "loss_mwh": float(loss),
        "storage_change_mwh": float(energy.storage_change_mwh.sum()),
        "energy_balance_error_mwh": accounts.energy_error_mwh,
        "emissions_t": float(emissions / KG_PER_T),
        "emissions_source_t": float(carbon.source_kg.sum() / KG_PER_T),
        "emissions_export_t": float(carbon.export_kg.sum() / KG_PER_T),
        "carbon_balance_error_kg": accounts.carbon_error_kg,
        **conventions.key_figures(accounts.conventions),
        "ci_mean_g_per_kwh": _ratio(emissions, used),
        "renewable_share": _ratio(carbon.renewable_mwh.sum(), consumption),
        **_vehicles(outcome),
        **v2g.avoided_t(v2g.avoided(outcome)),
        **hydrogen.key_figures(hydrogen.by_step(outcome)),
        "pue_mean": _pue_mean(outcome),
        "cost": cost(outcome),
        "peak_import_mw": float((energy.import_mwh / outcome.inputs.clock.step_hours).max()),
        "vm_min_pu": _extreme(np.nanmin, vm),
        "vm_max_pu": _extreme(np.nanmax, vm),
        "line_loading_max_percent": _extreme(np.nanmax, loading[:, kinds == "line"]),
        "trafo_loading_max_percent": _extreme(np.nanmax, loading[:, kinds == "trafo"]),
        "violation_steps": int(violated_steps(outcome).size),
        "failed_steps": int(flow.failed.sum()),
        "curtailed_mwh": float(curtailed_mwh(outcome).sum()),
        "stock_gain_mwh": stock_gain_mwh(outcome),
        "heat_pump_heat_mwh": _heat_pump_heat_mwh(outcome),
        **_data_centres(outcome),
    }


def cost(outcome: SimulationResult) -> float:
    """What the run costs [currency].

    AC-realised imports less exports, demand charge, wear, fuel, demand that went without at its value, and the price
    of the carbon of all sources, less the value of what the stores gained: mean import price × discharge efficiency,
    the same in all strategies.
    """
    inputs, accounts = outcome.inputs, outcome.accounts
    scenario = inputs.loaded.scenario
    energy = accounts.energy
    bought = (energy.import_mwh * inputs.import_price_per_mwh).sum()
    sold = (energy.export_mwh * inputs.export_price_per_mwh).sum()
    months = inputs.clock.times.astype("datetime64[M]")
    peaks = sum(float(energy.import_mwh[months == month].max()) for month in np.unique(months))
    demand = scenario.tariff.demand_charge_per_mw_month * peaks / inputs.clock.step_hours
    carbon = scenario.dispatch.carbon_price_per_t * accounts.carbon.source_kg.sum() / KG_PER_T
    spent = wear_cost(outcome).sum() + forgone_value(outcome).sum()
    gained = stock_gain_mwh(outcome) * inputs.import_price_per_mwh.mean()
    return float(bought - sold + demand + carbon + spent - gained)


def wear_cost(outcome: SimulationResult) -> Floats:
    """Wear and fuel of what feeds in, by step, shape (T,) [currency]."""
    return _by_step(outcome, lambda f, p_mw: np.maximum(-p_mw, 0.0) * f.per_slot(f.wear_cost_per_mwh))


def forgone_value(outcome: SimulationResult) -> Floats:
    """What users lose who go without energy that has a value to them, by step, shape (T,) [currency]."""
    valued = [f for f in outcome.inputs.flexibilities if f.value_per_mwh.any()]
    return _by_step(outcome, lambda f, p_mw: (f.unmanaged_power() - p_mw) * f.per_slot(f.value_per_mwh), valued)


def curtailed_mwh(outcome: SimulationResult) -> Floats:
    """Local generation that sun or wind offered and that was not fed in, by step, shape (T,) [MWh]."""
    factors = outcome.inputs.factors
    renewable = [
        f
        for f in outcome.inputs.flexibilities
        if f.technology is not None and f.reservoir is None and factors.renewable(f.technology)
    ]
    return _by_step(outcome, lambda f, p_mw: np.maximum(p_mw - f.unmanaged_power(), 0.0), renewable)


def stock_gain_mwh(outcome: SimulationResult) -> float:
    """What all stores hold more at the end than is due, as they would feed it in [MWh]."""
    return sum(_gain_mwh(f, outcome.p_mw[f.name]) for f in outcome.inputs.flexibilities if is_store(f))


def _by_step(
    outcome: SimulationResult,
    rate: Callable[[Flexibility, Floats], Floats],
    flexibilities: Sequence[Flexibility] | None = None,
) -> Floats:
    """A rate by slot, per hour, of some flexibilities (of all by default), summed to steps, shape (T,)."""
    total = np.zeros(outcome.inputs.clock.n_steps)
    for flexibility in outcome.inputs.flexibilities if flexibilities is None else flexibilities:
        total += flexibility.by_step(rate(flexibility, outcome.p_mw[flexibility.name]))
    return total * outcome.inputs.clock.step_hours


def _gain_mwh(flexibility: Flexibility, p_mw: Floats) -> float:
    """What its stores hold more at the end than is due, as they would feed it in [MWh]."""
    store = flexibility.reservoir
    if store is None:
        return 0.0
    last = flexibility.offsets[1:] - 1
    surplus = flexibility.energy_mwh(p_mw)[last] - store.e_end_mwh
    return float((surplus * flexibility.per_slot(store.eta_discharge)[last]).sum())


def _vehicles(outcome: SimulationResult) -> Summary:
    """Charging, V2G and the actual carbon coefficient of the cars."""
    trace = outcome.accounts.tracing.vehicles
    charged = trace.charge_meter_mwh.sum()
    km = g = 0.0
    stores, stocks = outcome.accounts.stores, outcome.accounts.tracing.stocks
    for flexibility in outcome.inputs.flexibilities:
        store = flexibility.reservoir
        if store is not None and store.mwh_per_km is not None and stocks is not None:
            at = stores.devices[flexibility.name]
            km += float((stocks.driven_mwh[at] / store.mwh_per_km).sum())
            g += float(stocks.driven_kg[at].sum()) * KG_PER_T
    if not charged and not km:
        return dict.fromkeys(("ev_energy_mwh", "ev_ci_g_per_kwh", "v2g_energy_mwh", "ev_driven_km", "ev_g_per_km"))
    return {
        "ev_energy_mwh": float(charged),
        "ev_ci_g_per_kwh": _ratio(trace.carbon.charge.sum(), charged),
        "v2g_energy_mwh": float(trace.discharge_meter_mwh.sum()),
        "ev_driven_km": km,
        "ev_g_per_km": _ratio(g, km),
    }


def _data_centres(outcome: SimulationResult) -> Summary:
    figures: Summary = {}
    node = outcome.flow.network.buses.node
    for load in outcome.inputs.data_centres:
        ci = outcome.accounts.tracing.ci_kg_per_mwh[:, node[load.bus]]
        ratios = facility_totals(outcome.facilities[load.name], np.nan_to_num(ci))
        emissions = None if ratios.emissions_kg is None else ratios.emissions_kg / KG_PER_T
        for key, value in (
            ("pue", ratios.pue),
            ("wue_l_per_kwh", ratios.wue_l_per_kwh),
            ("cue_kg_per_kwh", ratios.cue_kg_per_kwh),
            ("energy_mwh", ratios.energy_mwh),
            ("emissions_t", emissions),
        ):
            figures[f"data_centres.{load.name}.{key}"] = value
    return figures


def data_centre_metrics(outcome: SimulationResult) -> dict[str, dict[str, Any]]:
    """The indicators of ISO/IEC 30134 of every data centre, each with numerator, denominator and standard."""
    node, accounts = outcome.flow.network.buses.node, outcome.accounts
    found = {}
    for load in outcome.inputs.data_centres:
        spec, facility, at = load.model.spec, outcome.facilities[load.name], node[load.bus]
        own = [outcome.p_mw[asset.name] for asset in spec.on_site_assets if asset.name in outcome.p_mw]
        fed = sum(float(np.maximum(-p, 0.0).sum()) for p, asset in zip(own, spec.on_site_assets, strict=True)
                  if asset.kind == "pv")  # fmt: skip
        it_mwh = float(facility.p_it_mw.sum()) * facility.step_hours
        known = MetricInputs(
            ci_kg_per_mwh=np.nan_to_num(accounts.tracing.ci_kg_per_mwh[:, at]),
            renewable_share=np.nan_to_num(accounts.tracing.renewable_share[:, at]),
            owned_renewable_mwh=fed * facility.step_hours,
            reused_mwh=spec.heat_reuse_share * it_mwh,
            tests=generator_tests(spec.on_site.generators, outcome.inputs.clock),
        )
        found[load.name] = {name: asdict(metric) for name, metric in run_metrics(facility, known).items()}
    return found


def _heat_pump_heat_mwh(outcome: SimulationResult) -> float:
    """Heat that heat pumps made [MWh]."""
    pumps = [f for f in outcome.inputs.flexibilities if f.kind == "heat_pump"]
    return sum(float(f.gain_mwh(outcome.p_mw[f.name]).sum()) for f in pumps)


def _pue_mean(outcome: SimulationResult) -> float | None:
    """Facility energy per IT energy of all data centres together."""
    facilities = outcome.facilities.values()
    return _ratio(sum(f.p_total_mw.sum() for f in facilities), sum(f.p_it_mw.sum() for f in facilities))


def _ratio(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def _extreme(find: Any, values: Floats) -> float | None:
    return float(find(values)) if np.isfinite(values).any() else None
