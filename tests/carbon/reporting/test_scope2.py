from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.reporting.cfe import cfe_score
from carbon.reporting.scope2 import Consumer, Contract, MarketRates, scope2_by_consumer
from grid.errors import InputError

MARKET = MarketRates("DE", 2030)
HALL = Consumer("hall", "DE", np.array([10.0, 10.0, 10.0]), np.array([400.0, 300.0, 200.0]), np.array([0.5, 0.5, 0.5]))


def contract(energy: list[float], **changes: object) -> Contract:
    plain = Contract(
        "wind", "hall", np.array(energy), 0.0, carbon_free=True, matching="hourly", region="DE", vintage=2030
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def test_without_contracts_both_methods_agree_where_there_is_no_residual_mix() -> None:
    result = scope2_by_consumer([HALL], [], MARKET)["hall"]
    assert result.rest == "grid"
    np.testing.assert_array_equal(result.location_kg, [4000, 3000, 2000])
    np.testing.assert_array_equal(result.market_kg, result.location_kg)


def test_an_hourly_contract_covers_its_own_hour_and_loses_its_surplus() -> None:
    result = scope2_by_consumer([HALL], [contract([12, 6, 0])], MARKET)["hall"]
    np.testing.assert_array_equal(result.covered_mwh["wind"], [10, 6, 0])
    np.testing.assert_array_equal(result.market_kg, [0, 4 * 300, 2000])


def test_an_annual_contract_covers_the_same_share_of_every_step() -> None:
    result = scope2_by_consumer([HALL], [contract([12, 6, 0], matching="annual")], MARKET)["hall"]
    np.testing.assert_allclose(result.covered_mwh["wind"], [6, 6, 6])


def test_hourly_contracts_come_before_annual_ones() -> None:
    annual, hourly = contract([30, 0, 0], name="certificates", matching="annual"), contract([10, 0, 0])
    covered = scope2_by_consumer([HALL], [annual, hourly], MARKET)["hall"].covered_mwh
    np.testing.assert_allclose(covered["wind"], [10, 0, 0])
    np.testing.assert_allclose(covered["certificates"], [0, 10, 10])


def test_the_rest_follows_the_hierarchy() -> None:
    mix = replace(MARKET, residual_mix_kg_per_mwh=np.array([700.0]))
    supplier = replace(mix, supplier_kg_per_mwh={"hall": 50.0})
    by_mix, by_supplier = (scope2_by_consumer([HALL], [], market)["hall"] for market in (mix, supplier))
    assert (by_mix.rest, by_mix.market_kg.sum()) == ("residual mix", 21000)
    assert (by_supplier.rest, by_supplier.market_kg.sum()) == ("supplier", 1500)
    assert by_supplier.location_kg.sum() == 9000


@pytest.mark.parametrize(("changes", "reason"), [({"region": "FR"}, "not deliverable"), ({"vintage": 2028}, "of 2028")])
def test_what_cannot_be_delivered_or_is_old_does_not_count(changes: dict[str, object], reason: str) -> None:
    result = scope2_by_consumer([HALL], [contract([10, 10, 10], **changes)], MARKET)["hall"]
    assert reason in result.refused["wind"]
    assert not result.covered_mwh
    np.testing.assert_array_equal(result.market_kg, result.location_kg)


def test_faults_come_all_at_once() -> None:
    twice = [contract([1, 1, 1], certificates=("A1",)), contract([1, 1, 1], name="b", certificates=("A1",))]
    with pytest.raises(InputError) as caught:
        scope2_by_consumer(
            [HALL], [*twice, contract([1, 1], name="short"), contract([1, 1, 1], name="c", consumer="hal")], MARKET
        )
    text = str(caught.value)
    assert "is claimed by wind too; got 'A1'" in text
    assert "no such consumer; got 'hal'; did you mean 'hall'?" in text
    assert "short.energy_mwh: must have shape (3,)" in text


series = st.lists(st.floats(0, 100), min_size=6, max_size=6).map(np.array)


@given(series, series)
def test_a_clean_contract_never_raises_the_market_based_figure_and_never_covers_more_than_there_is(
    load: np.ndarray, made: np.ndarray
) -> None:
    hall = Consumer("hall", "DE", load, np.full(6, 300.0), np.full(6, 0.4))
    for matching in ("hourly", "annual"):
        result = scope2_by_consumer([hall], [contract(list(made), matching=matching)], MARKET)["hall"]
        assert (result.contracted_mwh <= load + 1e-9).all()
        assert result.contracted_mwh.sum() <= made.sum() + 1e-9
        assert result.market_kg.sum() <= result.location_kg.sum() + 1e-9


@given(series, series)
def test_without_contracts_the_score_is_the_grid_and_more_contracts_never_lower_it(
    made: np.ndarray, share: np.ndarray
) -> None:
    load, grid = np.linspace(1, 5, 6), share / 100
    nothing = cfe_score(load, np.zeros(6), grid)
    assert nothing.hourly == pytest.approx(nothing.grid, rel=1e-12)
    assert nothing.hourly == pytest.approx((load * grid).sum() / load.sum(), rel=1e-12)
    assert cfe_score(load, made, grid).hourly >= nothing.hourly - 1e-12
    assert cfe_score(load, load, grid).hourly == pytest.approx(1.0)


def test_a_score_needs_a_load() -> None:
    with pytest.raises(InputError, match="load_mwh"):
        cfe_score(np.zeros(2), np.zeros(2), np.zeros(2))


def test_rates_of_the_market_are_never_negative_or_unknown() -> None:
    rates = replace(MARKET, supplier_kg_per_mwh={"hall": -50.0}, residual_mix_kg_per_mwh=np.array([np.nan]))
    with pytest.raises(InputError) as caught:
        scope2_by_consumer([HALL], [], rates)
    assert "supplier_kg_per_mwh.hall: must be at least 0; got -50.0" in str(caught.value)
    assert "residual_mix_kg_per_mwh[0]: must be finite" in str(caught.value)


def test_a_consumer_that_feeds_back_has_no_scope_2_of_its_own() -> None:
    with pytest.raises(InputError, match=r"hall.energy_mwh\[0\]: must be at least 0; got -1.0"):
        scope2_by_consumer([replace(HALL, energy_mwh=np.array([-1.0, 1.0, 1.0]))], [], MARKET)
