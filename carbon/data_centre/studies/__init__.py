"""Siting, retrofit, remedies and uncertainty of data centres."""

from carbon.data_centre.studies.combinations import (
    Combination,
    DesignYear,
    cheapest_that_keeps,
    combinations,
    design_year,
    design_years,
)
from carbon.data_centre.studies.operation import OperatingSite, OperationTotals, facility_at, metrics_at, operate
from carbon.data_centre.studies.remedies import DesignChange, Remedy, cheapest_remedy, find_remedies, load_changes
from carbon.data_centre.studies.retrofit import Investment, Retrofit, compare_retrofit, consolidation
from carbon.data_centre.studies.retrofit_order import RetrofitStep, best_order, one_at_a_time
from carbon.data_centre.studies.siting import DataTransfer, LoadSplit, Siting, compare_sites, kwh_per_gb, split_load
from carbon.data_centre.studies.uncertainty import PueBand, pue_band

__all__ = [
    "Combination",
    "DataTransfer",
    "DesignChange",
    "DesignYear",
    "Investment",
    "LoadSplit",
    "OperatingSite",
    "OperationTotals",
    "PueBand",
    "Remedy",
    "Retrofit",
    "RetrofitStep",
    "Siting",
    "best_order",
    "cheapest_remedy",
    "cheapest_that_keeps",
    "combinations",
    "compare_retrofit",
    "compare_sites",
    "consolidation",
    "design_year",
    "design_years",
    "facility_at",
    "find_remedies",
    "kwh_per_gb",
    "load_changes",
    "metrics_at",
    "one_at_a_time",
    "operate",
    "pue_band",
    "split_load",
]
