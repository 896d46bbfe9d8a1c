"""A sentence on the three phases: how far they are apart, and what spreading the same powers evenly would give."""

from __future__ import annotations

from app.dashboard.cards import Sentence
from app.dashboard.text import figure
from app.dashboard.view import View


def phases_sentence(view: View) -> Sentence | None:
    """The lowest voltage and the worst line of any phase, and with phases balanced; None where they are not apart."""
    summary = view.result.summary
    keys = ("vm_min_pu", "balancing_vm_min_pu", "line_loading_max_percent", "balancing_line_percent", "unbalance_max")
    values = [summary.get(key) for key in keys]
    if summary.get("unbalance_max") is None or any(value is None for value in values):
        return None
    low, low_even, line, line_even, unbalance = (float(value) for value in values if value is not None)
    words = (
        f"Solved in three phases, the lowest voltage is {figure(low, 4)} pu and the worst line at {figure(line, 1)} %; "
        f"with the same powers spread evenly over the phases they would be {figure(low_even, 4)} pu and "
        f"{figure(line_even, 1)} %. The highest unbalance is {figure(100 * unbalance, 2)} %."
    )
    return Sentence((words,), key="phases", why="balancing_line_percent")
