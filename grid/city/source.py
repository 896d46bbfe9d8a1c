"""Reading a grid: the baked reference city, a file, a pandapower built-in, a SimBench code, and profiles beside it."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from grid import _pandapower
from grid.city.profile_file import read_profiles
from grid.errors import InputError, nearest
from grid.network.network import Network
from grid.network.stored import network_from_text
from grid.readers import GridReport, ReadGrid, names_grid_file, read_grid_file
from grid.sharing import shared
from grid.synthetic import SyntheticSpec
from grid.time.calendar import ProfileTable

REFERENCE_PROFILE_START = datetime(2016, 1, 1, tzinfo=UTC)
"""SimBench's profiles are consecutive quarter hours of 2016; the PV ones centre near 11:00, so they are UTC."""


@dataclass(frozen=True, eq=False)
class GridSource:
    """What was read of a net before it is put on a clock.

    Args:
        name: Name of the net.
        net: The pandapower net, opaque; None where the network is stored.
        profiles: Its profiles, or None: every element keeps the value of the net.
        element_profiles: Whether the profiles are ``load/<name>/p_mw`` columns in MW rather than shared shapes.
        sector_mixes: Shares by GPC sub-sector of the sector mixes that its loads name.
        licences: Licences of the data.
        own_profiles: Columns in MW beside shared shapes; elements without one keep their shape.
        stored: The network, where it is stored as arrays; then there is no net until somebody asks the network for it.
        report: What was read of the grid's file; None where the grid is shipped.
    """

    name: str
    net: Any
    profiles: ProfileTable | None
    element_profiles: bool
    sector_mixes: Mapping[str, Mapping[str, float]]
    licences: tuple[str, ...]
    own_profiles: ProfileTable | None = None
    stored: Network | None = None
    report: GridReport | None = None

    @property
    @shared()
    def network(self) -> Network:
        """The network, as it is stored or as pandapower makes it of the net.

        Raises:
            InputError: If something is wrong with the net.
        """
        return _pandapower.network_of(self.net) if self.stored is None else self.stored


def _files(given: Mapping[str, Any]) -> list[Path]:
    """Files that a net and its profiles are read of; arguments of `read_grid`."""
    network, profiles, folder = given["network"], given["profiles"], given["folder"] or Path()
    names = [network] if names_grid_file(network, folder) else []
    if (synthetic := given["synthetic"]) is not None:
        names += [name for name in (synthetic.loads, synthetic.streets) if name is not None]
    return [folder / name for name in (*names, *([] if profiles is None else [profiles]))]


@shared(files=_files)
def read_grid(
    network: str, profiles: Path | None = None, folder: Path | None = None, synthetic: SyntheticSpec | None = None
) -> GridSource:
    """Reads a net: ``reference``, a file of any format of `grid.readers`, a pandapower built-in, or a SimBench code.

    Args:
        network: Which net.
        profiles: Parquet or CSV file with a column ``time_utc`` and one per element and quantity
            (``load/<name>/p_mw``).
        folder: Folder that file names are relative to.
        synthetic: What the network ``synthetic`` is made of.

    Raises:
        InputError: If there is no such net, or a file is broken.
    """
    folder = folder or Path()
    given = None if profiles is None else read_profiles(folder / profiles)
    if network == "reference":
        return _reference() if given is None else _with_profiles(_reference(), given)
    if network == "synthetic" and synthetic is not None:
        from grid.synthetic import synthetic_grid  # noqa: PLC0415  slow to import

        return replace(source_of_read(synthetic_grid(synthetic, folder)), profiles=given)
    if names_grid_file(network, folder):
        source = source_of_read(read_grid_file(folder / network))
        if source.profiles is not None and given is not None:
            return _with_profiles(source, given)
        return source if given is None else replace(source, profiles=given)
    if re.fullmatch(r"\d-[A-Za-z_]+-.*", network):
        source = _simbench(network)
        return source if given is None else _with_profiles(source, given)
    net = _pandapower.builtin(network)
    if net is None:
        choices = ["reference", *_pandapower.builtin_names()]
        raise InputError.single(
            "city.network",
            "must be 'reference', a grid's file (docs/reading_grids.md), a pandapower built-in or a SimBench code",
            network,
            nearest(network, choices),
        )
    return GridSource(network, net, given, True, {}, ())


def source_of_read(read: ReadGrid) -> GridSource:
    """A grid that was read of a file; every element keeps the value of the net, or has the profile of the file."""
    name = str(read.net.name or Path(read.report.source).stem)
    return GridSource(name, read.net, read.profiles, read.profiles is None, {}, (), report=read.report)


def source_of_net(net: Any) -> GridSource:
    """A pandapower net that is already in memory; every element keeps the value of the net."""
    return GridSource(str(net.name or "net"), net, None, True, {}, ())


def _with_profiles(source: GridSource, profiles: ProfileTable) -> GridSource:
    return replace(source, own_profiles=profiles)


def _reference() -> GridSource:
    with _reference_folder() as path:
        frame = pl.read_parquet(path / "profiles.parquet")
        mixes = _sector_mixes(pl.read_csv(path / "sectors.csv"))
        network = network_from_text(gzip.decompress((path / "network.json.gz").read_bytes()).decode(), _reference_net)
    profiles = ProfileTable(
        tuple(frame.columns), frame.to_numpy().astype(float), REFERENCE_PROFILE_START, timedelta(minutes=15)
    )
    licence = "SimBench 1-MVLV-urban-5.303-0-sw, Open Database License 1.0 (ODbL)"
    return GridSource("SimBench 1-MVLV-urban-5.303-0-sw", None, profiles, False, mixes, (licence,), stored=network)


def _reference_net() -> Any:
    """The pandapower net of the reference city, as it is solved."""
    with _reference_folder() as path:
        return _pandapower.network_of(_pandapower.read_file(path / "net.json.gz")).net


def _reference_folder() -> AbstractContextManager[Path]:
    return resources.as_file(resources.files("grid.data") / "reference")


def _simbench(code: str) -> GridSource:
    net = _pandapower.simbench(code)
    names, columns = [], []
    for frame in (net.profiles["load"], net.profiles["renewables"], net.profiles["powerplants"]):
        for name in frame.columns:
            if name != "time" and name not in names:
                names.append(name)
                columns.append(frame[name].to_numpy(dtype=float))
    stores = net.profiles["storage"]
    for name in stores.columns.drop(
        "time", errors="ignore"
    ):  # areas have profiles of one name among the renewables too
        names.append(f"storage {name}")
        columns.append(stores[name].to_numpy(dtype=float))
    net.storage["profile_p"] = "storage " + net.storage.profile
    for table, suffix in (("load", "_pload"), ("sgen", "")):
        net[table]["profile_p"] = net[table].profile + suffix
    net.load["profile_q"] = net.load.profile + "_qload"
    profiles = ProfileTable(tuple(names), np.column_stack(columns), REFERENCE_PROFILE_START, timedelta(minutes=15))
    return GridSource(code, net, profiles, False, {}, (f"SimBench {code}, Open Database License 1.0 (ODbL)",))


def _sector_mixes(frame: pl.DataFrame) -> dict[str, dict[str, float]]:
    mixes: dict[str, dict[str, float]] = {}
    for mix, code, share in frame.select("mix", "gpc_code", "share").iter_rows():
        mixes.setdefault(mix, {})[code] = share
    return mixes
