"""Where the power of each sector, of cars and of each data centre comes from: imports, local generation, stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from app.accounts.metered_consumers import MeteredConsumer
from app.accounts.tracing_input import STORES, TracingInput
from carbon.tracing.shares import source_share_chunks
from grid.arrays import Floats, Ints, without_nan
from grid.large_arrays import moved_out
from grid.memory import give_back_if_large
from grid.sharing import shared

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
    parts = _energy_by_source(inputs.powers_of or inputs, group, tuple(data_centres), vehicle_sector)
    ci = without_nan(ci_kg_per_mwh)
    sums = {sector: np.zeros((2, len(names))) for sector in parts.of_sector_mwh}
    by_step = {centre.name: np.zeros((2, inputs.shape[0], len(names))) for centre in data_centres}
    for window in parts.windows:
        for sector, mwh in parts.of_sector_mwh.items():
            whole_kg = _carbon(parts.used_mw(inputs, sector, window), ci[window], inputs.step_hours)
            sums[sector] += np.array([mwh[window], _by_source(mwh[window], own_ci[window], whole_kg)]).sum(axis=1)
        for centre, mwh in zip(data_centres, parts.of_centre_mwh, strict=True):
            whole_kg = _carbon(centre.p_mw[window], ci[window][:, centre.node], inputs.step_hours)
            by_step[centre.name][:, window] = mwh[window], _by_source(mwh[window], own_ci[window], whole_kg)
    merged = {name: _merged(values, names) for name, values in by_step.items()}
    energy, kg = np.moveaxis(_merged(np.array(list(sums.values())), names), 1, 0)
    lines = tuple(f"{sector}.2" for sector in sums)
    return Origins(tuple(dict.fromkeys(names)), lines, energy, kg, {name: (v[0], v[1]) for name, v in merged.items()})


def _carbon(p_mw: Floats, ci_kg_per_mwh: Floats, step_hours: float) -> Floats:
    """Carbon of power drawn at nodes, shape (t, P) both, in every step, shape (t,) [kg]."""
    whole: Floats = step_hours * (p_mw * ci_kg_per_mwh).sum(axis=1)
    return whole


def _by_source(mwh: Floats, own_ci: Floats, whole_kg: Floats) -> Floats:
    """Carbon of every source in energy of shape (t, S); the last, if it has no intensity of its own, has the rest."""
    kg = np.zeros_like(mwh)
    n_known = own_ci.shape[1]
    kg[:, :n_known] = mwh[:, :n_known] * own_ci
    if n_known < kg.shape[1]:
        kg[:, n_known] = whole_kg - kg.sum(axis=1)
    return kg


@dataclass(frozen=True, eq=False)
class _EnergyBySource:
    """Energy of every source in each consumer's, which no emission factor changes.

    Args:
        windows: The windows of time that it was traced in.
        of_sector_mwh: In every sector's, shape (T, S) each [MWh].
        of_centre_mwh: In every data centre's, shape (T, S) each [MWh].
        cars_mw: What cars charge at each node, shape (T, N) [MW]; it belongs to `vehicle_sector`.
        vehicle_sector: Sub-sector of the cars.
        known_mw: What each sector takes at each node, shape (T, N) each [MW], where all is one window.
    """

    windows: tuple[slice, ...]
    of_sector_mwh: Mapping[str, Floats]
    of_centre_mwh: tuple[Floats, ...]
    cars_mw: Floats
    vehicle_sector: str
    known_mw: Mapping[str, Floats]

    def used_mw(self, inputs: TracingInput, sector: str, window: slice) -> Floats:
        """What a sector takes at each node in a window of time, shape (t, N) [MW]."""
        if sector in self.known_mw:
            return self.known_mw[sector]
        return _used_mw(inputs, sector, window, self.cars_mw if sector == self.vehicle_sector else None)


@shared(latest=True)
def _energy_by_source(
    inputs: TracingInput, group: Ints, data_centres: tuple[MeteredConsumer, ...], vehicle_sector: str
) -> _EnergyBySource:
    """Traces every group of sources, shape (G,), to every sector and data centre, a window of time at once."""
    sectors = tuple(dict.fromkeys((*inputs.consumers.sectors, vehicle_sector)))
    cars_mw = _charging_of_cars(inputs)
    cars = {vehicle_sector: cars_mw}
    give_back_if_large()
    chunks = source_share_chunks(
        inputs.flows, inputs.sources, group, inputs.operation, step_hours=inputs.step_hours, memory_mb=WINDOW_MB
    )
    windows, of_sector, of_centre = list[slice](), list[list[Floats]](), list[list[Floats]]()
    used: dict[str, Floats] = {}
    for first, found in chunks:
        window, shares = slice(first, first + len(found)), without_nan(found)
        windows.append(window)
        used = {sector: _used_mw(inputs, sector, window, cars.get(sector)) for sector in sectors}
        of_sector.append([_mwh(p_mw, shares, inputs.step_hours) for p_mw in used.values()])
        of_centre.append([_mwh(c.p_mw[window], shares[:, c.node], inputs.step_hours) for c in data_centres])
        give_back_if_large()
    return _EnergyBySource(
        tuple(windows),
        {sector: np.concatenate(parts) for sector, parts in zip(sectors, zip(*of_sector, strict=True), strict=True)},
        tuple(np.concatenate(parts) for parts in zip(*of_centre, strict=True)),
        cars_mw,
        vehicle_sector,
        used if len(windows) == 1 else {},
    )


def _mwh(p_mw: Floats, shares: Floats, step_hours: float) -> Floats:
    """Energy of every source in power drawn at nodes, shape (t, P), with its shares there, (t, P, S); (t, S) [MWh]."""
    energy: Floats = step_hours * np.einsum("tn,tns->ts", p_mw, shares)
    return energy


def _used_mw(inputs: TracingInput, sector: str, window: slice, cars_mw: Floats | None) -> Floats:
    """What a sector takes at each node in a window, with what cars charge if they belong to it, shape (t, N) [MW]."""
    p_mw = inputs.consumers.p_mw[window]
    used = np.zeros((len(p_mw), inputs.shape[1])) if cars_mw is None else cars_mw[window].copy()
    if sector in inputs.consumers.sectors:
        used += (_to_nodes(inputs, inputs.consumers.sectors.index(sector)) @ p_mw.T).T
    return used


def _groups(inputs: TracingInput) -> tuple[Ints, Floats, tuple[str, ...]]:
    """Group of each source, shape (G,): one for each technology and intensity; these, shape (T, S); their names."""
    ci, leaders = inputs.sources.ci_kg_per_mwh, dict[tuple[str, float, bytes], int]()
    of_first_step, changes = ci[0].tolist(), (ci != ci[:1]).any(axis=0).tolist()
    group = np.empty(len(inputs.source_names), dtype=np.int64)
    places: dict[int, int] = {}
    for k, name in enumerate(inputs.source_names):
        leader = leaders.setdefault((name, of_first_step[k], ci[:, k].tobytes() if changes[k] else b""), k)
        group[k] = places.setdefault(leader, len(places))
    return group, ci[:, list(places)], tuple(inputs.source_names[leader] for leader in places)


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
    return moved_out(operation.power_at_nodes(*inputs.shape, operation.vehicle[operation.owner])[0])


def _merged(values: Floats, names: Sequence[str]) -> Floats:
    """Columns of the same name summed, in the order in which they first occur."""
    return np.stack([values[..., np.array(names) == name].sum(axis=-1) for name in dict.fromkeys(names)], axis=-1)
