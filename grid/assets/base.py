"""What every kind of asset is: a frozen specification that becomes flexibilities at a site."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field
from scipy import sparse

from grid.assets.power_limits import PowerLimit, SharedPowerLimit
from grid.city.city import City
from grid.city.phases import ConnectedPhases
from grid.city.placement import Placement, Where, place, placement_faults
from grid.errors import Fault
from grid.files.report import FileReport
from grid.flexibility.flexibility import Element, Flexibility, one_device
from grid.flexibility.per_slot import DeviceOrSlot
from grid.flexibility.power_bounds import within_bounds
from grid.sharing import shared
from grid.spec import Spec
from grid.weather.weather import Weather

LARGEST_SHARE_OF_PEAK = 20.0
"""An asset of more than so many times the peak of all loads was probably stated in kW."""


@dataclass(frozen=True)
class FuelUse:
    """The fuel that an asset burns, by the lower heating value, per electricity that it feeds in.

    Args:
        fuel: Name of the fuel, as in ``grid/data/fuels.csv``.
        mwh_per_mwh: Fuel per electricity [MWh/MWh].
        kg_per_mwh: Direct emissions per fuel, CO2 without that of biomass [kg/MWh].
        biogenic_kg_per_mwh: CO2 of biomass per fuel [kg/MWh].
        electricity_share: Share of the fuel that the electricity answers for, the rest is its heat's, 0 to 1 [1].
        heat_sector: GPC sub-sector that uses its heat; empty where it makes none.
    """

    fuel: str
    mwh_per_mwh: float
    kg_per_mwh: float
    biogenic_kg_per_mwh: float
    electricity_share: float
    heat_sector: str = ""


@dataclass(frozen=True, eq=False)
class Site:
    """Where and when assets are built.

    Args:
        city: The city; its clock is the time axis.
        weather: Weather on that clock.
        time_zone: IANA name of the city's time zone.
        v2g: Whether cars may feed in at all.
        seed: Seed of everything drawn.
        power_limits: Limits on the power of several assets, each by itself.
    """

    city: City
    weather: Weather
    time_zone: str
    v2g: bool = True
    seed: int = 0
    power_limits: tuple[SharedPowerLimit, ...] = ()

    def generator(self, name: str) -> np.random.Generator:
        """Random numbers of one asset; they do not depend on which other assets there are."""
        return np.random.default_rng([self.seed, *name.encode()])


def size_faults(power_mw: float, city: City, at: str) -> Iterator[Fault]:
    """A power that cannot be meant in a city of this size, since it is many times the peak of all loads."""
    peak = city.loads.peak_mw
    if peak > 0 and power_mw > LARGEST_SHARE_OF_PEAK * peak:
        rule = f"{power_mw:g} MW is {power_mw / peak:,.0f} times the peak of all loads, {peak:.3g} MW"
        yield Fault(at, f"{rule}; powers are in MW: did you mean {power_mw / 1000:g}?")


def _files(given: Mapping[str, Any]) -> list[str]:
    """Files that an asset and the limits on its power are read of; arguments of `Asset.flexibilities`."""
    asset, site = given["self"], given["site"]
    limits = (limit.file for limit in (*asset.power_limits, *site.power_limits) if limit.file is not None)
    return [*(str(getattr(asset, field)) for field in asset.files), *limits]


@shared()
def site_of(
    city: City, weather: Weather, time_zone: str, *, v2g: bool, seed: int, power_limits: tuple[SharedPowerLimit, ...]
) -> Site:
    """A site; the same one where preparation is shared, so that what is built at it is found again."""
    return Site(city, weather, time_zone, v2g=v2g, seed=seed, power_limits=power_limits)


class Asset(Spec, ABC):
    """A kind of asset. A new kind is a subclass with a `kind` in a file of its own, listed in `grid.assets.KINDS`."""

    element: ClassVar[Element]
    """Table of pandapower in which it appears when the net is exported."""
    needs_sun: ClassVar[bool] = False
    """Whether it needs irradiance in the weather."""
    files: ClassVar[tuple[str, ...]] = ()
    """Fields that name a file which it reads, beside the scenario."""
    kind: str
    """Which kind it is; each has its own."""
    name: str = Field(min_length=1)
    """Name, unique in the scenario."""
    bus: str | None = None
    """Name of the bus it is connected to; or give `where`."""
    where: Where | None = None
    """Selection of buses that it is spread over, by the energy of their loads; or give `bus`."""
    phases: ConnectedPhases | None = Field(default=None, exclude_if=lambda value: value is None)
    """Phases that each of its units is on, `a`, `b`, `c` or `abc`, where three phases are solved. Default: by the rule
    of `grid.city.phases`: one phase, which is drawn, up to 4.6 kVA in low voltage, else all three."""
    power_limits: tuple[PowerLimit, ...] = ()
    """Limits on its power that change with time, such as `{hours: 22:00-06:00, discharge_max_mw: 0}`."""

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """All that is wrong with it in this city, but for its power limits."""
        yield from placement_faults(city, self.bus, self.where, at)
        yield from size_faults(self.power_mw, city, at)

    def limit_faults(self, at: str, time_zone: str) -> Iterator[Fault]:
        """All that is wrong with the files of its power limits; arguments as of `PowerLimit.faults`."""
        for number, limit in enumerate(self.power_limits):
            yield from limit.faults(f"{at}.power_limits[{number}]", time_zone)

    @property
    def power_mw(self) -> float:
        """The largest power it can draw or feed in [MW], which tells whether its unit can be right; 0 if unknown."""
        return 0.0

    @property
    def feeds_in_as(self) -> str | None:
        """Technology that what it generates counts as in the factor sets; None where it generates nothing."""
        return None

    @property
    def fuel_use(self) -> FuelUse | None:
        """The fuel that it burns for what it feeds in; None where it burns none."""
        return None

    def fields_of_city(self, time_zone: str) -> dict[str, Any]:
        """Fields that it takes from the city where they are not stated, by name.

        Args:
            time_zone: IANA name of the city's time zone.
        """
        del time_zone
        return {}

    def notes(self) -> tuple[str, ...]:
        """What a reader of a result should know of it, in sentences."""
        return ()

    def reports(self) -> tuple[FileReport, ...]:
        """What was read of its files."""
        return ()

    def placement(self, city: City) -> Placement:
        """The buses it is connected to, with its share at each."""
        return place(city, self.bus, self.where, self.name)

    def device(
        self,
        site: Site,
        p_min_mw: DeviceOrSlot,
        p_max_mw: DeviceOrSlot,
        *,
        part: str = "",
        element: Element | None = None,
        **more: Any,
    ) -> Flexibility:
        """All of it, or a part of it, as one device over the whole clock, spread over its buses.

        Args:
            site: Where and when.
            p_min_mw: Least withdrawal, shape (1,), or by slot, which is by step [MW].
            p_max_mw: Most withdrawal, likewise [MW].
            part: What follows its name and a colon in the name of a part.
            element: Element of the pandapower net that the part is; by default that of the kind.
            **more: Other fields of `Flexibility`.
        """
        placement, city = self.placement(site.city), site.city
        rows = np.zeros(placement.buses.size, dtype=np.int64)
        shares = sparse.csr_array((placement.shares, (rows, placement.buses)), shape=(1, city.n_buses))
        name = f"{self.name}: {part}" if part else self.name
        return one_device(
            name, self.kind, city.clock, shares, p_min_mw, p_max_mw, element=element or self.element, **more
        )

    @abstractmethod
    def parts(self, site: Site) -> tuple[Flexibility, ...]:
        """What may be decided about it at this site, apart from power limits.

        The first has its name, others begin with it and a colon.
        """

    @shared(files=_files)
    def flexibilities(self, site: Site) -> tuple[Flexibility, ...]:
        """What may be decided about it at this site, within its power limits and those of the site.

        Raises:
            InputError: If it cannot be built at this site, or its power limits leave too little for what it must draw.
        """
        parts = self.parts(site)
        clock, zone = site.city.clock, site.time_zone
        limits = [((True,) * len(parts), limit.on(clock, zone)) for limit in self.power_limits]
        for limit in site.power_limits:
            chosen = tuple(limit.selects(part.kind, self.name) for part in parts)
            if any(chosen):
                limits.append((chosen, limit.on(clock, zone)))
        return within_bounds(self.name, parts, limits) if limits else parts
