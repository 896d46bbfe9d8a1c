"""What is read soon, fetched from memory while the processor goes on, compiled.

Rows that lie one after the other the processor fetches by itself before they are read. Rows in no order, such as those
of the cars that arrive in a step, it cannot foresee: it waits for each, as long as for a hundred operations and more.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from carbon.mixing.block_kernel import CACHE_LINE
from carbon.mixing.compiled import inner_kernel
from grid.arrays import Floats, Ints

AHEAD = 8
"""How many rows ahead one is fetched: about as many as a processor waits for at once."""


def _typed(_context: Any, values: Any, place: Any) -> Any:
    """What numba asks of an operation of its own: the types that it takes, and how it is written in LLVM's language."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        array = make_array(signature.args[0])(context, builder, arguments[0])  # type: ignore[no-untyped-call]
        at = builder.bitcast(builder.gep(array.data, [arguments[1]]), byte)
        takes = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        call = builder.module.declare_intrinsic("llvm.prefetch", [byte], takes)
        builder.call(call, [at, number(0), number(3), number(1)])  # to be read, into the nearest cache, data
        return context.get_dummy_value()

    return types.void(values, place), generate


prefetch_at: Any = intrinsic(_typed)
"""``prefetch_at(values, place)`` has the line of the cache of a place fetched, which need not be one of `values`."""


@inner_kernel()
def prefetch(row: Floats | Ints) -> None:
    """Has a row, shape (n,), fetched; nothing is read."""
    for place in range(0, row.size + CACHE_LINE - 1, CACHE_LINE):
        prefetch_at(row, min(place, row.size - 1))
