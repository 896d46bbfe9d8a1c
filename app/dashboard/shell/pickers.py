"""Which result is looked at, which it is compared with, and which further ones are compared."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard.catalogue import Catalogue
from app.dashboard.mantine import dmc


def pickers(results: Catalogue) -> Component:
    """The pickers; they show what the address says, and change the address.

    Each offers all results by their labels. Those that cannot be opened say why and cannot be chosen.
    """
    offered = choices(results)
    shared: dict[str, Any] = {
        "data": offered, "size": "sm", "searchable": True, "limit": 200, "nothingFoundMessage": "—",
        "comboboxProps": {"width": "max-content", "position": "bottom-start", "keepMounted": False},
    }  # fmt: skip
    return html.Div(
        [
            dmc.Select(id="result-picker", label="Result", allowDeselect=False, className="picker", **shared),
            dmc.Select(id="baseline-picker", label="Compared with", placeholder="Nothing", allowDeselect=False,
                       className="picker", **shared),
            dmc.MultiSelect(id="with-picker", label="Compare also", placeholder="Add results",
                            className="picker wide", hidePickedOptions=True, **shared),
            html.P(id="baseline-note", className="note"),
            html.P(id="shell-notice", role="status", className="notice"),
        ],
        className="pickers",
    )  # fmt: skip


def listing(results: Catalogue) -> list[dict[str, str]]:
    """All results with their versions, and why those that cannot be opened cannot, as the browser keeps them."""
    return [{"name": one.name, "label": one.label, "version": one.version, "problem": one.problem}
            for one in results.entries()]  # fmt: skip


def choices(results: Catalogue) -> list[dict[str, Any]]:
    """What a picker offers."""
    return [
        {"value": one.name, "label": one.label if one.result is not None else f"{one.label}: {one.problem}",
         "disabled": one.result is None}
        for one in results.entries()
    ]  # fmt: skip
