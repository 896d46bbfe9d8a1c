"""How far an estimate is from what a result says really happened, and how many stations that takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.results.folder import Result
from app.results.parquet.resolution import RESOLUTIONS
from app.twin.estimation.city_state import CityState, StateBand
from app.twin.measuring.solved_state import SolvedState, by_step_and_name
from grid.arrays import Bools, Floats
from grid.units import LOW_VOLTAGE_KV

QUANTILE: Final = 0.95
"""Share of the errors that are not greater than what is stated."""
SMALLEST_SHARE: Final = 0.1
"""Errors of intensities are per the bus's own, but at least per this share of the mean of all buses: where only the sun
feeds a bus its intensity is zero."""
ROUNDING: Final = 1e-6
"""Share of a value, or of 1 below that, by which a band that is narrower than rounding may miss it: the true state is
solved, not read from tables, and power flows agree to that."""
CI_ROUNDING: Final = RESOLUTIONS["buses"]["ci_kg_per_mwh"] / 2
"""By how much intensities of a result may be rounded [kg/MWh]: at night the band is narrower at many a bus."""


@dataclass(frozen=True)
class Accuracy:
    """Errors of an estimate over all steps and elements; quantiles of 95 %, NaN where there is nothing to compare.

    Args:
        vm_percent: Of voltages [% of the voltage].
        loading_points: Of loadings of lines above 1 kV [percentage points].
        loss_percent: Of losses [% of the losses].
        ci_percent: Of carbon intensities [% of the intensity], see `SMALLEST_SHARE`.
        vm_covered: Share of the true voltages within their bands [1].
        loading_covered: The same of these loadings.
        loss_covered: Of losses.
        ci_covered: Of intensities.
    """

    vm_percent: float
    loading_points: float
    loss_percent: float
    ci_percent: float
    vm_covered: float
    loading_covered: float
    loss_covered: float
    ci_covered: float

    def __str__(self) -> str:
        """It in two lines; what there is nothing to compare of is said to be so."""
        errors = (
            f"voltages {_number(self.vm_percent, '%')}, loadings of lines above 1 kV "
            f"{_number(self.loading_points, 'percentage points')}, losses {_number(self.loss_percent, '%')}, "
            f"carbon intensities {_number(self.ci_percent, '%')}"
        )
        shares = {"voltages": self.vm_covered, "loadings": self.loading_covered, "losses": self.loss_covered,
                  "carbon intensities": self.ci_covered}  # fmt: skip
        covered = ", ".join(f"{name} {_number(100 * share, '%')}" for name, share in shares.items())
        return (
            f"error against the result, not exceeded in 95 % of the cases: {errors}\n"
            f"true values within their band of 90 %: {covered}"
        )


def accuracy(state: CityState, result: Result, solved: SolvedState) -> Accuracy:
    """Errors of an estimate against the result that was measured.

    Args:
        state: The estimate.
        result: The result, whose intensities are compared.
        solved: Its power flow, solved again, whose voltages, loadings and losses are compared.
    """
    network, clock = solved.flow.network, state.series.clock
    ci = by_step_and_name(result.table("buses").collect(), clock, "bus", "ci_kg_per_mwh", network.buses.names)
    least = SMALLEST_SHARE * np.nanmean(ci, axis=1, keepdims=True)
    p_from, p_to = solved.flow.branch_powers_mw()
    loss = (p_from + p_to).sum(axis=1)
    branches = network.branches
    medium = (np.array(branches.kinds) == "line") & (network.buses.vn_kv[branches.from_bus] > LOW_VOLTAGE_KV)
    vm, loading = solved.flow.vm_pu(), solved.flow.loading_percent()
    lines = np.broadcast_to(medium & branches.rated, loading.shape)
    every = np.ones_like(vm, dtype=bool)
    return Accuracy(
        _error(state.vm_pu, vm, 100 / vm, every),
        _error(state.loading_percent, loading, np.ones_like(loading), lines),
        _error(state.loss_mw, loss, 100 / loss, loss > 0),
        _error(state.ci_kg_per_mwh, ci, 100 / np.fmax(ci, least), every),
        _covered(state.vm_pu, vm, every),
        _covered(state.loading_percent, loading, lines),
        _covered(state.loss_mw, loss, loss > 0),
        _covered(state.ci_kg_per_mwh, ci, every, CI_ROUNDING),
    )


def _number(value: float, unit: str) -> str:
    return "nothing to compare" if np.isnan(value) else f"{value:.3g} {unit}"


def _error(band: StateBand, true: Floats, factor: Floats, counted: Bools) -> float:
    error = np.abs(band.value - true) * factor
    error = error[counted & np.isfinite(error)]
    return float(np.quantile(error, QUANTILE)) if error.size else np.nan


def _covered(band: StateBand, true: Floats, counted: Bools, least_rounding: float = 0.0) -> float:
    there = counted & np.isfinite(true) & np.isfinite(band.low)
    rounding = np.maximum(ROUNDING * np.maximum(np.abs(true), 1.0), least_rounding)
    within = ((true >= band.low - rounding) & (true <= band.high + rounding))[there]
    return float(within.mean()) if within.size else np.nan
