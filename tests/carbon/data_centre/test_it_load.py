from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from carbon.data_centre import DataCentre, OutdoorAir, it_demand_mw
from carbon.data_centre.cooling import AirEconomiser, WaterEconomiser
from carbon.data_centre.it_load import PROFILES, FillUp, ItLoad, shape_of, supply_air_degc
from carbon.data_centre.on_site import Generators, OnSite, generator_tests
from carbon.data_centre.server import LinearCurve, PointsCurve, PowerLawCurve, Server, ServerCurve
from carbon.data_centre.utilisation_file import read_utilisation
from grid.errors import InputError
from grid.time.clock import Clock
from tests.places import SHARED_DATA

TRACE = SHARED_DATA / "datacentre_cpu_util_hourly_google2011.parquet"
CURVES = [LinearCurve(), PowerLawCurve(), PointsCurve()]
WEEK = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 168)  # a Monday


def hall(**it_load: Any) -> DataCentre:
    return DataCentre.model_validate({"name": "n", "bus": "b", "p_it_rated_mw": 2.0, "it_load": it_load})


def air(t_degc: Any) -> OutdoorAir:
    t = np.atleast_1d(np.asarray(t_degc, float))
    return OutdoorAir(t, np.full(t.shape, 50.0), np.full(t.shape, 101325.0))


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.kind)
def test_a_server_draws_idle_power_when_idle_and_all_at_full_load(curve: Any) -> None:
    assert curve.share(np.array([1.0]))[0] == pytest.approx(1.0)
    assert 0 < curve.share(np.array([0.0]))[0] < 1


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.kind)
@given(u=st.tuples(st.floats(0, 1), st.floats(0, 1)), t=st.tuples(st.floats(10, 45), st.floats(10, 45)))
def test_more_work_and_warmer_air_never_take_less(curve: Any, u: Any, t: Any) -> None:
    server = Server(curve=curve, fan_share=0.1, rise_per_k=0.002)
    low, high = server.power_share(np.array(sorted(u)), np.array(sorted(t)))
    assert low <= high + 1e-12


def test_the_measured_curve_is_the_printed_one() -> None:
    share = PointsCurve().share(np.array([0.0, 0.1, 0.55, 1.0]))
    np.testing.assert_allclose(share * 117, [86, 89.4, (102 + 106) / 2, 117])


def test_fans_follow_the_cube_of_their_flow() -> None:
    server = Server(fan_share=0.1, fan_flow_min=0.5, t_fan_rise_degc=25, t_fan_full_degc=35)
    np.testing.assert_allclose(
        server.fan_power_share(np.array([15.0, 25.0, 30.0, 35.0, 40.0])), 0.1 * np.array([0.5, 0.5, 0.75, 1, 1]) ** 3
    )


def test_the_example_of_energyplus() -> None:
    server = Server(curve=LinearCurve(idle_share=0.0), rise_per_k=0.06667)
    u, t = np.array([0.25, 0.5, 1.0]), np.array([15.0, 20.0, 25.0])
    np.testing.assert_allclose(server.power_share(u, t), -1 + u + 0.06667 * t, atol=1e-4)


@pytest.mark.parametrize("profile", PROFILES)
def test_shapes_have_a_mean_of_1_over_the_week(profile: Any) -> None:
    load = ItLoad(profile=profile, cpu_utilisation=0.3)
    assert load.utilisation(WEEK, "UTC").mean() == pytest.approx(0.3)
    assert shape_of(profile).min() > 0


def test_offices_rest_at_the_weekend_and_batches_run_at_night() -> None:
    office = ItLoad(profile="office").utilisation(WEEK, "UTC").reshape(7, 24)
    batch = ItLoad(profile="batch").utilisation(WEEK, "UTC").reshape(7, 24)
    assert office[:5, 10].min() > 2 * office[5:, 10].max()
    assert batch[:, 2].min() > 2 * batch[:, 12].max()


def test_local_noon_is_noon_of_the_city() -> None:
    tokyo = ItLoad(profile="office").utilisation(WEEK, "Asia/Tokyo")
    assert tokyo[1] == tokyo[:24].max()  # 10:00 in Tokyo is 01:00 UTC


def test_a_hall_fills_up_over_the_years_and_is_empty_before_it_opens() -> None:
    clock = Clock(datetime(2029, 1, 1, tzinfo=UTC), timedelta(days=365.25), 8)
    fill = FillUp(opened=date(2030, 1, 1), share_at_opening=0.3, share_per_year=0.2, share_max=0.9)
    np.testing.assert_allclose(fill.share(clock)[1:6], [0.3, 0.5, 0.7, 0.9, 0.9], atol=1e-3)
    assert fill.share(clock)[0] == 0.0


def test_the_power_of_a_hall_is_its_servers_times_their_curve() -> None:
    spec = hall(cpu_utilisation=0.5, installed_share=0.6, server={"curve": {"kind": "linear", "idle_share": 0.4}})
    np.testing.assert_allclose(it_demand_mw(spec, WEEK, "UTC"), 2.0 * 0.6 * 0.7)


def test_servers_in_warm_supply_air_draw_more() -> None:
    cool, warm = (
        it_demand_mw(
            hall(server={"fan_share": 0.1}).with_changes({"cooling": {"kind": "water_economiser", "t_supply_degc": t}}),
            WEEK, "UTC", air(np.full(168, 10.0)),
        )
        for t in (22, 32)
    )  # fmt: skip
    assert (warm > cool).all()
    with pytest.raises(InputError, match="needs the outdoor air"):
        it_demand_mw(hall(server={"fan_share": 0.1}), WEEK, "UTC")


def test_supply_air_is_that_of_the_technology() -> None:
    assert supply_air_degc(WaterEconomiser(t_supply_degc=25), air([0.0, 30.0]), 15.0).tolist() == [25.0, 25.0]
    assert supply_air_degc(AirEconomiser(), air([0.0, 22.0, 40.0]), 15.0).tolist() == [18.0, 22.0, 27.0]


def test_it_power_never_exceeds_the_rating() -> None:
    spec = hall(cpu_utilisation=1.0, server={"rise_per_k": 0.05})
    assert it_demand_mw(spec, WEEK, "UTC", air(np.full(168, 35.0))).max() == 2.0


def write(path: Path, start: str, values: list[float]) -> Path:
    times = pl.datetime_range(
        pl.lit(start).str.to_datetime(), pl.lit(start).str.to_datetime() + pl.duration(hours=len(values) - 1), "1h",
        eager=True,
    )  # fmt: skip
    pl.DataFrame({"time_utc": times.dt.strftime("%Y-%m-%dT%H:%M"), "utilisation": values}).write_csv(path)
    return path


@pytest.mark.skipif(not TRACE.exists(), reason="needs the real utilisation trace, kept outside the project")
def test_a_real_trace_goes_through(tmp_path: Path) -> None:
    trace = pl.read_parquet(TRACE)
    column = next(name for name, kind in trace.schema.items() if kind.is_float())
    real = trace[column].to_numpy()[:672].astype(float)
    write(tmp_path / "trace.csv", "2030-01-07T00:00", real.tolist())
    clock = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(minutes=15), 4 * 672)
    spec = hall(csv="trace.csv", server={"curve": {"kind": "power"}})
    p_mw = it_demand_mw(spec, clock, "UTC", folder=tmp_path)
    expected = 2.0 * PowerLawCurve().share(real)
    np.testing.assert_allclose(p_mw.reshape(-1, 4), np.repeat(expected[:, None], 4, axis=1), rtol=1e-9)
    assert 0.1 < real.mean() < 0.9
    assert p_mw.std() > 0


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M"])
@pytest.mark.parametrize(("step", "per_hour"), [("1h", 1), ("15m", 4), ("5m", 12)])
def test_any_regular_step_and_writing_of_times(tmp_path: Path, form: str, step: str, per_hour: int) -> None:
    times = pl.datetime_range(datetime(2030, 1, 6), datetime(2030, 1, 15), step, closed="left", eager=True)
    values = 0.1 + 0.8 * np.arange(len(times)) / len(times)
    cells = [f"{100 * value:.5f}".replace(".", ",") for value in values]
    path = tmp_path / "u.csv"
    table = pl.DataFrame({"time_utc": times.dt.strftime(form), "utilisation": cells})
    table.filter(~table["time_utc"].is_in(table["time_utc"][30 * per_hour : 32 * per_hour].implode())).write_csv(
        path, separator=";"
    )
    clock = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 48)
    found, report = read_utilisation(path, clock)
    expected = values[24 * per_hour : 72 * per_hour].reshape(48, -1).mean(axis=1)
    assert found == pytest.approx(expected, abs=1e-6)
    assert "2 h in the run" in report.gaps
    assert "read as percent" in report.mended[0]


def test_percent_is_told_by_its_sign_or_by_what_no_share_reaches(tmp_path: Path) -> None:
    times = [f"2030-01-07T{hour:02}:00" for hour in range(24)]
    clock = Clock(datetime(2030, 1, 7, tzinfo=UTC), timedelta(hours=1), 24)
    path = tmp_path / "u.csv"
    pl.DataFrame({"time_utc": times, "utilisation": ["3,5 %"] * 24}).write_csv(path, separator=";")
    assert read_utilisation(path, clock)[0] == pytest.approx(0.035)
    pl.DataFrame({"time_utc": times, "utilisation": [2.4] * 24}).write_csv(path)
    with pytest.raises(InputError, match="a power is to be divided"):
        read_utilisation(path, clock)


def test_faults_of_a_file_come_all_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.csv", "2030-01-07T00:00", [0.5, 1.5])
    with pytest.raises(InputError) as caught:
        it_demand_mw(hall(csv="bad.csv"), WEEK, "UTC", folder=path.parent)
    assert [fault.place for fault in caught.value.faults] == ["time_utc", "utilisation"]
    with pytest.raises(InputError, match="cannot be read"):
        it_demand_mw(hall(csv="none.csv"), WEEK, "UTC", folder=tmp_path)
    (tmp_path / "other.csv").write_text("time_utc,utilization\n")
    with pytest.raises(InputError, match="did you mean 'utilization'"):
        it_demand_mw(hall(csv="other.csv"), WEEK, "UTC", folder=tmp_path)


@pytest.mark.parametrize(
    ("it_load", "message"),
    [
        ({"profile": "web", "csv": "x.csv"}, "not both"),
        ({"profile": "office", "cpu_utilisation": 0.9}, "must not exceed 1"),
        ({"server": {"t_fan_full_degc": 20}}, "above t_fan_rise_degc"),
        ({"server": {"curve": {"kind": "points", "watts": [100, 90]}}}, "must not fall"),
        ({"server": {"curve": {"kind": "power", "exponent": 2.5}}}, "less than or equal to 2"),
    ],
)
def test_a_load_that_cannot_be_is_refused(it_load: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        hall(**it_load)
    TypeAdapter(ServerCurve)  # the union itself is well formed


def test_two_ways_to_state_the_load_are_refused() -> None:
    with pytest.raises(ValidationError, match="utilisation must be left out"):
        DataCentre.model_validate({"name": "n", "bus": "b", "p_it_rated_mw": 1.0, "utilisation": 0.5, "it_load": {}})


def test_tests_of_generators_burn_diesel_pro_rata() -> None:
    year = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 8760)
    tests = generator_tests(Generators(p_rated_mw=4.0, test_hours_per_month=2.0, test_load_share=0.5), year)
    assert tests.hours == pytest.approx(24.0)
    assert tests.energy_mwh == pytest.approx(48.0)
    assert tests.diesel_l == pytest.approx(48_000 * 0.27)
    assert tests.emissions_kg == pytest.approx(48_000 * 0.27 * 2.66155)
    assert generator_tests(None, year).emissions_kg == 0.0


def test_pv_and_battery_become_assets_at_the_same_bus() -> None:
    spec = DataCentre(
        name="n", bus="b", p_it_rated_mw=1.0, on_site=OnSite(pv_peak_mw=0.5, battery_mw=1.0, battery_mwh=2.0)
    )
    assert [(asset.kind, asset.name, asset.bus) for asset in spec.on_site_assets] == [
        ("pv", "n: PV", "b"), ("battery", "n: battery", "b"),
    ]  # fmt: skip
    assert DataCentre(name="n", bus="b", p_it_rated_mw=1.0).on_site_assets == ()


def test_cells_of_a_utilisation_are_shown_and_equal_rows_count_once(tmp_path: Path) -> None:
    hours = [f"2030-01-07T{hour:02}:00,0.{hour + 10}" for hour in range(24)]
    clock, path = Clock(WEEK.start, timedelta(hours=1), 24), tmp_path / "load.csv"
    path.write_text("\n".join(["time_utc,utilisation", *hours, *hours[3:5]]))
    assert read_utilisation(path, clock)[0][4] == pytest.approx(0.14)
    path.write_text("\n".join(["time_utc,utilisation", *hours[:3], "2030-01-07T03:00,#DIV/0!", *hours[4:]]))
    with pytest.raises(InputError, match=r"utilisation: must be numbers, .* got \[5\], the first of '#DIV/0!'"):
        read_utilisation(path, clock)
    path.write_text("\n".join(["time_utc,utilisation", *hours[:3], "2030-01-07T03:00,-1", *hours[4:]]))
    with pytest.raises(InputError, match=r"must be a number within 0 and 1, .* got \[5\], the first of '-1'"):
        read_utilisation(path, clock)
