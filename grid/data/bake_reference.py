"""Bakes the reference city from the SimBench data set: ``python -m grid.data.bake_reference [FOLDER]``.

SimBench's own loader parses some 120 MB of text for every net. What the reference city needs of it fits in 4 MB:
the net as pandapower JSON, its network as arrays, the year's profiles as Parquet, and the sectors of the areas that
are not modelled to the house. ``reference/README.md`` describes the files; running the script again gives the same
bytes.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grid import _pandapower
from grid.network.stored import network_to_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

REFERENCE_FOLDER = Path(__file__).parent / "reference"

CITY_CODE = "1-MVLV-urban-5.303-0-sw"
"""SimBench code of the city: the urban 10 kV grid, its low-voltage area 5.303 to the house, today's scenario."""

AREA_CODES = {
    "lv_rural3": "1-LV-rural3--0-sw",
    "lv_semiurb4": "1-LV-semiurb4--0-sw",
    "lv_semiurb5": "1-LV-semiurb5--0-sw",
    "lv_urban6": "1-LV-urban6--0-sw",
}
"""SimBench's own low-voltage net behind each aggregated area profile of the city."""

GPC_CODES = {"H": "I.1", "G": "I.2", "BL": "I.3", "WB": "I.3", "L": "I.5"}
"""GPC sub-sector by family of load profile: the letters before the digit, as in ``G3-H``."""

TECHNOLOGIES = {"PV": "solar", "WP": "wind", "BM": "biomass", "Hydro": "hydro"}
"""Technology by family of generation profile."""

EXTRA_COLUMNS = {
    "bus": ("subnet", "min_vm_pu", "max_vm_pu"),
    "line": ("subnet", "max_loading_percent"),
    "trafo": ("subnet", "max_loading_percent"),
    "load": ("subnet", "profile_p", "profile_q", "sector"),
    "sgen": ("subnet", "profile_p", "technology"),
}
"""Columns kept beside pandapower's standard ones."""

STEP_HOURS = 0.25
MAX_DEVIATION_MW = 1e-9
"""How far a baked element may be from SimBench's own value at any step [MW or MVAr]."""


def profile_family(profile: str) -> str:
    """The letters a profile's name begins with: ``H`` of ``H0-A``, ``Hydro`` of ``Hydro3``, ``BL`` of ``BL-H``."""
    match = re.match(r"[A-Za-z]+", profile)
    return match.group() if match else ""


def load_sector(profile: str) -> str:
    """GPC sub-sector of a load with SimBench profile `profile`; an area's own name if it stands for an area.

    Raises:
        KeyError: If the family of the profile has no sector.
    """
    return profile if profile in AREA_CODES else GPC_CODES[profile_family(profile)]


def district(subnet: str) -> str:
    """Name of the district a SimBench bus of `subnet` lies in.

    Examples: ``MV3.101_LV5.330_Feeder8`` lies in ``Feeder 8``, the buses of ``LV5.303`` in the area of that name, the
    110 kV buses of ``HV1_MV3.101`` in ``HV grid``, the 10 kV busbars of ``MV3.101`` in ``Substation``.
    """
    if feeder := re.search(r"_Feeder(\d+)$", subnet):
        return f"Feeder {feeder.group(1)}"
    if subnet.startswith("HV"):
        return "HV grid"
    return "Substation" if subnet.startswith("MV") else subnet


def area_technologies(areas: Mapping[str, Any]) -> dict[str, str]:
    """The technology of each area's aggregated generation, which its own net must have just one of.

    Args:
        areas: SimBench's low-voltage net of each area, by the name of its profile.

    Raises:
        ValueError: If an area's generators are of several technologies.
    """
    technologies = {}
    for name, net in areas.items():
        found = {TECHNOLOGIES[profile_family(profile)] for profile in net.sgen.profile}
        if len(found) != 1:
            raise ValueError(f"area {name} has generation of several kinds: {sorted(found)}")
        technologies[name] = found.pop()
    return technologies


def sector_shares(areas: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """Each sector's share of the energy that an area's own net consumes in the year of the profiles.

    Args:
        areas: SimBench's low-voltage net of each area, by the name of its profile.

    Returns:
        Rows (area, GPC code, share); the shares of an area sum to 1.
    """
    rows = []
    for name, net in areas.items():
        energy_mwh: dict[str, float] = defaultdict(float)
        for load in net.load.itertuples():
            profile = net.profiles["load"][f"{load.profile}_pload"]
            energy_mwh[load_sector(load.profile)] += load.p_mw * float(profile.sum()) * STEP_HOURS
        total_mwh = sum(energy_mwh.values())
        rows += [(name, code, energy_mwh[code] / total_mwh) for code in sorted(energy_mwh)]
    return rows


def city_net(source: Any, technology_of_area: Mapping[str, str]) -> Any:
    """The baked net: SimBench's, with the columns this package reads and without what it does not need.

    pandapower ignores ``tap_pos`` of a transformer whose ``tap_changer_type`` is None, as all of SimBench's are;
    other tools apply it (1.6e-2 pu apart). Setting it to ``tap_neutral`` keeps pandapower's voltages and makes every
    tool agree on them.

    Args:
        source: The net as SimBench builds it, with its profiles.
        technology_of_area: Technology of the aggregated generation of each area.

    Returns:
        A new pandapower net.
    """
    net = deepcopy(source)
    net.name = f"SimBench {CITY_CODE}"
    net.bus["zone"] = net.bus.subnet.map(district)
    net.load["profile_p"] = net.load.profile + "_pload"
    net.load["profile_q"] = net.load.profile + "_qload"
    net.load["sector"] = net.load.profile.map(load_sector)
    net.sgen["profile_p"] = net.sgen.profile
    net.sgen["technology"] = [
        technology_of_area.get(profile) or TECHNOLOGIES[profile_family(profile)] for profile in net.sgen.profile
    ]
    untyped = net.trafo.tap_changer_type.isna()
    net.trafo.loc[untyped, "tap_pos"] = net.trafo.tap_neutral[untyped]
    _drop_unneeded(net)
    return net


def _drop_unneeded(net: Any) -> None:
    """Takes out of `net`, in place, measurements and the tables and columns that nobody reads.

    What stays has an order of its own: SimBench's columns come in another order at every start of Python.
    """
    import pandapower as pp  # noqa: PLC0415  slow to import

    empty = pp.create_empty_network()
    net.measurement = empty.measurement
    for key in [key for key in net if key not in empty]:
        del net[key]
    for key in pp.pp_elements():
        if net[key].empty:
            net[key] = empty[key]
        else:
            wanted = [*empty[key].columns, *EXTRA_COLUMNS.get(key, ())]
            net[key] = net[key][[column for column in wanted if column in net[key]]]


def used_profiles(net: Any, source: Any) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """The profiles that elements of the baked `net` name, in SimBench's names and units (1 per rated power).

    Returns:
        Arrays of shape (T,) by name, sorted; T = 35,136 quarter hours of 2016.
    """
    of_loads, of_generators = source.profiles["load"], source.profiles["renewables"]
    names = {
        **dict.fromkeys([*net.load.profile_p, *net.load.profile_q], of_loads),
        **dict.fromkeys(net.sgen.profile_p, of_generators),
    }
    return {name: names[name][name].to_numpy(dtype=np.float64) for name in sorted(names)}


def max_deviation_mw(net: Any, profiles: Mapping[str, Any], source: Any) -> float:
    """Largest difference between profile × rated power of `net` and what SimBench says, over all elements and steps.

    Returns:
        The difference [MW or MVAr].
    """
    import simbench  # noqa: PLC0415  slow to import, and needed to bake only

    truth = simbench.get_absolute_values(source, profiles_instead_of_study_cases=True)
    worst = 0.0
    for table, column, profile in (
        ("load", "p_mw", "profile_p"),
        ("load", "q_mvar", "profile_q"),
        ("sgen", "p_mw", "profile_p"),
    ):
        elements: pd.DataFrame = net[table]
        baked = np.column_stack([profiles[name] for name in elements[profile]]) * elements[column].to_numpy()
        expected = truth[table, column][elements.index].to_numpy()
        worst = max(worst, float(np.abs(baked - expected).max()))
    return worst


def net_bytes(net: Any) -> bytes:
    """The net as gzipped pandapower JSON, without the time of packing, so that equal nets give equal bytes."""
    import pandapower as pp  # noqa: PLC0415  slow to import

    text: str = pp.to_json(net)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def network_bytes(net: Any) -> bytes:
    """The network of the net as arrays, gzipped JSON: what pandapower makes of it, to be had without pandapower."""
    text = network_to_text(_pandapower.network_of(net))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def profile_table(profiles: Mapping[str, Any]) -> pa.Table:
    """The profiles as an Arrow table whose metadata say what the rows are and where they come from."""
    import pyarrow as pa  # noqa: PLC0415  needed to bake only

    metadata = {
        "source": f"SimBench {CITY_CODE}",
        "licence": "ODbL-1.0",
        "first_row": "2016-01-01 00:00",
        "step_minutes": "15",
        "unit": "1 (per p_mw or q_mvar of the element)",
    }
    return pa.table(dict(profiles)).replace_schema_metadata(metadata)


def shares_csv(rows: list[tuple[str, str, float]]) -> str:
    """The sector shares as CSV text with the columns mix, gpc_code, share."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["mix", "gpc_code", "share"])
    writer.writerows(rows)
    return text.getvalue()


def bake(folder: Path) -> float:
    """Builds the reference city with SimBench and writes it to `folder`.

    Returns:
        The largest deviation of an element from SimBench at any step [MW or MVAr].

    Raises:
        ValueError: If that deviation is above `MAX_DEVIATION_MW`.
    """
    import pandapower as pp  # noqa: PLC0415  slow to import
    import pyarrow.parquet as pq  # noqa: PLC0415  needed to bake only
    import simbench  # noqa: PLC0415  slow to import, and needed to bake only

    areas = {name: simbench.get_simbench_net(code) for name, code in AREA_CODES.items()}
    source = simbench.get_simbench_net(CITY_CODE)
    net = city_net(source, area_technologies(areas))
    profiles = used_profiles(net, source)
    packed = net_bytes(net)

    read_back = pp.from_json_string(gzip.decompress(packed).decode())
    deviation_mw = max_deviation_mw(read_back, profiles, source)
    if deviation_mw > MAX_DEVIATION_MW:
        raise ValueError(f"an element is {deviation_mw:.3g} MW from SimBench; allowed is {MAX_DEVIATION_MW:.0e}")

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.json.gz").write_bytes(packed)
    (folder / "network.json.gz").write_bytes(network_bytes(read_back))
    (folder / "sectors.csv").write_text(shares_csv(sector_shares(areas)), encoding="utf-8")
    pq.write_table(profile_table(profiles), folder / "profiles.parquet", compression="zstd", compression_level=19)
    return deviation_mw


def main() -> None:
    """Bakes into the folder named on the command line, by default into this package."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE_FOLDER
    deviation_mw = bake(folder)
    for name in ("net.json.gz", "network.json.gz", "profiles.parquet", "sectors.csv"):
        sys.stdout.write(f"{folder / name}: {(folder / name).stat().st_size / 1000:,.1f} kB\n")
    sys.stdout.write(f"largest deviation from SimBench: {deviation_mw:.1e} MW\n")


if __name__ == "__main__":
    main()
