"""Sentences on what the figures of a result rest on: factors, of them those not checked, and the balances."""

from __future__ import annotations

from app.dashboard.cards import Sentence
from app.dashboard.text import counted
from app.dashboard.view import View
from app.studies.answers.certainty import unverified_inputs


def about_sentences(view: View) -> list[Sentence]:
    """How many factors are behind the figures, which were not checked, and whether energy and carbon balance."""
    manifest, summary = view.result.manifest, view.result.summary
    used = len(manifest.get("factors") or ())
    open_ = unverified_inputs(view.result, by_factors=True)
    names = ", ".join(str(one.get("name") or one["technology"]).replace("_", " ") for one in open_.factors)
    checked = f"; not checked: {names}" if names else "; each was checked against its source" if used else ""
    constants = (
        f" {counted(len(open_.constants), 'constant')} of the scenario are assumptions." if open_.constants else ""
    )
    behind = counted(used, "emission factor") if used else "no emission factor"
    rests = Sentence((f"The figures rest on {behind}{checked}.{constants}",), key="factors")
    mwh, kg = summary.get("energy_balance_error_mwh"), summary.get("carbon_balance_error_kg")
    if mwh is None or kg is None:
        return [rests]
    words = f"Energy balances to {mwh:.1g} MWh and carbon to {kg:.1g} kg over all steps."
    return [rests, Sentence((words,), key="balances", why="carbon_balance_error_kg")]
