"""Columns of the tables of the page *Electric cars*."""

from __future__ import annotations

_RESULT = {"Result": "label of the result whose tables are read"}
_OF_DAY = "of the steps of a local day, over all fleets and buses"
TOTALS = {
    "Result": _RESULT["Result"],
    "Sessions": "COUNT of rows of sessions",
    "Charged [MWh]": "ev_energy_mwh",
    "Given back [MWh]": "v2g_energy_mwh",
    "Carbon [g/kWh]": "ev_ci_g_per_kwh",
    "Carbon [g/km]": "SUM(g_per_km * driven_km) / SUM(driven_km) over sessions with a driven distance",
}
BY_DAY = {
    "Result": _RESULT["Result"],
    "Day": "local date of `time`",
    "Charged [MWh]": f"SUM(drawn_mw) * hours of a step, {_OF_DAY}",
    "Given back [MWh]": f"SUM(fed_in_mw) * hours of a step, {_OF_DAY}",
}
BY_HOUR = {
    "Result": _RESULT["Result"],
    "Hour": "hour of `time` in local time",
    "Carbon of charging [g/kWh]": "SUM(drawn_mw * ci_kg_per_mwh) / SUM(drawn_mw), which in g/kWh is the same number",
    "Share of the energy [%]": "100 * SUM(drawn_mw) of the hour / SUM(drawn_mw) of all hours",
}
FEEDERS = {
    "Result": _RESULT["Result"],
    "Hour": "hour of `time` in local time",
    "Line": "`branch` in which the loading is greatest",
    "Loading [%]": "MAX(loading_percent) over lines and the steps of the hour",
}
DECILES = {
    "Result": _RESULT["Result"],
    "Sessions": "COUNT(g_per_km), sessions with a driven distance",
    "Mean [g/km]": "SUM(g_per_km * driven_km) / SUM(driven_km)",
    **{f"P{percent}": f"g/km below which {percent} % of g_per_km lie" for percent in range(10, 100, 10)},
}
BY_PLACE = {
    "Result": _RESULT["Result"],
    "Place": "`place`",
    "Hour": "`hour`",
    "Energy [kWh]": "energy_kwh",
    "Carbon of charging [g/kWh]": "charged_g_per_kwh",
}
BY_CLASS = {
    "Result": _RESULT["Result"],
    "Class": "vehicle_class",
    "Sessions": "`sessions`",
    "Energy [kWh]": "energy_kwh",
    "Carbon of charging [g/kWh]": "charged_g_per_kwh",
    "Distance [km]": "driven_km",
    "Carbon of a kilometre [g/km]": "g_per_km",
}
AVOIDED = {
    "Result": _RESULT["Result"],
    "Class": "vehicle_class",
    "Against": "`reference`",
    "Fed in [MWh]": "energy_mwh",
    **{f"{name.capitalize()} [kg]": f"{name}_kg" for name in ("replaced", "released", "wear", "avoided")},
}
