"""What vehicles avoid elsewhere when they feed in: a consequence of V2G, beside the inventory and never part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from carbon.validation import array_faults
from grid.arrays import Floats, read_only
from grid.errors import InputError, raise_if_any

AVOIDED_ELSEWHERE = "Avoided elsewhere (not in the inventory)"
"""What the credit is called wherever it is shown."""
Reference = Literal["marginal", "average"]
"""What the energy fed in is taken to replace: the marginal generation (an impact), or the average of the node where it
is fed in (a convention)."""


@dataclass(frozen=True, eq=False)
class V2GCredit:
    """Avoided emissions, apart from the inventory; shape (K,) each, one for each session or slot.

    The inventory has counted this energy already: the carbon it took along left the car's stock for the grid, and
    whoever used it has paid for it. So the credit reduces no ledger, sector or coefficient; it may be negative.

    Args:
        reference: What is replaced.
        replaced_kg: Carbon of what it replaced, D w_ref [kg].
        released_kg: Carbon that left the batteries with it, w_B D / eta_d [kg].
        wear_kg: Carbon of the wear of the batteries [kg].
    """

    reference: Reference
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
    reference: Reference,
    wear_kg_per_mwh: float = 0.0,
) -> V2GCredit:
    """Emissions that energy fed in by vehicles avoided: ``D w_ref - w_B D / eta_d - wear D``.

    Args:
        energy_mwh: D, energy fed in at the meter, shape (K,) [MWh].
        released_kg: w_B D / eta_d, carbon that left the batteries, shape (K,): `StockTrace.discharge_kg` [kg].
        ci_reference_kg_per_mwh: w_ref when and where it was fed in, shape (K,) [kg/MWh].
        reference: Which intensity that is.
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
