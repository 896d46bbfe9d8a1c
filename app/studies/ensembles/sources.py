"""Where runs come from: results, folders of results, and stores with their sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from app.results.folder import Result, find_results
from app.results.store.records import FOLDER, SweepRecord
from app.results.store.states import RunState
from app.results.store.store import Store, opened_store
from app.studies.ensembles.runs import SAMPLE, Ensemble, declared_figure
from grid.errors import InputError, nearest

_URL = "://"
_SWEEP = "sweep"


def ensemble_at(places: Sequence[str], *, index: str | None = None) -> Ensemble:
    """All runs at some places side by side, those of several sweeps with the sweep's name.

    Args:
        places: Results, folders of results, stores (folders or URLs).
        index: The index of the stores, if it is not where it lies by default.

    Raises:
        InputError: If a place holds no run.
    """
    found = [ensemble for place in places for ensemble in _at(place, index)]
    if len(found) == 1:
        return found[0]
    runs = pl.concat([one.runs for one in found], how="diagonal_relaxed")
    parameters = dict.fromkeys(name for one in found for name in one.parameters)
    figures = dict.fromkeys(name for one in found for name in one.figures)
    currencies = {one.currency for one in found}
    return Ensemble(", ".join(places), runs, tuple(parameters), tuple(figures),
                    currencies.pop() if len(currencies) == 1 else "")  # fmt: skip


def sweep_at(place: str, sweep: str | None = None, *, index: str | None = None) -> Ensemble:
    """The runs of one sweep, in its order; of a folder without sweeps, all its results.

    Args:
        place: A store (folder or URL), or a folder of results.
        sweep: Name of the sweep; may be None where there is only one.
        index: The index of the store, if it is not where it lies by default.

    Raises:
        InputError: If there is no such sweep, or there are several and none is named.
    """
    found = {str(one.runs[_SWEEP].first()) if _SWEEP in one.runs.columns else "": one for one in _at(place, index)}
    if sweep is None and len(found) == 1:
        return next(iter(found.values()))
    names = ", ".join(repr(name) for name in found if name)
    if sweep is None:
        raise InputError.single("--sweep", f"must say which of the sweeps in {place}: {names}")
    if sweep not in found:
        raise InputError.single("--sweep", f"no such sweep in {place}", sweep, nearest(sweep, filter(None, found)))
    return found[sweep]


def _at(place: str, index: str | None) -> Iterator[Ensemble]:
    """The sweeps at a place, and the results there that belong to none."""
    if _URL not in place and not (Path(place) / FOLDER).is_dir():
        yield of_results(find_results(Path(place)).values(), place)
        return
    with opened_store(place, index) as store:
        sweeps = store.sweeps()
        if not sweeps:
            raise InputError.single("STORE", "holds no sweep; make one with `gridcarbon batch`", place)
        for record in sweeps.values():
            yield of_sweep(record, _states(store, record), place, _currency(store, record))


def _states(store: Store, record: SweepRecord) -> Mapping[str, RunState]:
    """What the index knows of the runs of a sweep; one that was lost is made again from the results."""
    keys = list(dict.fromkeys(run.key for run in record.runs))
    states = store.index.states(keys)
    if len(states) < len(keys):
        store.index.rebuild()
        states = store.index.states(keys)
    return states


def _currency(store: Store, record: SweepRecord) -> str:
    """The currency of a sweep, by its first result; empty if it has none."""
    there = next((run.key for run in record.runs if store.has(run.key)), None)
    return "" if there is None else str(store.folder.look(there, all_files=False).manifest.get("currency", ""))


def of_sweep(record: SweepRecord, states: Mapping[str, RunState], source: str, currency: str) -> Ensemble:
    """The runs of a sweep side by side, in its order, with what the index knows of each.

    Args:
        record: The sweep.
        states: State of each run by its key; one without is waiting.
        source: Where they lie, as the user wrote it.
        currency: Their currency.
    """
    known = [states.get(run.key, RunState(run.key, "waiting")) for run in record.runs]
    parameters = list(dict.fromkeys(name for run in record.runs for name in run.parameters))
    figures = list(dict.fromkeys(name for state in known for name in state.figures if declared_figure(name)))
    columns = {
        _SWEEP: pl.Series([record.sweep] * len(known), dtype=pl.String),
        "name": pl.Series([run.name for run in record.runs], dtype=pl.String),
        "status": pl.Series([state.status for state in known], dtype=pl.String),
        "reason": pl.Series([state.reason for state in known], dtype=pl.String),
        "tags": pl.Series([list(run.tags) for run in record.runs], dtype=pl.List(pl.String)),
        "key": pl.Series([run.key for run in record.runs], dtype=pl.String),
        **{name: column([run.parameters.get(name) for run in record.runs]) for name in parameters},
        **_places_in_design(record),
        **{name: column([state.figures.get(name) for state in known]) for name in figures},
        "seconds": pl.Series([state.seconds for state in known], dtype=pl.Float64),
    }
    return Ensemble(source, pl.DataFrame(columns), tuple(parameters), tuple(figures), currency)


def _places_in_design(record: SweepRecord) -> dict[str, pl.Series]:
    """Sample, matrix, column and replication of each run, if the record says so."""
    places = record.design.get("runs")
    if not isinstance(places, list) or len(places) != len(record.runs):
        return {}
    return {name: column([place[number] for place in places]) for number, name in enumerate(SAMPLE)}


def of_results(results: Iterable[Result], source: str) -> Ensemble:
    """Results side by side, with that as parameters in which their scenarios differ."""
    found = list(results)
    parameters = differences([result.scenario for result in found])
    figures = list(dict.fromkeys(name for result in found for name in result.summary if declared_figure(name)))
    columns = {
        "name": column([result.name for result in found]),
        "status": column([result.manifest["status"] for result in found]),
        **parameters,
        **{name: column([result.summary.get(name) for result in found]) for name in figures},
    }
    currencies = {str(result.manifest.get("currency", "")) for result in found}
    return Ensemble(source, pl.DataFrame(columns), tuple(parameters), tuple(figures),
                    currencies.pop() if len(currencies) == 1 else "")  # fmt: skip


def differences(scenarios: Sequence[Mapping[str, Any]]) -> dict[str, pl.Series]:
    """The entries in which scenarios differ, by path as a sweep writes it, but their names."""
    flat = [dict(_entries(scenario, "")) for scenario in scenarios]
    paths = dict.fromkeys(path for entries in flat for path in entries if path != "name")
    values = {path: [entries.get(path) for entries in flat] for path in paths}
    return {path: column(of_path) for path, of_path in values.items() if any(v != of_path[0] for v in of_path)}


def _entries(content: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every single value with its path: ``assets[roofs].p_peak_mw``, ``period.days``."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _entries(value, f"{path}.{key}" if path else str(key))
    elif isinstance(content, list) and any(isinstance(item, Mapping | list) for item in content):
        for place, item in enumerate(content):
            name = item.get("name", place) if isinstance(item, Mapping) else place
            yield from _entries(item, f"{path}[{name}]")
    else:
        yield path, ", ".join(map(str, content)) if isinstance(content, list) else content


def column(values: Sequence[Any]) -> pl.Series:
    """Values as a column: of whole numbers, numbers, truth values, or else of text."""
    kinds = {type(value) for value in values if value is not None}
    for allowed, dtype in (({bool}, pl.Boolean), ({int}, pl.Int64), ({int, float}, pl.Float64)):
        if kinds <= allowed and kinds:
            return pl.Series(values, dtype=dtype, strict=False)
    return pl.Series([None if value is None else str(value) for value in values], dtype=pl.String)
