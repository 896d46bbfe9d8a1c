"""The function of Ishigami and Homma (1990), whose Sobol indices are known, as runs of a sweep."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from scipy.stats import qmc

from app.studies.ensembles.runs import Ensemble

PARAMETERS = ("x1", "x2", "x3")
FIRST = (0.3139, 0.4424, 0.0)
TOTAL = (0.5576, 0.4424, 0.2437)
"""Published for a = 7, b = 0.1, to four digits."""


def ishigami(x: np.ndarray) -> np.ndarray:
    """sin x1 + 7 sin² x2 + 0.1 x3⁴ sin x1 of points of shape (n, 3)."""
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def saltelli_points(samples: int, seed: int = 1, parameters: int = 3) -> np.ndarray:
    """A Saltelli design over [-π, π]^d, sample by sample: A, A with each parameter of B, B; shape (n (d + 2), d)."""
    both = qmc.scale(qmc.Sobol(2 * parameters, rng=seed).random(samples), -math.pi, math.pi)
    a, b = both[:, :parameters], both[:, parameters:]
    between = np.repeat(a[None], parameters, axis=0)
    for parameter in range(parameters):
        between[parameter, :, parameter] = b[:, parameter]
    return np.concatenate([a[None], between, b[None]]).transpose(1, 0, 2).reshape(-1, parameters)


def as_runs(points: np.ndarray, figure: np.ndarray, status: list[str] | None = None) -> Ensemble:
    """Points and a figure of each as runs of a sweep, the figure as the cost."""
    columns = {name: points[:, place] for place, name in enumerate(PARAMETERS[: points.shape[1]])}
    names = [f"run {number}" for number in range(len(points))]
    runs = pl.DataFrame({"name": names, "status": status or ["done"] * len(points), **columns, "cost": figure})
    return Ensemble("store", runs, tuple(columns), ("cost",), "EUR")
