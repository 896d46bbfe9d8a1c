"""One scenario from its file to its result folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from app.results.folder import Result, open_result, write_result
from app.results.key_figures import summarise
from app.results.manifest import manifest
from app.results.tables.registry import tables, topology
from app.scenario.loaded import LoadedScenario
from app.simulation.phases import Progress, SimulationResult, simulate
from grid.errors import InputError


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
        summary=summarise,
        topology=topology(outcome),
        tables=tables(outcome),
    )
    tell("write", 1.0)
    return result
