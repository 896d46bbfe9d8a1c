"""Stores as virtual stocks: what batteries, cars and tanks hold of energy and carbon, and pass on when they discharge.

In reading order: `operation` is the input, what every store did; `schedule` brings it into arrays and into the order of
time; `ledger` holds the state of all stocks; `energy_kernel` advances their energy and
`carbon_kernel` what it carries; `trace` is the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from carbon.stocks.operation import StockOperation
    from carbon.stocks.trace import ClassTrace, StockEvents, StockRecord, StockTrace

_MODULE = {
    "ClassTrace": "trace",
    "StockEvents": "trace",
    "StockOperation": "operation",
    "StockRecord": "trace",
    "StockTrace": "trace",
}
"""Module of each public name, imported when it is first asked for."""

__all__ = ["ClassTrace", "StockEvents", "StockOperation", "StockRecord", "StockTrace"]

__getattr__ = on_demand(__name__, _MODULE)
