"""Documents for others: inventory, statements, contracts, exported nets."""

from app.reports.inventory import city_inventory, consumer_statement, export_statement, reconcile_run
from app.reports.pandapower_net import export_step

__all__ = ["city_inventory", "consumer_statement", "export_statement", "export_step", "reconcile_run"]
