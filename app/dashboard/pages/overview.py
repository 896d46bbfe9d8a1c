"""Overview: the key figures and how they differ from the baseline, who emits when, where the power comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dash import html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.figures import city
from app.dashboard.figures.ev import mean_g_per_km
from app.dashboard.text import NO_FIGURE, change, figure
from app.dashboard.view import Page, View
from app.results.folder import Result


@dataclass(frozen=True)
class Kpi:
    """A key figure.

    Args:
        key: Its key, in the summary where it stands there.
        label: What it is called.
        unit: Its unit, as shown; the scenario's currency where it reads ``currency``.
        digits: Digits after the point.
        compared: How it is compared with the baseline.
        factor: From the summary's unit to the shown one.
        less_is_better: Whether a fall is good news, a rise is (False), or neither (None).
        absent: Why there may be no figure.
    """

    key: str
    label: str
    unit: str
    digits: int
    compared: Literal["relative", "points", "count"] = "relative"
    factor: float = 1.0
    less_is_better: bool | None = True
    absent: str = "not computed in this result"

    def value(self, result: Result) -> float | None:
        """The figure of a result in the unit of the summary, or None."""
        found = result.summary.get(self.key)
        if found is None and self.key in _COMPUTED:
            found = _COMPUTED[self.key](result)
        return None if found is None else float(found)


def _g_per_km(result: Result) -> float | None:
    return mean_g_per_km(result.table("sessions").select("driven_km", "g_per_km").collect())


_COMPUTED: dict[str, Callable[[Result], float | None]] = {"ev_g_per_km": _g_per_km}

KPIS = (
    Kpi("emissions_t", "Emissions", "t CO₂e", 1),
    Kpi("ci_mean_g_per_kwh", "Mean intensity", "g/kWh", 1),
    Kpi("renewable_share", "Renewable share", "%", 1, "points", 100.0, less_is_better=False),
    Kpi("consumption_mwh", "Consumption", "MWh", 1, less_is_better=None),
    Kpi("cost", "Cost", "currency", 0),
    Kpi("peak_import_mw", "Peak import", "MW", 2),
    Kpi("violation_steps", "Steps beyond a limit", "", 0, "count"),
    Kpi("ev_ci_g_per_kwh", "Carbon of charging", "g/kWh", 1, absent="no electric cars in this result"),
    Kpi("ev_g_per_km", "Carbon of driving", "g/km", 1, absent="no distance was driven in this result"),
    Kpi("pue_mean", "Mean PUE", "", 3, absent="no data centre in this result"),
)


def content(view: View) -> Component:
    """The page for a view."""
    frame = view.result.table("city").collect()
    hourly = city.hourly_sectors(view.result.table("sectors").collect(), view.zone)
    status = str(view.result.manifest.get("status", "done"))
    return cards.page(
        "Overview",
        cards.where_and_when(view),
        *([] if status == "done" else [_warning(view, status)]),
        html.Section([kpi_tile(kpi, view) for kpi in KPIS], className="kpis"),
        cards.chart(
            "Who emits when",
            f"Mean emissions in each local hour of the day, by GPC sector; what cars give back counts below zero and "
            f"is shown as none. {view.convention}",
            city.heat_strip(hourly, view.theme), key="heat-strip", table=hourly,
        ),
        cards.chart(
            "Where the power comes from",
            "Power of the whole city; what leaves it or charges its stores stands below zero.",
            city.power_stack(frame, view.zone, view.theme), key="power-stack",
        ),
    )  # fmt: skip


def kpi_tile(kpi: Kpi, view: View) -> Component:
    """A key figure, its unit and its change against the baseline in words."""
    value = kpi.value(view.result)
    unit = str(view.result.manifest.get("currency", "")) if kpi.unit == "currency" else kpi.unit
    shown = figure(None if value is None else value * kpi.factor, kpi.digits)
    words, tone = (kpi.absent, "") if value is None else ("", "")
    unit = "" if shown == NO_FIGURE else unit
    if view.baseline is not None and value is not None:
        difference = change(value, kpi.value(view.baseline), view.baseline.name, kpi.compared, kpi.digits)
        words = difference.words
        if kpi.less_is_better is not None and difference.direction in {"up", "down"}:
            tone = "better" if (difference.direction == "down") == kpi.less_is_better else "worse"
    return html.Div(
        [
            html.Div(kpi.label, className="kpi-label"),
            html.Div([html.Span(shown, className="kpi-value"), html.Span(unit, className="kpi-unit")]),
            html.Div(words, className=f"kpi-change {tone}"),
        ],
        className="kpi", **cards.hyphened(data_kpi=kpi.key),
    )  # fmt: skip


def _warning(view: View, status: str) -> Component:
    words = {
        "infeasible": "Not every need or limit could be kept; About names those in conflict.",
        "out_of_balance": "Energy or carbon does not balance within tolerance; do not rely on these figures.",
    }.get(status, f"This run ended with status {status}.")
    return html.P([html.Strong(f"{view.name}: {status.replace('_', ' ')}. "), words], className="warning", role="alert")


PAGE = Page("/", "Overview", content)
