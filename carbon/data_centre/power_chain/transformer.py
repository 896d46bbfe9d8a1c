"""The data centre's own transformers, between the grid's medium voltage and the hall."""

from __future__ import annotations

from pydantic import Field

from grid.arrays import Floats
from grid.spec import Spec


class Transformer(Spec):
    """Transformers that carry all of the facility, cooling included; they stand outside the cooled hall.

    A transformer loses ``P_0 + P_k l²``: iron always, copper with the square of its load. The defaults are those of a
    dry-type transformer of 2,500 kVA at the limits of Commission Regulation (EU) 548/2014, tier 2: P_0 = 2,790 W and
    P_k = 19,000 W (recalled, unverified), at unity power factor.
    """

    no_load_loss: float = Field(default=0.00112, ge=0, le=0.05)
    """Iron (no-load) loss as a share of the rating [1]."""
    load_loss: float = Field(default=0.0076, ge=0, le=0.05)
    """Copper (load) loss at full load as a share of the rating [1]."""
    installed_ratio: float = Field(default=3.0, gt=0, le=6)
    """Installed rating per rated IT power [1]; 3 is two strings (2N), each for 1.5 times the IT power."""

    def loss_mw(self, p_out_mw: Floats, p_it_rated_mw: float) -> Floats:
        """Power lost while they pass on `p_out_mw`, shape (T,) [MW], in a hall rated `p_it_rated_mw` [MW]."""
        rating_mw = self.installed_ratio * p_it_rated_mw
        return rating_mw * (self.no_load_loss + self.load_loss * (p_out_mw / rating_mw) ** 2)
