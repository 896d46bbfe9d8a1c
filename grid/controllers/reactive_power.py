"""Reactive power of inverters by the voltage of their bus, Q(U)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import field_validator
from pydantic_core import PydanticCustomError
from scipy import sparse

from grid.controllers.base import AssetController, Corner
from grid.flexibility.flexibility import Flexibility

if TYPE_CHECKING:
    from grid.powerflow.newton import VoltageCurves

VDE_AR_N_4105 = ((0.93, -1.0), (0.97, 0.0), (1.03, 0.0), (1.07, 1.0))
"""Standard characteristic of VDE-AR-N 4105:2018 for inverters in low voltage (unverified against the standard)."""


class ReactivePowerByVoltage(AssetController):
    """Q(U): inverters feed in reactive power where the voltage is low, and draw it where it is high."""

    kind: Literal["reactive_power_by_voltage"] = "reactive_power_by_voltage"
    """Reactive power by voltage, Q(U)."""
    curve: tuple[Corner, ...] = VDE_AR_N_4105
    """Corners of the characteristic: voltage [pu], and reactive power that is drawn there as a share of what the
    inverter can, -1 to 1 [1]; straight in between and constant beyond."""

    @field_validator("curve")
    @classmethod
    def _ascending(cls, curve: tuple[Corner, ...]) -> tuple[Corner, ...]:
        vm_pu = [vm for vm, _ in curve]
        if len(curve) < 2 or any(b <= a for a, b in itertools.pairwise(vm_pu)):
            raise PydanticCustomError("curve", "needs at least two corners, at ascending voltages")
        if any(abs(share) > 1 for _, share in curve):
            raise PydanticCustomError("curve", "shares of reactive power must lie within -1 and 1")
        return curve


def voltage_curves(
    controllers: Sequence[ReactivePowerByVoltage],
    flexibilities: Sequence[Flexibility],
    n_steps: int,
    shares: Mapping[str, sparse.csr_array] | None = None,
) -> VoltageCurves | None:
    """The characteristics of all assets under Q(U), bus by bus; None where there is none.

    An inverter keeps its reactive power at night too. The first controller that names an asset controls it.

    Args:
        controllers: The controllers.
        flexibilities: The assets.
        n_steps: Number of steps T.
        shares: Share of each device of every asset in the phases of the buses, by its name, shape (N, 3 B) each; None:
            phases are not told apart.
    """
    from grid.powerflow.newton import VoltageCurves  # noqa: PLC0415  slow to import

    bus, kind, rating = [], [], []
    for flexibility in flexibilities:
        row = next((k for k, controller in enumerate(controllers) if controller.controls(flexibility)), None)
        if row is None or not flexibility.q_max_mvar.any():
            continue
        q_max_mvar = np.broadcast_to(flexibility.q_max_mvar, (flexibility.n_devices,))
        at_buses = np.asarray((flexibility.shares if shares is None else shares[flexibility.name]).T @ q_max_mvar)
        used = np.flatnonzero(at_buses)
        bus.append(used)
        kind.append(np.full(used.size, row))
        rating.append(at_buses[used])
    if not bus:
        return None
    corners = max(len(controller.curve) for controller in controllers)
    padded = [one.curve + (one.curve[-1],) * (corners - len(one.curve)) for one in controllers]
    vm_pu, share = np.moveaxis(np.array(padded), -1, 0)
    rating_mvar = np.broadcast_to(np.concatenate(rating), (n_steps, sum(map(len, rating))))
    return VoltageCurves(
        np.concatenate(bus), np.concatenate(kind), rating_mvar,
        np.ascontiguousarray(vm_pu), np.ascontiguousarray(share),
    )  # fmt: skip
