from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from carbon.data_centre import DataCentre, OutdoorAir
from carbon.data_centre.studies.operation import OperatingSite
from carbon.data_centre.studies.siting import DataTransfer, compare_sites, kwh_per_gb, split_load
from grid.errors import InputError
from grid.time.clock import Clock
from tests.places import SHARED_DATA

pytestmark = pytest.mark.slow

WEATHER = SHARED_DATA / "weather_hourly_10sites.parquet"
DAY = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=1), 24)
SPEC = DataCentre(name="n", bus="b", p_it_rated_mw=1.0)


def site(name: str, t_degc: float, ci: float, price: float) -> OperatingSite:
    air = OutdoorAir(np.full(24, t_degc), np.full(24, 60.0), np.full(24, 101325.0))
    return OperatingSite(name, DAY, "UTC", air, np.full(24, ci), np.full(24, price))


def test_the_same_load_takes_less_where_it_is_cold() -> None:
    hot, cold = compare_sites(SPEC, [site("hot", 32.0, 500.0, 80.0), site("cold", 5.0, 500.0, 80.0)]).rows
    assert cold.operation.it_energy_mwh == hot.operation.it_energy_mwh
    assert cold.energy_mwh < hot.energy_mwh
    assert cold.saved_t == pytest.approx((hot.energy_mwh - cold.energy_mwh) * 0.5)
    assert cold.cost_per_t == pytest.approx(-80.0 / 0.5)


def test_where_only_carbon_and_price_differ_the_cost_per_tonne_is_their_ratio() -> None:
    siting = compare_sites(SPEC, [site("east", 15.0, 600.0, 60.0), site("west", 15.0, 200.0, 70.0)])
    assert siting.rows[1].cost_per_t == pytest.approx(10.0 / 0.4)
    assert siting.least_carbon is siting.rows[1]
    assert siting.rows[0].cost_per_t is None


def test_the_network_adds_its_energy_and_can_turn_the_verdict() -> None:
    sites = [site("near", 15.0, 500.0, 80.0), site("far", 15.0, 480.0, 80.0)]
    ignored = compare_sites(SPEC, sites)
    heavy = DataTransfer(gb_per_mwh_it=5000.0, kwh_per_gb=0.06, ci_kg_per_mwh=500.0, price_per_mwh=80.0)
    counted = compare_sites(SPEC, sites, [DataTransfer(), heavy])
    assert ignored.least_carbon.operation.site == "far"
    assert counted.least_carbon.operation.site == "near"
    assert counted.rows[1].network_mwh == pytest.approx(counted.rows[1].operation.it_energy_mwh * 0.3)


def test_the_network_halves_every_two_years() -> None:
    assert kwh_per_gb(2015) == 0.06
    assert kwh_per_gb(2019) == pytest.approx(0.015)


def test_cold_data_that_move_save_their_share_of_a_whole_move() -> None:
    east, west = site("east", 28.0, 600.0, 60.0), site("west", 8.0, 200.0, 70.0)
    whole = compare_sites(SPEC, [east, west]).rows[1]
    part = split_load(SPEC, east, west, 0.4)
    assert part.saved_t == pytest.approx(0.4 * whole.saved_t)
    assert part.cost_per_t == pytest.approx(whole.cost_per_t)
    assert part.hot.it_energy_mwh + part.cold.it_energy_mwh == pytest.approx(part.together.it_energy_mwh)
    assert part.table()["site"].to_list() == ["east", "east", "west"]
    way = DataTransfer(gb_per_mwh_it=100.0, kwh_per_gb=0.06, ci_kg_per_mwh=500.0, price_per_mwh=80.0)
    counted = split_load(SPEC, east, west, 0.4, way)
    assert part.saved_t - counted.saved_t == pytest.approx(counted.network_mwh * 0.5)
    with pytest.raises(InputError, match="between 0 and 1"):
        split_load(SPEC, east, west, 1.0)


def test_the_table_has_a_row_a_place() -> None:
    table = compare_sites(SPEC, [site("a", 10.0, 500.0, 80.0), site("b", 20.0, 300.0, 80.0)]).table()
    assert table["site"].to_list() == ["a", "b"]
    assert {"pue", "energy_with_network_mwh", "cost_per_t"} <= set(table.columns)


def test_faults_come_at_once() -> None:
    with pytest.raises(InputError) as caught:
        compare_sites(SPEC, [], [DataTransfer()])
    assert [fault.place for fault in caught.value.faults] == ["sites", "transfers"]
    with pytest.raises(InputError, match="must not be negative"):
        DataTransfer(gb_per_mwh_it=-1.0)
    with pytest.raises(InputError, match="ci_kg_per_mwh"):
        OperatingSite("x", DAY, "UTC", site("x", 1.0, 1.0, 1.0).air, np.full(3, 1.0), np.full(24, 1.0))


@pytest.mark.skipif(not WEATHER.exists(), reason="needs the hourly weather of ten sites, kept outside the project")
def test_real_climates_rank_as_their_warmth() -> None:
    clock = Clock(datetime(2023, 1, 1, tzinfo=UTC), timedelta(hours=1), 8760)
    rows = pl.read_parquet(WEATHER)

    def at(site: str) -> OperatingSite:
        of = rows.filter(pl.col("site") == site)
        air = OutdoorAir(
            of["t_dry_c"].cast(pl.Float64).to_numpy(),
            of["rh_pct"].cast(pl.Float64).to_numpy(),
            of["pressure_hpa"].cast(pl.Float64).to_numpy() * 100.0,
        )
        return OperatingSite(site, clock, "UTC", air, np.full(8760, 400.0), np.full(8760, 80.0))

    siting = compare_sites(SPEC, [at("sg_2023"), at("jp_tokyo_2023"), at("gb_2023")])
    pues = [row.operation.pue for row in siting.rows]
    assert pues == sorted(pues, reverse=True)  # type: ignore[type-var]
    assert siting.rows[2].saved_t > siting.rows[1].saved_t > 0
