"""The layers of the grid map: what each shows, its unit, its fixed classes and their colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.dashboard import colours
from app.dashboard.colours import Theme

_LOADING_BREAKS = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)


@dataclass(frozen=True)
class Layer:
    """A quantity on the map. Classes are absolute and never re-scaled, so two moments and two scenarios compare.

    Args:
        title: What it is called.
        unit: Its unit, as shown.
        digits: Digits after the point.
        factor: From the table's unit to the shown one.
        breaks: Borders between the classes, in the shown unit.
        palette: Colours of the ``len(breaks) + 1`` classes for a theme.
        explanation: What is shown where, in a sentence.
    """

    title: str
    unit: str
    digits: int
    factor: float
    breaks: tuple[float, ...]
    palette: Callable[[Theme], tuple[str, ...]]
    explanation: str

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
        "Each bus, and each line by the bus that sends its power.",
    ),
    "voltage": Layer(
        "Voltage", "pu", 4, 1.0, (0.90, 0.95, 0.97, 0.98, 0.99, 0.995, 1.005, 1.01, 1.02, 1.03, 1.05, 1.10),
        lambda theme: colours.voltage(theme, 13), "Each bus, and each line by the mean of its ends.",
    ),
    "loading": Layer(
        "Loading", "%", 1, 1.0, _LOADING_BREAKS, lambda theme: colours.loading(theme, len(_LOADING_BREAKS) + 1),
        "Each line and transformer, by its current over its rating.",
    ),
    "renewable": Layer(
        "Renewable share", "%", 0, 100.0, (10, 20, 30, 40, 50, 60, 70, 80, 90),
        lambda theme: colours.renewable(theme, 10), "Each bus, and each line by the bus that sends its power.",
    ),
}  # fmt: skip
