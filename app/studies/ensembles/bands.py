"""Between which values a key figure lies in most runs, and whether more runs would move that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from app.studies.ensembles.designs import is_full_grid, value_codes, varies_one_at_a_time
from app.studies.ensembles.runs import Ensemble, check_columns, choose
from grid.arrays import Floats
from grid.errors import Fault, InputError, raise_if_any

PERCENTILES = (10, 50, 90)
"""Percentiles of a band: one run in ten is below the first, one above the last."""
LEAST_RUNS = 10
"""Fewest runs for a band: a tenth of fewer is none."""


@dataclass(frozen=True)
class Bands:
    """Percentiles of key figures over runs.

    Args:
        table: A row a figure: `figure`, `unit`, `runs` that have it, `p10`, `p50`, `p90`, and by how much the last
            tenth of the runs moved each of them (`p10_moved` …), in the unit of the figure.
        values: Values of each figure in the runs counted, in the order of the table.
        notes: Runs that were left out, and what the design makes of the bands.
        asked: Whether the figures were asked for by name.
    """

    table: pl.DataFrame
    values: tuple[Floats, ...]
    notes: tuple[str, ...]
    asked: bool = False


def bands(ensemble: Ensemble, figures: tuple[str, ...] = (), *, with_infeasible: bool = False) -> Bands:
    """P10, P50 and P90 of key figures, and how far they moved with the last tenth of the runs.

    The percentiles are interpolated linearly between the two runs next to them. All runs count alike: the bands are
    those of the distributions that the sweep drew from.

    Args:
        ensemble: The runs, in the order of the sweep.
        figures: Key figures; all that vary if none is named.
        with_infeasible: Whether runs count that kept not every limit.

    Raises:
        InputError: If a figure is unknown, or too few runs count.
    """
    check_columns({"--figures": figures}, ensemble.figures)
    chosen = choose(ensemble, [], with_infeasible=with_infeasible)
    if chosen.runs.height < LEAST_RUNS:
        raise InputError.single("", f"needs at least {LEAST_RUNS} runs that count", chosen.runs.height)
    found = {name: chosen.runs[name].drop_nulls().cast(pl.Float64).to_numpy() for name in figures or ensemble.figures}
    if figures:
        raise_if_any(_too_few(found, chosen.runs.height), "the figures asked for")
    shown = {name: values for name, values in found.items()
             if values.size >= LEAST_RUNS and (figures or values.min() < values.max())}  # fmt: skip
    if not shown:
        raise InputError.single("", f"no key figure varies in the {chosen.runs.height} runs that count")
    rows = [{"figure": name, "unit": ensemble.unit(name), "runs": values.size, **_band(values)}
            for name, values in shown.items()]  # fmt: skip
    notes = (*chosen.notes, *_notes_on_design(ensemble))
    return Bands(pl.DataFrame(rows), tuple(shown.values()), notes, asked=bool(figures))


def _too_few(found: Mapping[str, Floats], runs: int) -> list[Fault]:
    return [Fault(name, f"has values in {values.size} of the {runs} runs that count, and needs {LEAST_RUNS}")
            for name, values in found.items() if values.size < LEAST_RUNS]  # fmt: skip


def _band(values: Floats) -> dict[str, float]:
    """Percentiles of values, and what they are more than those of the values without their last tenth."""
    now, before = (np.percentile(part, PERCENTILES) for part in (values, values[: values.size - values.size // 10]))
    named = {f"p{percentile}": float(value) for percentile, value in zip(PERCENTILES, now, strict=True)}
    moved = {f"p{percentile}_moved": float(step) for percentile, step in zip(PERCENTILES, now - before, strict=True)}
    return named | moved


def _notes_on_design(ensemble: Ensemble) -> tuple[str, ...]:
    """What a design that is no sample makes of bands."""
    varied = tuple(name for name in ensemble.parameters if ensemble.runs[name].n_unique() > 1)
    if not varied:
        return ()
    codes = value_codes(ensemble.runs, varied)
    if is_full_grid(codes):
        return ("the runs are a grid, not a sample: its values count alike, and its last tenth is one corner of it",)
    if varies_one_at_a_time(codes):
        return ("the parameters were varied one at a time: the bands are of these runs, not of an uncertainty",)
    return ()
