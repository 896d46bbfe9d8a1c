"""Which class of vehicle each charging session belongs to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grid.assets import EVFleet, Site
from grid.assets.ev.vehicles import vehicle_classes
from grid.city.placement import Where
from grid.errors import InputError
from grid.flexibility.flexibility import Flexibility
from grid.flexibility.labels import Labels

EVERYWHERE = Where(areas="lv")


@pytest.fixture(scope="module")
def fleet(winter_site: Site) -> Flexibility:
    shares = {"compact": 0.25, "medium": 0.5, "van": 0.25}
    cars = EVFleet(name="cars", where=EVERYWHERE, vehicles=400, vehicle_class=shares, v2g_share=0.5)
    return cars.flexibilities(winter_site)[0]


def test_every_session_has_the_class_of_its_vehicle(fleet: Flexibility) -> None:
    labels, store = fleet.vehicle_class, fleet.reservoir
    assert labels is not None
    assert store is not None
    assert labels.code.shape == (fleet.n_devices,)
    of_vehicle = {}
    for vehicle, code in zip(store.owner.tolist(), labels.code.tolist(), strict=True):
        assert of_vehicle.setdefault(vehicle, code) == code
    assert set(of_vehicle.values()) == {0, 1, 2}


def test_the_class_is_the_one_that_battery_and_consumption_come_from(fleet: Flexibility) -> None:
    labels, store = fleet.vehicle_class, fleet.reservoir
    assert labels is not None
    assert store is not None
    assert store.mwh_per_km is not None
    willing = fleet.p_min_mw < 0
    assert 0.3 < willing.mean() < 0.7
    for code, name in enumerate(labels.names):
        mine, of_class = labels.code == code, vehicle_classes()[name]
        np.testing.assert_allclose(store.e_max_mwh[mine & willing], of_class.battery_kwh / 1000)
        assert (store.mwh_per_km[mine] >= of_class.consumption_kwh_per_km / 1000 - 1e-12).all()
        assert (store.mwh_per_km[mine] <= of_class.consumption_kwh_per_km / 1000 * 1.5).all()


def test_labels_of_another_length_are_refused(fleet: Flexibility) -> None:
    with pytest.raises(InputError, match="vehicle_class: must have shape"):
        replace(fleet, vehicle_class=Labels(("medium",), np.zeros(3, dtype=np.int16)))


def test_a_fleet_says_what_its_batteries_cost_the_climate(winter_site: Site, fleet: Flexibility) -> None:
    assert fleet.wear_kg_per_mwh == pytest.approx(84 / 3000 * 1000)
    stated = EVFleet(name="cars", where=EVERYWHERE, vehicles=2, wear_carbon_kg_per_mwh=12.0)
    assert stated.flexibilities(winter_site)[0].wear_kg_per_mwh == 12.0
