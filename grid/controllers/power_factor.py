"""Power factor of assets by their own power, cos φ(P)."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
from pydantic import field_validator
from pydantic_core import PydanticCustomError

from grid.arrays import Floats
from grid.controllers.base import AssetController, Corner
from grid.flexibility.flexibility import Flexibility

VDE_AR_N_4105 = ((0.5, 1.0), (1.0, 0.9))
"""Standard characteristic of VDE-AR-N 4105:2018 above 4.6 kVA (unverified against the standard)."""


class PowerFactorByPower(AssetController):
    """cos φ(P): assets draw reactive power (under-excited) that grows with the power they feed in or draw."""

    kind: Literal["power_factor_by_power"] = "power_factor_by_power"
    """Power factor by power, cos φ(P)."""
    curve: tuple[Corner, ...] = VDE_AR_N_4105
    """Corners of the characteristic: power as a share of the rated one, 0 to 1 [1], and the power factor there, above 0
    to 1 [1]; straight in between and constant beyond."""

    @field_validator("curve")
    @classmethod
    def _ascending(cls, curve: tuple[Corner, ...]) -> tuple[Corner, ...]:
        shares = [share for share, _ in curve]
        if not curve or any(b <= a for a, b in itertools.pairwise(shares)):
            raise PydanticCustomError("curve", "needs corners at ascending shares of the rated power")
        if any(not 0 < factor <= 1 for _, factor in curve):
            raise PydanticCustomError("curve", "power factors must lie above 0 and be at most 1")
        return curve

    def q_mvar(self, flexibility: Flexibility, p_mw: Floats) -> Floats:
        """Reactive power that an asset draws, by slot, shape (K,) [MVAr].

        The rated power of a device is the highest that it can ever draw or feed in.

        Args:
            flexibility: The asset.
            p_mw: Its withdrawal by slot, shape (K,) [MW].
        """
        reach = np.maximum(
            np.abs(flexibility.per_slot(flexibility.p_min_mw)), np.abs(flexibility.per_slot(flexibility.p_max_mw))
        )
        device = np.repeat(np.arange(flexibility.n_devices), np.diff(flexibility.offsets))
        rated = np.zeros(flexibility.n_devices)
        np.maximum.at(rated, device, reach)
        share = np.divide(np.abs(p_mw), rated[device], out=np.zeros_like(p_mw), where=rated[device] > 0)
        factor = np.interp(share, *np.array(self.curve).T)
        return np.asarray(np.abs(p_mw) * np.tan(np.arccos(factor)))
