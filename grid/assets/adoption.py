"""What a planner turns: shares of roofs with PV, of cars that are electric, of homes with a heat pump.

Each lever becomes an asset like any other; the arithmetic from share to asset is kept, so that it can be shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from grid.assets import PV, Asset, EVFleet, HeatPump
from grid.assets.ev.fleet import MOST_VEHICLES
from grid.city.city import City
from grid.city.placement import Where
from grid.errors import Fault
from grid.sharing import shared
from grid.spec import Spec
from grid.units import KW_PER_MW

HOMES = Where(sector="I.1")
"""Where people live, by the energy of the households there."""
ADOPTED_NAMES = (
    "adopted roofs",
    "adopted cars",
    "adopted heat pumps",
)
"""Names of the assets that the levers come to."""
ADOPTED_ROOFS, ADOPTED_CARS, ADOPTED_HEAT_PUMPS = ADOPTED_NAMES


class Adoption(Spec):
    """Levers of a city's households; what is left out stays as the net has it."""

    pv_roof_share: float | None = Field(default=None, ge=0, le=1)
    """Share of the residential roofs that carry photovoltaics, those of the net included."""
    ev_share: float | None = Field(default=None, ge=0, le=1)
    """Share of the cars that are electric and charge at home."""
    v2g_share: float = Field(default=0.0, ge=0, le=1)
    """Share of the electric cars whose owners let them feed in."""
    heat_pump_share: float | None = Field(default=None, ge=0, le=1)
    """Share of the homes heated by a heat pump."""
    households: int | None = Field(default=None, ge=1, le=MOST_VEHICLES // 10)
    """Number of households; default: from the energy of the loads in sector I.1."""
    electricity_per_household_mwh: float = Field(default=3.1, gt=0, le=100)
    """Without cars and heat pumps [MWh/a]. Default: a quarter of Germany's net consumption of 2019 (BDEW, "Energiemarkt
    Deutschland 2020") over 41.5 million households (BDEW 2021); the consumption, 512 TWh, is unverified."""
    cars_per_household: float = Field(default=1.18, ge=0, le=10)
    """Default: 49,098,685 cars (Kraftfahrt-Bundesamt, 1 January 2024) over 41.5 million households (BDEW 2021)."""
    dwellings_per_building: float = Field(default=2.1, ge=1, le=1000)
    """Homes under one roof. Default: about 41 million homes in 19.5 million residential buildings (unverified)."""
    roof_peak_kw: float = Field(default=10.0, gt=0, le=1000)
    """Photovoltaics on one roof [kW]. Default: 7.6 GW on 760,000 homes in 2023 (Bundesverband Solarwirtschaft)."""
    heat_per_household_mwh: float = Field(default=13.6, gt=0, le=200)
    """Useful heat for rooms and water [MWh/a]. Default: 85.4 % of the 17,678 kWh that a German household used at home
    in 2019 (Destatis), at a boiler's efficiency of 0.9 (unverified)."""

    def faults(self, city: City, at: str) -> Iterator[Fault]:
        """All that is wrong with it in this city."""
        if not self.turns_anything:
            yield Fault(at, "needs at least one of pv_roof_share, ev_share and heat_pump_share")
        elif HOMES.sector not in city.sectors:
            yield Fault(at, f"no load of the net is in sector {HOMES.sector}, so there are no homes to equip")

    @property
    def turns_anything(self) -> bool:
        """Whether any lever is set."""
        return any(share is not None for share in (self.pv_roof_share, self.ev_share, self.heat_pump_share))


@dataclass(frozen=True)
class Derivation:
    """One step from a share to an asset.

    Args:
        quantity: What it is, with its unit.
        formula: How it comes about, in numbers.
        value: What it comes to.
    """

    quantity: str
    formula: str
    value: float

    def __str__(self) -> str:
        return f"{self.quantity} = {self.formula} = {self.value:,.6g}"


@dataclass(frozen=True)
class Adopted:
    """What the levers come to.

    Args:
        assets: Photovoltaics, cars and heat pumps.
        derivation: The arithmetic from shares to assets, in order.
    """

    assets: tuple[Asset, ...]
    derivation: tuple[Derivation, ...]


@shared()
def adopt(adoption: Adoption, city: City) -> Adopted:
    """Turns the levers into assets of the city.

    The photovoltaics that the net has at low voltage, or at buses that stand for low-voltage areas, count towards the
    share of the roofs; where there are more already, none are added.
    """
    homes, derivation = _households(adoption, city)
    assets: list[Asset] = []
    if adoption.pv_roof_share is not None:
        roofs, steps = _roofs(adoption, adoption.pv_roof_share, city, homes)
        assets, derivation = assets + roofs, derivation + steps
    if adoption.ev_share is not None:
        formula = f"{homes:g} households × {adoption.cars_per_household:g} × {adoption.ev_share:g}"
        vehicles = round(homes * adoption.cars_per_household * adoption.ev_share)
        derivation.append(Derivation("electric cars", formula, vehicles))
        if vehicles:
            assets.append(EVFleet(name=ADOPTED_CARS, where=HOMES, vehicles=vehicles, v2g_share=adoption.v2g_share))
    if adoption.heat_pump_share is not None:
        formula = f"{homes:g} households × {adoption.heat_pump_share:g} × {adoption.heat_per_household_mwh:g} MWh"
        heat = homes * adoption.heat_pump_share * adoption.heat_per_household_mwh
        derivation.append(Derivation("heat from heat pumps [MWh/a]", formula, heat))
        if heat > 0:
            assets.append(HeatPump(name=ADOPTED_HEAT_PUMPS, where=HOMES, annual_heat_mwh=heat))
    return Adopted(tuple(assets), tuple(derivation))


def _households(adoption: Adoption, city: City) -> tuple[int, list[Derivation]]:
    if adoption.households is not None:
        return adoption.households, [Derivation("households", "as stated", adoption.households)]
    energy = float(city.energy_year_mwh @ city.sector_shares[:, city.sectors.index(str(HOMES.sector))])
    homes = max(1, round(energy / adoption.electricity_per_household_mwh))
    formula = f"{energy:,.0f} MWh/a in sector {HOMES.sector} / {adoption.electricity_per_household_mwh:g} MWh/a"
    return homes, [Derivation("households", formula, homes)]


def _roofs(adoption: Adoption, share: float, city: City, homes: int) -> tuple[list[Asset], list[Derivation]]:
    buildings = homes / adoption.dwellings_per_building
    target = buildings * share * adoption.roof_peak_kw / KW_PER_MW
    present = _solar_of_the_net_mw(city)
    added = max(0.0, target - present)
    derivation = [
        Derivation("residential roofs", f"{homes:g} households / {adoption.dwellings_per_building:g}", buildings),
        Derivation("PV on them [MW]", f"{buildings:,.0f} roofs × {share:g} × {adoption.roof_peak_kw:g} kW", target),
        Derivation("PV to add [MW]", f"max(0, {target:.3f} − {present:.3f} in the net)", added),
    ]
    return ([PV(name=ADOPTED_ROOFS, where=HOMES, p_peak_mw=added)] if added > 0 else []), derivation


def _solar_of_the_net_mw(city: City) -> float:
    """Rated power of the photovoltaics at low voltage and at buses that stand for low-voltage areas [MW]."""
    low = city.network.buses.vn_kv <= 1.0
    low[city.loads.bus[city.is_area]] = True
    solar = np.array([technology == "solar" for technology in city.technologies], dtype=bool)
    generators = city.generators
    return float(generators.p_scale[solar & low[generators.bus]].sum())
