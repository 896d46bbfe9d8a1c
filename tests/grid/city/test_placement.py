from __future__ import annotations

import numpy as np
import pytest

from grid.city.city import City
from grid.city.placement import Where, place
from grid.errors import InputError


def test_lv_is_the_modelled_area_and_the_buses_that_stand_for_areas(winter_city: City) -> None:
    placement = place(winter_city, None, Where(areas="lv"), "a")
    buses = winter_city.network.buses
    low = buses.vn_kv[placement.buses] < 1
    assert low.any()
    assert (~low).any()
    areas = set(winter_city.loads.bus[winter_city.is_area])
    assert set(placement.buses[~low]) <= areas
    assert placement.shares.sum() == pytest.approx(1)
    others = place(winter_city, None, Where(areas="mv"), "a")
    assert set(others.buses) & set(placement.buses) <= areas
    everything = place(winter_city, None, Where(), "a")
    assert set(everything.buses) == set(others.buses) | set(placement.buses)


def test_shares_follow_the_energy_of_the_loads(winter_city: City) -> None:
    placement = place(winter_city, None, Where(zone="Feeder 8"), "a")
    energy = winter_city.loads.energy_mwh(0.25)
    by_bus = np.array([energy[winter_city.loads.bus == bus].sum() for bus in placement.buses])
    assert np.allclose(placement.shares, by_bus / by_bus.sum())
    assert {winter_city.network.buses.zones[bus] for bus in placement.buses} == {"Feeder 8"}


def test_a_sector_counts_its_part_of_the_energy(winter_city: City) -> None:
    homes = place(winter_city, None, Where(sector="I.1"), "a")
    shops = place(winter_city, None, Where(sector="I.2"), "a")
    assert homes.shares.sum() == pytest.approx(1)
    assert not np.array_equal(homes.buses, shops.buses) or not np.allclose(homes.shares, shops.shares)


def test_shares_of_a_sector_weigh_each_load_by_its_part_in_the_sector(winter_city: City) -> None:
    loads, sector = winter_city.loads, winter_city.sectors.index("I.1")
    energy = loads.energy_mwh(0.25) * winter_city.sector_shares[:, sector]
    by_bus = np.bincount(loads.bus, weights=energy, minlength=winter_city.n_buses)
    placement = place(winter_city, None, Where(sector="I.1"), "a")
    assert placement.buses.tolist() == np.flatnonzero(by_bus > 0).tolist()
    np.testing.assert_allclose(placement.shares, by_bus[placement.buses] / by_bus.sum(), rtol=1e-12)
    assert len(set(winter_city.sector_shares[:, sector].round(6))) > 2  # loads differ in it, else it would not matter


def test_a_pattern_selects_by_name(winter_city: City) -> None:
    placement = place(winter_city, None, Where(name="MV3.101 Bus 8?"), "a")
    assert all(winter_city.network.buses.names[bus].startswith("MV3.101 Bus 8") for bus in placement.buses)


def test_a_single_bus_takes_all(winter_city: City) -> None:
    placement = place(winter_city, "MV3.101 Bus 86", None, "a")
    assert placement.shares.tolist() == [1.0]
    assert winter_city.network.buses.names[placement.buses[0]] == "MV3.101 Bus 86"


@pytest.mark.parametrize(
    ("bus", "where", "message"),
    [
        (None, None, "needs either 'bus' or 'where'"),
        ("MV3.101 Bus 86", Where(), "needs either 'bus' or 'where'"),
        ("MV3.101 Bsu 86", None, "did you mean 'MV3.101 Bus 86'"),
        (None, Where(zone="Feder 8"), "did you mean 'Feeder 8'"),
        (None, Where(sector="V.1"), "no load in sector 'V.1'"),
        (None, Where(name="nothing*"), "selects no load with energy"),
    ],
)
def test_what_leads_nowhere_is_refused(winter_city: City, bus: str | None, where: Where | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        place(winter_city, bus, where, "assets[0]")
