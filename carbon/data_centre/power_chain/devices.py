"""Power devices as data sheets give them: efficiency at a quarter, half, three quarters and all of their rating.

What is between is interpolated in the *loss*, which is smooth and grows, not in the efficiency, which is steep at low
load where redundant strings run. Each device says where its points come from and how far they were checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from grid.arrays import Floats
from grid.spec import SourceStatus

LOAD_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Loads of the points, as shares of the rating."""


@dataclass(frozen=True)
class PowerDevice:
    """A conversion or distribution device.

    Args:
        title: What it is.
        no_load_loss: Loss when idle, as a share of the rating [1].
        efficiencies: At `LOAD_SHARES` [1].
        source: Where the points come from.
        status: Whether they were read in their source, in a page that quotes it, or neither yet.
    """

    title: str
    no_load_loss: float
    efficiencies: tuple[float, float, float, float]
    source: str
    status: SourceStatus


def loss_points(no_load_loss: float, efficiencies: tuple[float, ...], load_shares: tuple[float, ...]) -> Floats:
    """Loss as a share of the rating, at no load and at each of `load_shares`, shape (1 + P,) [1]."""
    loads = np.array(load_shares)
    return np.concatenate([[no_load_loss], (1.0 / np.array(efficiencies) - 1.0) * loads])


_ILLUSTRATIVE = (
    "Illustrative curve of a secondary source, .85 .90 .93 .945 .955 .96 .962 .96 .955 .95 at 10 ... 100 % load, its "
    "losses interpolated to these points; no-load loss from the fit of power_chain.conversion"
)
_MAKERS = "Typical of makers' data sheets; no single sheet was read"

DEVICES: Mapping[str, PowerDevice] = MappingProxyType(
    {
        "ups_double_conversion": PowerDevice(
            "UPS that converts all the time, of the 2000s and 2010s",
            0.0174, (0.9178, 0.955, 0.9609, 0.95), _ILLUSTRATIVE, "secondary",
        ),
        "ups_modern": PowerDevice(
            "Transformerless modular UPS that converts all the time", 0.006, (0.955, 0.966, 0.967, 0.963),
            _MAKERS + "; 94-96 % is what is measured in operation", "unverified",
        ),
        "ups_eco": PowerDevice(
            "UPS that passes the grid's power through while the grid is good", 0.005, (0.975, 0.984, 0.987, 0.988),
            _MAKERS + "; 98-99 % is quoted for eco mode", "unverified",
        ),
        "rectifier_240": PowerDevice(
            "Rectifiers to 240 V DC with the battery on the bus", 0.005, (0.960, 0.975, 0.976, 0.972),
            _MAKERS + "; at least 97.5 % at its best is quoted", "unverified",
        ),
        "rectifier_336": PowerDevice(
            "Rectifiers to 336 V DC with the battery on the bus", 0.005, (0.962, 0.977, 0.978, 0.974),
            _MAKERS + "; a little less current than at 240 V", "unverified",
        ),
        "panama": PowerDevice(
            "10 kV AC to 240 V DC in one block: phase-shifting transformer and rectifiers",
            0.005, (0.965, 0.978, 0.979, 0.976), "Quoted as above 97.5 % for the system; points are ours", "unverified",
        ),
        "pdu": PowerDevice(
            "Distribution units, switchgear and cables to the racks, alternating current",
            0.001, (0.994, 0.994, 0.993, 0.992), _MAKERS, "unverified",
        ),
        "dc_distribution": PowerDevice(
            "Busway and cables to the racks, direct current", 0.0, (0.998, 0.9965, 0.995, 0.9935), _MAKERS, "unverified"
        ),
    }
)  # fmt: skip
"""Devices by the name that a `Stage` gives."""
