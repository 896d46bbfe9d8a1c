"""Heat that a data centre gives away instead of rejecting it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from grid.arrays import Floats
from grid.spec import Spec

T_ZERO_K = 273.15
COP_MIN = 1.2
"""No heat pump is worse [1]; keeps the balance finite for lifts that no machine makes."""


class HeatReuse(Spec):
    """A share of the heat supplied to a heat network, through a heat pump where it is colder than the network.

    The heat pump reaches a constant share of Carnot's COP between the offered and the delivered temperature.
    """

    share: float = Field(default=0.5, ge=0, le=1)
    """Share of the hall's heat that is given to the network [1]."""
    t_delivered_degc: float = Field(default=60.0, ge=10, le=120)
    """Supply temperature of the heat network [°C]. Fourth-generation networks: 55-65 (unverified)."""
    exchanger_approach_k: float = Field(default=3.0, ge=0, le=20)
    """Temperature lost across the heat exchanger to the network [K] (unverified)."""
    heat_pump: bool = True
    """Whether a heat pump raises the heat to the network's temperature where it is colder; if not, such heat is
    rejected."""
    carnot_share: float = Field(default=0.5, gt=0, le=0.8)
    """COP of the heat pump as a share of Carnot's [1]. Usual: 0.4-0.6 (unverified)."""

    def cop(self, t_offered_degc: Floats) -> Floats:
        """Heat delivered per electric energy, shape of the argument [1]; infinite where no lift is needed."""
        lift_k = self.t_delivered_degc - (t_offered_degc - self.exchanger_approach_k)
        ideal = np.divide(
            self.t_delivered_degc + T_ZERO_K, lift_k, out=np.full(np.shape(lift_k), np.inf), where=lift_k > 0
        )
        return np.asarray(np.maximum(self.carnot_share * ideal, COP_MIN), dtype=np.float64)

    def taken_and_power_mw(self, heat_mw: Floats, t_offered_degc: Floats) -> tuple[Floats, Floats]:
        """Heat taken from the cooling and the heat pump's power; delivered is their sum.

        Args:
            heat_mw: Heat to be removed, shape (T,) [MW].
            t_offered_degc: Temperature at which the cooling offers it, shape (T,) or one number [°C].

        Returns:
            Two arrays of shape (T,) [MW].
        """
        cop = self.cop(t_offered_degc)
        taken = self.share * heat_mw * (np.isinf(cop) | self.heat_pump)
        return np.asarray(taken), np.asarray(taken / (cop - 1.0))


@dataclass(frozen=True, eq=False)
class ReusedHeat:
    """Heat given away.

    Args:
        taken_mw: Heat that the cooling need not reject, shape (T,) [MW].
        p_by_machine_mw: The heat pump's power, if there is any, shape (T,) [MW].
        heat_by_sink_mw: Heat delivered, shape (T,) [MW].
    """

    taken_mw: Floats
    p_by_machine_mw: Mapping[str, Floats]
    heat_by_sink_mw: Mapping[str, Floats]
