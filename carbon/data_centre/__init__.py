"""A data centre whose PUE follows the weather and the load."""

from __future__ import annotations

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.facility import Facility, FacilityModel, it_demand_mw, simulate_facility
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.standard_metrics import (
    FacilityTotals,
    Metric,
    MetricInputs,
    MetricSeries,
    facility_totals,
    run_metrics,
    step_metrics,
)

__all__ = [
    "DataCentre",
    "Facility",
    "FacilityModel",
    "FacilityTotals",
    "Metric",
    "MetricInputs",
    "MetricSeries",
    "OutdoorAir",
    "facility_totals",
    "it_demand_mw",
    "run_metrics",
    "simulate_facility",
    "step_metrics",
]
