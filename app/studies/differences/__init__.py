"""What explains the difference between two results: energy, its hours, its intensity, losses, stores, generation.

The formulae are in docs/differences.md.
"""

from grid.public_names import on_demand

__all__ = ["Explanation", "average_difference", "cost_difference", "marginal_difference", "run_ledger"]

__getattr__ = on_demand(
    __name__,
    {
        "Explanation": "explanation",
        "average_difference": "emissions",
        "cost_difference": "cost",
        "marginal_difference": "emissions",
        "run_ledger": "run_ledger",
    },
)
