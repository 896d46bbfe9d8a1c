"""A data centre whose PUE follows the weather and the load."""

from __future__ import annotations

from carbon.data_centre.air.outdoor import OutdoorAir
from carbon.data_centre.facility import Facility, FacilityModel, facility, it_demand_mw
from carbon.data_centre.metrics import Metrics, metrics
from carbon.data_centre.spec import DataCentre
from carbon.data_centre.standard_metrics import Known, Metric, MetricSeries, metric_series, standard_metrics

__all__ = [
    "DataCentre",
    "Facility",
    "FacilityModel",
    "Known",
    "Metric",
    "MetricSeries",
    "Metrics",
    "OutdoorAir",
    "facility",
    "it_demand_mw",
    "metric_series",
    "metrics",
    "standard_metrics",
]
