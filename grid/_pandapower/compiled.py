"""pandapower's compiled functions, kept on disk as our own are instead of being compiled at every start."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module

from numba.core.dispatcher import Dispatcher

MODULES = (
    "pandapower.build_bus",
    "pandapower.pf.create_jacobian_numba",
    "pandapower.pf.dSbus_dV_numba",
    "pandapower.pf.makeYbus_numba",
    "pandapower.pf.pfsoln_numba",
)
"""pandapower's modules with functions that its power flow has compiled (two seconds and more) and does not keep."""


@cache
def keep_compiled_functions() -> None:
    """Has numba keep the code of pandapower's compiled functions; where it cannot be kept, they work as before."""
    for module in map(import_module, MODULES):
        for function in vars(module).values():
            if isinstance(function, Dispatcher):
                with suppress(RuntimeError):  # there is no folder to keep it in
                    function.enable_caching()
