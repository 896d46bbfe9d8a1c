"""Hosting capacity: the largest hall that a bus takes, worked out beside the server for a bus of the reader's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.cards import hyphened
from app.dashboard.data_centres.behind import of_hosting
from app.dashboard.data_centres.work import Task, Tell
from app.dashboard.figures.chart import CONFIG
from app.dashboard.figures.data_centre_designs import where_halls_fit
from app.dashboard.local_time import zone_of
from app.dashboard.mantine import dmc
from app.dashboard.text import NO_FIGURE, figure
from app.dashboard.view import View
from app.results.folder import Result
from app.scenario.load import check_scenario
from app.studies.halls.site import folder_of
from app.studies.hosting.capacity import Hosting
from app.studies.hosting.growth import hosting_in_scenario
from carbon.data_centre import DataCentre
from grid.units import LOW_VOLTAGE_KV

MOST_ON_MAP = 3000
"""Buses drawn at most; of larger grids those of medium and high voltage."""
QUANTITIES = {"vm_pu": "pu", "loading_percent": "%", "import_mw": "MW", "power_flow": ""}
_WORDS = (
    "The largest hall of this design that keeps every limit in every step of this run's period, in steps of 0.1 MW; "
    "everything else does what it does unmanaged, a planner's worst case. It is worked out from the grid itself and "
    "takes from seconds to minutes; leave the page if you like, what was found is kept while the server runs."
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What hosting capacity was asked for.

    Args:
        hall: Key of the result and the design.
        bus: Name of the bus.
        n_minus_1: Whether any single outage must be withstood.
    """

    hall: tuple[str, ...]
    bus: str
    n_minus_1: bool


def work_out(result: Result, spec: DataCentre, bus: str, n_minus_1: bool, tell: Tell) -> Hosting:
    """The hosting capacity of a bus for a design, among everything else in a result's scenario.

    Raises:
        InputError: If the grid or a file of the scenario cannot be read, or there is no such bus.
    """
    tell("reading the grid and its profiles", 0.0)
    loaded = check_scenario(dict(result.scenario), folder_of(result), result.name)
    others = [one.model_dump(exclude_unset=True) for one in loaded.scenario.data_centres if one.name != spec.name]
    own = spec.model_dump(exclude_unset=True) | {"bus": bus}
    loaded = loaded.with_changes({"data_centres": [*others, own]})
    tell("power flow of all steps", 0.1)

    def searching(_bus: str, share: float) -> None:
        tell("searching the limit", 0.2 + 0.8 * share)

    (found,) = hosting_in_scenario(loaded, spec.name, [bus], n_minus_1=n_minus_1, progress=searching)
    return found


def card(view: View, spec: DataCentre) -> Component:
    """The choice of a bus, and where its answer appears."""
    names = [bus["name"] for bus in view.result.topology["buses"]]
    own = spec.bus if spec.bus in names else names[0]
    choice = html.Div(
        [
            dmc.Select(id="dc-bus", label=view.say("Bus"), data=names, value=own,
                       searchable=True, limit=200, allowDeselect=False, size="sm", w=260, checkIconPosition="right"),
            dmc.Checkbox(id="dc-outages", label=view.say("Also after any single outage"), size="sm"),
            html.Button(view.say("Work out"), id="dc-host", className="button", type="button"),
            html.Button(view.say("Cancel"), id="dc-host-cancel", className="button", type="button"),
        ],
        className="dc-host",
    )  # fmt: skip
    plain: Any = {**CONFIG, "displayModeBar": False}
    where = dcc.Graph(id="dc-where", figure=where_figure(view, spec.bus, {}), config=plain,
                      style={"height": 360})  # fmt: skip
    on_map = dcc.Link("Choose it on the grid map", href=view.link("/grid"))
    return html.Section(
        [
            html.H2(view.say("Hosting capacity")),
            html.P(_WORDS, className="subtitle"),
            choice,
            html.P(["A click on a bus chooses it. ", on_map, ", then come back here."], className="subtitle"),
            where,
            html.Div(id="dc-host-state", **hyphened(aria_live="polite")),
            dcc.Interval(id="dc-host-poll", interval=500, disabled=True),
        ],
        className="card", id="dc-hosting",
    )  # fmt: skip


def where_figure(view: View, chosen: str, hosting: Mapping[str, float]) -> Any:
    """The grid with what is known of its buses."""
    buses = view.result.topology["buses"]
    if len(buses) > MOST_ON_MAP:
        buses = [bus for bus in buses if (bus.get("vn_kv") or 0.0) > LOW_VOLTAGE_KV][:MOST_ON_MAP]
    frame = pl.DataFrame(
        [(bus["name"], bus.get("x"), bus.get("y"), hosting.get(bus["name"])) for bus in buses], orient="row",
        schema={"bus": pl.String, "x": pl.Float64, "y": pl.Float64, "p_it_mw": pl.Float64},
    )  # fmt: skip
    lines = [(branch["from_bus"], branch["to_bus"]) for branch in view.result.topology["branches"]]
    return where_halls_fit(frame, lines, chosen, view.theme)


def state(view: View, found: Sequence[tuple[Asked, Task]]) -> list[Component]:
    """What is being worked out, and what was found."""
    shown: list[Component] = []
    for asked, task in found:
        if task.active:
            words = f"{asked.bus}: {task.words} ({100 * task.share:.0f}\u00a0%)"
            bar = html.Progress(value=f"{task.share:.2f}", max="1", **hyphened(aria_label=f"Progress of {asked.bus}"))
            shown.append(html.P([bar, " ", words], className="dc-progress"))
        elif task.status == "failed":
            shown.append(html.P(f"{asked.bus}: {task.reason}", className="warning"))
        elif task.status == "cancelled":
            shown.append(html.P(f"{asked.bus}: cancelled.", className="nothing"))
    done = [(asked, task.value) for asked, task in found if task.status == "done"]
    if done:
        words = "MW of IT and at the meter; the limit that the next 0.1 MW breaks."
        table = table_of(view.result, done)
        shown.append(cards.table_card("What was found", words, table, digits=2, key="dc-hosted", why=of_hosting()))
    return shown


def table_of(result: Result, found: Sequence[tuple[Asked, Hosting]]) -> pl.DataFrame:
    """A row a bus that was worked out."""
    times = result.table("city").select("time").collect()["time"].dt.convert_time_zone(zone_of(result.scenario))
    rows = []
    for asked, hosting in found:
        binding = hosting.binding
        limit = when = element = NO_FIGURE
        if binding is not None:
            unit = QUANTITIES.get(binding.quantity, "")
            element = binding.element + (f" after the outage of {binding.outage}" if binding.outage else "")
            limit = f"{figure(binding.value, 3)} against {figure(binding.limit, 3)} {unit}".strip()
            when = f"{times[binding.step]:%a %d %b %H:%M}" if binding.step < len(times) else NO_FIGURE
        rows.append((asked.bus, "any outage" if asked.n_minus_1 else "intact grid", hosting.size,
                     hosting.p_peak_mw, element, limit, when))  # fmt: skip
    return pl.DataFrame(
        rows, orient="row",
        schema={"Bus": pl.String, "Grid": pl.String, "IT [MW]": pl.Float64, "At the meter [MW]": pl.Float64,
                "Stopped by": pl.String, "Next would be": pl.String, "When": pl.String},
    )  # fmt: skip
