"""A data centre whose PUE is stated instead of computed."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from carbon.data_centre.plant.technology import CoolingDemand
from grid.arrays import Floats, read_only
from grid.spec import Spec
from grid.units import KWH_PER_MWH, SECONDS_PER_HOUR

MACHINE = "stated plant"
"""Name of what draws the cooling power that a stated PUE leaves."""


class StatedPlant(Spec):
    """PUE and water of a plant that is not described, such as an operator's promise.

    Facility power is PUE times IT power in every step, whatever the weather. Of it, transformers, power chain and
    lighting take what they are described to lose, as far as there is room; the rest is the cooling's.
    """

    pue: float = Field(ge=1.0, le=5.0)
    """Power usage effectiveness as stated, ISO/IEC 30134-2: energy of the facility over that of its IT [1]."""
    wue_l_per_kwh: float = Field(default=0.0, ge=0.0, le=20.0)
    """Water usage effectiveness as stated, ISO/IEC 30134-9: water made up on site per IT energy [L/kWh]. Default: a
    plant that evaporates no water."""

    def split(self, p_it_mw: Floats, inside_mw: Floats, transformer_mw: Floats) -> tuple[Floats, Floats, CoolingDemand]:
        """Facility power beside the servers, by what takes it.

        Args:
            p_it_mw: Power of the servers, shape (T,) [MW].
            inside_mw: Losses of the power chain and the lighting as described, shape (T,) [MW].
            transformer_mw: Losses of the data centre's own transformers as described, shape (T,) [MW].

        Returns:
            The two as the stated PUE leaves room for them, and the cooling.
        """
        beside_mw = (self.pue - 1.0) * p_it_mw
        transformer_mw = np.minimum(transformer_mw, beside_mw)
        inside_mw = np.minimum(inside_mw, beside_mw - transformer_mw)
        p_mw = read_only(beside_mw - transformer_mw - inside_mw)
        kg_per_s = self.wue_l_per_kwh * KWH_PER_MWH / SECONDS_PER_HOUR * p_it_mw
        heat_mw = read_only(p_it_mw + inside_mw + p_mw)
        cooling = CoolingDemand({MACHINE: p_mw}, {MACHINE: read_only(kg_per_s)}, {"outdoor_air": heat_mw})
        return read_only(inside_mw), read_only(transformer_mw), cooling
