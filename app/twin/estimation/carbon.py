"""The carbon intensity of every bus in many possible operating points, traced in each as in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.elements import CityElements
from app.twin.estimation.operating_points import OperatingPoints, flows_of, imported_mw
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import values_of

STORE_HOURS: Final = 8.0
"""Time constant with which the intensity of what a store holds follows that of what it charges [h]; ours, unverified:
about the energy of a battery or of the cars that are plugged in, by their charging power."""
NOTHING: Final[Mapping[str, float]] = {}
STOCK_ROUNDS: Final = 2
"""How often intensities of buses and of stores are made from each other."""


def intensities(inputs: SimulationInputs, elements: CityElements, points: OperatingPoints, of_stores: Floats) -> Floats:
    """Carbon intensity of every node in operating points, shape (S, N) [kg/MWh]; NaN where nothing flows.

    Args:
        inputs: The scenario.
        elements: The elements.
        points: The operating points; steps without voltages have NaN.
        of_stores: Intensity of what each element gives that is a store, shape (T, E) [kg/MWh].
    """
    network = inputs.loaded.city.network
    branches, n = network.branches, network.n_nodes
    node = network.buses.node[elements.bus]
    live = node >= 0
    ok = np.asarray(np.isfinite(points.voltage).all(axis=1))
    found = np.full((ok.size, n), np.nan)
    if not ok.any():
        return found
    chosen = OperatingPoints(points.step[ok], points.voltage[ok], points.p_mw[ok])
    fed = np.maximum(-chosen.p_mw[:, live], 0.0)
    own = np.where(np.isnan(elements.ci_kg_per_mwh), of_stores, elements.ci_kg_per_mwh)[:, live]
    feeding = np.flatnonzero(fed.any(axis=0))
    at, where = np.unique(node[live][feeding], return_inverse=True)
    power, carbon = np.zeros((len(fed), at.size)), np.zeros((len(fed), at.size))
    for k, column in zip(where.ravel().tolist(), feeding.tolist(), strict=True):
        power[:, k] += fed[:, column]
        carbon[:, k] += fed[:, column] * own[chosen.step, column]
    boundary = np.maximum(imported_mw(network, chosen, elements), 0.0)
    ci = np.divide(carbon, power, out=np.zeros_like(carbon), where=power > 0)
    above = np.repeat(inputs.upstream.ci_kg_per_mwh[chosen.step, None], network.slack.size, axis=1)
    sources = Sources(
        np.concatenate([at, network.slack]), np.hstack([power, boundary]), np.hstack([ci, above]),
        np.zeros((len(fed), at.size + network.slack.size)),
    )  # fmt: skip
    flows = Flows(n, branches.from_node, branches.to_node, *flows_of(network, chosen.voltage))
    found[ok] = trace(flows, sources, inputs.clock.step_hours).ci_kg_per_mwh
    return found


def stored_intensity(
    inputs: SimulationInputs, elements: CityElements, points: OperatingPoints, before: Mapping[str, float] = NOTHING
) -> tuple[Floats, dict[str, float]]:
    """Intensity of what stores give, in T steps in order, shape (T, E) [kg/MWh]; 0 for what is no store.

    All elements of an asset share one stock, whose intensity follows that of what they charge with `STORE_HOURS`.
    Losses of charging and discharging raise it.

    Args:
        inputs: The scenario.
        elements: The elements.
        points: The operating points.
        before: Intensity of what each asset holds before the first step [kg/MWh]; of others the mean intensity of
            imports over a year.

    Returns:
        The intensities, and that of what each asset holds after the last step [kg/MWh].
    """
    n_steps, n = points.p_mw.shape
    stores = np.flatnonzero(np.isnan(elements.ci_kg_per_mwh))
    held = np.zeros((n_steps, n))
    node = inputs.loaded.city.network.buses.node[elements.bus]
    owners = {owner: stores[[elements.owner[k] == owner for k in stores]] for owner in
              dict.fromkeys(elements.owner[k] for k in stores)}  # fmt: skip
    losses = {each.name: _loss_factor(each) for each in inputs.flexibilities}
    held[:, stores] = inputs.ci_year_kg_per_mwh
    holds = {owner: before.get(owner, inputs.ci_year_kg_per_mwh) for owner in owners}
    after = dict(holds)
    for _ in range(STOCK_ROUNDS if stores.size else 0):
        ci = intensities(inputs, elements, points, held)
        for owner, at in owners.items():
            charged = np.where(node[at] >= 0, np.maximum(points.p_mw[:, at], 0.0), 0.0)
            there = np.nan_to_num(ci[:, np.maximum(node[at], 0)], nan=inputs.ci_year_kg_per_mwh)
            content = _followed(charged, there, inputs, holds[owner])
            held[:, at], after[owner] = losses[owner] * content[:-1, None], float(content[-1])
    return held, after


def _loss_factor(flexibility: Flexibility) -> float:
    reservoir = flexibility.reservoir
    if reservoir is None:
        return 1.0
    pair = (values_of(reservoir.eta_charge).mean(), values_of(reservoir.eta_discharge).mean())
    return float(1 / (pair[0] * pair[1]))


def _followed(charged_mw: Floats, ci: Floats, inputs: SimulationInputs, before: float) -> Floats:
    """Intensity of a stock that follows what it charges, before every step and after the last, shape (T + 1,)."""
    total = charged_mw.sum(axis=1)
    mean = np.divide((charged_mw * ci).sum(axis=1), total, out=np.zeros_like(total), where=total > 0)
    usual = max(float(total[total > 0].mean()) if (total > 0).any() else 0.0, 1e-9)
    found = np.full(total.size + 1, before)
    for step in range(total.size):
        weight = 1 - np.exp(-total[step] / usual * inputs.clock.step_hours / STORE_HOURS)
        found[step + 1] = found[step] + weight * (mean[step] - found[step])
    return found
