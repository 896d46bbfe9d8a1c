"""What explains a difference in cost."""

from __future__ import annotations

from app.studies.differences.explanation import Cause, Explanation, cause, check_same_steps, explanation
from app.studies.differences.run_ledger import COST, RunLedger
from app.studies.differences.split import amount_and_timing, at_mean

COST_KINDS = (
    "energy bought", "hours of buying", "prices", "energy sold", "demand charge", "wear and fuel", "demand forgone",
    "carbon price", "stocks", "rest",
)  # fmt: skip
"""Kinds of causes, in the order in which they are shown."""
COST_WORDS = {
    "energy bought": "more or less energy imported",
    "hours of buying": "the same imports in other hours",
    "prices": "the same imports at other prices",
    "energy sold": "what exports earn",
    "demand charge": "what the highest imports of the months cost",
    "wear and fuel": "wear of stores and fuel of local generation",
    "demand forgone": "value of the demand that went without",
    "carbon price": "the scenario's price of the carbon of all sources",
    "stocks": "what stores hold more at their end, at the mean price of imports",
    "rest": "what these terms do not sum to",
}
"""What each kind means."""


def cost_difference(before: RunLedger, after: RunLedger, currency: str) -> Explanation:
    """Why the cost differs, by the terms of the key figure `cost`; penalties of the dispatch are in none of them.

    Raises:
        InputError: If the two have different numbers of steps.
    """
    check_same_steps(before.n_steps, after.n_steps)
    prices = (before.import_price_per_mwh, after.import_price_per_mwh)
    amount, timing = amount_and_timing(before.import_mwh, after.import_mwh)
    sold = [run.export_mwh * run.export_price_per_mwh for run in (before, after)]
    gained = [run.stock_gain_mwh * run.import_price_per_mwh.mean() for run in (before, after)]
    causes = [
        cause("energy bought", at_mean(amount, *prices)),
        cause("hours of buying", at_mean(timing, *prices)),
        cause("prices", at_mean(prices[1] - prices[0], before.import_mwh, after.import_mwh)),
        cause("energy sold", sold[0] - sold[1]),
        Cause("demand charge", "", after.demand_charge - before.demand_charge),
        cause("wear and fuel", after.wear_cost - before.wear_cost),
        cause("demand forgone", after.forgone_value - before.forgone_value),
        cause("carbon price", after.carbon_cost - before.carbon_cost),
        cause("stocks", gained[0] - gained[1]),
    ]
    return explanation(COST, currency, before, after, COST_KINDS, causes)
