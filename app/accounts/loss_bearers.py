"""Who bears the losses of the grid under a convention: its operator, the uses, or generators and stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.accounts.tracing_input import STORES, TracingInput
from carbon.tracing.conventions import ConventionTrace
from grid.arrays import Floats, ratio, without_nan

GRID_OPERATOR, USES = "grid operator", "uses"
GENERATOR_LINE = "I.4.3"
"""GPC line of losses that generators bear: energy industries, losses of the grid."""


@dataclass(frozen=True)
class LossBearer:
    """Who answers for losses of the grid over a run.

    Args:
        name: The grid operator; uses, which pay for them within their own carbon; stores; a technology, or ``import``.
        lost_mwh: Energy lost [MWh].
        emissions_kg: Its carbon [kg].
    """

    name: str
    lost_mwh: float
    emissions_kg: float


def uses_and_operator(
    inputs: TracingInput, answer: ConventionTrace, lost_mw: Floats, loss_kg: float
) -> tuple[LossBearer, ...]:
    """Bearers under ``operator``, ``average`` (the grid operator alone) and ``load`` (what uses pay, and the rest).

    Args:
        inputs: What was traced.
        answer: The convention's answer.
        lost_mw: What is on its loss line at each node, shape (T, N) [MW].
        loss_kg: Carbon on its loss line over the run [kg].
    """
    lost_mwh = inputs.step_hours * float(lost_mw.sum())
    if answer.convention != "load":
        return (LossBearer(GRID_OPERATOR, lost_mwh, loss_kg),)
    factor, ci = (without_nan(values) for values in (answer.gross_factor, answer.tracing.ci_kg_per_mwh))
    lost_of_gross = ratio(factor - 1.0, factor, 0.0)
    uses = LossBearer(
        USES,
        inputs.step_hours * float((inputs.powers.use_mw * (factor - 1.0) * (factor > 0)).sum()),
        inputs.step_hours * float((inputs.powers.use_mw * ci * lost_of_gross).sum()),
    )
    at_the_nodes_mwh = inputs.step_hours * float((lost_mw * factor).sum())
    return (uses, LossBearer(GRID_OPERATOR, at_the_nodes_mwh, loss_kg))


def generators_and_stores(inputs: TracingInput, answer: ConventionTrace) -> tuple[LossBearer, ...]:
    """Bearers under ``generator``: what each technology, and what stores, keep of the carbon of their power."""
    kg = answer.borne_by_source_kg(inputs.sources, inputs.step_hours).sum(axis=0)
    mwh = inputs.step_hours * (inputs.sources.p_mw - answer.net_generation_mw(inputs.sources)).sum(axis=0)
    names = np.array(inputs.source_names)
    found = [
        LossBearer(name, float(mwh[names == name].sum()), float(kg[names == name].sum()))
        for name in dict.fromkeys(inputs.source_names)
    ]
    operation, stocks = inputs.operation, answer.tracing.stocks
    if operation is None or stocks is None:
        return tuple(found)
    lost = 1.0 - answer.delivered_share
    events = stocks.events
    lost_kg = float(stocks.given_back_kg @ lost[events.step, events.node])
    stores = LossBearer(STORES, inputs.step_hours * float((inputs.powers.of_stores_mw[1] * lost).sum()), lost_kg)
    return (*found, stores)


def sector_kg_of_generators(codes: tuple[str, ...], kg: Floats) -> Floats:
    """Emissions by GPC line, shape (Q,) [kg], where generators bear the losses: none is a consumer's.

    Args:
        codes: GPC lines, Q of them.
        kg: Emissions by line where the grid operator bears the losses, shape (Q,) [kg].
    """
    lost = np.array([code.endswith(".3") for code in codes])
    return np.where(lost, np.where(np.array(codes) == GENERATOR_LINE, kg[lost].sum(), 0.0), kg)
