"""How the results that a file brings along compare with a power flow of what was read."""

from __future__ import annotations

from typing import Any

import numpy as np

from grid import _pandapower
from grid.arrays import Floats


def compare_voltages(net: Any, vm_pu: Floats, what: str = "The file's own power flow") -> tuple[str, ...]:
    """Compares voltages by bus with those of a power flow of the net; nothing where the file has none.

    Args:
        net: The pandapower net.
        vm_pu: The file's voltages, NaN where it has none, shape (B,) [pu].
        what: Whose they are.
    """
    if not np.isfinite(vm_pu).any():
        return ()
    ours = _pandapower.voltages(net)
    if ours is None:
        return (f"{what} has voltages, but a power flow of what was read has no solution.",)
    gap = np.abs(ours - vm_pu)
    known = np.isfinite(gap)
    if not known.any():
        return (f"{what} has voltages of no bus that is energised here.",)
    worst = int(np.nanargmax(gap))
    return (
        (
            f"{what} has voltages of {np.count_nonzero(known)} buses; ours differ by at most {gap[worst]:.1e} pu (at "
            f"{_pandapower.bus_labels(net)[worst]!r}: {ours[worst]:.5f} here, {vm_pu[worst]:.5f} there)."
        ),
    )
