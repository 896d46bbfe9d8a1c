"""What stands on the data centre's own site: roof PV, a battery, and the emergency generators with their tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from carbon.factors.units import MWH_PER_LITRE
from grid.assets import AnyAsset
from grid.assets.battery import Battery
from grid.assets.pv import PV
from grid.spec import Spec
from grid.time.clock import Clock
from grid.units import HOURS_PER_MONTH


class Generators(Spec):
    """Emergency diesel generators and their regular tests.

    A test runs on a load bank: it burns diesel, it does not relieve the grid.
    """

    p_rated_mw: float = Field(gt=0)
    """Rated electric power of all generators together [MW]."""
    test_hours_per_month: float = Field(default=1.0, ge=0, le=100)
    """Test time of each generator per month [h]. Default: an assumption (unverified)."""
    test_load_share: float = Field(default=0.5, gt=0, le=1)
    """Load during a test, as a share of the rated power [1]. Default: an assumption (unverified)."""
    litres_per_kwh: float = Field(default=0.27, gt=0, le=1)
    """Diesel burnt per electricity [L/kWh]. Default: large generators at part load (unverified)."""
    kg_co2e_per_l: float = Field(default=2.66155, gt=0, le=5)
    """Direct emissions per diesel [kg/L]. Default: mineral diesel, UK government conversion factors 2025, quoted from a
    secondary source."""


class OnSite(Spec):
    """What stands behind the data centre's own meter."""

    pv_peak_mw: float = Field(default=0.0, ge=0)
    """Rated DC power of PV modules on the site [MW]; 0 is none."""
    battery_mw: float = Field(default=0.0, ge=0)
    """Rated power of a battery for the dispatch [MW], apart from the UPS's own; 0 is none."""
    battery_mwh: float = Field(default=0.0, ge=0)
    """Usable energy of that battery [MWh]; 0 is none."""
    generators: Generators | None = None
    """Emergency generators and their tests. Default: none."""

    def assets(self, name: str, bus: str) -> tuple[AnyAsset, ...]:
        """PV and battery as assets of the city, at the data centre's bus: the dispatch and all books know these.

        Args:
            name: Name of the data centre.
            bus: Its bus.
        """
        found: list[AnyAsset] = []
        if self.pv_peak_mw > 0:
            found.append(PV(name=f"{name}: PV", bus=bus, p_peak_mw=self.pv_peak_mw))
        if self.battery_mw > 0 and self.battery_mwh > 0:
            found.append(
                Battery(name=f"{name}: battery", bus=bus, p_rated_mw=self.battery_mw, e_rated_mwh=self.battery_mwh)
            )
        return tuple(found)


@dataclass(frozen=True)
class GeneratorTests:
    """What the tests of the emergency generators burn over a period, pro rata of its length.

    Args:
        hours: Hours of tests [h].
        energy_mwh: Electric energy, burnt in load banks [MWh].
        diesel_l: Diesel [L].
        diesel_mwh: Its energy, lower heating value [MWh].
        emissions_kg: Direct emissions [kg CO2e].
    """

    hours: float
    energy_mwh: float
    diesel_l: float
    diesel_mwh: float
    emissions_kg: float


def generator_tests(generators: Generators | None, clock: Clock) -> GeneratorTests:
    """What the tests burn over a clock; nothing where there are no generators."""
    if generators is None:
        return GeneratorTests(0.0, 0.0, 0.0, 0.0, 0.0)
    hours = generators.test_hours_per_month * clock.n_steps * clock.step_hours / HOURS_PER_MONTH
    energy_mwh = hours * generators.test_load_share * generators.p_rated_mw
    diesel_l = float(np.float64(energy_mwh) * 1e3 * generators.litres_per_kwh)
    return GeneratorTests(
        hours, energy_mwh, diesel_l, diesel_l * MWH_PER_LITRE["diesel"], diesel_l * generators.kg_co2e_per_l
    )
