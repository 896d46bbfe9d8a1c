"""The shortest way to dispatch devices on one's own pandapower net, and what may be said of the answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from grid.assets.base import Site
from grid.assets.battery import Battery
from grid.assets.ev_fleet import EVFleet
from grid.city import make_city
from grid.clock import Clock
from grid.placement import Where
from grid.powerflow import power_flow
from grid.source import read_grid
from grid.weather import weather_for
from optimizer.problem import DispatchProblem
from optimizer.rolling import dispatch


def test_a_battery_and_cars_on_a_builtin_net() -> None:
    # the example
    clock = Clock(datetime(2030, 6, 3, tzinfo=UTC), timedelta(minutes=15), 96)
    city = make_city(read_grid("mv_oberrhein"), clock)
    site = Site(city, weather_for("greensboro-tmy3", clock, "Europe/Berlin", 48.5, 7.9), "Europe/Berlin")
    battery = Battery(name="battery", bus="Bus 60", p_rated_mw=2, e_rated_mwh=8).flexibilities(site)[0]
    cars = EVFleet(name="cars", where=Where(), vehicles=200, v2g_share=0.3).flexibilities(site)[0]
    p_mw, q_mvar = city.withdrawal()
    price = 90 + 40 * np.cos(np.arange(96) / 96 * 4 * np.pi)
    problem = DispatchProblem(clock, city.network, p_mw, q_mvar, (battery, cars), price, price - 30, 0 * price)
    schedule = dispatch(problem)
    p_mw = p_mw + battery.at_buses(schedule.p_mw["battery"]) + cars.at_buses(schedule.p_mw["cars"])
    loading_percent = power_flow(city.network, clock, p_mw, q_mvar).loading_percent()

    assert np.nanmax(loading_percent) < 100
    assert cars.reservoir is not None
    asked = (cars.reservoir.e_end_mwh - cars.reservoir.e_start_mwh).sum()
    stored = cars.energy_mwh(schedule.p_mw["cars"])[cars.offsets[1:] - 1] - cars.reservoir.e_start_mwh
    np.testing.assert_allclose(stored.sum(), asked, atol=1e-5)
    dear = price > np.median(price)
    assert schedule.p_mw["battery"][dear].sum() < 0 < schedule.p_mw["battery"][~dear].sum()
