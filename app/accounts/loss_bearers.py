"""Who bears the losses of the grid under a convention: its operator, the uses, or generators and stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.accounts.tracing_input import STORES, TracingInput
from carbon.tracing.conventions import ConventionTrace
from grid.arrays import Floats, ratio, without_nan
from grid.sharing import keep_latest

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


def summed_bearers(windows: Sequence[tuple[LossBearer, ...]]) -> tuple[LossBearer, ...]:
    """Those of windows of time together; each has the same bearers."""
    return tuple(
        LossBearer(parts[0].name, sum(part.lost_mwh for part in parts), sum(part.emissions_kg for part in parts))
        for parts in zip(*windows, strict=True)
    )


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
    model = "stocks" if inputs.operation is not None else "no stocks"
    if answer.convention != "load":
        name = f"losses under {answer.convention}, {model}"
        lost_mwh = keep_latest(name, inputs.powers, lambda: inputs.step_hours * float(lost_mw.sum()))
        return (LossBearer(GRID_OPERATOR, lost_mwh, loss_kg),)
    energy = keep_latest(f"losses of uses, {model}", inputs.powers, lambda: _of_uses(inputs, answer, lost_mw))
    used_kg_per_h = inputs.powers.use_mw * answer.tracing.known_ci_kg_per_mwh
    used_kg_per_h *= energy.lost_share
    uses_kg = inputs.step_hours * float(used_kg_per_h.sum())
    uses = LossBearer(USES, energy.of_uses_mwh, uses_kg)
    return (uses, LossBearer(GRID_OPERATOR, energy.at_nodes_mwh, loss_kg))


@dataclass(frozen=True, eq=False)
class _LostByUses:
    """Losses under ``load``, in energy, which no emission factor changes.

    Args:
        lost_share: Share of what was generated for a use that is lost on the way, shape (T, N) [1].
        of_uses_mwh: What is lost on the way to all uses [MWh].
        at_nodes_mwh: What was generated for what is lost at the nodes themselves [MWh].
    """

    lost_share: Floats
    of_uses_mwh: float
    at_nodes_mwh: float


def _of_uses(inputs: TracingInput, answer: ConventionTrace, lost_mw: Floats) -> _LostByUses:
    factor = without_nan(answer.gross_factor)
    on_the_way_mw = inputs.powers.use_mw * (factor - 1.0) * (factor > 0)
    return _LostByUses(
        ratio(factor - 1.0, factor, 0.0),
        inputs.step_hours * float(on_the_way_mw.sum()),
        inputs.step_hours * float((lost_mw * factor).sum()),
    )


@dataclass(frozen=True, eq=False)
class _LostBySources:
    """Losses under ``generator``, in energy.

    Args:
        source_mwh: What is lost of each source's power, shape (T, G) [MWh].
        total_mwh: The same over the run, shape (G,) [MWh].
        of_stores_mwh: What is lost of what stores feed in [MWh].
    """

    source_mwh: Floats
    total_mwh: Floats
    of_stores_mwh: float


def _of_sources(inputs: TracingInput, answer: ConventionTrace) -> _LostBySources:
    lost_mw = inputs.sources.p_mw - answer.net_generation_mw(inputs.sources)
    of_stores_mw = inputs.powers.of_stores_mw[1] * (1.0 - answer.delivered_share)
    hours = inputs.step_hours
    return _LostBySources(hours * lost_mw, hours * lost_mw.sum(axis=0), hours * float(of_stores_mw.sum()))


def generators_and_stores(inputs: TracingInput, answer: ConventionTrace) -> tuple[LossBearer, ...]:
    """Bearers under ``generator``: what each technology, and what stores, keep of the carbon of their power."""
    model = "stocks" if inputs.operation is not None else "no stocks"
    energy = keep_latest(f"losses of sources, {model}", inputs.powers, lambda: _of_sources(inputs, answer))
    kg = np.einsum("tg,tg->g", energy.source_mwh, inputs.sources.ci_kg_per_mwh)
    names = {name: place for place, name in enumerate(dict.fromkeys(inputs.source_names))}
    place = [names[name] for name in inputs.source_names]
    of_names = zip(names, np.bincount(place, energy.total_mwh), np.bincount(place, kg), strict=True)
    found = [LossBearer(name, float(lost_mwh), float(lost_kg)) for name, lost_mwh, lost_kg in of_names]
    stocks = answer.tracing.stocks
    if stocks is None:
        return tuple(found)
    events = stocks.events
    lost = 1.0 - answer.delivered_share[events.step, events.node]
    return (*found, LossBearer(STORES, energy.of_stores_mwh, float(stocks.given_back_kg @ lost)))


def sector_kg_of_generators(codes: tuple[str, ...], kg: Floats) -> Floats:
    """Emissions by GPC line, shape (Q,) [kg], where generators bear the losses: none is a consumer's.

    Args:
        codes: GPC lines, Q of them.
        kg: Emissions by line where the grid operator bears the losses, shape (Q,) [kg].
    """
    lost = np.array([code.endswith(".3") for code in codes])
    return np.where(lost, np.where(np.array(codes) == GENERATOR_LINE, kg[lost].sum(), 0.0), kg)
