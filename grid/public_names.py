"""Public names of a package that are imported when they are first asked for, so that importing the package is fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_demand(
    package: str, modules: Mapping[str, str], *, elsewhere: Mapping[str, str] | None = None, first: str | None = None
) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package (PEP 562) that offers names of its modules.

    Args:
        package: Name of the package, its ``__name__``.
        modules: For each public name the module within the package that defines it.
        elsewhere: The same of names of other packages, whose modules stand in full.
        first: Module that is imported before any of them.
    """
    homes = {name: f"{package}.{module}" for name, module in modules.items()} | dict(elsewhere or {})

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if first is not None:
            import_module(first)
        return getattr(import_module(homes[name]), name)

    return find
