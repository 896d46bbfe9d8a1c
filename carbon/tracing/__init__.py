"""Carbon tracing: from flows, sources, uses and stores to what the power at every node carries.

One way through, a step a file:

1. `flows`: the inputs, power of branches, sources, consumers and exports; `carbon.stocks.operation` adds the stores.
2. `conventions` picks the mixing rule of each convention of bearing losses (named in `convention_names`) and reads
   intensities, gross factors and delivered shares out of the solutions. `proportional_sharing` is the same for the
   grid operator's convention alone; `shares` traces which source feeds which node and consumer;
   `carbon_free_stores` turns stores into loads and generators instead of stocks.
3. `equations` holds the linear system of all steps and hands it out block by block, to one thread or two.
4. `tracing_kernel` calls, for each block, the kernels of `carbon.mixing` and of `carbon.stocks`.

What is found goes to `carbon.ledgers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grid.public_names import on_demand

if TYPE_CHECKING:
    from carbon.tracing.carbon_free_stores import with_carbon_free_stores
    from carbon.tracing.conventions import ConventionTrace, trace_conventions
    from carbon.tracing.flows import Consumers, Exports, Flows, Sources
    from carbon.tracing.proportional_sharing import Tracing, trace
    from carbon.tracing.shares import load_shares_mw, source_share_chunks, source_shares

_MODULE = {
    "Consumers": "flows",
    "ConventionTrace": "conventions",
    "Exports": "flows",
    "Flows": "flows",
    "Sources": "flows",
    "Tracing": "proportional_sharing",
    "with_carbon_free_stores": "carbon_free_stores",
    "load_shares_mw": "shares",
    "source_share_chunks": "shares",
    "source_shares": "shares",
    "trace": "proportional_sharing",
    "trace_conventions": "conventions",
}
"""Module of each public name, imported when it is first asked for: whoever only names conventions loads no kernel."""

__all__ = [
    "Consumers",
    "ConventionTrace",
    "Exports",
    "Flows",
    "Sources",
    "Tracing",
    "load_shares_mw",
    "source_share_chunks",
    "source_shares",
    "trace",
    "trace_conventions",
    "with_carbon_free_stores",
]

__getattr__ = on_demand(__name__, _MODULE)
