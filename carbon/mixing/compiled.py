"""How the kernels of this package are compiled.

A function that Python calls is a `kernel`, one that only kernels call an `inner_kernel`. Compilation is what a first
run waits for, so each is compiled as little as possible: what stands between Python and a function that takes records
of twenty arrays is larger than the function, and only kernels have it; and a literal 0 or True in a call would have
the function compiled once more, for that value, so such arguments are passed as variables.
"""

from __future__ import annotations

from functools import partial

from numba import njit
from numba.core.options import DefaultOptions

_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}
"""No counting of references. The kernels make no arrays, and whoever calls them holds theirs; but a kernel that hands
a record of twenty arrays to a function counts forty references up and down, one locked instruction each, which takes
longer than what most of these functions do. Where numba has no such option, all works, slower."""

kernel = partial(njit, cache=True, nogil=True, no_cfunc_wrapper=True, error_model="numpy", **_UNCOUNTED)
"""Compiles a function of arrays that returns no array; kept on disk, and other threads go on while it runs."""
inner_kernel = partial(kernel, no_cpython_wrapper=True, forceinline=True)
"""The same for a function that only other kernels call."""
FAST = {"contract", "reassoc", "nsz", "nnan"}
"""Arithmetic that may be reordered: no number in a kernel is ever NaN, inputs are checked to be finite, and nothing is
divided by a pivot that vanishes."""
