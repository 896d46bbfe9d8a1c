"""One scenario from its file to its result folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from app.results.folder import Result, open_result, write_result
from app.results.summary import data_centre_metrics, summarise
from app.results.tables import v2g
from app.results.tables.registry import tables, topology
from app.scenario.loaded import LoadedScenario
from app.simulation.phases import Progress, SimulationResult, Status, simulate
from app.simulation.violations import violated_steps
from carbon.tracing.convention_names import OPERATOR, SENTENCES, in_words
from grid.errors import InputError
from grid.units import KG_PER_T

LIBRARIES = ("gridcarbon", "pandapower", "pyomo", "highspy", "pvlib", "numpy", "scipy", "polars")


class OutOfBalanceError(RuntimeError):
    """The ledgers of a run do not close: a defect of ours, and no result is written."""


def finished(out: Path, loaded: LoadedScenario) -> Result | None:
    """The result in `out` if it is that of this scenario; None if there is none yet.

    Raises:
        InputError: If `out` holds something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / "manifest.json").is_file():
        raise InputError.single("--out", "is not empty and holds no result", str(out))
    result = open_result(out)
    if result.scenario_hash != loaded.scenario.sha256 or result.manifest.get("inputs") != loaded.input_hashes():
        raise InputError.single("--out", f"holds the result of another scenario, {result.manifest['name']!r}", str(out))
    return result


def run_scenario(loaded: LoadedScenario, out: Path, progress: Progress | None = None) -> Result:
    """Runs a scenario and writes its result to `out`; a result of the same scenario there is returned at once.

    Raises:
        InputError: If `out` holds something else.
        OutOfBalanceError: If the ledgers do not close; nothing is written then.
    """
    done = finished(out, loaded)
    if done is not None:
        return done
    return store(simulate(loaded, progress), out, progress)


def store(outcome: SimulationResult, out: Path, progress: Progress | None = None) -> Result:
    """Writes the result of a run."""
    if not outcome.balanced:
        raise OutOfBalanceError(
            f"the ledgers of {outcome.inputs.loaded.scenario.name!r} do not close: "
            f"{outcome.accounts.energy_error_mwh:.3g} MWh, {outcome.accounts.carbon_error_kg:.3g} kg, "
            f"{outcome.accounts.conventions.error_kg:.3g} kg under the worst convention"
        )
    tell: Callable[[str, float], None] = progress or (lambda _phase, _share: None)
    tell("write", 0.0)
    begun = time.perf_counter()
    result = write_result(
        out,
        scenario_yaml=outcome.inputs.loaded.scenario.as_yaml(),
        manifest=lambda: manifest(outcome, {**outcome.seconds, "write": round(time.perf_counter() - begun, 3)}),
        summary=summarise(outcome),
        topology=topology(outcome),
        tables=tables(outcome),
    )
    tell("write", 1.0)
    return result


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
    factors = inputs.factors
    sources = sorted({(f.source, f.issuer, f.status) for f in factors.factors})
    conflicts = sorted({(s.element, s.quantity, s.limit) for s in outcome.schedule.shortfalls})
    return {
        "format": 1,
        "name": scenario.name,
        "scenario_hash": scenario.sha256,
        "folder": str(inputs.loaded.folder.resolve()),
        "inputs": inputs.loaded.input_hashes(),
        "status": status(outcome),
        "strategy": scenario.dispatch.strategy,
        "currency": scenario.currency,
        "boundary": inputs.upstream.boundary,
        "gas": factors.gas(inputs.upstream.boundary),
        "convention": in_words(OPERATOR),
        "conventions": {name: SENTENCES[name] for name in scenario.carbon.conventions},
        "factor_sets": [
            {"name": factors.name, "title": issuer, "source": source, "status": check}
            for source, issuer, check in sources
        ],
        "factors": [
            {
                name: getattr(f, name)
                for name in (
                    "technology",
                    "value_kg_per_mwh",
                    "gas",
                    "boundary",
                    "view",
                    "losses",
                    "year",
                    "issuer",
                    "source",
                    "status",
                )
            }
            for f in factors.factors
            if f.boundary == inputs.upstream.boundary and not f.region
        ],
        "data_licences": list(inputs.loaded.city.licences),
        "data_centre_metrics": data_centre_metrics(outcome),
        "notes": [*inputs.notes, *outcome.marginal.notes, *v2g.notes(outcome)],
        "adoption": [str(step) for step in inputs.loaded.adopted.reckoning],
        "assets": {f.name: {"kind": f.kind, "element": f.element} for f in inputs.flexibilities},
        "limits_in_conflict": [{"element": e, "quantity": q, "limit": limit} for e, q, limit in conflicts],
        "dispatch": {
            "windows": outcome.schedule.windows,
            "rounds": outcome.schedule.rounds,
            "lp_cost": outcome.schedule.lp_cost,
            "imbalance_mwh": outcome.schedule.imbalance_mwh,
            "carbon_cap_price_per_t": [price * KG_PER_T for price in outcome.schedule.carbon_cap_price_per_kg],
        },
        "ci_year_import_kg_per_mwh": inputs.ci_year_kg_per_mwh,
        "emissions_source_t": float(outcome.accounts.carbon.source_kg.sum() / KG_PER_T),
        "seconds": seconds,
        "versions": {name: version(name) for name in LIBRARIES},
    }
