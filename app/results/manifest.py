"""What a result says of itself: how the run ended, what its figures rest on, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from app.results.tables import controllers, v2g
from app.results.used_factors import unverified_words, used_factors
from app.scenario.tariffs import tariff_of
from app.simulation.inputs import SimulationInputs
from app.simulation.phases import SimulationResult, Status
from app.simulation.violations import find_violations, violated_steps
from carbon.data_centre import MetricInputs, run_metrics
from carbon.data_centre.on_site import generator_tests
from carbon.factors import UsedFactor
from carbon.tracing.convention_names import OPERATOR, SENTENCES, in_words
from grid.flexibility.flexibility import Flexibility
from grid.readers import GridReport
from grid.units import KG_PER_T
from optimizer.problem.schedule import Schedule, Shortfall

LIBRARIES = ("gridcarbon", "pandapower", "pyomo", "highspy", "pvlib", "numpy", "scipy", "polars")
"""Packages whose versions are recorded; all of them decide figures."""


OF_GRID = ("vm_pu", "loading_percent", "unbalance")
"""Quantities of buses and branches that have limits."""


def status(outcome: SimulationResult) -> Status:
    """How a run ended: `infeasible` if a need could not be met, or ``optimal`` could not keep a limit."""
    strategy = outcome.inputs.loaded.scenario.dispatch.strategy
    above_cap = any(shortfall.element == "carbon" for shortfall in outcome.schedule.shortfalls)
    if outcome.flow.failed.any() or above_cap or (strategy == "optimal" and violated_steps(outcome).size):
        return "infeasible"
    return "done"


def manifest(outcome: SimulationResult, seconds: dict[str, float]) -> dict[str, Any]:
    """Where the figures of a result come from."""
    inputs, scenario = outcome.inputs, outcome.inputs.loaded.scenario
    factors = used_factors(outcome)
    unverified = unverified_words(factors, inputs.factors.name)
    return {
        "name": scenario.name,
        "scenario_hash": scenario.sha256,
        "folder": str(inputs.loaded.folder.resolve()),
        "inputs": inputs.loaded.input_hashes(),
        "status": status(outcome),
        "strategy": scenario.dispatch.strategy,
        "currency": scenario.currency,
        "boundary": inputs.upstream.boundary,
        "gas": inputs.factors.gas(inputs.upstream.boundary),
        "convention": in_words(OPERATOR),
        "conventions": {name: SENTENCES[name] for name in scenario.carbon.conventions},
        "basis": {**inputs.loaded.basis, "caveats": [*inputs.loaded.caveats, *unverified]},
        "factor_set": inputs.factors.name,
        "factor_sets": _factor_sets(factors, inputs.factors.name),
        "factors": [dict(vars(factor)) for factor in factors],
        "data_licences": list(inputs.loaded.city.licences),
        "data_centre_metrics": data_centre_metrics(outcome),
        **inputs.loaded.phases.declared,
        **_grid(inputs.loaded.city.grid_report),
        "upstream_score": inputs.loaded.upstream_score,
        "notes": _notes(outcome, unverified),
        "adoption": [str(step) for step in inputs.loaded.adopted.derivation],
        "assets": {flexibility.name: _asset(flexibility) for flexibility in inputs.flexibilities},
        "limits_in_conflict": _conflicts(outcome),
        "dispatch": _dispatch(outcome.schedule),
        "ci_year_import_kg_per_mwh": inputs.ci_year_kg_per_mwh,
        "emissions_source_t": float(outcome.accounts.carbon.source_kg.sum() / KG_PER_T),
        "seconds": seconds,
        **({"reused": list(outcome.reused)} if outcome.reused else {}),
        **({"tariffs": _tariffs(inputs)} if scenario.tariff.accounts else {}),
        "versions": dict(_versions()),
    }


def _tariffs(inputs: SimulationInputs) -> list[dict[str, Any]]:
    """The tariff of each account, with where its prices come from."""
    found = []
    for account in inputs.loaded.scenario.tariff.accounts:
        tariff = tariff_of(account, inputs.loaded.folder)
        sources = [source.model_dump() for source in tariff.sources]
        found.append({"account": account.name, "tariff": tariff.name, "sources": sources})
    return found


def _notes(outcome: SimulationResult, unverified: Sequence[str]) -> list[str]:
    """What a reader should know of a run: its inputs, what controllers did, and what its figures mean."""
    of_run = (*outcome.inputs.notes, *controllers.notes(outcome), *unverified)
    return [*of_run, *outcome.marginal.notes, *v2g.notes(outcome)]


@cache
def _versions() -> dict[str, str]:
    """Versions of `LIBRARIES`; what is installed stays while a process lasts."""
    return {name: version(name) for name in LIBRARIES}


def _grid(report: GridReport | None) -> dict[str, Any]:
    """What was read of the grid's file; nothing where the grid is shipped."""
    return {} if report is None else {"grid": report.as_record}


def _without_solution(outcome: SimulationResult) -> list[dict[str, Any]]:
    """Each step without a solution of the power flow, and how much would be drawn in it."""
    clock, energy = outcome.inputs.clock, outcome.accounts.energy
    found = []
    for step in np.flatnonzero(outcome.flow.failed):
        mw = float(energy.consumption_mwh[step] / clock.step_hours)
        why = f"the power flow has no solution: {mw:,.4g} MW of demand are more than the grid can carry"
        found.append({"element": "city", "quantity": "power_flow", "limit": None, "step": int(step),
                      "time": f"{np.datetime_as_string(clock.times[step], 'm')}Z", "why": why})  # fmt: skip
    return found


def _conflicts(outcome: SimulationResult) -> list[dict[str, Any]]:
    """All that could not be kept: steps without a solution, limits of the dispatch, and of the grid in the run."""
    if outcome.inputs.loaded.scenario.dispatch.strategy == "unmanaged":  # nobody was asked to keep any
        return _without_solution(outcome)
    of_dispatch = _limits_in_conflict(outcome.schedule, of_grid=outcome.by_phase is None)
    return [*_without_solution(outcome), *of_dispatch, *_broken_in_the_run(outcome)]


def _limits_in_conflict(schedule: Schedule, *, of_grid: bool) -> list[dict[str, Any]]:
    """Each limit that the dispatch could not keep, with the first step in which it could not, and by how much.

    Args:
        schedule: What the dispatch decided.
        of_grid: Whether limits of buses and branches are among them.
    """
    left_out = {"power_flow"} if of_grid else {"power_flow", *OF_GRID}
    first: dict[tuple[str, str, float], Shortfall] = {}
    for shortfall in schedule.shortfalls:
        if shortfall.quantity not in left_out:
            first.setdefault((shortfall.element, shortfall.quantity, shortfall.limit), shortfall)
    return [
        {"element": element, "quantity": quantity, "limit": limit, "step": first[element, quantity, limit].step,
         "why": f"it would be {first[element, quantity, limit].value:,.6g}"}
        for element, quantity, limit in sorted(first)
    ]  # fmt: skip


def _broken_in_the_run(outcome: SimulationResult) -> list[dict[str, Any]]:
    """Each limit of the grid that an optimal run does not keep, with its first step, and whether its dispatch could.

    Those of a balanced grid are among what the dispatch could not keep, unless nothing was left to it to decide.
    """
    looked_at = outcome.by_phase is None and outcome.schedule.windows
    if looked_at or outcome.inputs.loaded.scenario.dispatch.strategy != "optimal":
        return []
    first: dict[tuple[str, str, str, float], tuple[int, float]] = {}
    for found in find_violations(outcome):
        if found.quantity not in {"import_mw", "power_flow"}:
            for step, *key, value in zip(found.step, found.element, found.phase, found.limit, found.value, strict=True):
                element, phase, limit = key
                first.setdefault((element, found.quantity, phase, float(limit)), (int(step), float(value)))
    missed = {(one.element, one.quantity, one.phase) for one in outcome.schedule.shortfalls}
    kept = (
        "the dispatch kept it, and what was done differs" if outcome.schedule.windows else "nothing is left to decide"
    )
    why = {True: "no programme that the dispatch found keeps it", False: kept}
    return [
        {"element": element, "quantity": quantity, "limit": limit, "step": step, "phase": phase or None,
         "time": f"{np.datetime_as_string(outcome.inputs.clock.times[step], 'm')}Z",
         "why": f"it is {value:,.6g}{f' in phase {phase}' if phase else ''}; "
                f"{why[(element, quantity, phase) in missed]}"}
        for (element, quantity, phase, limit), (step, value) in sorted(first.items())
    ]  # fmt: skip


def _factor_sets(factors: tuple[UsedFactor, ...], name: str) -> list[dict[str, str]]:
    """Every source of the factors that were used, and whether they were checked against it."""
    sources = sorted({(f.source, f.issuer, f.status, bool(f.derivation)) for f in factors})
    return [
        {"name": "derived" if follows else name, "title": issuer, "source": source, "status": check}
        for source, issuer, check, follows in sources
    ]


def _asset(flexibility: Flexibility) -> dict[str, Any]:
    """What an asset is, as far as the books of others ask."""
    store = flexibility.reservoir
    return {
        "kind": flexibility.kind,
        "element": flexibility.element,
        "gpc_code": flexibility.gpc_code,
        "fuel_free": flexibility.fuel_free,
        "vehicles": store is not None and store.vehicle,
    }


def _dispatch(schedule: Schedule) -> dict[str, Any]:
    """How the dispatch went."""
    return {
        "windows": schedule.windows,
        "rounds": schedule.rounds,
        "lp_cost": schedule.lp_cost,
        "imbalance_mwh": schedule.imbalance_mwh,
        "carbon_cap_price_per_t": [price * KG_PER_T for price in schedule.carbon_cap_price_per_kg],
        "carbon_cap_penalty_per_t": [penalty * KG_PER_T for penalty in schedule.carbon_cap_penalty_per_kg],
    }


def data_centre_metrics(outcome: SimulationResult) -> dict[str, dict[str, Any]]:
    """The indicators of ISO/IEC 30134 of every data centre, each with numerator, denominator and standard."""
    node, accounts = outcome.flow.network.buses.node, outcome.accounts
    found = {}
    for load in outcome.inputs.data_centres:
        spec, facility, at = load.model.spec, outcome.facilities[load.name], node[load.bus]
        own = {asset.name for asset in spec.on_site_assets}
        made = [f.name for f in outcome.inputs.flexibilities if f.name in own and f.fuel_free]
        fed_mw = sum((np.maximum(-outcome.p_mw[name], 0.0) for name in made), np.zeros(facility.p_total_mw.size))
        used_mw = np.minimum(fed_mw, facility.p_total_mw)
        it_mwh = float(facility.p_it_mw.sum()) * facility.step_hours
        known = MetricInputs(
            ci_kg_per_mwh=np.nan_to_num(accounts.tracing.ci_kg_per_mwh[:, at]),
            renewable_share=np.nan_to_num(accounts.tracing.renewable_share[:, at]),
            owned_renewable_mwh=float(used_mw.sum()) * facility.step_hours,
            reused_mwh=spec.heat_reuse_share * it_mwh,
            tests=generator_tests(spec.on_site.generators, outcome.inputs.clock),
        )
        found[load.name] = {name: asdict(metric) for name, metric in run_metrics(facility, known).items()}
    return found
