"""What was delivered against the baseline, and its carbon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.arrays import Floats
from grid.errors import Fault, raise_if_any
from grid.time.clock import Clock


@dataclass(frozen=True)
class Settlement:
    """What a change that was asked of the plants came to.

    Args:
        asked_mwh: Change of energy that was asked [MWh]; below 0 for drawing less.
        delivered_mwh: Change that was measured against the baseline, in the steps that were asked [MWh].
        met: Share of what was asked that was delivered in the direction asked, step by step, no step counting more than
            what it was asked [1].
        rebound_mwh: Change in all other steps [MWh].
        payment: What is paid for what was delivered, no more than was asked of each step [currency].
        carbon_average_kg: Carbon of the change in all steps at the average intensity of imports [kg]: what an
            inventory moves by.
        carbon_marginal_kg: The same at the marginal intensity [kg]: what the change causes; NaN where not known.
    """

    asked_mwh: float
    delivered_mwh: float
    met: float
    rebound_mwh: float
    payment: float
    carbon_average_kg: float
    carbon_marginal_kg: float


def settle(
    clock: Clock,
    baseline_mw: Floats,
    asked_mw: Floats,
    measured_mw: Floats,
    price_per_mwh: float,
    ci_average_kg_per_mwh: Floats,
    ci_marginal_kg_per_mwh: Floats | None = None,
) -> Settlement:
    """Settles a change of power against the baseline that was stated before it was asked.

    Args:
        clock: The time axis, T steps.
        baseline_mw: Withdrawal without the change, shape (T,) [MW].
        asked_mw: Withdrawal that was asked, shape (T,) [MW]; NaN in steps in which nothing was.
        measured_mw: Withdrawal that was measured, shape (T,) [MW].
        price_per_mwh: What a megawatt-hour of the change is paid [currency/MWh].
        ci_average_kg_per_mwh: Average intensity of imports, shape (T,) [kg/MWh].
        ci_marginal_kg_per_mwh: Their marginal intensity, shape (T,) [kg/MWh]; None: not known.

    Raises:
        InputError: If shapes disagree.
    """
    given = {"baseline_mw": baseline_mw, "asked_mw": asked_mw, "measured_mw": measured_mw,
             "ci_average_kg_per_mwh": ci_average_kg_per_mwh}  # fmt: skip
    if ci_marginal_kg_per_mwh is not None:
        given["ci_marginal_kg_per_mwh"] = ci_marginal_kg_per_mwh
    raise_if_any(
        Fault(name, f"must have shape ({clock.n_steps},)", values.shape)
        for name, values in given.items()
        if values.shape != (clock.n_steps,)
    )
    hours, asked = clock.step_hours, ~np.isnan(asked_mw)
    change = measured_mw - baseline_mw
    wanted = np.where(asked, asked_mw - baseline_mw, 0.0)
    done = np.clip(change * np.sign(wanted), 0.0, np.abs(wanted))
    most = float(np.abs(wanted).sum())
    return Settlement(
        asked_mwh=float(wanted.sum()) * hours,
        delivered_mwh=float(change[asked].sum()) * hours,
        met=float(done.sum()) / most if most > 0 else 1.0,
        rebound_mwh=float(change[~asked].sum()) * hours,
        payment=float(done.sum()) * hours * price_per_mwh,
        carbon_average_kg=float(change @ ci_average_kg_per_mwh) * hours,
        carbon_marginal_kg=np.nan if ci_marginal_kg_per_mwh is None else float(change @ ci_marginal_kg_per_mwh) * hours,
    )
