"""Contracts and certificates of a city's consumers, from a YAML file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field, ValidationError

from app.reports.consumers import REGION, sector_line, used_on_site_share
from app.results.folder import Result
from app.scenario.messages import faults_of
from carbon.reporting.scope2 import Contract, MarketRates
from grid.arrays import Floats
from grid.errors import Fault, InputError, nearest, raise_if_any
from grid.files.cell_faults import cell_faults, column_faults, number_faults
from grid.files.text_table import read_text_table
from grid.files.yaml_file import read_yaml
from grid.spec import Spec
from grid.time.instants import in_utc, local_time_faults
from grid.time.stamps import read_stamps
from grid.time.zones import UTC_ZONE

_ROUNDING = 1e-9


class ContractSpec(Spec):
    """Energy that a consumer claims."""

    name: str = Field(min_length=1)
    """Name of the contract."""
    consumer: str = Field(min_length=1)
    """Who claims it."""
    volume_mwh: float | None = Field(default=None, ge=0)
    """Energy over the period, made evenly [MWh]; or `asset`, or `csv`."""
    asset: str | None = None
    """An asset of the scenario whose feed-in it is; of one on a consumer's own site, what is not used there."""
    asset_share: float = Field(default=1.0, gt=0, le=1)
    """Share of that feed-in."""
    csv: str | None = None
    """A file beside this one with ``time_utc, energy_mwh``, a row a step."""
    ci_kg_per_mwh: float = Field(default=0.0, ge=0, le=3000)
    """Emission rate that it conveys [kg/MWh]."""
    carbon_free: bool = True
    """Whether its source is renewable or nuclear."""
    matching: Literal["hourly", "annual"] = "hourly"
    """Whether it covers load of the same step, or of the whole period."""
    region: str = REGION
    """Market in which it is made."""
    vintage: int = Field(ge=2000, le=2200)
    """Year in which it is made."""
    certificates: tuple[str, ...] = ()
    """Serial numbers of certificates."""
    source: str = Field(min_length=1)
    """Registry or contract."""


class ContractsFile(Spec):
    """The market, and who claims what."""

    region: str = REGION
    """Market of the city."""
    year: int | None = Field(default=None, ge=2000, le=2200)
    """Year of the report; default: that of the run."""
    residual_mix_kg_per_mwh: float | None = Field(default=None, ge=0, le=3000)
    """Published rate of what nobody claims [kg/MWh]."""
    suppliers_kg_per_mwh: dict[str, Annotated[float, Field(ge=0, le=3000)]] = Field(default_factory=dict)
    """Rate of a consumer's own supplier [kg/MWh]."""
    contracts: tuple[ContractSpec, ...] = ()
    """The contracts."""


@dataclass(frozen=True, eq=False)
class Claims:
    """Contracts on the clock of a run.

    Args:
        contracts: The contracts.
        market: What the rest of the load has.
    """

    contracts: tuple[Contract, ...]
    market: MarketRates

    @property
    def consumers(self) -> tuple[str, ...]:
        """Everyone who claims something or has a supplier's rate."""
        return (*(contract.consumer for contract in self.contracts), *self.market.supplier_kg_per_mwh)

    def carbon_free_mwh(self, covered: Mapping[str, Floats], steps: int) -> Floats:
        """Carbon-free energy that covers load of its own step, shape (T,) [MWh]."""
        hourly = {c.name for c in self.contracts if c.carbon_free and c.matching == "hourly"}
        return sum((covered[name] for name in hourly if name in covered), np.zeros(steps))


def read_claims(path: Path | None, result: Result) -> Claims:
    """The contracts in a file, for a run; without a file there are none.

    Raises:
        InputError: With all that is wrong with the file.
    """
    if path is None:
        return _claims(ContractsFile(), result, Path(), "")
    read = read_yaml(path)
    with read.naming_lines():
        try:
            file = ContractsFile.model_validate(read.content)
        except ValidationError as error:
            raise InputError(faults_of(error, ContractsFile), str(path)) from error
        return _claims(file, result, path.parent, str(path))


def _claims(file: ContractsFile, result: Result, folder: Path, source: str) -> Claims:
    """The contracts of a file in `folder`, called `source`, for a run."""
    times = result.table("ledger").select("time").collect()["time"]
    faults = [*_asset_faults(file.contracts, result), *_overlap_faults(file, result)]
    contracts = [_contract(spec, place, result, times, folder, faults) for place, spec in enumerate(file.contracts)]
    raise_if_any(faults, source)
    mix = None if file.residual_mix_kg_per_mwh is None else np.array([file.residual_mix_kg_per_mwh])
    market = MarketRates(file.region, file.year or times[0].year, file.suppliers_kg_per_mwh, mix)
    return Claims(tuple(contracts), market)


def _asset_faults(specs: Sequence[ContractSpec], result: Result) -> Iterator[Fault]:
    """What is wrong with claims on the feed-in of assets: stores, unstated rates, the same energy claimed twice."""
    assets = result.manifest["assets"]
    claimed: dict[str, float] = {}
    for place, spec in enumerate(specs):
        if spec.asset is None or spec.asset not in assets:
            continue
        claimed[spec.asset] = claimed.get(spec.asset, 0.0) + spec.asset_share
        asset = assets[spec.asset]
        if asset["element"] == "storage":
            rule = "is a store: what it feeds in was generated elsewhere, and cannot be claimed as generation"
            yield Fault(f"contracts[{place}].asset", rule, spec.asset)
        elif not asset["fuel_free"] and not {"ci_kg_per_mwh", "carbon_free"} <= spec.model_fields_set:
            rule = f"is of kind {asset['kind']}; state ci_kg_per_mwh and carbon_free of what it feeds in"
            yield Fault(f"contracts[{place}].asset", rule, spec.asset)
        if claimed[spec.asset] > 1.0 + _ROUNDING:
            rule = (
                f"{claimed[spec.asset]:.0%} of the feed-in of {spec.asset} are claimed by this contract and those above"
            )
            yield Fault(f"contracts[{place}].asset_share", rule, spec.asset_share)


def _overlap_faults(file: ContractsFile, result: Result) -> Iterator[Fault]:
    """Claims for a consumer and for the sector that holds it: both would cover the same load."""
    claimed = {spec.consumer for spec in file.contracts} | set(file.suppliers_kg_per_mwh)
    for place, spec in enumerate(file.contracts):
        line = sector_line(result, spec.consumer)
        if line in claimed:
            rule = f"is part of {line}, for which something is claimed too: both would cover the same load"
            yield Fault(f"contracts[{place}].consumer", rule, spec.consumer)
    of_file: dict[str, str] = {}
    for place, spec in enumerate(file.contracts):
        if spec.csv is not None and of_file.setdefault(spec.csv, spec.name) != spec.name:
            rule = f"is the energy of contract {of_file[spec.csv]} too: divide it into a file for each"
            yield Fault(f"contracts[{place}].csv", rule, spec.csv)
    for name in file.suppliers_kg_per_mwh:
        line = sector_line(result, name)
        if line in claimed:
            rule = f"is part of {line}, for which something is claimed too: both would cover the same load"
            yield Fault(f"suppliers_kg_per_mwh.{name}", rule)


def _contract(
    spec: ContractSpec, place: int, result: Result, times: pl.Series, folder: Path, faults: list[Fault]
) -> Contract:
    at = f"contracts[{place}]"
    energy, origin = np.zeros(len(times)), ""
    given = [name for name in ("volume_mwh", "asset", "csv") if getattr(spec, name) is not None]
    if len(given) != 1:
        faults.append(Fault(at, "needs exactly one of 'volume_mwh', 'asset' and 'csv'", given))
    elif spec.volume_mwh is not None:
        energy = np.full(len(times), spec.volume_mwh / len(times))
    elif spec.asset is not None:
        names = list(result.manifest["assets"])
        if spec.asset in names:
            energy = spec.asset_share * _fed_in_mwh(result, spec.asset, times)
            energy = energy * (1.0 - used_on_site_share(result, spec.asset, len(times)))
            origin = f"asset {spec.asset}"
            if not energy.any():
                rule = "feeds in nothing beyond what its own site uses, which is not purchased and needs no contract"
                faults.append(Fault(f"{at}.asset", rule, spec.asset))
        else:
            faults.append(Fault(f"{at}.asset", "no such asset", spec.asset, nearest(spec.asset, names)))
    else:
        found = list(_csv(folder / str(spec.csv), f"{at}.csv", times))
        faults += [part for part in found if isinstance(part, Fault)]
        energy = next((part for part in found if not isinstance(part, Fault)), energy)
        origin = f"energy of SHA-256 {hashlib.sha256(energy.tobytes()).hexdigest()}"
    return Contract(
        spec.name, spec.consumer, energy, spec.ci_kg_per_mwh, spec.carbon_free, spec.matching, spec.region,
        spec.vintage, spec.certificates, spec.source, origin, spec.asset_share if spec.asset is not None else 1.0,
    )  # fmt: skip


def _fed_in_mwh(result: Result, asset: str, times: pl.Series) -> Floats:
    hours = float(result.summary["step_hours"])
    rows = result.table("assets").filter(pl.col("asset").cast(pl.String) == asset)
    sums = rows.group_by("time").agg(pl.col("fed_in_mw").sum() * hours).collect()
    at = times.to_frame("time").join(sums, on="time", how="left", maintain_order="left")
    return np.asarray(at["fed_in_mw"].fill_null(0.0).to_numpy(), dtype=np.float64)


def _csv(path: Path, at: str, times: pl.Series) -> Iterator[Fault | Floats]:
    """The energy in a file, or what is wrong with it."""
    try:
        table = read_text_table(path, at)
    except InputError as error:
        yield from error.faults
        return
    missing = list(column_faults(table.names, ("time_utc", "energy_mwh")))
    if missing:
        yield from (replace(fault, place=f"{at}.{fault.place}") for fault in missing)
        return
    found = read_stamps([table.cells["time_utc"]], even=True)
    stamps = in_utc(found.columns[0], UTC_ZONE).utc
    energy = table.numbers("energy_mwh")
    faults = [
        *found.faults,
        *cell_faults("time_utc", "must be times in UTC", stamps.is_null().to_numpy(), table.cells["time_utc"],
                     table.lines),
        *local_time_faults("time_utc", found.columns[0], UTC_ZONE),
        *number_faults(table, "energy_mwh", energy, "must be a number", empty_may=False),
        *cell_faults("energy_mwh", "must be at least 0", energy.values < 0, table.cells["energy_mwh"], table.lines),
    ]  # fmt: skip
    if faults:
        yield from (replace(fault, place=f"{at}.{fault.place}") for fault in faults)
        return
    held = pl.DataFrame({"time": stamps, "energy_mwh": energy.values})
    wanted = times.dt.replace_time_zone(None).to_frame("time")
    joined = wanted.join(held, on="time", how="left", maintain_order="left")["energy_mwh"]
    if held["time"].is_duplicated().any():
        yield Fault(f"{at}.time_utc", "holds a time twice", str(held["time"].filter(held["time"].is_duplicated())[0]))
    elif joined.null_count():
        first = wanted["time"].filter(joined.is_null())[0]
        rule = f"lacks {joined.null_count()} of the {len(times)} steps of the run, first {first:%Y-%m-%d %H:%M}"
        yield Fault(f"{at}.time_utc", rule)
    else:
        yield np.asarray(joined.to_numpy(), dtype=np.float64)
