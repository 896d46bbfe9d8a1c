"""States of a city that are possible by what was measured and expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.carbon import NOTHING, StoreContents, stored_intensity
from app.twin.estimation.expectations import Expectations
from app.twin.estimation.grid_voltage import GridVoltages
from app.twin.estimation.operating_points import OperatingPoints
from grid.arrays import Floats, Ints
from grid.twin.estimation.bad_data import CleanEstimate

HELD_SPREAD, HELD_SPREAD_EACH = 0.05, 0.15
"""Standard deviation of the intensity of what all stores of an asset hold before the first step, and of that of those
at one bus besides [1]; ours, unverified."""


@dataclass(frozen=True, eq=False)
class PossibleStates:
    """Possible states in T steps; V withdrawals in the estimate.

    Args:
        inputs: The scenario.
        expected: What is expected of its elements, E of them, in all its steps.
        clean: The estimate of T of them.
        active: Element of each active power among the pseudo-measurements.
        steps: Step of the scenario of each, shape (T,).
        held: Intensity of what assets hold before the first step, by name [kg/MWh], see `stored_intensity`.
        grid_voltages: Voltages that external grids may have; None: those by the standard deviation of the estimate.
    """

    inputs: SimulationInputs
    expected: Expectations
    clean: CleanEstimate
    active: Ints
    steps: Ints
    held: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    grid_voltages: GridVoltages | None = None

    @cached_property
    def middle(self) -> OperatingPoints:
        """The estimate itself."""
        found = self.clean.estimate
        return OperatingPoints(self.steps, found.voltage, self._of_elements(self._physical(found.elements)))

    def stored(self) -> tuple[Floats, dict[str, float]]:
        """Intensity of what stores give, by all steps of the scenario, or of its first ones where these are known.

        Where steps between are left out, the mean intensity of imports over a year stands for it. With that of what
        each asset holds after the last step.
        """
        n_steps = self.inputs.clock.n_steps
        if np.array_equal(self.steps, np.arange(self.steps.size)):
            return stored_intensity(self.inputs, self.expected.elements, self.middle, self.held)
        stores = np.isnan(self.expected.elements.ci_kg_per_mwh)
        return np.where(stores, self.inputs.ci_year_kg_per_mwh, np.zeros((n_steps, stores.size))), {}

    def possible(self, rng: np.random.Generator, probability: float = 0.5) -> tuple[Floats, OperatingPoints]:
        """A possible state of each step: the state of the model, shape (K, T), and the operating points.

        Args:
            rng: All that is left to chance.
            probability: With which the standard deviation of the external grids' voltage is not greater than that
                taken; of no effect without `grid_voltages`.
        """
        found = self.clean.estimate
        error = found.gain.draw(self.steps.size, rng)
        if self.grid_voltages is not None:
            error = self.grid_voltages.moved(error, probability, rng)
        elements = self._physical(found.elements + error[:-1].T)
        x = found.gain.summed(np.vstack([elements.T, found.x[-1] + error[-1]]))
        voltage = found.model.by_node(found.model.voltages(x))
        voltage[~found.settled] = np.nan
        p_mw = self._of_elements(elements)
        metered = np.where(np.isin(np.arange(p_mw.shape[1]), self.expected.known), p_mw, 0.0)
        exchanged = self.contents.exchanged_mw(metered, self.steps, rng)
        return x, OperatingPoints(self.steps, voltage, p_mw, exchanged)

    def stored_by(self, points: OperatingPoints, ci_kg_per_mwh: Floats, rng: np.random.Generator) -> Floats:
        """Intensity of what stores give in a possible state, shape (T, E) [kg/MWh].

        What they held at first may be off by `HELD_SPREAD`, and those of a place take and give in any order.

        Args:
            points: The state.
            ci_kg_per_mwh: Intensity of every bus, shape (T, B) [kg/MWh].
            rng: All that is left to chance.
        """
        elements, contents = self.expected.elements, self.contents
        owners = {owner: float(rng.standard_normal()) for owner in dict.fromkeys(elements.owner)}
        common = np.array([owners[owner] for owner in elements.owner])
        alone = np.where(elements.share >= 1, 0.0, rng.standard_normal(common.size))
        before = contents.before(self.held) * np.exp(HELD_SPREAD * common + HELD_SPREAD_EACH * alone)
        live = self.inputs.loaded.city.network.buses.node[elements.bus] >= 0
        ci = ci_kg_per_mwh[:, elements.bus]
        return contents.followed(np.where(live, points.p_mw, 0.0), ci, before, rng)[0]

    @cached_property
    def contents(self) -> StoreContents:
        """The stores of the city."""
        return StoreContents.from_inputs(self.inputs, self.expected.elements)

    @cached_property
    def _kept(self) -> Ints:
        """Elements of the active powers in the state: those at an external grid are not."""
        buses = self.clean.estimate.model.bus
        return self.active[np.isin(self.expected.elements.bus[self.active], buses)]

    def _physical(self, elements: Floats) -> Floats:
        """Withdrawals, shape (T, V), with the sign that they can have: loads draw, generation by weather feeds in."""
        least, most = (limit[np.ix_(self.steps, self._kept)] for limit in self.expected.limits)
        clipped, n = elements.copy(), self._kept.size
        clipped[:, :n] = np.clip(elements[:, :n], least, most)
        return clipped

    def _of_elements(self, elements: Floats) -> Floats:
        """Active power of every element, shape (T, E), from the withdrawals in the state, shape (T, V)."""
        p_mw = self.expected.p.values[self.steps].copy()
        p_mw[:, self._kept] = elements[:, : self._kept.size]
        return p_mw
