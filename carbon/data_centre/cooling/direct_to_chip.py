"""Cold plates on the processors."""

from __future__ import annotations

from typing import Literal

from carbon.data_centre.cooling.liquid import LiquidCooling


class DirectToChip(LiquidCooling):
    """Cold plates on the processors, which take 70 to 80 % of the heat (unverified); air takes the rest."""

    kind: Literal["direct_to_chip"] = "direct_to_chip"
    """Liquid through cold plates on the processors; air cools the rest."""
