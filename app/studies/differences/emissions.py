"""What explains a difference in emissions, by the average intensity of imports and by their marginal one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from app.studies.differences.explanation import Cause, Explanation, cause, check_same_steps, explanation
from app.studies.differences.run_ledger import AVERAGE, MARGINAL, RunLedger
from app.studies.differences.split import amount_and_timing, at_mean
from grid.arrays import Floats
from grid.units import KG_PER_T

KINDS = ("energy", "timing", "intensity", "losses", "stores", "generation", "exports", "rest")
"""Kinds of causes, in the order in which they are shown."""
WORDS = {
    "energy": "more or less energy used, at the hours in which it is used",
    "timing": "the same energy used in other hours",
    "intensity": "the same imports with another carbon intensity",
    "losses": "more or less lost in lines and transformers",
    "stores": "what stationary stores lose, and hold more or less at the end",
    "generation": "more or less local generation in place of imports",
    "exports": "more or less fed into the grid above",
    "rest": "what the ledgers do not close to",
}
"""What each kind means."""


def average_difference(before: RunLedger, after: RunLedger) -> Explanation:
    """Why the emissions of the inventory differ: by average intensity, consumption-based [t].

    With w the mean intensity of imports, what the city answers for is, in every step,

    ``w (uses + loss + stores + export - generation) + generation_kg - export_kg - stored_kg``

    as imports are what the rest of the energy ledger leaves, and the carbon ledger closes. Each product is shared out
    by `at_mean`, the uses by `amount_and_timing`.

    Raises:
        InputError: If the two have different numbers of steps.
    """
    check_same_steps(before.n_steps, after.n_steps)
    w = (before.mean_kg_per_mwh, after.mean_kg_per_mwh)
    stored_mwh, exported_mwh = after.stores_mwh - before.stores_mwh, after.export_mwh - before.export_mwh
    stored_kg, exported_kg = after.stored_kg - before.stored_kg, after.export_kg - before.export_kg
    causes = [
        *_of_balance(before, after, w),
        _of_intensity(w, before.import_mwh, after.import_mwh),
        cause("stores", (at_mean(stored_mwh, *w) - stored_kg) / KG_PER_T),
        cause("exports", (at_mean(exported_mwh, *w) - exported_kg) / KG_PER_T),
    ]
    return explanation(AVERAGE, "t", before, after, KINDS, causes)


def marginal_difference(before: RunLedger, after: RunLedger) -> Explanation:
    """What the difference between two results causes: by the marginal intensity of the grid above [t].

    The figure is, in every step and with w the marginal intensity of imports,

    ``w (uses + loss + stores - generation) + generation_kg``

    Exports count as imports that are not needed. Its value in one result is no total; only the difference is one.

    Raises:
        InputError: If the two have different numbers of steps.
    """
    check_same_steps(before.n_steps, after.n_steps)
    w = (before.marginal_kg_per_mwh, after.marginal_kg_per_mwh)
    net = (before.import_mwh - before.export_mwh, after.import_mwh - after.export_mwh)
    stores = cause("stores", at_mean(after.stores_mwh - before.stores_mwh, *w) / KG_PER_T)
    causes = [*_of_balance(before, after, w), _of_intensity(w, *net), stores]
    return explanation(MARGINAL, "t", before, after, KINDS, causes)


def _of_balance(before: RunLedger, after: RunLedger, w: tuple[Floats, Floats]) -> Iterator[Cause]:
    """What more or less use, losses and generation add at an intensity before and after, shape (T,) each [kg/MWh]."""
    nothing = np.zeros(before.n_steps)
    for use in dict.fromkeys([*before.uses_mwh, *after.uses_mwh]):
        amount, timing = amount_and_timing(before.uses_mwh.get(use, nothing), after.uses_mwh.get(use, nothing))
        yield cause("energy", at_mean(amount, *w) / KG_PER_T, use)
        yield cause("timing", at_mean(timing, *w) / KG_PER_T, use)
    yield cause("losses", at_mean(after.grid_loss_mwh - before.grid_loss_mwh, *w) / KG_PER_T)
    displaced = at_mean(before.generation_mwh - after.generation_mwh, *w)
    yield cause("generation", (displaced + after.generation_kg - before.generation_kg) / KG_PER_T)


def _of_intensity(w: tuple[Floats, Floats], before_mwh: Floats, after_mwh: Floats) -> Cause:
    """What another intensity of the same imports adds."""
    return cause("intensity", at_mean(w[1] - w[0], before_mwh, after_mwh) / KG_PER_T)
