"""Words for many devices, such as the class of the vehicle of each charging session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grid.arrays import Ints

Codes = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Labels:
    """A word for each of N devices, stored once for each that occurs: a fleet has millions of sessions a year.

    Args:
        names: The words.
        code: Place of each device's word among them, shape (N,).
    """

    names: tuple[str, ...]
    code: Codes

    def select(self, devices: Ints) -> Labels:
        """The labels of some devices, or of the same device several times, shape (M,)."""
        return Labels(self.names, self.code[devices])
