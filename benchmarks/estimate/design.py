"""Scenarios of the reference city as levers make them of the demonstration: what errors are measured on."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np

from grid.files.yaml_file import read_yaml

SEED = 20301125
STARTS = ("2030-11-25", "2030-06-03", "2030-03-11")
"""First days of the periods: late autumn as in the demonstration, summer, and between."""
COOLING = ("air_chiller", "air_economiser", "water_chiller", "water_economiser")
END = 0.4
"""Chance that a lever is moved to an end of its range."""
MOST_MOVED = 4
"""Levers that a variant moves, at most."""


@dataclass(frozen=True)
class Design:
    """Which scenarios of a strategy are run.

    Args:
        strategy: The strategy.
        days: Length of a period [d].
        starts: First days of periods.
        variants: Variants of each period, its template apart.
        step_minutes: Length of a step [min].
        demand_charge: Whether the charge for the highest import is one of the levers; it makes a dispatch take minutes.
        growth: Whether the growth of other loads is one.
        most_cars: Upper end of the lever of cars.
        scenario: Shipped scenario that the template is made of: `demo`, or one with levers of adoption.
        least_line_limit: Lower end of that of the limit of lines; dispatches that cannot keep it take minutes [%].
    """

    strategy: str
    days: int
    starts: tuple[str, ...]
    variants: int
    step_minutes: int = 15
    demand_charge: bool = True
    growth: bool = False
    most_cars: int = 15_000
    least_line_limit: float = 45.0
    scenario: str = "demo"


DESIGNS = (
    Design("unmanaged", 7, STARTS, 12, growth=True),
    Design("optimal", 2, STARTS[:2], 10, step_minutes=30, demand_charge=False, most_cars=12_000, least_line_limit=60.0),
    Design("unmanaged", 7, ("2030-01-14",), 6, scenario="2030_v2g"),
    Design("optimal", 2, ("2030-01-14",), 5, step_minutes=30, scenario="2030_v2g"),
    Design("smart", 2, ("2030-01-14",), 4, step_minutes=30, scenario="2030_v2g"),
    Design("smart", 2, STARTS[:2], 10, step_minutes=30, demand_charge=False, most_cars=12_000, least_line_limit=60.0),
)


@dataclass(frozen=True)
class Planned:
    """A scenario of the design.

    Args:
        name: Its name.
        content: The scenario.
        template: Name of the scenario that its levers were moved from; its own where it is one.
    """

    name: str
    content: Mapping[str, Any]
    template: str


def planned(design: Design) -> Iterator[Planned]:
    """All scenarios of a design, each template before its variants."""
    for number, start in enumerate(design.starts):
        template = " ".join([design.strategy, *([design.scenario] if design.scenario != "demo" else []), start])
        base = _template(design, start)
        yield Planned(template, {**base, "name": template}, template)
        for variant in range(design.variants):
            draw = np.random.default_rng([SEED, number, variant, len(design.strategy)])
            name = f"{template} {variant + 1}"
            moved = _moved(base, draw, design) if design.scenario == "demo" else _adopted(base, draw)
            yield Planned(name, {**moved, "name": name}, template)


def _template(design: Design, start: str) -> dict[str, Any]:
    """The demonstration in another period, under a strategy, with some heat pumps as a lever to move."""
    with resources.as_file(resources.files("app.scenarios") / f"{design.scenario}.yaml") as path:
        content: dict[str, Any] = dict(read_yaml(path).content)
    heat = {"kind": "heat_pump", "name": "heat pumps", "where": {"areas": "lv"}, "annual_heat_mwh": 10_000.0}
    return {
        **content,
        "period": {"start": start, "days": design.days, "step_minutes": design.step_minutes},
        "assets": [*content["assets"], *([heat] if design.scenario == "demo" else [])],
        "dispatch": {**content["dispatch"], "strategy": design.strategy},
    }


def _adopted(base: Mapping[str, Any], draw: np.random.Generator) -> dict[str, Any]:
    """A template with levers of adoption, of which one to four are moved to anywhere in their ranges."""
    content = copy.deepcopy(dict(base))
    adoption, dispatch = content["adoption"], content["dispatch"]
    work, _, masts, battery = content["assets"]
    levers = (
        lambda: adoption.update(ev_share=float(draw.uniform(0.02, 0.6))),
        lambda: adoption.update(v2g_share=float(draw.uniform(0.0, 1.0))),
        lambda: adoption.update(pv_roof_share=float(draw.uniform(0.1, 1.0))),
        lambda: adoption.update(heat_pump_share=float(draw.uniform(0.02, 0.6))),
        lambda: work.update(vehicles=int(draw.uniform(100, 2_000))),
        lambda: masts.update(sites=int(draw.uniform(5, 200))),
        lambda: battery.update(p_rated_mw=float(draw.uniform(1.0, 6.0))),
        lambda: dispatch.update(carbon_price_per_t=float(draw.uniform(0.0, 300.0))),
    )
    for place in draw.choice(len(levers), size=int(draw.integers(1, MOST_MOVED + 1)), replace=False):
        levers[place]()
    return content


def _moved(base: Mapping[str, Any], draw: np.random.Generator, design: Design) -> dict[str, Any]:
    """The template with one to four levers moved, each to an end of its range or to anywhere in it."""
    content = copy.deepcopy(dict(base))
    roofs, battery, cars, heat = content["assets"]
    centre, dispatch, tariff, limits = (
        content["data_centres"][0], content["dispatch"], content["tariff"], content["limits"]
    )  # fmt: skip

    def at(low: float, high: float) -> float:
        """A value of a lever; the ends are as likely as all between them, since planners go there."""
        end = draw.random()
        return low if end < END / 2 else high if end < END else float(f"{draw.uniform(low, high):.4g}")

    def batteries() -> None:
        battery["p_rated_mw"] = at(0.2, 12.0)
        battery["e_rated_mwh"] = battery["p_rated_mw"] * at(1.0, 8.0)

    levers = (
        lambda: roofs.update(p_peak_mw=at(0.5, 50.0)),
        lambda: cars.update(vehicles=int(at(300, design.most_cars))),
        lambda: cars.update(v2g_share=at(0.0, 1.0)),
        lambda: heat.update(annual_heat_mwh=at(500.0, 60_000.0)),
        batteries,
        lambda: centre.update(p_it_rated_mw=at(0.5, 12.0)),
        lambda: centre.update(cooling={"kind": str(draw.choice(COOLING))}),
        lambda: dispatch.update(carbon_price_per_t=at(0.0, 400.0)),
        lambda: tariff.update(import_markup_per_mwh=at(10.0, 300.0)),
        *((lambda: content["city"].update(demand_growth=at(-0.2, 0.5)),) if design.growth else ()),
        *((lambda: tariff.update(demand_charge_per_mw_month=at(0.0, 20_000.0)),) if design.demand_charge else ()),
        lambda: limits.update(line_loading_max_percent=at(design.least_line_limit, 120.0)),
        lambda: limits.update(import_max_mw=at(25.0, 100.0)),
    )
    for place in draw.choice(len(levers), size=int(draw.integers(1, MOST_MOVED + 1)), replace=False):
        levers[place]()
    return content
