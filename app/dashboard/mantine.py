"""The components of Mantine that pages use.

The package `dash_mantine_components` imports each of its 150 components when it is imported, which takes a fifth of a
second, longer than all of Dash. Here it is given the list of those that are used; the others are not imported.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any, ClassVar

USED = (
    "Checkbox", "Chip", "ChipGroup", "Drawer", "MantineProvider", "MultiSelect", "SegmentedControl", "Select", "Slider",
)  # fmt: skip
_PACKAGE = "dash_mantine_components"
_LIST = f"{_PACKAGE}._imports_"


class _Listed(ModuleType):
    """What the package takes for the list of all its components."""

    __all__: ClassVar[list[str]] = list(USED)

    def __getattr__(self, name: str) -> Any:
        if name not in USED:
            raise AttributeError(name)
        return getattr(importlib.import_module(f"{_PACKAGE}.{name}"), name)


def _imported() -> Any:
    if _PACKAGE not in sys.modules:
        sys.modules[_LIST] = _Listed(_LIST)
        try:
            return importlib.import_module(_PACKAGE)
        finally:
            del sys.modules[_LIST]
    return importlib.import_module(_PACKAGE)


dmc = _imported()
