"""Columns of the tables of the page *Data centres*."""

from __future__ import annotations

_UTILITY = "ISO/IEC 30134"
OF_RUN = {
    "Data centre": "`name`",
    "PUE [1]": f"SUM(p_total_mw) / SUM(p_it_mw) over the steps ({_UTILITY}-2)",
    "WUE [L/kWh]": f"SUM(water_l) / SUM(p_it_mw * hours * 1000) ({_UTILITY}-9)",
    "CUE [kg/kWh]": f"(SUM(p_total_mw * hours * ci_kg_per_mwh) + SUM(tests_kg)) / SUM(p_it_mw * hours * 1000) "
                    f"({_UTILITY}-8)",
    "ERF [1]": f"heat given away, as scenario.yaml says / facility energy ({_UTILITY}-6)",
    "REF [1]": f"renewable energy owned and used / facility energy ({_UTILITY}-3)",
    "Renewable, traced [1]": "energy from renewable sources traced to its bus / facility energy",
    "CER [1]": f"heat removed / energy of the cooling ({_UTILITY}-7)",
    "Energy [MWh]": "SUM(p_total_mw * hours)",
    "Emissions [t]": "(SUM(p_total_mw * hours * ci_kg_per_mwh) + SUM(tests_kg)) / 1000",
}  # fmt: skip
"""Columns of the table of metrics over the run."""
OF_YEAR = {
    "Design": "the hall with changes of carbon/data_centre/studies/changes.yaml, by their names",
    "Change": "a change of carbon/data_centre/studies/changes.yaml",
    "What is done": "title of the change",
    "Cost is": "status of the source of its cost",
    "Month": "local month",
    "Weather": "a weather file that comes with the program",
    "PUE": "facility energy / IT energy of the hours of the year, or of the month",
    "WUE": "water on site / IT energy of the same hours",
    "CUE": "intensity * PUE / 1000; intensity as the convention below says",
    "Peak": "the highest facility power of an hour of the year",
    "Energy [": "sum of the facility power of the hours of the year",
    "Energy cost": "facility energy of each hour * its price, summed over the year",
    "Carbon [": "facility energy * intensity / 1000, summed over the year",
    "Carbon intensity": "mean of ci_kg_per_mwh at the bus, weighed by the hall's power",
    "Water": "water on site over the year / 1000",
    "Investment": "sum of the changes' cost per kW * rated IT power; orders of magnitude, unverified",
    "PUE after it": "facility energy / IT energy of the year with this change and those above it",
    "PUE with it": "facility energy / IT energy of the year with this change alone",
    "PUE saved": "PUE before the change less PUE with it",
    "Cost [": "the change's cost per kW * rated IT power; order of magnitude, unverified",
    "Spent": "sum of the costs of this change and those above it, unverified",
    "Bus": "`bus`",
    "District": "zone of the bus in the net",
    "Nodal price": "mean of price_per_mwh at the bus, weighed by the hall's power",
    "Marginal losses": "100 * (marginal_above_kg_per_mwh of the bus / that of imports - 1), weighed by its power",
    "Lowest voltage": "MIN(vm_pu) at the bus over the steps",
    "Hosting capacity": "what gridcarbon hosting or this page found for the bus; empty where neither was asked",
    "Rule": "rule of carbon/data_centre/rules, with where and to whom it applies",
    "Limit": "limit of the rule, as its source gives it",
    "Year": "the metric of the rule over the year, or of this run where it says so",
    "Margin": "distance of the value from the limit, positive where it is kept",
    "": "whether the value keeps the limit",
    "Cheapest change that passes": "of all combinations of changes that keep the limit, the one of least investment",
    "This run": "the metric of the rule over the steps of the run",
    "Source": "source of the rule and its status",
}
"""Columns of the tables of a study of the hall's year, by the beginnings of their headings."""


def of_heading(heading: str) -> str:
    """How a column is made of a study of the hall's year, by the longest beginning of its heading that is known."""
    known = [begin for begin in OF_YEAR if heading == begin or (begin and heading.startswith(begin))]
    return OF_YEAR[max(known, key=len)] if known else ""
