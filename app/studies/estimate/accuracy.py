"""By how much estimates err: as measured on stored runs, else by the shipped benchmark; nothing is assumed.

A band is a quantile of absolute errors. Of n errors the one of rank ``ceil((n + 1) p)`` bounds the next with a
probability of at least p, whatever their distribution, if the next is a draw like them (split conformal prediction
[1]); where that rank exceeds n the largest is taken and the level is lower, which is said.

References:
    [1] J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, "Distribution-free predictive inference for
        regression", J. American Statistical Association, vol. 113, no. 523, pp. 1094-1111, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import Field

from app.studies.estimate.levers import Ranges
from grid.files.plain_yaml import plain_yaml
from grid.spec import Spec

LEVEL: Final = 0.9
"""Probability of the bands."""
LEAST_RUNS: Final = 9
"""Stored runs from which errors are taken from them: as many as a level of 0.9 needs."""
Correction = Literal["alone", "corrected"]
"""Whether an estimate stands alone, or is moved by what it missed of a stored run."""

ABSOLUTE: Final = frozenset({
    "renewable_share", "line_loading_max_percent", "trafo_loading_max_percent", "vm_min_pu", "vm_max_pu", "pue_mean",
})  # fmt: skip
"""Figures whose errors are kept in their own unit."""
SCALED_BY: Final = {
    "v2g_energy_mwh": "ev_energy_mwh", "export_mwh": "consumption_mwh", "violation_steps": "steps",
}  # fmt: skip
"""Figures that may be 0, and those that their errors are shares of; those of others are shares of themselves."""


def scale_of(key: str, figures: Mapping[str, float]) -> float:
    """What an error of a figure is a share of.

    Args:
        key: Key of the figure.
        figures: All figures of the run.
    """
    if key in ABSOLUTE or key.endswith(".pue"):
        return 1.0
    return max(abs(figures.get(SCALED_BY.get(key, key), 0.0)), 1e-9)


def general(key: str) -> str:
    """The name under which errors of a figure are kept: data centres count together."""
    return f"data_centres.{key.rpartition('.')[2]}" if key.startswith("data_centres.") else key


class MeasuredErrors(Spec):
    """Errors of one figure."""

    runs: int = Field(ge=1)
    """Runs that they were measured on."""
    q80: float = Field(ge=0)
    """Quantile of 80 % of the absolute errors."""
    q90: float = Field(ge=0)
    """Quantile of 90 %."""
    largest: float = Field(ge=0)
    """The largest."""
    covered80: float | None = Field(default=None, ge=0, le=1)
    """Share of the runs that lay within the band of 80 % made from the others."""
    covered: float | None = Field(default=None, ge=0, le=1)
    """The same of the band of 90 %."""


class MeasuredOfStrategy(Spec):
    """Errors of one strategy, and the scenarios on which they were measured."""

    kinds: tuple[str, ...]
    """Kinds of assets that were in them."""
    ranges: dict[str, tuple[float, float]]
    """Least and most of every lever (`app.studies.estimate.levers`)."""
    errors: dict[Correction, dict[str, MeasuredErrors]]
    """By correction and figure."""


class Measured(Spec):
    """The content of ``measured.yaml``, which ``python -m benchmarks.estimate`` writes."""

    source: str
    """What was measured, and how."""
    date: str
    """When."""
    networks: tuple[str, ...]
    """Nets of the cities."""
    days: tuple[int, int]
    """Least and most days of a period."""
    strategies: dict[str, MeasuredOfStrategy]
    """By strategy."""


@cache
def measured() -> Measured:
    """What the benchmark measured."""
    text = (resources.files("app.studies.estimate") / "measured.yaml").read_text("utf-8")
    return Measured.model_validate(plain_yaml(text))


def quantile(errors: Sequence[float], level: float = LEVEL) -> float:
    """The error that bounds the next with probability `level`; the largest where there are too few."""
    ordered = sorted(errors)
    rank = min(len(ordered), math.ceil((len(ordered) + 1) * level - 1e-9))
    return ordered[rank - 1]


def kept_error(key: str, figures: Mapping[str, float], error: float) -> float:
    """An error as it is kept: as a share of what `scale_of` says."""
    return abs(error) / scale_of(key, figures)


def half_width(key: str, figures: Mapping[str, float], kept: float) -> float:
    """Half the width of a band from a kept error, in the unit of the figure."""
    return kept * scale_of(key, figures)


def shipped_ranges(strategy: str) -> Ranges:
    """Ranges of the levers in the benchmark."""
    return Ranges(measured().strategies[strategy].ranges)


def shipped_error(strategy: str, correction: Correction, key: str) -> float | None:
    """The error of a figure in the benchmark; None where it was not measured."""
    found = measured().strategies[strategy].errors.get(correction, {}).get(general(key))
    return None if found is None else found.q90


def largest_by_figure(errors: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Quantiles by figure of errors of several runs; figures that some lack are left out."""
    keys = set.intersection(*(set(each) for each in errors)) if errors else set()
    return {key: quantile([each[key] for each in errors]) for key in keys}
