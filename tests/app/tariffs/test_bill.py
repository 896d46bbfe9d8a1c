"""Bills against sums made by hand, and the laws that any bill keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.scenario.tariffs import load_tariff
from app.tariffs import BillingAccount, BillLine, Tariff, bill, linear_faults, linear_prices
from app.tariffs.bill import Metered
from app.tariffs.times import LocalTimes
from grid.arrays import Floats
from grid.time.clock import Clock
from tests.examples import examples

ALWAYS = [{"name": "always", "price_per_mwh": 100.0}]


def tariff(**charges: Any) -> Tariff:
    sources = [{"title": "by hand", "status": "unverified"}]
    return Tariff.model_validate({"name": "by hand", "currency": "EUR", "sources": sources, **charges})


def account(rates: Tariff, **more: Any) -> BillingAccount:
    return BillingAccount(name="one", tariff=rates, sectors=("I.1",), **more)


def metered(p_mw: Floats, start: datetime, zone: str = "UTC", minutes: int = 60) -> Metered:
    clock = Clock(start, timedelta(minutes=minutes), p_mw.size)
    at = LocalTimes.of_clock(clock, zone, {date(2030, 1, 1)})
    return Metered(np.maximum(p_mw, 0), np.maximum(-p_mw, 0), np.full(p_mw.size, 40.0), at, minutes / 60)


def lines(rates: Tariff, meter: Metered, **more: Any) -> list[tuple[str, float, float]]:
    return [(line.item, line.quantity, line.amount) for line in bill(rates, account(rates, **more), meter)]


def monthly(found: tuple[BillLine, ...], item: str) -> list[float]:
    return [line.quantity for line in found if line.item == item]


def test_hours_of_use_count_by_the_wall_clock() -> None:
    """A winter Monday of 1 MW in Berlin: 4 h at the peak; in UTC the same hours begin an hour earlier."""
    peak = {"name": "peak", "times": {"days": ["monday"], "hours": ["17:00-21:00"]}, "price_per_mwh": 300.0}
    rates = tariff(energy=[{"name": "energy", "periods": [peak, {"name": "rest", "price_per_mwh": 100.0}]}])
    meter = metered(np.r_[np.zeros(16), np.ones(2), np.zeros(6)], datetime(2030, 1, 7, tzinfo=UTC), "Europe/Berlin")
    assert lines(rates, meter) == [("energy, peak", 2.0, 600.0)]


def test_hours_over_midnight_are_those_of_each_day() -> None:
    night = {"name": "night", "times": {"days": ["tuesday"], "hours": ["22:00-06:00"]}, "price_per_mwh": 10.0}
    rates = tariff(energy=[{"name": "e", "periods": [night, {"name": "rest", "price_per_mwh": 0.0}]}])
    meter = metered(np.ones(72), datetime(2030, 1, 7, tzinfo=UTC))  # Monday to Wednesday
    assert {item: quantity for item, quantity, _ in lines(rates, meter)}["e, night"] == 8.0


def test_holidays_are_sundays_where_the_calendar_says_so() -> None:
    weekday = {"name": "weekday", "times": {"days": ["tuesday"]}, "price_per_mwh": 10.0}
    rates = tariff(energy=[{"name": "e", "periods": [weekday, {"name": "rest", "price_per_mwh": 1.0}]}])
    (found,) = lines(rates, metered(np.ones(24), datetime(2030, 1, 1, tzinfo=UTC)))  # a Tuesday, and New Year's Day
    assert found == ("e, rest", 24.0, 24.0)


def test_a_ratchet_of_eleven_months() -> None:
    """Peaks of 10, 4 and 9 MW after a past peak of 12: 10, then 80 % of 12 while that is among the eleven months."""
    p_mw = np.zeros(90 * 24)
    p_mw[[0, 31 * 24, 59 * 24]] = 10.0, 4.0, 9.0
    ratchet = {"share": 0.8, "months": 11}
    rates = tariff(demand=[{"name": "peak", "price_per_mw_month": 1000.0, "ratchet": ratchet}])
    meter = metered(p_mw, datetime(2030, 1, 1, tzinfo=UTC))
    past = (12.0, *[0.0] * 10)
    found = bill(rates, account(rates, past_peaks_mw=past), meter)
    assert monthly(found, "peak") == pytest.approx([10.0, 8.0, 9.0])  # 12 MW is the eleventh month before January only
    past = (0.0, 12.0, *[0.0] * 9)
    assert monthly(bill(rates, account(rates, past_peaks_mw=past), meter), "peak") == pytest.approx([10.0, 9.6, 9.0])
    summer = tariff(demand=[{"name": "peak", "price_per_mw_month": 1.0, "ratchet": {**ratchet, "of_months": [7]}}])
    assert monthly(bill(summer, account(summer, past_peaks_mw=past), meter), "peak") == pytest.approx([10.0, 4.0, 9.0])


def test_windows_intervals_and_apparent_power() -> None:
    """Quarter hours of 4 and 2 MW within a window of an hour: 2 MW as an hour's mean, over a power factor of 0.8."""
    p_mw = np.zeros(96)
    p_mw[40], p_mw[44:48], p_mw[60] = 9.0, (4.0, 2.0, 2.0, 0.0), 7.0
    window = {"hours": ["11:00-12:00"]}
    rates = tariff(demand=[
        {"name": "hour", "price_per_mw_month": 31.0, "times": window, "interval_minutes": 60, "apparent": True},
        {"name": "all", "price_per_mw_month": 31.0, "least_mw": 8.0},
    ])  # fmt: skip
    meter = metered(p_mw, datetime(2030, 1, 7, tzinfo=UTC), minutes=15)
    found = lines(rates, meter, power_factor=0.8, coincidence=0.5)
    assert found == [
        ("hour", pytest.approx(5.0), pytest.approx(5.0)),
        ("all", pytest.approx(18.0), pytest.approx(18.0)),
    ]


def test_every_kind_of_charge_with_its_taxes() -> None:
    """A day in June of 2 MW drawn for 12 h and 1 MW fed in for 12 h, worked by hand."""
    p_mw = np.r_[np.full(12, 2.0), np.full(12, -1.0)]
    rates = tariff(
        energy=[
            {"name": "energy", "periods": [{"name": "always", "price_per_mwh": 10.0, "wholesale_share": 1.5}]},
            {"name": "levy", "component": "levy", "periods": [{"name": "always", "price_per_mwh": 5.0}]},
        ],
        export=[{"name": "always", "price_per_mwh": 0.0, "wholesale_share": 0.5}],
        capacity=[{"name": "contract", "price_per_mva_month": 300.0}],
        fixed=[{"name": "daily", "price_per_customer": 2.0, "per": "day"},
               {"name": "yearly", "price_per_customer": 360.0, "per": "year", "component": "grid"}],
        percentages=[{"name": "fund", "percent": 10, "of": ["energy"], "components": ["supply"]},
                     {"name": "tax", "percent": 20}],
    )  # fmt: skip
    meter = metered(p_mw, datetime(2030, 6, 10, tzinfo=UTC))
    found = lines(rates, meter, contracted_mva=3.0, customers=4)
    assert found == [
        ("energy, wholesale", 24.0, 24 * 60.0), ("energy", 24.0, 240.0), ("levy", 24.0, 120.0),
        ("export, wholesale", -12.0, -240.0), ("contract", 3.0, pytest.approx(30.0)),
        ("daily", 4.0, pytest.approx(8.0)), ("yearly", 4.0, pytest.approx(4.0)),
        ("fund", 1680.0, pytest.approx(168.0)),
        ("tax", pytest.approx(2010.0), pytest.approx(402.0)),  # (1680 + 120 + 30 + 8 + 4 + 168) at 20 %
    ]  # fmt: skip


def test_module_1_does_not_pay_more_than_the_grid_costs() -> None:
    rates = load_tariff("german_household_2025")
    for e_mwh, paid in ((0.01, 0.862 + 5), (1.0, 131.877 / 12)):
        meter = metered(np.full(720, e_mwh / 720), datetime(2030, 6, 1, tzinfo=UTC))
        (less,) = (line.amount for line in bill(rates, account(rates, module=1), meter) if line.category == "reduction")
        assert -less == pytest.approx(paid, rel=2e-2)


def test_module_2_leaves_the_base_price_of_the_grid_away() -> None:
    rates = load_tariff("german_household_2025")
    meter = metered(np.full(720, 1 / 720), datetime(2030, 6, 1, tzinfo=UTC))
    grid = [line for line in bill(rates, account(rates, module=2), meter) if line.component == "grid"]
    assert [(line.item, line.amount) for line in grid] == [("grid work price", pytest.approx(0.4 * 86.2))]


@given(seed=st.integers(0, 99), module=st.sampled_from([None, 1, 2, 3]), days=st.integers(1, 70))
@examples(25)
def test_what_prices_say_of_a_change_is_what_the_bill_says(seed: int, module: Any, days: int) -> None:
    """Of a linear tariff: a bill moves with energy by the prices that a dispatch is given, taxes included."""
    rng = np.random.default_rng(seed)
    rates = load_tariff("german_household_2025")
    meter = metered(rng.uniform(-1, 2, 24 * days), datetime(2030, 2, 20, tzinfo=UTC), "Europe/Berlin")
    owner = account(rates, module=module)
    prices = linear_prices(rates, owner, meter.at, meter.wholesale_per_mwh)
    at = int(np.argmax(meter.drawn_mw))
    more = Metered(meter.drawn_mw + np.eye(1, meter.drawn_mw.size, at)[0], meter.fed_in_mw, meter.wholesale_per_mwh,
                   meter.at, 1.0)  # fmt: skip
    change = sum(line.amount for line in bill(rates, owner, more)) - sum(
        line.amount for line in bill(rates, owner, meter)
    )
    assert change == pytest.approx(prices.import_per_mwh[at], rel=1e-9)
    assert prices.export_per_mwh == pytest.approx(79.4)


@given(seed=st.integers(0, 99), factor=st.integers(2, 9))
@examples(25)
def test_equal_customers_pay_alike(seed: int, factor: int) -> None:
    rng = np.random.default_rng(seed)
    for name in ("ontario_tiered_2024", "tokyo_c_2024", "hydro_quebec_rate_m_2012", "industrial_time_of_use"):
        rates = load_tariff(name)
        start = datetime(2030, 3, 15, tzinfo=UTC)
        p_mw = rng.uniform(-1, 1, 24 * 60) * 1e-3
        one = bill(rates, account(rates, contracted_mva=1.0), metered(p_mw, start))
        many = bill(rates, account(rates, contracted_mva=factor, customers=factor), metered(factor * p_mw, start))
        assert sum(line.amount for line in many) == pytest.approx(factor * sum(line.amount for line in one))


def test_what_no_price_by_step_can_say_is_named() -> None:
    assert list(linear_faults(load_tariff("ontario_time_of_use_2024"))) == []
    assert list(linear_faults(load_tariff("ontario_tiered_2024"))) == ["'electricity' has blocks"]
    assert len(list(linear_faults(load_tariff("industrial_time_of_use")))) == 2


@pytest.mark.parametrize(
    ("charges", "message"),
    [
        ({"energy": [{"name": "e", "periods": [{"name": "p", "times": {"hours": ["7:00-9:00"]}, "price_per_mwh": 1}]}]},
         "has no price on monday 00:00 in month 1"),
        ({"energy": [{"name": "e", "periods": [{"name": "p"}]}]}, "needs either 'price_per_mwh' or 'blocks'"),
        ({"energy": [{"name": "e", "periods": [{"name": "p", "blocks": [{"up_to_mwh": 1, "price_per_mwh": 1}]}]}]},
         "the last block none"),
        ({"controllable": {}}, "needs exactly one charge"),
    ],
)  # fmt: skip
def test_a_faulty_rate_sheet_is_refused(charges: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        tariff(**charges)
