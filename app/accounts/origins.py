"""Where the power of each sector, of cars and of each data centre comes from: imports, local generation, stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from app.accounts.metered_consumers import MeteredConsumer
from app.accounts.tracing_input import STORES, TracingInput
from carbon.tracing.shares import source_share_chunks
from grid.arrays import Floats, Ints

WINDOW_MB = 64.0
"""Room for the shares of a window of time [MB]."""


@dataclass(frozen=True, eq=False)
class Origins:
    """Power of every source in every consumer's, as the grid operator's convention traces it; S sources.

    Args:
        sources: Technologies and ``import``; with stores, last, `STORES`: the energy they held at first, and with it
            the carbon of their conversion losses, which whoever receives a discharge pays for.
        consumers: GPC lines x.2, C of them; cars count what they charge, without what they give back.
        energy_mwh: Shape (C, S) [MWh]; a row sums to what the consumer takes.
        emissions_kg: Shape (C, S) [kg]: energy times the source's own intensity; the stores' is what is left of the
            consumer's carbon.
        by_step: Of every data centre, energy and carbon by step, shape (T, S) each [MWh, kg].
    """

    sources: tuple[str, ...]
    consumers: tuple[str, ...]
    energy_mwh: Floats
    emissions_kg: Floats
    by_step: Mapping[str, tuple[Floats, Floats]]


def trace_origins(
    inputs: TracingInput,
    ci_kg_per_mwh: Floats,
    data_centres: Sequence[MeteredConsumer],
    *,
    vehicle_sector: str = "II.1",
) -> Origins:
    """Traces every group of sources to every sector and data centre, a window of time at once.

    Args:
        inputs: What was traced.
        ci_kg_per_mwh: Intensity under the operator's convention, shape (T, N) [kg/MWh].
        data_centres: Data centres.
        vehicle_sector: Sub-sector of the cars.
    """
    group, own_ci, names = _groups(inputs)
    names = names if inputs.operation is None else (*names, STORES)
    sectors = tuple(dict.fromkeys((*inputs.consumers.sectors, vehicle_sector)))
    of_sector = {name: _to_nodes(inputs, place) for place, name in enumerate(inputs.consumers.sectors)}
    cars = _charging_of_cars(inputs)
    sums = {sector: np.zeros((2, len(names))) for sector in sectors}
    by_step = {centre.name: np.zeros((2, inputs.shape[0], len(names))) for centre in data_centres}
    chunks = source_share_chunks(
        inputs.flows, inputs.sources, group, inputs.operation, step_hours=inputs.step_hours, memory_mb=WINDOW_MB
    )
    for first, shares in chunks:
        window = slice(first, first + len(shares))
        here = _Window(np.nan_to_num(shares), np.nan_to_num(ci_kg_per_mwh[window]), own_ci[window], inputs.step_hours)
        for sector in sectors:
            used = np.zeros(here.ci.shape) if sector != vehicle_sector else cars[window].copy()
            if sector in of_sector:
                used += (of_sector[sector] @ inputs.consumers.p_mw[window].T).T
            sums[sector] += here.parts(used, slice(None)).sum(axis=1)
        for centre in data_centres:
            by_step[centre.name][:, window] = here.parts(centre.p_mw[window], centre.node)
    merged = {name: _merged(values, names) for name, values in by_step.items()}
    energy, kg = np.moveaxis(_merged(np.array([sums[sector] for sector in sectors]), names), 1, 0)
    lines = tuple(f"{sector}.2" for sector in sectors)
    return Origins(tuple(dict.fromkeys(names)), lines, energy, kg, {name: (v[0], v[1]) for name, v in merged.items()})


@dataclass(frozen=True, eq=False)
class _Window:
    """Some steps: shares of the sources at nodes (t, N, S), intensity of nodes (t, N), of sources (t, S)."""

    shares: Floats
    ci: Floats
    own_ci: Floats
    step_hours: float

    def parts(self, p_mw: Floats, node: Ints | slice) -> Floats:
        """Energy and carbon of every source in power drawn at nodes, shape (t, P); shape (2, t, S) [MWh, kg]."""
        mwh = self.step_hours * np.einsum("tn,tns->ts", p_mw, self.shares[:, node])
        kg = np.zeros_like(mwh)
        n_known = self.own_ci.shape[1]
        kg[:, :n_known] = mwh[:, :n_known] * self.own_ci
        if n_known < kg.shape[1]:
            whole = self.step_hours * (p_mw * self.ci[:, node]).sum(axis=1)
            kg[:, n_known] = whole - kg.sum(axis=1)
        return np.array([mwh, kg])


def _groups(inputs: TracingInput) -> tuple[Ints, Floats, tuple[str, ...]]:
    """Group of each source, shape (G,): one for each technology and intensity; these, shape (T, S); their names."""
    ci, leaders = inputs.sources.ci_kg_per_mwh, list[int]()
    group = np.empty(len(inputs.source_names), dtype=np.int64)
    for k, name in enumerate(inputs.source_names):
        same = [
            place
            for place, leader in enumerate(leaders)
            if inputs.source_names[leader] == name and np.array_equal(ci[:, leader], ci[:, k])
        ]
        group[k] = same[0] if same else len(leaders)
        if not same:
            leaders.append(k)
    return group, ci[:, leaders], tuple(inputs.source_names[leader] for leader in leaders)


def _to_nodes(inputs: TracingInput, sector: int) -> sp.csr_array:
    """Matrix that sums what each consumer uses for a sector at its node, shape (N, M)."""
    consumers = inputs.consumers
    every = np.arange(consumers.node.size)
    return sp.csr_array((consumers.share[:, sector], (consumers.node, every)), shape=(inputs.shape[1], every.size))


def _charging_of_cars(inputs: TracingInput) -> Floats:
    """What cars charge at each node, shape (T, N) [MW]."""
    operation = inputs.operation
    if operation is None:
        return np.zeros(inputs.shape)
    return operation.power_at_nodes(*inputs.shape, operation.vehicle[operation.owner])[0]


def _merged(values: Floats, names: Sequence[str]) -> Floats:
    """Columns of the same name summed, in the order in which they first occur."""
    return np.stack([values[..., np.array(names) == name].sum(axis=-1) for name in dict.fromkeys(names)], axis=-1)
