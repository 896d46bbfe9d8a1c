"""What a set of runs can tell, recognised by the values that were varied: a design is what it is, whatever its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from app.studies.ensembles.runs import SAMPLE
from grid.arrays import Ints


@dataclass(frozen=True)
class SaltelliDesign:
    """Runs in which two independent samples, A and B, exchange one parameter at a time [1].

    Args:
        parameters: What is varied, in the order of the design.
        a: Rows of the runs of A, one for each replication, shape (n, R).
        b: Rows of the runs of B, shape (n, R).
        ab: Rows of the runs of A that have parameter i of B, shape (d, n, R).

    References:
        [1] A. Saltelli et al., "Variance based sensitivity analysis of model output. Design and estimator for the total
            sensitivity index", Computer Physics Communications, vol. 181, pp. 259-270, 2010.
    """

    parameters: tuple[str, ...]
    a: Ints
    b: Ints
    ab: Ints


def saltelli_design(runs: pl.DataFrame, varied: tuple[str, ...]) -> SaltelliDesign | None:
    """The runs as a Saltelli design, by what the sweep says of each or else by their values; None if they are none.

    Args:
        runs: All runs of the sweep, in its order.
        varied: What was varied.
    """
    said = runs["column"] if {*SAMPLE} <= {*runs.columns} else pl.Series([], dtype=pl.String)
    parameters = tuple(name for name in said.unique(maintain_order=True) if name)
    if not parameters:
        return saltelli_by_values(value_codes(runs, varied), varied)
    placed = runs.with_row_index("row").sort("sample", "replication", maintain_order=True)
    count = runs["sample"].n_unique()
    rows = {
        (matrix, name): part["row"].to_numpy().astype(np.int64)
        for (matrix, name), part in placed.group_by("matrix", "column", maintain_order=True)
    }
    wanted = [("A", ""), ("B", ""), *(("AB", name) for name in parameters)]
    each = count * runs["replication"].n_unique()
    if any(rows.get(one, np.empty(0)).size != each for one in wanted):
        return None
    a, b, *ab = (rows[one].reshape(count, -1) for one in wanted)
    return SaltelliDesign(parameters, a, b, np.array(ab))


def value_codes(runs: pl.DataFrame, parameters: tuple[str, ...]) -> Ints:
    """Numbers that are equal where values are, shape (runs, d); numbers are in the order of the values."""
    columns = [runs[name].rank("dense").fill_null(0).to_numpy() for name in parameters]
    return np.column_stack(columns).astype(np.int64)


def saltelli_by_values(codes: Ints, parameters: tuple[str, ...]) -> SaltelliDesign | None:
    """The runs as a Saltelli design without replications; None if they are none.

    Known are its two usual orders: sample by sample (A, A with one parameter of B after the other, B), and matrix by
    matrix (all A, all B, all A with the first parameter of B, …).

    Args:
        codes: Values as numbers, a row a run in the order of the sweep, shape (runs, d).
        parameters: Names of the d parameters.
    """
    samples, rest = divmod(len(codes), len(parameters) + 2)
    if rest or samples < 2:
        return None
    for a, b, ab in _orders(samples, len(parameters)):
        if _exchanges(codes, a, b, ab):
            return SaltelliDesign(parameters, a[:, None], b[:, None], ab[:, :, None])
    return None


def _orders(samples: int, parameters: int) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Rows of A, B and AB in each of the known orders."""
    size, sample, parameter = parameters + 2, np.arange(samples), np.arange(parameters)[:, None]
    yield sample * size, sample * size + size - 1, sample * size + 1 + parameter
    yield sample, samples + sample, (2 + parameter) * samples + sample


def _exchanges(codes: Ints, a: Ints, b: Ints, ab: Ints) -> bool:
    """Whether A and B differ, and each run between them is A with one parameter of B."""
    expected = np.tile(codes[a], (len(ab), 1, 1))
    for parameter in range(len(ab)):
        expected[parameter, :, parameter] = codes[b, parameter]
    return bool((codes[a] != codes[b]).any(axis=0).all() and np.array_equal(codes[ab], expected))


def is_full_grid(codes: Ints) -> bool:
    """Whether every combination of the values of all parameters stands there once."""
    every = np.prod([np.unique(column).size for column in codes.T])
    return bool(every == len(codes) and len(np.unique(codes, axis=0)) == len(codes) and len(codes) > 1)


def varies_one_at_a_time(codes: Ints) -> bool:
    """Whether no run differs from the most usual value of every parameter in more than one of them."""
    if codes.shape[1] < 2:
        return False
    usual = np.array([np.bincount(column).argmax() for column in codes.T])
    return bool(((codes != usual).sum(axis=1) <= 1).all())


def varied_together(codes: Ints) -> list[tuple[int, int]]:
    """Pairs of parameters of which one tells the other: by its order, or as each value goes with one of the other."""
    pairs = []
    for first, second in combinations(range(codes.shape[1]), 2):
        a, b = codes[:, first], codes[:, second]
        if np.array_equal(a, b) or np.array_equal(a, b.max() + b.min() - b):
            pairs.append((first, second))
            continue
        together = len(np.unique(codes[:, [first, second]], axis=0))
        if 2 * together <= len(codes) and together == np.unique(a).size == np.unique(b).size:
            pairs.append((first, second))
    return pairs
