"""A run as accounts: which element is a source, a consumer or a store, and the ledgers over them.

From a power flow to the tables of every convention, a step a file:

1. `accounts.account` goes through all of it. `grid_elements` and `storage` say what each element is, and make a
   `TracingInput` (`tracing_input`) of them, the same under every convention.
2. `convention_ledgers.trace_ledgers` traces it under every convention (`carbon.tracing.trace_conventions`) and takes
   the carbon ledger of each (`carbon.ledgers.convention_ledger`), once with stores as stocks and once as carbon-free
   generators.
3. It sums each ledger over the run into a `ConventionLedger`, with who bears the losses (`loss_bearers`), what every
   node makes and uses (`bus_balances`) and what consumers that may ask for a statement answer for
   (`metered_consumers`); `origins` says which source their power comes from.
4. `app.results.tables.conventions` writes the ledgers as tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from app.accounts.accounts import Accounts, account
    from app.accounts.convention_ledgers import ConventionLedger, ConventionLedgers

_MODULE = {
    "Accounts": "accounts",
    "ConventionLedger": "convention_ledgers",
    "ConventionLedgers": "convention_ledgers",
    "account": "accounts",
}
"""Module of each public name, imported when it is first asked for."""

__all__ = ["Accounts", "ConventionLedger", "ConventionLedgers", "account"]

__getattr__ = on_demand(__name__, _MODULE)
