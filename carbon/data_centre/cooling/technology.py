"""What every cooling technology is, and what it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from carbon.data_centre.outdoor_air import OutdoorAir
from grid.series import Floats
from grid.spec import Spec


@dataclass(frozen=True, eq=False)
class CoolingDemand:
    """What it takes to remove the heat of T steps.

    Args:
        p_by_machine_mw: Electric power of each machine, shape (T,) each [MW].
        water_by_use_kg_per_s: Make-up water of each use, shape (T,) each [kg/s].
    """

    p_by_machine_mw: Mapping[str, Floats]
    water_by_use_kg_per_s: Mapping[str, Floats]

    @property
    def p_mw(self) -> Floats:
        """Electric power of all machines, shape (T,) [MW]."""
        return _total(self.p_by_machine_mw)

    @property
    def water_kg_per_s(self) -> Floats:
        """Make-up water of all uses, shape (T,) [kg/s]."""
        return _total(self.water_by_use_kg_per_s)


class CoolingTechnology(Spec, ABC):
    """A way to remove a hall's heat; a subclass is one kind, with a literal field ``kind`` of its own."""

    @abstractmethod
    def demand(self, air: OutdoorAir, heat_mw: Floats) -> CoolingDemand:
        """Power and water that remove `heat_mw`, shape (T,) [MW], under the outdoor air of T steps.

        More heat never takes less power.
        """


def _total(parts: Mapping[str, Floats]) -> Floats:
    return np.asarray(np.sum(list(parts.values()), axis=0), dtype=np.float64)
