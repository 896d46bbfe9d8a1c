"""Siting, retrofit, remedies and uncertainty of data centres."""

from carbon.data_centre.studies.operation import OperatingSite, OperationTotals, facility_at, metrics_at, operate
from carbon.data_centre.studies.remedies import DesignChange, Remedy, cheapest_remedy, find_remedies, load_changes
from carbon.data_centre.studies.retrofit import Investment, Retrofit, compare_retrofit, consolidation
from carbon.data_centre.studies.siting import DataTransfer, LoadSplit, Siting, compare_sites, kwh_per_gb, split_load
from carbon.data_centre.studies.uncertainty import PueBand, pue_band

__all__ = [
    "DataTransfer",
    "DesignChange",
    "Investment",
    "LoadSplit",
    "OperatingSite",
    "OperationTotals",
    "PueBand",
    "Remedy",
    "Retrofit",
    "Siting",
    "cheapest_remedy",
    "compare_retrofit",
    "compare_sites",
    "consolidation",
    "facility_at",
    "find_remedies",
    "kwh_per_gb",
    "load_changes",
    "metrics_at",
    "operate",
    "pue_band",
    "split_load",
]
