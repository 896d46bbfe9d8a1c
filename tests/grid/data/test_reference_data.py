import csv
import gzip
import importlib.resources
import warnings
from collections import defaultdict

import numpy as np
import pandapower as pp
import polars as pl
import pytest

from grid.data import bake_reference

pytestmark = pytest.mark.slow

FOLDER = importlib.resources.files("grid.data") / "reference"
GPC_CODES = {"I.1", "I.2", "I.3", "I.5"}
QUARTER_HOURS_OF_2016 = 366 * 24 * 4


@pytest.fixture
def net():
    return pp.from_json_string(gzip.decompress((FOLDER / "net.json.gz").read_bytes()).decode())


@pytest.fixture(scope="module")
def profiles():
    return pl.read_parquet((FOLDER / "profiles.parquet").read_bytes())


@pytest.fixture(scope="module")
def shares():
    shares = defaultdict(dict)
    for row in csv.DictReader((FOLDER / "sectors.csv").read_text(encoding="utf-8").splitlines()):
        shares[row["mix"]][row["gpc_code"]] = float(row["share"])
    return shares


def values(elements, column, profile, profiles):
    """What the elements take or give at every step, shape (T, N)."""
    return profiles.select(elements[profile].drop_duplicates()).to_pandas()[elements[profile]].to_numpy() * (
        elements[column].to_numpy()
    )


def test_the_net_is_the_whole_city(net):
    assert (len(net.bus), len(net.load), len(net.sgen), len(net.line), len(net.trafo)) == (254, 242, 142, 256, 3)


def test_the_files_are_small():
    assert len((FOLDER / "net.json.gz").read_bytes()) < 60_000
    assert len((FOLDER / "profiles.parquet").read_bytes()) < 5_000_000


def test_the_year_and_its_peak(net, profiles):
    p_mw = values(net.load, "p_mw", "profile_p", profiles)
    assert p_mw.sum(axis=1).max() == pytest.approx(20.98, abs=0.005)
    assert p_mw.sum() * 0.25 / 1000 == pytest.approx(70.37, abs=0.005)


def test_the_worst_line_at_the_peak(net, profiles):
    p_mw = values(net.load, "p_mw", "profile_p", profiles)
    peak = p_mw.sum(axis=1).argmax()
    net.load.q_mvar = values(net.load, "q_mvar", "profile_q", profiles)[peak]
    net.sgen.p_mw = values(net.sgen, "p_mw", "profile_p", profiles)[peak]
    net.load.p_mw = p_mw[peak]
    pp.runpp(net, lightsim2grid=False)
    assert net.res_line.loading_percent.max() == pytest.approx(32.2, abs=0.05)


def test_profiles_cover_a_leap_year_and_nothing_is_shipped_in_vain(net, profiles):
    assert profiles.height == QUARTER_HOURS_OF_2016
    assert set(profiles.columns) == {*net.load.profile_p, *net.load.profile_q, *net.sgen.profile_p}
    assert np.isfinite(profiles.to_numpy()).all()
    assert set(profiles.dtypes) == {pl.Float64}


def test_every_load_has_a_sector_or_a_mix(net, shares):
    assert set(net.load.sector) <= GPC_CODES | set(shares)
    areas = net.load[net.load.sector.isin(shares)]
    assert len(areas) == 132
    assert (areas.sector + "_pload" == areas.profile_p).all()


def test_the_shares_of_each_mix_sum_to_one(shares):
    assert set(shares) == set(bake_reference.AREA_CODES)
    for of_sector in shares.values():
        assert set(of_sector) <= GPC_CODES
        assert min(of_sector.values()) > 0
        assert sum(of_sector.values()) == pytest.approx(1, abs=1e-12)


def test_the_area_modelled_to_the_house_has_the_mix_of_its_kind(net, profiles, shares):
    houses = net.load[net.load.subnet == "LV5.303"]
    energy = values(houses, "p_mw", "profile_p", profiles).sum(axis=0)
    for code, share in shares["lv_semiurb5"].items():
        assert energy[(houses.sector == code).to_numpy()].sum() / energy.sum() == pytest.approx(share, abs=1e-12)


def test_every_bus_lies_in_a_district(net):
    feeders = {f"Feeder {number}" for number in range(1, 15)}
    assert set(net.bus.zone) == feeders | {"LV5.303", "Substation", "HV grid"}
    assert (net.bus.zone[net.bus.vn_kv == 110] == "HV grid").all()
    assert (net.bus.zone[net.bus.vn_kv < 1] == "LV5.303").all()


def test_every_generator_has_a_technology(net):
    assert net.sgen.technology.value_counts().to_dict() == {"solar": 141, "hydro": 1}


def test_names_tell_elements_apart(net):
    for table in ("bus", "load", "sgen", "line", "trafo"):
        assert net[table].name.is_unique


def test_a_tap_position_that_pandapower_ignores_is_neutral(net):
    assert net.trafo.tap_changer_type.isna().all()
    assert (net.trafo.tap_pos == net.trafo.tap_neutral).all()


def test_the_licence_stands_beside_the_data():
    licence = (FOLDER / "LICENSE-ODbL.txt").read_text(encoding="utf-8")
    assert "SimBench" in licence
    assert "10.4 Choice of law." in licence
    assert "doi:10.3390/en13123290" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("subnet", "district"),
    [
        ("MV3.101_LV5.330_Feeder8", "Feeder 8"),
        ("MV3.101_LV5.349_Feeder13", "Feeder 13"),
        ("LV5.303", "LV5.303"),
        ("MV3.101", "Substation"),
        ("HV1_MV3.101", "HV grid"),
    ],
)
def test_district(subnet, district):
    assert bake_reference.district(subnet) == district


@pytest.mark.parametrize(
    ("profile", "sector"),
    [("H0-A", "I.1"), ("G3-H", "I.2"), ("BL-H", "I.3"), ("WB-H", "I.3"), ("L2-M", "I.5"), ("lv_rural3", "lv_rural3")],
)
def test_load_sector(profile, sector):
    assert bake_reference.load_sector(profile) == sector


def test_an_unknown_profile_has_no_sector():
    with pytest.raises(KeyError):
        bake_reference.load_sector("X9-A")


def test_the_baked_city_equals_simbench(net, profiles):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whatever simbench and the pandas it uses have to say is theirs
        simbench = pytest.importorskip("simbench", reason="simbench is for development only")
        source = simbench.get_simbench_net(bake_reference.CITY_CODE)
        columns = {name: profiles[name].to_numpy() for name in profiles.columns}
        assert bake_reference.max_deviation_mw(net, columns, source) <= 1e-9

    pp.runpp(net, lightsim2grid=False)
    pp.runpp(source, lightsim2grid=False)
    np.testing.assert_allclose(net.res_bus.vm_pu, source.res_bus.vm_pu, rtol=0, atol=1e-12)
    np.testing.assert_allclose(net.res_line.loading_percent, source.res_line.loading_percent, rtol=0, atol=1e-9)

    rebuilt = bake_reference.city_net(source, dict.fromkeys(bake_reference.AREA_CODES, "solar"))
    assert list(rebuilt.bus.zone) == list(net.bus.zone)
    assert list(rebuilt.load.sector) == list(net.load.sector)
