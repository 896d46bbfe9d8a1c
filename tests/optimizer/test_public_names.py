"""The names that `optimizer` offers: importable, documented, and no burden on a program that starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

import optimizer
from tests.places import ROOT


@pytest.mark.parametrize("name", optimizer.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(optimizer, name)
    assert name in str(optimizer.__doc__)
    if name != "Forecast":  # a type of functions, which has no docstring of its own
        assert found.__doc__


def test_no_other_name_is_made_up() -> None:
    with pytest.raises(AttributeError, match="no attribute 'despatch'"):
        _ = optimizer.despatch


def test_the_import_alone_loads_no_library() -> None:
    code = "import sys, optimizer; print([m for m in ('numpy', 'pyomo', 'highspy', 'pandapower') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
