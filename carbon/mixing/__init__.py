"""The linear system of proportional sharing for a block of steps, compiled; nothing here knows of stores or ledgers.

In reading order: `elimination` finds, once for a grid, the order in which its nodes are eliminated; `inputs_kernel`
brings sources, flows and uses into that order; `conventions_kernel` sets up the equations of a mixing rule and reads
out their solution; `block_kernel` factorises and substitutes; `compiled` is how all of them are compiled.
"""

import grid.code_cache  # noqa: F401  before any function is compiled
