"""States of a city that are possible by what was measured and expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from app.simulation.inputs import SimulationInputs
from app.twin.estimation.carbon import NOTHING, stored_intensity
from app.twin.estimation.expectations import Expectations
from app.twin.estimation.operating_points import OperatingPoints
from grid.arrays import Floats, Ints
from grid.twin.estimation.bad_data import CleanEstimate

STORED_SPREAD, STORED_SPREAD_EACH = 0.05, 0.15
"""Standard deviation of the intensity of what an asset's stores give, which `stored_intensity` follows roughly, and of
that of the few cars at one bus [1]; ours, unverified."""


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
    """

    inputs: SimulationInputs
    expected: Expectations
    clean: CleanEstimate
    active: Ints
    steps: Ints
    held: Mapping[str, float] = field(default_factory=lambda: NOTHING)

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

    def possible(self, rng: np.random.Generator) -> tuple[Floats, OperatingPoints]:
        """A possible state of each step: the state of the model, shape (K, T), and the operating points."""
        found = self.clean.estimate
        error = found.gain.draw(self.steps.size, rng)
        elements = self._physical(found.elements + error[:-1].T)
        x = found.gain.summed(np.vstack([elements.T, found.x[-1] + error[-1]]))
        voltage = found.model.by_node(found.model.voltages(x))
        voltage[~found.settled] = np.nan
        return x, OperatingPoints(self.steps, voltage, self._of_elements(elements))

    def varied(self, stored: Floats, rng: np.random.Generator) -> Floats:
        """Intensities of what stores give, shape (T, E), as they may be too: off by `STORED_SPREAD`."""
        owners = self.expected.elements.owner
        factor = {owner: float(np.exp(STORED_SPREAD * rng.standard_normal())) for owner in dict.fromkeys(owners)}
        alone = np.exp(STORED_SPREAD_EACH * rng.standard_normal(len(owners)))
        alone[self.expected.elements.share >= 1] = 1.0
        return np.asarray(stored * np.array([factor[owner] for owner in owners]) * alone)

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
