"""Where runs come from: results, folders of results, and stores with their sweeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from app.results.folder import Result, find_results
from app.results.store.folders.places import open_folder
from app.results.store.records import FOLDER
from app.results.store.scan import scan
from app.results.store.states import ABOUT_RUNS, WITH_RESULT
from app.results.typed_column import typed_column
from app.studies.ensembles.runs import SAMPLE, Ensemble, declared_figure, in_order
from grid.errors import InputError, nearest
from grid.files.content import is_folder

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
    figures = in_order(dict.fromkeys(name for one in found for name in one.figures))
    currencies = {one.currency for one in found}
    return Ensemble(", ".join(places), runs, tuple(parameters), figures,
                    currencies.pop() if len(currencies) == 1 else "")  # fmt: skip


def sweep_at(place: str, sweep: str | None = None, *, index: str | None = None) -> Ensemble:
    """The runs of one sweep, in its order; of a folder without sweeps, all its results.

    Args:
        place: A store (folder or URL), or a folder of results.
        sweep: Name of the sweep; may be None where there is only one.
        index: The index of the store, if it is not where it lies by default.

    Raises:
        InputError: If there is no such sweep, there are several and none is named, or none of its runs has a result.
    """
    found = {str(one.runs[_SWEEP].first() or "") if _SWEEP in one.runs.columns else "": one
             for one in _at(place, index)}  # fmt: skip
    if sweep is None and len(found) == 1:
        return _with_results(next(iter(found.values())))
    names = ", ".join(repr(name) for name in found if name)
    if sweep is None:
        raise InputError.single("--sweep", f"must say which of the sweeps in {place}: {names}")
    if sweep not in found:
        raise InputError.single("--sweep", f"no such sweep in {place}", sweep, nearest(sweep, filter(None, found)))
    return _with_results(found[sweep])


def _with_results(ensemble: Ensemble) -> Ensemble:
    """The runs; an `InputError` if none has a result yet."""
    if not ensemble.figures:
        raise InputError.single("STORE", f"no run has a result yet ({ensemble.counted()})", ensemble.source)
    return ensemble


def _at(place: str, index: str | None) -> Iterator[Ensemble]:
    """The sweeps at a place, and the results there that belong to none."""
    if _URL not in place and not is_folder(Path(place) / FOLDER):
        yield of_results(find_results(Path(place)).values(), place)
        return
    folder = open_folder(place)
    runs, designs = scan(place, index=index).collect(), {record.sweep: record.design for record in folder.records()}
    if runs.is_empty():
        raise InputError.single("STORE", "holds no run; make some with `gridcarbon batch`", place)
    ended = runs.filter(pl.col("status").is_in(WITH_RESULT))["key"]
    first = folder.look(ended[0], all_files=False).manifest if len(ended) else {}
    for (name,), part in runs.group_by(_SWEEP, maintain_order=True):
        yield of_sweep(part, designs.get(str(name or ""), {}), place, str(first.get("currency", "")))


def of_sweep(runs: pl.DataFrame, design: Mapping[str, Any], source: str, currency: str) -> Ensemble:
    """The runs of a sweep side by side.

    Args:
        runs: Its rows of `app.results.scan`, in its order; columns of other sweeps are empty.
        design: What its record says of how the runs were chosen.
        source: Where they lie, as the user wrote it.
        currency: Their currency.
    """
    there = [name for name in runs.columns if name in ABOUT_RUNS or runs[name].is_not_null().any()]
    figures = in_order(name for name in there if declared_figure(name) is not None)
    parameters = tuple(name for name in there if name not in ABOUT_RUNS and name not in figures)
    varied = [_as_number(runs[name]) for name in parameters]
    about = ["sweep", "name", "status", "reason", "tags", "key"]
    frame = runs.select(about).hstack([*varied, *_places_in_design(design, runs.height)])
    return Ensemble(source, frame.hstack(runs.select(*figures, "seconds")), parameters, figures, currency)


def _as_number(values: pl.Series) -> pl.Series:
    """A column of numbers that stands as text since another sweep has names there, as numbers again."""
    numbers = values.cast(pl.Float64, strict=False) if values.dtype == pl.String else values
    return values if numbers.null_count() > values.null_count() else numbers


def _places_in_design(design: Mapping[str, Any], runs: int) -> list[pl.Series]:
    """Sample, matrix, column and replication of each run, if the record says so."""
    places = design.get("runs")
    if not isinstance(places, list) or len(places) != runs:
        return []
    return [typed_column([place[number] for place in places]).alias(name) for number, name in enumerate(SAMPLE)]


def of_results(results: Iterable[Result], source: str) -> Ensemble:
    """Results side by side, with that as parameters in which their scenarios differ."""
    found = list(results)
    parameters = differences([result.scenario for result in found])
    figures = in_order(dict.fromkeys(name for result in found for name in result.summary if declared_figure(name)))
    columns = {
        "name": typed_column([result.name for result in found]),
        "status": typed_column([result.manifest["status"] for result in found]),
        **parameters,
        **{name: typed_column([result.summary.get(name) for result in found]) for name in figures},
    }
    currencies = {str(result.manifest.get("currency", "")) for result in found}
    return Ensemble(source, pl.DataFrame(columns), tuple(parameters), figures,
                    currencies.pop() if len(currencies) == 1 else "")  # fmt: skip


def differences(scenarios: Sequence[Mapping[str, Any]]) -> dict[str, pl.Series]:
    """The entries in which scenarios differ, by path as a sweep writes it, but their names."""
    flat = [dict(_entries(scenario, "")) for scenario in scenarios]
    paths = dict.fromkeys(path for entries in flat for path in entries if path != "name")
    values = {path: [entries.get(path) for entries in flat] for path in paths}
    return {path: typed_column(of_path) for path, of_path in values.items() if any(v != of_path[0] for v in of_path)}


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
