"""The electricity at the city's connection to the grid above."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from carbon.factors import Boundary, UsedFactor
from grid.arrays import Floats, read_only
from grid.errors import Fault, raise_if_any
from grid.files.report import FileReport
from grid.time.clock import Clock

IMPORT_UNKNOWN = "import_unknown"
"""What fills the gap when demand exceeds supply; its factor is that of ``unknown``."""
IMPORTS = "imports"
"""What the factors of the mix are used for (`carbon.factors.UsedFactor.use`)."""


_GIVEN: Final = ("price_per_mwh", "ci_kg_per_mwh", "ci_marginal_kg_per_mwh", "renewable_share", "p_mw")


def _not_given() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class Upstream:
    """The electricity at the city's connection to the grid above; arrays are read-only.

    Args:
        clock: The time axis, T steps.
        price_per_mwh: Wholesale price, shape (T,).
        ci_kg_per_mwh: Average carbon intensity of the mix, shape (T,) [kg/MWh].
        ci_marginal_kg_per_mwh: Intensity of one more MWh, shape (T,) [kg/MWh]; never to be multiplied by a whole load.
        renewable_share: Share of the mix from renewable sources, shape (T,), 0 to 1.
        technologies: Names of the K columns of `p_mw`.
        p_mw: Output of each technology in the region, shape (T, K) [MW]; no columns if it is not known.
        boundary: What the intensities count.
        carbon_free_share: Share of the mix that is renewable or nuclear, shape (T,), 0 to 1; by default the
            renewable share.
        ci_marginal_below_kg_per_mwh: Intensity of one MWh less, shape (T,) [kg/MWh]; by default the marginal one.
        ci_marginal_above_kg_per_mwh: Intensity of one MWh more, shape (T,) [kg/MWh]; the two differ where demand
            meets the edge of a fleet. By default the marginal one.
        storage_charge_mw: What the region's storage takes, shape (T,) [MW]; by default 0. The columns of `p_mw` sum
            to demand and this.
        missing_hours: Hours that a file lacked and that were filled.
        report: What was read, if it comes from a file.
        factors: The emission factors that its intensities follow from, where they follow from any.

    Raises:
        InputError: If shapes disagree, a value is not finite, an intensity is negative, or a share is outside 0..1.
    """

    clock: Clock
    price_per_mwh: Floats
    ci_kg_per_mwh: Floats
    ci_marginal_kg_per_mwh: Floats
    renewable_share: Floats
    technologies: tuple[str, ...]
    p_mw: Floats
    boundary: Boundary
    carbon_free_share: Floats = field(default_factory=_not_given)
    ci_marginal_below_kg_per_mwh: Floats = field(default_factory=_not_given)
    ci_marginal_above_kg_per_mwh: Floats = field(default_factory=_not_given)
    storage_charge_mw: Floats = field(default_factory=_not_given)
    missing_hours: float = 0.0
    report: FileReport | None = None
    factors: tuple[UsedFactor, ...] = ()

    def __post_init__(self) -> None:
        steps = self.clock.n_steps
        defaults = {
            "carbon_free_share": self.renewable_share,
            "ci_marginal_below_kg_per_mwh": self.ci_marginal_kg_per_mwh,
            "ci_marginal_above_kg_per_mwh": self.ci_marginal_kg_per_mwh,
            "storage_charge_mw": np.zeros(steps),
        }
        for name, default in defaults.items():
            if not getattr(self, name).size:
                object.__setattr__(self, name, default)
        faults = []
        for name in (*_GIVEN, *defaults):
            values = read_only(getattr(self, name))
            object.__setattr__(self, name, values)
            shape = (steps, len(self.technologies)) if name == "p_mw" else (steps,)
            if values.shape != shape:
                faults.append(Fault(f"upstream.{name}", f"must have shape {shape}", values.shape))
            elif not np.isfinite(values).all():
                faults.append(Fault(f"upstream.{name}", "must be finite in every step"))
            elif name != "price_per_mwh" and values.size and values.min() < 0:
                faults.append(Fault(f"upstream.{name}", "must not be negative", float(values.min())))
            elif name.endswith("_share") and values.max(initial=0.0) > 1 + 1e-9:
                faults.append(Fault(f"upstream.{name}", "must not exceed 1", float(values.max())))
        raise_if_any(faults)

    @property
    def demand_mw(self) -> Floats:
        """Load of the region, shape (T,) [MW]; the weights of means over time. 0 if the mix is not known."""
        return self.p_mw.sum(axis=1) - self.storage_charge_mw if self.technologies else np.zeros(self.clock.n_steps)
