"""One scenario from its file to its result folder."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.results.draft import remove_abandoned
from app.results.folder import Result, is_of, open_result, write_result
from app.results.key_figures import summarise
from app.results.manifest import manifest
from app.results.tables.registry import tables, topology
from app.results.target import BYTES_PER_VALUE, PLACE, check_target, is_empty, nearest_folder, resolve_target
from app.results.verification import MANIFEST
from app.scenario.loaded import LoadedScenario
from app.simulation.phases import Progress, SimulationResult, simulate
from grid.errors import InputError
from grid.files.output import in_words
from grid.large_arrays import large_arrays_in
from optimizer.horizon.spans import Map


class OutOfBalanceError(RuntimeError):
    """The ledgers of a run do not close: a defect of ours, and no result is written."""


def finished(out: Path, loaded: LoadedScenario) -> Result | None:
    """The result in `out` if it is that of this scenario; None if there is none yet, and one can be written.

    Removes what runs that were killed left behind there.

    Raises:
        InputError: If `out` holds something else or a damaged result, or cannot be written.
    """
    target = resolve_target(out)
    remove_abandoned(target.parent)
    remove_abandoned(target)
    if is_empty(target):
        check_target(target, _least_bytes(loaded))
        return None
    if not (target / MANIFEST).is_file():
        raise InputError.single(PLACE, "is not empty and holds no result", str(out))
    result = open_result(out)
    if not is_of(result, loaded.scenario.sha256, loaded.input_hashes()):
        raise InputError.single(PLACE, f"holds the result of another scenario, {result.manifest['name']!r}", str(out))
    result.verify()
    return result


def _least_bytes(loaded: LoadedScenario) -> float:
    """Size of the result of a scenario, at least."""
    network = loaded.city.network
    return BYTES_PER_VALUE * loaded.city.clock.n_steps * (len(network.buses.names) + len(network.branches.names))


def run_scenario(loaded: LoadedScenario, out: Path, progress: Progress | None = None, apply: Map = map) -> Result:
    """Runs a scenario and writes its result to `out`; a result of the same scenario there is returned at once.

    What is large of a long run is in files without names meanwhile, where the result will be (`grid.large_arrays`).

    Args:
        loaded: The scenario.
        out: The result folder.
        progress: Told the phase and how much of it is done.
        apply: Applies a function to the spans of the dispatch, such as on many processes.

    Raises:
        InputError: If `out` holds something else, or cannot be written; says where a finished result is kept.
        OutOfBalanceError: If the ledgers do not close; nothing is written then.
    """
    done = finished(out, loaded)
    if done is not None:
        return done
    with large_arrays_in(nearest_folder(resolve_target(out))):
        return store(simulate(loaded, progress, apply=apply), out, progress)


def store(outcome: SimulationResult, out: Path, progress: Progress | None = None) -> Result:
    """Writes the result of a run; where it cannot be written to `out`, to the folder of temporary files.

    Raises:
        InputError: If it could not be written to `out`; says where it is kept.
        OutOfBalanceError: If the ledgers do not close; nothing is written then.
    """
    try:
        return write_outcome(outcome, out, progress)
    except OSError as error:
        raise _written_elsewhere(partial(write_outcome, outcome), out, error) from error


def write_outcome(outcome: SimulationResult, out: Path, progress: Progress | None = None) -> Result:
    """Writes the result of a run.

    Raises:
        OSError: If it cannot be written; nothing is left then.
        InputError: If it was written but cannot take its place: says where it is kept.
        OutOfBalanceError: If the ledgers do not close; nothing is written then.
    """
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


def _written_elsewhere(write: Callable[[Path], Result], out: Path, error: OSError) -> InputError:
    """What to say of a result that could not be written to `out`, after writing it to the folder of temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="gridcarbon-kept-"))
    try:
        write(folder)
    except OSError as other:
        folder.rmdir()
        return InputError.single(PLACE, f"{in_words(error)}; nor could it be kept in {folder}: {other}", str(out))
    return InputError.single(PLACE, f"{in_words(error)}; the finished result is kept in {folder}", str(out))
