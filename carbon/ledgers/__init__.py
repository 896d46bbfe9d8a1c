"""Who answers for every kilogram and megawatt-hour of a traced city.

`carbon` and `energy` are the ledgers of every step, `sectors` shares emissions out, `views` sets production- and
consumption-based emissions side by side, and `reconciliation` shows that tracing, inventory and statements agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from carbon.ledgers.carbon import CarbonLedger, carbon_ledger, convention_ledger
    from carbon.ledgers.energy import EnergyLedger, energy_ledger
    from carbon.ledgers.reconciliation import CarbonTotals, Reconciliation, reconcile
    from carbon.ledgers.sectors import SectorTable
    from carbon.ledgers.views import Views, city_views

_MODULE = {
    "CarbonLedger": "carbon",
    "CarbonTotals": "reconciliation",
    "EnergyLedger": "energy",
    "Reconciliation": "reconciliation",
    "SectorTable": "sectors",
    "Views": "views",
    "carbon_ledger": "carbon",
    "city_views": "views",
    "convention_ledger": "carbon",
    "energy_ledger": "energy",
    "reconcile": "reconciliation",
}
"""Module of each public name, imported when it is first asked for."""

__all__ = [
    "CarbonLedger",
    "CarbonTotals",
    "EnergyLedger",
    "Reconciliation",
    "SectorTable",
    "Views",
    "carbon_ledger",
    "city_views",
    "convention_ledger",
    "energy_ledger",
    "reconcile",
]

__getattr__ = on_demand(__name__, _MODULE)
