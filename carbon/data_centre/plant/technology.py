"""The interface of every cooling technology."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.plant.heat_reuse import HeatReuse, ReusedHeat
from carbon.data_centre.plant.part_load import PartLoad, PlantOperation
from grid.arrays import Floats
from grid.errors import InputError
from grid.spec import Spec

HEAT_NETWORK = "heat_network"
"""The sink that stands for heat someone else uses."""


@dataclass(frozen=True, eq=False)
class CoolingDemand:
    """Power and water that remove the heat of T steps.

    Args:
        p_by_machine_mw: Electric power of each machine, shape (T,) each [MW].
        water_by_use_kg_per_s: Make-up water of each use, shape (T,) each [kg/s].
        heat_by_sink_mw: Where the heat ends: ``tower``, ``outdoor_air``, ``water_body``, ``heat_network``, shape (T,)
            each [MW]. With a closed balance they add up to the heat removed and the power drawn.
    """

    p_by_machine_mw: Mapping[str, Floats]
    water_by_use_kg_per_s: Mapping[str, Floats]
    heat_by_sink_mw: Mapping[str, Floats] = field(default_factory=dict)

    def __add__(self, other: CoolingDemand) -> CoolingDemand:
        """Both together; machines, uses and sinks of one name become one."""
        return CoolingDemand(
            _joined(self.p_by_machine_mw, other.p_by_machine_mw),
            _joined(self.water_by_use_kg_per_s, other.water_by_use_kg_per_s),
            _joined(self.heat_by_sink_mw, other.heat_by_sink_mw),
        )

    @property
    def p_mw(self) -> Floats:
        """Electric power of all machines, shape (T,) [MW]."""
        return _total(self.p_by_machine_mw)

    @property
    def water_kg_per_s(self) -> Floats:
        """Make-up water of all uses, shape (T,) [kg/s]; 0 where there is no use."""
        return _total(self.water_by_use_kg_per_s) if self.water_by_use_kg_per_s else np.zeros_like(self.p_mw)

    @property
    def heat_rejected_mw(self) -> Floats:
        """Heat that leaves to all sinks, shape (T,) [MW]."""
        return _total(self.heat_by_sink_mw)

    @property
    def heat_reused_mw(self) -> Floats:
        """Heat that someone outside uses, heat pump's power included, shape (T,) [MW]."""
        return self.heat_by_sink_mw.get(HEAT_NETWORK, np.zeros_like(self.p_mw))


HeatBalance = Literal["published", "closed"]
WeatherDriver = Literal["dry_bulb", "wet_bulb", "enthalpy", "water"]


class CoolingTechnology(Spec, ABC):
    """A cooling technology; a subclass is one kind, with a literal field ``kind`` of its own."""

    balance: HeatBalance = "closed"
    """Which heat the plant removes: `closed` includes the heat of its own fans and pumps; `published` excludes it and
    adds the latent heat of the coils' condensate, as Lei and Masanet do."""
    part_load: PartLoad | None = None
    """Redundancy and part-load behaviour of the machines. Default: flows in proportion to heat, chillers at a constant
    part load."""
    heat_reuse: HeatReuse | None = None
    """Heat supplied to a heat network before the rest is rejected. Default: none."""

    def demand(self, air: OutdoorAir, heat_mw: Floats, heat_rated_mw: float | None = None) -> CoolingDemand:
        """Power and water that remove `heat_mw` under the outdoor air of T steps.

        More heat never takes less power.

        Args:
            air: Outdoor air, T steps.
            heat_mw: Heat of the hall without the cooling's own machines, shape (T,) [MW].
            heat_rated_mw: Heat that the plant is built for [MW]; only what has a `part_load` needs it.

        Raises:
            InputError: If a part load is asked for and the plant's rating is not known.
        """
        return self.remove(air, heat_mw, self._plant_operation(heat_rated_mw))

    @abstractmethod
    def remove(self, air: OutdoorAir, heat_mw: Floats, operation: PlantOperation) -> CoolingDemand:
        """Power and water that remove `heat_mw`, as `demand`, under given operating rules."""

    @property
    @abstractmethod
    def driven_by(self) -> WeatherDriver:
        """The property of the outdoor air, or the water, that its energy follows."""

    def reused(self, heat_mw: Floats, t_offered_degc: Floats | float) -> ReusedHeat:
        """What of a heat [MW], offered at a temperature [°C], is given away."""
        if self.heat_reuse is None:
            return ReusedHeat(np.zeros_like(heat_mw), {}, {})
        taken, p_mw = self.heat_reuse.taken_and_power_mw(heat_mw, np.asarray(t_offered_degc))
        return ReusedHeat(taken, {"heat_pump": p_mw}, {HEAT_NETWORK: taken + p_mw})

    def _plant_operation(self, heat_rated_mw: float | None) -> PlantOperation:
        closed = self.balance == "closed"
        if self.part_load is None:
            return PlantOperation(None, float("nan"), closed)
        rated = self.part_load.heat_rated_mw or heat_rated_mw
        if rated is None:
            raise InputError.single("part_load.heat_rated_mw", "must be given where the plant's rating is not known")
        return PlantOperation(self.part_load, rated, closed)


def _total(parts: Mapping[str, Floats]) -> Floats:
    return np.asarray(np.sum(list(parts.values()), axis=0), dtype=np.float64)


def _joined(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> dict[str, Floats]:
    both = dict(one)
    for name, values in other.items():
        both[name] = both[name] + values if name in both else values
    return both
