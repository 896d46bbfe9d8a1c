"""The layers of the grid map: what each shows, its unit, its fixed classes and their colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from app.dashboard import colours
from app.dashboard.colours import Theme

_LOADING_BREAKS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)
_LOSS_BREAKS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_HOSTING_BREAKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_ALONE = "that each bus alone takes within all limits over the period; everything else does what it does unmanaged."
_LIMITS = {
    "vm_pu": {"low": "vm_min_pu", "high": "vm_max_pu"},
    "loading_percent": {"line": "line_loading_max_percent", "trafo": "trafo_loading_max_percent"},
}

Mean = Literal["energy", "plain", "highest", "sum"]
"""How elements become one figure for an area: their mean by what is drawn there, plain mean, highest, or sum."""


@dataclass(frozen=True)
class Layer:
    """A quantity on the map. Classes are absolute and never re-scaled, so two moments and two scenarios compare.

    Args:
        title: What it is called.
        unit: Its unit, as shown; ``currency`` in it stands for the scenario's.
        digits: Digits after the point.
        factor: From the table's unit to the shown one.
        breaks: Borders between the classes, in the shown unit; a border belongs to the class above it.
        palette: Colours of the ``len(breaks) + 1`` classes for a theme.
        difference: Borders above 0 between the classes of a difference of two results; those below 0 mirror them.
        explanation: What is shown where, in a sentence.
        table: The table that holds it; empty where no table of a result does.
        columns: Its columns there, which are added up; of hosting capacities the kind (`grid_map.hosting.kept`).
        of_lines: What a line shows: its ``own`` value, that of the bus that is its ``sender``, the ``mean`` of its
            ends, or ``none``.
        of_areas: How the elements of a district or of a low-voltage area become one figure.
        violated: What the table of violations calls it; empty where nothing limits it.
    """

    title: str
    unit: str
    digits: int
    factor: float
    breaks: tuple[float, ...]
    palette: Callable[[Theme], tuple[str, ...]]
    difference: tuple[float, ...]
    explanation: str
    table: str
    columns: tuple[str, ...]
    of_lines: Literal["own", "sender", "mean", "none"]
    of_areas: Mean
    violated: str = ""

    @property
    def difference_breaks(self) -> tuple[float, ...]:
        """Borders between the classes of a difference, ascending, the middle class around 0."""
        return (*(-border for border in reversed(self.difference)), *self.difference)

    def limits(self, of_scenario: Mapping[str, Any]) -> dict[str, float | None]:
        """The scenario's limits of this quantity, in the shown unit; None where there is none."""
        found = {name: of_scenario.get(key) for name, key in _LIMITS.get(self.violated, {}).items()}
        return {name: None if value is None else float(value) for name, value in found.items()}


def _hosting(theme: Theme) -> tuple[str, ...]:
    return colours.amount(theme, len(_HOSTING_BREAKS) + 1)


LAYERS: dict[str, Layer] = {
    "carbon": Layer(
        "Carbon intensity", "g/kWh", 0, 1.0, (50, 100, 150, 200, 250, 300, 350, 400, 500, 600, 700), colours.intensity,
        (1, 5, 10, 25, 50, 100), "Each bus, and each line by the bus that sends its power.",
        "buses", ("ci_kg_per_mwh",), "sender", "energy",
    ),
    "renewable": Layer(
        "Renewable share", "%", 0, 100.0, (10, 20, 30, 40, 50, 60, 70, 80, 90),
        lambda theme: colours.renewable(theme, 10), (1, 2, 5, 10, 20, 40),
        "Each bus, and each line by the bus that sends its power.", "buses", ("renewable_share",), "sender", "energy",
    ),
    "voltage": Layer(
        "Voltage", "pu", 4, 1.0, (0.90, 0.95, 0.97, 0.98, 0.99, 0.995, 1.005, 1.01, 1.02, 1.03, 1.05, 1.10),
        lambda theme: colours.voltage(theme, 13), (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02),
        "Each bus, and each line by the mean of its ends.", "buses", ("vm_pu",), "mean", "plain", "vm_pu",
    ),
    "loading": Layer(
        "Loading", "%", 1, 1.0, _LOADING_BREAKS, lambda theme: colours.loading(theme, len(_LOADING_BREAKS) + 1),
        (1, 2, 5, 10, 20, 40), "Each line and transformer, by its current over its rating.",
        "branches", ("loading_percent",), "own", "highest", "loading_percent",
    ),
    "losses": Layer(
        "Losses", "kW", 2, 1000.0, _LOSS_BREAKS, lambda theme: colours.amount(theme, len(_LOSS_BREAKS) + 1),
        (0.001, 0.01, 0.1, 1, 10, 100), "What each line and transformer loses: the power that enters it at both ends.",
        "branches", ("p_from_mw", "p_to_mw"), "own", "sum",
    ),
    "price": Layer(
        "Nodal price", "currency/MWh", 1, 1.0, (0, 25, 50, 75, 100, 125, 150, 200, 250, 300, 400), colours.amount,
        (1, 2, 5, 10, 25, 50), "What a MWh more at each bus costs in the dispatch, without penalties for exceeded "
        "limits, each line by the mean of its ends; none where nothing was optimised.",
        "nodal", ("price_per_mwh",), "mean", "energy",
    ),
    "marginal": Layer(
        "Marginal intensity", "g/kWh", 0, 1.0, (0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000),
        colours.intensity, (1, 5, 10, 25, 50, 100),
        "What a kWh more at each bus would emit in the grid above, losses included, each line by the mean of its ends. "
        "It tells of changes and is no part of the inventory.",
        "nodal", ("marginal_above_kg_per_mwh",), "mean", "energy",
    ),
    "hosting": Layer(
        "Hosting capacity: data centres", "MW", 1, 1.0, _HOSTING_BREAKS, _hosting,
        (0.1, 0.2, 0.5, 1, 2, 5), f"The largest data centre, by its IT power, {_ALONE}",
        "", ("",), "none", "highest",
    ),
    "hosting_pv": Layer(
        "Hosting capacity: photovoltaics", "MW", 2, 1.0, _HOSTING_BREAKS, _hosting,
        (0.1, 0.2, 0.5, 1, 2, 5), f"The most peak power of photovoltaics, {_ALONE}",
        "", ("pv",), "none", "highest",
    ),
    "hosting_ev_fleet": Layer(
        "Hosting capacity: electric cars", "cars", 0, 1.0, (5, 20, 50, 100, 200, 500, 1000, 5000, 20000), _hosting,
        (10, 20, 50, 100, 200, 500), f"The most electric cars that charge when they arrive, {_ALONE}",
        "", ("ev_fleet",), "none", "highest",
    ),
    "hosting_heat_pump": Layer(
        "Hosting capacity: heat pumps", "MWh/year", 0, 1.0, (50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 5e4), _hosting,
        (50, 100, 200, 500, 1000, 2000), f"The most heat of heat pumps in a year, {_ALONE}",
        "", ("heat_pump",), "none", "highest",
    ),
}  # fmt: skip
POWER = "power"
"""What is drawn at each bus from its branches; shown by no layer, it weighs the buses of an area."""

_DIFFERENCE_COLOURS = partial(colours.difference, n=13)


def layers_for_browser(theme: Theme, limits: Mapping[str, Any], currency: str, score: str = "") -> dict[str, Any]:
    """All layers' titles, classes, colours and limits, as the map and its legend read them.

    Args:
        theme: Light or dark.
        limits: The scenario's.
        currency: The scenario's.
        score: How well the hours upstream agree with measured ones; it stands beside what is marginal.
    """
    return {
        key: {
            "title": layer.title, "unit": layer.unit.replace("currency", currency), "digits": layer.digits,
            "breaks": list(layer.breaks), "colours": list(layer.palette(theme)), "limits": layer.limits(limits),
            "difference_breaks": list(layer.difference_breaks), "difference_colours": list(_DIFFERENCE_COLOURS(theme)),
            "explanation": f"{layer.explanation} {score}".strip() if key == "marginal" else layer.explanation,
            "of_buses": layer.of_lines != "own", "of_lines": layer.of_lines, "of_areas": layer.of_areas,
            "violated": bool(layer.violated), "accounted": layer.of_lines == "sender",
        }
        for key, layer in LAYERS.items()
    }  # fmt: skip
