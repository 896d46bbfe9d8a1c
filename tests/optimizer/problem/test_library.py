"""What an engineer asks of the library on a net of her own: time series, curtailment, prices, nothing changed."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandapower as pp
import pytest
from pandapower.toolbox import nets_equal

from grid.errors import InputError
from optimizer import Clock, battery, charging_sessions, city_of, dispatch, generation, problem_of
from optimizer.problem.devices import own_generation

pytestmark = pytest.mark.slow

CLOCK = Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(hours=1), 4)


def net_of_three() -> Any:
    net = pp.create_empty_network(name="three")
    buses = [pp.create_bus(net, 20.0, name=name) for name in ("gate", "quay", "hill")]
    pp.create_ext_grid(net, buses[0], vm_pu=1.02)
    for k in range(2):
        pp.create_line(net, buses[k], buses[k + 1], 8.0, "NA2XS2Y 1x240 RM/25 12/20 kV", name=f"line {k}")
    pp.create_load(net, buses[1], 1.0, 0.2, name="works")
    pp.create_load(net, buses[2], 0.5, 0.1, name="homes")
    pp.create_sgen(net, buses[2], 6.0, name="park")
    return net


def test_own_time_series_stand_in_place_of_the_values_of_the_net() -> None:
    series = {"load/works/p_mw": [1.0, 2.0, 3.0, 4.0], "sgen/0/p_mw": [0.0, 1.0, 2.0, 0.0]}
    p_mw, q_mvar = city_of(net_of_three(), CLOCK, series).withdrawal()
    np.testing.assert_allclose(p_mw[:, 1], [1, 2, 3, 4])
    np.testing.assert_allclose(p_mw[:, 2], [0.5, -0.5, -1.5, 0.5])
    np.testing.assert_allclose(q_mvar[:, 2], 0.1)
    with pytest.raises(InputError, match=r"must have shape \(4,\)"):
        city_of(net_of_three(), CLOCK, {"load/works/p_mw": [1.0, 2.0]})
    with pytest.raises(InputError, match="wroks"):
        city_of(net_of_three(), CLOCK, {"load/wroks/p_mw": [1.0, 2.0, 3.0, 4.0]})


def test_the_callers_net_stays_as_it_is_and_later_changes_do_not_reach_the_city() -> None:
    net = net_of_three()
    before = copy.deepcopy(net)
    city = city_of(net, CLOCK)
    assert nets_equal(net, before)
    net.load["p_mw"] = 99.0
    assert city.withdrawal()[0][0, 1] == 1.0


def test_fixed_withdrawal_may_be_given_as_arrays() -> None:
    city = city_of(net_of_three(), CLOCK)
    store = battery(city, "store", "quay", 0.5, 1.0)
    p_mw = np.full((4, 3), 0.25)
    problem = problem_of(city, [store], import_price_per_mwh=50.0, p_fixed_mw=p_mw, q_fixed_mvar=np.zeros((4, 3)))
    np.testing.assert_array_equal(problem.p_fixed_mw, p_mw)
    with pytest.raises(InputError, match="must have shape"):
        problem_of(city, [store], import_price_per_mwh=50.0, p_fixed_mw=np.zeros((4, 2)))


def test_the_nets_own_generation_is_made_curtailable_in_one_call() -> None:
    city = city_of(net_of_three(), CLOCK)
    given: dict[str, Any] = {"import_price_per_mwh": 60.0, "export_price_per_mwh": 30.0, "vm_max_pu": 1.04}
    fixed = dispatch(problem_of(city, [], **given))
    problem = problem_of(city, [], curtail_own=True, **given)
    schedule = dispatch(problem)
    (own,) = problem.flexibilities
    assert own.name == "own generation"
    assert 0 < schedule.curtailed_mwh(own) < 24
    assert not schedule.shortfalls
    assert fixed.export_mw.sum() > schedule.export_mw.sum()
    np.testing.assert_allclose(
        problem.p_fixed_mw + own.at_buses(own.unmanaged_power()), city.withdrawal()[0], atol=1e-12
    )
    half = own_generation(city, 0.5)
    assert half.unmanaged_power().sum() == pytest.approx(-12.0)
    with pytest.raises(InputError, match="curtail_own"):
        problem_of(city, [], curtail_own=True, p_fixed_mw=np.zeros((4, 3)), **given)


def test_reactive_power_has_the_price_that_is_asked_for_it() -> None:
    city = city_of(net_of_three(), CLOCK)
    given: dict[str, Any] = {
        "import_price_per_mwh": 60.0, "export_price_per_mwh": 30.0, "vm_max_pu": 1.04, "curtail_own": True,
    }  # fmt: skip
    store = battery(city, "store", "hill", 0.1, 0.2, q_max_mvar=2.0)
    free, dear = (dispatch(problem_of(city, [store], reactive_cost_per_mvarh=c, **given)) for c in (0.0, 500.0))
    assert np.abs(free.q_mvar["store"]).max() > 0.5
    assert "store" not in dear.q_mvar
    with pytest.raises(InputError, match="reactive_cost_per_mvarh"):
        problem_of(city, [store], reactive_cost_per_mvarh=-1.0, **given)


@pytest.mark.parametrize("efficiency", [0.0, 1.5, -0.9, float("nan")])
def test_efficiencies_beyond_what_there_is_are_refused(efficiency: float) -> None:
    city = city_of(net_of_three(), CLOCK)
    with pytest.raises(InputError, match=r"cars\.efficiency"):
        charging_sessions(city, "cars", ["quay"], [0], [4], 0.02, 0.011, efficiency=efficiency)


@pytest.mark.parametrize("sessions", ["each", "aggregated"])
def test_a_fleet_without_sessions_does_nothing(sessions: str) -> None:
    city = city_of(net_of_three(), CLOCK)
    nobody = charging_sessions(city, "cars", [], [], [], [], 0.011)
    store = battery(city, "store", "quay", 0.5, 1.0)
    given: dict[str, Any] = {"import_price_per_mwh": [20.0, 90.0, 20.0, 90.0], "sessions": sessions}
    with_nobody = dispatch(problem_of(city, [nobody, store], **given))
    assert with_nobody.p_mw["cars"].size == 0
    assert with_nobody.lp_cost == pytest.approx(dispatch(problem_of(city, [store], **given)).lp_cost)
    assert dispatch(problem_of(city, [nobody], **given)).import_mw.shape == (4,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy_mwh": [0.02, float("nan")]}, r"cars\.energy_mwh: must be finite and not negative; got nan"),
        ({"energy_mwh": [0.02, -0.01]}, r"cars\.energy_mwh: must be finite and not negative; got -0.01"),
        ({"energy_mwh": [0.02]}, r"cars\.energy_mwh: must be one value, or one for each of 2 sessions; got \(1,\)"),
        ({"start": [0, 0.5]}, r"cars\.start: must be whole steps; got 0.5"),
        ({"stop": [4, float("nan")]}, r"cars\.stop: must be finite"),
        ({"p_max_mw": float("inf")}, r"cars\.p_max_mw: must be finite"),
        ({"battery_mwh": float("nan")}, r"cars\.battery_mwh: must be finite"),
    ],
)
def test_sessions_that_are_no_numbers_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    city = city_of(net_of_three(), CLOCK)
    given: dict[str, Any] = {"start": [0, 1], "stop": [3, 4], "energy_mwh": 0.02, "p_max_mw": 0.011} | change
    with pytest.raises(InputError, match=message):
        charging_sessions(city, "cars", ["quay", "hill"], **given)


def test_numbers_that_are_none_are_refused_wherever_a_device_has_them() -> None:
    city, nan = city_of(net_of_three(), CLOCK), float("nan")
    for make, place in (
        (lambda: battery(city, "store", "quay", 0.5, 1.0, wear_cost_per_mwh=nan), "store.wear_cost_per_mwh"),
        (lambda: battery(city, "store", "quay", 0.5, 1.0, q_max_mvar=nan), "store.q_max_mvar"),
        (lambda: generation(city, "sun", "hill", [1.0, nan, 1.0, 1.0]), "sun.p_min_mw"),
    ):
        with pytest.raises(InputError, match=f"{place}: must be finite"):
            make()


@pytest.mark.parametrize("scale", [[1.0, 2.0], np.ones((4, 2))])
def test_a_factor_of_another_length_is_a_fault_beside_all_others(scale: Any) -> None:
    city = city_of(net_of_three(), CLOCK)
    for curtail_own in (False, True):
        with pytest.raises(InputError, match=r"scale: must be one value, or have shape \(4,\)") as error:
            problem_of(city, [], import_price_per_mwh=[1.0], scale=scale, curtail_own=curtail_own)
        assert "import_price_per_mwh: must have shape" in str(error.value)
    with pytest.raises(InputError, match=r"scale: must be one value"):
        own_generation(city, scale)


def test_a_time_series_without_table_or_quantity_is_refused_with_what_is_meant() -> None:
    with pytest.raises(InputError, match=r"must be called load\|sgen.*did you mean 'load/works/p_mw'"):
        city_of(net_of_three(), CLOCK, {"lod/works/p_mw": np.ones(4)})
    with pytest.raises(InputError, match=r"works: a column must be called load\|sgen"):
        city_of(net_of_three(), CLOCK, {"works": np.ones(4)})
