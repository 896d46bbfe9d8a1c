"""The carbon intensity of every bus in many possible operating points, traced in each as in a run.

What cars and batteries hold is followed store by store, by the power of every place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from app.accounts.storage import NodeDevices
from app.simulation.inputs import SimulationInputs
from app.twin.estimation.elements import CityElements
from app.twin.estimation.operating_points import OperatingPoints, flows_of, imported_mw
from carbon.stocks.at_places import StoresAtPlaces, followed_contents, powers_at_places
from carbon.tracing.flows import Flows, Sources
from carbon.tracing.proportional_sharing import trace
from grid.arrays import Floats, Ints, run_offsets
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.per_slot import DeviceOrSlot

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
    if points.exchanged_mw is not None:
        fed += points.exchanged_mw[np.ix_(ok, live)]
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

    Each store is followed by the power of its place (`StoreContents`), which it takes at the intensity there.

    Args:
        inputs: The scenario.
        elements: The elements.
        points: The operating points.
        before: Intensity of what elements or assets hold before the first step, by name [kg/MWh]; of others the mean
            intensity of imports over a year.

    Returns:
        The intensities, and that of what each element holds after the last step, by name [kg/MWh].
    """
    contents = StoreContents.from_inputs(inputs, elements)
    node, start = inputs.loaded.city.network.buses.node[elements.bus], contents.before(before)
    held = np.where(np.isnan(elements.ci_kg_per_mwh), start, np.zeros((points.step.size, start.size)))
    after: dict[str, float] = {}
    p_mw = np.where(node >= 0, points.p_mw, 0.0)
    for _ in range(STOCK_ROUNDS if contents.stores else 0):
        ci = intensities(inputs, elements, points, held)[:, np.maximum(node, 0)]
        held, after = contents.followed(p_mw, ci, start)
    return held, after


@dataclass(frozen=True, eq=False)
class StoreContents:
    """The stores of a city at their places; E elements.

    Args:
        elements: The elements.
        stores: Of each asset that is a store: its elements, and its devices at their buses.
        step_hours: Length of a step [h].
        usual_kg_per_mwh: Intensity of what is held at first where nothing else is known.
    """

    elements: CityElements
    stores: tuple[tuple[Ints, StoresAtPlaces], ...]
    step_hours: float
    usual_kg_per_mwh: float

    @classmethod
    def from_inputs(cls, inputs: SimulationInputs, elements: CityElements) -> Self:
        """The stores of a scenario."""
        found, assets = [], {each.name: each for each in inputs.flexibilities}
        stores = np.flatnonzero(np.isnan(elements.ci_kg_per_mwh))
        for owner in dict.fromkeys(elements.owner[k] for k in stores):
            at = stores[[elements.owner[k] == owner for k in stores]]
            found.append((at, _at_places(assets[owner], elements.bus[at])))
        return cls(elements, tuple(found), inputs.clock.step_hours, inputs.ci_year_kg_per_mwh)

    def before(self, held: Mapping[str, float]) -> Floats:
        """Intensity of what each element holds before the first step, shape (E,) [kg/MWh].

        Args:
            held: Of elements, or of assets, by name; of others the mean intensity of imports over a year.
        """
        names = zip(self.elements.name, self.elements.owner, strict=True)
        return np.array([held.get(name, held.get(owner, self.usual_kg_per_mwh)) for name, owner in names])

    def followed(
        self, p_mw: Floats, ci_kg_per_mwh: Floats, before: Floats, rng: np.random.Generator | None = None
    ) -> tuple[Floats, dict[str, float]]:
        """Intensity of what each element feeds in, or could, in T steps in order, shape (T, E); 0 of what is no store.

        Args:
            p_mw: Withdrawal of every element, shape (T, E) [MW].
            ci_kg_per_mwh: Intensity at the bus of each, shape (T, E); NaN where nothing flows.
            before: See `before`, shape (E,).
            rng: In which order the stores of a place take and give; None: all at once.

        Returns:
            The intensities, and that of what each element holds after the last step, by name [kg/MWh].
        """
        given, after = np.zeros(p_mw.shape), dict[str, float]()
        for at, stores in self.stores:
            priority = None if rng is None else rng.random(stores.start.size)
            ci = np.nan_to_num(ci_kg_per_mwh[:, at], nan=self.usual_kg_per_mwh)
            found = followed_contents(
                stores, np.nan_to_num(p_mw[:, at]), ci, before[at], self.step_hours, priority
            )  # fmt: skip
            given[:, at] = found.given
            after |= zip((self.elements.name[k] for k in at), found.held.tolist(), strict=True)
        return given, after

    def exchanged_mw(self, p_mw: Floats, steps: Ints, rng: np.random.Generator) -> Floats:
        """What stores of an element give to others of it, which its power does not show, shape (T, E) [MW].

        Every device that is plugged in draws, or feeds in, at full power independently of others, as often as those of
        all places together do by their powers; what both ways have in common at a place is what it does not show.

        Args:
            p_mw: Withdrawal of every element, shape (T, E) [MW].
            steps: Step of the scenario of each, shape (T,).
            rng: Which devices do.
        """
        found = np.zeros(p_mw.shape)
        for at, stores in self.stores:
            if stores.start.size == at.size:
                continue  # a single device does not do both
            power = np.nan_to_num(p_mw[:, at])
            draws, feeds = (each[steps] for each in powers_at_places(stores, int(steps.max(initial=-1)) + 1))
            unit = float(np.maximum(stores.p_max_mw, -stores.p_min_mw).max(initial=0.0))
            drawn, fed = (
                _drawn_by_chance(np.maximum(power, 0.0), draws, unit, rng),
                _drawn_by_chance(np.maximum(-power, 0.0), feeds, unit, rng),
            )
            found[:, at] = np.minimum(drawn, fed)
        return found


def _drawn_by_chance(power: Floats, most: Floats, unit: float, rng: np.random.Generator) -> Floats:
    """What devices of a unit of power do at each place by chance, beside what shows, shape (T, K) each [MW]."""
    total = most.sum(axis=1, keepdims=True)
    rate = np.divide(power.sum(axis=1, keepdims=True), total, out=np.zeros_like(total), where=total > 0)
    devices = np.round(most / max(unit, 1e-12)).astype(np.int64)
    does = unit * rng.binomial(devices, np.minimum(rate, 1.0))
    return np.asarray(np.minimum(does, np.maximum(most - power, 0.0)))


def _at_places(flexibility: Flexibility, buses: Ints) -> StoresAtPlaces:
    """The devices of a store at some buses, each of which is a place.

    Raises:
        ValueError: If it is no store.
    """
    store, devices = flexibility.reservoir, NodeDevices.from_flexibility(flexibility)
    if store is None:
        raise ValueError(f"{flexibility.name} is no store, and must have an intensity of its own")
    place = np.searchsorted(buses, devices.bus)
    order = np.lexsort((flexibility.start[devices.device], place))
    device, share = devices.device[order], devices.share[order]
    spread = device.size > flexibility.n_devices
    owner = order if spread else store.owner[device]
    place_of_owner = np.zeros(int(owner.max(initial=-1)) + 1, dtype=np.int64)
    place_of_owner[owner[::-1]] = place[order][::-1]

    def mean(quantity: DeviceOrSlot) -> Floats:
        summed = np.add.reduceat(flexibility.per_slot(quantity), flexibility.offsets[: flexibility.n_devices])
        return np.asarray(summed / (flexibility.stop - flexibility.start))[device]

    return StoresAtPlaces(
        np.searchsorted(place[order], np.arange(buses.size + 1)),
        flexibility.start[device], flexibility.stop[device], np.asarray(owner, dtype=np.int64),
        run_offsets(devices.length)[:-1][order],
        devices.of_slots(flexibility.per_slot(flexibility.p_max_mw)),
        devices.of_slots(flexibility.per_slot(flexibility.p_min_mw)),
        store.e_start_mwh[device] * share, store.e_max_mwh[device] * share,
        mean(store.eta_charge), mean(store.eta_discharge), place_of_owner,
    )  # fmt: skip
