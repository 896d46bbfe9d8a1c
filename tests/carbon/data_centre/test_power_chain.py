from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import nnls

from carbon.data_centre import DataCentre, FacilityModel, OutdoorAir
from carbon.data_centre.cooling import Cooling
from carbon.data_centre.power_chain import (
    ConversionChain,
    DoubleConversion,
    EcoMode,
    FixedEfficiency,
    Hvdc240,
    Hvdc336,
    MainsHvdc,
    MeasuredEfficiency,
    Panama,
    PowerChain,
    PowerChainTechnology,
    Stage,
    Staged,
    Transformer,
)
from carbon.data_centre.power_chain.devices import DEVICES, LOAD_SHARES
from tests.examples import examples

REQUIRED: dict[str, dict[str, Any]] = {
    "MeasuredEfficiency": {"no_load_loss": 0.01, "efficiencies": (0.94, 0.96, 0.962, 0.955)}
}
CHAINS = [kind(**REQUIRED.get(kind.__name__, {})) for kind in get_args(get_args(PowerChain)[0])]
COOLING = [kind.model_fields["kind"].default for kind in get_args(get_args(Cooling)[0])]
ILLUSTRATIVE = np.array([0.85, 0.90, 0.93, 0.945, 0.955, 0.96, 0.962, 0.96, 0.955, 0.95])


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.kind)
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


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_names_its_source_and_loses_more_at_more_load(name: str) -> None:
    assert DEVICES[name].source
    assert (np.diff(Stage(device=name).losses) >= 0).all()


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_has_the_efficiency_of_its_sheet_at_its_points(name: str) -> None:
    loads = np.array(LOAD_SHARES)
    ours = loads / (loads + Stage(device=name).loss_mw(loads, 1.0))
    np.testing.assert_allclose(ours, DEVICES[name].efficiencies, atol=1e-12)


def test_between_points_the_loss_of_a_stage_lies_on_the_line_between_theirs() -> None:
    stage = Stage(efficiencies=(0.93, 0.95, 0.96, 0.955), no_load_loss=0.01)
    quarter, half = 0.25 * (1 / 0.93 - 1), 0.5 * (1 / 0.95 - 1)
    assert stage.loss_mw(np.array([0.375]), 1.0)[0] == pytest.approx((quarter + half) / 2)
    assert stage.loss_mw(np.array([0.125]), 1.0)[0] == pytest.approx((0.01 + quarter) / 2)


@pytest.mark.parametrize(
    ("redundancy", "modules", "load"), [("n", 4, 0.8), ("n_plus_1", 4, 0.64), ("n_plus_1", 1, 0.4), ("two_n", 4, 0.4)]
)
def test_redundant_strings_share_the_load(redundancy: Any, modules: int, load: float) -> None:
    stage = Stage(device="ups_modern", redundancy=redundancy, modules=modules)
    assert stage.load_share(np.array([0.8]), 1.0)[0] == pytest.approx(load)
    assert stage.loss_mw(np.array([0.8]), 1.0)[0] == pytest.approx(
        0.8 / load * Stage(device="ups_modern").loss_mw(np.array([load]), 1.0)[0]
    )


def test_efficiencies_of_a_chain_multiply_where_losses_are_proportional() -> None:
    flat = {"efficiencies": (0.9,) * 4, "no_load_loss": 0.0}
    chain = Staged(stages=(Stage.model_validate(flat), Stage.model_validate(flat | {"efficiencies": (0.98,) * 4})))
    p_it = np.linspace(0.0, 1.0, 9)
    np.testing.assert_allclose(p_it + chain.loss_mw(p_it, 1.0), p_it / 0.9 / 0.98, rtol=1e-12)


def test_losses_by_stage_sum_to_the_chain() -> None:
    p_it = np.linspace(0.0, 3.0, 7)
    chain = Staged()
    parts = chain.loss_by_stage_mw(p_it, 3.0)
    assert list(parts) == ["1 ups_modern", "2 pdu"]
    np.testing.assert_allclose(sum(parts.values()), chain.loss_mw(p_it, 3.0), rtol=1e-12)


def test_half_of_the_power_past_the_rectifiers_saves_half_of_their_loss() -> None:
    rectifier = {"device": "rectifier_240", "redundancy": "n_plus_1"}
    whole, half = (Staged(stages=(Stage.model_validate(rectifier | {"through_share": s}),)) for s in (1.0, 0.5))
    p_it = np.linspace(0.1, 1.0, 5)
    np.testing.assert_allclose(half.loss_mw(p_it, 1.0), whole.loss_mw(p_it, 1.0) / 2, rtol=1e-12)


@pytest.mark.parametrize(
    ("chain", "low", "high"), [(Panama(), 0.965, 0.98), (Hvdc336(), 0.96, 0.98), (MainsHvdc(), 0.97, 0.985)]
)
def test_staged_chains_are_as_efficient_as_quoted(chain: PowerChainTechnology, low: float, high: float) -> None:
    loss = float(chain.loss_mw(np.array([2.4]), 3.0)[0])
    assert low < 2.4 / (2.4 + loss) < high


def test_a_transformer_loses_iron_always_and_copper_with_the_square() -> None:
    transformer = Transformer(no_load_loss=0.001, load_loss=0.01, installed_ratio=2.0)
    np.testing.assert_allclose(
        transformer.loss_mw(np.array([0.0, 1.0, 2.0]), 1.0), [0.002, 0.002 + 0.005, 0.002 + 0.02], rtol=1e-12
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "needs a device"),
        ({"device": "ups_moderm"}, "did you mean 'ups_modern'"),
        ({"device": "pdu", "no_load_loss": 0.01}, "not both"),
        ({"efficiencies": (0.9, 0.95), "no_load_loss": 0.01}, "at 4 loads; got 2"),
        ({"efficiencies": (0.9, 0.95, 0.99, 0.999), "no_load_loss": 0.01}, "must not fall"),
    ],
)
def test_a_stage_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Stage.model_validate(changes)


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.kind)
@pytest.mark.parametrize("cooling", COOLING)
@examples(25)
@given(t=st.floats(-30.0, 45.0), rh=st.floats(0.0, 100.0), load=st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)))
def test_with_transformers_more_it_load_never_lowers_facility_power(
    cooling: str, chain: PowerChainTechnology, t: float, rh: float, load: tuple[float, float]
) -> None:
    spec = DataCentre.model_validate(
        {"name": "n", "bus": "b", "p_it_rated_mw": 3.0, "cooling": {"kind": cooling}, "transformer": {}}
        | {"power_chain": chain.model_dump()}
    )
    hall = FacilityModel(spec, OutdoorAir(np.full(2, t), np.full(2, rh), np.full(2, 101325.0)), 1.0).at(
        np.array(sorted(load))
    )
    assert hall.p_total_mw[0] <= hall.p_total_mw[1]
    assert (hall.pue[hall.p_it_mw >= 1e-6] >= 1.0).all()
