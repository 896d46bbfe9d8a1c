"""Documents for others: inventory, statements, contracts, exported nets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from app.reports.exported_grid import export_step
    from app.reports.inventory import city_inventory, consumer_statement, export_statement, reconcile_run

__all__ = ["city_inventory", "consumer_statement", "export_statement", "export_step", "reconcile_run"]

__getattr__ = on_demand(
    __name__,
    {
        "city_inventory": "inventory",
        "consumer_statement": "inventory",
        "export_statement": "inventory",
        "export_step": "exported_grid",
        "reconcile_run": "inventory",
    },
)
