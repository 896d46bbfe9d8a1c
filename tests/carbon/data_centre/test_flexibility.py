from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbon.data_centre import DataCentre, FacilityModel, OutdoorAir, it_demand_mw
from carbon.data_centre.flexibility import DataCentreLoad
from grid.arrays import Floats
from grid.flexibility.flexibility import Flexibility
from grid.time.clock import Clock
from tests.examples import examples

RATED_MW = 3.0
HOURS = 60


def load(minutes: int = 60, hours: int = HOURS, **changes: Any) -> DataCentreLoad:
    """A hall that swings over the day, under air between 2 and 28 °C, for two and a half days."""
    clock = Clock(datetime(2030, 7, 1, tzinfo=UTC), timedelta(minutes=minutes), hours * 60 // minutes)
    hour = np.arange(clock.n_steps) * clock.step_hours
    given_changes = {"name": "north", "bus": "b", "p_it_rated_mw": RATED_MW, "daily_swing": 0.2}
    spec = DataCentre.model_validate(given_changes | {"deferrable_share": 0.3} | changes)
    air = OutdoorAir(15 - 13 * np.cos(hour / 24 * 2 * np.pi), np.full(hour.size, 60.0), np.full(hour.size, 1e5))
    model = FacilityModel(spec, air, clock.step_hours)
    return DataCentreLoad(model, clock, bus=1, n_buses=3, p_it_mw=it_demand_mw(spec, clock, "Europe/Berlin"))


def deferrable(centre: DataCentreLoad) -> Flexibility:
    _, flexibility = centre.flexibilities()
    return flexibility


def as_late_as_possible(flexibility: Flexibility) -> Floats:
    """Every device at full power at the end of its life, so that it is just done."""
    store, h = flexibility.reservoir, flexibility.clock.step_hours
    assert store is not None
    p_mw, missing = np.zeros(flexibility.n_slots), store.e_end_mwh.copy()
    high, eta = flexibility.per_slot(flexibility.p_max_mw), flexibility.per_slot(store.eta_charge)
    for slot in range(flexibility.n_slots - 1, -1, -1):
        device = flexibility.device[slot]
        p_mw[slot] = min(high[slot], missing[device] / (h * eta[slot]))
        missing[device] -= h * eta[slot] * p_mw[slot]
    np.testing.assert_allclose(missing, 0, atol=1e-9)
    return p_mw


def daily_it_mwh(centre: DataCentreLoad, p_it_mw: Floats) -> Floats:
    return np.add.reduceat(p_it_mw, deferrable(centre).start) * centre.clock.step_hours


@pytest.mark.parametrize("minutes", [15, 60])
def test_unmanaged_is_the_demand_before_shifting(minutes: int) -> None:
    centre = load(minutes)
    base, work = centre.flexibilities()
    total = base.unmanaged_power() + work.unmanaged_power()
    np.testing.assert_allclose(total, centre.model.total_at(centre.p_it_mw), rtol=1e-12)
    np.testing.assert_allclose(
        centre.facility(work.unmanaged_power()).p_it_mw, centre.p_it_mw, rtol=1e-9, err_msg="the work is the demand's"
    )
    np.testing.assert_allclose(
        work.energy_mwh(work.unmanaged_power())[work.offsets[1:] - 1],
        0.3 * daily_it_mwh(centre, centre.p_it_mw),
        rtol=1e-9,
    )


def test_there_is_a_device_a_day_and_the_last_may_be_short() -> None:
    work = deferrable(load())
    np.testing.assert_array_equal(work.start, [0, 24, 48])
    np.testing.assert_array_equal(work.stop, [24, 48, 60])
    np.testing.assert_array_equal(work.buses, [1])


@examples(25)
@given(
    share=st.floats(0.01, 1.0),
    utilisation=st.floats(0.2, 0.8),
    swing=st.floats(0.0, 0.25),
    chain=st.sampled_from(["double_conversion", "hvdc_240", "fixed_efficiency"]),
)
def test_shifted_work_is_conserved_within_the_rating(
    *, share: float, utilisation: float, swing: float, chain: str
) -> None:
    changes: dict[str, Any] = {"deferrable_share": share, "utilisation": utilisation, "daily_swing": swing}
    centre = load(**changes, power_chain={"kind": chain})
    work = deferrable(centre)
    for p_mw in (work.unmanaged_power(), as_late_as_possible(work)):
        facility = centre.facility(p_mw)
        assert (facility.p_it_mw >= 0).all()
        assert (facility.p_it_mw <= RATED_MW * (1 + 1e-9)).all()
        assert (facility.p_total_mw >= facility.p_it_mw).all()
        np.testing.assert_allclose(
            daily_it_mwh(centre, facility.p_it_mw), daily_it_mwh(centre, centre.p_it_mw), rtol=1e-9
        )


def test_full_power_is_the_rating() -> None:
    centre = load()
    facility = centre.facility(deferrable(centre).p_max_mw.values)
    np.testing.assert_allclose(facility.p_it_mw, RATED_MW, rtol=1e-9)


def test_marginal_power_is_the_slope_of_the_facility() -> None:
    centre = load()
    less, more = (centre.model.total_at(centre.p_it_mw + d) for d in (-1e-4, 1e-4))
    np.testing.assert_allclose(centre.marginal_facility_power(), (more - less) / 2e-4, rtol=5e-3)
    assert (centre.marginal_facility_power() > 1).all(), "cooling and conversion cost something"


def test_the_dispatch_sees_nearly_the_facility_it_will_get() -> None:
    centre = load()
    base, work = centre.flexibilities()
    p_mw = as_late_as_possible(work)
    facility = centre.facility(p_mw)
    np.testing.assert_allclose(base.p_min_mw.values + p_mw, facility.p_total_mw, rtol=0.02)


def test_without_deferrable_work_there_is_only_the_demand() -> None:
    centre = load(deferrable_share=0.0)
    (base,) = centre.flexibilities()
    np.testing.assert_array_equal(base.p_min_mw.values, base.p_max_mw.values)
    np.testing.assert_allclose(base.p_min_mw.values, centre.model.total_at(centre.p_it_mw), rtol=1e-12)
    np.testing.assert_allclose(centre.facility(None).p_it_mw, centre.p_it_mw)
    assert base.reservoir is None


def deadline_load(hours: int = 6, minutes: int = 60) -> DataCentreLoad:
    return load(minutes=minutes, deadline_hours=hours)


@pytest.mark.parametrize(("deadline", "minutes"), [(2, 60), (6, 60), (7, 15), (24, 60)])
def test_work_with_a_deadline_runs_after_it_arrives_and_before_it_is_due(deadline: int, minutes: int) -> None:
    centre = deadline_load(deadline, minutes)
    work = deferrable(centre)
    batch = max(1, int(deadline / centre.clock.step_hours) // 2)
    assert (work.stop - work.start <= deadline / centre.clock.step_hours).all()
    arriving = work.step < (work.start + batch)[work.device]
    movable = centre.marginal_facility_power() * centre.p_deferrable_it_mw
    np.testing.assert_allclose(work.p_max_mw.values[arriving], movable[work.step[arriving]])
    np.testing.assert_allclose(work.by_step(work.unmanaged_power()), movable)
    reservoir = work.reservoir
    assert reservoir is not None
    assert reservoir.e_end_mwh.sum() == pytest.approx(centre.p_deferrable_it_mw.sum() * centre.clock.step_hours)


def test_with_a_deadline_all_batches_at_full_power_stay_within_the_rating() -> None:
    centre = deadline_load(6)
    hall = centre.facility(deferrable(centre).p_max_mw.values)
    assert hall.p_it_mw.max() <= RATED_MW * (1 + 1e-9)
    assert hall.p_it_mw.max() > centre.p_it_mw.max()


def test_unmanaged_work_with_a_deadline_is_the_hall_as_it_was() -> None:
    centre = deadline_load(6)
    work = deferrable(centre)
    np.testing.assert_allclose(centre.facility(work.unmanaged_power()).p_it_mw, centre.p_it_mw, rtol=1e-9)


def test_power_by_slot_is_summed_as_the_flexibility_does() -> None:
    centre = deadline_load(5)
    work = deferrable(centre)
    p_mw = np.linspace(0.0, 1.0, work.n_slots)
    np.testing.assert_allclose(centre.by_step(p_mw), work.by_step(p_mw))


def test_heat_makes_work_dearer() -> None:
    centre = load(daily_swing=0.0)
    marginal = centre.marginal_facility_power()
    t = centre.model.air.t_dry_bulb_degc
    assert marginal[np.argmax(t)] > marginal[np.argmin(t)]
    work = deferrable(centre).reservoir
    assert work is not None
    np.testing.assert_allclose(work.eta_charge.values, 1 / marginal)
