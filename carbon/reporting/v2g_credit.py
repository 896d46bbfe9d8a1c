"""What vehicles avoid elsewhere when they feed in: a consequence of V2G, beside the inventory and never part of it.

Both sides of the credit stand on one basis. By the marginal one, what the energy fed in replaced is the marginal
generation of that step, and what it released is the marginal generation of the steps in which it was charged; by the
average one, the mean intensity of the bus, and the carbon of the battery's stock. To take the marginal generation for
what was replaced and the average stock for what was released would compare a consequence with a share: charging and
giving back in the same hour would then seem to avoid the difference between marginal and average.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from carbon.validation import array_faults
from grid.arrays import Floats, Ints, read_only
from grid.errors import InputError, raise_if_any

AVOIDED_ELSEWHERE = "Avoided elsewhere (not in the inventory)"
"""What the credit is called wherever it is shown."""
CreditBasis = Literal["marginal", "average"]
"""What both sides of the credit are counted at: marginal generation (an impact), or averages (a convention)."""


@dataclass(frozen=True, eq=False)
class V2GCredit:
    """Avoided emissions, apart from the inventory; shape (K,) each, one for each session or slot.

    The inventory has counted this energy already: the carbon it took along left the car's stock for the grid, and
    whoever used it has paid for it. So the credit reduces no ledger, sector or coefficient; it may be negative.

    Args:
        reference: Basis of both sides.
        replaced_kg: Carbon of what it replaced, D w_ref [kg].
        released_kg: Carbon of what it took to charge it, on the same basis, w_B D / eta_d [kg].
        wear_kg: Carbon of the wear of the batteries [kg].
    """

    reference: CreditBasis
    replaced_kg: Floats
    released_kg: Floats
    wear_kg: Floats

    @property
    def avoided_kg(self) -> Floats:
        """Emissions avoided, shape (K,) [kg]; negative where V2G caused some."""
        return self.replaced_kg - self.released_kg - self.wear_kg

    @property
    def total_kg(self) -> float:
        """Emissions avoided in all [kg]."""
        return float(self.avoided_kg.sum())


def v2g_credit(
    energy_mwh: Floats,
    released_kg: Floats,
    ci_reference_kg_per_mwh: Floats,
    reference: CreditBasis,
    wear_kg_per_mwh: float = 0.0,
) -> V2GCredit:
    """Emissions that energy fed in by vehicles avoided: ``D w_ref - w_B D / eta_d - wear D``.

    Args:
        energy_mwh: D, energy fed in at the meter, shape (K,) [MWh].
        released_kg: w_B D / eta_d, carbon of what it took to charge it, shape (K,) [kg]: by the marginal basis of
            `charging_intensity`, by the average one `StockTrace.discharge_kg`.
        ci_reference_kg_per_mwh: w_ref when and where it was fed in, shape (K,) [kg/MWh].
        reference: Which basis both are on.
        wear_kg_per_mwh: Carbon of making the battery, for the life that a MWh fed in costs [kg/MWh].

    Raises:
        InputError: If shapes disagree, or a value is negative or not finite (a reference may be negative).
    """
    shape = np.shape(energy_mwh)
    raise_if_any(
        [
            *array_faults("energy_mwh", np.asarray(energy_mwh), shape, low=0),
            *array_faults("released_kg", np.asarray(released_kg), shape),
            *array_faults("ci_reference_kg_per_mwh", np.asarray(ci_reference_kg_per_mwh), shape),
            *array_faults("wear_kg_per_mwh", np.asarray(float(wear_kg_per_mwh)), (), low=0),
        ]
    )
    if reference not in ("marginal", "average"):
        raise InputError.single("reference", "must be marginal or average", reference)
    return V2GCredit(
        reference=reference,
        replaced_kg=read_only(energy_mwh * ci_reference_kg_per_mwh),
        released_kg=read_only(released_kg),
        wear_kg=read_only(energy_mwh * wear_kg_per_mwh),
    )


def charging_intensity(
    owner: Ints,
    energy_mwh: Floats,
    e_after_mwh: Floats,
    eta_charge: Floats,
    ci_kg_per_mwh: Floats,
    at_first_kg_per_mwh: float | None = None,
    mix_kg_per_mwh: Floats | None = None,
) -> Floats:
    """Intensity of what filled the battery, per stored energy, before each of J movements, shape (J,) [kg/MWh].

    Every battery mixes: a charge of E at w adds w E over what is held then; giving back, driving and standing losses
    leave the mix as it is.

    Args:
        owner: Battery of each movement, in the order of time, shape (J,).
        energy_mwh: Energy at the meter, charging positive, shape (J,) [MWh].
        e_after_mwh: Energy in the battery after it, shape (J,), at least 0 [MWh].
        eta_charge: Energy stored per energy charged, shape (J,), above 0, at most 1 [1].
        ci_kg_per_mwh: Intensity at the meter when and where it is charged, shape (J,); may be negative [kg/MWh].
        at_first_kg_per_mwh: Intensity of what a battery holds at first; None for the mean of all these charges.
        mix_kg_per_mwh: Of every battery what movements before these, if there were any, have left, shape (O,)
            [kg/MWh]; brought up to date, so that the next ones go on from there. Takes the place of
            `at_first_kg_per_mwh`.

    Raises:
        InputError: If shapes disagree or a value is out of range.
    """
    shape = np.shape(energy_mwh)
    raise_if_any(
        [
            *array_faults("energy_mwh", energy_mwh, shape),
            *array_faults("e_after_mwh", e_after_mwh, shape),
            *array_faults("eta_charge", eta_charge, shape, low=0, high=1),
            *array_faults("ci_kg_per_mwh", ci_kg_per_mwh, shape),
        ]
    )
    if not energy_mwh.size:
        return np.zeros(shape)
    charged = np.maximum(energy_mwh, 0.0)
    stored = charged * eta_charge
    held = np.maximum(e_after_mwh - stored, 0.0)
    mean = float((ci_kg_per_mwh * charged).sum() / stored.sum()) if stored.any() else 0.0
    at_first = mean if at_first_kg_per_mwh is None else at_first_kg_per_mwh
    mix = np.full(int(owner.max()) + 1, at_first) if mix_kg_per_mwh is None else mix_kg_per_mwh
    before = np.empty(shape)
    by_owner = np.argsort(owner, kind="stable")
    counts = np.bincount(owner)
    rank = np.empty(shape, dtype=np.int64)
    rank[by_owner] = np.arange(owner.size) - np.repeat(np.cumsum(counts) - counts, counts)
    by_rank = np.argsort(rank, kind="stable")
    for now in np.split(by_rank, np.cumsum(np.bincount(rank))[:-1]):  # the first movement of each battery, the second …
        whose, total = owner[now], held[now] + stored[now]
        before[now] = mix[whose]
        mixed = np.divide(mix[whose] * held[now] + ci_kg_per_mwh[now] * charged[now], total, where=total > 0,
                          out=before[now].copy())  # fmt: skip
        mix[whose] = np.where(charged[now] > 0, mixed, before[now])
    return before
