"""Marginal intensities and prices of a run: of the region, and of every bus. They tell of changes, never of totals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carbon.reporting.marginal import MarginalIntensity, regional_marginal
from carbon.upstream import Upstream
from grid.arrays import Bools, Floats
from grid.large_arrays import large_array
from grid.powerflow.powerflow import PowerFlow
from optimizer.network.linearisation import loss_rows
from optimizer.network.phase_linearisation import phase_loss_rows, spread_evenly
from optimizer.problem.schedule import Schedule

if TYPE_CHECKING:
    from grid.three_phase import PhasePowerFlow

MOST_VOLTAGES = 250_000
"""Voltages of so many nodes and steps are differentiated at once, which takes some 50 MB."""
MEANING = (
    "Marginal intensities tell what a change would emit, and no inventory is made of them. Those of the table nodal "
    "are the region's, with the losses that a MWh more at the bus causes in the AC power flow, all else as it was."
)
OF_THE_DISPATCH = (
    "dispatch_marginal_kg_per_mwh is what the dispatch's own programme says of a MWh more: stores and limits answer, "
    "and imports count at the region's marginal intensity, though it decides by their mean one."
)
NO_DUALS = "Nothing was optimised in this run, so there are no nodal prices and no marginal intensity of the dispatch."
NO_LOSSES = (
    "Marginal losses are not known of grids with {elements}: nodal marginal intensities are missing, and what V2G "
    "avoided is reckoned with the region's."
)
OF_PHASES = (
    "Phases are solved apart: the losses of a MWh more at a bus are those of a third of it in each phase; in one phase "
    "alone it may lose more or less."
)


@dataclass(frozen=True, eq=False)
class Marginal:
    """What a little more or less consumption would mean; T steps, B buses.

    Args:
        region: Marginal intensity of the grid above.
        nodes: The same at every bus, with marginal losses; without them where they are not known.
        loss_sensitivity: Losses of the grid for a MWh more at each bus, shape (T, B) [MWh/MWh]; NaN where not known.
        price_per_mwh: What a MWh more at each bus costs in the dispatch, shape (T, B) [currency/MWh]; NaN where nothing
            was optimised. Penalties for limits that are exceeded are left out.
        penalty_per_mwh: What it adds of penalties, shape (T, B) [currency/MWh]: 0 where no limit is exceeded.
        dispatch_kg_per_mwh: What a MWh more at each bus emits in the dispatch's own programme, shape (T, B) [kg/MWh];
            NaN where nothing was optimised.
        notes: What a reader of these figures should know.
    """

    region: MarginalIntensity
    nodes: MarginalIntensity
    loss_sensitivity: Floats
    price_per_mwh: Floats
    penalty_per_mwh: Floats
    dispatch_kg_per_mwh: Floats
    notes: tuple[str, ...]


def marginal_of(
    upstream: Upstream, flow: PowerFlow | PhasePowerFlow, schedule: Schedule, sensitivity: Floats | None = None
) -> Marginal:
    """The marginal intensities and prices of a run.

    Args:
        upstream: Carbon intensity and wholesale price of imports in every step.
        flow: The AC power flow.
        schedule: What the dispatch decided.
        sensitivity: From `loss_sensitivity`, for who knows it already.
    """
    region = regional_marginal(
        upstream.ci_marginal_kg_per_mwh, upstream.ci_marginal_below_kg_per_mwh, upstream.ci_marginal_above_kg_per_mwh
    )
    losses = loss_sensitivity(flow) if sensitivity is None else sensitivity
    dead = flow.network.buses.node < 0
    price, penalty, dispatch = (
        np.broadcast_to(np.nan, losses.shape) if values.shape != losses.shape else _without(values, dead)
        for values in (schedule.nodal_price_per_mwh, schedule.nodal_penalty_per_mwh, schedule.marginal_ci_kg_per_mwh)
    )
    optimised = bool(np.isfinite(price).any())
    notes = [MEANING, OF_THE_DISPATCH if optimised else NO_DUALS]
    if flow.network.decided_by_voltage:
        notes.append(NO_LOSSES.format(elements=", ".join(flow.network.decided_by_voltage)))
    elif not isinstance(flow, PowerFlow):
        notes.append(OF_PHASES)
    return Marginal(region, region.at_nodes(np.nan_to_num(losses)), losses, price, penalty, dispatch, tuple(notes))


def _without(values: Floats, dead: Bools) -> Floats:
    """Values at buses, shape (T, B), NaN at dead ones, shape (B,); the same array where there are none."""
    return values + np.where(dead, np.nan, 0.0) if dead.any() else values


def loss_sensitivity(flow: PowerFlow | PhasePowerFlow) -> Floats:
    """Losses of the grid for a MWh more at each bus, at the AC operating point, shape (T, B) [MWh/MWh].

    NaN in steps without a solution, at de-energised buses, and everywhere in grids whose elements hold a voltage or
    follow it: they would answer to the change, which the derivative at constant powers does not see. Where three phases
    are solved apart, each of them draws a third of the MWh.
    """
    network = flow.network
    found = large_array((flow.clock.n_steps, len(network.buses.names)))
    found.fill(np.nan)
    if network.decided_by_voltage:
        return found
    at_once = max(1, MOST_VOLTAGES // network.n_nodes)
    if not isinstance(flow, PowerFlow):
        return _phase_loss_sensitivity(flow, found, at_once)
    for place, variant in enumerate(flow.variants or (network,)):
        of_variant = flow.variant == place if flow.variants else np.ones(flow.clock.n_steps, dtype=bool)
        steps = np.flatnonzero(of_variant & ~flow.failed)
        for first in range(0, steps.size, at_once):
            chosen = steps[first : first + at_once]
            found[chosen] = loss_rows(flow.at(variant, chosen), np.arange(chosen.size)).per_mw
    found[:, network.buses.node < 0] = np.nan
    return found


def _phase_loss_sensitivity(flow: PhasePowerFlow, found: Floats, at_once: int) -> Floats:
    """Losses for a MWh more at each bus that is spread evenly over the phases, written into `found`, shape (T, B)."""
    for place, variant in enumerate(flow.variants or (flow.sequences,)):
        of_variant = flow.variant == place if flow.variants else np.ones(flow.clock.n_steps, dtype=bool)
        steps = np.flatnonzero(of_variant & ~flow.failed)
        for first in range(0, steps.size, at_once):
            chosen = steps[first : first + at_once]
            found[chosen] = spread_evenly(phase_loss_rows(flow.at(variant, chosen), np.arange(chosen.size)).per_mw)
    found[:, flow.network.buses.node < 0] = np.nan
    return found
