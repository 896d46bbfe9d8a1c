from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import nnls

from carbon.data_centre.power_chain import (
    ConversionChain,
    DoubleConversion,
    EcoMode,
    FixedEfficiency,
    Hvdc240,
    MeasuredEfficiency,
    PowerChain,
    PowerChainTechnology,
)

REQUIRED: dict[str, dict[str, Any]] = {
    "MeasuredEfficiency": {"no_load_loss": 0.01, "efficiencies": (0.94, 0.96, 0.962, 0.955)}
}
CHAINS = [kind(**REQUIRED.get(kind.__name__, {})) for kind in get_args(get_args(PowerChain)[0])]
ILLUSTRATIVE = np.array([0.85, 0.90, 0.93, 0.945, 0.955, 0.96, 0.962, 0.96, 0.955, 0.95])


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.kind)
@settings(deadline=None)
@given(load_1=st.floats(0.0, 3.0), load_2=st.floats(0.0, 3.0))
def test_more_load_never_loses_less(chain: PowerChainTechnology, load_1: float, load_2: float) -> None:
    loss = chain.loss_mw(np.array(sorted((load_1, load_2))), 3.0)
    assert 0.0 <= loss[0] <= loss[1]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.kind)
def test_losses_scale_with_the_hall(chain: PowerChainTechnology) -> None:
    load = np.linspace(0.0, 1.0, 11)
    np.testing.assert_allclose(chain.loss_mw(7.0 * load, 7.0), 7.0 * chain.loss_mw(load, 1.0), rtol=1e-12)


@pytest.mark.parametrize("chain", [DoubleConversion(), EcoMode(), Hvdc240()], ids=lambda chain: chain.kind)
def test_an_idle_chain_loses_its_no_load_loss(chain: ConversionChain) -> None:
    rating = chain.installed_ratio * 2.0 / (1.0 - chain.distribution_loss)
    assert chain.loss_mw(np.zeros(1), 2.0)[0] == pytest.approx(rating * chain.no_load_loss)
    assert chain.loss_mw(np.zeros(1), 2.0)[0] > 0.0


def conversion_efficiency(chain: ConversionChain, load: float) -> float:
    alone = chain.with_changes({"distribution_loss": 0.0, "installed_ratio": 1.0})
    return load / (load + float(alone.loss_mw(np.array([load]), 1.0)[0]))


def test_double_conversion_is_the_fit_to_the_illustrative_efficiencies() -> None:
    load = np.arange(1, 11) / 10
    fit, _ = nnls(np.column_stack([np.ones(10), load, load**2]), load * (1.0 / ILLUSTRATIVE - 1.0))
    chain = DoubleConversion()
    fitted = [chain.no_load_loss, chain.proportional_loss, chain.square_loss]
    np.testing.assert_allclose(fitted, fit, atol=5e-6)
    ours = [conversion_efficiency(chain, share) for share in load]
    np.testing.assert_allclose(ours, ILLUSTRATIVE, atol=0.016)


@pytest.mark.parametrize(
    ("chain", "load", "low", "high"),
    [
        (EcoMode(), 0.5, 0.98, 0.99),
        (EcoMode(), 1.0, 0.98, 0.99),
        (Hvdc240(), 0.5, 0.975, 0.985),
        (Hvdc240(), 1.0, 0.975, 0.985),
        (DoubleConversion(), 0.5, 0.94, 0.96),
    ],
)
def test_efficiencies_are_in_the_range_that_makers_give(
    chain: ConversionChain, load: float, low: float, high: float
) -> None:
    assert low <= conversion_efficiency(chain, load) <= high


def test_direct_current_loses_least_and_double_conversion_most() -> None:
    loss = [float(chain.loss_mw(np.array([2.4]), 3.0)[0]) for chain in (Hvdc240(), EcoMode(), DoubleConversion())]
    assert loss == sorted(loss)


def test_two_strings_lose_more_than_one_at_low_load() -> None:
    load = np.array([0.3])
    one, two = (DoubleConversion(installed_ratio=ratio).loss_mw(load, 1.0)[0] for ratio in (1.0, 2.0))
    assert two > one


def test_published_chain_adds_its_losses_side_by_side() -> None:
    loss = FixedEfficiency(ups_efficiency=0.980302734, distribution_loss=0.00560546875).loss_mw(np.ones(1), 1.0)
    assert loss[0] == pytest.approx(0.020093 + 0.005637, abs=1e-6)


def test_between_measured_points_the_loss_is_interpolated_not_the_efficiency() -> None:
    chain = MeasuredEfficiency(no_load_loss=0.01, load_shares=(0.5, 1.0), efficiencies=(0.96, 0.95))
    at_half, at_full = 0.5 * (1 / 0.96 - 1), 1 / 0.95 - 1
    loss = chain.loss_mw(np.array([0.0, 0.25, 0.5, 0.75, 1.0]), 1.0)
    np.testing.assert_allclose(loss, [0.01, (0.01 + at_half) / 2, at_half, (at_half + at_full) / 2, at_full])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"efficiencies": (0.95, 0.96)}, "4 load_shares but 2 efficiencies"),
        ({"load_shares": (0.25, 0.5, 0.75, 0.9)}, "rise and end at 1"),
        ({"load_shares": (0.5, 0.25, 0.75, 1.0)}, "rise and end at 1"),
        ({"no_load_loss": 0.4}, "must not fall where the load rises"),
        ({"efficiencies": (0.94, 0.96, 0.99, 0.999)}, "must not fall where the load rises"),
    ],
)
def test_measured_points_that_cannot_be_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MeasuredEfficiency(**REQUIRED["MeasuredEfficiency"] | changes)
