"""Which of the varied parameters move a key figure, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from app.studies.ensembles.designs import (
    SaltelliDesign,
    is_full_grid,
    saltelli_design,
    value_codes,
    varied_together,
    varies_one_at_a_time,
)
from app.studies.ensembles.measures import CONFIDENCE, Measure, grid_measures, rank_measures, sobol_measures
from app.studies.ensembles.runs import Ensemble, check_columns, choose
from grid.arrays import Ints
from grid.errors import Fault, InputError, raise_if_any

LEAST_RUNS = 10
"""Fewest runs for a rank correlation; with fewer its interval covers nearly everything."""
ONE_AT_A_TIME = (
    "the parameters were varied one at a time, which tells what each change does to one case (`gridcarbon table`), not "
    "which parameter matters more; run a Latin hypercube or a Saltelli design"
)
SEED = 0
"""Of the bootstrap, so that the same runs give the same intervals."""


@dataclass(frozen=True)
class Sensitivity:
    """How much each parameter moves a key figure.

    Args:
        figure: The key figure.
        method: What was computed.
        why: Why this and not another.
        parameters: What was varied, the most important first.
        measures: What was computed for each of them.
        runs: Runs that it rests on.
        notes: Runs and parameters that were left out.
    """

    figure: str
    method: str
    why: str
    parameters: tuple[str, ...]
    measures: tuple[Measure, Measure]
    runs: int
    notes: tuple[str, ...]

    def table(self) -> pl.DataFrame:
        """A row a parameter: each measure with the ends of its interval."""
        columns = {"parameter": pl.Series(self.parameters, dtype=pl.String)}
        for measure in self.measures:
            columns[measure.name] = pl.Series(measure.value)
            columns[f"{measure.name}_low"] = pl.Series(measure.low)
            columns[f"{measure.name}_high"] = pl.Series(measure.high)
        return pl.DataFrame(columns)


def sensitivity(ensemble: Ensemble, figure: str, *, with_infeasible: bool = False) -> Sensitivity:
    """How much each varied parameter moves a key figure, by the best method that the runs allow.

    Sobol indices where the runs are a Saltelli design or a full grid, and all of them count; else rank correlation.

    Args:
        ensemble: The runs.
        figure: The key figure.
        with_infeasible: Whether runs count that kept not every limit.

    Raises:
        InputError: If the figure is unknown or the same in all runs, nothing was varied, or the runs cannot tell the
            parameters apart.
    """
    check_columns({"--figure": [figure]}, ensemble.figures)
    varied = tuple(name for name in ensemble.parameters if ensemble.runs[name].n_unique() > 1)
    if not varied:
        raise InputError.single("", f"nothing was varied in the {ensemble.counted()}")
    chosen = choose(ensemble, [figure], with_infeasible=with_infeasible)
    if chosen.runs[figure].n_unique() < 2:
        raise InputError.single("--figure", f"is the same in all {chosen.runs.height} runs that count", figure)
    codes, complete = value_codes(ensemble.runs, varied), chosen.runs.height == ensemble.runs.height
    design = saltelli_design(ensemble.runs, varied)
    if complete and design is not None:
        found = _of_saltelli(chosen.runs, design, figure)
    elif complete and is_full_grid(codes):
        found = _of_grid(chosen.runs, varied, codes, figure)
    else:
        found = _of_ranks(ensemble, chosen.runs, varied, figure, design)
    return _sorted(found, chosen.notes)


def _of_grid(runs: pl.DataFrame, varied: tuple[str, ...], codes: Ints, figure: str) -> Sensitivity:
    levels = [np.unique(column, return_inverse=True) for column in codes.T]
    values = np.empty([values.size for values, _ in levels])
    values[tuple(place for _, place in levels)] = runs[figure].to_numpy()
    why = "every combination of the values ran; all count alike, so nothing is estimated and there is no interval"
    return Sensitivity(figure, "Sobol indices of a full grid", why, varied, grid_measures(values), runs.height, ())


def _of_saltelli(runs: pl.DataFrame, design: SaltelliDesign, figure: str) -> Sensitivity:
    values = runs[figure].cast(pl.Float64).to_numpy()
    f_a, f_b, f_ab = (values[rows].mean(axis=-1) for rows in (design.a, design.b, design.ab))
    measures = sobol_measures(f_a, f_b, f_ab, np.random.default_rng(SEED))
    samples, replications = design.a.shape
    why = f"the runs are a Saltelli design of {samples} samples and all of them count; intervals by bootstrap"
    notes = (f"the figure is the mean of {replications} replications",) if replications > 1 else ()
    return Sensitivity(figure, "Sobol indices", why, design.parameters, measures, runs.height, notes)


def _of_ranks(
    ensemble: Ensemble, counted: pl.DataFrame, varied: tuple[str, ...], figure: str, design: SaltelliDesign | None
) -> Sensitivity:
    why, runs = "the runs are neither a Saltelli design nor a full grid", counted
    if design is not None:
        independent = ensemble.runs[np.concatenate([design.a, design.b]).ravel()]
        runs = counted.join(independent.select("name"), on="name", how="semi")
        left = ensemble.runs.height - counted.height
        why = f"{left} runs of the Saltelli design do not count, so it is incomplete; its samples A and B serve alone"
    elif is_full_grid(value_codes(ensemble.runs, varied)):
        why = f"{ensemble.runs.height - counted.height} runs of the full grid do not count, so it is incomplete"
    runs, notes = _replications_as_one(runs, varied, figure)
    there = [name for name in varied if name in runs.columns]
    named = [name for name in there if runs[name].dtype == pl.String]
    ordered = tuple(name for name in there if name not in named)
    if named:
        notes.append(f"left out, as its values have no order: {', '.join(named)}; a grid or a Saltelli design can tell")
    raise_if_any(_cannot_tell(runs, ordered, len(varied)), f"the design of {ensemble.source}")
    values = runs.select(pl.col(ordered).cast(pl.Float64)).to_numpy()
    measures = rank_measures(values, runs[figure].cast(pl.Float64).to_numpy())
    why += f"; intervals of {100 * CONFIDENCE:.0f} % by Fisher's transform"
    return Sensitivity(figure, "rank correlation", why, ordered, measures, runs.height, tuple(notes))


def _replications_as_one(runs: pl.DataFrame, varied: tuple[str, ...], figure: str) -> tuple[pl.DataFrame, list[str]]:
    """Replications of a run as one with the mean of the figure: they are no independent runs."""
    if "replication" not in runs.columns or runs["replication"].n_unique() < 2:
        return runs, []
    each = runs.group_by("sample", "matrix", "column", maintain_order=True)
    same = each.agg(pl.col(varied).n_unique()).max()
    of_design = [name for name in varied if same[name].item() == 1]
    means = each.agg(pl.col(of_design).first(), pl.col(figure).mean(), pl.len().alias("replications"))
    kept = means.filter(pl.col("replications") == pl.col("replications").max())
    notes = [f"the figure is the mean over {int(kept['replications'][0])} replications of each run"]
    if kept.height < means.height:
        notes.append(f"left out: {means.height - kept.height} of them, which lack replications")
    return kept, notes


def _cannot_tell(runs: pl.DataFrame, ordered: tuple[str, ...], varied: int) -> list[Fault]:
    """Why these runs tell nothing of each of these parameters."""
    if not ordered:
        return [Fault("", "no parameter has values with an order; run a full grid or a Saltelli design of them")]
    least = max(LEAST_RUNS, len(ordered) + 3)
    if runs.height < least:
        return [Fault("", f"needs at least {least} runs that count for a rank correlation", runs.height)]
    codes = value_codes(runs, ordered)
    faults = [Fault(name, "has one value in all runs that count")
              for name, column in zip(ordered, codes.T, strict=True) if np.unique(column).size < 2]  # fmt: skip
    faults += [Fault(f"{ordered[a]}, {ordered[b]}", "were always varied together: nothing tells them apart")
               for a, b in varied_together(codes)]  # fmt: skip
    if varied > 1 and varies_one_at_a_time(codes):
        faults.append(Fault("", ONE_AT_A_TIME))
    if not faults and _rank(codes) < len(ordered):
        faults.append(Fault(", ".join(ordered), "one follows from the others in all runs: nothing tells them apart"))
    return faults


def _rank(codes: Ints) -> int:
    return int(np.linalg.matrix_rank(codes - codes.mean(axis=0)))


def _sorted(found: Sensitivity, notes: tuple[str, ...]) -> Sensitivity:
    """The parameters with the greatest second measure first: it counts what a parameter does together with others."""
    order = np.argsort(-np.abs(found.measures[1].value), kind="stable")
    first, second = (measure.take(order) for measure in found.measures)
    parameters = tuple(found.parameters[place] for place in order)
    return replace(found, parameters=parameters, measures=(first, second), notes=(*notes, *found.notes))
