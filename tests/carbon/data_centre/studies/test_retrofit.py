from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from carbon.data_centre import DataCentre, OutdoorAir
from carbon.data_centre.studies.operation import OperatingSite, OperationTotals, annuity, operate
from carbon.data_centre.studies.retrofit import (
    Investment,
    compare_operation,
    compare_retrofit,
    consolidated_load_mw,
    consolidation,
)
from grid.errors import InputError
from grid.time.clock import Clock

pytestmark = pytest.mark.slow

YEAR = Clock(datetime(2030, 1, 1, tzinfo=UTC), timedelta(hours=6), 1460)
POOR = {"kind": "fixed_efficiency", "ups_efficiency": 0.8}
SERVER = {"curve": {"kind": "linear", "idle_share": 0.5}}


@pytest.fixture(scope="module")
def site() -> OperatingSite:
    t = np.arange(1460) * 6.0
    air = OutdoorAir(11.0 - 12.0 * np.cos(2 * np.pi * t / 8760), np.full(1460, 65.0), np.full(1460, 101325.0))
    return OperatingSite("here", YEAR, "Europe/Berlin", air, np.full(1460, 500.0), np.full(1460, 100.0))


def room(name: str, **changes: Any) -> DataCentre:
    return DataCentre.model_validate({"name": name, "bus": "b", "p_it_rated_mw": 0.2, "power_chain": POOR} | changes)


def row(energy: float, tonnes: float, cost: float) -> OperationTotals:
    return OperationTotals("n", "p", 1.0, energy, None, 1.0, 0.0, tonnes, cost)


def test_an_annuity_repays_its_capital() -> None:
    payment = annuity(1000.0, 15.0, 0.05)
    assert sum(payment / 1.05**year for year in range(1, 16)) == pytest.approx(1000.0)
    assert annuity(1000.0, 10.0, 0.0) == 100.0


def test_savings_and_cost_per_tonne_by_hand() -> None:
    found = compare_operation(
        (row(100, 50, 9000), row(100, 50, 9000)), (row(120, 60, 11000),), Investment(30_000, 10, 0.0), 1.0
    )
    assert (found.saved_mwh, found.saved_t, found.saved_cost) == (80, 40, 7000 - 3000)
    assert found.cost_per_t == pytest.approx(-100.0)
    assert found.payback_years == pytest.approx(30_000 / 7000)


def test_where_nothing_is_saved_there_is_no_cost_per_tonne() -> None:
    found = compare_operation((row(100, 50, 9000),), (row(110, 55, 9900),), Investment(1000), 1.0)
    assert (found.cost_per_t, found.payback_years) == (None, None)


def test_power_is_moved_as_it_is_where_servers_are_not_described(site: OperatingSite) -> None:
    rooms = [room("a", utilisation=0.5), room("b", utilisation=0.25)]
    moved = consolidated_load_mw(rooms, room("hall", p_it_rated_mw=1.0), site)
    np.testing.assert_allclose(moved, 0.2 * 0.75)


def test_work_is_moved_to_fewer_fuller_servers(site: OperatingSite) -> None:
    rooms = [room(n, it_load={"cpu_utilisation": 0.1, "server": SERVER}) for n in "abc"]
    hall = room("hall", p_it_rated_mw=1.0, it_load={"cpu_utilisation": 0.6, "server": SERVER})
    moved = consolidated_load_mw(rooms, hall, site)
    servers = 3 * 0.2 * 0.1 / 0.6
    np.testing.assert_allclose(moved, servers * (0.5 + 0.5 * 0.6))
    before = sum(operate(each, site).it_energy_mwh for each in rooms)
    assert moved.sum() * 6.0 < 0.3 * before


def test_consolidation_saves_energy_and_carbon_and_its_table_has_all_rows(site: OperatingSite) -> None:
    rooms = [room(n, utilisation=0.3) for n in "abc"]
    hall = room("hall", p_it_rated_mw=0.25, power_chain={"kind": "hvdc_240"})
    found = consolidation(rooms, hall, site, Investment(500_000))
    assert found.saved_mwh > 0
    assert found.saved_t == pytest.approx(found.saved_mwh * 0.5)
    assert found.after[0].it_energy_mwh == pytest.approx(sum(r.it_energy_mwh for r in found.before))
    assert found.table()["name"].to_list() == ["a", "b", "c", "hall"]


def test_a_hall_that_is_too_small_is_refused_with_what_it_needs(site: OperatingSite) -> None:
    with pytest.raises(InputError, match=r"must be at least 0\.3"):
        consolidation([room("a", utilisation=0.75), room("b", utilisation=0.75)], room("hall"), site, Investment(1.0))


def test_a_retrofit_keeps_the_work(site: OperatingSite) -> None:
    before = room("a")
    found = compare_retrofit(before, before.with_changes({"power_chain": {"kind": "panama"}}), site, Investment(20_000))
    assert found.after[0].it_energy_mwh == found.before[0].it_energy_mwh
    assert found.saved_mwh > 0


def test_a_cost_that_cannot_be_is_refused_with_all_its_faults() -> None:
    with pytest.raises(InputError) as caught:
        Investment(-1.0, 0.0, -0.1)
    assert len(caught.value.faults) == 3
