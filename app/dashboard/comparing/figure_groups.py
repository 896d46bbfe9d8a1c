"""Key figures side by side, in groups, each with its difference from the reference in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from app.dashboard import cards
from app.dashboard.comparing.chosen import ComparedResult, ResultComparison
from app.dashboard.language.spoken import text_in
from app.dashboard.text import NO_FIGURE, figure
from app.dashboard.view import View
from app.results.key_figures import Declared, KeyFigure, declarations, figure_named

GROUPS: dict[str, tuple[str, ...]] = {
    "Emissions": (
        "emissions_t", "emissions_marginal_not_in_inventory_t", "ci_mean_g_per_kwh", "renewable_share",
        "emissions_import_t", "emissions_production_t", "emissions_export_t", "emissions_source_t",
    ),
    "Cost": ("cost", "bills"),
    "Energy": (
        "consumption_mwh", "import_mwh", "export_mwh", "generation_mwh", "curtailed_mwh", "loss_mwh", "grid_loss_mwh",
        "storage_change_mwh", "stock_gain_mwh", "heat_pump_heat_mwh",
    ),
    "Grid": (
        "peak_import_mw", "line_loading_max_percent", "trafo_loading_max_percent", "violation_steps", "vm_min_pu",
        "vm_max_pu", "failed_steps", "controller_operations", "unbalance_max", "unbalanced_buses",
        "neutral_max_percent", "balancing_vm_min_pu", "balancing_line_percent", "balancing_loss_mwh",
    ),
    "Electric cars": (
        "ev_energy_mwh", "v2g_energy_mwh", "ev_ci_g_per_kwh", "ev_g_per_km", "ev_driven_km", "ev_owed_mwh",
        "v2g_avoided_elsewhere_not_in_inventory_marginal_t", "v2g_avoided_elsewhere_not_in_inventory_average_t",
    ),
    "Data centres": ("pue_mean",),
    "Hydrogen": ("hydrogen_kg", "hydrogen_emissions_kg_per_kg"),
    "Run and checks": (
        "steps", "step_hours", "energy_balance_error_mwh", "carbon_balance_error_kg", "convention_error_kg",
    ),
}  # fmt: skip
"""Key figures by group, in the order in which they are read; those of data centres and conventions join by family."""
OTHERS = "Other figures"
_GROUP_OF_FAMILY = {"data_centres": "Data centres", "conventions": "Emissions", "bills": "Cost"}

Tone = Literal["better", "worse", ""]


@dataclass(frozen=True)
class FigureDifference:
    """How a key figure differs from that of the reference.

    Args:
        words: E.g. ``−2.3 t, 12 % less``; empty where nothing is compared.
        tone: Whether that is better or worse; empty if neither.
    """

    words: str
    tone: Tone


def grouped(summaries: Mapping[str, Mapping[str, object]]) -> dict[str, list[Declared]]:
    """Key figures that any of the summaries has, by group; a figure that no group names is in the last."""
    there = dict.fromkeys(key for summary in summaries.values() for key, value in summary.items() if value is not None)
    group_of = {key: group for group, keys in GROUPS.items() for key in keys}
    places = {key: place for place, key in enumerate(key for keys in GROUPS.values() for key in keys)}
    found: dict[str, list[Declared]] = {group: [] for group in (*GROUPS, OTHERS)}
    known = declarations()
    for key in sorted(there, key=lambda key: places.get(key, len(places))):
        if key in known.figures or key.partition(".")[0] in known.families:
            declared = figure_named(key)
            found[group_of.get(key) or _GROUP_OF_FAMILY.get(declared.family or "", OTHERS)].append(declared)
    return {group: figures for group, figures in found.items() if figures}


def difference_of(declared: KeyFigure, value: float | None, reference: float | None, currency: str) -> FigureDifference:
    """How a value differs from the reference's, with its sign, in the unit shown and in per cent where that is told.

    Args:
        declared: The figure.
        value: Its value.
        reference: That of the reference.
        currency: Currency of the results.
    """
    if value is None or reference is None:
        return FigureDifference("", "")
    amount = (declared.shown_value(value) or 0.0) - (declared.shown_value(reference) or 0.0)
    shown = figure(abs(amount), declared.digits)
    if float(f"{amount:.{declared.digits}f}") == 0:
        return FigureDifference("the same", "")
    unit = declared.shown_unit(currency)
    unit = "points" if unit == "%" else unit
    words = f"{'−' if amount < 0 else '+'}{shown}{' ' if unit else ''}{unit}"
    if declared.compared in {"relative", "amount"} and not declared.only_differences and reference != 0:
        share = 100 * abs(float(value) - float(reference)) / abs(float(reference))
        words += f", {figure(share, 0 if share >= 9.5 else 1)} % {'less' if amount < 0 else 'more'}"
    return FigureDifference(words, _tone(declared, amount))


def _tone(declared: KeyFigure, amount: float) -> Tone:
    if declared.better is None:
        return ""
    return "better" if (amount < 0) == (declared.better == "lower") else "worse"


def figures_card(view: View, compared: ResultComparison) -> Component:
    """All key figures of the results, a column each; the reference first.

    The browser makes the table from data: as components its cells would cost it seconds.
    """
    words = (
        f"Differences are from {compared.reference.label}, with their sign; ✓ marks those that are better, ✗ those "
        "that are worse."
    )
    label = cards.hyphened(aria_label="Key figures of the results")
    return html.Section(
        [
            html.H2(view.say("Key figures")),
            html.P(words, className="subtitle"),
            dcc.Store(id="compare-figures-data", data=figures_data(view, compared)),
            html.Div(id="compare-figures", className="compare-figures", tabIndex=0, role="region", **label),
            html.Button(
                view.say("Show every key figure"),
                id="compare-every-figure",
                className="button",
                type="button",
                **cards.hyphened(
                    aria_expanded="false",
                    aria_controls="compare-figures",
                    data_other=view.say("Show the main figures only"),
                ),
            ),
        ],
        className="card",
    )


def figures_data(view: View, compared: ResultComparison) -> dict[str, Any]:
    """The content of the table of key figures: ``columns`` with label and note, ``groups`` with rows of cells."""
    groups = grouped({one.name: one.result.summary for one in compared.every})
    columns = [{"label": one.label, "note": text_in(view.language, _note(one, compared))} for one in compared.every]
    rows = [
        {"title": view.say(group), "rows": [_row(declared, compared, view) for declared in figures]}
        for group, figures in groups.items()
    ]
    return {"caption": text_in(view.language, "Key figures of the results"), "columns": columns, "groups": rows}


def _note(one: ComparedResult, compared: ResultComparison) -> str:
    if one is compared.reference:
        return "compared with"
    return f"not compared: it {one.reason}" if one.reason else ""


def _row(declared: Declared, compared: ResultComparison, view: View) -> dict[str, Any]:
    member = "" if declared.member is None else f"{declared.member}: "
    label = declared.figure.label
    cells = [(*(text_in(view.language, text) for text in texts), tone) for *texts, tone in _cells(declared, compared)]
    label = text_in(view.language, f"{member}{label[0].upper()}{label[1:]}")
    return {
        "key": declared.key, "main": bool(declared.figure.shown), "label": label,
        "known": declared.key in view.result.summary,
        "unit": declared.figure.shown_unit(compared.currency), "cells": cells,
    }  # fmt: skip


def _cells(declared: Declared, compared: ResultComparison) -> Iterator[tuple[str, str, Tone]]:
    """Value, difference and whether that is better or worse, of each result."""
    one, reference = declared.figure, compared.reference.result.summary.get(declared.key)
    for column in compared.every:
        value = column.result.summary.get(declared.key)
        shown = NO_FIGURE if one.only_differences else figure(one.shown_value(value), one.digits)
        differs = FigureDifference("", "")
        if column is not compared.reference and not column.reason:
            differs = difference_of(one, value, reference, compared.currency)
        yield shown, differs.words, differs.tone


def register(app: Dash) -> None:
    """Registers what makes the table in the browser."""
    client: Any = app.clientside_callback
    client(ClientsideFunction("compare", "figures"), Output("compare-figures", "data-made"),
           Input("compare-figures-data", "data"))  # fmt: skip
    client(ClientsideFunction("compare", "everyFigure"), Output("compare-every-figure", "children"),
           Input("compare-every-figure", "n_clicks"), prevent_initial_call=True)  # fmt: skip
