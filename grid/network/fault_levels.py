"""What feeds a short circuit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultStrength:
    """Short-circuit power of the grid above, for external grids that do not state theirs.

    Args:
        s_max_mva: At most [MVA]; None where it is not known.
        s_min_mva: At least [MVA]; None where it is not known.
    """

    s_max_mva: float | None = None
    s_min_mva: float | None = None


@dataclass(frozen=True)
class FaultSource:
    """A plant that feeds a short circuit.

    Args:
        name: Its name.
        bus: Place of its bus.
        s_rated_mva: Rated apparent power [MVA].
        rotating: Whether it is a synchronous machine; else a converter, which feeds a limited current.
    """

    name: str
    bus: int
    s_rated_mva: float
    rotating: bool
