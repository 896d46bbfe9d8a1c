"""How machines follow the load: affinity laws, part load of chillers, spare machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.spec import Spec

CHILLER_SHARE_MAX = 1.25
"""Load share beyond which the chillers' formulas do not hold; they are kept at what they give there."""
STANDSTILL = 1e-9
"""Load below which machines stand, as a share of their rating [1]."""


class PartLoad(Spec):
    """N machines are needed at the rated heat, some are spare, and all of them share the load.

    By the affinity laws a machine's flow follows its speed and its power the cube of it [1], down to a least flow.
    Defaults are assumptions (unverified).

    References:
        [1] ASHRAE Handbook - HVAC Systems and Equipment, chapters on fans and centrifugal pumps.
    """

    heat_rated_mw: float | None = Field(default=None, gt=0, le=5000)
    """Heat that the plant removes at its rating, without spare machines [MW]. Default: the data centre's heat at rated
    IT power."""
    machines_needed: int = Field(default=4, ge=1, le=1000)
    """Number N of machines that remove the rated heat [1]."""
    machines_spare: int = Field(default=1, ge=0, le=1000)
    """Number of redundant machines, which run with the others [1]; 1 is N+1."""
    flow_min_share: float = Field(default=0.3, ge=0.05, le=1)
    """Lowest flow of a fan or pump as a share of its rated flow [1]; 1 is constant speed."""
    affinity_exponent: float = Field(default=3.0, ge=1, le=3)
    """Exponent of power over flow [1]; 3 by the affinity laws, less where part of the pressure is static."""
    chiller_min_share: float = Field(default=0.1, ge=0.01, le=1)
    """Load below which a chiller cycles on and off, as a share of its rated capacity [1]."""

    @property
    def spread(self) -> float:
        """Machines running per machine needed [1]."""
        return (self.machines_needed + self.machines_spare) / self.machines_needed


@dataclass(frozen=True)
class PlantOperation:
    """Operating rules of the machines of one plant: part load and heat balance.

    Args:
        part_load: How they follow the load; None where flows scale with heat.
        heat_rated_mw: Heat that the plant is built for [MW]; unused without `part_load`.
        closed: Whether the heat of fans and pumps is removed too.
    """

    part_load: PartLoad | None
    heat_rated_mw: float
    closed: bool

    def flow_mw(self, p_linear_mw: Floats, heat_mw: Floats) -> Floats:
        """Power of fans or pumps at the speed that a heat needs.

        Args:
            p_linear_mw: Their power if it were proportional to the heat that they carry, shape (T,) [MW].
            heat_mw: The heat of the whole plant, shape (T,) [MW]: loops that share it run at one speed, so that one
                that takes over from another does so without a step.

        Returns:
            Power, shape (T,) [MW]; 0 where there is no heat.
        """
        if self.part_load is None:
            return p_linear_mw
        each = self._each(heat_mw)
        flow = np.maximum(each, self.part_load.flow_min_share)
        factor = np.divide(
            flow**self.part_load.affinity_exponent, each, out=np.zeros_like(each), where=each > STANDSTILL
        )
        return p_linear_mw * factor

    def chiller_share(self, heat_mw: Floats, constant: float) -> Floats | float:
        """Load of each chiller as a share of its rating, shape (T,) [1]; `constant` where part load is not followed.

        Within what the chillers' formulas hold for: not below the share at which chillers cycle, nor far above 1.
        """
        if self.part_load is None:
            return constant
        return np.clip(self._each(heat_mw), self.part_load.chiller_min_share, CHILLER_SHARE_MAX)

    def heat_of(self, *p_mw: Floats) -> Floats:
        """Heat of machines [MW] as the balance counts it: all of their power, or nothing."""
        total = np.asarray(np.sum(p_mw, axis=0), dtype=np.float64)
        return total if self.closed else np.zeros_like(total)

    def _each(self, heat_mw: Floats) -> Floats:
        """Load of each running machine as a share of its own rating, shape (T,) [1]."""
        if self.part_load is None:
            raise ValueError("there is no part load to follow")
        return np.asarray(heat_mw / (self.heat_rated_mw * self.part_load.spread), dtype=np.float64)
