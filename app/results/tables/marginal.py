"""Tables of the marginal intensities and prices of a run: of the region, and of every bus."""

from __future__ import annotations

import numpy as np
import polars as pl

from app.results.tables.frames import by_element, times
from app.simulation.phases import SimulationResult


def regional(outcome: SimulationResult) -> pl.DataFrame:
    """One row a step: the region's marginal intensity, of either side, and its mean for comparison."""
    region, clock = outcome.marginal.region, outcome.inputs.clock
    return pl.DataFrame(
        {
            "time": times(clock),
            "below_kg_per_mwh": region.below_kg_per_mwh,
            "above_kg_per_mwh": region.above_kg_per_mwh,
            "tie": region.is_tie > 0,
            "mean_kg_per_mwh": outcome.inputs.upstream.ci_kg_per_mwh,
        }
    )


def nodal(outcome: SimulationResult, steps: slice) -> pl.DataFrame:
    """One row a step and bus in some steps: price and marginal intensities; null where they are not known."""
    found = outcome.marginal
    known = np.where(np.isfinite(found.loss_sensitivity[steps]), 0.0, np.nan)
    return by_element(
        outcome.inputs.clock.window(steps.start, steps.stop),
        "bus",
        outcome.flow.network.buses.names,
        price_per_mwh=found.price_per_mwh[steps],
        penalty_per_mwh=found.penalty_per_mwh[steps],
        marginal_below_kg_per_mwh=found.nodes.below_kg_per_mwh[steps] + known,
        marginal_above_kg_per_mwh=found.nodes.above_kg_per_mwh[steps] + known,
        dispatch_marginal_kg_per_mwh=found.dispatch_kg_per_mwh[steps],
    )
