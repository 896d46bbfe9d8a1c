"""What the programme of a window cannot state of a flexibility."""

from __future__ import annotations

from collections.abc import Iterator

from grid.errors import Fault
from grid.flexibility.flexibility import Flexibility, Reservoir
from grid.flexibility.per_slot import PerSlot, values_of


def is_store(flexibility: Flexibility, store: Reservoir) -> bool:
    """Whether its devices are stores of the model: over the whole clock, of constant efficiency.

    Efficiencies that change with time would be coefficients of the matrix, which is stated once for all windows.
    """
    changes = isinstance(store.eta_charge, PerSlot) or isinstance(store.eta_discharge, PerSlot)
    return flexibility.lasts_throughout and not changes


def role_faults(flexibility: Flexibility) -> Iterator[Fault]:
    """What the programme cannot state of a flexibility."""
    store, name = flexibility.reservoir, flexibility.name
    by_session = not flexibility.lasts_throughout or (store is not None and not is_store(flexibility, store))
    if by_session and (flexibility.ramp_mw_per_h is not None or flexibility.p_min_on_mw.any()):
        yield Fault(name, "ramps and minimum loads need devices that last throughout, of constant efficiency")
    if by_session and store is not None and len(store.charge_segments) > 1:
        yield Fault(name, "part-load efficiency needs devices that last throughout, of constant efficiency")
    low = values_of(flexibility.p_min_mw).min(initial=0.0)
    high = values_of(flexibility.p_max_mw).max(initial=0.0)
    priced = flexibility.wear_cost_per_mwh.any() or values_of(flexibility.value_per_mwh).any()
    if store is None and priced and low < 0 < high:
        yield Fault(name, "with a cost or a value it must either draw or feed in; state two flexibilities")
