"""Chains known by their efficiency: a constant one, or one measured at some loads.

References:
    [1] N. Lei and E. Masanet, Energy, vol. 201, 117556, 2020 (ranges for colocation halls; constant efficiencies).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from carbon.data_centre.power_chain.technology import PowerChainTechnology, Share
from grid.arrays import Floats


class FixedEfficiency(PowerChainTechnology):
    """Constant efficiencies side by side, each on the IT power, as in Lei and Masanet 2020; no loss without load."""

    kind: Literal["fixed_efficiency"] = "fixed_efficiency"
    """UPS and distribution with one efficiency each, independent of the load."""
    ups_efficiency: float = Field(default=0.87, gt=0.5, le=1)
    """Efficiency of the UPS [1]. Colocation: 0.80-0.94."""
    distribution_loss: Share = 0.035
    """Loss of the distribution, as a share of the power entering it [1]. Colocation: 0.02-0.05."""

    def loss_mw(self, p_it_mw: Floats, p_it_rated_mw: float) -> Floats:  # noqa: ARG002  part of the seam
        """Power lost, see `PowerChainTechnology.loss_mw`."""
        ups = 1.0 / self.ups_efficiency - 1.0
        distribution = 1.0 / (1.0 - self.distribution_loss) - 1.0
        return p_it_mw * (ups + distribution)


class MeasuredEfficiency(PowerChainTechnology):
    """A chain known by its efficiency at some loads; between them the loss is interpolated, not the efficiency."""

    kind: Literal["measured_efficiency"] = "measured_efficiency"
    """A power chain given by its measured efficiency at several loads, as on data sheets."""
    no_load_loss: Share
    """Loss without load, as a share of the rating [1]."""
    load_shares: tuple[Annotated[float, Field(gt=0, le=1)], ...] = (0.25, 0.5, 0.75, 1.0)
    """Loads of the measurements as shares of the rating, ascending, the last 1 [1]."""
    efficiencies: tuple[Annotated[float, Field(gt=0.5, le=1)], ...]
    """Efficiency at each of `load_shares` [1]."""
    installed_ratio: float = Field(default=1.0, ge=1, le=4)
    """Installed capacity per capacity needed at rated IT power [1]; 1 is N, 2 is 2N."""

    @model_validator(mode="after")
    def _curve(self) -> MeasuredEfficiency:
        if len(self.load_shares) != len(self.efficiencies):
            raise ValueError(f"{len(self.load_shares)} load_shares but {len(self.efficiencies)} efficiencies")
        loads, losses = self._points()
        if loads[-1] != 1.0 or np.any(np.diff(loads) <= 0):
            raise ValueError("load_shares must rise and end at 1")
        if np.any(np.diff(losses) < 0):
            raise ValueError("the loss (load x (1/efficiency - 1)) must not fall where the load rises")
        return self

    def _points(self) -> tuple[Floats, Floats]:
        loads = np.array((0.0, *self.load_shares))
        losses = np.array((self.no_load_loss, *(1.0 / np.array(self.efficiencies) - 1.0) * loads[1:]))
        return loads, losses

    def loss_mw(self, p_it_mw: Floats, p_it_rated_mw: float) -> Floats:
        """Power lost, see `PowerChainTechnology.loss_mw`."""
        rating_mw = self.installed_ratio * p_it_rated_mw
        loads, losses = self._points()
        return rating_mw * np.interp(p_it_mw / rating_mw, loads, losses)
