"""A network that is stored as text is the one that pandapower makes of its net, and nothing of it needs pandapower."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from grid import _pandapower
from grid.city.source import GridSource, read_grid
from grid.network.stored import network_from_text, network_to_text


def assert_equal(stored: Any, made: Any, at: str, rtol: float) -> None:
    if callable(made):
        return
    assert type(stored) is type(made), at
    if sparse.issparse(made) or is_dataclass(made):
        of_matrix = ("data", "indices", "indptr", "shape")
        for name in of_matrix if sparse.issparse(made) else [part.name for part in fields(made)]:
            assert_equal(getattr(stored, name), getattr(made, name), f"{at}.{name}", rtol)
    elif isinstance(made, np.ndarray):
        assert (stored.dtype, stored.shape) == (made.dtype, made.shape), at
        np.testing.assert_allclose(stored, made, rtol=rtol, atol=0, err_msg=at)
    else:
        assert stored == made, at


@pytest.mark.parametrize("name", ["case33bw", "example_multivoltage"])
def test_what_is_stored_comes_back_number_for_number(name: str) -> None:
    network = read_grid(name).network
    again = network_from_text(network_to_text(network), network.load_net)
    assert_equal(again, network, name, rtol=0)
    assert again.net is network.net


@pytest.mark.slow
def test_the_stored_network_of_the_reference_city_is_that_of_its_net(reference_source: GridSource) -> None:
    stored = reference_source.network
    made = _pandapower.network_of(stored.net)
    assert_equal(stored, made, "reference", rtol=1e-12)


@pytest.mark.slow
def test_a_check_of_the_demonstration_needs_neither_pandapower_nor_pvlib() -> None:
    code = (
        "import sys; from importlib import resources; from app.scenario import load_scenario\n"
        "load_scenario(resources.files('app') / 'scenarios' / 'demo.yaml'); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"grid.network.stored", "pandapower", "pvlib", "pandas"} & set(ran.stdout.split()) == {"grid.network.stored"}
