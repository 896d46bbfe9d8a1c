"""How the kernels of this package are compiled."""

from __future__ import annotations

from functools import partial

from numba import njit
from numba.core.options import DefaultOptions

_UNCOUNTED = {"_nrt": False} if hasattr(DefaultOptions, "_nrt") else {}
"""No counting of references. The kernels make no arrays, and whoever calls them holds theirs; but a kernel that hands
a record of twenty arrays to a function counts forty references up and down, one locked instruction each, which takes
longer than what most of these functions do. Where numba has no such option, all works, slower."""

kernel = partial(njit, cache=True, nogil=True, **_UNCOUNTED)
"""Compiles a function of arrays that returns no array; kept on disk, and other threads go on while it runs."""
FAST = {"contract", "reassoc", "nsz", "nnan"}
"""Arithmetic that may be reordered: no number in a kernel is ever NaN, inputs are checked to be finite, and nothing is
divided by a pivot that vanishes."""
