"""Bands from ranges: draws, percentiles, and their limit cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from carbon.data_centre import DataCentre, OutdoorAir, facility_totals, simulate_facility
from carbon.data_centre.cooling import KINDS
from carbon.data_centre.priors import HallCase, Prior, case_names, load_case, load_priors
from carbon.data_centre.studies.uncertainty import draws, halls, overlap_share, pue_band
from grid.errors import InputError

pytestmark = pytest.mark.slow

HOURS = np.arange(96.0)
AIR = OutdoorAir(
    15.0 + 14.0 * np.sin(HOURS / 24.0 * 2.0 * np.pi) + HOURS / 20.0, 60.0 + 0.0 * HOURS, 101325.0 + 0.0 * HOURS
)


def prior(low: float, high: float, *parameters: str) -> Prior:
    return Prior(parameters=parameters, low=low, high=high, unit="1", source="a test")


def case(*priors: Prior, kind: str = "water_economiser") -> HallCase:
    return HallCase(name="test", title="A test", cooling={"kind": kind}, priors=priors)


@pytest.mark.parametrize("name", case_names())
def test_every_shipped_case_gives_a_band(name: str) -> None:
    band = pue_band(name, AIR, n=24, seed=1)
    assert 1.0 < band.pue[0] < band.pue[1] < band.pue[2] < 3.0
    assert 0.0 <= band.wue_l_per_kwh[0] < band.wue_l_per_kwh[2] < 6.0
    assert all(range_.source for range_ in load_case(name).priors)


def test_every_technology_has_a_case() -> None:
    assert {load_case(name).cooling["kind"] for name in case_names()} == {
        kind.model_fields["kind"].default for kind in KINDS
    }


def test_the_same_seed_gives_the_same_band_and_another_seed_another() -> None:
    one, again, other = (pue_band("colocation_water_economiser", AIR, 32, seed).pue_samples for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_draws_fill_every_stratum_once_and_stay_in_their_ranges() -> None:
    values = draws([prior(2.0, 4.0, "a"), prior(-1.0, 0.0, "b")], 50, seed=0)
    for column, low, high in ((0, 2.0, 4.0), (1, -1.0, 0.0)):
        strata = np.floor((values[:, column] - low) / (high - low) * 50).astype(int)
        assert sorted(strata) == list(range(50))


def test_ranges_without_width_give_the_data_centre_itself() -> None:
    exact = case(
        prior(0.9, 0.9, "ups_efficiency"),
        prior(0.03, 0.03, "distribution_loss"),
        prior(0.02, 0.02, "lighting_share"),
        prior(25.0, 25.0, "cooling.t_supply_degc"),
        prior(4.0, 4.0, "cooling.tower.approach_k"),
    )
    band = pue_band(exact, AIR, n=3)
    spec = DataCentre.model_validate({
        "name": "n", "bus": "b", "p_it_rated_mw": 1.0, "lighting_share": 0.02,
        "power_chain": {"kind": "fixed_efficiency", "ups_efficiency": 0.9, "distribution_loss": 0.03},
        "cooling": {"kind": "water_economiser", "t_supply_degc": 25.0, "tower": {"approach_k": 4.0}},
    })  # fmt: skip
    weather = (AIR.t_dry_bulb_degc, AIR.relative_humidity_percent, AIR.pressure_pa)
    sums = facility_totals(simulate_facility(spec, *weather, np.ones(HOURS.size), step_hours=1.0))
    assert list(band.pue) == pytest.approx([sums.pue] * 3, rel=1e-12)
    assert list(band.wue_l_per_kwh) == pytest.approx([sums.wue_l_per_kwh] * 3, rel=1e-12)


def test_a_wider_range_gives_a_wider_band() -> None:
    narrow, wide = (
        pue_band(case(prior(0.9 - width, 0.9 + width, "ups_efficiency")), AIR, 200).pue for width in (0.01, 0.05)
    )
    assert wide[2] - wide[0] > 4.0 * (narrow[2] - narrow[0])
    assert wide[1] == pytest.approx(narrow[1], abs=0.005)


def test_parameters_in_one_range_take_one_value() -> None:
    both = case(prior(5.0, 10.0, "cooling.water_rise_k", "cooling.chiller.water_rise_k"))
    for _, cooling in halls(both, 5, seed=0):
        dumped = cooling.model_dump()
        assert dumped["water_rise_k"] == dumped["chiller"]["water_rise_k"] != 7.5


def test_drawing_leaves_the_case_as_it_is() -> None:
    shipped = load_case("hyperscale_air_economiser")
    before = shipped.model_dump()
    pue_band(shipped, AIR, 4)
    assert shipped.model_dump() == before


def test_the_median_lies_within_the_samples() -> None:
    band = pue_band("small_direct_expansion", AIR, 64, percents=(0.0, 50.0, 100.0))
    assert band.pue[0] == band.pue_samples.min()
    assert band.pue[2] == band.pue_samples.max()
    assert band.pue[1] == pytest.approx(np.median(band.pue_samples))


def test_overlap_is_the_share_of_the_published_width() -> None:
    assert overlap_share(1.0, 2.0, 1.5, 2.5) == 0.5
    assert overlap_share(1.0, 3.0, 1.5, 2.5) == 1.0
    assert overlap_share(1.0, 1.2, 1.5, 2.5) == 0.0


def test_faults_are_named() -> None:
    with pytest.raises(InputError, match="did you mean 'small_air_chiller'"):
        pue_band("small_air_chillers", AIR)
    with pytest.raises(InputError) as caught:
        pue_band("small_air_chiller", AIR, n=0, percents=(5.0, 105.0))
    assert [fault.place for fault in caught.value.faults] == ["n", "percents"]
    with pytest.raises(InputError, match="must be one of ups_efficiency"):
        pue_band(case(prior(0.0, 1.0, "ups")), AIR, 2)
    with pytest.raises(InputError, match=r"coil_effectiveness.*at most 1"):
        pue_band(case(prior(1.1, 1.2, "cooling.coil_effectiveness")), AIR, 2)
    with pytest.raises(InputError, match="no_such_field"):
        pue_band(case(prior(1.1, 1.2, "cooling.no_such_field")), AIR, 2)
    with pytest.raises(ValidationError, match="low must not exceed high"):
        prior(2.0, 1.0, "ups_efficiency")


def test_a_faulty_file_of_ranges_names_every_line(tmp_path: Path) -> None:
    file = tmp_path / "ranges.csv"
    file.write_text("parameters,low,high,unit,source\na,2,1,1,s\nb,x,1,1,s\nc,0,1,1,\nd,0,1,1,s\n")
    with pytest.raises(InputError) as caught:
        load_priors(file)
    assert [fault.place.split(",")[0] for fault in caught.value.faults] == ["line 2", "line 3", "line 4"]
    with pytest.raises(InputError, match="no such file"):
        load_priors(tmp_path / "none.csv")
