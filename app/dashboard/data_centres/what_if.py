"""A what-if: IT power, supply temperature, cooling and power chain moved by hand, the year computed at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from pydantic import ValidationError

from app.dashboard.cards import hyphened
from app.dashboard.data_centres.builder_links import build_link
from app.dashboard.mantine import dmc
from app.dashboard.text import COOLING, POWER_CHAINS, figure
from app.dashboard.view import View
from app.studies.halls.study import HallStudy
from carbon.data_centre import DataCentre
from carbon.data_centre.studies import Combination, DesignYear, design_year

NEEDS_POINTS = ("measured_efficiency",)
"""Power chains that have no defaults."""
SUPPLY_DEGC = (15.0, 35.0)
"""Ends of the lever of the supply temperature [°C]."""
SAME = 1e-4
"""Shares that differ by less are the same to a lever [1]."""


@dataclass(frozen=True)
class Lever:
    """What the reader set.

    Args:
        p_it_mw: Rated IT power [MW].
        utilisation: Mean IT power as a share of it [1].
        t_supply_degc: Air to the servers [°C].
        cooling: Kind of cooling.
        power_chain: Kind of power chain.
    """

    p_it_mw: float
    utilisation: float
    t_supply_degc: float
    cooling: str
    power_chain: str


def lever_of(spec: DataCentre) -> Lever:
    """The levers as the data centre has them."""
    return Lever(spec.p_it_rated_mw, spec.utilisation, supply_of(spec), spec.cooling.kind, spec.power_chain.kind)


def supply_of(spec: DataCentre) -> float:
    """Warmest air to the servers [°C]; 24 where the cooling does not say."""
    for field in ("t_supply_degc", "t_supply_max_degc"):
        value = getattr(spec.cooling, field, None)
        if isinstance(value, float):
            return value
    return 24.0


def changes_of(spec: DataCentre, lever: Lever) -> dict[str, Any]:
    """What a lever changes of a data centre, by dotted path; a plant of another kind takes its defaults."""
    now = lever_of(spec)
    changes: dict[str, Any] = {}
    if lever.p_it_mw != now.p_it_mw:
        changes["p_it_rated_mw"] = lever.p_it_mw
    if spec.it_load is None and abs(lever.utilisation - now.utilisation) > SAME:
        changes["utilisation"] = lever.utilisation
    if lever.cooling != now.cooling:
        changes["cooling"] = {"kind": lever.cooling}
    path = supply_path(lever.cooling)
    if path and (lever.t_supply_degc != now.t_supply_degc or lever.cooling != now.cooling):
        changes[path] = lever.t_supply_degc
    if lever.power_chain != now.power_chain:
        changes["power_chain"] = {"kind": lever.power_chain}
        if lever.power_chain == "panama" and spec.transformer is not None:
            changes["transformer"] = None
    if spec.stated is not None and {"cooling", path, "power_chain"} & set(changes):
        changes["stated"] = None
    return changes


def supply_path(cooling: str) -> str:
    """Where the supply temperature of a kind of cooling is set; empty where it has none."""
    if cooling == "air_economiser":
        return "cooling.t_supply_max_degc"
    return "" if cooling in {"direct_to_chip", "immersion"} else "cooling.t_supply_degc"


def try_out(study: HallStudy, lever: Lever) -> tuple[DesignYear, dict[str, Any]]:
    """The year with the levers, and what they change.

    Raises:
        pydantic.ValidationError: If the data centre cannot be that.
    """
    changes = changes_of(study.spec, lever)
    explicit = {"cooling": study.spec.cooling.model_dump(), "power_chain": study.spec.power_chain.model_dump()}
    spec = study.spec.with_changes(explicit).with_changes(changes)
    return design_year(Combination((), spec, 0.0), study.year.site), changes


def panel(view: View, spec: DataCentre) -> Component:
    """The levers, set as the data centre has them; their result is filled in by `shown`."""
    now = lever_of(spec)
    chains = [name for name in POWER_CHAINS if name not in NEEDS_POINTS or name == now.power_chain]
    levers = [
        _slider("dc-it", view.say("Rated IT power [MW]"), now.p_it_mw, (0.1, max(2.0, 2 * now.p_it_mw)), 0.1),
        _slider("dc-use", view.say("Mean use of it [%]"), round(100 * now.utilisation, 3), (10, 100), 1,
                fixed=spec.it_load is not None),
        _slider("dc-supply", view.say("Air to the servers [°C]"), now.t_supply_degc, SUPPLY_DEGC, 0.5),
        _select("dc-cooling", view.say("Cooling"), COOLING, list(COOLING), now.cooling),
        _select("dc-chain", view.say("Power chain"), POWER_CHAINS, chains, now.power_chain),
    ]  # fmt: skip
    words = "Move a lever: the year is computed anew, hour by hour, by the model that a run uses, before any shifting."
    if spec.it_load is not None:
        words += " The use of this hall follows from its servers (it_load) and has no lever."
    if spec.stated is not None:
        words += f" Its PUE of {spec.stated.pue:g} is stated; with a plant chosen here, PUE is that plant's."
    return html.Section([
        html.H2(view.say("What if")), html.P(words, className="subtitle"),
        html.Div([html.Div(levers, className="dc-levers"),
                  html.Div(id="dc-what-if", className="dc-what-if", **hyphened(aria_live="polite"))],
                 className="dc-panel"),
    ], className="card", id="dc-levers")  # fmt: skip


def _slider(
    name: str, label: str, value: float, ends: tuple[float, float], step: float, *, fixed: bool = False
) -> Component:
    """A slider whose ends are as far apart as its value asks for."""
    slider = dmc.Slider(
        id=name, value=value, min=min(ends[0], value), max=max(ends[1], value), step=step, updatemode="drag", size="sm",
        labelTransitionProps={"duration": 0}, thumbLabel=label, labelAlwaysOn=True, disabled=fixed,
    )  # fmt: skip
    return html.Div([html.Span(label, className="dc-label"), slider], className="dc-lever")


def _select(name: str, label: str, names: Mapping[str, str], kinds: list[str], value: str) -> Component:
    data = [{"value": kind, "label": names[kind]} for kind in kinds]
    select = dmc.Select(id=name, label=label, data=data, value=value, allowDeselect=False, size="sm",
                        checkIconPosition="right")  # fmt: skip
    return html.Div(select, className="dc-lever")


def shown(view: View, study: HallStudy, lever: Lever) -> list[Component]:
    """PUE, WUE and CUE of the year with the levers, against the data centre as it is."""
    try:
        year, changes = try_out(study, lever)
    except ValidationError as error:
        reasons = "; ".join(str(item["msg"]).removeprefix("Value error, ") for item in error.errors())
        return [html.P(f"The data centre cannot be that: {reasons}.", className="nothing")]
    rows = [
        ("PUE", "pue", 3, ""), ("WUE", "wue", 2, "L/kWh"), ("CUE", "cue", 3, "kg/kWh"), ("Energy", "energy", 0, "MWh"),
    ]  # fmt: skip
    tiles = [_tile(label, study.now.value(key), year.value(key), digits, unit) for label, key, digits, unit in rows]
    tiles.append(_tile("Peak", study.now.peak_mw, year.peak_mw, 2, "MW"))
    if not supply_path(lever.cooling):
        tiles.append(_note("Cooled by liquid: the air has no lever."))
    link = build_link(view, study.spec, changes)
    words = "This is the data centre as it is." if not changes else ""
    action = (
        dcc.Link(view.say("Open this in the builder"), href=link) if changes else html.Span(words, className="subtitle")
    )
    return [html.Div(tiles, className="dc-tiles"), html.P(action)]


def _tile(label: str, now: float | None, then: float | None, digits: int, unit: str) -> Component:
    change = ""
    if now is not None and then is not None:
        difference = then - now
        change = "as it is" if abs(difference) < 0.5 * 10**-digits else (
            f"{'+' if difference > 0 else ''}{figure(difference, digits)} against {figure(now, digits)}"
        )  # fmt: skip
    value = [html.Span(figure(then, digits)), html.Span(unit, className="kpi-unit")]
    parts = (("kpi-label", label), ("dc-value", value), ("kpi-change", change))
    return html.Div([html.Div(shown, className=name) for name, shown in parts], className="dc-tile")


def _note(words: str) -> Component:
    return html.Div(words, className="dc-tile kpi-change")
