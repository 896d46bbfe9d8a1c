"""Key figures of a run by the short way: the definitions of `app/results/key_figures.yaml` on one bus.

All power that enters the city in a step is taken to mix, so all that leaves it carries the same intensity: what the
nodal tracing says of each bus is not known. What the city answers for is what sources emit, less what exports carry
away and stationary stores gain, which is the balance of the carbon ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.accounts.grid_elements import UNKNOWN, is_store
from app.studies.estimate.reduced_run import AssetPower, ReducedRun
from grid.arrays import Floats, ratio
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of
from grid.units import KG_PER_T

Quantities = dict[str, float]
"""Key figures by key of the summary; those that do not exist in the run are left out."""


@dataclass(frozen=True, eq=False)
class _Mix:
    """What the city draws from, shape (T,) each.

    Args:
        import_mw: From the grid above [MW].
        export_mw: To the grid above [MW].
        generation_mw: Local sources [MW].
        local_kg_per_h: Their emissions [kg/h].
        ci_kg_per_mwh: Intensity of all that enters [kg/MWh].
        renewable_share: Its renewable share [1].
    """

    import_mw: Floats
    export_mw: Floats
    generation_mw: Floats
    local_kg_per_h: Floats
    ci_kg_per_mwh: Floats
    renewable_share: Floats


def quantities(run: ReducedRun) -> Quantities:
    """The key figures; empty where a step has no solution of the power flow."""
    if run.flow.failed.any():
        return {}
    mix, hours = _mix(run), run.inputs.clock.step_hours
    upstream = run.inputs.upstream
    between = (upstream.ci_marginal_below_kg_per_mwh + upstream.ci_marginal_above_kg_per_mwh) / 2
    source_kg = hours * (mix.import_mw * upstream.ci_kg_per_mwh + mix.local_kg_per_h)
    emissions_kg = float((source_kg - hours * mix.export_mw * mix.ci_kg_per_mwh).sum()) - _stored_kg(run, mix)
    consumed_mw = _consumed_mw(run)
    consumption, stores_lose = hours * float(consumed_mw.sum()), _lost_in_stores_mwh(run)
    grid_loss = hours * float(run.flow.loss_mw.sum())
    marginal_kg = hours * float(((mix.import_mw - mix.export_mw) * between + mix.local_kg_per_h).sum())
    found = {
        "steps": float(run.inputs.clock.n_steps),
        "emissions_t": emissions_kg / KG_PER_T,
        "emissions_marginal_not_in_inventory_t": marginal_kg / KG_PER_T,
        "ci_mean_g_per_kwh": emissions_kg / (consumption + grid_loss + stores_lose),
        "renewable_share": hours * float((consumed_mw * mix.renewable_share).sum()) / consumption,
        "cost": _cost(run, mix, source_kg),
        "consumption_mwh": consumption,
        "import_mwh": hours * float(mix.import_mw.sum()),
        "export_mwh": hours * float(mix.export_mw.sum()),
        "generation_mwh": hours * float(mix.generation_mw.sum()),
        "peak_import_mw": float(mix.import_mw.max()),
        "grid_loss_mwh": grid_loss,
    }
    return {**found, **_of_grid(run, mix), **_of_cars(run, mix), **_of_data_centres(run)}


def _mix(run: ReducedRun) -> _Mix:
    """What the city draws from in every step."""
    city, factors, upstream = run.inputs.loaded.city, run.inputs.factors, run.inputs.upstream
    network = city.network
    boundary_mw = run.flow.slack_mva.real.copy()
    for place, node in enumerate(network.slack):
        there = network.buses.node == node
        boundary_mw[:, place] += run.p_mw[:, there].sum(axis=1) + network.fixed_mva[node].real
    imported, exported = np.maximum(boundary_mw, 0.0).sum(axis=1), np.maximum(-boundary_mw, 0.0).sum(axis=1)
    local: Floats = np.zeros(imported.size)
    kg, renewable = np.zeros_like(local), np.zeros_like(local)
    for name, p_mw in _generation(run):
        own = name if isinstance(name, tuple) else None
        technology = UNKNOWN if own is not None else str(name)
        ci = own[upstream.boundary == "lifecycle"] if own is not None else factors.value(technology, upstream.boundary)
        local = local + p_mw
        kg = kg + ci * p_mw
        renewable = renewable + p_mw * factors.renewable(technology)
    entering = imported + local
    mixed = (imported * upstream.ci_kg_per_mwh + kg, imported * upstream.renewable_share + renewable)
    intensity, share = (ratio(part, entering, 0.0) for part in mixed)
    return _Mix(imported, exported, local, kg, intensity, share)


def _generation(run: ReducedRun) -> list[tuple[str | tuple[float, float], Floats]]:
    """What each technology feeds in, or each source with emissions of its own, shape (T,) [MW]."""
    city, generators = run.inputs.loaded.city, run.inputs.loaded.city.generators
    found: list[tuple[str | tuple[float, float], Floats]] = []
    shape = generators.profiles.shape[1]
    for technology in dict.fromkeys(city.technologies):
        of = np.array([name == technology for name in city.technologies], dtype=bool)
        weights = np.bincount(generators.p_profile[of], generators.p_scale[of], shape)
        found.append((technology, np.maximum(generators.profiles @ weights, 0.0)))
    for power in run.powers:
        flexibility = power.flexibility
        if not is_store(flexibility) and power.discharge_mw.any():
            own = flexibility.ci_kg_per_mwh
            found.append((own or flexibility.technology or UNKNOWN, power.discharge_mw.sum(axis=1)))
    return found


def _consumed_mw(run: ReducedRun) -> Floats:
    """Loads, data centres, and cars net at the meter, shape (T,) [MW]."""
    city = run.inputs.loaded.city
    weights = np.bincount(city.loads.p_profile, city.loads.p_scale, city.loads.profiles.shape[1])
    total: Floats = city.loads.profiles @ weights + float(city.network.fixed_mva.real.sum())
    for power in run.powers:
        flexibility = power.flexibility
        if _is_vehicle(flexibility):
            total = total + (power.charge_mw - power.discharge_mw).sum(axis=1)
        elif not is_store(flexibility):
            total = total + power.charge_mw.sum(axis=1)
    return total


def _is_vehicle(flexibility: Flexibility) -> bool:
    return flexibility.reservoir is not None and flexibility.reservoir.vehicle


def _stationary(run: ReducedRun) -> list[AssetPower]:
    """Stores of electricity that are no cars."""
    return [p for p in run.powers if is_store(p.flexibility) and not _is_vehicle(p.flexibility)]


def _lost_in_stores_mwh(run: ReducedRun) -> float:
    """What stationary stores lose in conversion [MWh]; they end with what they began with."""
    hours = run.inputs.clock.step_hours
    return hours * float(sum((p.charge_mw.sum() - p.discharge_mw.sum() for p in _stationary(run)), 0.0))


def _stored_kg(run: ReducedRun, mix: _Mix) -> float:
    """What stationary stores gain of carbon [kg]: they begin with the mean of the year and end with what they drew."""
    gained = 0.0
    for power in _stationary(run):
        store, drawn = power.flexibility.reservoir, power.charge_mw.sum(axis=1)
        if store is None or not drawn.any():
            continue
        ci = float((drawn * mix.ci_kg_per_mwh).sum() / drawn.sum())
        held = power.factor * float(store.e_end_mwh.sum()) / float(np.mean(values_of(store.eta_charge)))
        gained += held * (ci - run.inputs.ci_year_kg_per_mwh)
    return gained


def _cost(run: ReducedRun, mix: _Mix, source_kg: Floats) -> float:
    """Imports less exports, wear and fuel, demand forgone, demand charge and carbon price [currency]."""
    inputs, hours, scenario = run.inputs, run.inputs.clock.step_hours, run.inputs.loaded.scenario
    energy = hours * float((mix.import_mw * inputs.import_price_per_mwh).sum())
    energy -= hours * float((mix.export_mw * inputs.export_price_per_mwh).sum())
    wear = forgone = 0.0
    for power in run.powers:
        flexibility = power.flexibility
        rate = flexibility.wear_cost_per_mwh
        wear += hours * float(power.discharge_mw.sum()) * float(np.mean(rate)) if rate.any() else 0.0
        value = values_of(flexibility.value_per_mwh)
        if value.any():
            wanted = power.factor * float(np.maximum(flexibility.unmanaged_power(), 0.0).sum())
            forgone += hours * (wanted - float(power.charge_mw.sum())) * float(np.mean(value))
    month = inputs.clock.times.astype("datetime64[M]")
    peaks = sum(float(mix.import_mw[month == each].max()) for each in np.unique(month))
    carbon = scenario.dispatch.carbon_price_per_t * float(source_kg.sum()) / KG_PER_T
    return energy + wear + forgone + carbon + inputs.prices.demand_per_mw_month * peaks


def _of_grid(run: ReducedRun, mix: _Mix) -> Quantities:
    """Worst loadings and voltages, and steps with any limit exceeded."""
    flow, tolerated = run.flow, run.inputs.limits.tolerated
    over = (flow.violations > 0) | (mix.import_mw > tolerated.import_max_mw)
    found = {
        "vm_min_pu": float(flow.vm_min_pu.min()),
        "vm_max_pu": float(flow.vm_max_pu.max()),
        "violation_steps": float(np.count_nonzero(over)),
    }
    kinds = run.inputs.loaded.city.network.branches
    if kinds.of_kind("line").size:
        found["line_loading_max_percent"] = float(flow.line_loading_percent.max())
    if kinds.of_kind("trafo").size:
        found["trafo_loading_max_percent"] = float(flow.trafo_loading_percent.max())
    return found


def _of_cars(run: ReducedRun, mix: _Mix) -> Quantities:
    """What cars charge and feed in, and the intensity of what they charge."""
    hours = run.inputs.clock.step_hours
    cars = [power for power in run.powers if _is_vehicle(power.flexibility)]
    if not cars:
        return {}
    charge = np.sum([power.charge_mw.sum(axis=1) for power in cars], axis=0)
    fed_in = float(sum(power.discharge_mw.sum() for power in cars))
    found = {"ev_energy_mwh": hours * float(charge.sum()), "v2g_energy_mwh": hours * fed_in}
    if charge.any():
        found["ev_ci_g_per_kwh"] = float((charge * mix.ci_kg_per_mwh).sum() / charge.sum())
    return found


def _of_data_centres(run: ReducedRun) -> Quantities:
    """Energy and PUE of every data centre, and the PUE of all."""
    hours = run.inputs.clock.step_hours
    drawn = {power.flexibility.name: power.charge_mw.sum() for power in run.powers}
    total = it = 0.0
    found: Quantities = {}
    for load in run.inputs.data_centres:
        energy = hours * float(drawn[load.name] + drawn.get(load.deferrable_name, 0.0))
        it_energy = hours * float(load.p_it_mw.sum())
        found[f"data_centres.{load.name}.energy_mwh"] = energy
        if it_energy > 0:
            found[f"data_centres.{load.name}.pue"] = energy / it_energy
        total, it = total + energy, it + it_energy
    return {**found, "pue_mean": total / it} if it > 0 else found
