"""The conventions of tracing by name and in words: who bears the losses of the grid, and how stores carry carbon.

It imports nothing that computes, so that pages and the command line can name conventions at no cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

from grid.errors import InputError, nearest

Convention = Literal["operator", "load", "generator", "average"]
"""``operator``: the grid operator bears all losses, each at the intensity of its sending node (Kang et al., 2015).
``load``: every use answers for the generation of what was lost on its way (Bialek, 1996, gross power); only what is
lost at a node itself stays on the loss line. ``generator``: uses as under ``operator``, but each generator keeps the
carbon of what is lost of its power (Bialek, 1996, net power). ``average``: lines carry the mean of both ends, and half
of their loss is a load at each end."""
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
"""All of them, in the order in which results list them."""
OPERATOR: Final = "operator"
"""The convention of the run's own ledgers, and the default everywhere."""
StoreModel = Literal["water tank", "carbon-free generator"]
"""How stores carry carbon: as virtual stocks, or as loads when they charge and carbon-free when they discharge."""
WATER_TANK: Final = "water tank"
CARBON_FREE: Final = "carbon-free generator"

BEARERS: dict[str, str] = {
    "operator": "grid operator bears losses",
    "load": "loads bear losses",
    "generator": "generators bear losses",
    "average": "mean of both ends of a line, grid operator bears losses",
}
"""Who bears the losses."""

SENTENCES: dict[str, str] = {
    "operator": "The grid operator bears all losses, each at the intensity of the bus that sends them (lines x.3).",
    "load": "Whoever uses a megawatt-hour answers for all that was generated for it; only what is lost at a bus "
            "itself stays with the grid operator.",
    "generator": "Each generator and store keeps the carbon of what is lost of its power (line I.4.3); uses are as "
                 "under the operator's convention.",
    "average": "A line carries the mean of what enters and leaves it, and the grid operator bears half of its loss "
               "at each end (lines x.3).",
}  # fmt: skip
"""One sentence each."""

LOSS_ENTRY: dict[str, str] = {
    "operator": "losses of the grid: scope 2 of its operator, scope 3 of the consumers",
    "load": "losses at the buses themselves: scope 2 of the grid operator; all others are in the uses",
    "generator": "losses of the grid: borne by the generators and stores",
    "average": "losses of the grid: scope 2 of its operator, scope 3 of the consumers",
}
"""What the losses are called in the reconciliation."""


def in_words(convention: str) -> str:
    """What a result says of its convention, e.g. in an inventory."""
    return f"proportional sharing, consumption-based, {BEARERS[convention]}, water-tank stocks"


def check_traced(convention: str, traced: Sequence[str], place: str = "--convention") -> None:
    """Raises an `InputError` unless the run traced the convention."""
    if convention not in traced:
        rule = f"this run traced {', '.join(traced)}"
        raise InputError.single(place, rule, convention, nearest(convention, traced))
