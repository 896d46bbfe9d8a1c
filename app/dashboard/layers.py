"""The layers of the grid map: what each shows, its unit, its fixed classes and their colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.dashboard import colours
from app.dashboard.colours import Theme

_LOADING_BREAKS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)


@dataclass(frozen=True)
class Layer:
    """A quantity on the map. Classes are absolute and never re-scaled, so two moments and two scenarios compare.

    Args:
        title: What it is called.
        unit: Its unit, as shown; ``currency`` in it stands for the scenario's.
        digits: Digits after the point.
        factor: From the table's unit to the shown one.
        breaks: Borders between the classes, in the shown unit.
        palette: Colours of the ``len(breaks) + 1`` classes for a theme.
        explanation: What is shown where, in a sentence.
        table: The table that holds it.
        column: Its column there.
        of_lines: What a line shows: its ``own`` value, that of the bus that is its ``sender``, or the ``mean`` of its
            ends.
    """

    title: str
    unit: str
    digits: int
    factor: float
    breaks: tuple[float, ...]
    palette: Callable[[Theme], tuple[str, ...]]
    explanation: str
    table: str
    column: str
    of_lines: Literal["own", "sender", "mean"]

    def limits(self, of_scenario: Mapping[str, Any]) -> dict[str, float | None]:
        """The scenario's limits of this quantity, in the shown unit; None where there is none."""
        keys = {
            "Voltage": {"low": "vm_min_pu", "high": "vm_max_pu"},
            "Loading": {"line": "line_loading_max_percent", "trafo": "trafo_loading_max_percent"},
        }.get(self.title, {})
        found = {name: of_scenario.get(key) for name, key in keys.items()}
        return {name: None if value is None else float(value) for name, value in found.items()}


LAYERS: dict[str, Layer] = {
    "carbon": Layer(
        "Carbon intensity", "g/kWh", 0, 1.0, (50, 100, 150, 200, 250, 300, 350, 400, 500, 600, 700), colours.intensity,
        "Each bus, and each line by the bus that sends its power.", "buses", "ci_kg_per_mwh", "sender",
    ),
    "voltage": Layer(
        "Voltage", "pu", 4, 1.0, (0.90, 0.95, 0.97, 0.98, 0.99, 0.995, 1.005, 1.01, 1.02, 1.03, 1.05, 1.10),
        lambda theme: colours.voltage(theme, 13), "Each bus, and each line by the mean of its ends.",
        "buses", "vm_pu", "mean",
    ),
    "loading": Layer(
        "Loading", "%", 1, 1.0, _LOADING_BREAKS, lambda theme: colours.loading(theme, len(_LOADING_BREAKS) + 1),
        "Each line and transformer, by its current over its rating.", "branches", "loading_percent", "own",
    ),
    "renewable": Layer(
        "Renewable share", "%", 0, 100.0, (10, 20, 30, 40, 50, 60, 70, 80, 90),
        lambda theme: colours.renewable(theme, 10), "Each bus, and each line by the bus that sends its power.",
        "buses", "renewable_share", "sender",
    ),
    "price": Layer(
        "Nodal price", "currency/MWh", 1, 1.0, (0, 25, 50, 75, 100, 125, 150, 200, 250, 300, 400), colours.amount,
        "What a MWh more at each bus costs in the dispatch, without penalties for exceeded limits, each line by the "
        "mean of its ends; none where nothing was optimised.", "nodal", "price_per_mwh", "mean",
    ),
    "marginal": Layer(
        "Marginal intensity", "g/kWh", 0, 1.0, (0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000),
        colours.intensity,
        "What a kWh more at each bus would emit in the grid above, losses included, each line by the mean of its ends. "
        "It tells of changes and is no part of the inventory.", "nodal", "marginal_above_kg_per_mwh", "mean",
    ),
}  # fmt: skip
