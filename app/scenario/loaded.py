"""A scenario with its place in the world: the folder of its files, and the city it describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from app.scenario.forecast_spec import ForecastFileSpec
from app.scenario.phases import NO_UNBALANCE, SolvedPhases, solved_phases
from app.scenario.schema import CarbonSpec, Scenario
from carbon.factors import FactorSet, adjusted, load_factor_set
from carbon.upstream import caveats, currency_doubt, load_region, score_sentence
from grid.assets import Asset, SharedPowerLimit
from grid.assets.adoption import Adopted, adopt
from grid.city.city import City
from grid.files.content import is_file, is_folder, sha256_of
from grid.files.report import FileReport
from grid.readers import GridReport
from grid.synthetic import SyntheticSpec


@dataclass(frozen=True)
class LoadedScenario:
    """A scenario with its place in the world.

    Args:
        scenario: The scenario.
        folder: Folder that file names in it are relative to.
        city: The city it describes, on its clock.
        reports: What was read of the files that it refers to.
    """

    scenario: Scenario
    folder: Path
    city: City
    reports: tuple[FileReport | GridReport, ...] = ()

    @cached_property
    def adopted(self) -> Adopted:
        """What the levers come to."""
        adoption = self.scenario.adoption
        return Adopted((), ()) if adoption is None else adopt(adoption, self.city)

    @cached_property
    def phases(self) -> SolvedPhases:
        """Whether the power flow is solved in three phases, and what a reader should know of that.

        Raises:
            InputError: If the scenario asks for three, and the net cannot be solved so.
        """
        scenario = self.scenario
        found = solved_phases(scenario.city.phases, self.city.network)
        if found.sequences is None and scenario.limits.voltage_unbalance_max_percent is not None:
            return replace(found, notes=(*found.notes, NO_UNBALANCE))
        return found

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Assets that the scenario lists, those that its levers come to, and those on the sites of data centres."""
        on_site = (asset for spec in self.scenario.data_centres for asset in spec.on_site_assets)
        zone = self.scenario.city.time_zone
        listed = (beside(asset, self.folder, zone) for asset in self.scenario.assets)
        return (*listed, *self.adopted.assets, *on_site)

    @property
    def power_limits(self) -> tuple[SharedPowerLimit, ...]:
        """Limits on the power of several assets, with their files as paths from here."""
        return tuple(limit_beside(limit, self.folder) for limit in self.scenario.power_limits)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader should know of the region that the figures rest on; none where imports come from a file."""
        scenario = self.scenario
        if scenario.upstream.csv is not None:
            return ()
        region = load_region(in_folder(scenario.upstream.region or "reference", self.folder))
        prices = currency_doubt(region.currency, scenario.currency, f"prices of {region.name}")
        told = (f"{prices[0].upper()}{prices[1:]}.",) if prices else ()
        return (*told, *caveats(region, scenario.period.start.year), self.upstream_score)

    @property
    def upstream_score(self) -> str:
        """What a reader of a marginal figure should know of the hours upstream; empty where they come from a file."""
        upstream = self.scenario.upstream
        if upstream.csv is not None:
            return ""
        return score_sentence(
            in_folder(upstream.region or "reference", self.folder), own_weather=bool(upstream.weather)
        )

    @property
    def basis(self) -> dict[str, str]:
        """What the figures of a run rest on: what imports are made of, and weather; `caveats` are apart."""
        upstream = self.scenario.upstream
        region = upstream.region or "reference"
        imports = f"file {upstream.csv}" if upstream.csv is not None else f"model of the region {region}"
        return {"imports": imports, "weather": self.scenario.weather}

    def input_hashes(self) -> dict[str, str]:
        """SHA-256 of the files that the scenario refers to, by the name it uses."""
        scenario = self.scenario
        names = (
            scenario.city.network, *_made_of(scenario.city.synthetic), scenario.city.profiles, scenario.weather,
            scenario.upstream.csv,
            forecast.file if isinstance(forecast := scenario.dispatch.forecast, ForecastFileSpec) else None,
            *scenario.upstream.weather, scenario.upstream.region, scenario.carbon.factor_set,
            *(spec.it_load.csv for spec in scenario.data_centres if spec.it_load is not None),
            *(getattr(asset, field) for asset in scenario.assets for field in asset.files),
            *(limit.file for asset in scenario.assets for limit in asset.power_limits),
            *(limit.file for limit in scenario.power_limits),
            *(account.tariff for account in scenario.tariff.accounts if isinstance(account.tariff, str)),
        )  # fmt: skip
        found = {name: self.folder / name for name in names if name is not None and is_file(self.folder / name)}
        hashes = {name: sha256_of(path) for name, path in found.items()}
        for name in (scenario.upstream.csv, scenario.city.network):
            if name is not None and is_folder(self.folder / name):
                files = sorted(path for path in (self.folder / name).iterdir() if path.suffix in {".csv", ".xml"})
                hashes |= {f"{name}/{path.name}": sha256_of(path) for path in files}
        return hashes

    def with_changes(self, changes: Mapping[str, Any]) -> LoadedScenario:
        """The same city with a changed scenario; the changes must not touch what the city was made of."""
        return replace(self, scenario=self.scenario.with_changes(changes))


def _made_of(synthetic: SyntheticSpec | None) -> tuple[str | None, ...]:
    """The files that a synthetic grid is made of."""
    return () if synthetic is None else (synthetic.loads, synthetic.streets)


def beside(asset: Asset, folder: Path, time_zone: str) -> Asset:
    """The asset with the files that it reads as paths from here, and the city's zone for times without one."""
    changes: dict[str, Any] = {
        f"power_limits.{place}.file": str(folder / limit.file)
        for place, limit in enumerate(asset.power_limits)
        if limit.file is not None
    }
    changes |= {field: in_folder(getattr(asset, field), folder) for field in asset.files}
    changes |= asset.fields_of_city(time_zone)
    return asset.with_changes(changes) if changes else asset


def limit_beside(limit: SharedPowerLimit, folder: Path) -> SharedPowerLimit:
    """The limit with its file, if it has one, as a path from here."""
    return limit if limit.file is None else limit.with_changes({"file": str(folder / limit.file)})


def factors_of(carbon: CarbonSpec, folder: Path) -> FactorSet:
    """The emission factors of a scenario, as published or as it adjusts them.

    Raises:
        InputError: If there is no such set, it is wrong, or lacks what is adjusted.
    """
    published = load_factor_set(in_folder(carbon.factor_set, folder))
    return adjusted(published, carbon.factor_scale, carbon.factor_position, carbon.boundary)


def in_folder(name: str, folder: Path) -> str:
    """A name of something shipped as it is, or the path of a file beside the scenario."""
    beside = folder / name
    return str(beside) if is_file(beside) or "/" in name or Path(name).suffix else name
