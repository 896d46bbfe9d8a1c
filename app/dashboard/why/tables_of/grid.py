"""Columns of the tables of the page *Grid*."""

from __future__ import annotations

from app.dashboard.view import View
from app.dashboard.why.behind import Behind

_AREAS = "mean by what is drawn, plain mean, highest or sum, as the sentence above the table says for the layer"
_VALUE = (
    "ci_kg_per_mwh, renewable_share, vm_pu, loading_percent, p_from_mw + p_to_mw, price_per_mwh or "
    "marginal_above_kg_per_mwh of the layer shown, in its unit"
)
_TABLES = ("buses", "branches", "nodal")
_COLUMNS = ("ci_kg_per_mwh", "renewable_share", "vm_pu", "loading_percent", "p_from_mw", "p_to_mw", "price_per_mwh",
            "marginal_above_kg_per_mwh")  # fmt: skip


def of_violations(view: View) -> Behind:
    """Of limits exceeded."""
    how = "Rows of the table of violations by element and quantity; the worst is the one farthest beyond its limit."
    behind = Behind(("violations",), ("element", "quantity", "value", "limit"), how, "", ("violation_steps",))
    compared = {} if view.baseline is None and not view.compared else {
        "In compared results": "the same count of the tables `element` and `quantity` of each compared result",
    }  # fmt: skip
    return behind.of_columns({
        "Element": "`element`", "Quantity": "`quantity`", "Steps": "COUNT(DISTINCT `time`)",
        "Worst": "`value` where ABS(`value` - `limit`) is greatest", "Limit": "`limit` in that row",
        "Worst at": "`time` of that row, in local time", **compared,
    })  # fmt: skip


def of_districts(view: View) -> Behind:
    """Of districts ranked."""
    how = "Values of the layer at buses and lines, made into one figure for each `zone` of the net."
    return Behind(_TABLES, _COLUMNS, how, view.convention).of_columns({
        "Rank": "place of the district by its value; where nobody draws power, last",
        "District": "zone of the buses in the net",
        "The layer's quantity": f"{_VALUE}; {_AREAS}; with the baseline subtracted, the difference of the two",
        "Drawn": "SUM of what buses draw by p_from_mw and p_to_mw of their branches, if positive; of a period * hours",
    })  # fmt: skip


def of_map(view: View) -> Behind:
    """Of all elements at the shown moment, and of devices."""
    how = "The map as it is drawn, element by element; devices with the highest power that they had in the period."
    return Behind((*_TABLES, "violations", "assets"), (*_COLUMNS, "p_mw"), how, view.convention).of_columns({
        "Element": "`bus` or `branch`", "Kind": "bus, line, transformer, or kind of the devices", "Bus": "`bus`",
        "District": "zone of the bus in the net", "The layer's quantity": f"{_VALUE}, at the moment shown",
        "Beyond its limit": "whether violations has a row of the `element` and layer at this `time`",
        "Highest power [MW]": "MAX(ABS(SUM(p_mw) of the assets of a kind at the bus)) over the steps",
        "Assets": "`asset`",
    })  # fmt: skip
