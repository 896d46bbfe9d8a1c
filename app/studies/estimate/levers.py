"""The levers of a scenario as numbers, by which it is compared with those of which errors were measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.scenario.loaded import LoadedScenario
from grid.assets import PV, Battery, EVFleet, HeatPump

LABELS = {
    "pv": ("photovoltaics", "MW per MW of peak load"),
    "cars": ("electric cars", "per MW of peak load"),
    "v2g": ("share of cars that feed in", ""),
    "heat": ("heat of heat pumps", "MWh/a per MW of peak load"),
    "battery": ("power of batteries", "MW per MW of peak load"),
    "battery_hours": ("energy of batteries", "hours at full power"),
    "it": ("IT power of data centres", "MW per MW of peak load"),
    "carbon_price": ("price of carbon", "per t"),
    "markup": ("what is added to the price of imports", "per MWh"),
    "demand_charge": ("charge for the highest import", "per MW and month"),
    "line_limit": ("limit of the lines", "%"),
    "growth": ("growth of other loads", ""),
    "import_limit": ("limit of the import", "MW per MW of peak load"),
}
"""What each is called, and in which unit."""
ABSENT = frozenset({"pv", "cars", "v2g", "heat", "battery", "it", "demand_charge"})
"""Levers that may be 0 wherever errors were measured: what is not there errs by nothing."""
NO_LIMIT, NO_LIMIT_PERCENT = 4.0, 120.0
"""What a limit counts as that is not set, or far away: one that does nothing."""
MARGIN = 0.1
"""Share of a range by which a lever may lie outside of it and still count as within (ours)."""

Levers = Mapping[str, float]


def levers_of(loaded: LoadedScenario) -> Levers:
    """The levers of a scenario; sizes by the peak of the city's own loads, without growth."""
    scenario, assets = loaded.scenario, loaded.assets
    peak = max(loaded.city.loads.peak_mw, 1e-9)
    cars = [asset for asset in assets if isinstance(asset, EVFleet)]
    batteries = [asset for asset in assets if isinstance(asset, Battery)]
    n_cars, power = sum(fleet.vehicles for fleet in cars), sum(battery.p_rated_mw for battery in batteries)
    lines, imports = scenario.limits.line_loading_max_percent, scenario.limits.import_max_mw
    willing = sum(fleet.vehicles * fleet.v2g_share for fleet in cars) if scenario.dispatch.v2g else 0.0
    return {
        "pv": sum(asset.p_peak_mw for asset in assets if isinstance(asset, PV)) / peak,
        "cars": n_cars / peak,
        "v2g": willing / n_cars if n_cars else 0.0,
        "heat": sum(asset.annual_heat_mwh for asset in assets if isinstance(asset, HeatPump)) / peak,
        "battery": power / peak,
        "battery_hours": sum(battery.e_rated_mwh for battery in batteries) / power if power else 0.0,
        "it": sum(centre.p_it_rated_mw for centre in scenario.data_centres) / peak,
        "carbon_price": scenario.dispatch.carbon_price_per_t,
        "markup": scenario.tariff.import_markup_per_mwh,
        "demand_charge": scenario.tariff.demand_charge_per_mw_month,
        "growth": scenario.city.demand_growth,
        "line_limit": NO_LIMIT_PERCENT if lines is None else min(lines, NO_LIMIT_PERCENT),
        "import_limit": NO_LIMIT if imports is None else min(imports / peak, NO_LIMIT),
    }


@dataclass(frozen=True)
class Ranges:
    """Ranges of levers, least and most of each."""

    of: Mapping[str, tuple[float, float]]

    @classmethod
    def around(cls, runs: Iterable[Levers]) -> Ranges:
        """The least ranges that hold all runs."""
        listed = list(runs)
        names = listed[0] if listed else ()
        return cls({name: (min(run[name] for run in listed), max(run[name] for run in listed)) for name in names})

    def outside(self, levers: Levers) -> str:
        """The levers that lie outside, in a sentence; empty where none does."""
        found = []
        for name, (least, most) in self.of.items():
            margin = MARGIN * (most - least)
            if name == "battery_hours" and not levers["battery"]:
                continue
            lowest = 0.0 if name in ABSENT else least
            if not lowest - margin - 1e-9 <= levers[name] <= most + margin + 1e-9:
                label, unit = LABELS[name]
                found.append(f"{label}: {levers[name]:.3g} {unit}".rstrip() + f", measured {least:.3g} to {most:.3g}")
        return "; ".join(found)

    def distance(self, one: Levers, other: Levers) -> float:
        """How far two scenarios are from each other, each lever by the width of its range [1]."""
        total = 0.0
        for name, (least, most) in self.of.items():
            width = most - least
            total += ((one[name] - other[name]) / width) ** 2 if width > 0 else 0.0
        return float(total**0.5)


def kinds_of(loaded: LoadedScenario) -> frozenset[str]:
    """Kinds of the assets of a scenario, those of its levers and on the sites of its data centres included."""
    return frozenset(asset.kind for asset in loaded.assets)
