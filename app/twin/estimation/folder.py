"""The folder of an estimate: tables of what `docs/twin.md` names, written whole or not at all."""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from app.twin.estimation.city_state import BAND, CityState, StateBand
from app.twin.estimation.reading import FORMAT, MANIFEST, TOPOLOGY
from grid.arrays import Floats
from grid.errors import InputError, listed
from grid.files.content import exists, is_folder, shown_path
from grid.files.output import in_words
from grid.twin.estimation.observability import Observability, observability
from grid.twin.measurements import MeasuredPlace


def write_estimate(state: CityState, topology: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Writes an estimate into a folder that is not there yet, and returns its manifest.

    Args:
        state: The estimate.
        topology: Buses and branches with their coordinates, as a result has them.
        folder: Folder to write.

    Raises:
        InputError: If the folder is there, or cannot be written.
    """
    check_folder(folder)
    said = observability(state.clean.estimate)
    manifest = manifest_of(state, said)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as place:
            draft = Path(place) / "estimate"
            draft.mkdir()
            for name, table in tables_of(state, said):
                content = io.BytesIO()  # polars has errors of its own for a file that cannot be written
                table.write_parquet(content)
                (draft / f"{name}.parquet").write_bytes(content.getvalue())
            (draft / TOPOLOGY).write_text(json.dumps(topology, ensure_ascii=False), "utf-8")
            (draft / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
            draft.rename(folder)
    except OSError as error:
        raise InputError.single("FOLDER", in_words(error), str(folder)) from error
    return manifest


def check_folder(folder: Path) -> None:
    """Raises an `InputError` if a folder is there already, or something above it is a file."""
    if folder.exists():
        raise InputError.single("FOLDER", "is there already: name another, or remove it", str(folder))
    above = next(each for each in folder.absolute().parents if exists(each))
    if not is_folder(above):
        raise InputError.single("FOLDER", f"cannot be made: {shown_path(above)!r} is a file", str(folder))


def manifest_of(state: CityState, said: Observability) -> dict[str, Any]:
    """What the manifest holds."""
    clock, found = state.series.clock, state.clean.estimate
    return {
        "format": FORMAT,
        "kind": "estimate",
        "scenario": state.inputs.loaded.scenario.name,
        "start": clock.start.isoformat(),
        "step_minutes": clock.step.total_seconds() / 60,
        "n_steps": clock.n_steps,
        "band": BAND,
        "n_settled": int(found.settled.sum()),
        "n_sensors": int(state.readings.place.size),
        "n_telemetered": int(state.expected.known.size),
        "n_bad": len(state.clean.bad),
        "observability": dict(Counter(said.basis)),
        "left_out": dict(state.series.left_out),
        "spread_factors": asdict(state.factors),
        "held_ci_kg_per_mwh": {"start": dict(state.held[0]), "end": dict(state.held[1])},
        "notes": list(notes_of(state)),
    }


def notes_of(state: CityState) -> Iterator[str]:
    """What a reader should know of the estimate, in sentences."""
    known = state.expected.known
    if known.size:
        yield f"What {listed([state.expected.elements.name[k] for k in known])} do is taken as they say it."
    if not state.factors.n_stations:
        yield "No station measures what its bus draws: spreads of expectations could not be checked."
    absent = [f"{each.element_kind} {each.element}" for each in _places_of_nothing(state)]
    if absent:
        named = listed(list(dict.fromkeys(absent)))
        yield f"{len(absent)} measured quantities count for nothing, since the city has no {named}."
    if state.series.outside:
        yield f"{state.series.outside} values were measured outside the period."


def _places_of_nothing(state: CityState) -> Iterator[MeasuredPlace]:
    """Places at buses, branches and assets that the city does not have."""
    inputs, elements = state.inputs, state.expected.elements
    network = inputs.loaded.city.network
    assets = {*elements.name, *elements.owner, *(each.name for each in inputs.flexibilities)}
    assets |= {each.name for each in inputs.data_centres}
    names = {"bus": set(network.buses.names), "branch": set(network.branches.names), "asset": assets}
    for place in state.series.places:
        if place.element_kind in names and place.element not in names[place.element_kind]:
            yield place


def tables_of(state: CityState, said: Observability) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and content of every table."""
    network, clock = state.inputs.loaded.city.network, state.series.clock
    times = pl.Series("time", clock.times).dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    elements = state.expected.elements
    p_mw = np.zeros_like(state.vm_pu.value)
    np.add.at(p_mw.T, elements.bus, state.p_mw.T)
    buses = {"p_mw": p_mw, **_band("vm", "_pu", state.vm_pu), **_band("ci", "_kg_per_mwh", state.ci_kg_per_mwh)}
    yield "buses", _long(times, "bus", network.buses.names, buses)
    p_from = state.clean.estimate.power_flow(clock).branch_powers_mw()[0]
    of_branches = {"p_from_mw": p_from, **_band("loading", "_percent", state.loading_percent)}
    yield "branches", _long(times, "branch", network.branches.names, of_branches)
    known = state.clean.estimate.measured.known.sum(axis=1)
    grid = {**_band("loss", "_mw", state.loss_mw), **_band("import", "_mw", state.import_mw)}
    yield "grid", pl.DataFrame({
        "time": times, "settled": state.clean.estimate.settled, "n_measured": known.astype(np.int64), **grid,
    }).with_columns(pl.col(pl.Float64).fill_nan(None))  # fmt: skip
    yield "sensors", _sensors(state, times)
    yield "bad_data", _bad_data(state, times)
    yield "observability", pl.DataFrame({
        "bus": list(network.buses.names), "basis": list(said.basis), "explained": said.explained,
    }).with_columns(pl.col("explained").fill_nan(None))  # fmt: skip


def _band(name: str, unit: str, band: StateBand) -> dict[str, Floats]:
    return {f"{name}{unit}": band.value, f"{name}_low{unit}": band.low, f"{name}_high{unit}": band.high}


def _long(times: pl.Series, of: str, names: tuple[str, ...], columns: dict[str, Floats]) -> pl.DataFrame:
    """A table by step and name of arrays, shape (T, names) each."""
    n_steps = times.len()
    name = pl.Series(of, list(names) * n_steps, dtype=pl.Categorical)
    return pl.DataFrame({
        "time": times.gather(np.repeat(np.arange(n_steps), len(names))), of: name,
        **{each: values.ravel() for each, values in columns.items()},
    }).with_columns(pl.col(pl.Float64).fill_nan(None))  # fmt: skip


def _sensors(state: CityState, times: pl.Series) -> pl.DataFrame:
    """Every place that was measured, with how many of its values there are and were taken out."""
    series, at = state.series, {int(m): k for k, m in enumerate(state.readings.place)}
    bad = Counter((each.element, each.quantity) for each in state.clean.bad)
    unused = set(state.readings.unused.tolist())
    rows = []
    for m, place in enumerate(series.places):
        known = np.isfinite(series.values[:, m])
        n_bad = bad[place.element, place.quantity] if m in at else 0
        untested = int(state.clean.untested[:, at[m]].sum()) if m in at else 0
        latest = times[int(np.flatnonzero(known)[-1])] if known.any() else None
        rows.append((
            place.element_kind, place.element, place.quantity, place.source, int(known.sum()), int((~known).sum()),
            n_bad, untested, latest, m not in unused,
        ))  # fmt: skip
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "element_kind": pl.String, "element": pl.String, "quantity": pl.String, "source": pl.String,
        "n_values": pl.Int64, "n_missing": pl.Int64, "n_bad": pl.Int64, "n_untested": pl.Int64,
        "latest": pl.Datetime("us", "UTC"), "used": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _bad_data(state: CityState, times: pl.Series) -> pl.DataFrame:
    """What was taken out because it contradicts all else."""
    places = [state.series.places[int(m)] for m in state.readings.place]
    of = {(place.element, place.quantity): place for place in places}
    rows = [
        (times[each.step], of[each.element, each.quantity].element_kind, each.element, each.quantity,
         of[each.element, each.quantity].source, each.value, each.expected, each.normalised_residual)
        for each in state.clean.bad
    ]  # fmt: skip
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "time": pl.Datetime("us", "UTC"), "element_kind": pl.String, "element": pl.String, "quantity": pl.String,
        "source": pl.String, "value": pl.Float64, "expected": pl.Float64, "normalised_residual": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").sort("time", "element", "quantity")
